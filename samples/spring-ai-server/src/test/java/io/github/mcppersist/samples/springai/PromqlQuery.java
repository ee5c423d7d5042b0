package io.github.mcppersist.samples.springai;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a query in PromQL takes from a scrape: the time series that it selects, and the
 * labels that it groups by. Far from all of PromQL, and what it doesn't know it refuses.
 *
 * @param selectors what it selects
 * @param groups the labels by which it aggregates, of all of its aggregations
 */
record PromqlQuery(List<Selector> selectors, Set<String> groups) {

	private static final Pattern TOKEN = Pattern
		.compile("\\s*(?:(?<string>\"(?:[^\"\\\\]|\\\\.)*\")|(?<range>\\[[^\\]]*])|(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)"
				+ "|(?<number>[0-9.]+)|(?<operator>=~|!~|!=|==|>=|<=|[-+*/%^<>=(){},]))");

	private static final Set<String> OPERATORS = Set.of("and", "or", "unless", "bool");

	PromqlQuery {
		selectors = List.copyOf(selectors);
		groups = Set.copyOf(groups);
	}

	static PromqlQuery parse(String query) {
		return new Parser(query).parse();
	}

	/**
	 * What selects time series.
	 *
	 * @param metric the name of the metric, as it is scraped
	 * @param matchers what their labels have to be
	 */
	record Selector(String metric, List<LabelMatcher> matchers) {

		boolean selects(String name, Map<String, String> labels) {
			return this.metric.equals(name) && this.matchers.stream().allMatch((matcher) -> matcher.matches(labels));
		}

	}

	/**
	 * What a label has to be.
	 *
	 * @param label the name of the label
	 * @param operator {@code =}, {@code !=}, {@code =~} or {@code !~}
	 * @param value what it is compared with
	 */
	record LabelMatcher(String label, String operator, String value) {

		boolean matches(Map<String, String> labels) {
			String actual = labels.getOrDefault(this.label, "");
			boolean equal = this.operator.contains("~") ? actual.matches(this.value) : actual.equals(this.value);
			return equal != this.operator.startsWith("!");
		}

	}

	private static final class Parser {

		private final String query;

		private final List<String> tokens = new ArrayList<>();

		private final List<Selector> selectors = new ArrayList<>();

		private final Set<String> groups = new LinkedHashSet<>();

		private int next;

		Parser(String query) {
			this.query = query;
			Matcher matcher = TOKEN.matcher(query.strip());
			int end = 0;
			while (matcher.find() && matcher.start() == end) {
				this.tokens.add(matcher.group().strip());
				end = matcher.end();
			}
			if (end != query.strip().length()) {
				throw wrong("what is at " + end);
			}
		}

		PromqlQuery parse() {
			while (this.next < this.tokens.size()) {
				String token = take();
				if (token.equals("by")) {
					labels();
				}
				else if (isName(token) && !OPERATORS.contains(token) && !peek("(")) {
					if (peek("by")) {
						continue;
					}
					this.selectors.add(new Selector(token, peek("{") ? matchers() : List.of()));
				}
				else if (token.equals("{")) {
					throw wrong("a selector without a metric");
				}
			}
			if (this.selectors.isEmpty()) {
				throw wrong("a query without a metric");
			}
			return new PromqlQuery(this.selectors, this.groups);
		}

		private void labels() {
			expect("(");
			do {
				this.groups.add(take());
			}
			while (takeIf(","));
			expect(")");
		}

		private List<LabelMatcher> matchers() {
			List<LabelMatcher> matchers = new ArrayList<>();
			expect("{");
			do {
				String label = take();
				String operator = take();
				String value = take();
				matchers.add(new LabelMatcher(label, operator, value.substring(1, value.length() - 1)));
			}
			while (takeIf(","));
			expect("}");
			return matchers;
		}

		private String take() {
			if (this.next == this.tokens.size()) {
				throw wrong("its end");
			}
			return this.tokens.get(this.next++);
		}

		private boolean peek(String token) {
			return this.next < this.tokens.size() && this.tokens.get(this.next).equals(token);
		}

		private boolean takeIf(String token) {
			boolean there = peek(token);
			this.next += there ? 1 : 0;
			return there;
		}

		private void expect(String token) {
			if (!takeIf(token)) {
				throw wrong("something that isn't " + token + " at token " + this.next);
			}
		}

		private static boolean isName(String token) {
			return Character.isLetter(token.charAt(0)) || token.charAt(0) == '_';
		}

		private IllegalArgumentException wrong(String what) {
			return new IllegalArgumentException("Can't read " + what + " in: " + this.query);
		}

	}

}

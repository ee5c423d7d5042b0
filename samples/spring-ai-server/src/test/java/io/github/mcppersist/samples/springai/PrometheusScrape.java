package io.github.mcppersist.samples.springai;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.github.mcppersist.samples.springai.PromqlQuery.Selector;

/**
 * What {@code /actuator/prometheus} said.
 *
 * @param samples the values
 */
record PrometheusScrape(List<Sample> samples) {

	private static final Pattern SAMPLE = Pattern
		.compile("(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(?<labels>.*)})? (?<value>\\S+)");

	private static final Pattern LABEL = Pattern.compile("(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\",?");

	PrometheusScrape {
		samples = List.copyOf(samples);
	}

	static PrometheusScrape parse(String text) {
		List<Sample> samples = new ArrayList<>();
		for (String line : text.split("\n")) {
			Matcher sample = SAMPLE.matcher(line.strip());
			if (!line.startsWith("#") && sample.matches()) {
				Map<String, String> labels = new TreeMap<>();
				if (sample.group("labels") != null) {
					LABEL.matcher(sample.group("labels"))
						.results()
						.forEach((label) -> labels.put(label.group(1), label.group(2)));
				}
				samples.add(new Sample(sample.group("name"), labels, Double.parseDouble(sample.group("value"))));
			}
		}
		return new PrometheusScrape(samples);
	}

	PrometheusScrape and(PrometheusScrape other) {
		return new PrometheusScrape(Stream.concat(this.samples.stream(), other.samples.stream()).toList());
	}

	List<Sample> select(Selector selector) {
		return this.samples.stream().filter((sample) -> selector.selects(sample.name(), sample.labels())).toList();
	}

	List<Double> values(String query) {
		return PromqlQuery.parse(query)
			.selectors()
			.stream()
			.flatMap((selector) -> select(selector).stream())
			.map(Sample::value)
			.toList();
	}

	/**
	 * A value.
	 *
	 * @param name the name of the metric
	 * @param labels its labels
	 * @param value the value
	 */
	record Sample(String name, Map<String, String> labels, double value) {

	}

}

package io.github.mcppersist.samples.springai;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.util.unit.DataSize;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.samples.springai.Instance.Mode;
import io.github.mcppersist.samples.springai.PromqlQuery.LabelMatcher;
import io.github.mcppersist.samples.springai.PromqlQuery.Selector;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

/**
 * Whether a running application shows what the dashboard and the alerts in
 * {@code docs/dashboards} ask for.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@NeedsRedis
class DashboardsTests {

	private static final Path DOCS = Path.of("..", "..", "docs");

	/**
	 * What Prometheus adds to each time series that it scrapes.
	 */
	private static final Set<String> SCRAPED = Set.of("job", "instance");

	private static final Pattern NAMED_LABEL = Pattern.compile("\\{\\{ *(?:\\$labels\\.)?(\\w+) *}}");

	private static final int TOO_LARGE = 1_500_000;

	private RedisServer redis;

	private Instance instance;

	private Instance other;

	/**
	 * All that was scraped, in the outage and after it.
	 */
	private PrometheusScrape scraped;

	@BeforeAll
	void useTheApplication() throws IOException {
		this.redis = RedisServer.start("proto-max-bulk-len 1mb");
		this.instance = start();
		this.other = start();
		callAndResume();
		loseEvents();
		PrometheusScrape asking = askAModernClient();
		PrometheusScrape before = scrape();
		PrometheusScrape outage = scrapeInAnOutage();
		this.scraped = asking.and(before).and(outage).and(scrape());
	}

	@AfterAll
	void stop() {
		for (AutoCloseable started : Stream.of(this.instance, this.other, this.redis)
			.filter(Objects::nonNull)
			.toList()) {
			try {
				started.close();
			}
			catch (Exception ex) {
				throw new IllegalStateException(ex);
			}
		}
	}

	@ParameterizedTest
	@MethodSource({ "panels", "alerts" })
	void asksForWhatIsThere(Query query) {
		PromqlQuery parsed = PromqlQuery.parse(query.text());

		for (Selector selector : parsed.selectors()) {
			Selector ofTheApplication = new Selector(selector.metric(),
					selector.matchers().stream().filter((matcher) -> !SCRAPED.contains(matcher.label())).toList());
			assertThat(this.scraped.select(ofTheApplication)).as("%s", ofTheApplication)
				.isNotEmpty()
				.allSatisfy((sample) -> {
					assertThat(sample.labels().keySet())
						.containsAll(ofTheApplication.matchers().stream().map(LabelMatcher::label).toList());
					assertThat(Stream.concat(sample.labels().keySet().stream(), SCRAPED.stream()))
						.containsAll(parsed.groups());
				});
		}
	}

	// A series that nobody can tell from the next one, or a text with a hole in it
	@ParameterizedTest
	@MethodSource({ "panels", "alerts" })
	void namesOnlyLabelsThatItsResultHas(Query query) {
		PromqlQuery parsed = PromqlQuery.parse(query.text());
		Set<String> kept = new HashSet<>(parsed.groups());
		if (!Pattern.compile("\\b(sum|min|max)\\b").matcher(query.text()).find()) {
			kept.addAll(SCRAPED);
			parsed.selectors()
				.forEach((selector) -> this.scraped.select(selector)
					.forEach((sample) -> kept.addAll(sample.labels().keySet())));
		}

		assertThat(kept)
			.containsAll(NAMED_LABEL.matcher(query.texts()).results().map((name) -> name.group(1)).toList());
	}

	// Else a query could ask for an outcome that never is, and nobody would notice
	@ParameterizedTest
	@ValueSource(strings = { "mcp_persist_events_stored_total", "mcp_persist_events_replayed_total",
			"mcp_persist_events_dropped_total", "mcp_persist_events_unstored_bytes", "mcp_persist_gaps_total",
			"mcp_persist_sessions", "mcp_persist_sessions_restored_total", "mcp_persist_requests_running",
			"mcp_persist_requests_running{era=\"modern\"}", "mcp_persist_requests_total{era=\"legacy\"}",
			"mcp_persist_requests_total{era=\"modern\"}", "mcp_persist_calls_parked", "mcp_persist_rounds_total",
			"mcp_persist_calls_parked_ended_total{outcome=\"completed\"}", "mcp_persist_input_wait_seconds_max",
			"mcp_persist_request_states_rejected_total{reason=\"invalid\"}", "mcp_persist_requests_cancelled_total",
			"mcp_persist_connections{kind=\"request\"}", "mcp_persist_connections{kind=\"standalone\"}",
			"mcp_persist_resume_seconds_count", "mcp_persist_resume_seconds_sum",
			"mcp_persist_resumes_total{outcome=\"live\"}", "mcp_persist_resumes_total{outcome=\"complete\"}",
			"mcp_persist_resumes_total{outcome=\"gap\"}", "mcp_persist_resumes_total{outcome=\"unknown-event\"}",
			"mcp_persist_resumes_total{outcome=\"unknown-session\"}",
			"mcp_persist_payloads_unreadable_total{kind=\"event\"}",
			"mcp_persist_store_calls_seconds_count{outcome=\"success\"}",
			"mcp_persist_store_calls_seconds_count{outcome=\"refused\"}",
			"mcp_persist_store_calls_seconds_count{outcome=\"unavailable\"}",
			"mcp_persist_store_calls_seconds_max{outcome=\"success\"}", "mcp_persist_store_available{access=\"read\"}",
			"mcp_persist_store_available{access=\"write\"}" })
	void wasMovedByTheTraffic(String selector) {
		assertThat(this.scraped.values(selector)).anySatisfy((value) -> assertThat(value).isPositive());
	}

	@Test
	void showsAnOutage() {
		assertThat(this.scraped.values("mcp_persist_store_available{access=\"write\"}")).contains(0.0, 1.0);
	}

	@Test
	void hasEachMetricOfTheDocument() throws IOException {
		Set<String> documented = new TreeSet<>();
		for (String line : Files.readAllLines(DOCS.resolve("operations.md"))) {
			if (line.startsWith("| `mcp.persist.")) {
				documented.add(line.split("`")[1].replace('.', '_'));
			}
		}
		List<String> used = panels().flatMap((query) -> PromqlQuery.parse(query.text()).selectors().stream())
			.map(Selector::metric)
			.distinct()
			.toList();

		assertThat(documented).hasSizeGreaterThan(10)
			.allSatisfy((metric) -> assertThat(used).anyMatch((name) -> name.startsWith(metric)));
	}

	@Test
	void explainsEachPanel() {
		assertThat(dashboard().path("panels")).filteredOn((panel) -> !panel.path("type").asString().equals("row"))
			.isNotEmpty()
			.allSatisfy((panel) -> {
				assertThat(panel.path("title").asString()).isNotEmpty();
				assertThat(panel.path("description").asString()).endsWith(".");
				assertThat(panel.at("/fieldConfig/defaults/unit").asString()).isNotEmpty();
				assertThat(panel.at("/datasource/uid").asString()).isEqualTo("${DS_PROMETHEUS}");
				assertThat(panel.path("targets")).isNotEmpty()
					.allSatisfy((target) -> assertThat(target.at("/datasource/uid").asString())
						.isEqualTo("${DS_PROMETHEUS}"));
			});
	}

	@Test
	void asksForTheDatasourceWhenItIsImported() {
		assertThat(dashboard().path("__inputs")).singleElement().satisfies((input) -> {
			assertThat(input.path("name").asString()).isEqualTo("DS_PROMETHEUS");
			assertThat(input.path("type").asString()).isEqualTo("datasource");
			assertThat(input.path("pluginId").asString()).isEqualTo("prometheus");
		});
	}

	// Two at the same place are drawn somewhere else by Grafana
	@Test
	void hasNoPanelOnTopOfAnother() {
		Set<String> taken = new HashSet<>();
		for (JsonNode panel : dashboard().path("panels")) {
			JsonNode place = panel.path("gridPos");
			for (int x = 0; x < place.path("w").asInt(); x++) {
				for (int y = 0; y < place.path("h").asInt(); y++) {
					int column = place.path("x").asInt() + x;
					assertThat(column).isLessThan(24);
					assertThat(taken.add(column + "," + (place.path("y").asInt() + y)))
						.as(panel.path("title").asString())
						.isTrue();
				}
			}
		}
	}

	@Test
	void hasTheDefaultsOfThePropertiesForThresholds() throws IOException {
		Map<String, String> defaults = defaults();
		Duration timeout = DurationStyle.detectAndParse(defaults.get("mcp.persist.timeout"));
		DataSize unstored = DataSize.parse(defaults.get("mcp.persist.max-unstored-bytes"));

		assertThat(alert("McpPersistStoreSlow")).endsWith("> 0.8 * " + timeout.toMillis() / 1000.0);
		assertThat(alert("McpPersistParkedCallsNearLimit"))
			.endsWith("> 0.8 * " + defaults.get("mcp.persist.modern.max-parked-calls"));
		assertThat(alert("McpPersistTasksNearLimit"))
			.endsWith("> 0.8 * " + defaults.get("mcp.persist.tasks.max-tasks"));
		assertThat(alert("McpPersistUnstoredEvents"))
			.endsWith("> 0.75 * 16 * " + unstored.toMegabytes() + " * 1024 * 1024");
	}

	@Test
	void hasEachAlertInTheDocument() throws IOException {
		String document = Files.readString(DOCS.resolve("dashboards").resolve("README.md"));

		assertThat(alerts()).hasSizeGreaterThan(5)
			.allSatisfy((alert) -> assertThat(document).contains("| `" + alert.name() + "` |"));
	}

	@Test
	void readsQueries() {
		PromqlQuery query = PromqlQuery.parse("sum by (a, b) (rate(some_total{c=\"d\", e!~\"f|g\"}[$__rate_interval]))"
				+ " / (max by (a) (other) > 0.5 * 3) or absent(third)");

		assertThat(query.groups()).containsExactlyInAnyOrder("a", "b");
		assertThat(query.selectors()).containsExactly(
				new Selector("some_total",
						List.of(new LabelMatcher("c", "=", "d"), new LabelMatcher("e", "!~", "f|g"))),
				new Selector("other", List.of()), new Selector("third", List.of()));
		assertThat(query.selectors().get(0).selects("some_total", Map.of("c", "d", "e", "h"))).isTrue();
		assertThat(query.selectors().get(0).selects("some_total", Map.of("c", "d", "e", "g"))).isFalse();
		assertThatIllegalArgumentException().isThrownBy(() -> PromqlQuery.parse("sum(1)"));
		assertThatIllegalArgumentException().isThrownBy(() -> PromqlQuery.parse("some_total{c=\"d\""));
		assertThatIllegalArgumentException().isThrownBy(() -> PromqlQuery.parse("some_total & other"));
	}

	private Instance start() {
		return Instance.start(SpringAiServerApplication::main, Mode.AS_WRITTEN,
				"--spring.data.redis.url=" + this.redis.uri(), "--mcp.persist.max-events-per-stream=10",
				"--mcp.persist.timeout=2s");
	}

	private void callAndResume() throws IOException {
		RawMcpClient client = this.instance.client().initialize();
		// Complete when it comes back, and live
		String cursor;
		try (Exchange exchange = client.call(2, "add", "{\"a\":1,\"b\":2}")) {
			cursor = Objects.requireNonNull(exchange.rest().get(0).id());
		}
		resume(client, cursor, 200);
		Exchange running = client.post("{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":"
				+ "{\"name\":\"sleep\",\"arguments\":{\"ms\":60000}}}");
		cursor = Objects.requireNonNull(running.next().id());
		running.cut();
		Exchange resumed = client.get(cursor);
		resumed.next();
		await().until(() -> !scrape().values("mcp_persist_resumes_total{outcome=\"live\"}").contains(0.0));
		// Cancelled
		try (Exchange cancel = client
			.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"," + "\"params\":{\"requestId\":3}}")) {
			assertThat(cancel.status()).isEqualTo(202);
		}
		resumed.rest();
		resumed.close();
		// Unknown
		resume(client, "unknown", 400);
		resume(this.instance.client().sessionId("0123456789abcdef0123456789abcdef"), cursor, 404);
		// Restored
		resume(this.other.client().initialize().at(this.instance.port()), "unknown", 400);
	}

	private void loseEvents() throws IOException {
		// More messages than are kept
		RawMcpClient client = this.instance.client().initialize("{\"elicitation\":{}}");
		String cursor;
		try (Exchange exchange = client.post("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":"
				+ "{\"name\":\"count\",\"arguments\":{\"n\":200,\"intervalMs\":1},\"_meta\":{\"progressToken\":\"p\"}}}")) {
			cursor = Objects.requireNonNull(exchange.next().id());
			exchange.rest();
		}
		resume(client, cursor, 200);
		// A message that Redis doesn't take: the greeting of a name that is too long for
		// it
		try (Exchange exchange = client.call(3, "greet", "{}")) {
			SseEvent question = exchange.next();
			while (!question.data().contains("elicitation/create")) {
				question = exchange.next();
			}
			String id = JsonMapper.shared().readTree(question.data()).path("id").toString();
			try (Exchange answer = client.post(
					"{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":{\"action\":\"accept\",\"content\":{\"name\":\""
							+ "x".repeat(TOO_LARGE) + "\"}}}")) {
				assertThat(answer.status()).isEqualTo(202);
			}
			exchange.rest();
		}
		await().until(() -> !scrape().values("mcp_persist_events_dropped_total").contains(0.0));
		// A response as it would be if it were encrypted with a key that is nobody's here
		try (Exchange exchange = client.call(4, "add", "{\"a\":1,\"b\":2}")) {
			cursor = Objects.requireNonNull(exchange.rest().get(0).id());
		}
		List<?> keys = (List<?>) this.redis.cli("KEYS", "*:s:" + cursor.substring(0, cursor.indexOf('_')));
		String stream = (String) keys.get(0);
		String response = (String) Objects.requireNonNull(this.redis.cli("LINDEX", stream, "-1"));
		this.redis.cli("LSET", stream, "-1",
				response.substring(0, EventId.TAG_LENGTH) + '\u0003' + response.substring(EventId.TAG_LENGTH));
		resume(client, cursor, 200);
	}

	// A call that is parked while this looks, and then goes on
	private PrometheusScrape askAModernClient() throws IOException {
		JsonNode question = greet("").path("result");
		assertThat(question.path("resultType").asString()).isEqualTo("input_required");
		PrometheusScrape parked = scrape();
		assertThat(greet(",\"requestState\":\"forged\"").at("/error/code").asInt()).isEqualTo(-32602);
		JsonNode greeting = greet(",\"requestState\":\"" + question.path("requestState").asString()
				+ "\",\"inputResponses\":{\"elicitation\":{\"action\":\"accept\",\"content\":{\"name\":\"Ann\"}}}");
		assertThat(greeting.path("result").toString()).contains("Hello, Ann");
		await()
			.until(() -> !scrape().values("mcp_persist_calls_parked_ended_total{outcome=\"completed\"}").contains(0.0));
		return parked;
	}

	private JsonNode greet(String round) throws IOException {
		try (Exchange exchange = new ModernPost(this.instance.client(), "tools/call",
				"\"name\":\"greet\",\"arguments\":{}" + round)
			.header("Mcp-Name", "greet")
			.field("clientCapabilities", "{\"elicitation\":{}}")
			.send()) {
			return JsonMapper.shared().readTree(exchange.body());
		}
	}

	private PrometheusScrape scrapeInAnOutage() throws IOException {
		RawMcpClient client = this.instance.client().initialize();
		try (Exchange listening = client.get(null);
				Exchange running = client.post("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":"
						+ "{\"name\":\"count\",\"arguments\":{\"n\":100000,\"intervalMs\":50},"
						+ "\"_meta\":{\"progressToken\":\"p\"}}}")) {
			running.next();
			PrometheusScrape working = scrape();
			this.redis.pause();
			try {
				await().until(() -> scrape().values("mcp_persist_store_available{access=\"write\"}").contains(0.0));
				await().until(() -> !scrape().values("mcp_persist_events_unstored_bytes").contains(0.0));
				return working.and(scrape());
			}
			finally {
				this.redis.resume();
				await().until(() -> !scrape().values("mcp_persist_store_available{access=\"write\"}").contains(0.0));
				try (Exchange cancel = client.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
						+ "\"params\":{\"requestId\":2}}")) {
					assertThat(cancel.status()).isEqualTo(202);
				}
			}
		}
	}

	private static void resume(RawMcpClient client, String cursor, int status) throws IOException {
		try (Exchange exchange = client.get(cursor)) {
			assertThat(exchange.status()).isEqualTo(status);
			exchange.body();
		}
	}

	private PrometheusScrape scrape() throws IOException {
		RawMcpClient client = new RawMcpClient(this.instance.port(), "/actuator/prometheus");
		try (Exchange exchange = client.send("GET", Map.of("Host", "localhost", "Accept", "text/plain"), null)) {
			assertThat(exchange.status()).isEqualTo(200);
			return PrometheusScrape.parse(exchange.body());
		}
	}

	private static Stream<Query> panels() {
		List<Query> queries = new ArrayList<>();
		for (JsonNode panel : dashboard().path("panels")) {
			for (JsonNode target : panel.path("targets")) {
				queries.add(new Query(panel.path("title").asString(), target.path("expr").asString(),
						target.path("legendFormat").asString()));
			}
		}
		for (JsonNode variable : dashboard().at("/templating/list")) {
			String definition = variable.path("definition").asString();
			assertThat(definition).startsWith("label_values(");
			queries.add(new Query("$" + variable.path("name").asString(),
					definition.substring("label_values(".length(), definition.lastIndexOf(',')), ""));
		}
		return queries.stream();
	}

	private static JsonNode dashboard() {
		return JsonMapper.shared().readTree(DOCS.resolve("dashboards").resolve("mcp-persist.json"));
	}

	@SuppressWarnings("unchecked")
	private static Stream<Query> alerts() throws IOException {
		Map<String, Object> file = new Yaml().load(Files.readString(DOCS.resolve("dashboards").resolve("alerts.yaml")));
		return ((List<Map<String, Object>>) file.get("groups")).stream()
			.flatMap((group) -> ((List<Map<String, Object>>) group.get("rules")).stream())
			.map((rule) -> new Query((String) rule.get("alert"), ((String) rule.get("expr")).strip(),
					rule.get("annotations").toString()));
	}

	private static String alert(String name) throws IOException {
		return alerts().filter((alert) -> alert.name().equals(name)).findFirst().orElseThrow().text();
	}

	private static Map<String, String> defaults() throws IOException {
		Map<String, String> defaults = new LinkedHashMap<>();
		for (var urls = DashboardsTests.class.getClassLoader()
			.getResources("META-INF/spring-configuration-metadata.json"); urls.hasMoreElements();) {
			try (var in = urls.nextElement().openStream()) {
				for (JsonNode property : JsonMapper.shared().readTree(in).path("properties")) {
					defaults.put(property.path("name").asString(),
							property.path("defaultValue").asStringOpt().orElse(""));
				}
			}
		}
		return defaults;
	}

	/**
	 * A query of a panel or an alert.
	 *
	 * @param name of the panel or alert
	 * @param text the query
	 * @param texts what names labels of its result
	 */
	record Query(String name, String text, String texts) {

		@Override
		public String toString() {
			return this.name + ": " + this.text;
		}

	}

}

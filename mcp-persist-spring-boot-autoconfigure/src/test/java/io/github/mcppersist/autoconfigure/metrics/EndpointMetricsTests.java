package io.github.mcppersist.autoconfigure.metrics;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Timer;
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import io.github.mcppersist.autoconfigure.ObservedServer;
import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whether each meter tells what it says, in two applications on one Redis to which
 * happens all that is counted.
 */
@Timeout(600)
@NeedsRedis
class EndpointMetricsTests {

	private static final Pattern TABLE_ROW = Pattern
		.compile("\\| `(mcp\\.persist\\.[^`]+)` \\| (\\w+) \\| ([^|]*) \\| ([^|]*) \\| ([^|]+) \\|");

	private static final int MAX_SESSIONS = 1000;

	private final RedisServer redis = RedisServer.start();

	/**
	 * What a gauge has shown, by the name of its meter.
	 */
	private final Map<String, Set<Double>> shown = new HashMap<>();

	private final List<ObservedServer> servers = new ArrayList<>();

	private ObservedServer first;

	private ObservedServer second;

	private MeterRegistry registry;

	@BeforeEach
	void start() {
		this.first = server();
		this.second = server();
		this.registry = this.second.bean(MeterRegistry.class);
	}

	@AfterEach
	void stop() {
		this.redis.resume();
		this.servers.forEach(ObservedServer::close);
		this.redis.close();
	}

	private ObservedServer server() {
		ObservedServer server = ObservedServer.start(List.of("spring.data.redis.url=" + this.redis.uri(),
				"mcp.persist.timeout=2s", "mcp.persist.node-timeout=4s", "mcp.persist.max-events-per-stream=64",
				"mcp.persist.max-unstored-bytes=8KB", "mcp.persist.max-connection-buffer=16KB",
				"mcp.persist.max-sessions=" + MAX_SESSIONS, "mcp.persist.tasks.tools.gated=supported",
				"mcp.persist.tasks.tools.elicit=supported", "mcp.persist.tasks.max-tasks=1"));
		this.servers.add(server);
		return server;
	}

	@Test
	void everyMeterMovesWithWhatItCounts() throws Exception {
		RawMcpClient client = initialize();
		restoreAndResumeLive(client);
		resumeToTheEnd(client);
		findAGap(client);
		readWhatCannotBeOpened();
		refuseResumes(client);
		abandonAResume(client);
		cancelARequest(client);
		askAModernClient();
		runATask();
		askTheClientOfATask();
		fillTheSessionStore();
		endAnOrphan(client);
		loseRedis(client);

		assertThat(EndpointMeter.values()).allSatisfy((meter) -> assertThat(hasMoved(meter)).isTrue());
		assertThat(registered()).isEqualTo(documented());
		assertThat(registered().keySet()).containsExactlyInAnyOrderElementsOf(
				Arrays.stream(EndpointMeter.values()).map(EndpointMeter::getName).toList());
	}

	private boolean hasMoved(EndpointMeter meter) {
		Collection<Meter> meters = this.registry.get(meter.getName()).meters();
		return switch (meter.getType()) {
			case COUNTER -> meters.stream().anyMatch((counter) -> ((Counter) counter).count() > 0);
			case TIMER -> meters.stream().anyMatch((timer) -> ((Timer) timer).count() > 0);
			// It goes back to where it was
			case GAUGE -> this.shown.getOrDefault(meter.getName(), Set.of()).size() > 1;
			default -> throw new IllegalStateException("How does a " + meter.getType() + " move?");
		};
	}

	private RawMcpClient initialize() {
		RawMcpClient[] client = new RawMcpClient[1];
		// Whether Redis is connected shows when a call is answered with IDs
		await(() -> {
			client[0] = this.first.client().initialize();
			assertThat(count(client[0], 1)).allMatch((event) -> event.id() != null);
		});
		await(() -> assertThat(count(this.second.client().initialize(), 1)).allMatch((event) -> event.id() != null));
		return client[0];
	}

	private void restoreAndResumeLive(RawMcpClient client) throws Exception {
		assertThat(counter("mcp.persist.sessions.restored")).isZero();
		RawMcpClient there = client.at(this.second.port());
		double sessions = gauge("mcp.persist.sessions");
		double stored = settled("mcp.persist.events.stored");
		assertThat(count(there, 2)).hasSize(4);
		await(() -> assertThat(counter("mcp.persist.events.stored")).isEqualTo(stored + 3));
		await(() -> assertThat(counter("mcp.persist.sessions.restored")).isEqualTo(1));
		await(() -> assertThat(gauge("mcp.persist.sessions")).isEqualTo(sessions + 1));

		try (Exchange call = there.call(1, "gated", "{\"gate\":\"live\"}");
				Exchange listening = there.get(null);
				Exchange cut = client.call(2, "gated", "{\"gate\":\"live\"}")) {
			call.next();
			listening.next();
			String cursor = cut.next().id();
			cut.next();
			cut.cut();
			try (Exchange resumed = there.get(cursor)) {
				resumed.next();
				await(() -> assertThat(resumes("live")).isEqualTo(1));
				assertThat(gauge("mcp.persist.requests.running", "era", "legacy")).isEqualTo(1);
				for (String kind : List.of("request", "standalone", "resumed")) {
					await(() -> assertThat(gauge("mcp.persist.connections", "kind", kind)).as(kind).isEqualTo(1));
				}
				assertThat(counter("mcp.persist.events.replayed")).isEqualTo(1);
				this.first.tools().open("live");
				this.second.tools().open("live");
				resumed.rest();
			}
		}
		await(() -> assertThat(gauge("mcp.persist.requests.running", "era", "legacy")).isZero());
		for (String kind : List.of("request", "standalone", "resumed")) {
			await(() -> assertThat(gauge("mcp.persist.connections", "kind", kind)).as(kind).isZero());
		}
		for (String operation : List.of("openStream", "storeEvents", "completeStream", "replayEventsAfter")) {
			assertThat(calls("events", operation, "success")).as(operation).isPositive();
		}
		assertThat(calls("sessions", "findSession", "success")).isPositive();
	}

	private void resumeToTheEnd(RawMcpClient client) throws Exception {
		List<SseEvent> all = count(client, 9);
		double before = settled("mcp.persist.events.replayed");

		rest(client.at(this.second.port()).get(all.get(0).id()));

		await(() -> assertThat(resumes("complete")).isEqualTo(1));
		await(() -> assertThat(counter("mcp.persist.events.replayed") - before).isEqualTo(10));
	}

	private void findAGap(RawMcpClient client) throws Exception {
		List<SseEvent> all = count(client, 300);
		// The first standalone connection of a session finds no stream yet
		long refused = calls("events", "replayEventsAfter", "refused");

		rest(client.at(this.second.port()).get(all.get(0).id()));

		await(() -> assertThat(resumes("gap")).isEqualTo(1));
		await(() -> assertThat(counter("mcp.persist.gaps")).isEqualTo(1));
		await(() -> assertThat(calls("events", "replayEventsAfter", "refused") - refused).isEqualTo(1));
	}

	private void readWhatCannotBeOpened() throws Exception {
		RawMcpClient client = this.first.client().initialize();
		assertThat(counter("mcp.persist.payloads.unreadable", "kind", "session")).isZero();
		// Encrypted, by its first byte
		this.redis.cli("HSET", "mcp:1:{" + SessionNames.of(client.sessionId()) + "}:i", "i", "~AwFh");

		rest(client.at(this.second.port()).call(1, "count", "{}"));

		await(() -> assertThat(counter("mcp.persist.payloads.unreadable", "kind", "session")).isEqualTo(1));
	}

	private void refuseResumes(RawMcpClient client) throws Exception {
		rest(client.at(this.second.port()).get("malformed!"));
		rest(this.second.client().sessionId("unknown").get("malformed!"));

		await(() -> assertThat(resumes("unknown-event")).isEqualTo(1));
		await(() -> assertThat(resumes("unknown-session")).isEqualTo(1));
	}

	private void abandonAResume(RawMcpClient client) throws Exception {
		RawMcpClient there = client.at(this.second.port());
		String cursor;
		try (Exchange call = there.call(1, "steps", "{\"n\":50,\"bytes\":200000,\"gates\":[\"abandon\"]}")) {
			cursor = call.next().id();
			call.cut();
		}
		this.second.tools().awaitReached("abandon");
		RawMcpClient stalling = client.at(this.second.port()).stalling();
		await(() -> {
			try (Exchange resume = stalling.get(cursor)) {
				assertThat(resume.next()).isNotNull();
			}
			assertThat(resumes("abandoned")).isPositive();
		});
		this.second.tools().open("abandon");
	}

	private void cancelARequest(RawMcpClient client) throws Exception {
		RawMcpClient there = client.at(this.second.port());
		assertThat(counter("mcp.persist.requests.cancelled")).isZero();
		try (Exchange call = there.call(7, "gated", "{\"gate\":\"cancel\"}")) {
			this.second.tools().awaitReached("cancel");
			try (Exchange post = there.post(
					"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"," + "\"params\":{\"requestId\":7}}")) {
				assertThat(post.status()).isEqualTo(202);
			}
			call.rest();
		}
		await(() -> assertThat(counter("mcp.persist.requests.cancelled")).isEqualTo(1));
	}

	private void askAModernClient() throws Exception {
		double requests = counter("mcp.persist.requests", "era", "modern");
		RawMcpClient client = this.second.client();
		String state;
		try (Exchange call = elicit(client, "").send()) {
			state = call.body().replaceFirst(".*\"requestState\":\"([^\"]+)\".*", "$1");
		}
		await(() -> assertThat(counter("mcp.persist.requests", "era", "modern")).isEqualTo(requests + 1));
		await(() -> assertThat(counter("mcp.persist.rounds")).isEqualTo(1));
		assertThat(gauge("mcp.persist.calls.parked")).isEqualTo(1);
		assertThat(gauge("mcp.persist.requests.running", "era", "modern")).isEqualTo(1);
		assertThat(gauge("mcp.persist.requests.running", "era", "legacy")).isZero();
		assertThat(counter("mcp.persist.calls.parked.ended", "outcome", "completed")).isZero();

		String answer = ",\"inputResponses\":{\"elicitation\":{\"action\":\"accept\",\"content\":{}}}";
		rest(elicit(client, ",\"requestState\":\"forged\"" + answer).send());
		await(() -> assertThat(counter("mcp.persist.request.states.rejected", "reason", "invalid")).isEqualTo(1));
		// To the other instance: counted is where the call runs
		rest(elicit(this.first.client(), ",\"requestState\":\"" + state + "\"" + answer).send());

		await(() -> assertThat(counter("mcp.persist.calls.parked.ended", "outcome", "completed")).isEqualTo(1));
		Timer wait = this.registry.get("mcp.persist.input.wait").timer();
		assertThat(wait.count()).isEqualTo(1);
		assertThat(wait.totalTime(TimeUnit.NANOSECONDS)).isPositive();
		await(() -> assertThat(gauge("mcp.persist.calls.parked")).isZero());
		assertThat(counter("mcp.persist.requests", "era", "modern")).isEqualTo(requests + 1);
		try (Exchange listening = new ModernPost(client, "subscriptions/listen",
				"\"notifications\":{\"toolsListChanged\":true}")
			.send()) {
			listening.next();
			await(() -> assertThat(gauge("mcp.persist.connections", "kind", "subscription")).isEqualTo(1));
		}
		assertThat(calls("tasks", "createTask", "success")).isPositive();
	}

	private static ModernPost elicit(RawMcpClient client, String round) {
		return new ModernPost(client, "tools/call", "\"name\":\"elicit\",\"arguments\":{}" + round)
			.header("Mcp-Name", "elicit")
			.field("clientCapabilities", "{\"elicitation\":{}}");
	}

	private void runATask() throws Exception {
		assertThat(gauge("mcp.persist.tasks", "status", "working")).isZero();
		assertThat(gauge("mcp.persist.tasks.oldest")).isZero();
		assertThat(counter("mcp.persist.tasks.begun")).isZero();
		assertThat(counter("mcp.persist.tasks.not.begun", "reason", "full")).isZero();
		Timer ended = this.registry.get("mcp.persist.tasks.ended").tag("outcome", "completed").timer();
		assertThat(ended.count()).isZero();
		try (Exchange call = gatedTask("task").send()) {
			assertThat(call.body()).contains("\"taskId\"");
		}
		await(() -> assertThat(counter("mcp.persist.tasks.begun")).isEqualTo(1));
		assertThat(gauge("mcp.persist.tasks", "status", "working")).isEqualTo(1);
		assertThat(gauge("mcp.persist.tasks", "status", "input_required")).isZero();
		await(() -> assertThat(gauge("mcp.persist.tasks.oldest")).isPositive());
		this.second.tools().open("no-task");
		try (Exchange call = gatedTask("no-task").send()) {
			assertThat(call.body()).doesNotContain("\"taskId\"");
		}
		await(() -> assertThat(counter("mcp.persist.tasks.not.begun", "reason", "full")).isEqualTo(1));

		this.second.tools().open("task");

		await(() -> assertThat(ended.count()).isEqualTo(1));
		assertThat(ended.totalTime(TimeUnit.NANOSECONDS)).isPositive();
		await(() -> assertThat(gauge("mcp.persist.tasks", "status", "working")).isZero());
		assertThat(gauge("mcp.persist.tasks.oldest")).isZero();
	}

	private ModernPost gatedTask(String gate) {
		return ModernPost.call(this.second.client(), "gated", "{\"gate\":\"" + gate + "\"}")
			.field("clientCapabilities", "{\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}");
	}

	private void askTheClientOfATask() throws Exception {
		String taskId;
		try (Exchange call = elicit(this.second.client(), "")
			.field("clientCapabilities", "{\"elicitation\":{},\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}")
			.send()) {
			taskId = call.body().replaceFirst(".*\"taskId\":\"([^\"]+)\".*", "$1");
		}
		await(() -> assertThat(gauge("mcp.persist.tasks", "status", "input_required")).isEqualTo(1));
		assertThat(gauge("mcp.persist.tasks", "status", "working")).isZero();

		rest(new ModernPost(this.second.client(), "tasks/cancel", "\"taskId\":\"" + taskId + "\"")
			.header("Mcp-Name", taskId)
			.field("clientCapabilities", "{\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}")
			.send());

		await(() -> assertThat(gauge("mcp.persist.tasks", "status", "input_required")).isZero());
	}

	private void fillTheSessionStore() throws Exception {
		RawMcpClient client = this.second.client().initialize();
		String name = SessionNames.of(client.sessionId());
		assertThat(counter("mcp.persist.sessions.not.stored")).isZero();
		// Lost, and others have taken its place
		this.redis.cli("EVAL",
				"redis.call('DEL', KEYS[1]) redis.call('ZREM', KEYS[2], ARGV[1]) "
						+ "for i = 1, ARGV[2] do redis.call('ZADD', KEYS[2], '+inf', 'other' .. i) end",
				"2", "mcp:1:{" + name + "}:i", "mcp:1:s:{s}", name, Integer.toString(MAX_SESSIONS));

		assertThat(count(client, 1)).isNotEmpty();

		await(() -> assertThat(counter("mcp.persist.sessions.not.stored")).isPositive());
		this.redis.cli("ZREMRANGEBYSCORE", "mcp:1:s:{s}", "+inf", "+inf");
	}

	private void endAnOrphan(RawMcpClient client) throws Exception {
		try (Exchange call = client.call(3, "gated", "{\"gate\":\"orphan\"}")) {
			String cursor = call.next().id();
			call.next();
			this.first.bean(RedisEventStore.class).close();

			try (Exchange resumed = client.at(this.second.port()).get(cursor)) {
				assertThat(resumed.rest()).last().satisfies((event) -> assertThat(event.data()).contains("\"error\""));
			}
		}
		await(() -> assertThat(counter("mcp.persist.requests.orphaned", "era", "legacy")).isEqualTo(1));
	}

	private void loseRedis(RawMcpClient client) throws Exception {
		RawMcpClient there = client.at(this.second.port());
		List<SseEvent> complete = count(there, 1);
		assertThat(gauge("mcp.persist.store.available", "access", "read")).isEqualTo(1);
		assertThat(gauge("mcp.persist.store.available", "access", "write")).isEqualTo(1);
		assertThat(counter("mcp.persist.events.dropped")).isZero();
		try (Exchange call = there.call(4, "steps", "{\"n\":30,\"bytes\":1000,\"gates\":[\"out\",\"back\"]}")) {
			call.next();
			this.second.tools().awaitReached("out");
			this.redis.pause();
			this.second.tools().open("out");
			this.second.tools().awaitReached("back");
			await(() -> assertThat(counter("mcp.persist.events.dropped")).isPositive());
			assertThat(gauge("mcp.persist.events.unstored")).isPositive();
			await(() -> {
				assertThat(gauge("mcp.persist.store.available", "access", "read")).isZero();
				assertThat(gauge("mcp.persist.store.available", "access", "write")).isZero();
			});
			rest(there.get(complete.get(0).id()));
			await(() -> assertThat(resumes("unavailable")).isEqualTo(1));
			assertThat(calls("events", "storeEvents", "unavailable")).isPositive();

			this.redis.resume();
			await(() -> assertThat(gauge("mcp.persist.store.available", "access", "write")).isEqualTo(1));
			this.second.tools().open("back");
			call.rest();
		}
		await(() -> assertThat(gauge("mcp.persist.events.unstored")).isZero());
	}

	private static List<SseEvent> count(RawMcpClient client, int n) throws IOException {
		return rest(client.call(1, "count", "{\"n\":" + n + "}"));
	}

	private static List<SseEvent> rest(Exchange exchange) throws IOException {
		try (exchange) {
			return (exchange.status() == 200) ? exchange.rest() : List.of();
		}
	}

	private double counter(String name, String... tags) {
		return this.registry.get(name).tags(tags).counter().count();
	}

	// What the second server has counted so far, all of it: meters are told in order, and
	// in a moment
	private double settled(String name) throws IOException {
		long deletions = calls("sessions", "deleteSession", "success");
		this.second.client().initialize().delete().close();
		await(() -> assertThat(calls("sessions", "deleteSession", "success")).isGreaterThan(deletions));
		return counter(name);
	}

	private double gauge(String name, String... tags) {
		double value = this.registry.get(name).tags(tags).gauge().value();
		this.shown.computeIfAbsent(name, (unused) -> new HashSet<>()).add(value);
		return value;
	}

	private double resumes(String outcome) {
		return counter("mcp.persist.resumes", "outcome", outcome);
	}

	private long calls(String store, String operation, String outcome) {
		Timer timer = this.registry.find("mcp.persist.store.calls")
			.tags("store", store, "operation", operation, "outcome", outcome)
			.timer();
		return (timer != null && timer.totalTime(TimeUnit.NANOSECONDS) > 0) ? timer.count() : 0;
	}

	/**
	 * Return what is registered under our prefix, observations aside.
	 */
	private Map<String, String> registered() {
		Map<String, Set<String>> tags = new LinkedHashMap<>();
		Map<String, String> types = new LinkedHashMap<>();
		for (Meter meter : this.registry.getMeters()) {
			String name = meter.getId().getName();
			if (name.startsWith("mcp.persist.") && !name.startsWith("mcp.persist.resume.")
					&& !name.equals("mcp.persist.resume")) {
				assertThat(meter.getId().getDescription()).as(name).isNotBlank();
				tags.computeIfAbsent(name, (unused) -> new TreeSet<>())
					.addAll(meter.getId().getTags().stream().map(Tag::getKey).toList());
				types.put(name, type(meter) + " " + unit(meter));
			}
		}
		return tags.entrySet()
			.stream()
			.collect(
					Collectors.toMap(Map.Entry::getKey, (entry) -> types.get(entry.getKey()) + " " + entry.getValue()));
	}

	private static String type(Meter meter) {
		return (meter instanceof Counter) ? "counter" : (meter instanceof Gauge) ? "gauge"
				: (meter instanceof Timer) ? "timer" : meter.getClass().getSimpleName();
	}

	private static String unit(Meter meter) {
		String unit = meter.getId().getBaseUnit();
		return (unit != null) ? unit : "none";
	}

	private static Map<String, String> documented() throws IOException {
		Map<String, String> documented = new LinkedHashMap<>();
		for (String line : Files.readAllLines(Path.of("..", "docs", "operations.md"))) {
			Matcher row = TABLE_ROW.matcher(line);
			if (row.matches()) {
				Set<String> tags = new TreeSet<>();
				Matcher tag = Pattern.compile("`([^`]+)`").matcher(row.group(4));
				while (tag.find()) {
					tags.add(tag.group(1));
				}
				String described = row.group(2) + " " + row.group(3).strip() + " " + tags;
				assertThat(documented.put(row.group(1), described)).as("a second row for " + row.group(1)).isNull();
			}
		}
		return documented;
	}

	private static void await(ThrowingRunnable assertion) {
		Awaitility.await().atMost(Duration.ofMinutes(1)).ignoreExceptions().untilAsserted(assertion);
	}

}

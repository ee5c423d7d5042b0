package io.github.mcppersist.autoconfigure.actuate;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import io.github.mcppersist.autoconfigure.ObservedServer;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.ObservedTaskStore;
import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.task.InMemoryTaskStore;
import io.github.mcppersist.task.TaskNames;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What {@code /actuator/mcptasks} shows and ends, on either of two applications.
 */
@Timeout(600)
@NeedsRedis
class McpTasksEndpointTests {

	private static final String EXPOSED = "management.endpoints.web.exposure.include=mcptasks";

	private static final String UNRESTRICTED = "management.endpoint.mcptasks.access=unrestricted";

	private static final String AT_ONCE = "mcp.persist.tasks.when=supported";

	private static final String CAPABILITIES = "{\"elicitation\":{},\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}";

	private static final Pattern TASK_ID = Pattern.compile("\"taskId\":\"([^\"]*)\"");

	private final RedisServer redis = RedisServer.start();

	private final ObservedServer first = server(EXPOSED, UNRESTRICTED, AT_ONCE);

	private final ObservedServer second = server(EXPOSED, UNRESTRICTED, AT_ONCE);

	private ObservedServer server(String... properties) {
		List<String> all = new ArrayList<>(List.of(properties));
		all.add("spring.data.redis.url=" + this.redis.uri());
		// Two applications that have just started are slow, and not Redis
		all.add("mcp.persist.timeout=5s");
		return ObservedServer.start(all, McpSessionsEndpointTests.Owned.class);
	}

	@AfterEach
	void stop() {
		this.redis.resume();
		this.first.close();
		this.second.close();
		this.redis.close();
	}

	@Test
	void showsTheTasksOfAllNodesPageByPage() throws Exception {
		Set<String> names = new TreeSet<>();
		for (ObservedServer server : List.of(this.first, this.second, this.first)) {
			names.add(name(begin(server, "gated", "{\"gate\":\"g\",\"secret\":\"payload\"}")));
		}

		await(() -> assertThat(json(this.second.get("/actuator/mcptasks")).get("tasks")).hasSize(3));
		JsonNode page = json(this.second.get("/actuator/mcptasks?size=2"));
		assertThat(page.get("tasks")).hasSize(2);
		JsonNode last = json(this.second.get("/actuator/mcptasks?size=2&after=" + page.get("next").asString()));
		assertThat(last.get("tasks")).hasSize(1);
		assertThat(last.get("next").isNull()).isTrue();
		Set<String> listed = new TreeSet<>();
		for (JsonNode task : json(this.first.get("/actuator/mcptasks")).get("tasks")) {
			listed.add(task.get("task").asString());
			assertThat(task.get("tool").asString()).isEqualTo("gated");
			assertThat(task.get("status").asString()).isEqualTo("working");
			assertThat(task.get("statusMessage").isNull()).isTrue();
			assertThat(task.get("inputRequests").asInt(-1)).isZero();
			// As the document says how to find it
			assertThat(task.get("owner").asString()).isEqualTo("4-QMxXiW3NrGcx9gyxdIvQ");
			assertThat(task.get("node").asString()).isIn(nodeId(this.first), nodeId(this.second));
			assertThat(task.get("ageSeconds").asLong()).isBetween(0L, 600L);
			assertThat(task.get("idleSeconds").asLong()).isBetween(0L, 600L);
			assertThat(task.get("leftSeconds").asLong()).isBetween(3000L, 3600L);
		}
		assertThat(listed).isEqualTo(names);
	}

	@Test
	void showsHowATaskGoesOnAndNothingOfWhatItSays() throws Exception {
		String taskId = begin(this.first, "elicit", "{\"secret\":\"payload\"}");
		String path = "/actuator/mcptasks/" + name(taskId);

		await(() -> assertThat(summary(this.second, path).get("status").asString()).isEqualTo("input_required"));
		assertThat(summary(this.second, path).get("inputRequests").asInt()).isEqualTo(1);
		assertThat(this.second.get(path) + this.second.get("/actuator/mcptasks")).contains("elicit")
			.doesNotContain(taskId, "payload", "Go on?", "alice");

		send(this.second, "tasks/update", taskId,
				",\"inputResponses\":{\"elicitation\":{\"action\":\"decline\",\"content\":{}}}");
		await(() -> assertThat(summary(this.second, path).get("status").asString()).isEqualTo("completed"));
		assertThat(summary(this.second, path).get("inputRequests").asInt(-1)).isZero();
		assertThat(this.first.get(path) + this.first.get("/actuator/mcptasks")).doesNotContain(taskId, "user said");
	}

	@Test
	void doesNotKnowWhatIsNoTask() throws Exception {
		String taskId = begin(this.first, "gated", "{\"gate\":\"g\"}");

		// The ID isn't the name, and nobody gets from one to the other without the owner
		for (String name : List.of("unknown", "%7Bno%7D", taskId)) {
			assertThat(this.first.get("/actuator/mcptasks/" + name)).startsWith("404");
			assertThat(this.first.delete("/actuator/mcptasks/" + name)).startsWith("404");
		}
		assertThat(state(this.first, taskId)).contains("\"status\":\"working\"");
	}

	@Test
	void showsNothingOfACallThatWaitsForItsClientAndIsNoTask() throws Exception {
		try (ObservedServer server = server(EXPOSED, UNRESTRICTED, "mcp.persist.tasks.when=after",
				"mcp.persist.tasks.after=1h");
				Exchange parked = ModernPost.call(server.client(), "elicit", "{}")
					.field("clientCapabilities", CAPABILITIES)
					.send()) {
			assertThat(parked.body()).contains("input_required");
			String name = name(begin(this.first, "gated", "{\"gate\":\"g\"}"));
			await(() -> assertThat(this.first.get("/actuator/mcptasks")).contains(name));

			assertThat(json(server.get("/actuator/mcptasks")).get("tasks")).hasSize(1);
			List<String> others = ((List<?>) this.redis.cli("KEYS", "mcp:1:{*}:t")).stream()
				.map((key) -> key.toString().replaceAll(".*\\{(.*)}.*", "$1"))
				.filter((stored) -> !stored.equals(name))
				.toList();
			// A call that waits, and what all nodes seal states with
			assertThat(others).hasSizeGreaterThanOrEqualTo(2);
			for (String stored : others) {
				assertThat(server.delete("/actuator/mcptasks/" + stored)).startsWith("404");
				assertThat(this.redis.cli("HGET", "mcp:1:{" + stored + "}:t", "s")).isEqualTo("input_required");
			}
		}
	}

	@Test
	void endsATaskOnWhicheverNodeItRuns() throws Exception {
		String taskId = begin(this.first, "stoppable", "{\"gate\":\"g\"}");
		this.first.tools().awaitReached("g");
		String path = "/actuator/mcptasks/" + name(taskId);
		try (Exchange listening = new ModernPost(this.first.client(), "subscriptions/listen",
				"\"notifications\":{\"taskIds\":[\"" + taskId + "\"]}")
			.field("clientCapabilities", CAPABILITIES)
			.send()) {
			listening.next();
			assertThat(listening.next().data()).contains("\"status\":\"working\"");

			// Where it doesn't run
			assertThat(this.second.delete(path)).startsWith("204");

			this.first.tools().awaitOpen("interrupted");
			assertThat(listening.next().data()).contains("\"status\":\"cancelled\"", "An operator");
		}
		for (ObservedServer server : List.of(this.first, this.second)) {
			assertThat(state(server, taskId)).contains("\"status\":\"cancelled\"", "An operator")
				.doesNotContain("too late");
			assertThat(summary(server, path).get("status").asString()).isEqualTo("cancelled");
			// Once is as good as twice
			assertThat(server.delete(path)).startsWith("204");
		}
	}

	@Test
	void leavesATaskThatHasEndedAsItIs() throws Exception {
		String taskId = begin(this.first, "count", "{}");
		String path = "/actuator/mcptasks/" + name(taskId);
		await(() -> assertThat(summary(this.second, path).get("status").asString()).isEqualTo("completed"));

		assertThat(this.second.delete(path)).startsWith("204");

		assertThat(summary(this.second, path).get("status").asString()).isEqualTo("completed");
		assertThat(state(this.first, taskId)).contains("counted");
	}

	@Test
	void endsNothingWithoutUnrestrictedAccess() throws Exception {
		String path = "/actuator/mcptasks/" + name(begin(this.first, "gated", "{\"gate\":\"g\"}"));
		for (List<String> readOnly : Stream
			.of(List.of(EXPOSED), List.of(EXPOSED, "management.endpoint.mcptasks.access=read-only"),
					List.of(EXPOSED, UNRESTRICTED, "management.endpoints.access.max-permitted=read-only"))
			.toList()) {
			try (ObservedServer server = server(readOnly.toArray(String[]::new))) {
				assertThat(server.delete(path)).startsWith("405");

				assertThat(summary(server, path).get("status").asString()).isEqualTo("working");
			}
		}
	}

	@Test
	void refusesWhatIsNoPage() throws Exception {
		for (String query : List.of("size=0", "size=201", "size=a", "after=unknown")) {
			assertThat(this.first.get("/actuator/mcptasks?" + query)).as(query).startsWith("400");
		}
	}

	@Test
	void saysThatRedisIsAway() throws Exception {
		String taskId = begin(this.first, "gated", "{\"gate\":\"g\"}");
		String path = "/actuator/mcptasks/" + name(taskId);
		this.redis.pause();

		await(() -> assertThat(this.second.get("/actuator/mcptasks")).startsWith("503").contains("outage"));
		assertThat(this.second.get(path)).startsWith("503").contains("outage");
		assertThat(this.second.delete(path)).startsWith("503").contains("outage");

		this.redis.resume();
		await(() -> assertThat(this.second.delete(path)).startsWith("204"));
		await(() -> assertThat(state(this.first, taskId)).contains("\"status\":\"cancelled\""));
	}

	@ParameterizedTest
	@ValueSource(strings = { "servlet", "reactive" })
	void listsAndEndsTasksInMemory(String type) throws Exception {
		try (ObservedServer server = server(EXPOSED, UNRESTRICTED, AT_ONCE, "mcp.persist.store=memory",
				"spring.main.web-application-type=" + type)) {
			String taskId = begin(server, "stoppable", "{\"gate\":\"g\"}");
			server.tools().awaitReached("g");
			JsonNode task = json(server.get("/actuator/mcptasks")).get("tasks").get(0);
			assertThat(task.get("tool").asString()).isEqualTo("stoppable");

			assertThat(server.delete("/actuator/mcptasks/" + task.get("task").asString())).startsWith("204");

			server.tools().awaitOpen("interrupted");
			assertThat(state(server, taskId)).contains("\"status\":\"cancelled\"");
		}
	}

	@Test
	void readsWhatIsEncrypted() throws Exception {
		try (ObservedServer server = server(EXPOSED, UNRESTRICTED, AT_ONCE, "mcp.persist.key-prefix=encrypted",
				"mcp.persist.encryption.keys=a:" + "A".repeat(43) + "=")) {
			String taskId = begin(server, "gated", "{\"gate\":\"g\"}");

			await(() -> assertThat(json(server.get("/actuator/mcptasks")).get("tasks")).hasSize(1));
			assertThat(summary(server, "/actuator/mcptasks/" + name(taskId)).get("tool").asString()).isEqualTo("gated");
			assertThat(this.redis.cli("HGET", "encrypted:1:{" + name(taskId) + "}:t", "c").toString())
				.doesNotContain("gated");
		}
	}

	@Test
	void listsNothingOfAStoreThatDoesNotList() throws Exception {
		try (ObservedServer server = ObservedServer.start(
				List.of(EXPOSED, UNRESTRICTED, AT_ONCE, "mcp.persist.store=memory"),
				McpSessionsEndpointTests.Owned.class, OwnStore.class)) {
			String path = "/actuator/mcptasks/" + name(begin(server, "gated", "{\"gate\":\"g\"}"));

			assertThat(server.get("/actuator/mcptasks")).startsWith("404");
			assertThat(server.get(path)).startsWith("404");
			assertThat(server.delete(path)).startsWith("404");
		}
	}

	@Test
	void hasItsFieldsInTheDocument() throws Exception {
		String document = Files.readString(Path.of("..", "docs", "operations.md"));
		List<JsonNode> examples = Pattern.compile("```json\\n(\\{ \"task\".*?)```", Pattern.DOTALL)
			.matcher(document)
			.results()
			.map((block) -> new JsonMapper().readTree(block.group(1)))
			.toList();
		String name = name(begin(this.first, "gated", "{\"gate\":\"g\"}"));

		JsonNode task = json(this.first.get("/actuator/mcptasks/" + name));

		assertThat(examples).hasSize(2);
		assertThat(fields(examples.get(0))).isEqualTo(fields(task.get("summary"))).hasSizeGreaterThan(5);
		assertThat(fields(examples.get(1))).isEqualTo(fields(task));
		String section = document.substring(document.indexOf("### Tasks"));
		assertThat(fields(task)).allSatisfy((field) -> assertThat(section)
			.containsPattern("(?m)^\\| (`\\w+`, )*`" + field.substring(field.lastIndexOf('/') + 1) + "`"));
	}

	private static Set<String> fields(JsonNode node) {
		Set<String> fields = new TreeSet<>();
		node.forEachEntry((name, value) -> {
			fields.add(name);
			fields(value).forEach((field) -> fields.add(name + "/" + field));
		});
		return fields;
	}

	@Test
	void isNotExposedUnlessItIsAskedFor() throws Exception {
		try (ObservedServer server = server("management.endpoints.web.exposure.include=mcppersist,mcpsessions")) {
			assertThat(server.get("/actuator/mcpsessions")).startsWith("200");
			assertThat(server.get("/actuator/mcptasks")).startsWith("404");
		}
	}

	private static String nodeId(ObservedServer server) {
		return server.bean(RedisEventStore.class).nodeId();
	}

	private static String name(String taskId) {
		return TaskNames.of(taskId, "alice", "test");
	}

	private static String begin(ObservedServer server, String tool, String arguments) throws Exception {
		// While Redis isn't connected a call stays on its connection
		Awaitility.await()
			.atMost(Duration.ofMinutes(1))
			.ignoreExceptions()
			.untilAsserted(() -> assertThat(server.bean(TaskStore.class).findTask("unknown").block()).isNull());
		try (Exchange exchange = ModernPost.call(server.client(), tool, arguments)
			.field("clientCapabilities", CAPABILITIES)
			.send()) {
			Matcher matcher = TASK_ID.matcher(exchange.body());
			assertThat(matcher.find()).isTrue();
			return matcher.group(1);
		}
	}

	private static String state(ObservedServer server, String taskId) throws Exception {
		return send(server, "tasks/get", taskId, "");
	}

	private static String send(ObservedServer server, String method, String taskId, String members) throws Exception {
		try (Exchange exchange = new ModernPost(server.client(), method, "\"taskId\":\"" + taskId + "\"" + members)
			.header("Mcp-Name", taskId)
			.field("clientCapabilities", CAPABILITIES)
			.send()) {
			return exchange.body();
		}
	}

	private static JsonNode summary(ObservedServer server, String path) throws Exception {
		return json(server.get(path)).get("summary");
	}

	private static JsonNode json(String response) {
		assertThat(response).startsWith("200 ");
		return new JsonMapper().readTree(response.substring(4));
	}

	private static void await(ThrowingRunnable assertion) {
		Awaitility.await().atMost(Duration.ofMinutes(1)).untilAsserted(assertion);
	}

	/**
	 * A store as others have it, which shows nothing of what it holds.
	 */
	@Configuration(proxyBeanMethods = false)
	static class OwnStore {

		@Bean
		TaskStore taskStore() {
			return new ObservedTaskStore(new InMemoryTaskStore(), new EndpointObserver() {
			}, Runnable::run);
		}

	}

}

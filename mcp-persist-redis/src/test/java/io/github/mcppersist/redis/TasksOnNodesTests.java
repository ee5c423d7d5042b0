package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisConnection;

import io.github.mcppersist.task.TaskOptions;
import io.github.mcppersist.task.TaskPolicy;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tasks that are asked for, answered, cancelled and listened to on other nodes than the
 * one that runs them, which may die.
 */
@NeedsRedis
class TasksOnNodesTests {

	private static final int TASKS = 120;

	private static final String LARGE = "0123456789".repeat(2_000_000);

	private static final Pattern TASK_ID = Pattern.compile("\"taskId\":\"([^\"]*)\"");

	private static final Pattern STATUS = Pattern.compile("\"status\":\"([^\"]*)\"");

	private static final String CAPABILITIES = "{\"elicitation\":{},\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}";

	private final TestRedis redis;

	private final AtomicInteger runs = new AtomicInteger();

	private final CountDownLatch gate = new CountDownLatch(1);

	private final CountDownLatch interrupted = new CountDownLatch(1);

	private McpNodes nodes;

	TasksOnNodesTests(TestRedis redis) {
		this.redis = redis;
	}

	@BeforeEach
	void start() throws Exception {
		StreamableHttpOptions options = StreamableHttpOptions.builder()
			.modern(ModernOptions.builder()
				.heartbeatInterval(Duration.ofMillis(100))
				.tasks(TaskOptions.builder().when(TaskPolicy.SUPPORTED).pollInterval(Duration.ofMillis(10)).build())
				.build())
			.build();
		this.nodes = McpNodes.start(this.redis, 3, options, Duration.ofHours(1));
		for (int node = 0; node < 3; node++) {
			this.nodes.get(node).server.addTool(SyncToolSpecification.builder()
				.tool(Tool.builder("work", Map.of("type", "object")).build())
				.callHandler((exchange, request) -> work(exchange, String.valueOf(request.arguments().get("how"))))
				.build());
		}
	}

	@AfterEach
	void stop() throws Exception {
		this.gate.countDown();
		this.nodes.close();
	}

	private CallToolResult work(McpSyncServerExchange exchange, String how) {
		this.runs.incrementAndGet();
		String text = "done";
		try {
			if (how.equals("ask")) {
				text = "done for "
						+ exchange.createElicitation(ElicitRequest.builder("Who?", Map.of("type", "object")).build())
							.content()
							.get("name");
			}
			else if (how.equals("wait")) {
				this.gate.await();
			}
			else if (how.equals("fill")) {
				text = LARGE;
			}
		}
		catch (InterruptedException ex) {
			this.interrupted.countDown();
		}
		return CallToolResult.builder().addTextContent(text).build();
	}

	@Test
	void isKnownOnEveryNodeAsSoonAsItsClientKnowsIt() throws Exception {
		String taskId = begin(0, "wait");

		for (int node = 0; node < 3; node++) {
			assertThat(get(node, taskId)).contains("\"status\":\"working\"");
		}
		this.gate.countDown();
		for (int node = 0; node < 3; node++) {
			awaitStatus(node, taskId, "completed");
			assertThat(get(node, taskId)).contains("done");
		}
	}

	@Test
	void isAnsweredOnAnyNode() throws Exception {
		String taskId = begin(0, "ask");
		awaitStatus(1, taskId, "input_required");

		assertThat(update(2, taskId, "Bob")).contains("\"resultType\":\"complete\"");

		awaitStatus(1, taskId, "completed");
		assertThat(get(1, taskId)).contains("done for Bob");
		assertThat(this.runs).hasValue(1);
	}

	@Test
	void isCancelledOnAnyNode() throws Exception {
		String taskId = begin(0, "wait");
		await().until(() -> this.runs.get() == 1);

		assertThat(send(2, "tasks/cancel", taskId, "")).contains("\"resultType\":\"complete\"");

		assertThat(get(1, taskId)).contains("\"status\":\"cancelled\"");
		assertThat(this.interrupted.await(30, TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void tellsWhoListensOnAnotherNodeThatItsNodeHasDied() throws Exception {
		String taskId = begin(0, "wait");
		try (Exchange listening = new ModernPost(this.nodes.get(1).client(), "subscriptions/listen",
				"\"notifications\":{\"taskIds\":[\"" + taskId + "\"]}")
			.field("clientCapabilities", CAPABILITIES)
			.send()) {
			assertThat(listening.next().data()).contains("acknowledged").contains(taskId);
			assertThat(listening.next().data()).contains("\"status\":\"working\"");

			this.nodes.get(0).die();

			assertThat(listening.next().data()).contains("\"status\":\"failed\"").contains("has gone");
		}
		assertThat(get(2, taskId)).contains("\"status\":\"failed\"").contains("has gone");
	}

	@Test
	void hasAResultOfTwentyMegabytesOnAnyNode() throws Exception {
		String taskId = begin(0, "fill");

		awaitStatus(1, taskId, "completed");
		List<CompletableFuture<String>> ends = IntStream.range(0, 3)
			.mapToObj((node) -> OnNodes.async(() -> get(node, taskId)))
			.toList();

		for (CompletableFuture<String> end : ends) {
			assertThat(end.get().contains(LARGE)).isTrue();
		}
		try (Exchange listening = new ModernPost(this.nodes.get(2).client(), "subscriptions/listen",
				"\"notifications\":{\"taskIds\":[\"" + taskId + "\"]}")
			.field("clientCapabilities", CAPABILITIES)
			.send()) {
			assertThat(listening.next().data()).contains("acknowledged").contains(taskId);
			assertThat(listening.next().data().contains(LARGE)).isTrue();
		}
		assertThat(this.runs).hasValue(1);
	}

	@Test
	void failsOnAnyNodeIfAFailoverHasLostItsEnd() throws Exception {
		try (RedisConnection connection = this.redis.lettuce().getConnection()) {
			Set<String> others = tasks(connection);
			String taskId = begin(0, "wait");
			Set<String> keys = tasks(connection);
			keys.removeAll(others);
			assertThat(keys).hasSize(1);
			byte[] key = keys.iterator().next().getBytes(StandardCharsets.UTF_8);
			byte[] before = connection.keyCommands().dump(key);
			this.gate.countDown();
			awaitStatus(1, taskId, "completed");

			connection.keyCommands().restore(key, Duration.ofHours(1).toMillis(), before, true);

			assertThat(get(1, taskId)).contains("\"status\":\"working\"");
			// The node that has ended it is asked for it in half a minute
			await().atMost(Duration.ofMinutes(3)).until(() -> status(get(1, taskId)).equals("failed"));
			assertThat(get(2, taskId)).contains("has been lost");
		}
		assertThat(this.runs).hasValue(1);
	}

	private Set<String> tasks(RedisConnection connection) {
		byte[] pattern = (this.redis.keyPrefix() + "*}:t").getBytes(StandardCharsets.UTF_8);
		return connection.keyCommands()
			.keys(pattern)
			.stream()
			.map((key) -> new String(key, StandardCharsets.UTF_8))
			.collect(Collectors.toSet());
	}

	@Test
	void endsEveryTaskOnceWhileANodeDies() throws Exception {
		Map<String, Integer> tasks = new LinkedHashMap<>();
		for (int i = 0; i < TASKS; i++) {
			tasks.put(begin(i % 3, "ask"), i);
		}
		List<String> ids = new ArrayList<>(tasks.keySet());
		for (int i = 0; i < TASKS; i++) {
			if (i == TASKS / 2) {
				this.nodes.get(0).die();
			}
			int node = 1 + i % 2;
			if (i % 4 == 1) {
				send(node, "tasks/cancel", ids.get(i), "");
			}
			else {
				update(node, ids.get(i), "n" + i);
			}
		}

		for (int i = 0; i < TASKS; i++) {
			String taskId = ids.get(i);
			await().atMost(Duration.ofSeconds(60)).until(() -> isOver(get(1, taskId)));
			String end = get(2, taskId);
			assertThat(end).isEqualTo(get(1, taskId));
			boolean onDeadNode = i % 3 == 0;
			if (i % 4 == 1) {
				assertThat(status(end)).isIn("cancelled", onDeadNode ? "failed" : "cancelled");
			}
			else if (onDeadNode) {
				assertThat(end).containsAnyOf("done for n" + i, "has gone");
			}
			else {
				assertThat(end).contains("done for n" + i);
			}
		}
		assertThat(this.runs).hasValue(TASKS);
	}

	private static boolean isOver(String answer) {
		return !List.of("working", "input_required").contains(status(answer));
	}

	private static String status(String answer) {
		return find(STATUS, answer);
	}

	private static String find(Pattern pattern, String text) {
		Matcher matcher = pattern.matcher(text);
		assertThat(matcher.find()).as(text).isTrue();
		return matcher.group(1);
	}

	private void awaitStatus(int node, String taskId, String status) {
		await().atMost(Duration.ofSeconds(30)).until(() -> status(get(node, taskId)).equals(status));
	}

	private String begin(int node, String how) throws Exception {
		try (Exchange exchange = ModernPost.call(this.nodes.get(node).client(), "work", "{\"how\":\"" + how + "\"}")
			.field("clientCapabilities", CAPABILITIES)
			.send()) {
			return find(TASK_ID, exchange.body());
		}
	}

	private String get(int node, String taskId) throws Exception {
		return send(node, "tasks/get", taskId, "");
	}

	private String update(int node, String taskId, String name) throws Exception {
		awaitStatus(node, taskId);
		return send(node, "tasks/update", taskId,
				",\"inputResponses\":{\"elicitation\":{\"action\":\"accept\",\"content\":{\"name\":\"" + name
						+ "\"}}}");
	}

	// A tool asks a moment after its call has become a task
	private void awaitStatus(int node, String taskId) {
		await().atMost(Duration.ofSeconds(30)).until(() -> !status(get(node, taskId)).equals("working"));
	}

	private String send(int node, String method, String taskId, String members) throws Exception {
		try (Exchange exchange = new ModernPost(this.nodes.get(node).client(), method,
				"\"taskId\":\"" + taskId + "\"" + members)
			.header("Mcp-Name", taskId)
			.field("clientCapabilities", CAPABILITIES)
			.send()) {
			return exchange.body();
		}
	}

}

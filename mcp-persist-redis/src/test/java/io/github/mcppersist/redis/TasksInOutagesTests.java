package io.github.mcppersist.redis;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.task.RunningTask;
import io.github.mcppersist.task.TaskOptions;
import io.github.mcppersist.task.TaskPolicy;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tasks that are in the middle of one thing each while Redis fails: what their clients
 * see on another node than the one that runs them, and what becomes of them.
 */
@Timeout(600)
@NeedsRedis
class TasksInOutagesTests {

	private static final String CAPABILITIES = "{\"elicitation\":{},\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}";

	private static final Pattern TASK_ID = Pattern.compile("\"taskId\":\"([^\"]*)\"");

	private static final Pattern STATUS = Pattern.compile("\"status\":\"([^\"]*)\"");

	/**
	 * What a tool does once the gate is open, or at once.
	 */
	private static final List<String> STEPS = List.of("ask", "say", "end", "wait", "answered", "cancelled");

	private final AtomicInteger runs = new AtomicInteger();

	private final AtomicInteger over = new AtomicInteger();

	private final CountDownLatch gate = new CountDownLatch(1);

	private final CountDownLatch end = new CountDownLatch(1);

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	private final Logger logger = (Logger) LoggerFactory.getLogger("io.github.mcppersist.modern");

	private RedisServer server;

	private TestRedis redis;

	private McpNodes nodes;

	@BeforeEach
	void start() throws Exception {
		this.server = RedisServer.start("maxmemory-policy noeviction");
		this.redis = new TestRedis(this.server.uri());
		StreamableHttpOptions options = StreamableHttpOptions.builder()
			.modern(ModernOptions.builder()
				.heartbeatInterval(Duration.ofMillis(200))
				.tasks(TaskOptions.builder()
					.when(TaskPolicy.SUPPORTED)
					.tool("required", TaskPolicy.REQUIRED)
					.pollInterval(Duration.ofMillis(10))
					.build())
				.build())
			.build();
		this.nodes = McpNodes.start(this.redis, 2, options, Duration.ofHours(1));
		for (int node = 0; node < 2; node++) {
			for (String tool : List.of("work", "required")) {
				this.nodes.get(node).server.addTool(SyncToolSpecification.builder()
					.tool(Tool.builder(tool, Map.of("type", "object")).build())
					.callHandler((exchange, request) -> work(exchange, String.valueOf(request.arguments().get("how"))))
					.build());
			}
		}
		this.log.start();
		this.logger.addAppender(this.log);
	}

	@AfterEach
	void stop() throws Exception {
		this.logger.detachAppender(this.log);
		this.gate.countDown();
		this.end.countDown();
		this.nodes.close();
		this.redis.close();
		this.server.close();
	}

	private CallToolResult work(McpSyncServerExchange exchange, String how) {
		this.runs.incrementAndGet();
		try {
			if (List.of("ask", "say", "end").contains(how)) {
				this.gate.await();
			}
			String text = switch (how) {
				case "ask", "answered",
						"cancelled" ->
					"done for " + exchange
						.createElicitation(ElicitRequest.builder("Who?", Map.of("type", "object")).build())
						.content()
						.get("name");
				case "say", "wait" -> {
					if (how.equals("say")) {
						RunningTask.of(exchange).setStatusMessage("half of it");
					}
					this.end.await();
					yield "done";
				}
				default -> "done";
			};
			return CallToolResult.builder().addTextContent(text).build();
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
		finally {
			this.over.incrementAndGet();
		}
	}

	@ParameterizedTest
	@EnumSource
	void aCallThatCanNotBecomeATaskStaysOnItsConnectionOrIsRefused(RedisOutage outage) throws Exception {
		outage.begin(this.server);

		Answer plain = call("work", "end", this.gate::countDown);
		Answer refused = call("required", "end", () -> {
		});
		outage.end(this.server);

		assertThat(plain.body()).contains("done").doesNotContain("taskId");
		assertThat(refused.body()).contains("must be a task");
		assertThat(this.runs).hasValue(1);
		await().until(() -> TASK_ID.matcher(call("required", "end", () -> {
		}).body()).find());
		await().until(() -> tasks() == 0);
		assertThat(noted()).isEmpty();
	}

	@ParameterizedTest
	@EnumSource
	void eachTaskGoesOnBehindAnOutageWhateverItWasAbout(RedisOutage outage) throws Exception {
		Map<String, String> tasks = begin();
		CompletableFuture<Map<String, String>> heard = listen(tasks);
		outage.begin(this.server);
		this.gate.countDown();

		assertThat(update(tasks.get("answered")).body()).contains("-32603").contains("repeat the request");
		// To cancel a task makes room
		boolean cancels = outage == RedisOutage.OUT_OF_MEMORY;
		assertThat(cancel(tasks.get("cancelled")).body()).contains(cancels ? "\"complete\"" : "repeat the request");
		assertThat(get(tasks.get("wait")).body()).containsAnyOf("repeat the request", "\"status\":\"working\"");
		// What tools do is tried again and again meanwhile
		await().during(Duration.ofSeconds(1)).until(() -> tasks() == STEPS.size() - (cancels ? 1 : 0));
		outage.end(this.server);

		if (outage.losesData()) {
			expectLost(tasks);
			return;
		}
		repeat(() -> update(tasks.get("answered")));
		repeat(() -> cancel(tasks.get("cancelled")));
		await().until(() -> status(tasks.get("ask")).equals("input_required"));
		repeat(() -> update(tasks.get("ask")));
		await().until(() -> get(tasks.get("say")).body().contains("half of it"));
		this.end.countDown();
		for (String step : STEPS) {
			String end = step.equals("cancelled") ? "cancelled" : "completed";
			await().until(() -> status(tasks.get(step)).equals(end));
		}
		for (String step : List.of("ask", "answered")) {
			assertThat(get(tasks.get(step)).body()).as(step).contains("done for Bob");
		}
		Map<String, String> last = heard.get();
		tasks.forEach((step, taskId) -> assertThat(last).as(step)
			.containsEntry(taskId, step.equals("cancelled") ? "cancelled" : "completed"));
		assertThat(this.runs).hasValue(STEPS.size());
		await().until(() -> tasks() == 0 && this.over.get() == STEPS.size());
		assertThat(noted()).isEmpty();
	}

	@Test
	void eachTaskIsStoppedWhateverItIsAboutIfRedisIsEmptied() throws Exception {
		Map<String, String> tasks = begin();
		listen(tasks);
		this.server.cli("FLUSHALL");
		this.gate.countDown();

		assertThat(update(tasks.get("answered")).body()).contains("-32602");
		assertThat(cancel(tasks.get("cancelled")).body()).contains("-32602");
		expectLost(tasks);
	}

	private void expectLost(Map<String, String> tasks) {
		for (String taskId : tasks.values()) {
			await().until(() -> get(taskId).body().contains("-32602"));
		}
		await().until(() -> tasks() == 0 && this.over.get() == STEPS.size());
		assertThat(this.runs).hasValue(STEPS.size());
		assertThat(noted()).isEmpty();
	}

	/**
	 * Return what was logged of tasks: an outage is the store's affair, and logged once.
	 */
	private List<String> noted() {
		return List.copyOf(this.log.list)
			.stream()
			.filter((event) -> event.getLevel().isGreaterOrEqual(Level.WARN))
			.map(ILoggingEvent::getFormattedMessage)
			.toList();
	}

	private Map<String, String> begin() throws Exception {
		Map<String, String> tasks = new LinkedHashMap<>();
		for (String step : STEPS) {
			Matcher matcher = TASK_ID.matcher(call("work", step, () -> {
			}).body());
			assertThat(matcher.find()).isTrue();
			tasks.put(step, matcher.group(1));
		}
		for (String step : List.of("answered", "cancelled")) {
			await().until(() -> status(tasks.get(step)).equals("input_required"));
		}
		await().until(() -> this.runs.get() == STEPS.size());
		return tasks;
	}

	/**
	 * Listen to tasks on the other node, and again when that is ended.
	 * @return the state that each was told to be in last, when all are over
	 */
	private CompletableFuture<Map<String, String>> listen(Map<String, String> tasks) {
		return OnNodes.async(() -> {
			Map<String, String> last = new LinkedHashMap<>();
			while (last.size() < tasks.size() || last.values().stream().anyMatch(TasksInOutagesTests::isRunning)) {
				String ids = "\"" + String.join("\",\"", tasks.values()) + "\"";
				try (Exchange exchange = new ModernPost(this.nodes.get(1).client(), "subscriptions/listen",
						"\"notifications\":{\"taskIds\":[" + ids + "]}")
					.field("clientCapabilities", CAPABILITIES)
					.send()) {
					for (SseEvent event = exchange.next(); event != null; event = exchange.next()) {
						Matcher task = TASK_ID.matcher(event.data());
						Matcher status = STATUS.matcher(event.data());
						if (task.find() && status.find()) {
							String before = last.put(task.group(1), status.group(1));
							assertThat(before == null || isRunning(before) || before.equals(status.group(1))).isTrue();
						}
						if (last.size() == tasks.size()
								&& last.values().stream().noneMatch(TasksInOutagesTests::isRunning)) {
							return last;
						}
					}
				}
			}
			return last;
		});
	}

	private static boolean isRunning(String status) {
		return List.of("working", "input_required").contains(status);
	}

	private int tasks() {
		return this.nodes.get(0).endpoint.statistics().tasks();
	}

	private String status(String taskId) throws IOException {
		Matcher status = STATUS.matcher(get(taskId).body());
		return status.find() ? status.group(1) : "";
	}

	private void repeat(Request request) {
		await().until(() -> request.send().status() == 200);
	}

	private Answer call(String tool, String how, Runnable meanwhile) throws IOException {
		CompletableFuture<Answer> answer = OnNodes.async(() -> {
			try (Exchange exchange = ModernPost.call(this.nodes.get(0).client(), tool, "{\"how\":\"" + how + "\"}")
				.field("clientCapabilities", CAPABILITIES)
				.send()) {
				return new Answer(exchange.status(), exchange.body());
			}
		});
		meanwhile.run();
		return answer.join();
	}

	private Answer get(String taskId) throws IOException {
		return send("tasks/get", taskId, "");
	}

	private Answer cancel(String taskId) throws IOException {
		return send("tasks/cancel", taskId, "");
	}

	private Answer update(String taskId) throws IOException {
		return send("tasks/update", taskId,
				",\"inputResponses\":{\"elicitation\":{\"action\":\"accept\",\"content\":{\"name\":\"Bob\"}}}");
	}

	private Answer send(String method, String taskId, String members) throws IOException {
		try (Exchange exchange = new ModernPost(this.nodes.get(1).client(), method,
				"\"taskId\":\"" + taskId + "\"" + members)
			.header("Mcp-Name", taskId)
			.field("clientCapabilities", CAPABILITIES)
			.send()) {
			return new Answer(exchange.status(), exchange.body());
		}
	}

	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofMinutes(2));
	}

	/**
	 * Is made again as long as it is refused.
	 */
	@FunctionalInterface
	private interface Request {

		Answer send() throws IOException;

	}

	/**
	 * What a client is answered.
	 */
	private record Answer(int status, String body) {
	}

}

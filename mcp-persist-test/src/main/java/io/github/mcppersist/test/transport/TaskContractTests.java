package io.github.mcppersist.test.transport;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.ProgressNotification;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.observe.TaskOutcome;
import io.github.mcppersist.task.RunningTask;
import io.github.mcppersist.task.TaskOptions;
import io.github.mcppersist.task.TaskPolicy;
import io.github.mcppersist.test.observe.RecordingObserver;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Calls that outlive their connection (MCP extension
 * {@code io.modelcontextprotocol/tasks}), over real sockets, behind any adapter.
 */
public abstract class TaskContractTests extends AbstractModernTests {

	private static final Map<String, Object> ANY = Map.of("type", "object");

	private static final String TASKS = "{\"elicitation\":{},\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}";

	private final RecordingObserver observer = new RecordingObserver();

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		builder.observer(this.observer);
	}

	private void start(TaskPolicy when) throws Exception {
		start(ModernOptions.builder()
			.heartbeatInterval(Duration.ofMillis(50))
			.tasks(TaskOptions.builder().when(when).after(Duration.ofMillis(300)).build()));
	}

	@Test
	void outlivesItsConnection() throws Exception {
		start(TaskPolicy.AFTER);
		CountDownLatch gate = new CountDownLatch(1);
		addTool("slow", ANY, (exchange, request) -> {
			awaitLatch(gate);
			exchange.progressNotification(new ProgressNotification("p", 1, 2.0, "half"));
			return text("done");
		});
		String taskId;
		try (Exchange exchange = call("slow", "{}").meta("progressToken", "\"p\"")
			.field("clientCapabilities", TASKS)
			.send()) {
			taskId = taskId(exchange);
		}
		assertThat(state(taskId)).containsEntry("status", "working");

		gate.countDown();

		await().until(() -> "completed".equals(state(taskId).get("status")));
		assertThat(at(state(taskId), "result").toString()).contains("done");
		awaitNothingRuns();
		await().until(() -> !this.observer.tasks.isEmpty());
		assertThat(this.observer.tasks).containsExactly(TaskOutcome.COMPLETED);
		assertThat(this.observer.tasksCreated).hasValue(1);
	}

	@Test
	void answersOnItsConnectionWhatIsQuick() throws Exception {
		start(ModernOptions.builder().tasks(TaskOptions.builder().when(TaskPolicy.AFTER).build()));
		addTool("quick", ANY, (exchange, request) -> text("quick " + RunningTask.of(exchange).isTask()));

		try (Exchange exchange = call("quick", "{}").field("clientCapabilities", TASKS).send()) {
			assertThat(exchange.header("Content-Type")).startsWith("application/json");
			assertThat(exchange.body()).contains("quick false").doesNotContain("taskId");
		}
	}

	@Test
	void asksItsClientThroughItsState() throws Exception {
		start(TaskPolicy.SUPPORTED);
		addTool("greet", ANY, (exchange, request) -> {
			RunningTask.of(exchange).setStatusMessage("about to ask");
			return text("Hello "
					+ exchange.createElicitation(ElicitRequest.builder("Who?", ANY).build()).content().get("name"));
		});
		String taskId = begin("greet");

		await().until(() -> "input_required".equals(state(taskId).get("status")));
		assertThat(state(taskId)).containsEntry("statusMessage", "about to ask");
		assertThat(at(state(taskId), "inputRequests", "elicitation", "params", "message")).isEqualTo("Who?");
		try (Exchange exchange = request("tasks/update", taskId,
				",\"inputResponses\":{\"elicitation\":{\"action\":\"accept\",\"content\":{\"name\":\"Bob\"}}}")
			.send()) {
			assertThat(exchange.status()).isEqualTo(200);
		}

		await().until(() -> "completed".equals(state(taskId).get("status")));
		assertThat(at(state(taskId), "result").toString()).contains("Hello Bob");
	}

	@Test
	void interruptsAToolThatIsCancelled() throws Exception {
		start(TaskPolicy.SUPPORTED);
		CountDownLatch begun = new CountDownLatch(1);
		CountDownLatch interrupted = new CountDownLatch(1);
		addTool("stuck", ANY, (exchange, request) -> {
			begun.countDown();
			try {
				new CountDownLatch(1).await();
			}
			catch (InterruptedException ex) {
				interrupted.countDown();
			}
			return text("late");
		});
		String taskId = begin("stuck");
		awaitLatch(begun);

		try (Exchange exchange = request("tasks/cancel", taskId, "").send()) {
			assertThat(exchange.status()).isEqualTo(200);
		}

		assertThat(interrupted.await(30, TimeUnit.SECONDS)).isTrue();
		assertThat(state(taskId)).containsEntry("status", "cancelled").doesNotContainKey("result");
		awaitNothingRuns();
	}

	@Test
	void tellsWhoListens() throws Exception {
		start(TaskPolicy.SUPPORTED);
		CountDownLatch gate = new CountDownLatch(1);
		addTool("slow", ANY, (exchange, request) -> {
			awaitLatch(gate);
			return text("done");
		});
		String taskId = begin("slow");

		try (Exchange listening = request("subscriptions/listen",
				"\"notifications\":{\"taskIds\":[\"" + taskId + "\",\"made-up\"]}")
			.field("clientCapabilities", TASKS)
			.send()) {
			assertThat(at(json(listening.next().data()), "params", "notifications"))
				.isEqualTo(Map.of("taskIds", List.of(taskId)));
			assertThat(at(json(listening.next().data()), "params", "status")).isEqualTo("working");
			gate.countDown();
			Map<String, Object> notification = json(listening.next().data());
			assertThat(notification).containsEntry("method", "notifications/tasks");
			assertThat(at(notification, "params", "status")).isEqualTo("completed");
			assertThat(at(notification, "params", "result").toString()).contains("done");
		}
		await().until(() -> endpoint().statistics().runningRequests() == 0);
	}

	@Test
	void keepsALargeResultForAClientThatTakesItSlowly() throws Exception {
		start(TaskPolicy.SUPPORTED);
		String large = "x".repeat(20_000_000);
		addTool("large", ANY, (exchange, request) -> text(large));
		String taskId = begin("large");
		await().until(() -> this.observer.tasks.size() == 1);
		client().stalling();

		try (Exchange exchange = request("tasks/get", taskId, "").send()) {
			assertThat(exchange.header("Content-Type")).startsWith("application/json");
			assertThat(exchange.header("Cache-Control")).contains("no-store");
			assertThat(Long.parseLong(exchange.header("Content-Length"))).isGreaterThan(large.length());
			assertThat(exchange.body()).hasSizeGreaterThan(large.length()).contains(large);
		}
		awaitNothingRuns();
	}

	@Test
	void knowsNoTaskOfSomebodyElse() throws Exception {
		start(TaskPolicy.SUPPORTED);
		addTool("quick", ANY, (exchange, request) -> text("done"));
		String taskId;
		try (Exchange exchange = ModernPost.call(client().user("alice"), "quick", "{}")
			.field("clientCapabilities", TASKS)
			.send()) {
			taskId = taskId(exchange);
		}

		for (RawMcpClient other : new RawMcpClient[] { client(), client().user("bob") }) {
			try (Exchange exchange = request(other, "tasks/get", taskId, "").send()) {
				assertThat(exchange.status()).isEqualTo(400);
				assertThat(exchange.body()).contains("-32602").contains("unknown, or has expired");
			}
		}
		try (Exchange exchange = request(client().user("alice"), "tasks/get", taskId, "").send()) {
			assertThat(exchange.status()).isEqualTo(200);
		}
	}

	private String begin(String tool) throws Exception {
		try (Exchange exchange = call(tool, "{}").field("clientCapabilities", TASKS).send()) {
			return taskId(exchange);
		}
	}

	// A stream if it has taken longer than a heartbeat
	private static String taskId(Exchange exchange) throws Exception {
		boolean whole = String.valueOf(exchange.header("Content-Type")).startsWith("application/json");
		Map<String, Object> answer = whole ? json(exchange) : json(Objects.requireNonNull(exchange.next()).data());
		assertThat(at(answer, "result", "resultType")).as(answer.toString()).isEqualTo("task");
		return String.valueOf(at(answer, "result", "taskId"));
	}

	@SuppressWarnings("unchecked")
	private Map<String, Object> state(String taskId) throws Exception {
		try (Exchange exchange = request("tasks/get", taskId, "").send()) {
			Map<String, Object> answer = json(exchange);
			assertThat(exchange.status()).as(answer.toString()).isEqualTo(200);
			return (Map<String, Object>) answer.get("result");
		}
	}

	private ModernPost request(String method, String taskId, String members) {
		return request(client(), method, taskId, members);
	}

	private static ModernPost request(RawMcpClient client, String method, String taskId, String members) {
		return new ModernPost(client, method, "\"taskId\":\"" + taskId + "\"" + members).header("Mcp-Name", taskId)
			.field("clientCapabilities", TASKS);
	}

	private static void awaitLatch(CountDownLatch latch) {
		try {
			assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private void awaitNothingRuns() {
		await().until(() -> endpoint().statistics().runningRequests() == 0 && endpoint().statistics().tasks() == 0);
	}

}

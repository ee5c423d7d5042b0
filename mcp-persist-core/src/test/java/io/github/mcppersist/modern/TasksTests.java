package io.github.mcppersist.modern;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.ListToolsResult;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.LoggingMessageNotification;
import io.modelcontextprotocol.spec.McpSchema.ProgressNotification;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.util.context.Context;

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.Era;
import io.github.mcppersist.observe.NoTask;
import io.github.mcppersist.observe.ParkedCallOutcome;
import io.github.mcppersist.observe.TaskOutcome;
import io.github.mcppersist.stream.ManualThreads;
import io.github.mcppersist.task.RunningTask;
import io.github.mcppersist.task.StoredTask;
import io.github.mcppersist.task.TaskNames;
import io.github.mcppersist.task.TaskOptions;
import io.github.mcppersist.task.TaskPolicy;
import io.github.mcppersist.task.TaskStatus;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.task.TaskStoreRefusedException;
import io.github.mcppersist.task.TaskStoreUnavailableException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * Calls that become tasks, on two nodes over one store: one step after the other, in the
 * order that the test decides.
 */
class TasksTests {

	private static final McpJsonMapper JSON = McpJsonDefaults.getMapper();

	private static final String TASKS = "{\"elicitation\":{},\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}";

	private static final Duration AFTER = Duration.ofSeconds(5);

	private static final Duration SETTLED = Duration.ofMillis(20);

	private static final Duration A_SECOND = Duration.ofSeconds(1);

	/**
	 * How often a node looks at what it knows of a task.
	 */
	private static final Duration LOOK = Duration.ofSeconds(30);

	private static final Duration TWO_LOOKS = LOOK.multipliedBy(2).plusSeconds(2);

	/**
	 * More than half of what one principal may be yet to take.
	 */
	private static final String LARGE = "x".repeat(300_000);

	private static final TaskStoreUnavailableException OUTAGE = new TaskStoreUnavailableException("out of reach");

	private final ManualThreads threads = new ManualThreads();

	private final FaultyTaskStore store = new FaultyTaskStore(this.threads);

	private final AtomicInteger runs = new AtomicInteger();

	private final AtomicInteger disposed = new AtomicInteger();

	private final AtomicInteger created = new AtomicInteger();

	private final AtomicInteger orphans = new AtomicInteger();

	private final List<TaskOutcome> outcomes = new ArrayList<>();

	private final List<ParkedCallOutcome> parkedCalls = new ArrayList<>();

	private final List<NoTask> notCreated = new ArrayList<>();

	private final Sinks.One<String> gate = Sinks.one();

	/**
	 * How many messages nodes have sent to one another.
	 */
	private int told;

	/**
	 * What the tool does.
	 */
	private Function<McpAsyncServerExchange, Mono<String>> tool = (exchange) -> waiting();

	private final Node first = new Node();

	private final Node second = new Node();

	@AfterEach
	void leavesNothingBehind() {
		for (Node node : List.of(this.first, this.second)) {
			assertThat(node.handler.running()).isZero();
			assertThat(node.handler.parked()).isZero();
			assertThat(node.handler.tasks()).isZero();
		}
	}

	private Mono<String> waiting() {
		return this.gate.asMono().doOnCancel(this.disposed::incrementAndGet);
	}

	private static Mono<Void> tellProgress(McpAsyncServerExchange exchange) {
		return exchange.progressNotification(new ProgressNotification("p", 0.5, 1.0, null));
	}

	private static Mono<Void> tellProgress(McpAsyncServerExchange exchange, String token, String message) {
		return exchange.progressNotification(new ProgressNotification(token, 0.5, 1.0, message));
	}

	private Mono<String> ask(McpAsyncServerExchange exchange, String question) {
		return exchange.createElicitation(ElicitRequest.builder(question, Map.of("type", "object")).build())
			.map((result) -> String.valueOf(Objects.requireNonNull(result.content()).get("name")))
			.doOnCancel(this.disposed::incrementAndGet);
	}

	// When

	@Test
	void becomesATaskFromItsBeginning() {
		RecordingReply reply = this.first.call("supported");

		Map<String, Object> task = result(reply);
		assertThat(task).containsEntry("resultType", "task")
			.containsEntry("status", "working")
			.containsEntry("ttlMs", 3_600_000)
			.containsEntry("pollIntervalMs", 1000)
			.containsKeys("taskId", "createdAt", "lastUpdatedAt")
			.doesNotContainKeys("result", "error", "inputRequests", "requestState");
		assertThat(this.runs).hasValue(1);
		assertThat(get(this.second, task)).containsEntry("status", "working").containsEntry("resultType", "complete");

		this.gate.tryEmitValue("done");

		assertThat(get(this.second, task)).containsEntry("status", "completed");
		assertThat(get(this.second, task).get("result").toString()).contains("done").contains("resultType=complete");
		assertThat(this.created).hasValue(1);
		assertThat(this.outcomes).containsExactly(TaskOutcome.COMPLETED);
		assertThat(this.parkedCalls).isEmpty();
		assertThat(this.store.shown()).extracting(StoredTask::tool).containsExactly("supported");
	}

	@Test
	void costsTwoCallsOfTheStoreAndEachQuestionOfItsClientOne() {
		Map<String, Object> task = result(this.first.call("supported"));
		this.gate.tryEmitValue("done");
		assertThat(this.store.calls).isEqualTo(2);

		assertThat(get(this.second, task)).containsEntry("status", "completed");
		assertThat(this.store.calls).isEqualTo(3);
	}

	@Test
	void isStoredBeforeItIsAnsweredAndBegun() {
		Sinks.Empty<Void> stored = Sinks.empty();
		this.store.way = stored.asMono();
		RecordingReply reply = this.first.call("supported");
		assertThat(reply.answers).isZero();
		assertThat(this.runs).hasValue(0);

		this.store.way = Mono.empty();
		stored.tryEmitEmpty();

		assertThat(this.runs).hasValue(1);
		end(result(reply));
	}

	@ParameterizedTest
	@ValueSource(strings = { "supported", "required" })
	void isRefusedBeforeItsClientKnowsATaskThatNothingRuns(String tool) {
		this.threads.refuse();
		RecordingReply reply = this.first.call(tool);

		assertThat(reply.status).isEqualTo(503);
		assertThat(error(reply).get("message").toString()).contains("too many requests");
		assertThat(this.store.shown()).extracting(StoredTask::status).containsExactly(TaskStatus.CANCELLED);
		assertThat(this.runs).hasValue(0);
		assertThat(this.outcomes).containsExactly(TaskOutcome.FAILED);
	}

	@Test
	void failsIfItIsRefusedAfterItsClientWasToldOfIt() {
		this.threads.refuseLate();
		Map<String, Object> task = result(this.first.call("supported"));

		assertThat(get(this.second, task)).containsEntry("status", "failed")
			.hasEntrySatisfying("statusMessage",
					(message) -> assertThat(message.toString()).contains("too many requests"));
		assertThat(this.runs).hasValue(0);
		assertThat(this.outcomes).containsExactly(TaskOutcome.FAILED);
	}

	@Test
	void becomesATaskOnceItTakesLonger() {
		RecordingReply quick = this.first.call("after");
		this.threads.pass(AFTER.minusMillis(1));
		assertThat(quick.ended).isFalse();

		this.threads.pass(A_SECOND);
		quick.read();

		Map<String, Object> task = result(quick);
		assertThat(task).containsEntry("resultType", "task");
		this.gate.tryEmitValue("late");
		assertThat(get(this.second, task).get("result").toString()).contains("late");
	}

	@Test
	void answersOnItsConnectionWhatIsQuickEnough() {
		RecordingReply reply = this.first.call("after");
		this.threads.pass(Duration.ofSeconds(4));
		this.gate.tryEmitValue("quick");
		this.threads.pass(AFTER);

		assertThat(reply.body.toString()).contains("quick").doesNotContain("taskId");
		assertThat(this.store.calls).isZero();
	}

	@Test
	void neverBecomesATaskForAClientThatHasNotSaidItCan() {
		for (String tool : List.of("supported", "after")) {
			RecordingReply reply = this.first.send("tools/call", tool, "\"name\":\"" + tool + "\"", "{}");
			this.threads.pass(AFTER.plus(A_SECOND));
			reply.read();
			assertThat(reply.body.toString()).doesNotContain("taskId");
		}
		this.gate.tryEmitValue("done");
		assertThat(this.store.calls).isZero();
	}

	@Test
	void refusesWhatMustBeATaskToAClientThatHasNotSaidItCan() {
		RecordingReply reply = this.first.send("tools/call", "required", "\"name\":\"required\"", "{}");

		assertThat(reply.status).isEqualTo(400);
		assertThat(error(reply)).containsEntry("code", -32021)
			.containsEntry("data", Map.of("requiredCapabilities",
					Map.of("extensions", Map.of("io.modelcontextprotocol/tasks", Map.of()))));
		assertThat(this.runs).hasValue(0);
	}

	@Test
	void tellsClientsOfTheExtension() {
		assertThat(this.first.send("server/discover", null, "", "{}").body.toString())
			.contains("\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}");
	}

	@ParameterizedTest
	@ValueSource(strings = { "tasks/get", "tasks/update", "tasks/cancel" })
	void refusesWhatIsOfTasksToAClientThatHasNotSaidItCan(String method) {
		RecordingReply reply = this.first.send(method, "t", "\"taskId\":\"t\",\"inputResponses\":{}", "{}");

		assertThat(reply.status).isEqualTo(400);
		assertThat(error(reply)).containsEntry("code", -32021);
	}

	@ParameterizedTest
	@ValueSource(strings = { "tasks/list", "tasks/result" })
	void knowsNoMethodsOfOlderTasks(String method) {
		assertThat(this.first.send(method, null, "\"taskId\":\"t\"", TASKS).status).isEqualTo(404);
	}

	@Test
	void isReachedOnANodeThatMakesNoTasks() {
		Node third = new Node(TaskOptions.builder().when(TaskPolicy.NEVER).build());
		this.tool = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		Map<String, Object> task = result(this.first.call("supported"));

		assertThat(get(third, task)).containsEntry("status", "input_required");
		assertThat(third.update(task, "elicitation", "a").status).isEqualTo(200);
		assertThat(get(third, task)).containsEntry("status", "working");
		assertThat(third.cancel(task).status).isEqualTo(200);
		assertThat(get(third, task)).containsEntry("status", "cancelled");
		assertThat(third.send("server/discover", null, "", "{}").body.toString()).doesNotContain("extensions");
		assertThat(third.send("tasks/get", id(task), "\"taskId\":\"" + id(task) + "\"", "{}").status).isEqualTo(404);
	}

	// Input

	@Test
	void asksItsClientThroughItsState() {
		this.tool = (exchange) -> ask(exchange, "First?")
			.flatMap((one) -> ask(exchange, "Second?").map((other) -> one + other));
		Map<String, Object> task = result(this.first.call("supported"));

		Map<String, Object> asked = get(this.second, task);
		assertThat(asked).containsEntry("status", "input_required").doesNotContainKey("requestState");
		assertThat(asked.get("inputRequests").toString()).contains("elicitation=").contains("First?");
		assertThat(result(this.second.update(task, "elicitation", "a"))).containsEntry("resultType", "complete")
			.containsOnlyKeys("resultType", "_meta");
		// Not again, under a key of its own
		assertThat(get(this.second, task).get("inputRequests").toString()).contains("elicitation-2=")
			.contains("Second?")
			.doesNotContain("First?");
		this.second.update(task, "elicitation", "late");
		this.second.update(task, "unknown", "x");
		this.first.update(task, "elicitation-2", "b");

		assertThat(get(this.second, task).get("result").toString()).contains("ab");
	}

	@Test
	void needsNoPlaceAmongParkedCallsForWhatItAsksWhileItIsStored() {
		Sinks.Empty<Void> stored = Sinks.empty();
		this.tool = (exchange) -> waiting().then(ask(exchange, "First?"));
		RecordingReply reply = this.first.call("after");
		fillPlaces(() -> {
			this.store.way = stored.asMono();
			this.threads.pass(AFTER.plus(A_SECOND));
			this.gate.tryEmitValue("go on");
			this.threads.pass(A_SECOND.multipliedBy(2));
			this.store.way = Mono.empty();
			stored.tryEmitEmpty();
			reply.read();
		});

		Map<String, Object> task = result(reply);
		assertThat(get(this.second, task).get("inputRequests").toString()).contains("First?");
		this.second.update(task, "elicitation", "a");
		assertThat(get(this.second, task).get("result").toString()).contains("a");
		assertThat(this.parkedCalls).containsOnly(ParkedCallOutcome.COMPLETED).hasSize(Node.MAX_PARKED);
	}

	@Test
	void asksByRoundsWhatItHasAskedWhileItCouldNotBeStored() {
		Sinks.Empty<Void> stored = Sinks.empty();
		this.tool = (exchange) -> waiting().then(ask(exchange, "First?"));
		RecordingReply reply = this.first.call("after");
		this.store.way = stored.asMono();
		this.threads.pass(AFTER.plus(A_SECOND));
		this.gate.tryEmitValue("go on");
		this.store.way = Mono.empty();
		stored.tryEmitError(OUTAGE);
		this.threads.pass(SETTLED);
		reply.read();

		assertThat(reply.body.toString()).contains("First?", "requestState");
		assertThat(this.first.handler.parked()).isOne();
		RecordingReply retry = this.first.retry("after", result(reply).get("requestState"), "elicitation", "a");
		assertThat(result(retry).get("content").toString()).contains("a");
		assertThat(this.parkedCalls).containsExactly(ParkedCallOutcome.COMPLETED);
	}

	@Test
	void isRefusedIfItHasAskedWhileItCouldNotBeStoredAndThereIsNoPlace() {
		Sinks.Empty<Void> stored = Sinks.empty();
		this.tool = (exchange) -> waiting().then(ask(exchange, "First?"));
		RecordingReply reply = this.first.call("after");
		fillPlaces(() -> {
			this.store.way = stored.asMono();
			this.threads.pass(AFTER.plus(A_SECOND));
			this.gate.tryEmitValue("go on");
			this.store.way = Mono.empty();
			stored.tryEmitError(OUTAGE);
			reply.read();
		});

		assertThat(error(reply).get("message").toString()).contains("wait for its input");
		assertThat(this.disposed).hasPositiveValue();
	}

	/**
	 * Do something while there is no place for another call that asks by rounds.
	 */
	private void fillPlaces(Runnable meanwhile) {
		Function<McpAsyncServerExchange, Mono<String>> tool = this.tool;
		this.tool = (exchange) -> ask(exchange, "Other?");
		List<RecordingReply> parked = IntStream.range(0, Node.MAX_PARKED)
			.mapToObj((i) -> this.first.call("never"))
			.toList();
		this.threads.pass(SETTLED);
		this.tool = tool;
		meanwhile.run();
		for (RecordingReply reply : parked) {
			reply.read();
			this.first.retry("never", result(reply).get("requestState"), "elicitation", "a");
		}
	}

	@Test
	void keepsAskingWhatIsNotAnsweredYet() {
		this.tool = (exchange) -> Mono.zip(ask(exchange, "A?"), ask(exchange, "B?"))
			.map((all) -> all.getT1() + all.getT2());
		Map<String, Object> task = result(this.first.call("supported"));
		assertThat(get(this.second, task).get("inputRequests").toString()).contains("A?").contains("B?");

		this.second.update(task, "elicitation", "1");

		assertThat(get(this.second, task)).containsEntry("status", "input_required");
		assertThat(get(this.second, task).get("inputRequests").toString()).contains("B?").doesNotContain("A?");
		this.second.update(task, "elicitation-2", "2");
		assertThat(get(this.second, task).get("result").toString()).contains("12");
	}

	@Test
	void takesMoreInAnswersThanTheStoreKeepsOfThem() {
		this.tool = (exchange) -> Flux.range(1, 3)
			.flatMap((i) -> ask(exchange, "Large?"))
			.reduce(0, (bytes, answer) -> bytes + answer.length())
			.map(String::valueOf);
		Map<String, Object> task = result(this.first.call("supported"));
		String large = "x".repeat((int) (TaskStore.MAX_INPUT_BYTES / 5 * 2));

		for (String key : List.of("elicitation", "elicitation-2", "elicitation-3")) {
			assertThat(this.second.update(task, key, large).status).isEqualTo(200);
		}

		assertThat(get(this.second, task).get("result").toString()).contains(String.valueOf(3 * large.length()));
		assertThat(this.store.changes).filteredOn((change) -> change.inputRequests().isEmpty())
			.isNotEmpty()
			.allSatisfy((change) -> assertThat(change.settled()).hasSize(1));
	}

	@Test
	void failsIfItAsksTooMuchInItsLife() {
		this.tool = (exchange) -> Flux.range(0, TaskStore.MAX_INPUT_REQUESTS + 1)
			.flatMap((i) -> ask(exchange, "?"), TaskStore.MAX_INPUT_REQUESTS + 1)
			.then(Mono.just("end"));
		Map<String, Object> task = result(this.first.call("supported"));

		assertThat(get(this.second, task)).containsEntry("status", "failed")
			.hasEntrySatisfying("statusMessage",
					(message) -> assertThat(message.toString()).contains("larger than can be stored"));
		assertThat(this.disposed).hasPositiveValue();
	}

	@Test
	void settlesNoSmallAnswersByThemselves() {
		this.tool = (exchange) -> ask(exchange, "First?").then(waiting());
		Map<String, Object> task = result(this.first.call("supported"));
		int changes = this.store.changes.size();
		this.second.update(task, "elicitation", "a");

		assertThat(this.store.changes).hasSize(changes);
		end(task);
	}

	@Test
	void refusesAnswersThatAreNone() {
		this.tool = (exchange) -> ask(exchange, "A?");
		Map<String, Object> task = result(this.first.call("supported"));

		for (String answers : List.of("", ",\"inputResponses\":[]", ",\"inputResponses\":{\"elicitation\":1}",
				",\"inputResponses\":{\"elicitation\":{}}")) {
			RecordingReply reply = this.second.send("tasks/update", id(task),
					"\"taskId\":\"" + id(task) + "\"" + answers, TASKS);
			assertThat(reply.status).as(answers).isEqualTo(400);
			assertThat(error(reply)).containsEntry("code", -32602);
		}
		assertThat(get(this.second, task)).containsEntry("status", "input_required");
		this.second.update(task, "elicitation", "a");
		assertThat(get(this.second, task)).containsEntry("status", "completed");
	}

	@Test
	void asksByRoundsFirstAndBecomesATaskThen() {
		this.tool = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting().map((end) -> name + end));
		RecordingReply asked = this.first.call("after");
		this.threads.pass(SETTLED);
		asked.read();
		assertThat(result(asked)).containsEntry("resultType", "input_required").doesNotContainKey("taskId");
		assertThat(this.store.shown()).isEmpty();
		// However long the client takes
		this.threads.pass(AFTER.multipliedBy(3));

		RecordingReply retry = this.second.retry("after", result(asked).get("requestState"), "elicitation", "a");
		this.threads.pass(AFTER.minusMillis(1));
		assertThat(retry.ended).isFalse();
		this.threads.pass(A_SECOND);
		retry.read();

		Map<String, Object> task = result(retry);
		assertThat(task).containsEntry("resultType", "task")
			.containsKey("taskId")
			.doesNotContainKeys("requestState", "inputRequests");
		assertThat(this.first.handler.parked()).isZero();
		assertThat(this.first.handler.tasks()).isOne();
		assertThat(this.store.shown()).extracting(StoredTask::tool).containsExactly("after");
		assertThat(result(this.first.retry("after", result(asked).get("requestState"), "elicitation", "b")))
			.containsEntry("taskId", task.get("taskId"));
		this.gate.tryEmitValue("!");
		assertThat(get(this.second, task).get("result").toString()).contains("a!");
		assertThat(this.parkedCalls).hasSize(1);
	}

	@Test
	void becomesNoTaskWhileAClientWaitsThatHasNotSaidItCan() {
		this.tool = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting().map((end) -> name + end));
		Object state = askedAfter();

		RecordingReply retry = this.first.retryWithoutTasks(state, "elicitation", "a");
		this.threads.pass(AFTER.multipliedBy(3));
		retry.read();
		assertThat(this.first.handler.tasks()).isZero();
		assertThat(retry.ended).isFalse();

		RecordingReply able = this.first.retry("after", state, "elicitation", "a");
		this.threads.pass(AFTER.plus(A_SECOND));
		able.read();
		assertThat(result(able)).containsEntry("resultType", "task");
		end(result(able));
		retry.read();
		assertThat(result(retry).get("content").toString()).contains("adone");
	}

	@Test
	void isNotCancelledForAClientThatLeavesLongAfterAnotherRequestWasToldOfTheTask() {
		this.tool = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting().map((end) -> name + end));
		Object state = askedAfter();
		RecordingReply retry = this.second.retryWithoutTasks(state, "elicitation", "a");
		this.threads.pass(AFTER.plus(A_SECOND));
		retry.read();
		RecordingReply able = this.first.retry("after", state, "elicitation", "a");
		able.read();
		Map<String, Object> task = result(able);
		assertThat(task).containsEntry("resultType", "task");
		this.threads.pass(Duration.ofSeconds(30));

		retry.close();
		this.threads.pass(Duration.ofSeconds(10));

		assertThat(get(this.second, task)).containsEntry("status", "working");
		end(task);
	}

	@Test
	void isNoTaskToAClientThatWaitsOnAnotherNodeAndHasNotSaidItCan() {
		this.tool = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting().map((end) -> name + end));
		Object state = askedAfter();

		RecordingReply retry = this.second.retryWithoutTasks(state, "elicitation", "a");
		this.threads.pass(AFTER.plus(A_SECOND));
		assertThat(this.first.handler.tasks()).isOne();
		assertThat(retry.ended).isFalse();
		this.gate.tryEmitValue("!");
		retry.read();

		assertThat(result(retry)).containsEntry("resultType", "complete").doesNotContainKey("taskId");
		assertThat(result(retry).get("content").toString()).contains("a!");
		assertThat(result(this.first.retryWithoutTasks(state, "elicitation", "a")).get("content").toString())
			.contains("a!");
	}

	@Test
	void asksAClientByRoundsForWhichItIsNoTask() {
		this.tool = (exchange) -> ask(exchange, "First?").flatMap((first) -> waiting()
			.then(Mono.zip(ask(exchange, "Second?"), ask(exchange, "Third?"), (second, third) -> second + third)));
		Object state = askedAfter();
		RecordingReply retry = this.second.retryWithoutTasks(state, "elicitation", "a");
		this.threads.pass(AFTER.plus(A_SECOND));
		this.gate.tryEmitValue("!");
		retry.read();
		assertThat(result(retry)).containsEntry("resultType", "input_required");
		assertThat(retry.body.toString()).contains("Second?");

		RecordingReply partly = this.second.retryWithoutTasks(result(retry).get("requestState"), "elicitation-2", "b");
		partly.read();
		assertThat(partly.body.toString()).contains("Third?").doesNotContain("Second?");
		RecordingReply last = this.first.retryWithoutTasks(result(partly).get("requestState"), "elicitation-3", "c");
		last.read();

		assertThat(result(last).get("content").toString()).contains("bc");
	}

	@Test
	void isCancelledByAClientForWhichItIsNoTask() {
		this.tool = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		RecordingReply retry = this.second.retryWithoutTasks(askedAfter(), "elicitation", "a");
		this.threads.pass(AFTER.plus(A_SECOND));
		assertThat(this.first.handler.tasks()).isOne();

		retry.read();
		retry.close();
		this.threads.pass(LeftCalls.LIMIT);

		assertThat(this.disposed).hasPositiveValue();
		assertThat(this.outcomes).containsExactly(TaskOutcome.CANCELLED);
	}

	private Object askedAfter() {
		RecordingReply asked = this.first.call("after");
		this.threads.pass(SETTLED);
		asked.read();
		return Objects.requireNonNull(result(asked).get("requestState"));
	}

	@Test
	void endsOnceThatHasTalkedOfItselfBeforeItBecameATaskAndEndsWhileThatIsStored() {
		this.tool = (exchange) -> ask(exchange, "First?").flatMap((name) -> {
			RunningTask.of(exchange).setStatusMessage("half of it");
			return waiting().map((end) -> name + end);
		});
		RecordingReply asked = this.first.call("after");
		this.threads.pass(SETTLED);
		asked.read();
		RecordingReply retry = this.first.retry("after", result(asked).get("requestState"), "elicitation", "a");
		Sinks.Empty<Void> stored = Sinks.empty();
		this.store.gate = stored.asMono();
		this.threads.pass(AFTER.plus(A_SECOND));

		this.gate.tryEmitValue("!");
		this.store.gate = Mono.empty();
		stored.tryEmitEmpty();
		this.threads.pass(A_SECOND);
		retry.read();

		assertThat(get(this.second, result(retry)).get("result").toString()).contains("a!");
		assertThat(this.outcomes).containsExactly(TaskOutcome.COMPLETED);
		assertThat(this.parkedCalls).hasSize(1);
	}

	@Test
	void isCancelledIfItsClientDoesNotAnswerForTooLong() {
		this.tool = (exchange) -> ask(exchange, "First?");
		Map<String, Object> task = result(this.first.call("supported"));

		this.threads.pass(Duration.ofMinutes(59));
		assertThat(this.outcomes).isEmpty();
		this.threads.pass(Duration.ofMinutes(2));

		assertThat(this.outcomes).containsExactly(TaskOutcome.TIMED_OUT);
		assertThat(this.disposed).hasValue(1);
		assertThat(get(this.second, task)).containsEntry("status", "cancelled")
			.hasEntrySatisfying("statusMessage", (message) -> assertThat(message.toString()).contains("in time"));
	}

	@Test
	void waitsForItsClientForAsLongAsItsToolWantsItKept() {
		this.tool = (exchange) -> {
			RunningTask.of(exchange).setTimeToLive(Duration.ofHours(5));
			return ask(exchange, "First?").flatMap((name) -> ask(exchange, "Second?"));
		};
		Map<String, Object> task = result(this.first.call("supported"));

		this.threads.pass(Duration.ofHours(4));
		assertThat(get(this.second, task)).containsEntry("status", "input_required");
		this.second.update(task, "elicitation", "a");
		this.threads.pass(Duration.ofHours(4));
		assertThat(get(this.second, task).get("inputRequests").toString()).contains("Second?");
		this.threads.pass(Duration.ofHours(2));

		assertThat(this.outcomes).containsExactly(TaskOutcome.TIMED_OUT);
	}

	// State

	@Test
	void tellsProgressAsItsStateButNotTooOften() {
		List<McpAsyncServerExchange> exchanges = new ArrayList<>();
		this.tool = (exchange) -> {
			exchanges.add(exchange);
			return waiting();
		};
		Map<String, Object> task = result(this.first.call("supported"));
		int calls = this.store.calls;

		for (int i = 1; i <= 100; i++) {
			exchanges.get(0).progressNotification(new ProgressNotification("p", i, 100.0, "step " + i)).subscribe();
		}
		assertThat(get(this.second, task)).containsEntry("statusMessage", "step 1");
		this.threads.pass(A_SECOND);
		assertThat(get(this.second, task)).containsEntry("statusMessage", "step 100");
		this.threads.pass(A_SECOND.multipliedBy(5));
		assertThat(this.store.calls - calls).isEqualTo(2 + 2);
		end(task);
	}

	@Test
	void tellsProgressFromBeforeItWasATaskWithoutAFurtherCallOfTheStore() {
		this.tool = (exchange) -> tellProgress(exchange, "p", "1 of 2: reading")
			.then(tellProgress(exchange, "another request's", "of something else"))
			.then(waiting());
		RecordingReply reply = this.first.call("after");
		this.threads.pass(AFTER.plus(A_SECOND));
		reply.read();
		Map<String, Object> task = result(reply);
		this.threads.pass(A_SECOND);

		assertThat(reply.body.toString()).contains("notifications/progress").doesNotContain("of something else");
		assertThat(task).containsEntry("statusMessage", "1 of 2: reading");
		assertThat(this.store.calls).isOne();
		assertThat(get(this.second, task)).containsEntry("statusMessage", "1 of 2: reading");
		end(task);
	}

	@Test
	void tellsProgressFromBeforeItWasATaskToAClientThatHasNotAskedForIt() {
		this.tool = (exchange) -> tellProgress(exchange, "made up", "1 of 2: reading").then(waiting());
		this.first.wanted = "";
		RecordingReply reply = this.first.call("after");
		this.threads.pass(AFTER.plus(A_SECOND));
		reply.read();

		assertThat(reply.body.toString()).doesNotContain("notifications/progress");
		assertThat(get(this.second, result(reply))).containsEntry("statusMessage", "1 of 2: reading");
		end(result(reply));
	}

	@Test
	void tellsProgressThatComesWhileItIsStored() {
		List<McpAsyncServerExchange> exchanges = new ArrayList<>();
		this.tool = (exchange) -> {
			exchanges.add(exchange);
			return tellProgress(exchange, "p", "1 of 2: reading").then(waiting());
		};
		RecordingReply reply = this.first.call("after");
		Sinks.Empty<Void> stored = Sinks.empty();
		this.store.way = stored.asMono();
		this.threads.pass(AFTER.plus(A_SECOND));
		tellProgress(exchanges.get(0), "p", "2 of 2: writing").subscribe();
		this.store.way = Mono.empty();
		stored.tryEmitEmpty();
		reply.read();

		assertThat(result(reply)).containsEntry("statusMessage", "1 of 2: reading");
		assertThat(get(this.second, result(reply))).containsEntry("statusMessage", "2 of 2: writing");
		end(result(reply));
	}

	@Test
	void tellsProgressAlthoughItsCreationIsTriedAgain() {
		List<McpAsyncServerExchange> exchanges = new ArrayList<>();
		this.tool = (exchange) -> {
			exchanges.add(exchange);
			return tellProgress(exchange, "p", "1 of 2: reading").then(waiting());
		};
		this.store.way = Mono.error(OUTAGE);
		RecordingReply reply = this.first.call("after");
		this.threads.pass(AFTER.plus(A_SECOND));
		tellProgress(exchanges.get(0), "p", "2 of 2: writing").subscribe();
		this.store.way = Mono.empty();
		this.threads.pass(AFTER);
		reply.read();

		assertThat(get(this.second, result(reply))).containsEntry("statusMessage", "2 of 2: writing");
		end(result(reply));
	}

	@Test
	void tellsTheStoreNothingThatItHasBeenTold() {
		List<RunningTask> tools = new ArrayList<>();
		this.tool = (exchange) -> {
			tools.add(RunningTask.of(exchange));
			return waiting();
		};
		Map<String, Object> task = result(this.first.call("supported"));
		tools.get(0).setStatusMessage("reading");
		int calls = this.store.calls;
		for (String message : List.of("reading", "writing", "reading")) {
			tools.get(0).setStatusMessage(message);
		}
		this.threads.pass(A_SECOND.multipliedBy(3));

		assertThat(this.store.calls).isEqualTo(calls);
		assertThat(get(this.second, task)).containsEntry("statusMessage", "reading");
		end(task);
	}

	@Test
	void dropsWhatHasNoPlaceInIt() {
		List<McpAsyncServerExchange> exchanges = new ArrayList<>();
		this.tool = (exchange) -> {
			exchanges.add(exchange);
			return waiting();
		};
		this.first.wanted += "\"io.modelcontextprotocol/logLevel\":\"debug\",";
		Map<String, Object> task = result(this.first.call("supported"));
		int calls = this.store.calls;

		assertThat(exchanges.get(0)
			.loggingNotification(LoggingMessageNotification.builder(LoggingLevel.ERROR, "a message").build())
			.then(tellProgress(exchanges.get(0)))
			.thenReturn("sent")
			.block()).isEqualTo("sent");
		this.threads.pass(A_SECOND);

		assertThat(this.store.calls).isEqualTo(calls);
		assertThat(get(this.second, task)).containsEntry("status", "working").doesNotContainKey("statusMessage");
		end(task);
	}

	@ParameterizedTest
	@ValueSource(strings = { "never", "supported" })
	void tellsItsToolThatATimeToLiveIsNone(String tool) {
		this.tool = (exchange) -> {
			for (Duration none : List.of(Duration.ZERO, Duration.ofDays(4000))) {
				assertThatIllegalArgumentException().isThrownBy(() -> RunningTask.of(exchange).setTimeToLive(none))
					.withMessageContaining("timeToLive");
			}
			this.disposed.incrementAndGet();
			return Mono.just("told");
		};
		this.first.call(tool);

		assertThat(this.disposed).hasValue(1);
	}

	@Test
	void letsAToolSayHowItGoesOn() {
		List<RunningTask> tools = new ArrayList<>();
		this.tool = (exchange) -> {
			tools.add(RunningTask.of(exchange));
			tools.get(0).setStatusMessage("before it is a task");
			tools.get(0).setTimeToLive(Duration.ofHours(3));
			return waiting();
		};
		RecordingReply reply = this.first.call("after");
		assertThat(tools.get(0).isTask()).isFalse();
		this.threads.pass(AFTER.plus(A_SECOND));
		reply.read();
		Map<String, Object> task = result(reply);

		assertThat(tools.get(0).isTask()).isTrue();
		assertThat(get(this.second, task)).containsEntry("statusMessage", "before it is a task")
			.containsEntry("ttlMs", 3 * 3_600_000);
		tools.get(0).setStatusMessage("x".repeat(5000));
		this.threads.pass(A_SECOND);
		assertThat(get(this.second, task)).containsEntry("statusMessage", "x".repeat(1000));
		// What no store could bring back as it was
		tools.get(0).setStatusMessage("x".repeat(999) + "\ud83d\ude80 and \ud83d");
		this.threads.pass(A_SECOND);
		assertThat(get(this.second, task)).containsEntry("statusMessage", "x".repeat(999) + "?");
		tools.get(0).setTimeToLive(Duration.ofHours(2));
		assertThat(get(this.second, task)).containsEntry("ttlMs", 3 * 3_600_000);
		assertThat(tools.get(0).isCancelled()).isFalse();
		this.second.cancel(task);
		assertThat(tools.get(0).isCancelled()).isTrue();
	}

	@Test
	void doesNothingForAToolWhoseCallIsNoTask() {
		this.tool = (exchange) -> {
			RunningTask.of(exchange).setStatusMessage("to nobody");
			return Mono.just(String.valueOf(RunningTask.of(exchange).isTask()));
		};

		assertThat(this.first.call("never").body.toString()).contains("false");
		assertThat(this.store.calls).isZero();
	}

	@Test
	void failsWithTheErrorOfItsHandler() {
		this.tool = (exchange) -> Mono
			.error(McpError.builder(-32000).message("broken").data(Map.of("reason", "x")).build());
		Map<String, Object> task = result(this.first.call("supported"));

		Map<String, Object> failed = get(this.second, task);
		assertThat(failed).containsEntry("status", "failed")
			.containsEntry("error", Map.of("code", -32000, "message", "broken", "data", Map.of("reason", "x")))
			.containsEntry("statusMessage", "broken")
			.doesNotContainKey("result");
		assertThat(this.outcomes).containsExactly(TaskOutcome.FAILED);
	}

	@Test
	void saysTheBeginningOfALongErrorAsItsStateAndKeepsTheErrorWhole() {
		String error = "x".repeat(999) + "\ud83d\ude80" + "x".repeat(100_000);
		this.tool = (exchange) -> Mono.error(McpError.builder(-32000).message(error).build());
		Map<String, Object> task = result(this.first.call("supported"));

		assertThat(get(this.second, task)).containsEntry("status", "failed")
			.containsEntry("statusMessage", "x".repeat(999) + "?")
			.containsEntry("error", Map.of("code", -32000, "message", error));
		assertThat(this.store.shown()).allSatisfy((shown) -> assertThat(shown.statusMessage()).hasSize(1000));
	}

	@Test
	void failsIfItsHandlerWantsAUrlOpened() {
		this.tool = (exchange) -> Mono.error(McpError.builder(-32042)
			.message("authorize first")
			.data(Map.of("elicitations", List.of(Map.of("mode", "url", "url", "https://example.com/a"))))
			.build());
		Map<String, Object> task = result(this.first.send("tools/call", "supported", "\"name\":\"supported\"",
				TASKS.replace("\"elicitation\":{}", "\"elicitation\":{\"url\":{}}")));

		assertThat(get(this.second, task)).containsEntry("status", "failed")
			.containsEntry("statusMessage", "authorize first");
	}

	@Test
	void failsIfItsHandlerWantsAUrlOpenedJustAsItBecomesATask() {
		McpError error = McpError.builder(-32042)
			.message("authorize first")
			.data(Map.of("elicitations", List.of(Map.of("mode", "url", "url", "https://example.com/a"))))
			.build();
		RecordingReply reply = this.first.send("tools/call", "after", "\"name\":\"after\"",
				TASKS.replace("\"elicitation\":{}", "\"elicitation\":{\"url\":{}}"));
		// Once it is stored, and before that is known
		this.store.way = Mono.<Void>empty().doFinally((signal) -> this.gate.tryEmitError(error));

		this.threads.pass(AFTER.plus(A_SECOND));
		reply.read();

		assertThat(get(this.second, result(reply))).containsEntry("status", "failed")
			.containsEntry("statusMessage", "authorize first");
		assertThat(this.outcomes).containsExactly(TaskOutcome.FAILED);
	}

	@Test
	void isKeptForAsLongAsItsToolHasSaidLast() {
		this.tool = (exchange) -> {
			RunningTask task = RunningTask.of(exchange);
			return waiting().doOnNext((end) -> {
				task.setStatusMessage("nearly");
				task.setTimeToLive(Duration.ofDays(1));
			});
		};
		Map<String, Object> task = result(this.first.call("supported"));
		Sinks.Empty<Void> written = Sinks.empty();
		this.store.way = written.asMono();
		this.gate.tryEmitValue("done");
		this.store.way = Mono.empty();
		written.tryEmitEmpty();

		assertThat(get(this.second, task)).containsEntry("status", "completed").containsEntry("ttlMs", 86_400_000);
	}

	@Test
	void takesOnePlaceHoweverSlowTheStoreIsAndBecomesATaskLater() {
		this.tool = (exchange) -> ask(exchange, "First?").flatMap((name) -> ask(exchange, "Second?"))
			.flatMap((name) -> waiting());
		Sinks.Empty<Void> stored = Sinks.empty();
		RecordingReply asked = this.first.call("after");
		this.store.way = stored.asMono();
		this.threads.pass(SETTLED);
		// The store takes its time, and the limit comes
		this.threads.pass(AFTER.plus(A_SECOND));
		this.store.way = Mono.empty();
		stored.tryEmitEmpty();
		asked.read();
		assertThat(this.first.handler.tasks()).isZero();

		RecordingReply retry = this.second.retry("after", result(asked).get("requestState"), "elicitation", "a");
		this.threads.pass(SETTLED);
		retry.read();
		RecordingReply last = this.second.retry("after", result(retry).get("requestState"), "elicitation-2", "b");
		this.threads.pass(AFTER.plus(A_SECOND));
		last.read();

		end(result(last));
	}

	@Test
	void tellsNobodyWhoseTaskItIs() {
		Map<String, Object> task = result(this.first.call("supported"));

		List<RecordingReply> replies = new ArrayList<>();
		for (String id : List.of(id(task), "made-up", "", " ", "x".repeat(100_000), "\u00e4")) {
			for (String method : List.of("tasks/get", "tasks/update", "tasks/cancel")) {
				replies.add(this.second.sendAs("mallory", method, encoded(id),
						"\"taskId\":\"" + id + "\",\"inputResponses\":{}", TASKS));
			}
		}

		assertThat(replies).allSatisfy((reply) -> {
			assertThat(reply.status).isEqualTo(400);
			assertThat(reply.body.toString()).isEqualTo(replies.get(0).body.toString()).contains("-32602");
		});
		assertThat(get(this.second, task)).containsEntry("status", "working");
		end(task);
	}

	@Test
	void tellsNobodyWhatTheNodesKeepForThemselves() {
		this.tool = (exchange) -> ask(exchange, "First?");
		RecordingReply asked = this.first.call("after");
		this.threads.pass(SETTLED);
		asked.read();

		for (String method : List.of("tasks/get", "tasks/cancel")) {
			for (String id : List.of("request-state-key", "request-state-key-1", "request-state-key-2")) {
				RecordingReply reply = this.second.sendAs(null, method, id, "\"taskId\":\"" + id + "\"", TASKS);
				assertThat(error(reply)).as(method + " " + id).containsEntry("code", -32602);
			}
		}
		RecordingReply retry = this.second.retry("after", result(asked).get("requestState"), "elicitation", "a");
		this.threads.pass(SETTLED);
		retry.read();
		assertThat(result(retry)).containsEntry("resultType", "complete");
	}

	@Test
	void goesOnWhileNobodyCanTellWhetherItsNodeHasComeBack() {
		this.second.nodes.gone.add(this.first.nodes.nodeId());
		this.second.nodes.away = true;
		Map<String, Object> task = result(this.first.call("supported"));

		assertThat(get(this.second, task)).containsEntry("status", "working");

		this.second.nodes.away = false;
		this.threads.pass(Duration.ofSeconds(10));
		assertThat(get(this.second, task)).containsEntry("status", "failed");
	}

	@Test
	void letsNobodyAskAllTheTime() {
		Map<String, Object> task = result(this.first.call("supported"));

		List<Integer> statuses = IntStream.range(0, 100).mapToObj((i) -> {
			this.threads.pass(Duration.ofMillis(10));
			return this.second.get(task).status;
		}).toList();

		assertThat(statuses).containsOnly(200, 429);
		assertThat(statuses.subList(50, 100)).filteredOn((status) -> status == 200).hasSizeBetween(4, 6);
		this.threads.pass(AFTER);
		end(task);
	}

	@Test
	void keepsOnlySoMuchForClientsThatDoNotTakeIt() {
		Map<String, Object> task = largeTask();
		RecordingReply slow = this.second.get(task);
		assertThat(slow.contentType).isEqualTo("application/json");

		RecordingReply refused = this.second.get(task);

		assertThat(refused.status).isEqualTo(503);
		assertThat(error(refused).get("message")).asString().contains("one principal is yet to take too much");
		assertThat(this.first.get(task).status).isEqualTo(200);
		slow.read();
		assertThat(result(slow).get("result").toString()).contains(LARGE);
		RecordingReply gone = this.second.get(task);
		assertThat(gone.status).isEqualTo(200);
		gone.close();
		assertThat(this.second.get(task).status).isEqualTo(200);
		this.threads.pass(Duration.ofMinutes(2).plusSeconds(2));
	}

	@Test
	void keepsOnlySoMuchForClientsThatDoNotTakeWhatHasComeOfTheirCalls() {
		this.tool = (exchange) -> ask(exchange, "First?").map((name) -> LARGE);
		RecordingReply asked = this.first.call("after");
		this.threads.pass(SETTLED);
		Object state = result(asked).get("requestState");
		RecordingReply slow = this.second.retry("after", state, "elicitation", "a");
		assertThat(slow.status).isEqualTo(200);

		RecordingReply refused = this.second.retry("after", state, "elicitation", "a");

		assertThat(refused.status).isEqualTo(503);
		slow.read();
		assertThat(result(slow).toString()).contains(LARGE);
		RecordingReply again = this.second.retry("after", state, "elicitation", "a");
		again.read();
		assertThat(result(again).toString()).contains(LARGE);
	}

	@Test
	void waitsForRoomIfItsClientHasWaitedForWhatComesOfItsCall() {
		Map<String, Object> task = largeTask();
		this.tool = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		RecordingReply asked = this.first.call("after");
		this.threads.pass(SETTLED);
		RecordingReply waiting = this.second.retry("after", result(asked).get("requestState"), "elicitation", "a");
		RecordingReply slow = this.second.get(task);

		this.gate.tryEmitValue(LARGE);
		assertThat(waiting.answers).isZero();
		slow.read();
		this.threads.pass(A_SECOND.multipliedBy(2));

		waiting.read();
		assertThat(result(waiting).toString()).contains(LARGE);
	}

	@Test
	void isToldToWhoListensOnceThereIsRoomForIt() {
		Map<String, Object> task = largeTask();
		RecordingReply slow = this.second.get(task);
		RecordingReply listener = this.second.listen(id(task));
		int reads = this.store.reads;
		this.threads.pass(A_SECOND.multipliedBy(20));
		assertThat(listener.body.toString()).contains("acknowledged").doesNotContain("notifications/tasks");
		assertThat(this.store.reads).isEqualTo(reads);

		slow.read();
		this.threads.pass(A_SECOND.multipliedBy(2));

		assertThat(listener.body.toString()).containsOnlyOnce("notifications/tasks").contains(LARGE);
		RecordingReply another = this.second.get(task);
		assertThat(another.status).isEqualTo(200);
		another.close();
		listener.close();
	}

	private Map<String, Object> largeTask() {
		this.tool = (exchange) -> Mono.just(LARGE);
		return result(this.first.call("supported"));
	}

	@Test
	void letsNobodyAnswerAllTheTimeWhatIsNotAsked() {
		Map<String, Object> task = result(this.first.call("supported"));

		List<Integer> statuses = IntStream.range(0, 100).mapToObj((i) -> {
			this.threads.pass(Duration.ofMillis(10));
			return this.second.update(task, "elicitation", "a").status;
		}).toList();

		assertThat(statuses).containsOnly(200, 429);
		assertThat(statuses.subList(50, 100)).filteredOn((status) -> status == 200).hasSizeBetween(4, 6);
		end(task);
	}

	@Test
	void letsNobodyAnswerAllTheTimeWhatCanNotBeRead() {
		this.tool = (exchange) -> ask(exchange, "Which?").map(Object::toString);
		Map<String, Object> task = result(this.first.call("supported"));

		List<Integer> statuses = IntStream.range(0, 100)
			.mapToObj((i) -> this.second.send("tasks/update", id(task),
					"\"taskId\":\"" + id(task) + "\",\"inputResponses\":{\"elicitation\":{}}", TASKS).status)
			.toList();

		assertThat(statuses).containsOnly(400, 429);
		this.second.cancel(task);
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void letsNobodyAnswerAllTheTimeWhatCanNotBeStored(boolean tooLarge) {
		this.tool = (exchange) -> ask(exchange, "First?");
		Map<String, Object> task = result(this.first.call("supported"));
		this.store.answerFailure = tooLarge ? new TaskStoreRefusedException("too large") : OUTAGE;

		RecordingReply refused = this.second.update(task, "elicitation", "a");
		List<Integer> statuses = IntStream.range(0, 50)
			.mapToObj((i) -> this.second.update(task, "elicitation", "a").status)
			.toList();

		assertThat(error(refused)).containsEntry("code", tooLarge ? -32602 : -32603);
		assertThat(refused.body.toString()).contains(tooLarge ? "larger than the task has room for" : "repeat");
		assertThat(statuses).containsOnly(tooLarge ? 400 : 503, 429).endsWith(429);
		this.store.answerFailure = null;
		this.threads.pass(A_SECOND);
		assertThat(this.second.update(task, "elicitation", "a").status).isEqualTo(200);
		assertThat(get(this.second, task)).containsEntry("status", "completed");
	}

	@Test
	void isNotReadWholeToSeeWhatItAsks() {
		this.tool = (exchange) -> ask(exchange, "Which?");
		Map<String, Object> task = result(this.first.call("supported"));
		int reads = this.store.reads;

		assertThat(this.second.update(task, "other", "a").status).isEqualTo(200);
		assertThat(this.second.update(task, "elicitation", "a").status).isEqualTo(200);
		int byItsOwner = this.store.reads - reads;
		assertThat(this.second.update(task, "elicitation", "a").status).isEqualTo(200);

		assertThat(byItsOwner).isOne();
		assertThat(this.store.reads - reads).isOne();
		assertThat(get(this.second, task)).containsEntry("status", "completed");
	}

	@Test
	void letsItsClientAnswerAllAtOnceThatItIsAsked() {
		this.tool = (exchange) -> Flux.range(1, 100)
			.flatMap((i) -> ask(exchange, "Which?"))
			.count()
			.map((answers) -> answers + " answers");
		Map<String, Object> task = result(this.first.call("supported"));

		for (int i = 1; i <= 100; i++) {
			assertThat(this.second.update(task, (i > 1) ? "elicitation-" + i : "elicitation", "a").status)
				.isEqualTo(200);
		}

		assertThat(get(this.second, task).get("result").toString()).contains("100 answers");
	}

	// Ends

	@Test
	void isCancelledOnAnotherNode() {
		Map<String, Object> task = result(this.first.call("supported"));

		assertThat(result(this.second.cancel(task))).containsOnlyKeys("resultType", "_meta");

		assertThat(this.disposed).hasValue(1);
		assertThat(get(this.second, task)).containsEntry("status", "cancelled").doesNotContainKey("result");
		assertThat(result(this.first.cancel(task))).containsOnlyKeys("resultType", "_meta");
		assertThat(this.outcomes).containsExactly(TaskOutcome.CANCELLED);
	}

	@Test
	void isEndedByAnOperatorOnAnotherNode() {
		this.tool = (exchange) -> ask(exchange, "First?").thenReturn("late");
		Map<String, Object> task = result(this.first.call("supported"));
		RecordingReply listener = this.second.listen(id(task));
		String name = this.store.shown().get(0).taskId();

		assertThat(this.second.handler.endTask(name, "ended by hand").block()).isTrue();

		assertThat(this.disposed).hasValue(1);
		assertThat(listener.body.toString()).contains("\"status\":\"cancelled\"", "ended by hand");
		assertThat(get(this.first, task)).containsEntry("status", "cancelled")
			.containsEntry("statusMessage", "ended by hand")
			.doesNotContainKeys("result", "inputRequests");
		assertThat(this.second.handler.endTask(name, "ended by hand").block()).isFalse();
		assertThat(this.outcomes).containsExactly(TaskOutcome.CANCELLED);
		listener.close();
	}

	@Test
	void isNotSaidToHaveCompletedIfItWasCancelledBeforeItsEndWasStored() {
		Map<String, Object> task = result(this.first.call("supported"));
		Sinks.Empty<Void> stored = Sinks.empty();
		this.store.gate = stored.asMono();
		this.gate.tryEmitValue("done");
		this.store.gate = Mono.empty();
		this.second.cancel(task);

		stored.tryEmitEmpty();

		assertThat(get(this.second, task)).containsEntry("status", "cancelled");
		assertThat(this.outcomes).containsExactly(TaskOutcome.CANCELLED);
	}

	@Test
	void isNotSaidToHaveCompletedIfItFailedBeforeItsEndWasStored() {
		Map<String, Object> task = result(this.first.call("supported"));
		Sinks.Empty<Void> stored = Sinks.empty();
		this.store.gate = stored.asMono();
		this.gate.tryEmitValue("done");
		this.store.gate = Mono.empty();
		this.second.nodes.gone.add(this.first.nodes.nodeId());
		assertThat(get(this.second, task)).containsEntry("status", "failed");

		stored.tryEmitEmpty();

		assertThat(this.outcomes).containsExactly(TaskOutcome.LOST);
	}

	@Test
	void isSaidToBeLostIfItWasCancelledBeforeItsEndWasStoredAndThatCanNotBeRead() {
		Map<String, Object> task = result(this.first.call("supported"));
		Sinks.Empty<Void> stored = Sinks.empty();
		this.store.gate = stored.asMono();
		this.gate.tryEmitValue("done");
		this.store.gate = Mono.empty();
		this.second.cancel(task);

		this.store.failure = OUTAGE;
		stored.tryEmitEmpty();
		this.store.failure = null;

		assertThat(this.outcomes).containsExactly(TaskOutcome.LOST);
	}

	@Test
	void staysAsItHasEnded() {
		Map<String, Object> task = result(this.first.call("supported"));
		this.gate.tryEmitValue("done");

		assertThat(result(this.second.cancel(task))).containsOnlyKeys("resultType", "_meta");
		assertThat(get(this.second, task)).containsEntry("status", "completed");
	}

	@Test
	void isStoppedIfItsClientGoesBeforeItKnowsIt() {
		Sinks.Empty<Void> stored = Sinks.empty();
		this.store.way = stored.asMono();
		RecordingReply reply = this.first.call("supported");
		this.threads.pass(TestSettings.HEARTBEAT.multipliedBy(2));
		reply.read();
		reply.close();
		this.store.way = Mono.empty();
		stored.tryEmitEmpty();

		assertThat(this.runs).hasValue(0);
		assertThat(reply.body.toString()).doesNotContain("taskId");
	}

	@Test
	void isCancelledIfItsClientGoesJustBeforeItBecomesATask() {
		this.tool = (exchange) -> ask(exchange, "First?").flatMap((name) -> tellProgress(exchange).then(waiting()));
		RecordingReply retry = this.first.retry("after", askedAfter(), "elicitation", "a");
		retry.read();
		this.threads.pass(AFTER.minus(A_SECOND));

		retry.close();
		this.threads.pass(A_SECOND.plusMillis(1));
		assertThat(this.disposed).hasValue(0);
		assertThat(this.first.handler.tasks()).isOne();
		this.threads.pass(A_SECOND);

		assertThat(this.disposed).hasPositiveValue();
		assertThat(this.outcomes).containsExactly(TaskOutcome.CANCELLED);
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void goesOnIfItsClientComesAgainJustBeforeItBecomesATask(boolean elsewhere) {
		this.tool = (exchange) -> ask(exchange, "First?").flatMap((name) -> tellProgress(exchange).then(waiting()));
		Object state = askedAfter();
		RecordingReply retry = this.first.retry("after", state, "elicitation", "a");
		retry.read();
		this.threads.pass(AFTER.minus(A_SECOND));

		retry.close();
		RecordingReply again = (elsewhere ? this.second : this.first).retry("after", state, "elicitation", "a");
		this.threads.pass(LeftCalls.LIMIT.multipliedBy(2));
		again.read();

		assertThat(result(again)).containsEntry("resultType", "task");
		assertThat(this.disposed).hasValue(0);
		end(result(again));
	}

	@Test
	void goesOnWithoutItsClient() {
		RecordingReply reply = this.first.call("after");
		this.threads.pass(AFTER.plus(A_SECOND));
		reply.read();
		reply.close();
		this.threads.pass(AFTER);

		assertThat(this.disposed).hasValue(0);
		end(result(reply));
	}

	@Test
	void failsIfItsNodeHasGone() {
		Map<String, Object> task = result(this.first.call("supported"));
		assertThat(get(this.second, task)).containsEntry("status", "working");
		this.second.nodes.gone.add(this.first.nodes.nodeId());

		Map<String, Object> failed = get(this.second, task);
		assertThat(failed).containsEntry("status", "failed");
		assertThat(failed.get("error").toString()).contains("-32603").contains("has gone");
		assertThat(this.orphans).hasValue(1);

		// It comes back
		this.gate.tryEmitValue("late");
		assertThat(get(this.second, task)).containsEntry("status", "failed");
		assertThat(this.outcomes).containsExactly(TaskOutcome.LOST);
	}

	@Test
	void isToldAsItIsWhenItsNodeHasGoneAndTheStoreTakesNoEnd() {
		Map<String, Object> task = result(this.first.call("supported"));
		this.second.nodes.gone.add(this.first.nodes.nodeId());
		this.store.readOnly = true;

		assertThat(get(this.second, task)).containsEntry("status", "working");

		this.store.readOnly = false;
		assertThat(get(this.second, task)).containsEntry("status", "failed");
		this.gate.tryEmitValue("late");
	}

	@Test
	void goesOnIfItsNodeHasComeBackAndOthersHaveNotSeenItYet() {
		String node = this.first.nodes.nodeId();
		this.second.nodes.gone.add(node);
		this.second.nodes.returned.add(node);
		Map<String, Object> task = result(this.first.call("supported"));
		RecordingReply listener = this.second.listen(id(task));

		assertThat(get(this.second, task)).containsEntry("status", "working");
		assertThat(listener.body.toString()).containsOnlyOnce("notifications/tasks").contains("working");
		int calls = this.store.calls;
		this.threads.pass(Duration.ofSeconds(20));
		assertThat(this.store.calls - calls).isLessThan(10);

		this.second.nodes.returned.clear();
		this.threads.pass(Duration.ofSeconds(10));
		assertThat(get(this.second, task)).containsEntry("status", "failed");
		assertThat(this.orphans).hasValue(1);
		listener.close();
	}

	@Test
	void saysThatTheServerWasShutDown() {
		Map<String, Object> task = result(this.first.call("supported"));
		this.first.handler.abandon("The server was shut down");

		assertThat(get(this.second, task)).containsEntry("status", "failed")
			.containsEntry("statusMessage", "The server was shut down");
		assertThat(this.disposed).hasValue(1);
		assertThat(this.outcomes).containsExactly(TaskOutcome.SHUT_DOWN);
	}

	@Test
	void isStoppedOnceItIsStoredThatTheServerWasShutDown() {
		Map<String, Object> task = result(this.first.call("supported"));
		Sinks.Empty<Void> slow = Sinks.empty();
		this.store.gate = slow.asMono();

		this.first.handler.abandon("The server was shut down");

		assertThat(this.disposed).hasValue(0);
		this.store.gate = Mono.empty();
		slow.tryEmitEmpty();
		assertThat(this.disposed).hasValue(1);
		assertThat(get(this.second, task)).containsEntry("status", "failed");
	}

	@Test
	void isStoppedThoughItCanNotBeStoredThatTheServerWasShutDown() {
		Map<String, Object> task = result(this.first.call("supported"));
		this.store.failure = OUTAGE;
		this.first.handler.abandon("The server was shut down");
		assertThat(this.disposed).hasValue(0);

		this.first.handler.close();

		assertThat(this.disposed).hasValue(1);
		this.store.failure = null;
		this.threads.pass(AFTER);
		assertThat(get(this.second, task)).containsEntry("status", "failed");
	}

	// The store

	@Test
	void staysOnItsConnectionIfItCannotBeStored() {
		this.store.failure = OUTAGE;
		RecordingReply supported = this.first.call("supported");
		RecordingReply after = this.first.call("after");
		this.threads.pass(AFTER.plus(A_SECOND));
		assertThat(this.runs).hasValue(2);
		this.gate.tryEmitValue("done");
		for (RecordingReply reply : List.of(supported, after)) {
			reply.read();
			assertThat(reply.body.toString()).contains("done").doesNotContain("taskId");
		}
		assertThat(this.outcomes).isEmpty();
	}

	@Test
	void becomesATaskAfterAnOutage() {
		this.store.failure = OUTAGE;
		RecordingReply reply = this.first.call("supported");
		this.store.failure = null;
		// In its own time: it has been refused once
		this.threads.pass(AFTER.plus(A_SECOND));
		reply.read();
		assertThat(reply.body.toString()).doesNotContain("taskId");
		this.gate.tryEmitValue("done");

		RecordingReply after = this.first.call("after");
		assertThat(after.body.toString()).contains("done");
	}

	@Test
	void isStoredOnceAlthoughTheStoreDidNotSayThatItIs() {
		this.store.way = Mono.error(OUTAGE);
		RecordingReply reply = this.first.call("after");
		this.threads.pass(AFTER.multipliedBy(3).plus(A_SECOND));
		assertThat(this.first.handler.tasks()).isZero();
		assertThat(this.store.shown()).hasSize(1);

		this.store.way = Mono.empty();
		this.threads.pass(AFTER);
		reply.read();

		assertThat(this.store.shown()).hasSize(1);
		end(result(reply));
	}

	@Test
	void leavesNoTaskThatNobodyKnowsOf() {
		this.store.way = Mono.error(OUTAGE);
		RecordingReply reply = this.first.call("supported");
		this.store.failure = OUTAGE;
		this.gate.tryEmitValue("done");
		assertThat(reply.body.toString()).contains("done").doesNotContain("taskId");
		assertThat(this.store.shown()).extracting(StoredTask::status).containsExactly(TaskStatus.WORKING);

		this.store.way = Mono.empty();
		this.store.failure = null;
		this.threads.pass(AFTER);

		assertThat(this.store.shown()).extracting(StoredTask::status).containsExactly(TaskStatus.CANCELLED);
		assertThat(this.outcomes).isEmpty();
	}

	@Test
	void leavesNoTaskThatFailsBehindWhatTheStoreHasDone() {
		this.store.way = Mono.error(new IllegalStateException("broken"));

		assertThat(this.first.call("required").status).isEqualTo(503);

		assertThat(this.store.shown()).extracting(StoredTask::status).containsExactly(TaskStatus.CANCELLED);
	}

	@Test
	void keepsNothingOfACallThatWasRefusedSinceItMayBeATaskInTheStore() {
		this.store.failure = OUTAGE;
		WeakReference<RecordingReply> reply = new WeakReference<>(this.first.call("required"));

		Awaitility.await().until(() -> {
			System.gc();
			return reply.get() == null;
		});
		int calls = this.store.calls;
		this.threads.pass(A_SECOND);
		assertThat(this.store.calls).isGreaterThan(calls);
	}

	@Test
	void triesToEndOnlySoManyTasksThatMayBeInTheStore() {
		this.store.failure = OUTAGE;
		int timers = this.threads.timers();
		for (int i = 0; i < 2 * DoubtfulTasks.MAX_TASKS; i++) {
			this.first.call("required");
		}

		assertThat(this.threads.timers() - timers).isEqualTo(DoubtfulTasks.MAX_TASKS);
		this.threads.pass(Duration.ofMinutes(2));
		assertThat(this.threads.timers()).isEqualTo(timers);
		int calls = this.store.calls;
		this.first.call("required");
		this.threads.pass(A_SECOND);
		assertThat(this.store.calls).isGreaterThan(calls + 2);
	}

	@Test
	void refusesWhatMustBeATaskIfItCannotBeStored() {
		this.store.failure = OUTAGE;
		RecordingReply reply = this.first.call("required");

		assertThat(reply.status).isEqualTo(503);
		assertThat(this.runs).hasValue(0);
		this.store.failure = null;
		end(result(this.first.call("required")));
	}

	@Test
	void storesItsEndAfterAnOutage() {
		Map<String, Object> task = result(this.first.call("supported"));
		this.store.failure = OUTAGE;
		this.gate.tryEmitValue("done");
		assertThat(this.second.get(task).status).isEqualTo(503);
		this.threads.pass(Duration.ofMinutes(1));
		this.store.failure = null;
		this.threads.pass(AFTER.plus(A_SECOND));

		assertThat(get(this.second, task).get("result").toString()).contains("done");
	}

	@Test
	void storesItsEndAfterAnOutageForAsLongAsItsToolWantsItKept() {
		this.tool = (exchange) -> {
			RunningTask.of(exchange).setTimeToLive(Duration.ofHours(5));
			return waiting();
		};
		Map<String, Object> task = result(this.first.call("supported"));
		this.store.failure = OUTAGE;
		this.gate.tryEmitValue("done");
		this.threads.pass(Duration.ofHours(4));
		this.store.failure = null;
		this.threads.pass(AFTER.plus(A_SECOND));

		assertThat(get(this.second, task).get("result").toString()).contains("done");
		assertThat(this.outcomes).containsExactly(TaskOutcome.COMPLETED);
	}

	@Test
	void hasRoomForSoManyOnly() {
		List<Map<String, Object>> tasks = IntStream.range(0, Node.MAX_TASKS)
			.mapToObj((i) -> result(this.first.call("required")))
			.toList();

		RecordingReply reply = this.first.call("required");
		assertThat(reply.status).isEqualTo(503);
		assertThat(error(reply).get("message").toString()).contains("too many tasks");
		RecordingReply plain = this.first.call("supported");
		this.gate.tryEmitValue("done");

		assertThat(plain.body.toString()).contains("done").doesNotContain("taskId");
		assertThat(get(this.second, tasks.get(0))).containsEntry("status", "completed");
		assertThat(this.first.call("required").status).isEqualTo(200);
	}

	@Test
	void countsOnceForEachReasonThatACallCanNotBecomeOne() {
		IntStream.range(0, Node.MAX_TASKS).forEach((i) -> this.first.call("required"));
		List<RecordingReply> replies = new ArrayList<>();
		List<ILoggingEvent> logged = logged(() -> {
			replies.add(this.first.call("after"));
			replies.add(this.first.call("after"));
			this.threads.pass(AFTER.multipliedBy(3));
		});
		this.gate.tryEmitValue("done");
		replies.forEach(RecordingReply::read);

		assertThat(this.notCreated).containsExactly(NoTask.FULL, NoTask.FULL);
		assertThat(logged).extracting(ILoggingEvent::getFormattedMessage)
			.containsExactly("A call of tool 'after' can't become a task, and stays on its connection: "
					+ "2 of mcp.persist.tasks.max-tasks=2 run. 0 more since the last line; logged once a minute");
	}

	@Test
	void countsEachReasonThatACallCanNotBecomeOne() {
		List<Map<String, Object>> tasks = IntStream.range(0, Node.MAX_TASKS)
			.mapToObj((i) -> result(this.first.call("required")))
			.toList();
		RecordingReply reply = this.first.call("after");
		this.threads.pass(AFTER.multipliedBy(2));
		this.first.cancel(tasks.get(0));
		this.store.failure = OUTAGE;
		this.threads.pass(AFTER.multipliedBy(3));

		assertThat(this.notCreated).containsExactly(NoTask.FULL, NoTask.UNAVAILABLE);
		this.store.failure = null;
		this.threads.pass(AFTER);
		reply.read();
		end(result(reply));
	}

	@Test
	void saysWhichToolIsRefusedAndNothingThatLooksLikeAnotherLine() {
		Node full = new Node(TaskOptions.builder().when(TaskPolicy.REQUIRED).maxTasksPerPrincipal(1).build());
		full.call("task");
		List<ILoggingEvent> logged = logged(
				() -> assertThat(full.send("tools/call", encoded("a\nWARN"), "\"name\":\"a\\nWARN\"", TASKS).status)
					.isEqualTo(503));

		assertThat(logged).extracting(ILoggingEvent::getFormattedMessage)
			.containsExactly(
					"A call of tool 'a?WARN' can't become a task, which it must, and is refused: its principal "
							+ "has as many as mcp.persist.tasks.max-tasks-per-principal=1. 0 more since the last line; logged once "
							+ "a minute");
		this.gate.tryEmitValue("done");
	}

	@Test
	void isLookedAtWithAFewOthersAtATimeHoweverManyThereAre() {
		Node third = manyTasks(60);
		Sinks.Empty<Void> slow = Sinks.empty();
		this.store.gate = slow.asMono();
		int calls = this.store.calls;

		this.threads.pass(LOOK.plus(A_SECOND));

		assertThat(this.store.calls - calls).isEqualTo(Parking.MAX_LOOKS);
		this.store.gate = Mono.empty();
		slow.tryEmitEmpty();
		assertThat(this.store.calls - calls).isEqualTo(60);
		this.gate.tryEmitValue("done");
		assertThat(third.handler.tasks()).isZero();
	}

	@Test
	void isLookedAtWithAFewOthersEachSecondWhileTheStoreIsAway() {
		Node third = manyTasks(60);
		this.store.lose();
		this.threads.pass(LOOK.minus(A_SECOND));
		this.store.failure = OUTAGE;
		int calls = this.store.calls;

		this.threads.pass(A_SECOND.multipliedBy(10));
		assertThat(this.store.calls - calls).isBetween(2 * Parking.MAX_LOOKS, 10 * Parking.MAX_LOOKS);

		this.store.failure = null;
		this.threads.pass(A_SECOND);
		assertThat(third.handler.tasks()).isZero();
		assertThat(this.outcomes).hasSize(60).containsOnly(TaskOutcome.LOST);
	}

	private Node manyTasks(int count) {
		Node node = new Node(TaskOptions.builder().when(TaskPolicy.SUPPORTED).build());
		for (int i = 0; i < count; i++) {
			assertThat(node.call("supported").body.toString()).contains("taskId");
		}
		assertThat(node.handler.tasks()).isEqualTo(count);
		return node;
	}

	@Test
	void isStoppedIfTheStoreHasLostIt() {
		Map<String, Object> task = result(this.first.call("supported"));
		this.store.lose();

		this.threads.pass(LOOK.plus(A_SECOND));

		assertThat(this.disposed).hasValue(1);
		assertThat(this.outcomes).containsExactly(TaskOutcome.LOST);
		assertThat(error(this.second.get(task))).containsEntry("code", -32602);
	}

	@Test
	void failsIfNothingMoreOfItCanBeStored() {
		Map<String, Object> task = result(this.first.call("supported"));
		this.store.failure = new IllegalStateException("It can't be done");
		this.store.failures = 1;

		this.gate.tryEmitValue("done");

		assertThat(get(this.second, task)).containsEntry("status", "failed");
		assertThat(get(this.second, task).get("error").toString()).contains("-32603").contains("could not be stored");
		assertThat(this.outcomes).containsExactly(TaskOutcome.LOST);
	}

	@Test
	void failsIfWhatItAsksIsTooLargeAlsoIfItsToolHasAskedForALongerLife() {
		List<RunningTask> tools = new ArrayList<>();
		this.tool = (exchange) -> {
			tools.add(RunningTask.of(exchange));
			return waiting().then(ask(exchange, "Too large?"));
		};
		Map<String, Object> task = result(this.first.call("supported"));
		Sinks.Empty<Void> refused = Sinks.empty();
		this.store.gate = refused.asMono();
		this.gate.tryEmitValue("go on");
		tools.get(0).setTimeToLive(Duration.ofHours(3));

		this.store.gate = Mono.empty();
		refused.emitError(new TaskStoreRefusedException("Too large"), Sinks.EmitFailureHandler.FAIL_FAST);

		assertThat(get(this.second, task)).containsEntry("status", "failed");
		assertThat(this.outcomes).containsExactly(TaskOutcome.LOST);
		assertThat(this.store.changes).filteredOn((change) -> !change.inputRequests().isEmpty()).hasSize(1);
	}

	// Failovers that lose what was acknowledged

	@Test
	void failsIfTheStoreHasLostItsEnd() {
		Map<String, Object> task = result(this.first.call("supported"));
		end(task);
		this.store.loseLast(1);
		assertThat(get(this.second, task)).containsEntry("status", "working");

		this.threads.pass(LOOK.plus(A_SECOND));
		int calls = this.store.calls;
		this.second.get(task);

		// Without waiting for the owner, which ends it
		assertThat(this.store.calls).isEqualTo(calls + 2);
		assertThat(get(this.second, task)).containsEntry("status", "failed");
		assertThat(get(this.second, task).get("error").toString()).contains("-32603").contains("has been lost");
		assertThat(this.orphans).hasValue(1);
		assertThat(this.runs).hasValue(1);
	}

	@Test
	void failsIfTheStoreHasLostItsEndAndItsOwnNodeIsAsked() {
		Map<String, Object> task = result(this.first.call("supported"));
		end(task);
		this.store.loseLast(1);

		assertThat(get(this.first, task).get("error").toString()).contains("has been lost");
	}

	@Test
	void asksTheOwnerNowAndThenAndNotWheneverItIsAskedFor() {
		Map<String, Object> task = result(this.first.call("supported"));
		for (int i = 0; i < 100; i++) {
			int calls = this.store.calls;
			assertThat(get(this.second, task)).containsEntry("status", "working");
			assertThat(get(this.first, task)).containsEntry("status", "working");
			assertThat(this.store.calls).isEqualTo(calls + 2);
			this.threads.pass(A_SECOND);
		}

		assertThat(this.told).isEqualTo(3);
		end(task);
		assertThat(this.orphans).hasValue(0);
	}

	@Test
	void tellsWhoListensThatTheStoreHasLostItsEnd() {
		Map<String, Object> task = result(this.first.call("supported"));
		end(task);
		this.store.loseLast(1);
		RecordingReply listener = this.second.listen(id(task));

		this.threads.pass(TWO_LOOKS);

		assertThat(listener.body.toString()).containsOnlyOnce("\"status\":\"failed\"").contains("has been lost");
		listener.close();
	}

	@Test
	void asksAgainWhatTheStoreHasLost() {
		this.tool = (exchange) -> ask(exchange, "First?");
		Map<String, Object> task = result(this.first.call("supported"));
		this.store.loseLast(1);
		assertThat(get(this.second, task)).containsEntry("status", "working");

		this.threads.pass(LOOK.plus(A_SECOND));

		assertThat(get(this.second, task).get("inputRequests").toString()).contains("elicitation=").contains("First?");
		this.second.update(task, "elicitation", "a");
		assertThat(get(this.second, task).get("result").toString()).contains("a");
	}

	@Test
	void asksAgainAsSoonAsItIsToldThatTheStoreHasLostWhatWasAsked() {
		this.tool = (exchange) -> ask(exchange, "First?");
		Map<String, Object> task = result(this.first.call("supported"));

		this.store.failOver(1);

		assertThat(get(this.second, task)).containsEntry("status", "input_required");
		this.second.update(task, "elicitation", "a");
		assertThat(get(this.second, task).get("result").toString()).contains("a");
	}

	@Test
	void doesNotAskForWhatItHasIfTheStoreHasLostTheAnswer() {
		this.tool = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting().map((end) -> name + end));
		Map<String, Object> task = result(this.first.call("supported"));
		this.second.update(task, "elicitation", "a");
		this.store.loseLast(1);
		assertThat(get(this.second, task)).containsEntry("status", "input_required");

		this.threads.pass(LOOK.plus(A_SECOND));

		assertThat(get(this.second, task)).containsEntry("status", "working");
		this.second.update(task, "elicitation", "b");
		this.gate.tryEmitValue("!");
		assertThat(get(this.second, task).get("result").toString()).contains("a!");
	}

	@Test
	void isAnsweredIfTheStoreHasLostAnAnswerAndCountsAgainWithTheNextOne() {
		this.tool = (exchange) -> Mono.zip(ask(exchange, "First?"), ask(exchange, "Second?"),
				(one, other) -> one + other);
		Map<String, Object> task = result(this.first.call("supported"));
		this.second.update(task, "elicitation", "a");
		this.store.loseLast(1);
		this.second.update(task, "elicitation-2", "b");
		// Its revision is the one that its owner has seen
		assertThat(get(this.second, task).get("inputRequests").toString()).contains("First?").doesNotContain("Second?");

		this.threads.pass(LOOK.plus(A_SECOND));

		assertThat(get(this.second, task).get("result").toString()).contains("ab");
	}

	@Test
	void tellsThatItIsATaskIfTheStoreHasLostThat() {
		this.tool = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		RecordingReply asked = this.first.call("after");
		this.threads.pass(SETTLED);
		asked.read();
		Object state = result(asked).get("requestState");
		RecordingReply retry = this.second.retry("after", state, "elicitation", "a");
		this.threads.pass(AFTER.plus(A_SECOND));
		retry.read();
		Map<String, Object> task = result(retry);
		this.store.loseLast(1);

		RecordingReply same = this.second.retry("after", state, "elicitation", "a");
		assertThat(same.answers).isZero();
		this.threads.pass(TWO_LOOKS);
		same.read();

		assertThat(result(same)).containsEntry("resultType", "task").containsEntry("taskId", task.get("taskId"));
		end(task);
	}

	@Test
	void isKeptForAsLongAsItsToolHasSaidIfTheStoreHasLostThat() {
		this.tool = (exchange) -> {
			RunningTask.of(exchange).setTimeToLive(Duration.ofDays(1));
			return waiting();
		};
		Map<String, Object> task = result(this.first.call("supported"));
		this.store.loseLast(1);
		assertThat(get(this.second, task)).containsEntry("ttlMs", 3_600_000);

		this.threads.pass(LOOK.plus(A_SECOND));

		assertThat(get(this.second, task)).containsEntry("ttlMs", 86_400_000);
		int changes = this.store.changes.size();
		this.threads.pass(LOOK.multipliedBy(4));
		assertThat(this.store.changes).hasSize(changes);
		end(task);
	}

	@Test
	void saysAgainHowItGoesOnIfTheStoreHasLostThat() {
		this.tool = (exchange) -> {
			RunningTask.of(exchange).setStatusMessage("half of it");
			return waiting();
		};
		Map<String, Object> task = result(this.first.call("supported"));
		this.store.loseLast(1);
		assertThat(get(this.second, task)).doesNotContainKey("statusMessage");

		this.threads.pass(LOOK.plus(A_SECOND));

		assertThat(get(this.second, task)).containsEntry("statusMessage", "half of it");
		int changes = this.store.changes.size();
		this.threads.pass(LOOK.multipliedBy(4));
		assertThat(this.store.changes).hasSize(changes);
		end(task);
	}

	// Notifications

	@Test
	void tellsWhoListensOnAnyNode() {
		this.tool = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting().map((end) -> name + end));
		Map<String, Object> task = result(this.first.call("supported"));
		RecordingReply listener = this.second.listen(id(task), "made-up");
		String events = listener.body.toString();
		assertThat(events).contains("notifications/subscriptions/acknowledged")
			.contains("\"taskIds\":[\"" + id(task) + "\"]")
			.doesNotContain("made-up");
		assertThat(events.indexOf("acknowledged")).isLessThan(events.indexOf("notifications/tasks"));
		assertThat(events).contains("\"status\":\"input_required\"").contains("First?");

		this.first.update(task, "elicitation", "a");
		assertThat(listener.body.toString()).contains("\"status\":\"working\"");
		this.gate.tryEmitValue("!");

		assertThat(listener.body.toString()).contains("\"status\":\"completed\"")
			.contains("a!")
			.contains("\"io.modelcontextprotocol/subscriptionId\":7");
		listener.close();
	}

	@Test
	void isReadForAListenerWhenThatCanTakeItsState() {
		List<RunningTask> tools = new ArrayList<>();
		this.tool = (exchange) -> {
			tools.add(RunningTask.of(exchange));
			return waiting();
		};
		Map<String, Object> task = result(this.first.call("supported"));
		RecordingReply listener = this.second.listenWithoutReading(id(task));
		int calls = this.store.calls;
		for (int i = 1; i <= 10; i++) {
			tools.get(0).setStatusMessage("step " + i);
			this.threads.pass(A_SECOND);
		}
		assertThat(this.store.calls - calls).isEqualTo(this.store.changes.size()).isEqualTo(10);

		listener.read();

		assertThat(this.store.calls - calls).isEqualTo(10 + 1);
		assertThat(listener.body.toString()).containsOnlyOnce("notifications/tasks").contains("step 10");
		end(task);
		assertThat(listener.body.toString()).contains("\"status\":\"completed\"");
		listener.close();
	}

	@Test
	void isReadForAListenerBehindTheStateOfAnother() {
		Map<String, Object> one = result(this.first.call("supported"));
		Map<String, Object> other = result(this.first.call("supported"));
		RecordingReply listener = this.second.listenWithoutReading(id(one), id(other));
		int calls = this.store.calls;
		listener.read(1);
		assertThat(listener.body.toString()).contains("acknowledged").doesNotContain("notifications/tasks");
		assertThat(this.store.calls).isEqualTo(calls);

		listener.read(1);
		assertThat(listener.body.toString()).containsOnlyOnce("notifications/tasks");
		assertThat(this.store.calls).isEqualTo(calls + 1);
		listener.read(1);

		assertThat(listener.body.toString().split("notifications/tasks")).hasSize(3);
		assertThat(this.store.calls).isEqualTo(calls + 2);
		listener.close();
		this.gate.tryEmitValue("done");
	}

	@Test
	void isReadOnceOrTwiceForAllWhoListenOnANode() {
		List<RunningTask> tools = new ArrayList<>();
		this.tool = (exchange) -> {
			tools.add(RunningTask.of(exchange));
			return waiting();
		};
		Map<String, Object> task = result(this.first.call("supported"));
		List<RecordingReply> listeners = IntStream.range(0, Node.MAX_LISTENERS)
			.mapToObj((i) -> this.second.listen(id(task)))
			.toList();
		Sinks.Empty<Void> slow = Sinks.empty();
		this.store.reading = slow.asMono();
		int reads = this.store.reads;

		tools.get(0).setStatusMessage("half of it");
		this.store.reading = Mono.empty();
		slow.tryEmitEmpty();

		assertThat(this.store.reads - reads).isBetween(1, 2);
		assertThat(listeners).allSatisfy((listener) -> assertThat(listener.body.toString()).contains("half of it"));
		end(task);
		assertThat(listeners).allSatisfy((listener) -> assertThat(listener.body.toString()).contains("completed"));
		listeners.forEach(RecordingReply::close);
	}

	@Test
	void isLookedAtNowAndThenByOneOfThoseWhoListenOnANode() {
		Map<String, Object> task = result(this.first.call("supported"));
		List<RecordingReply> listeners = IntStream.range(0, Node.MAX_LISTENERS).mapToObj((i) -> {
			this.threads.pass(A_SECOND);
			return this.second.listen(id(task));
		}).toList();
		int reads = this.store.reads;

		this.threads.pass(TWO_LOOKS);

		// The owner looks as well
		assertThat(this.store.reads - reads).isBetween(2, 5);
		this.store.lose();
		this.threads.pass(TWO_LOOKS);
		assertThat(listeners).allSatisfy((listener) -> assertThat(listener.ended).isTrue());
	}

	@Test
	void letsNobodyListenAllTheTimeAnew() {
		Map<String, Object> task = result(this.first.call("supported"));

		List<Integer> statuses = IntStream.range(0, 100).mapToObj((i) -> {
			this.threads.pass(Duration.ofMillis(10));
			RecordingReply listener = this.second.listen(id(task), "another");
			listener.close();
			return listener.status;
		}).toList();

		assertThat(statuses).containsOnly(200, 429);
		assertThat(statuses.subList(50, 100)).filteredOn((status) -> status == 200).hasSizeBetween(4, 6);
		assertThat(this.second.handler.listening()).isZero();
		this.threads.pass(AFTER);
		end(task);
	}

	@Test
	void letsNobodyCancelAllTheTime() {
		Map<String, Object> task = result(this.first.call("supported"));

		List<Integer> statuses = IntStream.range(0, 100).mapToObj((i) -> {
			this.threads.pass(Duration.ofMillis(10));
			return this.second.cancel(task).status;
		}).toList();

		assertThat(statuses).containsOnly(200, 429);
		assertThat(statuses.subList(50, 100)).filteredOn((status) -> status == 200).hasSizeBetween(4, 6);
		assertThat(get(this.second, task)).containsEntry("status", "cancelled");
	}

	@Test
	void letsNobodyComeAgainAllTheTimeWithTheSameRound() {
		this.tool = (exchange) -> ask(exchange, "First?");
		Object state = askedAfter();
		String nothing = "\"name\":\"after\",\"requestState\":\"" + state + "\"";

		List<Integer> statuses = IntStream.range(0, 100).mapToObj((i) -> {
			this.threads.pass(Duration.ofMillis(10));
			return this.second.send("tools/call", "after", nothing, TASKS).status;
		}).toList();

		assertThat(statuses).containsOnly(200, 429);
		assertThat(statuses.subList(50, 100)).filteredOn((status) -> status == 200).hasSizeBetween(4, 6);
		this.threads.pass(AFTER);
		assertThat(result(this.second.retry("after", state, "elicitation", "a")).get("content").toString())
			.contains("a");
	}

	@Test
	void letsAClientAnswerAsManyRoundsAsItIsAskedAsFastAsItCan() {
		this.tool = (exchange) -> Flux.range(1, 40).concatMap((i) -> ask(exchange, "Next?")).last();
		RecordingReply reply = this.first.call("after");
		for (int i = 1; i <= 40; i++) {
			this.threads.pass(SETTLED);
			reply.read();
			assertThat(reply.body.toString()).contains("Next?");
			reply = this.second.retry("after", result(reply).get("requestState"),
					(i > 1) ? "elicitation-" + i : "elicitation", "a");
		}
		this.threads.pass(SETTLED);
		reply.read();

		assertThat(result(reply).get("content").toString()).contains("a");
	}

	@Test
	void tellsWhoListensThatItsNodeHasGone() {
		Map<String, Object> task = result(this.first.call("supported"));
		RecordingReply listener = this.second.listen(id(task));
		this.second.nodes.gone.add(this.first.nodes.nodeId());
		this.threads.pass(A_SECOND.multipliedBy(2));

		assertThat(listener.body.toString()).containsOnlyOnce("\"status\":\"failed\"").contains("has gone");
		assertThat(this.orphans).hasValue(1);
		listener.close();
	}

	@Test
	void endsTheSubscriptionToATaskThatTheStoreHasLost() {
		Map<String, Object> task = result(this.first.call("supported"));
		RecordingReply listener = this.second.listen(id(task));
		this.store.lose();

		this.threads.pass(TWO_LOOKS);

		assertThat(listener.ended).isTrue();
		assertThat(result(listener)).containsEntry("resultType", "complete");
		assertThat(listener.body.toString()).containsOnlyOnce("notifications/tasks");
		RecordingReply again = this.second.listen(id(task));
		assertThat(again.body.toString()).contains("acknowledged").doesNotContain(id(task));
		again.close();
	}

	@Test
	void saysThatItCanNotBeReadHere() {
		Map<String, Object> task = result(this.first.call("supported"));
		this.store.unreadable.add(name(task));

		assertThat(logged(() -> {
			for (int i = 0; i < 3; i++) {
				assertThat(error(this.second.get(task))).containsEntry("code", -32603)
					.hasEntrySatisfying("message",
							(message) -> assertThat(message.toString()).contains("can't be read"));
				assertThat(error(this.second.update(task, "elicitation", "a"))).containsEntry("code", -32603);
			}
		})).isEmpty();

		this.store.unreadable.clear();
		end(task);
	}

	@Test
	void leavesOutOfASubscriptionWhatCanNotBeRead() {
		Map<String, Object> one = result(this.first.call("supported"));
		Map<String, Object> other = result(this.first.call("supported"));
		this.store.unreadable.add(name(one));

		RecordingReply listener = this.second.listen(id(one), id(other));

		assertThat(listener.body.toString()).contains("\"taskIds\":[\"" + id(other) + "\"]").doesNotContain(id(one));
		this.store.unreadable.clear();
		end(one);
		assertThat(listener.body.toString()).contains("\"status\":\"completed\"").doesNotContain(id(one));
		listener.close();
	}

	@Test
	void endsTheSubscriptionToATaskThatCanNotBeReadAnyMore() {
		this.tool = (exchange) -> waiting().then(ask(exchange, "First?"));
		Map<String, Object> task = result(this.first.call("supported"));
		RecordingReply listener = this.second.listen(id(task));
		this.store.unreadable.add(name(task));

		assertThat(logged(() -> this.gate.tryEmitValue("go on"))).isEmpty();

		assertThat(listener.ended).isTrue();
		assertThat(result(listener)).containsEntry("resultType", "complete");
		int calls = this.store.calls;
		this.threads.pass(LOOK.minus(A_SECOND));
		assertThat(this.store.calls).isEqualTo(calls);
		this.store.unreadable.clear();
		this.second.cancel(task);
	}

	@Test
	void refusesToTellAClientThatHasNotSaidItCan() {
		RecordingReply reply = this.first.send("subscriptions/listen", null, "\"notifications\":{\"taskIds\":[\"t\"]}",
				"{}");

		assertThat(reply.status).isEqualTo(400);
		assertThat(error(reply)).containsEntry("code", -32021);
	}

	private static String encoded(String text) {
		return "=?base64?" + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)) + "?=";
	}

	private void end(Map<String, Object> task) {
		this.gate.tryEmitValue("done");
		assertThat(get(this.second, task)).containsEntry("status", "completed");
	}

	private static Map<String, Object> get(Node node, Map<String, Object> task) {
		RecordingReply reply = node.get(task);
		reply.read();
		Map<String, Object> state = result(reply);
		assertThat(state).containsEntry("taskId", task.get("taskId"));
		return state;
	}

	private static String name(Map<String, Object> task) {
		return TaskNames.of(id(task), "alice", "test");
	}

	private static List<ILoggingEvent> logged(Runnable task) {
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		log.start();
		Logger logger = (Logger) LoggerFactory.getLogger(TaskRequests.class.getPackageName());
		logger.addAppender(log);
		try {
			task.run();
		}
		finally {
			logger.detachAppender(log);
		}
		return log.list.stream().filter((event) -> event.getLevel().isGreaterOrEqual(Level.WARN)).toList();
	}

	private static String id(Map<String, Object> task) {
		return String.valueOf(task.get("taskId"));
	}

	private static Map<String, Object> result(RecordingReply reply) {
		return member(reply, "result");
	}

	private static Map<String, Object> error(RecordingReply reply) {
		return member(reply, "error");
	}

	@SuppressWarnings("unchecked")
	private static Map<String, Object> member(RecordingReply reply, String name) {
		String body = reply.body.toString();
		int data = body.lastIndexOf("data: ");
		String json = (data >= 0) ? body.substring(data + "data: ".length()) : body;
		Object member = read(json).get(name);
		assertThat(member).as(body).isNotNull();
		return (Map<String, Object>) member;
	}

	private static Map<String, Object> read(String json) {
		try {
			return JSON.readValue(json, new TypeRef<LinkedHashMap<String, Object>>() {
			});
		}
		catch (IOException ex) {
			throw new AssertionError(json, ex);
		}
	}

	/**
	 * One node.
	 */
	private final class Node implements ModernServer {

		static final int MAX_TASKS = 2;

		static final int MAX_LISTENERS = 15;

		/**
		 * How many calls may be parked of one principal.
		 */
		static final int MAX_PARKED = 2;

		final TestNodes nodes = new TestNodes();

		final ModernHandler handler;

		/**
		 * What requests ask for in {@code _meta}.
		 */
		String wanted = "\"progressToken\":\"p\",";

		Node() {
			this(TaskOptions.builder()
				.when(TaskPolicy.NEVER)
				.tool("supported", TaskPolicy.SUPPORTED)
				.tool("after", TaskPolicy.AFTER)
				.tool("required", TaskPolicy.REQUIRED)
				.maxTasks(MAX_TASKS)
				.build());
		}

		Node(TaskOptions tasks) {
			ModernSettings settings = new ModernSettings(TestSettings.HEARTBEAT, 1000, 1_000_000, 100, 100,
					MAX_LISTENERS, MAX_LISTENERS, 0, "private", TestSettings.INPUT_TIMEOUT, 2 * MAX_PARKED, MAX_PARKED,
					List.of(), LOOK, tasks);
			this.handler = new ModernHandler(TasksTests.this.threads, new EndpointObserver() {

				@Override
				public void taskCreated() {
					TasksTests.this.created.incrementAndGet();
				}

				@Override
				public void taskNotCreated(NoTask reason) {
					TasksTests.this.notCreated.add(reason);
				}

				@Override
				public void taskEnded(TaskOutcome outcome, long nanos) {
					TasksTests.this.outcomes.add(outcome);
				}

				@Override
				public void parkedCallEnded(ParkedCallOutcome outcome) {
					TasksTests.this.parkedCalls.add(outcome);
				}

				@Override
				public void orphanEnded(Era era) {
					TasksTests.this.orphans.incrementAndGet();
				}

			}, JSON, settings,
					new ModernStore(TasksTests.this.store, this.nodes, () -> "test", this::tellOthers, this::tell),
					(request) -> null, () -> false, (uris) -> Mono.empty());
			this.handler.start(this);
		}

		private Mono<Void> tellOthers(NodeMessage message) {
			return Mono.fromRunnable(() -> Stream.of(TasksTests.this.first, TasksTests.this.second)
				.filter((node) -> node != this)
				.forEach((node) -> node.handler.told(message)));
		}

		private void tell(String nodeId, NodeMessage message) {
			TasksTests.this.told++;
			Stream.of(TasksTests.this.first, TasksTests.this.second)
				.filter((node) -> node.nodes.nodeId().equals(nodeId))
				.forEach((node) -> node.handler.told(message));
		}

		RecordingReply call(String tool) {
			return send("tools/call", tool, "\"name\":\"" + tool + "\"", TASKS);
		}

		RecordingReply retry(String tool, @Nullable Object state, String key, String name) {
			return send("tools/call", tool,
					"\"name\":\"" + tool + "\",\"requestState\":\"" + state + "\"," + inputResponses(key, name), TASKS);
		}

		RecordingReply retryWithoutTasks(Object state, String key, String name) {
			return send("tools/call", "after",
					"\"name\":\"after\",\"requestState\":\"" + state + "\"," + inputResponses(key, name),
					"{\"elicitation\":{}}");
		}

		RecordingReply get(Map<String, Object> task) {
			return send("tasks/get", id(task), "\"taskId\":\"" + id(task) + "\"", TASKS);
		}

		RecordingReply cancel(Map<String, Object> task) {
			return send("tasks/cancel", id(task), "\"taskId\":\"" + id(task) + "\"", TASKS);
		}

		RecordingReply update(Map<String, Object> task, String key, String name) {
			return send("tasks/update", id(task), "\"taskId\":\"" + id(task) + "\"," + inputResponses(key, name),
					TASKS);
		}

		RecordingReply listen(String... taskIds) {
			RecordingReply reply = listenWithoutReading(taskIds);
			reply.read();
			return reply;
		}

		RecordingReply listenWithoutReading(String... taskIds) {
			return sendAs("alice", 7, "subscriptions/listen", null,
					"\"notifications\":{\"taskIds\":[\"" + String.join("\",\"", taskIds) + "\"]}", TASKS);
		}

		private String inputResponses(String key, String name) {
			return "\"inputResponses\":{\"" + key + "\":{\"action\":\"accept\",\"content\":{\"name\":\"" + name
					+ "\"}}}";
		}

		RecordingReply send(String method, @Nullable String name, String params, String capabilities) {
			return sendAs("alice", method, name, params, capabilities);
		}

		RecordingReply sendAs(@Nullable String principal, String method, @Nullable String name, String params,
				String capabilities) {
			return sendAs(principal, 1, method, name, params, capabilities);
		}

		private RecordingReply sendAs(@Nullable String principal, int id, String method, @Nullable String name,
				String params, String capabilities) {
			Map<String, String> fields = new LinkedHashMap<>(
					Map.of("MCP-Protocol-Version", "2026-07-28", "Mcp-Method", method));
			if (name != null) {
				fields.put("Mcp-Name", name);
			}
			String meta = "\"_meta\":{" + this.wanted + "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
					+ "\"io.modelcontextprotocol/clientCapabilities\":" + capabilities + "}";
			JSONRPCRequest request = new JSONRPCRequest(method, id,
					read("{" + params + (params.isEmpty() ? "" : ",") + meta + "}"));
			RecordingReply reply = new RecordingReply();
			this.handler.handle(new ModernRequest(RequestHeaders.read(fields::get, fields::keySet), principal,
					McpTransportContext.EMPTY, Context.empty(), UnaryOperator.identity()), request, reply);
			return reply;
		}

		@Override
		public InitializeResult description() {
			return new InitializeResult("2025-11-25", ServerCapabilities.builder().tools(true).build(),
					new Implementation("test", "1"), null);
		}

		@Override
		public McpStreamableServerSession sessionOfOneRequest(ClientCapabilities capabilities,
				Implementation clientInfo, Duration requestTimeout) {
			return new McpStreamableServerSession("session", capabilities, clientInfo, requestTimeout,
					Map.of(McpSchema.METHOD_TOOLS_LIST,
							(exchange, params) -> Mono.just(new ListToolsResult(List.of(), null)),
							McpSchema.METHOD_TOOLS_CALL, (exchange, params) -> Mono.defer(() -> {
								TasksTests.this.runs.incrementAndGet();
								return TasksTests.this.tool.apply(exchange)
									.map((text) -> CallToolResult.builder().addTextContent(text).build());
							})),
					Map.of(), Mono::empty);
		}

	}

}

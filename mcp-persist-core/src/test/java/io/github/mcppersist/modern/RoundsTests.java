package io.github.mcppersist.modern;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.util.context.Context;

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.Era;
import io.github.mcppersist.observe.ParkedCallOutcome;
import io.github.mcppersist.observe.RequestStateRejection;
import io.github.mcppersist.payload.AesGcmPayloadCodec;
import io.github.mcppersist.payload.EncodedTaskStore;
import io.github.mcppersist.payload.Payloads;
import io.github.mcppersist.stream.ManualThreads;
import io.github.mcppersist.task.TaskOptions;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskStatus;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.task.TaskStoreRefusedException;
import io.github.mcppersist.task.TaskStoreUnavailableException;
import io.github.mcppersist.task.TooManyTasksException;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Calls that ask their clients for input, on two nodes over one store: one step after the
 * other, in the order that the test decides.
 */
class RoundsTests {

	private static final McpJsonMapper JSON = McpJsonDefaults.getMapper();

	private static final Duration SETTLED = Duration.ofMillis(20);

	/**
	 * How often a node looks at what it knows of a call.
	 */
	private static final Duration LOOK = Duration.ofSeconds(30);

	private static final Duration TWO_LOOKS = LOOK.multipliedBy(2).plusSeconds(2);

	private static final TaskStoreUnavailableException OUTAGE = new TaskStoreUnavailableException("out of reach");

	private final ManualThreads threads = new ManualThreads();

	private final FaultyTaskStore store = new FaultyTaskStore(this.threads);

	private final AtomicInteger cancelled = new AtomicInteger();

	private final AtomicInteger rounds = new AtomicInteger();

	private final List<Duration> inputs = new ArrayList<>();

	private final List<ParkedCallOutcome> outcomes = new ArrayList<>();

	private final List<RequestStateRejection> rejections = new ArrayList<>();

	private final AtomicInteger orphans = new AtomicInteger();

	private final AtomicInteger disposed = new AtomicInteger();

	private final List<String> answers = new ArrayList<>();

	private boolean unreachable;

	/**
	 * How many messages nodes have sent to one another.
	 */
	private int told;

	private final Sinks.One<String> gate = Sinks.one();

	/**
	 * What the handler does.
	 */
	private Function<McpAsyncServerExchange, Mono<String>> handler = (exchange) -> ask(exchange, "First?");

	private final Node first = new Node(List.of());

	private final Node second = new Node(List.of());

	@AfterEach
	void leavesNothingBehind() {
		assertThat(this.first.handler.running()).isZero();
		assertThat(this.second.handler.running()).isZero();
		assertThat(this.first.handler.parked()).isZero();
		assertThat(this.second.handler.parked()).isZero();
	}

	private Mono<String> ask(McpAsyncServerExchange exchange, String question) {
		return exchange.createElicitation(ElicitRequest.builder(question, Map.of("type", "object")).build())
			.map((result) -> String.valueOf(Objects.requireNonNull(result.content()).get("name")))
			.doOnNext(this.answers::add)
			.doOnCancel(this.disposed::incrementAndGet);
	}

	private Mono<String> waiting() {
		return this.gate.asMono().doOnCancel(this.disposed::incrementAndGet);
	}

	// Rounds

	@Test
	void costsNoCallOfTheStoreUnlessItAsks() {
		this.handler = (exchange) -> Mono.just("done");

		assertThat(this.first.post().body.toString()).contains("done");
		assertThat(this.store.calls).isZero();
	}

	@Test
	void goesOnWithTheAnswerThatComesToAnotherNode() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> ask(exchange, "Second?"))
			.map((name) -> "both " + this.answers);
		String state = state(this.first.post());

		RecordingReply next = this.second.answer(state, "elicitation", "a");
		this.threads.pass(SETTLED);
		assertThat(next.body.toString()).contains("Second?").doesNotContain("First?");
		RecordingReply last = this.second.answer(state(next), "elicitation-2", "b");

		assertThat(last.body.toString()).contains("both [a, b]").contains("\"id\":2");
	}

	@Test
	void answersTheSameRetryOnTwoNodesTheSame() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting().map((end) -> name + end));
		String state = state(this.first.post());

		RecordingReply one = this.second.answer(state, "elicitation", "a");
		RecordingReply other = this.first.answer(state, "elicitation", "b");
		assertThat(one.answers + other.answers).isZero();
		this.gate.tryEmitValue("!");

		assertThat(one.body.toString()).contains("a!").isEqualTo(other.body.toString());
		assertThat(this.second.answer(state, "elicitation", "c").body.toString()).isEqualTo(one.body.toString());
		assertThat(this.answers).containsExactly("a");
	}

	@Test
	void tellsWhatWasAskedMeanwhileInTheNextRound() {
		this.handler = (exchange) -> Mono.zip(ask(exchange, "First?"),
				waiting().flatMap((now) -> ask(exchange, "Second?")), (one, other) -> one + other);
		String state = state(this.first.post());
		this.gate.tryEmitValue("now");
		this.threads.pass(SETTLED);

		RecordingReply next = this.second.answer(state, "elicitation", "a");
		this.threads.pass(SETTLED);

		assertThat(next.body.toString()).contains("elicitation-2").contains("Second?").doesNotContain("First?");
		assertThat(this.second.answer(state(next), "elicitation-2", "b").body.toString()).contains("ab");
	}

	@Test
	void asksByTheKeyThatTheHandlerWantsButByEachOnce() {
		this.handler = (exchange) -> Mono.zip(askBy(exchange, "name"), askBy(exchange, "name"), askBy(exchange, ""))
			.flatMap((all) -> askBy(exchange, "name"));

		RecordingReply asked = this.first.post();
		String state = state(asked);
		assertThat(((Map<?, ?>) result(asked).get("inputRequests")).keySet().stream().map(Object::toString))
			.containsExactlyInAnyOrder("name", "name-2", "elicitation");
		for (String key : List.of("name", "name-2")) {
			state = state(this.second.answer(state, key, "a"));
		}
		RecordingReply last = settled(this.second.answer(state, "elicitation", "a"));

		assertThat(((Map<?, ?>) result(last).get("inputRequests")).keySet().stream().map(Object::toString))
			.containsExactly("name-3");
		assertThat(this.second.answer(state(last), "name", "b").body.toString()).contains("input_required");
		assertThat(this.second.answer(state(last), "name-3", "c").body.toString()).contains("\"c\"");
	}

	@Test
	void asksNothingThatItsClientHasAnsweredBefore() {
		this.handler = (exchange) -> Mono.zip(ask(exchange, "First?"), ask(exchange, "Second?"))
			.map((both) -> "both " + this.answers);
		String given = "{\"elicitation\":{\"action\":\"accept\",\"content\":{\"name\":\"a\"}},\"other\":{\"x\":1}}";

		RecordingReply asked = this.first.post("alice", 1, ",\"inputResponses\":" + given);

		String state = state(asked);
		assertThat(((Map<?, ?>) result(asked).get("inputRequests")).keySet().stream().map(Object::toString))
			.containsExactly("elicitation-2");
		assertThat(this.second.answer(state, "elicitation-2", "b").body.toString()).contains("both [a, b]");
		assertRefused(this.first.post("alice", 1, ",\"inputResponses\":{\"elicitation\":{\"action\":\"no\"}}"), 400,
				-32602, "inputResponses");
	}

	@Test
	void asksByNoKeyThatWouldComeBackAsAnother() {
		this.handler = (exchange) -> askBy(exchange, "name \ud83d");

		RecordingReply asked = settled(this.first.post());

		assertThat(((Map<?, ?>) result(asked).get("inputRequests")).keySet().stream().map(Object::toString))
			.containsExactly("elicitation");
		assertThat(this.second.answer(state(asked), "elicitation", "a").body.toString()).contains("\"a\"");
	}

	private Mono<String> askBy(McpAsyncServerExchange exchange, String key) {
		return exchange
			.createElicitation(ElicitRequest.builder("Which?", Map.of("type", "object"))
				.meta(Map.of("io.github.mcppersist/inputKey", key))
				.build())
			.map((result) -> String.valueOf(Objects.requireNonNull(result.content()).get("name")));
	}

	@Test
	void asksOnceWhatIsAskedWhileTheCallIsStored() {
		this.handler = (exchange) -> Mono.zip(ask(exchange, "First?"),
				waiting().flatMap((now) -> ask(exchange, "Second?")), (one, other) -> one + other);
		Sinks.Empty<Void> stored = Sinks.empty();
		this.store.gate = stored.asMono();
		RecordingReply first = settled(this.first.post());
		this.gate.tryEmitValue("now");
		this.threads.pass(SETTLED);
		assertThat(first.answers).isZero();

		stored.tryEmitEmpty();

		assertThat(first.body.toString()).contains("First?").doesNotContain("Second?");
		RecordingReply next = settled(this.second.answer(state(first), "elicitation", "a"));
		assertThat(next.body.toString()).contains("Second?").doesNotContain("First?");
		assertThat(this.second.answer(state(next), "elicitation-2", "b").body.toString()).contains("ab");
	}

	@Test
	void goesOnForAHundredRounds() {
		this.handler = (exchange) -> Mono.defer(() -> ask(exchange, "Again?"))
			.repeat(99)
			.then(Mono.fromSupplier(() -> this.answers.size() + " answers"));
		RecordingReply reply = this.first.post();
		for (int i = 1; i <= 100; i++) {
			Node node = (i % 2 == 0) ? this.first : this.second;
			reply = settled(node.answer(state(reply), (i > 1) ? "elicitation-" + i : "elicitation", "a" + i));
		}

		assertThat(reply.body.toString()).contains("100 answers");
		assertThat(this.rounds).hasValue(100);
	}

	@Test
	void keepsTheOutcomesOfTheLastRoundsOnly() {
		this.handler = (exchange) -> Mono.defer(() -> ask(exchange, "Again?")).repeat(11).then(Mono.just("end"));
		List<String> states = new ArrayList<>(List.of(state(this.first.post())));
		for (int i = 1; i < 12; i++) {
			RecordingReply next = this.second.answer(states.get(i - 1), (i > 1) ? "elicitation-" + i : "elicitation",
					"a");
			this.threads.pass(SETTLED);
			states.add(state(next));
		}

		assertRefused(this.second.answer(states.get(0), "elicitation", "a"), 400, -32602, "expired");
		assertThat(this.second.answer(states.get(10), "elicitation-11", "a").body.toString()).contains("Again?");
		assertThat(this.second.answer(states.get(11), "elicitation-12", "a").body.toString()).contains("end");
	}

	@Test
	void givesTheEndInPlaceOfWhatWasAskedIfThatIsTooMuchToBeKept() {
		String large = "Which? ".repeat(TaskStore.KEPT_ROUND_BYTES / 7 + 1);
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> ask(exchange, large))
			.map((name) -> "both " + this.answers);
		String state = state(this.first.post());
		RecordingReply next = settled(this.second.answer(state, "elicitation", "a"));
		next.read();
		RecordingReply again = settled(this.first.answer(state, "elicitation", "a"));
		again.read();
		assertThat(again.body.toString()).contains(large);

		RecordingReply last = this.second.answer(state(next), "elicitation-2", "b");

		assertThat(last.body.toString()).contains("both [a, b]");
		assertThat(this.first.answer(state, "elicitation", "a").body.toString()).isEqualTo(last.body.toString());
	}

	// States

	@Test
	void refusesAStateOfAnotherPrincipal() {
		String state = state(this.first.post());

		assertRefused(this.second.answerAs("mallory", state, "elicitation", "a"), 400, -32602, "requestState");
		assertRefused(this.second.answerAs(null, state, "elicitation", "a"), 400, -32602, "requestState");
		assertThat(this.second.answer(state, "elicitation", "a").body.toString()).contains("a");
	}

	@Test
	void opensStatesOfAllKeysAndSealsWithTheFirst() {
		byte[] old = RequestStateKeys.randomKey();
		byte[] young = RequestStateKeys.randomKey();
		Node before = new Node(List.of(old, young));
		Node during = new Node(List.of(young, old));
		Node after = new Node(List.of(young));
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> ask(exchange, "Second?"));
		String state = state(before.post());

		assertRefused(after.answer(state, "elicitation", "a"), 400, -32602, "requestState");
		RecordingReply next = during.answer(state, "elicitation", "a");
		this.threads.pass(SETTLED);
		assertThat(after.answer(state(next), "elicitation-2", "b").body.toString()).contains("b");
	}

	@Test
	void refusesAStateWhoseCallIsNotStored() {
		byte[] key = RequestStateKeys.randomKey();
		Node one = new Node(List.of(key));
		String known = state(one.post());
		String unknown = new RequestStateKeys(List.of(key)).seal(new RequestState("call", 1), one.boundTo("alice"));

		assertRefused(one.answer(unknown, "elicitation", "a"), 400, -32602, "requestState");
		assertThat(one.answer(known, "elicitation", "a").body.toString()).contains("a");
	}

	@Test
	void takesAStateOfYesterdayIfItMayWaitForSoLong() {
		Node patient = new Node(List.of(), Duration.ofDays(2));
		String state = state(patient.post());

		this.threads.pass(Duration.ofDays(1));

		assertThat(this.second.answer(state, "elicitation", "a").body.toString()).contains("a");
		assertThat(patient.handler.parked()).isZero();
		assertThat(this.inputs).singleElement()
			.satisfies((input) -> assertThat(input).isGreaterThan(Duration.ofHours(23)));
	}

	@Test
	void refusesAStateOfYesterdayIfItMayNot() {
		String state = state(this.first.post());

		this.threads.pass(Duration.ofDays(1));

		assertRefused(this.second.answer(state, "elicitation", "a"), 400, -32602, "expired");
		assertThat(this.outcomes).containsExactly(ParkedCallOutcome.TIMED_OUT);
		assertThat(this.rejections).containsExactly(RequestStateRejection.EXPIRED);
	}

	@Test
	void agreesOnAKeyWithNodesThatCameBefore() {
		state(this.first.post());
		this.first.finishAll();
		Node third = new Node(List.of());
		String state = state(third.post());

		assertThat(this.second.answer(state, "elicitation", "a").body.toString()).contains("a");
	}

	@Test
	void givesAwayTheKeyThatItHasWhenTheStoreHasLostIt() {
		state(this.first.post());
		this.store.lose();
		this.threads.pass(Duration.ofMinutes(2));
		Node third = new Node(List.of());
		state(third.post());

		String state = state(this.first.post());

		assertThat(third.answer(state, "elicitation", "a").body.toString()).contains("a");
		third.finishAll();
	}

	@Test
	void agreesOnAKeyWithNodesThatCanNotReadTheOneBefore() {
		byte[] old = RequestStateKeys.randomKey();
		byte[] young = RequestStateKeys.randomKey();
		Node before = new Node(encrypted(Map.of("old", old)));
		state(before.post());
		before.finishAll();
		Map<String, byte[]> both = new LinkedHashMap<>();
		both.put("young", young);
		both.put("old", old);
		Node during = new Node(encrypted(both));
		String early = state(during.post());
		Node after = new Node(encrypted(Map.of("young", young)));

		assertThat(during.answer(state(after.post()), "elicitation", "a").body.toString()).contains("\"a\"");
		assertThat(during.answer(early, "elicitation", "b").body.toString()).contains("\"b\"");
		String late = state(during.post());
		assertThat(after.answer(late, "elicitation", "c").body.toString()).contains("\"c\"");
		// And once more, while there still are nodes of all kinds
		Map<String, byte[]> last = Map.of("last", RequestStateKeys.randomKey());
		Node muchLater = new Node(encrypted(last));
		Node beside = new Node(encrypted(last));
		assertThat(beside.answer(state(muchLater.post()), "elicitation", "d").body.toString()).contains("\"d\"");
	}

	private TaskStore encrypted(Map<String, byte[]> keys) {
		AesGcmPayloadCodec.Builder codec = AesGcmPayloadCodec.builder();
		keys.forEach(codec::key);
		return new EncodedTaskStore(this.store, new Payloads(codec.build(), (place, ex) -> {
		}));
	}

	// Owners

	@Test
	void saysThatTheOwnerHasGone() {
		String state = state(this.first.post());
		this.second.nodes.gone.add(this.first.nodes.nodeId());

		RecordingReply reply = this.second.answer(state, "elicitation", "a");

		assertRefused(reply, 200, -32603, "has gone");
		assertThat(this.second.answer(state, "elicitation", "a").body.toString()).isEqualTo(reply.body.toString());
		// It was only taken for gone, and drops what it has
		assertThat(this.disposed).hasPositiveValue();
		assertThat(this.answers).isEmpty();
	}

	@Test
	void saysThatTheOwnerGoesWhileItsClientWaits() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		RecordingReply reply = this.second.answer(state, "elicitation", "a");
		assertThat(reply.answers).isZero();

		this.second.nodes.gone.add(this.first.nodes.nodeId());
		this.threads.pass(Duration.ofSeconds(1));

		assertRefused(reply, 200, -32603, "has gone");
		assertThat(this.disposed).hasPositiveValue();
	}

	@Test
	void keepsALaterRoundAsLongAsItsClientMayTake() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> ask(exchange, "Second?"));
		String state = state(this.first.post());
		this.threads.pass(TestSettings.INPUT_TIMEOUT.minusMinutes(1));
		RecordingReply next = this.second.answer(state, "elicitation", "a");
		this.threads.pass(SETTLED);

		assertThat(this.store.changes).singleElement()
			.satisfies((change) -> assertThat(change.timeToLive())
				.isGreaterThan(TestSettings.INPUT_TIMEOUT.multipliedBy(2).minusMinutes(1)));
		next.read();
		assertThat(this.second.answer(state(next), "elicitation-2", "b").body.toString()).contains("b");
	}

	@Test
	void tellsClientsThatTheServerHasShutDown() {
		String state = state(this.first.post());

		this.first.handler.abandon("The server shut down");

		assertRefused(this.second.answer(state, "elicitation", "a"), 200, -32603, "shut down");
		assertThat(this.disposed).hasPositiveValue();
	}

	@Test
	void letsTheCallGoOnWhenTheNodeOfItsClientShutsDown() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		RecordingReply reply = this.second.answer(state, "elicitation", "a");

		this.second.handler.abandon("The server shut down");
		this.gate.tryEmitValue("end");

		assertRefused(reply, 503, -32603, "shutting down");
		assertThat(this.first.answer(state, "elicitation", "a").body.toString()).contains("end");
	}

	// Cancellation

	@Test
	void cancelsACallWhoseClientGoesOnAnotherNode() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		RecordingReply reply = this.second.answer(state, "elicitation", "a");
		this.threads.pass(TestSettings.HEARTBEAT.plusSeconds(1));

		reply.close();
		this.threads.pass(LeftCalls.LIMIT);

		assertThat(this.disposed).hasPositiveValue();
		assertThat(this.cancelled).hasValue(1);
		this.gate.tryEmitValue("late");
		assertRefused(this.second.answer(state, "elicitation", "a"), 400, -32602, "expired");
	}

	@Test
	void cancelsNothingAsLongAsAnotherRetryWaits() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		RecordingReply one = this.second.answer(state, "elicitation", "a");
		RecordingReply other = this.second.answer(state, "elicitation", "a");
		this.threads.pass(TestSettings.HEARTBEAT.plusSeconds(1));
		other.read();

		one.close();
		this.threads.pass(LeftCalls.LIMIT);
		this.gate.tryEmitValue("end");

		assertThat(other.body.toString()).contains("end");
		assertThat(this.cancelled).hasValue(0);
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void cancelsNothingAsLongAsAnotherRetryWaitsOnAnotherNode(boolean ownerIsLeft) {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		RecordingReply one = (ownerIsLeft ? this.first : this.second).answer(state, "elicitation", "a");
		RecordingReply other = (ownerIsLeft ? this.second : this.first).answer(state, "elicitation", "a");
		this.threads.pass(TestSettings.HEARTBEAT.plusSeconds(1));
		other.read();

		one.close();
		this.threads.pass(LeftCalls.LIMIT);
		this.gate.tryEmitValue("end");

		assertThat(other.body.toString()).contains("end");
		assertThat(this.cancelled).hasValue(0);
	}

	@Test
	void cancelsACallOnceNobodyWaitsOnAnyNode() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		RecordingReply one = this.first.answer(state, "elicitation", "a");
		RecordingReply other = this.second.answer(state, "elicitation", "a");
		this.threads.pass(TestSettings.HEARTBEAT.plusSeconds(1));
		one.close();
		this.threads.pass(LeftCalls.LIMIT);
		assertThat(this.disposed).hasValue(0);

		other.close();
		this.threads.pass(LeftCalls.LIMIT);

		assertThat(this.disposed).hasPositiveValue();
		assertThat(this.cancelled).hasValue(1);
	}

	@Test
	void cancelsNothingIfItsClientHasLostItsConnectionAndComesAgain() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		RecordingReply lost = this.second.answer(state, "elicitation", "a");
		this.threads.pass(TestSettings.HEARTBEAT.plusSeconds(1));

		lost.close();
		this.threads.pass(Duration.ofMillis(500));
		RecordingReply again = this.first.answer(state, "elicitation", "a");
		this.threads.pass(LeftCalls.LIMIT);
		this.gate.tryEmitValue("end");

		assertThat(again.body.toString()).contains("end");
		assertThat(this.cancelled).hasValue(0);
	}

	@Test
	void cancelsNothingIfItsClientComesAgainWhileOtherNodesAreAsked() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		RecordingReply lost = this.second.answer(state, "elicitation", "a");
		this.threads.pass(TestSettings.HEARTBEAT.plusSeconds(1));

		lost.close();
		this.threads.pass(Duration.ofMillis(1500));
		RecordingReply again = this.first.answer(state, "elicitation", "a");
		this.threads.pass(LeftCalls.LIMIT);
		this.gate.tryEmitValue("end");

		assertThat(again.body.toString()).contains("end");
		assertThat(this.cancelled).hasValue(0);
	}

	@Test
	void cancelsNothingIfOtherNodesCanNotBeAsked() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		RecordingReply one = this.second.answer(state, "elicitation", "a");
		RecordingReply other = this.first.answer(state, "elicitation", "a");
		this.threads.pass(TestSettings.HEARTBEAT.plusSeconds(1));
		other.read();
		this.unreachable = true;

		one.close();
		this.threads.pass(LeftCalls.LIMIT);
		this.gate.tryEmitValue("end");

		assertThat(other.body.toString()).contains("end");
		assertThat(this.cancelled).hasValue(0);
	}

	@Test
	void cancelsNothingIfAnotherNodeHasAnsweredTheSame() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting())
			.flatMap((now) -> ask(exchange, "Second?"));
		String state = state(this.first.post());
		RecordingReply one = this.first.answer(state, "elicitation", "a");
		RecordingReply other = this.second.answer(state, "elicitation", "a");
		this.threads.pass(TestSettings.HEARTBEAT.plusSeconds(1));
		other.read();
		Sinks.Empty<Void> known = Sinks.empty();
		this.store.way = known.asMono();
		this.gate.tryEmitValue("now");
		this.threads.pass(SETTLED);

		// What has come of the round is stored, but isn't known there yet
		other.close();
		this.threads.pass(LeftCalls.LIMIT);
		known.tryEmitEmpty();

		one.read();
		assertThat(this.second.answer(state(one), "elicitation-2", "b").body.toString()).contains("\"b\"");
		assertThat(this.cancelled).hasValue(0);
	}

	@Test
	void bearsToBeCancelledTwiceAndOnTwoNodes() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		RecordingReply one = this.second.answer(state, "elicitation", "a");
		RecordingReply other = this.first.answer(state, "elicitation", "a");
		this.threads.pass(TestSettings.HEARTBEAT.plusSeconds(1));

		one.close();
		one.close();
		other.close();
		this.threads.pass(LeftCalls.LIMIT);
		this.gate.tryEmitValue("late");

		assertThat(this.disposed).hasPositiveValue();
		assertRefused(this.first.answer(state, "elicitation", "a"), 400, -32602, "expired");
	}

	@Test
	void cancelsACallWhoseClientGoesBeforeItIsAsked() {
		this.handler = (exchange) -> waiting().flatMap((now) -> ask(exchange, "First?"));
		RecordingReply reply = this.first.post();
		this.threads.pass(TestSettings.HEARTBEAT.plusSeconds(1));

		reply.close();

		assertThat(this.disposed).hasPositiveValue();
		assertThat(this.store.calls).isZero();
	}

	@Test
	void cancelsACallWhoseClientStaysAway() {
		String state = state(this.first.post());

		this.threads.pass(TestSettings.INPUT_TIMEOUT);
		assertThat(this.disposed).hasValue(0);
		this.threads.pass(Duration.ofSeconds(2));

		assertThat(this.disposed).hasPositiveValue();
		assertRefused(this.second.answer(state, "elicitation", "a"), 400, -32602, "expired");
	}

	@Test
	void waitsForAHandlerHoweverLongItTakesOnceItIsAnswered() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		RecordingReply reply = this.second.answer(state, "elicitation", "a");
		reply.read();

		for (int i = 0; i < 20; i++) {
			this.threads.pass(Duration.ofMinutes(1));
			reply.read();
		}
		this.gate.tryEmitValue("end");

		assertThat(reply.body.toString()).contains("end");
	}

	@Test
	void letsNothingWaitForAnAnswerThatGoesOnBehindTheEnd() {
		List<String> errors = new ArrayList<>();
		this.handler = (exchange) -> {
			ask(exchange, "Beside?").subscribe((name) -> {
			}, (ex) -> errors.add(ex.getMessage()));
			waiting().flatMap((now) -> ask(exchange, "Behind?")).subscribe((name) -> {
			}, (ex) -> errors.add(ex.getMessage()));
			return Mono.just("done");
		};

		assertThat(this.first.post().body.toString()).contains("done");
		this.gate.tryEmitValue("now");

		assertThat(errors).hasSize(2).allMatch((error) -> error.contains("over"));
	}

	// Limits

	@Test
	void refusesMoreThanThereMayBeAndGivesPlacesBack() {
		List<String> states = List.of(state(this.first.post()), state(this.first.post()));

		assertRefused(settled(this.first.post()), 503, -32603, "too many calls");
		states.forEach(
				(state) -> assertThat(this.second.answer(state, "elicitation", "a").body.toString()).contains("a"));
		assertThat(this.first.handler.parked()).isZero();
		this.second.answer(state(this.first.post()), "elicitation", "a");
	}

	@Test
	void letsOnlySomeRequestsWaitForACall() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		List<RecordingReply> waiting = IntStream.range(0, Parking.MAX_WAITING_PER_CALL)
			.mapToObj((i) -> this.second.answer(state, "elicitation", "a"))
			.toList();
		int calls = this.store.calls;

		assertRefused(this.second.answer(state, "elicitation", "a"), 503, -32603, "wait for what comes of this call");
		assertThat(this.store.calls).isEqualTo(calls);
		RecordingReply elsewhere = this.first.answer(state, "elicitation", "a");
		this.gate.tryEmitValue("end");

		assertThat(waiting).allMatch((reply) -> reply.body.toString().contains("end"));
		assertThat(elsewhere.body.toString()).contains("end");
		assertThat(this.second.answer(state, "elicitation", "a").body.toString()).contains("end");
	}

	@Test
	void letsOnlySomeRequestsWaitOnANode() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		List<String> states = List.of(state(this.first.post()), state(this.first.post()),
				state(this.second.postAs("bob")), state(this.second.postAs("carol")));
		for (int i = 0; i < Parking.MAX_WAITING_PER_CALL; i++) {
			this.second.answer(states.get(i % 2), "elicitation", "a");
		}

		// The other half is left to others
		assertRefused(this.second.answer(states.get(0), "elicitation", "a"), 503, -32603, "of one principal wait");
		for (int i = 0; i < Parking.MAX_WAITING_PER_CALL; i++) {
			this.second.answerAs("bob", states.get(2), "elicitation", "a");
		}
		assertRefused(this.second.answerAs("carol", states.get(3), "elicitation", "a"), 503, -32603,
				"too many requests wait for what comes of calls");
		this.gate.tryEmitValue("end");

		assertThat(this.second.answerAs("bob", states.get(2), "elicitation", "a").body.toString()).contains("end");
		assertThat(this.second.answer(states.get(0), "elicitation", "a").body.toString()).contains("end");
		assertThat(this.second.answerAs("carol", states.get(3), "elicitation", "a").body.toString()).contains("end");
	}

	@Test
	void letsNoPrincipalTakeAllPlaces() {
		state(this.first.post());
		state(this.first.post());

		assertRefused(settled(this.first.post()), 503, -32603, "one principal");
		state(this.first.postAs("bob"));
		state(this.first.postAs(null));
		assertRefused(settled(this.first.postAs(null)), 503, -32603, "too many calls wait");
		assertRefused(settled(this.first.postAs("bob")), 503, -32603, "too many calls wait");
		assertThat(this.outcomes).hasSize(3).containsOnly(ParkedCallOutcome.REFUSED);
		this.first.finishAll();
	}

	@Test
	void endsACallThatAsksTooMuch() {
		this.handler = (exchange) -> Mono
			.when(IntStream.rangeClosed(0, 1000).mapToObj((i) -> ask(exchange, "?" + i)).toList())
			.thenReturn("end");

		assertRefused(settled(this.first.post()), 200, -32603, "larger than can be stored");
	}

	// Outages of the store

	@Test
	void refusesACallThatCanNotBeKept() {
		this.store.failure = OUTAGE;

		assertRefused(settled(this.first.post()), 503, -32603, "can't be kept");
		assertThat(this.disposed).hasPositiveValue();
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void leavesNothingOfACallOfWhichItIsNotKnownWhetherItIsKept(boolean outage) {
		// So that there is a key for states
		this.second.answer(state(this.first.post()), "elicitation", "a");
		this.store.way = Mono.error(outage ? OUTAGE : new IllegalStateException("broken"));

		assertRefused(settled(this.first.post()), 503, -32603, "can't be kept");
		this.store.way = Mono.empty();
		this.threads.pass(Duration.ofSeconds(5));

		assertThat(this.store.lastCreated()).extracting(TaskRecord::status).isEqualTo(TaskStatus.CANCELLED);
	}

	@Test
	void endsNothingOfACallThatTheStoreHasRefused() {
		this.second.answer(state(this.first.post()), "elicitation", "a");
		int calls = this.store.calls;
		this.store.failure = new TooManyTasksException();

		assertRefused(settled(this.first.post()), 503, -32603, "can't be kept");
		this.threads.pass(Duration.ofSeconds(5));

		assertThat(this.store.calls - calls).isOne();
	}

	@Test
	void refusesAnswersThatAreTooLargeToBeStored() {
		String state = state(this.first.post());
		this.store.answerFailure = new TaskStoreRefusedException("too large");

		assertRefused(this.second.answer(state, "elicitation", "large"), 400, -32602, "larger");
		this.store.answerFailure = null;

		assertThat(this.second.answer(state, "elicitation", "b").body.toString()).contains("b");
	}

	@Test
	void letsAnAnswerBeRepeatedThatCanNotBeStored() {
		String state = state(this.first.post());
		this.store.failure = OUTAGE;

		assertRefused(this.second.answer(state, "elicitation", "a"), 503, -32603, "repeat");
		this.store.failure = null;

		assertThat(this.second.answer(state, "elicitation", "b").body.toString()).contains("b");
	}

	@Test
	void storesAnOutcomeAsSoonAsTheStoreIsBack() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting())
			.flatMap((now) -> ask(exchange, "Second?"));
		String state = state(this.first.post());
		RecordingReply reply = this.second.answer(state, "elicitation", "a");
		reply.read();
		this.store.failure = OUTAGE;
		this.gate.tryEmitValue("now");
		this.threads.pass(Duration.ofSeconds(40));
		assertThat(reply.body.toString()).doesNotContain("Second?");

		this.store.failure = null;
		this.threads.pass(Duration.ofSeconds(6));
		reply.read();
		assertThat(reply.body.toString()).contains("Second?");

		RecordingReply last = this.second.answer(state(reply), "elicitation-2", "b");
		assertThat(last.body.toString()).contains("b");
	}

	@Test
	void storesTheEndAsSoonAsTheStoreIsBack() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		RecordingReply waiting = this.second.answer(state, "elicitation", "a");
		this.store.failure = OUTAGE;
		this.gate.tryEmitValue("end");
		this.threads.pass(Duration.ofMinutes(2));

		this.store.failure = null;
		this.threads.pass(Duration.ofSeconds(6));

		assertThat(this.second.answer(state, "elicitation", "a").body.toString()).contains("end");
		waiting.close();
	}

	@Test
	void saysThatAResultIsTooLarge() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		this.second.answer(state, "elicitation", "a");
		this.store.failure = new TaskStoreRefusedException("too large");
		this.store.failures = 1;
		this.gate.tryEmitValue("end");

		assertRefused(this.first.answer(state, "elicitation", "a"), 200, -32603, "larger than can be stored");
	}

	@Test
	void endsACallThatTheStoreHasLost() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String lost = state(this.first.post());
		RecordingReply waiting = this.second.answer(lost, "elicitation", "a");
		this.threads.pass(TestSettings.HEARTBEAT.plusSeconds(1));
		waiting.read();
		this.store.lose();

		this.threads.pass(Duration.ofMinutes(1));

		assertRefused(waiting, 200, -32602, "expired");
		assertThat(this.disposed).hasPositiveValue();
		String state = state(this.first.post());
		this.gate.tryEmitValue("end");
		assertThat(this.second.answer(state, "elicitation", "a").body.toString()).contains("end");
	}

	@Test
	void cancelsOrCompletesACallButNotBoth() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		RecordingReply reply = this.second.answer(state, "elicitation", "a");
		this.threads.pass(TestSettings.HEARTBEAT.plusSeconds(1));
		reply.read();
		// Its end is on its way to the store when its client goes
		this.store.failure = OUTAGE;
		this.store.failures = 6;
		this.gate.tryEmitValue("end");

		reply.close();
		this.threads.pass(LeftCalls.LIMIT.plusSeconds(2));

		assertRefused(this.second.answer(state, "elicitation", "a"), 400, -32602, "expired");
		assertThat(reply.body.toString()).doesNotContain("end\"");
	}

	@Test
	void endsACallOfWhichNothingMoreCanBeStored() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> ask(exchange, "Second?"));
		String state = state(this.first.post());
		RecordingReply reply = this.second.answer(state, "elicitation", "a");
		this.store.failure = new IllegalStateException("It can't be done");
		this.store.failures = 1;
		this.threads.pass(SETTLED);

		assertRefused(reply, 200, -32603, "could not be stored");
		assertThat(this.disposed).hasPositiveValue();
		assertThat(this.outcomes).containsExactly(ParkedCallOutcome.LOST);
	}

	// Failovers that lose what was acknowledged

	@ParameterizedTest
	@ValueSource(ints = { 1, 2 })
	void saysThatTheEndIsLost(int writes) {
		String state = state(this.first.post());
		assertThat(this.second.answer(state, "elicitation", "a").body.toString()).contains("a");
		this.store.loseLast(writes);

		RecordingReply reply = this.second.answer(state, "elicitation", "a");
		assertThat(reply.answers).isZero();
		this.threads.pass(TWO_LOOKS);
		reply.read();

		assertRefused(reply, 200, -32603, "has been lost");
		assertRefused(this.first.answer(state, "elicitation", "a"), 200, -32603, "has been lost");
		assertThat(this.orphans).hasValue(1);
		assertThat(this.answers).containsExactly("a");
	}

	@Test
	void saysThatTheEndIsLostOnTheNodeThatHadIt() {
		String state = state(this.first.post());
		this.first.answer(state, "elicitation", "a");
		this.store.loseLast(1);

		assertRefused(this.first.answer(state, "elicitation", "a"), 200, -32603, "has been lost");
	}

	@Test
	void asksTheOwnerOfACallNowAndThenWhetherItHasIt() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> waiting());
		String state = state(this.first.post());
		RecordingReply reply = this.second.answer(state, "elicitation", "a");
		RecordingReply same = this.second.answer(state, "elicitation", "a");
		assertThat(this.told).isZero();

		for (int i = 0; i < 10; i++) {
			this.threads.pass(LOOK);
			reply.read();
			same.read();
		}

		assertThat(this.told).isBetween(5, 10);
		this.gate.tryEmitValue("end");
		for (RecordingReply each : List.of(reply, same)) {
			each.read();
			assertThat(each.body.toString()).contains("end");
		}
		assertThat(this.orphans).hasValue(0);
	}

	@ParameterizedTest
	@ValueSource(ints = { 1, 2 })
	void asksAgainWhatTheStoreHasLost(int writes) {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> ask(exchange, "Second?"))
			.map((name) -> "both " + this.answers);
		String state = state(this.first.post());
		RecordingReply next = this.second.answer(state, "elicitation", "a");
		this.threads.pass(SETTLED);
		next.read();
		this.store.loseLast(writes);

		RecordingReply last = this.second.answer(state(next), "elicitation-2", "b");
		assertThat(last.answers).isZero();
		this.threads.pass(TWO_LOOKS);
		last.read();

		assertThat(last.body.toString()).contains("both [a, b]");
		assertThat(this.first.answer(state, "elicitation", "a").body.toString()).contains("Second?")
			.doesNotContain("First?");
	}

	@Test
	void givesTheOutcomeOfARoundAgainThatTheStoreHasLost() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> ask(exchange, "Second?"));
		String state = state(this.first.post());
		this.second.answer(state, "elicitation", "a");
		this.threads.pass(SETTLED);
		this.store.loseLast(1);

		RecordingReply same = this.second.answer(state, "elicitation", "a");
		assertThat(same.answers).isZero();
		this.threads.pass(TWO_LOOKS);
		same.read();

		assertThat(same.body.toString()).contains("Second?").doesNotContain("First?");
		assertThat(this.second.answer(state(same), "unknown", "x").body.toString()).contains("Second?");
		assertThat(this.second.answer(state(same), "elicitation-2", "b").body.toString()).contains("b");
	}

	@Test
	void givesAnAnswerAgainThatTheStoreHasLost() {
		String state = state(this.first.post());
		Sinks.Empty<Void> look = Sinks.empty();
		AtomicInteger calls = new AtomicInteger();
		// The answer is looked for and stored, and its owner is yet to see it
		this.store.gate = Mono.defer(() -> (calls.incrementAndGet() > 2) ? look.asMono() : Mono.empty());
		RecordingReply reply = this.first.answer(state, "elicitation", "a");
		this.store.loseLast(1);
		assertThat(this.answers).isEmpty();

		this.store.gate = Mono.empty();
		look.tryEmitEmpty();

		assertThat(this.answers).containsExactly("a");
		assertThat(reply.body.toString()).contains("a");
	}

	@Test
	void storesNothingAgainThatIsThere() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> ask(exchange, "Second?"));
		RecordingReply next = this.second.answer(state(this.first.post()), "elicitation", "a");
		this.threads.pass(SETTLED);
		next.read();
		int changes = this.store.changes.size();

		this.threads.pass(LOOK.multipliedBy(4));

		assertThat(this.store.changes).hasSize(changes);
		this.second.answer(state(next), "elicitation-2", "b");
	}

	// What observers are told

	@Test
	void tellsObserversOfRoundsAndHowCallsEnd() {
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> ask(exchange, "Second?"));
		String state = state(this.first.post());
		this.threads.pass(Duration.ofSeconds(10));
		RecordingReply next = settled(this.second.answer(state, "elicitation", "a"));
		this.second.answer(state(next), "elicitation-2", "b");

		assertThat(this.rounds).hasValue(2);
		assertThat(this.inputs).hasSize(2)
			.first()
			.satisfies((input) -> assertThat(input).isBetween(Duration.ofSeconds(10), Duration.ofSeconds(11)));
		assertThat(this.outcomes).containsExactly(ParkedCallOutcome.COMPLETED);
		this.store.failure = OUTAGE;
		settled(this.first.post());
		assertThat(this.outcomes).endsWith(ParkedCallOutcome.UNAVAILABLE);
		assertThat(this.rejections).isEmpty();
	}

	@Test
	void tellsObserversWhyAStateIsRejected() {
		String state = state(this.first.post());

		this.second.answerAs("mallory", state, "elicitation", "a");
		assertThat(this.rejections).containsExactly(RequestStateRejection.INVALID);
		this.second.nodes.gone.add(this.first.nodes.nodeId());
		this.second.answer(state, "elicitation", "a");

		assertThat(this.orphans).hasValue(1);
		assertThat(this.outcomes).containsExactly(ParkedCallOutcome.LOST);
	}

	// What belongs to the request

	@Test
	void carriesWhatBelongsToTheFirstRequestIntoWhatAnotherOneSetsOff() {
		ThreadLocal<String> bound = new ThreadLocal<>();
		List<String> seen = new ArrayList<>();
		this.handler = (exchange) -> ask(exchange, "First?").flatMap((name) -> Mono.deferContextual((context) -> {
			seen.add(bound.get() + ' ' + context.get("request") + ' ' + exchange.transportContext().get("request"));
			return Mono.just(name);
		}));
		UnaryOperator<Runnable> carrier = (task) -> () -> {
			bound.set("bound");
			try {
				task.run();
			}
			finally {
				bound.remove();
			}
		};
		RecordingReply reply = this.first.post(new ModernRequest(Node.HEADERS, "alice",
				McpTransportContext.create(Map.of("request", "transport")), Context.of("request", "reactor"), carrier),
				1, "");

		this.second.answer(state(reply), "elicitation", "a");

		assertThat(seen).containsExactly("bound reactor transport");
	}

	// How it is done

	private RecordingReply settled(RecordingReply reply) {
		this.threads.pass(SETTLED);
		return reply;
	}

	private String state(RecordingReply reply) {
		settled(reply);
		Object state = Objects.requireNonNull(result(reply).get("requestState"), reply.body.toString());
		return state.toString();
	}

	private static Map<?, ?> result(RecordingReply reply) {
		String body = reply.body.toString();
		return (Map<?, ?>) Objects.requireNonNull(read(body.substring(body.indexOf("{\"jsonrpc\""))).get("result"),
				body);
	}

	private static void assertRefused(RecordingReply reply, int status, int code, String message) {
		String body = reply.body.toString();
		Map<?, ?> error = (Map<?, ?>) Objects
			.requireNonNull(read(body.substring(Math.max(body.indexOf("{\"jsonrpc\""), 0))).get("error"), body);
		assertThat(error.get("code")).isEqualTo(code);
		assertThat(String.valueOf(error.get("message"))).contains(message);
		assertThat(reply.status).isEqualTo(status);
	}

	private static Map<?, ?> read(String json) {
		try {
			return JSON.readValue(json, Map.class);
		}
		catch (IOException ex) {
			throw new AssertionError(json, ex);
		}
	}

	/**
	 * One node.
	 */
	private final class Node implements ModernServer {

		private static final Map<String, String> FIELDS = Map.of("MCP-Protocol-Version", "2026-07-28", "Mcp-Method",
				"prompts/get", "Mcp-Name", "p");

		private static final RequestHeaders HEADERS = RequestHeaders.read(FIELDS::get, FIELDS::keySet);

		final TestNodes nodes = new TestNodes();

		final ModernHandler handler;

		Node(List<byte[]> keys) {
			this(keys, TestSettings.INPUT_TIMEOUT);
		}

		Node(TaskStore store) {
			this(List.of(), TestSettings.INPUT_TIMEOUT, store);
		}

		Node(List<byte[]> keys, Duration inputTimeout) {
			this(keys, inputTimeout, RoundsTests.this.store);
		}

		private Node(List<byte[]> keys, Duration inputTimeout, TaskStore store) {
			ModernSettings settings = new ModernSettings(TestSettings.HEARTBEAT, 1000, 1_000_000, 100, 100, 3, 3, 0,
					"private", inputTimeout, 4, 2, keys, LOOK, TaskOptions.defaults());
			this.handler = new ModernHandler(RoundsTests.this.threads, new EndpointObserver() {

				@Override
				public void requestCancelled() {
					RoundsTests.this.cancelled.incrementAndGet();
				}

				@Override
				public void inputRequired() {
					RoundsTests.this.rounds.incrementAndGet();
				}

				@Override
				public void inputReceived(long nanos) {
					RoundsTests.this.inputs.add(Duration.ofNanos(nanos));
				}

				@Override
				public void parkedCallEnded(ParkedCallOutcome outcome) {
					RoundsTests.this.outcomes.add(outcome);
				}

				@Override
				public void requestStateRejected(RequestStateRejection rejection) {
					RoundsTests.this.rejections.add(rejection);
				}

				@Override
				public void orphanEnded(Era era) {
					RoundsTests.this.orphans.incrementAndGet();
				}

			}, JSON, settings, new ModernStore(store, this.nodes, () -> "test", this::tellOthers, this::tell),
					(request) -> null, () -> false, (uris) -> Mono.empty());
			this.handler.start(this);
		}

		private Mono<Void> tellOthers(NodeMessage message) {
			return Mono.defer(() -> {
				if (RoundsTests.this.unreachable) {
					return Mono.error(new IllegalStateException("no way to other nodes"));
				}
				Stream.of(RoundsTests.this.first, RoundsTests.this.second)
					.filter((node) -> node != this)
					.forEach((node) -> node.handler.told(message));
				return Mono.empty();
			});
		}

		private void tell(String nodeId, NodeMessage message) {
			RoundsTests.this.told++;
			Stream.of(RoundsTests.this.first, RoundsTests.this.second)
				.filter((node) -> node.nodes.nodeId().equals(nodeId))
				.forEach((node) -> node.handler.told(message));
		}

		RecordingReply post() {
			return post("alice", 1, "");
		}

		RecordingReply postAs(@Nullable String principal) {
			return post(principal, 1, "");
		}

		RecordingReply answer(String state, String key, String name) {
			return answerAs("alice", state, key, name);
		}

		RecordingReply answerAs(@Nullable String principal, String state, String key, String name) {
			return post(principal, 2, ",\"requestState\":\"" + state + "\",\"inputResponses\":{\"" + key
					+ "\":{\"action\":\"accept\",\"content\":{\"name\":\"" + name + "\"}}}");
		}

		/**
		 * End what runs here.
		 */
		void finishAll() {
			this.handler.abandon("The test has ended");
		}

		byte[] boundTo(String principal) {
			return RequestBinding.of(request(1, ""), principal, "test", JSON);
		}

		private JSONRPCRequest request(int id, String rest) {
			return new JSONRPCRequest("prompts/get", id,
					read("{\"name\":\"p\",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
							+ "\"io.modelcontextprotocol/clientCapabilities\":{\"elicitation\":{}}}" + rest + "}"));
		}

		private RecordingReply post(@Nullable String principal, int id, String rest) {
			return post(new ModernRequest(HEADERS, principal, McpTransportContext.EMPTY, Context.empty(),
					UnaryOperator.identity()), id, rest);
		}

		private RecordingReply post(ModernRequest request, int id, String rest) {
			RecordingReply reply = new RecordingReply();
			this.handler.handle(request, request(id, rest), reply);
			return reply;
		}

		@Override
		public InitializeResult description() {
			return new InitializeResult("2025-11-25", ServerCapabilities.builder().build(),
					new Implementation("test", "1"), null);
		}

		@Override
		public McpStreamableServerSession sessionOfOneRequest(ClientCapabilities capabilities,
				Implementation clientInfo, Duration requestTimeout) {
			return new McpStreamableServerSession("session", capabilities, clientInfo, requestTimeout,
					Map.of("prompts/get", (exchange, params) -> RoundsTests.this.handler.apply(exchange)
						.map((text) -> Map.of("description", text))),
					Map.of(), Mono::empty);
		}

	}

}

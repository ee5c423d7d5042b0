package io.github.mcppersist.modern;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.stream.ManualThreads;
import io.github.mcppersist.task.TaskOptions;
import io.github.mcppersist.task.TaskStoreUnavailableException;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Calls whose clients answer to any of three nodes, in part, and twice at once, of which
 * they may close the one when the other has brought them what they want, over a store
 * that is slow, fails before or after it has done what it was asked, and loses what it
 * has done: all drawn by a seed, in a time of their own. Whatever happens, each call
 * ends, nobody is asked again for what they have answered, the same retry gets the same
 * outcome, and nothing is left behind.
 */
class RoundsSimulationTests {

	private static final int SEEDS = 100;

	private static final int CLIENTS = 8;

	private static final Duration STEP = Duration.ofMillis(5);

	private static final int MAX_STEPS = 20_000;

	@Test
	void keepsItsPromisesOverASlowStore() {
		for (int seed = 1; seed <= SEEDS; seed++) {
			Run run = new Run(seed, 0, 0);
			run.go();
			assertThat(run.ends).as("seed %d", seed).hasSize(CLIENTS).allMatch((end) -> end.startsWith("done"));
		}
	}

	@Test
	void keepsItsPromisesOverAStoreThatFails() {
		for (int seed = 1; seed <= SEEDS; seed++) {
			Run run = new Run(seed, 5, 0);
			run.go();
			assertThat(run.ends).as("seed %d", seed)
				.hasSize(CLIENTS)
				.allMatch((end) -> end.startsWith("done") || end.contains("can't be kept"));
		}
	}

	@Test
	void keepsItsPromisesOverAStoreThatLosesWhatItHasAcknowledged() {
		int done = 0;
		for (int seed = 1; seed <= SEEDS; seed++) {
			Run run = new Run(seed, 2, 3);
			run.go();
			assertThat(run.ends).as("seed %d", seed)
				.hasSize(CLIENTS)
				.allMatch((end) -> end.startsWith("done") || end.contains("can't be kept")
						|| end.contains("has been lost") || end.contains("is unknown, or has expired"));
			done += run.ends.stream().filter((end) -> end.startsWith("done")).count();
		}
		// Few have lost their end, or all that is known of them
		assertThat(done).isBetween(SEEDS * CLIENTS * 3 / 4, SEEDS * CLIENTS - 1);
	}

	private static Map<?, ?> read(String json) {
		try {
			return McpJsonDefaults.getMapper().readValue(json, Map.class);
		}
		catch (IOException ex) {
			throw new AssertionError(json, ex);
		}
	}

	/**
	 * One seed.
	 */
	private static final class Run {

		private final ManualThreads threads = new ManualThreads();

		private final FaultyTaskStore store = new FaultyTaskStore(this.threads);

		private final Random random;

		private final int seed;

		private final List<Node> nodes = new ArrayList<>();

		final List<String> ends = new ArrayList<>();

		/**
		 * How often the store loses what it has done last.
		 */
		private int losses;

		/**
		 * What states are sealed with; empty if the nodes agree on a key by the store,
		 * which must not lose that.
		 */
		final List<byte[]> keys;

		Run(int seed, int failuresInAHundred, int losses) {
			this.seed = seed;
			this.losses = losses;
			this.keys = (losses > 0) ? List.of(RequestStateKeys.randomKey()) : List.of();
			this.random = new Random(seed);
			Mono<Void> weather = Mono.defer(() -> {
				Duration delay = Duration.ofMillis(this.random.nextInt(30));
				boolean fails = this.random.nextInt(100) < failuresInAHundred;
				return this.threads.after(delay)
					.then(fails ? Mono.error(new TaskStoreUnavailableException("drawn")) : Mono.empty());
			});
			this.store.gate = weather;
			this.store.way = weather;
			for (int i = 0; i < 3; i++) {
				this.nodes.add(new Node(this));
			}
		}

		void go() {
			List<Client> clients = new ArrayList<>();
			for (int i = 0; i < CLIENTS; i++) {
				clients.add(new Client(this, "n" + i));
			}
			for (int step = 0; this.ends.size() < CLIENTS && step < MAX_STEPS; step++) {
				this.threads.pass(STEP);
				clients.forEach(Client::step);
				if (this.losses > 0 && this.random.nextInt(50) == 0) {
					this.losses--;
					int writes = 1 + this.random.nextInt(6);
					if (this.random.nextBoolean()) {
						this.store.failOver(writes);
					}
					else {
						this.store.loseLast(writes);
					}
				}
			}
			this.threads.pass(Duration.ofMinutes(1));
			assertThat(this.nodes).as("seed %d", this.seed)
				.allSatisfy((node) -> assertThat(node.handler.running()).isZero())
				.allSatisfy((node) -> assertThat(node.handler.parked()).isZero());
		}

		Node anyNode() {
			return this.nodes.get(this.random.nextInt(this.nodes.size()));
		}

	}

	/**
	 * A client with one call.
	 */
	private static final class Client {

		private final Run run;

		private final String name;

		private final Set<String> answered = new HashSet<>();

		private final List<RecordingReply> replies = new ArrayList<>();

		private String next = "";

		private boolean done;

		private boolean closesLoser;

		private boolean losesOne;

		Client(Run run, String name) {
			this.run = run;
			this.name = name;
			send();
		}

		private void send() {
			this.replies.clear();
			this.replies.add(this.run.anyNode().post(this.name, this.next));
			this.closesLoser = this.run.random.nextBoolean();
			if (!this.next.isEmpty() && this.run.random.nextInt(3) == 0) {
				this.replies.add(this.run.anyNode().post(this.name, this.next));
				this.losesOne = this.run.random.nextInt(3) == 0;
			}
		}

		void step() {
			this.replies.forEach(RecordingReply::read);
			if (this.losesOne && this.replies.size() == 2 && isOpen(this.replies.get(0))
					&& !isError(this.replies.get(1))) {
				// The other one gets what both wait for
				this.replies.remove(0).close();
				this.losesOne = false;
			}
			if (!this.done && this.closesLoser) {
				this.replies.stream().filter(Client::isResult).findFirst().ifPresent((winner) -> {
					this.replies.stream().filter(Client::isOpen).forEach(RecordingReply::close);
					this.replies.removeIf(Client::isOpen);
				});
			}
			if (this.done || !this.replies.stream().allMatch((reply) -> reply.ended)) {
				return;
			}
			List<Map<?, ?>> answers = this.replies.stream()
				.<Map<?, ?>>map((reply) -> read(reply.body.substring(reply.body.indexOf("{\"jsonrpc\""))))
				.toList();
			List<String> errors = answers.stream()
				.filter((answer) -> answer.get("error") != null)
				.map(Object::toString)
				.toList();
			if (errors.stream().anyMatch((error) -> error.contains("repeat the request"))) {
				send();
			}
			else if (!errors.isEmpty()) {
				end(errors.get(0));
			}
			else {
				assertThat(answers.stream().map(Client::outcome).distinct()).as("seed %d", this.run.seed).hasSize(1);
				goOn((Map<?, ?>) Objects.requireNonNull(answers.get(0).get("result")));
			}
		}

		private static boolean isResult(RecordingReply reply) {
			return reply.ended && reply.body.toString().contains("\"result\":");
		}

		private static boolean isError(RecordingReply reply) {
			return reply.ended && !isResult(reply);
		}

		private static boolean isOpen(RecordingReply reply) {
			return reply.answers > 0 && !reply.ended;
		}

		// All but what is drawn anew
		private static String outcome(Map<?, ?> answer) {
			Map<?, ?> result = (Map<?, ?>) Objects.requireNonNull(answer.get("result"));
			return result.get("inputRequests") + " " + result.get("description");
		}

		private void goOn(Map<?, ?> result) {
			if (!"input_required".equals(result.get("resultType"))) {
				assertThat(result.get("description")).isEqualTo("A" + this.name + "B" + this.name + "C" + this.name);
				end("done");
				return;
			}
			Map<?, ?> requests = (Map<?, ?>) Objects.requireNonNull(result.get("inputRequests"));
			List<String> keys = new ArrayList<>(requests.keySet().stream().map(Object::toString).sorted().toList());
			assertThat(keys).as("seed %d", this.run.seed).isNotEmpty().noneMatch(this.answered::contains);
			Collections.shuffle(keys, this.run.random);
			int count = (this.run.random.nextInt(4) == 0) ? this.run.random.nextInt(keys.size() + 1) : keys.size();
			List<String> given = keys.subList(0, count);
			this.answered.addAll(given);
			this.next = ",\"requestState\":\"" + result.get("requestState") + "\",\"inputResponses\":{" + given.stream()
				.map((key) -> "\"" + key + "\":{\"action\":\"accept\",\"content\":{\"name\":\"" + this.name + "\"}}")
				.collect(Collectors.joining(",")) + "}";
			send();
		}

		private void end(String how) {
			this.done = true;
			this.run.ends.add(how);
		}

	}

	/**
	 * One node.
	 */
	private static final class Node implements ModernServer {

		private static final Map<String, String> FIELDS = Map.of("MCP-Protocol-Version", "2026-07-28", "Mcp-Method",
				"prompts/get", "Mcp-Name", "p");

		private final Run run;

		private final TestNodes nodes = new TestNodes();

		final ModernHandler handler;

		Node(Run run) {
			this.run = run;
			ModernSettings settings = new ModernSettings(Duration.ofMillis(50), 1000, 1_000_000, 100, 100, 3, 3, 0,
					"private", TestSettings.INPUT_TIMEOUT, CLIENTS, CLIENTS, run.keys, Duration.ofSeconds(1),
					TaskOptions.defaults());
			this.handler = new ModernHandler(run.threads, new EndpointObserver() {
			}, McpJsonDefaults.getMapper(), settings,
					new ModernStore(run.store, this.nodes, () -> "test", this::tellOthers, this::tell),
					(request) -> null, () -> false, (uris) -> Mono.empty());
			this.handler.start(this);
		}

		private Mono<Void> tellOthers(NodeMessage message) {
			return this.run.threads.after(Duration.ofMillis(this.run.random.nextInt(100)))
				.doOnSuccess((nothing) -> this.run.nodes.stream()
					.filter((node) -> node != this)
					.forEach((node) -> node.handler.told(message)));
		}

		// At times it doesn't arrive
		private void tell(String nodeId, NodeMessage message) {
			if (this.run.random.nextInt(4) == 0) {
				return;
			}
			this.run.threads.deliverLater(Duration.ofMillis(this.run.random.nextInt(100)),
					() -> this.run.nodes.stream()
						.filter((node) -> node.nodes.nodeId().equals(nodeId))
						.forEach((node) -> node.handler.told(message)));
		}

		RecordingReply post(String name, String rest) {
			RecordingReply reply = new RecordingReply();
			this.handler.handle(
					new ModernRequest(RequestHeaders.read(FIELDS::get, FIELDS::keySet), name, McpTransportContext.EMPTY,
							Context.empty(), UnaryOperator.identity()),
					new JSONRPCRequest("prompts/get", 1, read(
							"{\"name\":\"p\",\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","
									+ "\"io.modelcontextprotocol/clientCapabilities\":{\"elicitation\":{}}}" + rest
									+ "}")),
					reply);
			return reply;
		}

		// Two questions at once, and one behind them
		private Mono<String> handle(McpAsyncServerExchange exchange) {
			return Mono.zip(ask(exchange, "A"), ask(exchange, "B"), String::concat)
				.flatMap((both) -> ask(exchange, "C").map(both::concat));
		}

		private Mono<String> ask(McpAsyncServerExchange exchange, String question) {
			// At times long enough for whoever takes a call for one that was left
			int longest = (this.run.random.nextInt(8) == 0) ? 4000 : 60;
			return this.run.threads.after(Duration.ofMillis(this.run.random.nextInt(longest)))
				.then(exchange.createElicitation(ElicitRequest.builder(question, Map.of("type", "object")).build()))
				.map((result) -> question + Objects.requireNonNull(result.content()).get("name"));
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
					Map.of("prompts/get",
							(exchange, params) -> handle(exchange).map((text) -> Map.of("description", text))),
					Map.of(), Mono::empty);
		}

	}

}

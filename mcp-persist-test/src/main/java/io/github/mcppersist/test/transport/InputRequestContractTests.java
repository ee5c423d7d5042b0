package io.github.mcppersist.test.transport;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.modelcontextprotocol.server.McpServerFeatures.SyncPromptSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncResourceSpecification;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema.CreateMessageRequest;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.ElicitResult;
import io.modelcontextprotocol.spec.McpSchema.GetPromptResult;
import io.modelcontextprotocol.spec.McpSchema.ProgressNotification;
import io.modelcontextprotocol.spec.McpSchema.Prompt;
import io.modelcontextprotocol.spec.McpSchema.PromptMessage;
import io.modelcontextprotocol.spec.McpSchema.ReadResourceResult;
import io.modelcontextprotocol.spec.McpSchema.Resource;
import io.modelcontextprotocol.spec.McpSchema.Role;
import io.modelcontextprotocol.spec.McpSchema.SamplingMessage;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import io.modelcontextprotocol.spec.McpSchema.TextResourceContents;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.observe.ParkedCallOutcome;
import io.github.mcppersist.observe.RequestStateRejection;
import io.github.mcppersist.test.observe.RecordingObserver;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What a server does whose handlers ask clients of revision 2026-07-28 for input (MCP
 * 2026-07-28, "Multi Round-Trip Requests"), on one node.
 */
public abstract class InputRequestContractTests extends AbstractModernTests {

	private static final Map<String, Object> ANY = Map.of("type", "object");

	private static final Map<String, Object> NAME = Map.of("type", "object", "properties",
			Map.of("name", Map.of("type", "string")));

	private static final String ALL = "{\"elicitation\":{},\"sampling\":{},\"roots\":{}}";

	private static final String BOB = "{\"action\":\"accept\",\"content\":{\"name\":\"Bob\"}}";

	private static final String MODEL = "{\"role\":\"assistant\",\"content\":{\"type\":\"text\",\"text\":\"Paris\"},\"model\":\"m1\"}";

	private final RecordingObserver observer = new RecordingObserver();

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		builder.observer(this.observer);
	}

	// Rounds

	@Test
	void goesOnWithAToolThatBlocks() throws Exception {
		start();
		AtomicInteger runs = new AtomicInteger();
		addTool("greet", ANY, (exchange, request) -> {
			runs.incrementAndGet();
			return text("Hello " + ask(exchange, "Who?"));
		});

		Asked asked = ask(call("greet", "{\"a\":1,\"b\":[2]}"));

		assertThat(asked.requests).containsOnlyKeys("elicitation");
		assertThat(at(asked.requests, "elicitation", "method")).isEqualTo("elicitation/create");
		assertThat(at(asked.requests, "elicitation", "params", "message")).isEqualTo("Who?");
		assertThat(at(asked.requests, "elicitation", "params")).asInstanceOf(InstanceOfAssertFactories.MAP)
			.doesNotContainKeys("_meta", "elicitationId");
		assertThat(at(asked.answer, "result", "_meta", "io.modelcontextprotocol/serverInfo")).isNotNull();
		assertThat(at(asked.answer, "result", "ttlMs")).isNull();

		// Members of an object have no order
		Map<String, Object> answer = complete(retry("greet", "{\"b\":[2],\"a\":1}", asked, BOB));

		assertThat(answer.get("id")).isEqualTo(2);
		assertThat(answer.toString()).contains("Hello Bob");
		assertThat(runs).hasValue(1);
		awaitNothingRuns();
	}

	@Test
	void goesOnWithAToolThatBlocksAThreadOfReactor() throws Exception {
		this.tools.immediateExecution = false;
		start(ModernOptions.builder().heartbeatInterval(Duration.ofMillis(50)));
		CountDownLatch interrupted = new CountDownLatch(1);
		addTool("stuck", ANY, (exchange, request) -> {
			String names = ask(exchange, "First?") + ask(exchange, "Second?");
			if (names.equals("BobBob")) {
				return text("Hello " + names);
			}
			try {
				new CountDownLatch(1).await();
			}
			catch (InterruptedException ex) {
				interrupted.countDown();
			}
			return text("late");
		});
		Asked first = ask(call("stuck", "{}"));
		Asked second = asked(retry("stuck", "{}", first, BOB));
		assertThat(complete(retry("stuck", "{}", second, BOB)).toString()).contains("Hello BobBob");

		Asked again = asked(retry("stuck", "{}", ask(call("stuck", "{}")), BOB));
		try (Exchange exchange = answer("stuck", "{}", again.state, "{\"elicitation-2\":" + name("x") + "}").send()) {
			exchange.awaitComment();
		}

		assertThat(interrupted.await(20, TimeUnit.SECONDS)).isTrue();
		awaitNothingRuns();
	}

	@Test
	void goesOnForManyRounds() throws Exception {
		start();
		addTool("sum", ANY, (exchange, request) -> {
			List<String> names = new ArrayList<>();
			for (int i = 0; i < 100; i++) {
				names.add(ask(exchange, "Number " + i));
			}
			return text(String.join(",", names));
		});

		Set<String> states = new LinkedHashSet<>();
		Asked asked = ask(call("sum", "{}"));
		for (int i = 0; i < 99; i++) {
			assertThat(asked.requests).containsOnlyKeys("elicitation" + ((i > 0) ? "-" + (i + 1) : ""));
			states.add(asked.state);
			asked = asked(retry("sum", "{}", asked, name("n" + i)));
		}

		assertThat(complete(retry("sum", "{}", asked, name("n99"))).toString())
			.contains(IntStream.range(0, 100).mapToObj((i) -> "n" + i).collect(Collectors.joining(",")));
		assertThat(states).hasSize(99);
		awaitNothingRuns();
		await().until(() -> this.observer.parkedCalls.size() == 1);
		assertThat(this.observer.parkedCalls).containsExactly(ParkedCallOutcome.COMPLETED);
		assertThat(this.observer.rounds).hasValue(100);
		assertThat(this.observer.inputs).hasSize(100);
	}

	@Test
	void asksTogetherWhatIsAskedAtOnce() throws Exception {
		start();
		addTool("both", ANY, (exchange, request) -> {
			CompletableFuture<String> name = CompletableFuture.supplyAsync(() -> ask(exchange, "Who?"));
			String model = exchange
				.createMessage(
						new CreateMessageRequest(List.of(new SamplingMessage(Role.USER, new TextContent("Capital?"))),
								null, null, null, null, 10, null, null, null))
				.model();
			String roots = exchange.listRoots().roots().toString();
			return text(name.join() + " " + model + " " + roots);
		});

		Asked asked = ask(call("both", "{}"));
		if (asked.requests.size() == 2) {
			assertThat(asked.requests.keySet().toString()).contains("elicitation").contains("sampling");
			// One of two: the other one is asked again, under its key
			Asked partial = asked(
					post("both", "{}", asked.state, "{\"" + key(asked, "elicitation") + "\":" + BOB + "}"));
			assertThat(partial.requests).containsOnlyKeys(key(asked, "sampling"));
			asked = partial;
		}
		else {
			// A thread of its own has come a moment later: that is another round
			asked = asked(post("both", "{}", asked.state, answers(asked)));
		}
		while (asked.requests.keySet().stream().noneMatch((key) -> key.startsWith("roots"))) {
			asked = asked(post("both", "{}", asked.state, answers(asked)));
		}
		assertThat(at(asked.requests, key(asked, "roots"), "method")).isEqualTo("roots/list");

		assertThat(complete(post("both", "{}", asked.state, answers(asked))).toString()).contains("Bob m1")
			.contains("file:///r");
		awaitNothingRuns();
	}

	private static String answers(Asked asked) {
		return asked.requests.keySet().stream().map((key) -> "\"" + key + "\":" + switch (key.split("-")[0]) {
			case "elicitation" -> BOB;
			case "sampling" -> MODEL;
			case "roots" -> "{\"roots\":[{\"uri\":\"file:///r\"}]}";
			default -> throw new IllegalArgumentException(key);
		}).collect(Collectors.joining(",", "{", "}"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "{}", "{\"other\":{\"action\":\"accept\"}}" })
	void asksAgainForWhatIsMissing(String responses) throws Exception {
		start();
		addTool("greet", ANY, (exchange, request) -> text("Hello " + ask(exchange, "Who?")));
		Asked asked = ask(call("greet", "{}"));

		Asked again = asked(post("greet", "{}", asked.state, responses));

		assertThat(again.requests).isEqualTo(asked.requests);
		assertThat(complete(retry("greet", "{}", again, BOB)).toString()).contains("Hello Bob");
		awaitNothingRuns();
	}

	@Test
	void asksAgainIfNothingIsAnsweredAtAll() throws Exception {
		start();
		addTool("greet", ANY, (exchange, request) -> text("Hello " + ask(exchange, "Who?")));
		Asked asked = ask(call("greet", "{}"));

		try (Exchange exchange = new ModernPost(client(), "tools/call",
				"\"name\":\"greet\",\"arguments\":{},\"requestState\":\"" + asked.state + "\"")
			.header("Mcp-Name", "greet")
			.field("clientCapabilities", ALL)
			.send()) {
			assertThat(asked(json(exchange)).requests).isEqualTo(asked.requests);
		}
		assertThat(complete(retry("greet", "{}", asked, "{\"action\":\"decline\"}")).toString()).contains("DECLINE");
	}

	@ParameterizedTest
	@ValueSource(strings = { "[]", "\"x\"", "{\"elicitation\":1}", "{\"elicitation\":{}}",
			"{\"elicitation\":{\"action\":\"perhaps\"}}" })
	void refusesAnswersThatAreNone(String responses) throws Exception {
		start();
		addTool("greet", ANY, (exchange, request) -> text("Hello " + ask(exchange, "Who?")));
		Asked asked = ask(call("greet", "{}"));

		assertRefused(post("greet", "{}", asked.state, responses), -32602, "inputResponses");

		assertThat(complete(retry("greet", "{}", asked, BOB)).toString()).contains("Hello Bob");
	}

	@Test
	void beginsAnewWhenTheClientHasOpenedWhatAToolHasEndedWith() throws Exception {
		start();
		AtomicBoolean authorized = new AtomicBoolean();
		addTool("drive", ANY, (exchange, request) -> {
			if (!authorized.get()) {
				throw authorizeFirst();
			}
			return text("driven");
		});

		try (Exchange exchange = call("drive", "{}").field("clientCapabilities", "{\"elicitation\":{\"url\":{}}}")
			.send()) {
			Map<String, Object> answer = json(exchange);
			assertThat(at(answer, "result", "resultType")).as(answer.toString()).isEqualTo("input_required");
			assertThat(at(answer, "result", "requestState")).isNull();
			assertThat(at(answer, "result", "inputRequests", "url-elicitation", "method"))
				.isEqualTo("elicitation/create");
			assertThat(at(answer, "result", "inputRequests", "url-elicitation", "params"))
				.isEqualTo(Map.of("mode", "url", "url", "https://example.com/a", "message", "Authorize"));
		}
		authorized.set(true);
		try (Exchange exchange = new ModernPost(client(), "tools/call",
				"\"name\":\"drive\",\"arguments\":{},\"inputResponses\":{\"url-elicitation\":{\"action\":\"accept\"}}")
			.header("Mcp-Name", "drive")
			.field("clientCapabilities", "{\"elicitation\":{\"url\":{}}}")
			.send()) {
			assertThat(complete(json(exchange)).toString()).contains("driven");
		}
		awaitNothingRuns();
	}

	@Test
	void takesAnAssentToOpenAUrlForNothingElse() throws Exception {
		start();
		AtomicBoolean authorized = new AtomicBoolean();
		addTool("delete", ANY, (exchange, request) -> {
			if (!authorized.get()) {
				throw authorizeFirst();
			}
			return text("deleted, " + ask(exchange, "Delete 300 files?"));
		});
		ask(call("delete", "{}"), "{\"elicitation\":{\"url\":{},\"form\":{}}}");
		authorized.set(true);

		try (Exchange exchange = new ModernPost(client(), "tools/call",
				"\"name\":\"delete\",\"arguments\":{},\"inputResponses\":{\"url-elicitation\":{\"action\":\"accept\"}}")
			.header("Mcp-Name", "delete")
			.field("clientCapabilities", ALL)
			.send()) {
			assertThat(asked(response(exchange)).requests).containsOnlyKeys("elicitation");
		}
	}

	@Test
	void endsIfTheUserWillNotOpenTheUrl() throws Exception {
		start();
		addTool("drive", ANY, (exchange, request) -> {
			throw authorizeFirst();
		});

		try (Exchange exchange = new ModernPost(client(), "tools/call",
				"\"name\":\"drive\",\"arguments\":{},\"inputResponses\":{\"url-elicitation\":{\"action\":\"decline\"}}")
			.header("Mcp-Name", "drive")
			.field("clientCapabilities", "{\"elicitation\":{\"url\":{}}}")
			.send()) {
			assertRefused(response(exchange), -32603, "authorize first");
		}
	}

	private static McpError authorizeFirst() {
		return McpError.builder(-32042)
			.message("authorize first")
			.data(Map.of("elicitations",
					List.of(Map.of("mode", "url", "elicitationId", "e1", "url", "https://example.com/a", "message",
							"Authorize"))))
			.build();
	}

	@Test
	void asksNobodyForRootsWhoHasNone() throws Exception {
		start();
		addTool("roots", ANY, (exchange, request) -> text(exchange.listRoots().roots().toString()));
		addTool("form", ANY, (exchange, request) -> text(ask(exchange, "Who?")));

		try (Exchange exchange = call("roots", "{}").field("clientCapabilities", "{\"elicitation\":{}}").send()) {
			assertThat(exchange.status()).isEqualTo(400);
			assertThat(at(json(exchange), "error", "data", "requiredCapabilities"))
				.isEqualTo(Map.of("roots", Map.of()));
		}
		try (Exchange exchange = call("form", "{}").field("clientCapabilities", "{\"elicitation\":{\"url\":{}}}")
			.send()) {
			assertThat(exchange.status()).isEqualTo(400);
			assertThat(at(json(exchange), "error", "data", "requiredCapabilities"))
				.isEqualTo(Map.of("elicitation", Map.of("form", Map.of())));
		}
		assertThat(endpoint().statistics().parkedCalls()).isZero();
	}

	@Test
	void goesOnWithPromptsAndResources() throws Exception {
		start();
		this.tools.running()
			.addPrompt(new SyncPromptSpecification(new Prompt("letter", null, null),
					(exchange, request) -> new GetPromptResult(null,
							List.of(new PromptMessage(Role.USER, new TextContent("Dear " + ask(exchange, "Whom?")))))));
		this.tools.running()
			.addResource(new SyncResourceSpecification(Resource.builder().uri("file:///r").name("r").build(),
					(exchange, request) -> new ReadResourceResult(
							List.of(new TextResourceContents("file:///r", null, "For " + ask(exchange, "Whom?"))))));

		for (String[] kind : new String[][] { { "prompts/get", "\"name\":\"letter\"", "letter", "Dear Bob" },
				{ "resources/read", "\"uri\":\"file:///r\"", "file:///r", "For Bob" } }) {
			Asked asked = ask(request(kind[0], kind[1]).header("Mcp-Name", kind[2]));
			try (Exchange exchange = request(kind[0], kind[1] + ",\"requestState\":\"" + asked.state
					+ "\",\"inputResponses\":{\"elicitation\":" + BOB + "}")
				.header("Mcp-Name", kind[2])
				.field("clientCapabilities", ALL)
				.send()) {
				assertThat(complete(json(exchange)).toString()).contains(kind[3]);
			}
		}
		awaitNothingRuns();
	}

	@Test
	void endsWithTheErrorOfAToolThatFailsInALaterRound() throws Exception {
		start();
		addTool("fail", ANY, (exchange, request) -> {
			ask(exchange, "Who?");
			throw new IllegalStateException("broken");
		});
		Asked asked = ask(call("fail", "{}"));

		Map<String, Object> answer = retry("fail", "{}", asked, BOB);

		assertThat(answer.toString()).contains("broken");
		assertThat(retry("fail", "{}", asked, BOB)).isEqualTo(answer);
		awaitNothingRuns();
	}

	@Test
	void tellsProgressAndLogMessagesToWhoeverIsConnected() throws Exception {
		start();
		addTool("progress", ANY, (exchange, request) -> {
			String name = ask(exchange, "Who?");
			exchange.progressNotification(new ProgressNotification(request.progressToken(), 1.0, 2.0, "half"));
			return text("Hello " + name);
		});
		Asked asked = ask(call("progress", "{}").meta("progressToken", "\"first\""));

		try (Exchange exchange = answer("progress", "{}", asked.state, "{\"elicitation\":" + BOB + "}")
			.meta("progressToken", "\"second\"")
			.send()) {
			assertThat(exchange.header("Content-Type")).startsWith("text/event-stream");
			assertThat(exchange.next().data()).contains("notifications/progress").contains("\"second\"");
			assertThat(exchange.next().data()).contains("Hello Bob");
			assertThat(exchange.next()).isNull();
		}
	}

	@Test
	void waitsForPeopleForLongerThanTheServerWaitsForClientsOfOlderRevisions() throws Exception {
		this.tools.requestTimeout = Duration.ofMillis(20);
		start();
		addTool("greet", ANY, (exchange, request) -> text("Hello " + ask(exchange, "Who?")));
		Asked asked = ask(call("greet", "{}"));
		long asking = System.nanoTime();

		await().until(() -> System.nanoTime() - asking > TimeUnit.MILLISECONDS.toNanos(200));

		assertThat(complete(retry("greet", "{}", asked, BOB)).toString()).contains("Hello Bob");
	}

	// The same request again

	@Test
	void answersTheSameRetryTheSame() throws Exception {
		start();
		AtomicInteger runs = new AtomicInteger();
		addTool("twice", ANY, (exchange, request) -> {
			runs.incrementAndGet();
			return text(ask(exchange, "First?") + ask(exchange, "Second?"));
		});
		Asked first = ask(call("twice", "{}"));
		Asked second = asked(retry("twice", "{}", first, name("a")));

		assertThat(asked(retry("twice", "{}", first, name("x"))).requests).isEqualTo(second.requests);
		Map<String, Object> result = complete(retry("twice", "{}", second, name("b")));
		assertThat(result.toString()).contains("ab");
		assertThat(asked(retry("twice", "{}", first, name("y"))).requests).isEqualTo(second.requests);
		assertThat(complete(retry("twice", "{}", second, name("z")))).isEqualTo(result);
		assertThat(runs).hasValue(1);
	}

	@Test
	void answersTheSameRetryAtOnceTheSame() throws Exception {
		start();
		CountDownLatch gate = new CountDownLatch(1);
		List<String> given = new ArrayList<>();
		addTool("slow", ANY, (exchange, request) -> {
			given.add(ask(exchange, "Who?"));
			awaitLatch(gate);
			return text("Hello " + given);
		});
		Asked asked = ask(call("slow", "{}"));
		CyclicBarrier together = new CyclicBarrier(4);
		List<CompletableFuture<Map<String, Object>>> retries = new ArrayList<>();
		for (int i = 0; i < 4; i++) {
			String answer = name("n" + i);
			retries.add(async(() -> {
				together.await(10, TimeUnit.SECONDS);
				return retry("slow", "{}", asked, answer);
			}));
		}
		await().until(() -> endpoint().statistics().runningRequests() == 5);
		gate.countDown();

		Set<Object> results = new LinkedHashSet<>();
		for (CompletableFuture<Map<String, Object>> retry : retries) {
			results.add(complete(retry.get()).get("result"));
		}
		assertThat(results).hasSize(1);
		assertThat(given).hasSize(1);
		awaitNothingRuns();
	}

	// States

	@Test
	void refusesAStateThatIsNotOfThisRequest() throws Exception {
		start();
		addTool("greet", ANY, (exchange, request) -> text("Hello " + ask(exchange, "Who?")));
		addTool("other", ANY, (exchange, request) -> text("Hello " + ask(exchange, "Who?")));
		Asked asked = ask(call("greet", "{\"a\":1}"));
		String state = asked.state;
		char last = state.charAt(20);

		List<String> foreign = List.of("", "x", "!", state.substring(1), state + "A", "A".repeat(100),
				"A".repeat(100_000), state.substring(0, 20) + ((last == 'A') ? 'B' : 'A') + state.substring(21));
		Set<String> answers = new LinkedHashSet<>();
		for (String text : foreign) {
			answers.add(refusal(post("greet", "{\"a\":1}", text, "{}")));
		}
		answers.add(refusal(post("greet", "{\"a\":2}", state, "{}")));
		answers.add(refusal(post("greet", "{}", state, "{}")));
		answers.add(refusal(post("other", "{\"a\":1}", state, "{}")));

		assertThat(answers).singleElement().asString().contains("-32602").contains("requestState");
		assertThat(complete(retry("greet", "{\"a\":1}", asked, BOB)).toString()).contains("Hello Bob");
	}

	@Test
	void refusesAStateOfAnotherPrincipal() throws Exception {
		start();
		addTool("greet", ANY, (exchange, request) -> text("Hello " + ask(exchange, "Who?")));
		Asked asked = ask(ModernPost.call(client().user("alice"), "greet", "{}"));
		String params = "\"name\":\"greet\",\"arguments\":{},\"requestState\":\"" + asked.state
				+ "\",\"inputResponses\":{\"elicitation\":" + BOB + "}";

		for (RawMcpClient other : List.of(client().user("mallory"), client())) {
			try (Exchange exchange = new ModernPost(other, "tools/call", params).header("Mcp-Name", "greet")
				.field("clientCapabilities", ALL)
				.send()) {
				assertThat(exchange.status()).isEqualTo(400);
				assertThat(refusal(json(exchange))).contains("-32602").contains("requestState");
			}
		}
		await().until(() -> this.observer.rejectedStates.size() == 2);
		assertThat(this.observer.rejectedStates).containsOnly(RequestStateRejection.INVALID);
		try (Exchange exchange = new ModernPost(client().user("alice"), "tools/call", params)
			.header("Mcp-Name", "greet")
			.field("clientCapabilities", ALL)
			.send()) {
			assertThat(complete(response(exchange)).toString()).contains("Hello Bob");
		}
	}

	@Test
	void revealsNothingByTheState() throws Exception {
		start();
		addTool("greet", ANY, (exchange, request) -> text("Hello " + ask(exchange, "Who?")));

		Asked one = ask(call("greet", "{\"a\":1}"));
		Asked other = ask(call("greet", "{\"a\":1}"));

		assertThat(one.state).isNotEqualTo(other.state).hasSizeLessThan(200);
		assertThat(new String(Base64.getUrlDecoder().decode(one.state), StandardCharsets.ISO_8859_1))
			.doesNotContain("greet");
	}

	@Test
	void refusesAStateWhoseCallHasWaitedTooLong() throws Exception {
		start(ModernOptions.builder().inputTimeout(Duration.ofMillis(100)));
		AtomicReference<Throwable> ended = new AtomicReference<>();
		addTool("greet", ANY, (exchange, request) -> {
			try {
				return text("Hello " + ask(exchange, "Who?"));
			}
			catch (RuntimeException ex) {
				ended.set(ex);
				throw ex;
			}
		});
		Asked asked = ask(call("greet", "{}"));

		await().until(() -> ended.get() != null);
		awaitNothingRuns();
		assertThat(refusal(retry("greet", "{}", asked, BOB))).contains("-32602").contains("expired");
	}

	// Ends

	@Test
	void cancelsACallWhoseClientGoesDuringALaterRound() throws Exception {
		start(ModernOptions.builder().heartbeatInterval(Duration.ofMillis(50)));
		CountDownLatch interrupted = new CountDownLatch(1);
		addTool("stuck", ANY, (exchange, request) -> {
			ask(exchange, "Who?");
			try {
				new CountDownLatch(1).await();
			}
			catch (InterruptedException ex) {
				interrupted.countDown();
			}
			return text("late");
		});
		Asked asked = ask(call("stuck", "{}"));

		try (Exchange exchange = answer("stuck", "{}", asked.state, "{\"elicitation\":" + BOB + "}").send()) {
			exchange.awaitComment();
		}

		assertThat(interrupted.await(20, TimeUnit.SECONDS)).isTrue();
		awaitNothingRuns();
		await().until(() -> this.observer.cancelled.get() == 1);
		assertThat(refusal(retry("stuck", "{}", asked, BOB))).contains("-32602");
	}

	@Test
	void keepsACallWhoseClientIsAwayBetweenRounds() throws Exception {
		start(ModernOptions.builder().heartbeatInterval(Duration.ofMillis(50)));
		CountDownLatch gate = new CountDownLatch(1);
		addTool("greet", ANY, (exchange, request) -> {
			awaitLatch(gate);
			return text("Hello " + ask(exchange, "Who?"));
		});
		Asked asked;
		try (Exchange exchange = call("greet", "{}").field("clientCapabilities", ALL).send()) {
			exchange.awaitComment();
			gate.countDown();
			asked = asked(json(Objects.requireNonNull(exchange.next()).data()));
		}

		assertThat(complete(retry("greet", "{}", asked, BOB)).toString()).contains("Hello Bob");
		assertThat(this.observer.cancelled.get()).isZero();
	}

	@Test
	void refusesMoreCallsThatWaitThanThereMayBe() throws Exception {
		start(ModernOptions.builder().maxParkedCalls(2));
		addTool("greet", ANY, (exchange, request) -> text("Hello " + ask(exchange, "Who?")));
		Asked first = ask(call("greet", "{}"));
		Asked second = ask(call("greet", "{}"));

		try (Exchange exchange = call("greet", "{}").field("clientCapabilities", ALL).send()) {
			assertThat(exchange.status()).isEqualTo(503);
			assertThat(exchange.header("Retry-After")).isEqualTo("1");
			assertThat(exchange.body()).contains("-32603").contains("too many calls");
		}
		try (Exchange exchange = call("count", "{}").send()) {
			assertThat(exchange.body()).contains("counted 3");
		}
		assertThat(complete(retry("greet", "{}", first, BOB)).toString()).contains("Hello Bob");
		// Its client may know a moment before its place is free
		await().until(() -> endpoint().statistics().parkedCalls() == 1);
		Asked third = ask(call("greet", "{}"));
		assertThat(complete(retry("greet", "{}", second, BOB)).toString()).contains("Hello Bob");
		assertThat(complete(retry("greet", "{}", third, BOB)).toString()).contains("Hello Bob");
		awaitNothingRuns();
	}

	@Test
	void letsNoPrincipalTakeAllPlaces() throws Exception {
		start(ModernOptions.builder().maxParkedCalls(3).maxParkedCallsPerPrincipal(1));
		addTool("greet", ANY, (exchange, request) -> text("Hello " + ask(exchange, "Who?")));
		ask(ModernPost.call(client().user("alice"), "greet", "{}"));

		try (Exchange exchange = ModernPost.call(client().user("alice"), "greet", "{}")
			.field("clientCapabilities", ALL)
			.send()) {
			assertThat(exchange.status()).isEqualTo(503);
			assertThat(exchange.header("Retry-After")).isEqualTo("1");
			assertThat(exchange.body()).contains("one principal");
		}
		ask(ModernPost.call(client().user("bob"), "greet", "{}"));
		ask(call("greet", "{}"));
		assertThat(endpoint().statistics().parkedCalls()).isEqualTo(3);
	}

	@Test
	void endsCallsThatWaitWhenTheServerShutsDown() throws Exception {
		start();
		AtomicReference<Throwable> ended = new AtomicReference<>();
		addTool("greet", ANY, (exchange, request) -> {
			try {
				return text("Hello " + ask(exchange, "Who?"));
			}
			catch (RuntimeException ex) {
				ended.set(ex);
				throw ex;
			}
		});
		ask(call("greet", "{}"));

		endpoint().closeGracefully().block(Duration.ofSeconds(10));

		assertThat(ended.get()).isNotNull();
		awaitNothingRuns();
	}

	@Test
	void asksNoClientForWhatItHasNotDeclared() throws Exception {
		start();
		addTool("greet", ANY, (exchange, request) -> text(ask(exchange, "Who?") + ask(exchange, "Where?")));
		Asked asked = ask(call("greet", "{}"));

		try (Exchange exchange = answer("greet", "{}", asked.state, "{\"elicitation\":" + BOB + "}")
			.field("clientCapabilities", "{}")
			.send()) {
			assertThat(exchange.status()).isEqualTo(400);
			assertThat(at(json(exchange), "error", "data", "requiredCapabilities"))
				.isEqualTo(Map.of("elicitation", Map.of()));
		}
	}

	// How it is done

	private static String ask(McpSyncServerExchange exchange, String question) {
		ElicitResult result = exchange.createElicitation(ElicitRequest.builder(question, NAME).build());
		return (result.content() != null) ? String.valueOf(result.content().get("name")) : result.action().toString();
	}

	private static String name(String name) {
		return BOB.replace("Bob", name);
	}

	private static String key(Asked asked, String kind) {
		return asked.requests.keySet().stream().filter((key) -> key.startsWith(kind)).findFirst().orElseThrow();
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
		await().until(() -> endpoint().statistics().runningRequests() == 0);
	}

	private Asked ask(ModernPost request) throws Exception {
		return ask(request, ALL);
	}

	private Asked ask(ModernPost request, String capabilities) throws Exception {
		try (Exchange exchange = request.field("clientCapabilities", capabilities).send()) {
			return asked(response(exchange));
		}
	}

	// A stream if it has taken longer than a heartbeat
	private static Map<String, Object> response(Exchange exchange) throws Exception {
		boolean whole = String.valueOf(exchange.header("Content-Type")).startsWith("application/json");
		return whole ? json(exchange) : json(Objects.requireNonNull(exchange.next()).data());
	}

	private ModernPost answer(String tool, String arguments, String state, String responses) {
		return new ModernPost(client(), "tools/call",
				"\"name\":\"" + tool + "\",\"arguments\":" + arguments + ",\"requestState\":\"" + state
						+ "\",\"inputResponses\":" + responses)
			.header("Mcp-Name", tool)
			.field("clientCapabilities", ALL)
			.id("2");
	}

	private Map<String, Object> post(String tool, String arguments, String state, String responses) throws Exception {
		try (Exchange exchange = answer(tool, arguments, state, responses).send()) {
			return response(exchange);
		}
	}

	private Map<String, Object> retry(String tool, String arguments, Asked asked, String answer) throws Exception {
		return post(tool, arguments, asked.state,
				"{\"" + asked.requests.keySet().iterator().next() + "\":" + answer + "}");
	}

	@SuppressWarnings("unchecked")
	private static Asked asked(Map<String, Object> answer) {
		assertThat(at(answer, "result", "resultType")).as(answer.toString()).isEqualTo("input_required");
		return new Asked(answer, (Map<String, Object>) Objects.requireNonNull(at(answer, "result", "inputRequests")),
				String.valueOf(at(answer, "result", "requestState")));
	}

	private static Map<String, Object> complete(Map<String, Object> answer) {
		assertThat(at(answer, "result", "resultType")).as(answer.toString()).isEqualTo("complete");
		return answer;
	}

	private static String refusal(Map<String, Object> answer) {
		return String.valueOf(Objects.requireNonNull(answer.get("error"), answer.toString()));
	}

	private static void assertRefused(Map<String, Object> answer, int code, String message) {
		assertThat(at(answer, "error", "code")).isEqualTo(code);
		assertThat(refusal(answer)).contains(message);
	}

	/**
	 * What a client was asked.
	 */
	private record Asked(Map<String, Object> answer, Map<String, Object> requests, String state) {
	}

}

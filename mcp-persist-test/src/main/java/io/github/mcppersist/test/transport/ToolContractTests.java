package io.github.mcppersist.test.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What a client gets from tools that behave and from those that don't.
 */
public abstract class ToolContractTests extends AbstractStreamableHttpTests {

	private @Nullable Executor handlers;

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		if (this.handlers != null) {
			builder.executor(this.handlers);
		}
	}

	@Test
	void endsARequestWhoseToolReturnsNothing() throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange call = client.call(7, "nothing", "{}")) {
			assertThat(last(call.rest()).data()).contains("\"id\":7").contains("-32603");
		}
	}

	@ParameterizedTest
	@CsvSource({ "throws, the tool failed", "breaks, -32603", "missing, -32602" })
	void endsARequestWhoseToolFails(String tool, String answer) throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange call = client.call("f", tool, "{}")) {
			List<SseEvent> events = call.rest();
			assertThat(events).hasSize(2);
			assertThat(last(events).data()).contains("\"id\":\"f\"").contains(answer).doesNotContain("\\tat ");
		}
		try (Exchange call = client.call(2, "count", "{}")) {
			assertThat(last(call.rest()).data()).contains("counted 3");
		}
	}

	@Test
	void answersAnUnknownMethodWithAnError() throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange call = client.post("{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"no/such\"}")) {
			assertThat(call.status()).isEqualTo(200);
			assertThat(last(call.rest()).data()).contains("\"id\":3").contains("-32601");
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = { "tools/call | | name", "tools/call | null | name", "tools/call | [] | params",
			"tools/call | [\"count\",{}] | params", "tools/call | \"count\" | params", "tools/call | 7 | params",
			"tools/call | {} | name", "tools/call | {\"name\":7} | name", "tools/call | {\"name\":null} | name",
			"tools/call | {\"name\":\"count\",\"arguments\":[]} | arguments",
			"tools/call | {\"name\":\"count\",\"arguments\":\"x\"} | arguments",
			"tools/call | {\"name\":\"count\",\"_meta\":7} | _meta", "tools/list | [] | params", "ping | [] | params",
			"prompts/get | | name", "prompts/get | {} | name",
			"prompts/get | {\"name\":\"p\",\"arguments\":7} | arguments", "resources/read | | uri",
			"resources/read | {\"uri\":{}} | uri", "resources/subscribe | {} | uri",
			"resources/unsubscribe | [] | params", "logging/setLevel | | level",
			"logging/setLevel | {\"level\":\"loud\"} | level", "logging/setLevel | {\"level\":3} | level",
			"completion/complete | | ref", "completion/complete | {\"ref\":\"p\"} | ref",
			"completion/complete | {\"ref\":{\"type\":\"ref/other\",\"name\":\"p\"}} | ref",
			"completion/complete | {\"ref\":{\"type\":\"ref/prompt\"}} | ref",
			"completion/complete | {\"ref\":{\"type\":\"ref/prompt\",\"name\":\"p\"}} | argument",
			"completion/complete | {\"ref\":{\"type\":\"ref/prompt\",\"name\":\"p\"},\"argument\":{\"name\":\"a\",\"value\":1}} | argument",
			"completion/complete | {\"ref\":{\"type\":\"ref/prompt\",\"name\":\"p\"},\"argument\":{\"name\":\"a\",\"value\":\"\"},\"context\":7} | context" })
	void tellsWhichParametersAreInvalid(String method, @Nullable String params, String wrong) throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange call = client.post("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"" + method + "\""
				+ ((params != null) ? ",\"params\":" + params : "") + "}")) {
			assertThat(call.status()).isEqualTo(200);
			assertThat(call.header("Content-Type")).startsWith("application/json");
			assertThat(call.body()).startsWith(
					"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":-32602,\"message\":\"Invalid params: "
							+ wrong);
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', value = { "tools/call | {\"name\":\"count\"} | counted 3",
			"tools/call | {\"name\":\"count\",\"arguments\":null,\"_meta\":null} | counted 3",
			"logging/setLevel | {\"level\":\"warning\"} | \"result\":{}", "tools/list | | \"tools\"",
			"prompts/get | {\"name\":\"none\"} | -32602", "resources/read | {\"uri\":\"file:///none\"} | -32002",
			"completion/complete | {\"ref\":{\"type\":\"ref/prompt\",\"name\":\"none\"},\"argument\":{\"name\":\"a\",\"value\":\"\"},\"context\":{\"arguments\":{\"b\":\"c\"}}} | -32602" })
	void leavesValidParametersToTheServer(String method, @Nullable String params, String answer) throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange call = client.post("{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"" + method + "\""
				+ ((params != null) ? ",\"params\":" + params : "") + "}")) {
			assertThat(call.header("Content-Type")).startsWith("text/event-stream");
			assertThat(last(call.rest()).data()).contains("\"id\":\"x\"").contains(answer);
		}
	}

	@Test
	void answersAPingAtOnceAlsoWhenNoThreadIsFree() throws Exception {
		CountDownLatch taken = new CountDownLatch(1);
		this.handlers = (task) -> taken.countDown();
		RawMcpClient client = start().initialize();
		try (Exchange call = client.call(1, "count", "{}")) {
			taken.await();

			try (Exchange ping = client.post("{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}")) {
				assertThat(ping.status()).isEqualTo(200);
				assertThat(ping.header("Content-Type")).startsWith("application/json");
				assertThat(ping.body()).isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"result\":{}}");
			}
			endpoint().closeGracefully().block();
			assertThat(last(call.rest()).data()).contains("\"id\":1,\"error\"");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "\"result\":null", "\"result\":7", "\"error\":7", "\"error\":{}", "\"error\":null",
			"\"result\":{\"action\":\"accept\"},\"error\":{\"code\":1,\"message\":\"m\"}", "\"neither\":1",
			"\"method\":null,\"result\":{\"action\":\"accept\"}", "\"method\":7" })
	void endsTheWaitForAnAnswerThatIsMalformed(String malformed) throws Exception {
		RawMcpClient client = start().initialize("{\"elicitation\":{}}");
		try (Exchange call = client.call(1, "elicit", "{}")) {
			String id = id(last(readUntil(call, "elicitation/create")).data());
			String answer = "{\"jsonrpc\":\"2.0\",\"id\":" + id + "," + malformed + "}";

			try (Exchange post = client.post(answer)) {
				assertThat(post.status()).isEqualTo(400);
				assertThat(post.body()).contains("-32600");
			}

			assertThat(last(call.rest()).data()).contains("\"id\":1").contains("The client's answer is malformed");
		}
	}

	@Test
	void takesNoMalformedAnswerOfAnotherSession() throws Exception {
		RawMcpClient client = start().initialize("{\"elicitation\":{}}");
		RawMcpClient mallory = client().initialize();
		try (Exchange call = client.call(1, "elicit", "{}")) {
			String id = id(last(readUntil(call, "elicitation/create")).data());
			try (Exchange post = mallory.post("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":null}")) {
				assertThat(post.status()).isEqualTo(400);
			}

			try (Exchange post = client
				.post("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":{\"action\":\"accept\"}}")) {
				assertThat(post.status()).isEqualTo(202);
			}

			assertThat(last(call.rest()).data()).contains("user said ACCEPT");
		}
	}

	@Test
	void endsTheWaitForAnAnswerThatIsNotWhatWasAskedFor() throws Exception {
		RawMcpClient client = start().initialize("{\"elicitation\":{}}");
		try (Exchange call = client.call(1, "elicit", "{}")) {
			String id = id(last(readUntil(call, "elicitation/create")).data());

			try (Exchange post = client
				.post("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":{\"action\":{\"no\":1}}}")) {
				assertThat(post.status()).isEqualTo(202);
			}

			assertThat(last(call.rest()).data()).contains("\"id\":1").doesNotContain("user said");
		}
	}

	@Test
	void keepsTheOrderOfEachOfSeveralThreads() throws Exception {
		RawMcpClient client = start().initialize();

		List<String> numbers;
		try (Exchange call = client.call(1, "threads", "{\"threads\":4,\"n\":200}")) {
			numbers = numbers(call.rest());
		}

		for (int t = 0; t < 4; t++) {
			String prefix = t + ":";
			assertThat(numbers.stream().filter((number) -> number.startsWith(prefix)))
				.containsExactlyElementsOf(IntStream.rangeClosed(1, 200).mapToObj((i) -> prefix + i).toList());
		}
	}

	@Test
	void deliversAHundredThousandMessagesInOrder() throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange call = client.call(1, "count", "{\"n\":100000}")) {
			assertThat(numbers(call.rest())).containsExactlyElementsOf(range(1, 100_000));
		}
	}

	@Test
	void keepsTwoCallsWithTheSameIdApart() throws Exception {
		RawMcpClient client = start().initialize();
		try (Exchange first = client.call(1, "gated", "{\"before\":1,\"n\":3,\"gate\":\"g\"}")) {
			String cursor = first.next().id();
			this.tools.awaitReached("g");
			List<SseEvent> second;
			try (Exchange call = client.call(1, "count", "{\"n\":5}")) {
				second = call.rest();
			}
			first.cut();
			this.tools.open("g");

			assertThat(numbers(second)).containsExactlyElementsOf(range(1, 5));
			try (Exchange resume = client.get(cursor)) {
				List<SseEvent> events = resume.rest();
				assertThat(numbers(events)).containsExactlyElementsOf(range(1, 3));
				assertThat(events).extracting(SseEvent::id)
					.doesNotContainAnyElementsOf(second.stream().map(SseEvent::id).toList());
			}
		}
	}

	@Test
	void takesAClientsAnswerToAToolsRequestOnceAndAcceptsItTwice() throws Exception {
		RawMcpClient client = start().initialize("{\"elicitation\":{}}");
		try (Exchange call = client.call(1, "elicit", "{}")) {
			String request = last(readUntil(call, "elicitation/create")).data();
			String answer = "{\"jsonrpc\":\"2.0\",\"id\":" + id(request) + ",\"result\":{\"action\":\"accept\"}}";

			for (int i = 0; i < 2; i++) {
				try (Exchange post = client.post(answer)) {
					assertThat(post.status()).isEqualTo(202);
					assertThat(post.body()).isEmpty();
				}
			}

			assertThat(call.rest()).singleElement()
				.satisfies((event) -> assertThat(event.data()).containsIgnoringCase("user said accept"));
		}
	}

	@Test
	void replaysAToolsRequestThatItsClientMissed() throws Exception {
		RawMcpClient client = start().initialize("{\"elicitation\":{}}");
		String cursor;
		try (Exchange call = client.call(1, "elicit", "{}")) {
			cursor = call.next().id();
			call.cut();
		}

		try (Exchange resume = client.get(cursor)) {
			String request = last(readUntil(resume, "elicitation/create")).data();
			try (Exchange post = client
				.post("{\"jsonrpc\":\"2.0\",\"id\":" + id(request) + ",\"result\":{\"action\":\"decline\"}}")) {
				assertThat(post.status()).isEqualTo(202);
			}
			assertThat(last(resume.rest()).data()).containsIgnoringCase("user said decline");
		}
	}

	@Test
	void endsRunningCallsWithAnErrorWhenItCloses() throws Exception {
		Set<Thread> before = Thread.getAllStackTraces().keySet();
		RawMcpClient client = start().header("User-Agent", "node").initialize();
		try (Exchange call = client.call("late", "gated", "{\"before\":1,\"gate\":\"g\"}");
				Exchange get = client.get(null)) {
			this.tools.awaitReached("g");
			get.next();

			endpoint().closeGracefully().block();

			List<SseEvent> events = call.rest();
			assertThat(last(events).data()).contains("\"id\":\"late\",\"error\"").contains("outcome");
			assertThat(last(get.rest()).retry()).isEqualTo("1000");
			try (Exchange late = client.call(2, "count", "{}")) {
				assertThat(late.status()).isEqualTo(503);
				assertThat(late.header("Retry-After")).isEqualTo("1");
			}
		}
		this.tools.open("g");
		await().untilAsserted(
				() -> assertThat(Thread.getAllStackTraces().keySet()).filteredOn((thread) -> !before.contains(thread))
					.extracting(Thread::getName)
					.noneMatch((name) -> name.matches("mcp-persist-(handler|answer|delivery|clock).*")));
	}

	@Test
	void failsARequestToAClientWhoseSessionIsGoneAtOnce() throws Exception {
		RawMcpClient client = start().initialize("{\"elicitation\":{}}");
		try (Exchange call = client.call(1, "stoppable", "{\"gate\":\"g\"}")) {
			this.tools.awaitReached("g");
			try (Exchange delete = client.delete()) {
				assertThat(delete.status()).isEqualTo(200);
			}

			this.tools.open("g");

			assertThat(this.tools.opensSoon("not asked")).isTrue();
			call.rest();
		}
	}

	@Test
	void failsWhatAToolWaitsForWhenItsSessionIsDeleted() throws Exception {
		RawMcpClient client = start().initialize("{\"elicitation\":{}}");
		this.tools.open("g");
		try (Exchange call = client.call(1, "stoppable", "{\"gate\":\"g\"}")) {
			readUntil(call, "elicitation/create");

			try (Exchange delete = client.delete()) {
				assertThat(delete.status()).isEqualTo(200);
			}

			assertThat(this.tools.opensSoon("not asked")).isTrue();
		}
	}

	@Test
	void letsASessionGoWhoseToolHasGivenUpOnItsClient() throws Exception {
		RawMcpClient client = startAsync(StreamableHttpOptions.builder().sessionCacheTimeout(Duration.ofMillis(200)))
			.initialize("{\"elicitation\":{}}");

		try (Exchange call = client.call(1, "impatient", "{}")) {
			assertThat(last(call.rest()).data()).contains("no answer");
		}

		await().untilAsserted(() -> assertThat(endpoint().statistics().sessions()).isZero());
	}

	@ParameterizedTest
	@CsvSource({ "elastic, link", "elastic, stack", "parallel, link", "sent, link", "answer, link", "answer, stack",
			"own, link" })
	void endsARequestWhoseToolThrowsWhatReactorTakesForFatal(String thread, String error) throws Exception {
		RawMcpClient client = startAsync(StreamableHttpOptions.builder().sessionCacheTimeout(Duration.ofMillis(200)))
			.initialize("{\"elicitation\":{}}");

		try (Exchange call = client.call(1, "fails", "{\"thread\":\"" + thread + "\",\"error\":\"" + error + "\"}")) {
			if ("answer".equals(thread)) {
				String id = id(last(readUntil(call, "elicitation/create")).data());
				client.post("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":{\"action\":\"accept\"}}").close();
			}
			assertThat(last(call.rest()).data()).contains("\"id\":1").contains("-32603");
		}
		await().untilAsserted(() -> assertThat(endpoint().statistics().sessions()).isZero());
	}

	@Test
	void refusesARequestThatTheExecutorRefusesBeforeItAnswers() throws Exception {
		this.handlers = (task) -> {
			throw new RejectedExecutionException("full");
		};
		RawMcpClient client = start().initialize();

		assertRefused(client.call("r", "count", "{}"), "\"r\"");

		await().until(() -> endpoint().statistics().runningRequests() == 0);
		assertThat(endpoint().statistics().connections().values()).containsOnly(0);
	}

	@Test
	void refusesARequestWhenTheExecutorFails() throws Exception {
		this.handlers = (task) -> {
			throw new NoClassDefFoundError("com/example/Pool");
		};

		assertRefused(start().initialize().call(1, "count", "{}"), "1");
	}

	@Test
	void refusesABatchOfWhichNothingWillBeRun() throws Exception {
		this.handlers = (task) -> {
			throw new RejectedExecutionException("full");
		};
		RawMcpClient client = start().protocolVersion("2025-03-26").initialize();
		String call = ",\"method\":\"tools/call\",\"params\":{\"name\":\"count\"}}";

		assertRefused(
				client.post("[{\"jsonrpc\":\"2.0\",\"id\":1" + call + ",{\"jsonrpc\":\"2.0\",\"id\":2" + call + "]"),
				"null");

		try (Exchange batch = client
			.post("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"id\":2" + call + "]")) {
			assertThat(batch.status()).isEqualTo(200);
			assertThat(batch.rest()).extracting(SseEvent::data)
				.anyMatch((data) -> data.contains("\"id\":1,\"result\""))
				.anyMatch((data) -> data.contains("\"id\":2,\"error\"") && data.contains("busy"));
		}
	}

	@Test
	void opensTheResponseOfARequestThatWaitsForItsTurn() throws Exception {
		Semaphore one = new Semaphore(1);
		this.handlers = (task) -> {
			one.acquireUninterruptibly();
			Thread thread = new Thread(() -> {
				try {
					task.run();
				}
				finally {
					one.release();
				}
			});
			thread.setDaemon(true);
			thread.start();
		};
		RawMcpClient client = start().initialize();
		List<Exchange> calls = new ArrayList<>();
		for (int i = 0; i < 4; i++) {
			calls.add(client.call(i, "gated", "{\"gate\":\"g\"}"));
			assertThat(calls.get(i).next().id()).isNotNull();
		}
		this.tools.awaitReached("g");

		RawMcpClient other = client().initialize();
		try (Exchange list = other.post("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}")) {
			assertThat(last(list.rest()).data()).contains("\"count\"");
		}
		this.tools.open("g");

		for (Exchange call : calls) {
			assertThat(last(call.rest()).data()).contains("counted 3");
			call.close();
		}
	}

	@Test
	void letsAnExecutorRunToolsOnTheThreadThatCallsIt() throws Exception {
		this.handlers = Runnable::run;
		RawMcpClient client = start().initialize();
		List<Exchange> calls = new ArrayList<>();
		for (int i = 0; i < 4; i++) {
			calls.add(client.call(i, "gated", "{\"before\":2,\"gate\":\"g\"}"));
			readUntil(calls.get(i), "\"data\":\"2\"");
		}

		this.tools.open("g");

		for (Exchange call : calls) {
			assertThat(last(call.rest()).data()).contains("counted 3");
			call.close();
		}
	}

	@Test
	void keepsARequestOpenThatTheExecutorHasDropped() throws Exception {
		this.handlers = (task) -> {
		};
		RawMcpClient client = start(StreamableHttpOptions.builder().heartbeatInterval(Duration.ofMillis(50)))
			.initialize();
		try (Exchange call = client.call(1, "count", "{}")) {
			assertThat(call.next().id()).isNotNull();
			call.awaitComment();

			client.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}")
				.close();

			assertThat(call.rest()).extracting(SseEvent::data).containsOnly("");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "\"tools/list\"", "\"prompts/list\"", "\"resources/list\"", "\"resources/templates/list\"",
			"\"logging/setLevel\",\"params\":{\"level\":\"error\"}",
			"\"resources/subscribe\",\"params\":{\"uri\":\"test://x\"}",
			"\"resources/unsubscribe\",\"params\":{\"uri\":\"test://x\"}" })
	void answersWhatRunsNoToolAlsoWhenNoThreadIsFree(String method) throws Exception {
		this.handlers = (task) -> {
		};
		RawMcpClient client = start().initialize();

		try (Exchange call = client.post("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":" + method + "}")) {
			assertThat(last(call.rest()).data()).contains("\"id\":1,\"result\"");
		}
	}

	@Test
	void refusesTheRequestsOfASessionThatHasTooManyAndNoOthers() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder().maxCallsPerSession(2)).initialize();
		RawMcpClient other = client().initialize();
		try (Exchange first = client.call(1, "gated", "{\"gate\":\"g\"}");
				Exchange second = client.call(2, "gated", "{\"gate\":\"g\"}")) {

			assertRefused(client.call(3, "count", "{}"), "3");

			try (Exchange call = other.call(1, "count", "{}")) {
				assertThat(last(call.rest()).data()).contains("counted 3");
			}
			this.tools.open("g");
			first.rest();
			second.rest();
		}
		await().untilAsserted(() -> {
			try (Exchange call = client.call(4, "count", "{}")) {
				assertThat(call.status()).isEqualTo(200);
				assertThat(last(call.rest()).data()).contains("counted 3");
			}
		});
	}

	private static void assertRefused(Exchange call, String requestId) throws Exception {
		try (call) {
			assertThat(call.status()).isEqualTo(503);
			assertThat(call.header("Retry-After")).isEqualTo("1");
			assertThat(call.header("Content-Type")).startsWith("application/json");
			assertThat(call.body()).contains("\"id\":" + requestId + ",\"error\":{\"code\":-32000");
		}
	}

	private static String id(String request) {
		return request.replaceFirst(".*\"id\":(\"[^\"]*\"|\\d+).*", "$1");
	}

}

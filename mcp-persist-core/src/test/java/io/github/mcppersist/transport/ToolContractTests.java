package io.github.mcppersist.transport;

import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import io.github.mcppersist.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What a client gets from tools that behave and from those that don't.
 */
public abstract class ToolContractTests extends AbstractStreamableHttpTests {

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
		RawMcpClient client = start().initialize();
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

	private static String id(String request) {
		return request.replaceFirst(".*\"id\":(\"[^\"]*\"|\\d+).*", "$1");
	}

}

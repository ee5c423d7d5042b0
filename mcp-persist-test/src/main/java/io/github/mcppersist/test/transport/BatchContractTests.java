package io.github.mcppersist.test.transport;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.test.event.FailingEventStore;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What becomes of JSON-RPC batches (MCP 2025-03-26).
 */
public abstract class BatchContractTests extends AbstractStreamableHttpTests {

	private static final String NOTIFICATION = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}";

	@Test
	void answersEachRequestOfABatchOnOneStream() throws Exception {
		RawMcpClient client = initialize(start());

		List<SseEvent> events;
		try (Exchange batch = client.post("[" + call("1", "count", "{\"n\":3}") + "," + NOTIFICATION + ","
				+ call("\"b\"", "throws", "{}") + "," + call("2", "nothing", "{}") + "," + call("3", "breaks", "{}")
				+ ",{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"ping\"},"
				+ "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/call\"},"
				+ "{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"no/such\"}]")) {
			assertThat(batch.status()).isEqualTo(200);
			assertThat(batch.header("Content-Type")).startsWith("text/event-stream");
			events = batch.rest();
		}

		assertThat(numbers(events)).containsExactly("1", "2", "3");
		assertThat(events).hasSize(3 + 7).extracting(SseEvent::id).doesNotContainNull().doesNotHaveDuplicates();
		assertThat(response(events, "1")).contains("counted 3");
		assertThat(response(events, "\"b\"")).contains("the tool failed");
		assertThat(response(events, "2")).contains("-32603");
		assertThat(response(events, "3")).contains("-32603");
		assertThat(response(events, "4")).contains("\"result\":{}");
		assertThat(response(events, "5")).contains("-32602");
		assertThat(response(events, "6")).contains("-32601");
		try (Exchange resume = client.get(last(events).id())) {
			assertThat(resume.status()).isEqualTo(204);
		}
	}

	@Test
	void resumesInTheMiddleOfABatch() throws Exception {
		RawMcpClient client = initialize(start());
		String cursor;
		try (Exchange batch = client.post("[" + call("1", "count", "{\"n\":1}") + ","
				+ call("2", "gated", "{\"before\":0,\"n\":3,\"gate\":\"g\"}") + "]")) {
			SseEvent response = last(readUntil(batch, "counted 1"));
			cursor = response.id();
			this.tools.awaitReached("g");
			batch.cut();
		}

		try (Exchange resume = client.get(cursor)) {
			this.tools.open("g");
			List<SseEvent> events = resume.rest();
			assertThat(numbers(events)).containsExactly("1", "2", "3");
			assertThat(response(events, "2")).contains("counted 3");
			assertThat(events.stream().filter((event) -> event.data().contains("\"id\":1"))).isEmpty();
		}
	}

	@Test
	void deliversABatchDuringAnOutage() throws Exception {
		FailingEventStore store = new FailingEventStore();
		RawMcpClient client = initialize(start(store));
		String cursor;
		try (Exchange batch = client.post("[" + call("1", "gated", "{\"before\":1,\"n\":2,\"gate\":\"g\"}") + ","
				+ call("2", "gated", "{\"before\":0,\"n\":0,\"gate\":\"h\"}") + "]")) {
			cursor = batch.next().id();
			this.tools.awaitReached("g");
			this.tools.awaitReached("h");
			store.fail();
			this.tools.open("g");
			List<SseEvent> unstored = readUntil(batch, "counted 2");
			assertThat(unstored).extracting(SseEvent::id).containsOnlyNulls();
			store.recover();
			this.tools.open("h");
			assertThat(response(batch.rest(), "2")).contains("counted 0");
		}

		try (Exchange resume = client.get(cursor)) {
			List<SseEvent> events = resume.rest();
			assertThat(numbers(events)).containsExactly("2");
			assertThat(response(events, "1")).contains("counted 2");
			assertThat(response(events, "2")).contains("counted 0");
		}
	}

	@Test
	void acceptsABatchOfNotificationsAndAnswers() throws Exception {
		RawMcpClient client = initialize(start());

		try (Exchange batch = client.post("[" + call("1", "elicit", "{}") + "," + call("2", "elicit", "{}") + ","
				+ call("3", "elicit", "{}") + "]")) {
			List<String> ids = new ArrayList<>();
			for (int i = 0; i < 3; i++) {
				ids.add(last(readUntil(batch, "elicitation/create")).data()
					.replaceFirst(".*\"id\":(\"[^\"]*\").*", "$1"));
			}
			String answers = ids.subList(0, 2)
				.stream()
				.map((id) -> "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":{\"action\":\"accept\"}}")
				.collect(Collectors.joining(","));
			for (int i = 0; i < 2; i++) {
				try (Exchange post = client.post("[" + NOTIFICATION + "," + answers + "]")) {
					assertThat(post.status()).isEqualTo(202);
					assertThat(post.body()).isEmpty();
				}
			}
			// One that is malformed doesn't keep the others
			try (Exchange post = client
				.post("[" + answers + ",{\"jsonrpc\":\"2.0\",\"id\":" + ids.get(2) + ",\"result\":null}]")) {
				assertThat(post.status()).isEqualTo(400);
			}
			List<SseEvent> events = batch.rest();
			assertThat(events.stream().filter((event) -> event.data().contains("user said ACCEPT"))).hasSize(2);
			assertThat(events.stream().filter((event) -> event.data().contains("answer is malformed"))).hasSize(1);
		}
	}

	@Test
	void endsEachRequestOfABatchWithAnErrorWhenTheServerCloses() throws Exception {
		RawMcpClient client = initialize(start());
		try (Exchange batch = client.post("[" + call("1", "gated", "{\"gate\":\"g\"}") + ","
				+ call("2", "count", "{\"n\":0}") + "," + call("3", "gated", "{\"gate\":\"h\"}") + "]")) {
			readUntil(batch, "counted 0");
			this.tools.awaitReached("g");
			this.tools.awaitReached("h");

			endpoint().closeGracefully().block();

			List<SseEvent> events = batch.rest();
			assertThat(response(events, "1")).contains("-32603").contains("outcome");
			assertThat(response(events, "3")).contains("-32603").contains("outcome");
			assertThat(events.stream().filter((event) -> event.data().contains("\"id\":2"))).isEmpty();
		}
	}

	@Test
	void answersATrimmedCursorWithAnErrorForEachRequest() throws Exception {
		RawMcpClient client = initialize(start(InMemoryEventStore.builder().maxEventsPerStream(10).build()));
		String cursor;
		try (Exchange batch = client
			.post("[" + call("1", "count", "{\"n\":50}") + "," + call("\"b\"", "count", "{\"n\":50}") + "]")) {
			cursor = batch.rest().get(3).id();
		}

		try (Exchange resume = client.get(cursor)) {
			assertThat(resume.status()).isEqualTo(200);
			List<SseEvent> events = resume.rest();
			assertThat(events).hasSize(2);
			assertThat(response(events, "1")).contains("-32000");
			assertThat(response(events, "\"b\"")).contains("-32000");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "[]", "[1]", "[null]", "[[]]", "[{}]",
			"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}]",
			"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
			"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{}}]",
			"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{}}]" })
	void refusesWhatIsNoBatch(String body) throws Exception {
		RawMcpClient client = initialize(start());

		assertRefused(client, body);
	}

	@Test
	void boundsABatch() throws Exception {
		RawMcpClient client = initialize(start());
		String most = pings(1, 100);

		try (Exchange batch = client.post("[" + most + "]")) {
			assertThat(batch.rest()).hasSize(100);
		}
		assertRefused(client, "[" + most + "," + NOTIFICATION + "]");
		String longIds = IntStream.rangeClosed(1, 20)
			.mapToObj((i) -> "{\"jsonrpc\":\"2.0\",\"id\":\"" + i + "x".repeat(240) + "\",\"method\":\"ping\"}")
			.collect(Collectors.joining(","));
		assertRefused(client, "[" + longIds + "]");
	}

	@ParameterizedTest
	@ValueSource(strings = { "2025-06-18", "2025-11-25" })
	void refusesBatchesInSessionsOfLaterRevisions(String version) throws Exception {
		RawMcpClient client = start().protocolVersion(version).initialize();

		assertRefused(client, "[" + pings(1, 2) + "]");
		assertRefused(client, "[" + NOTIFICATION + "]");
	}

	private static RawMcpClient initialize(RawMcpClient client) throws Exception {
		return client.protocolVersion("2025-03-26").initialize("{\"elicitation\":{}}");
	}

	private static void assertRefused(RawMcpClient client, String body) throws Exception {
		try (Exchange batch = client.post(body)) {
			assertThat(batch.status()).isEqualTo(400);
			assertThat(batch.body()).startsWith("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,");
		}
	}

	private static String pings(int first, int last) {
		return IntStream.rangeClosed(first, last)
			.mapToObj((i) -> "{\"jsonrpc\":\"2.0\",\"id\":" + i + ",\"method\":\"ping\"}")
			.collect(Collectors.joining(","));
	}

	private static String call(String id, String tool, String arguments) {
		return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"tools/call\",\"params\":{\"name\":\"" + tool
				+ "\",\"arguments\":" + arguments + "}}";
	}

	/**
	 * Return the only response to a request.
	 * @param events the events of a stream
	 * @param id the JSON text of the request's ID
	 * @return the response
	 */
	private static String response(List<SseEvent> events, String id) {
		List<String> responses = events.stream()
			.map(SseEvent::data)
			.filter((data) -> data.contains("\"id\":" + id + ",") && !data.contains("\"method\""))
			.toList();
		assertThat(responses).hasSize(1);
		return responses.get(0);
	}

}

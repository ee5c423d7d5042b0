package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

import io.modelcontextprotocol.server.McpSyncServer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What every adapter of the endpoint promises, over real sockets.
 */
public abstract class StreamableHttpContractTests {

	private static final Pattern DATA = Pattern.compile("\"data\":\"([^\"]*)\"");

	protected final TestTools tools = new TestTools();

	private @Nullable McpSyncServer server;

	private @Nullable AutoCloseable web;

	/**
	 * Serve an endpoint at {@code /mcp} on a free loopback port.
	 * @param endpoint the endpoint
	 * @return the server
	 * @throws Exception if it can't be started
	 */
	protected abstract WebServer serve(StreamableHttpEndpoint endpoint) throws Exception;

	protected EventStore createStore() {
		return new InMemoryEventStore();
	}

	@AfterEach
	void stop() throws Exception {
		if (this.server != null) {
			this.server.close();
		}
		if (this.web != null) {
			this.web.close();
		}
	}

	private RawMcpClient start() throws Exception {
		return start(StreamableHttpOptions.defaults());
	}

	private RawMcpClient start(StreamableHttpOptions options) throws Exception {
		StreamableHttpEndpoint endpoint = StreamableHttpEndpoint.builder(createStore()).options(options).build();
		this.server = this.tools.server(endpoint);
		WebServer web = serve(endpoint);
		this.web = web;
		return new RawMcpClient(web.port(), "/mcp");
	}

	@Test
	void answersACallWithAPrimingEventTheMessagesAndTheResponse() throws Exception {
		RawMcpClient client = start().initialize();

		List<SseEvent> events;
		try (Exchange call = client.call(1, "count", "{\"n\":3}")) {
			assertThat(call.status()).isEqualTo(200);
			assertThat(call.header("Content-Type")).startsWith("text/event-stream");
			events = call.rest();
		}

		assertThat(events.get(0).data()).isEmpty();
		assertThat(events.get(0).retry()).isEqualTo("1000");
		assertThat(numbers(events)).containsExactly("1", "2", "3");
		assertThat(events.get(4).data()).contains("counted 3").contains("\"id\":1");
		assertThat(events).hasSize(5).extracting(SseEvent::id).doesNotContainNull().doesNotHaveDuplicates();
	}

	@Test
	void replaysWhatWasMissedAndThenTheLiveEventsUntilTheResponse() throws Exception {
		RawMcpClient client = start().initialize();
		String cursor;
		try (Exchange call = client.call(1, "gated", "{\"before\":3,\"n\":6,\"gate\":\"g\"}")) {
			call.next();
			cursor = call.next().id();
			call.cut();
		}
		this.tools.awaitReached("g");

		List<SseEvent> resumed = new ArrayList<>();
		try (Exchange resume = client.get(cursor)) {
			resumed.add(resume.next());
			resumed.add(resume.next());
			this.tools.open("g");
			resumed.addAll(resume.rest());
		}

		assertThat(numbers(resumed)).containsExactly("2", "3", "4", "5", "6");
		assertThat(resumed.get(5).data()).contains("counted 6");
		assertThat(resumed).hasSize(6);
	}

	@Test
	void resumesFromEveryCursorOfACompleteStream() throws Exception {
		RawMcpClient client = start().initialize();
		List<SseEvent> all;
		try (Exchange call = client.call("a", "count", "{\"n\":20}")) {
			all = call.rest();
		}

		for (int i = 0; i < all.size() - 1; i++) {
			try (Exchange resume = client.get(all.get(i).id())) {
				assertThat(resume.rest()).extracting(SseEvent::id)
					.containsExactlyElementsOf(all.subList(i + 1, all.size()).stream().map(SseEvent::id).toList());
			}
		}
	}

	@Test
	void answersAResumeAtTheEndOfACompleteStreamWithNoContent() throws Exception {
		RawMcpClient client = start().initialize();
		List<SseEvent> all;
		try (Exchange call = client.call(1, "count", "{\"n\":1}")) {
			all = call.rest();
		}

		try (Exchange resume = client.get(all.get(all.size() - 1).id())) {
			assertThat(resume.status()).isEqualTo(204);
		}
	}

	@Test
	void repeatsTheCursorAtOnceWhenAResumeHasNothingToSayYet() throws Exception {
		RawMcpClient client = start().initialize();
		String cursor;
		try (Exchange call = client.call(1, "gated", "{\"before\":1,\"n\":2,\"gate\":\"g\"}")) {
			call.next();
			cursor = call.next().id();
			call.cut();
		}
		this.tools.awaitReached("g");

		try (Exchange resume = client.get(cursor)) {
			SseEvent first = resume.next();
			assertThat(first.id()).isEqualTo(cursor);
			assertThat(first.data()).isEmpty();
			this.tools.open("g");
			assertThat(numbers(resume.rest())).containsExactly("2");
		}
	}

	@Test
	void closesTheOlderConnectionWhenANewerOneResumes() throws Exception {
		RawMcpClient client = start().initialize();
		try (Exchange call = client.call(1, "gated", "{\"before\":1,\"n\":2,\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			call.next();
			try (Exchange resume = client.get(cursor)) {
				assertThat(numbers(List.of(resume.next()))).containsExactly("1");
				assertThat(call.next()).isNull();
				this.tools.open("g");
				assertThat(numbers(resume.rest())).containsExactly("2");
			}
		}
	}

	@Test
	void tellsNobodyWhyAnEventIdIsRefused() throws Exception {
		RawMcpClient client = start().initialize();
		String id;
		try (Exchange call = client.call(1, "count", "{}")) {
			id = call.next().id();
			call.rest();
		}
		RawMcpClient other = new RawMcpClient(((WebServer) this.web).port(), "/mcp").initialize();
		String foreign;
		try (Exchange call = other.call(1, "count", "{}")) {
			foreign = call.next().id();
			call.rest();
		}

		List<String> answers = new ArrayList<>();
		for (String cursor : List.of("nonsense", foreign, "AAAAAAAAAAAAAAAA_1_000000", id.replaceFirst("_1_", "_99_"),
				id + "x", "}{", id.substring(0, id.length() - 6) + "zzzzzz")) {
			try (Exchange resume = client.get(cursor)) {
				answers.add(resume.status() + " " + resume.body());
			}
		}

		assertThat(answers.stream().distinct()).hasSize(1);
		assertThat(answers.get(0)).startsWith("400 {\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{");
	}

	@Test
	void endsARequestWhoseToolReturnsNothing() throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange call = client.call(7, "nothing", "{}")) {
			List<SseEvent> events = call.rest();
			assertThat(events.get(events.size() - 1).data()).contains("\"id\":7").contains("-32603");
		}
	}

	@Test
	void closesTheConnectionOnAToolsRequestAndGoesOnAfterAResume() throws Exception {
		RawMcpClient client = start().initialize();
		List<SseEvent> first;
		try (Exchange call = client.call(1, "hangup", "{\"gate\":\"g\"}")) {
			first = call.rest();
		}
		this.tools.open("g");

		List<SseEvent> second;
		try (Exchange resume = client.get(first.get(first.size() - 1).id())) {
			second = resume.rest();
		}

		List<SseEvent> all = new ArrayList<>(first);
		all.addAll(second);
		assertThat(numbers(all)).containsExactly("1", "2");
		assertThat(first.get(first.size() - 1).retry()).isEqualTo("1000");
		assertThat(all.get(all.size() - 1).data()).contains("closed true");
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
			assertThat(numbers(call.rest()))
				.containsExactlyElementsOf(IntStream.rangeClosed(1, 100_000).mapToObj(Integer::toString).toList());
		}
	}

	@Test
	void deletesASessionForGood() throws Exception {
		RawMcpClient client = start().initialize();
		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			call.next();

			try (Exchange delete = client.delete()) {
				assertThat(delete.status()).isEqualTo(200);
			}

			assertThat(call.next()).isNull();
			this.tools.open("g");
			for (Exchange late : List.of(client.get(cursor), client.get(null), client.call(2, "count", "{}"),
					client.delete())) {
				try (late) {
					assertThat(late.status()).isEqualTo(404);
				}
			}
		}
	}

	@Test
	void sendsHeartbeatsOnASilentConnection() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder().heartbeatInterval(Duration.ofMillis(50)).build())
			.initialize();
		try (Exchange call = client.call(1, "gated", "{\"before\":0,\"n\":1,\"gate\":\"g\"}")) {
			call.next();
			int character = 0;
			while (character != ':') {
				character = call.read();
			}
			this.tools.open("g");
		}
	}

	/**
	 * Return the numbers that a counting tool sent.
	 * @param events events of its stream
	 * @return the numbers, in order
	 */
	protected static List<String> numbers(List<SseEvent> events) {
		List<String> numbers = new ArrayList<>();
		for (SseEvent event : events) {
			Matcher data = DATA.matcher(event.data());
			if (event.data().contains("notifications/message") && data.find()) {
				numbers.add(data.group(1));
			}
		}
		return numbers;
	}

	/**
	 * A web server in front of an endpoint.
	 */
	public interface WebServer extends AutoCloseable {

		/**
		 * Return the port.
		 * @return the loopback port
		 */
		int port();

		@Override
		void close() throws Exception;

	}

}

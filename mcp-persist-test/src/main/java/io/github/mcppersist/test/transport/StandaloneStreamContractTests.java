package io.github.mcppersist.test.transport;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

import io.modelcontextprotocol.spec.McpSchema.Root;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.test.event.MutableClock;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What a server sends of its own accord, on the stream that a client opens with GET.
 */
public abstract class StandaloneStreamContractTests extends AbstractStreamableHttpTests {

	@Test
	void deliversOnceWhatWasSentWhileNoConnectionWasOpen() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder()
			.resumingClients((request) -> true)
			.maxConnectionAge(Duration.ofMillis(1500))).initialize();
		notify(client, 1, 3);

		assertThat(listen(client)).containsExactly("1", "2", "3");
		notify(client, 4, 5);
		assertThat(listen(client)).containsExactly("4", "5");
		assertThat(listen(client)).isEmpty();
	}

	@Test
	void keepsWhatWasSentBeforeItsSessionWasLetGo() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder()
			.sessionCacheTimeout(Duration.ofMillis(200))
			.heartbeatInterval(Duration.ofMillis(100))).initialize();
		for (int i = 1; i <= 3; i++) {
			notify(client, i, i);
			awaitLetGo();
		}

		try (Exchange get = client.get(null)) {
			assertThat(numbers(readUntil(get, "\"data\":\"3\""))).containsExactly("1", "2", "3");
			notify(client, 4, 4);
			assertThat(numbers(readUntil(get, "\"data\":\"4\""))).containsExactly("4");
		}
		awaitLetGo();
		notify(client, 5, 5);
		awaitLetGo();

		try (Exchange get = client.get(null)) {
			assertThat(numbers(readUntil(get, "\"data\":\"5\""))).containsExactly("5");
		}
	}

	private void awaitLetGo() {
		await().until(() -> endpoint().statistics().sessions() == 0);
	}

	@Test
	void deliversWhatIsKeptAlthoughOlderMessagesAreGone() throws Exception {
		InMemoryEventStore store = InMemoryEventStore.builder().maxEventsPerStream(5).build();
		RawMcpClient client = start(store,
				StreamableHttpOptions.builder()
					.resumingClients((request) -> true)
					.maxConnectionAge(Duration.ofMillis(1500)))
			.initialize();
		assertThat(listen(client)).isEmpty();

		notify(client, 1, 10);
		StreamKey stream = new StreamKey(SessionNames.of(client.sessionId()), "0");
		await().until(() -> stored(store, stream).contains("\"10\""));

		assertThat(listen(client)).containsExactly("6", "7", "8", "9", "10");
	}

	@Test
	void resumesAfterTheLastEventId() throws Exception {
		RawMcpClient client = start().initialize();
		notify(client, 1, 5);
		String cursor;
		try (Exchange get = client.get(null)) {
			cursor = last(readUntil(get, "\"2\"")).id();
			readUntil(get, "\"5\"");
			get.cut();
		}

		try (Exchange resume = client.get(cursor)) {
			assertThat(numbers(readUntil(resume, "\"5\""))).containsExactly("3", "4", "5");
			notify(client, 6, 7);
			assertThat(numbers(readUntil(resume, "\"7\""))).containsExactly("6", "7");
		}
	}

	@Test
	void closesTheOlderConnectionWhenANewerOneIsOpened() throws Exception {
		RawMcpClient client = start().initialize();
		try (Exchange older = client.get(null)) {
			older.next();
			try (Exchange newer = client.get(null)) {
				newer.next();
				assertThat(older.next()).isNull();
				notify(client, 1, 1);
				assertThat(numbers(List.of(newer.next()))).containsExactly("1");
			}
		}
	}

	@Test
	void notifiesOnlyClientsThatListen() throws Exception {
		RawMcpClient listener = start().initialize();
		RawMcpClient absent = client().initialize();
		try (Exchange get = listener.get(null)) {
			get.next();

			endpoint().notifyClients("notifications/test", Map.of("to", "all")).block();

			assertThat(get.next().data()).contains("notifications/test");
		}
		notify(absent, 1, 1);
		try (Exchange get = absent.get(null)) {
			assertThat(readUntil(get, "\"1\"")).noneMatch((event) -> event.data().contains("notifications/test"));
		}
	}

	@Test
	void losesNoBroadcastBetweenTheConnectionsOfAClientThatItSendsAway() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder()
			.resumingClients((request) -> true)
			.maxConnectionAge(Duration.ofMillis(100))).initialize();
		List<String> received = new ArrayList<>();
		String cursor = null;
		for (int i = 1; i <= 5; i++) {
			try (Exchange get = client.get(cursor)) {
				List<SseEvent> events = get.rest();
				received.addAll(numbers(events));
				cursor = last(events).id();
			}
			broadcast(i);
		}

		try (Exchange get = client.get(cursor)) {
			received.addAll(numbers(readUntil(get, "\"5\"")));
		}
		assertThat(received).containsExactlyElementsOf(range(1, 5));
	}

	private void broadcast(int number) {
		endpoint().notifyClients("notifications/message", Map.of("level", "info", "data", Integer.toString(number)))
			.block();
	}

	@Test
	void asksAClientAndTakesItsAnswer() throws Exception {
		RawMcpClient client = start().initialize("{\"roots\":{\"listChanged\":true}}");
		try (Exchange get = client.get(null)) {
			get.next();
			try (Exchange post = client.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/roots/list_changed\"}")) {
				assertThat(post.status()).isEqualTo(202);
			}
			String request = last(readUntil(get, "roots/list")).data();
			String id = request.replaceFirst(".*\"id\":(\"[^\"]*\").*", "$1");

			for (int i = 0; i < 2; i++) {
				try (Exchange post = client.post("{\"jsonrpc\":\"2.0\",\"id\":" + id
						+ ",\"result\":{\"roots\":[{\"uri\":\"file:///r\",\"name\":\"r\"}]}}")) {
					assertThat(post.status()).isEqualTo(202);
				}
			}
		}

		await().untilAsserted(() -> assertThat(this.tools.roots()).hasSize(1)
			.allSatisfy((roots) -> assertThat(roots).extracting(Root::uri).containsExactly("file:///r")));
	}

	@Test
	void handlesAFewNotificationsOfASessionAtATime() throws Exception {
		RawMcpClient client = start().initialize("{\"roots\":{\"listChanged\":true}}");
		try (Exchange get = client.get(null)) {
			get.next();
			for (int i = 0; i < 20; i++) {
				try (Exchange post = client
					.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/roots/list_changed\"}")) {
					assertThat(post.status()).isEqualTo(202);
				}
			}
			List<String> requests = new ArrayList<>();
			for (int i = 0; i < 8; i++) {
				requests.add(last(readUntil(get, "roots/list")).data());
			}
			notify(client, 1, 1);
			assertThat(readUntil(get, "\"data\":\"1\"")).hasSize(1);
			for (int i = 0; i < 20; i++) {
				String request = (i < requests.size()) ? requests.get(i) : last(readUntil(get, "roots/list")).data();
				String id = request.replaceFirst(".*\"id\":(\"[^\"]*\").*", "$1");
				client.post("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":{\"roots\":[]}}").close();
			}
		}

		await().untilAsserted(() -> assertThat(this.tools.roots()).hasSize(20));
	}

	@Test
	void goesOnAfterItsEventsHaveExpired() throws Exception {
		MutableClock clock = new MutableClock();
		RawMcpClient client = start(InMemoryEventStore.builder().clock(clock).build()).initialize();
		String expired;
		notify(client, 1, 2);
		try (Exchange get = client.get(null)) {
			expired = last(readUntil(get, "\"2\"")).id();
			clock.advance(Duration.ofHours(2));
			notify(client, 3, 3);
			SseEvent event = get.next();
			while (event != null && !event.data().contains("\"3\"")) {
				event = get.next();
			}
			if (event == null) {
				// The connection was looking, and what it looked behind had expired
				try (Exchange again = client.get(null)) {
					event = last(readUntil(again, "\"3\""));
				}
			}
			assertThat(event.id()).isNotNull();
			get.cut();
		}
		clock.advance(Duration.ofHours(2));

		try (Exchange resume = client.get(expired)) {
			assertThat(resume.status()).isEqualTo(400);
		}
		try (Exchange get = client.get(null)) {
			SseEvent primed = get.next();
			notify(client, 4, 4);
			assertThat(numbers(readUntil(get, "\"4\""))).containsExactly("4");
			assertThat(primed.id()).isNotNull();
		}
	}

	private static String stored(EventStore store, StreamKey stream) {
		EventPage page = Objects.requireNonNull(store.replayEventsAfter(stream, null, 10_000).block());
		return page.events()
			.stream()
			.map((event) -> new String(event.message(), StandardCharsets.UTF_8))
			.collect(Collectors.joining());
	}

	private static List<String> listen(RawMcpClient client) throws Exception {
		try (Exchange get = client.get(null)) {
			return numbers(get.rest());
		}
	}

	private void notify(RawMcpClient client, int first, int last) {
		for (int i = first; i <= last; i++) {
			endpoint()
				.notifyClient(client.sessionId(), "notifications/message",
						Map.of("level", "info", "data", Integer.toString(i)))
				.block();
		}
	}

}

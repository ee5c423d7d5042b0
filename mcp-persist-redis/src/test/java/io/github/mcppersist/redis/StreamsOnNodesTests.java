package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A stream is followed on any node, whichever writes to it.
 */
@NeedsRedis
class StreamsOnNodesTests {

	private final TestRedis redis;

	private McpNodes nodes;

	private RawMcpClient client;

	StreamsOnNodesTests(TestRedis redis) {
		this.redis = redis;
	}

	@BeforeEach
	void start() throws Exception {
		// A server notices by its heartbeats that a client has gone
		this.nodes = McpNodes.start(this.redis, 2,
				StreamableHttpOptions.builder().heartbeatInterval(Duration.ofMillis(200)).build(), Duration.ofHours(1));
		this.client = this.nodes.initialize("{\"elicitation\":{},\"roots\":{\"listChanged\":true}}");
	}

	@AfterEach
	void stop() throws Exception {
		this.nodes.close();
	}

	@Test
	void followsAToolOfAnotherNodeFromReplayToLiveAndToItsResponse() throws Exception {
		try (Exchange call = this.client.call(1, "steps", "{\"n\":50,\"gates\":[\"a\",\"b\"]}")) {
			String cursor = call.next().id();
			call.next();
			call.cut();
			try (Exchange resumed = other().get(cursor)) {
				List<SseEvent> events = readUntil(resumed, "\"data\":\"50\"");
				this.nodes.get(0).tools.open("a");
				events.addAll(readUntil(resumed, "\"data\":\"100\""));
				this.nodes.get(0).tools.open("b");
				events.addAll(resumed.rest());

				assertThat(OnNodes.numbers(events)).containsExactlyElementsOf(range(1, 100));
				assertThat(events.get(events.size() - 1).data()).contains("took all steps");
			}
		}
	}

	@Test
	void joinsReplayAndLiveWithoutAGapWhenAStreamIsResumedOnOtherNodesAgainAndAgain() throws Exception {
		try (Exchange call = this.client.call(1, "pour", "{\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			List<String> numbers = new ArrayList<>();
			for (int round = 0; round < 30; round++) {
				try (Exchange resumed = this.client.at(this.nodes.get(round % 2).port()).get(cursor)) {
					for (int i = 0; i < 20; i++) {
						SseEvent event = resumed.next();
						assertThat(event).as("Event %s of round %s", i, round).isNotNull();
						cursor = event.id();
						numbers.addAll(OnNodes.numbers(List.of(event)));
					}
					resumed.cut();
				}
			}
			this.nodes.get(0).tools.open("g");
			try (Exchange resumed = other().get(cursor)) {
				List<SseEvent> rest = resumed.rest();
				numbers.addAll(OnNodes.numbers(rest));
				assertThat(rest.get(rest.size() - 1).data()).contains("poured " + numbers.size());
			}
			assertThat(numbers).containsExactlyElementsOf(range(1, numbers.size()));
		}
	}

	@Test
	void closesConnectionsOnceTheClientHasResumedOnAnotherNode() throws Exception {
		this.nodes.get(0).tools.open("g");
		List<SseEvent> first;
		try (Exchange call = this.client.call(1, "hangup", "{\"gate\":\"g\"}")) {
			first = call.rest();
		}
		assertThat(first.get(first.size() - 1).data()).contains("closed false");

		try (Exchange resumed = other().get(first.get(0).id())) {
			assertThat(OnNodes.numbers(resumed.rest())).containsExactly("1", "2");
		}

		// Noted beside the resume, which doesn't wait for it
		await().untilAsserted(() -> {
			try (Exchange call = this.client.call(2, "hangup", "{\"gate\":\"g\"}")) {
				List<SseEvent> events = call.rest();
				assertThat(events.get(events.size() - 1)).extracting(SseEvent::data, SseEvent::retry)
					.containsExactly("", "1000");
			}
		});
	}

	@Test
	void closesTheConnectionOfACallWhenItIsResumedOnAnotherNode() throws Exception {
		try (Exchange call = this.client.call(1, "gated", "{\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			call.next();

			try (Exchange resumed = other().get(cursor)) {
				resumed.next();

				assertThat(call.rest()).isEmpty();
				this.nodes.get(0).tools.open("g");
				assertThat(OnNodes.numbers(resumed.rest())).containsExactly("2", "3");
			}
		}
	}

	@Test
	void closesTheOlderConnectionWhereverItIs() throws Exception {
		try (Exchange call = this.client.call(1, "gated", "{\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			call.next();
			Exchange older = other().get(cursor);
			older.next();
			for (int round = 0; round < 6; round++) {
				Exchange newer = this.client.at(this.nodes.get(round % 2).port()).get(cursor);
				newer.next();
				assertThat(older.rest()).isEmpty();
				older.close();
				older = newer;
			}
			Exchange sameNode = this.client.at(this.nodes.get(1).port()).get(cursor);
			sameNode.next();
			assertThat(older.rest()).isEmpty();
			this.nodes.get(0).tools.open("g");
			assertThat(OnNodes.numbers(sameNode.rest())).containsExactly("2", "3");
			older.close();
			sameNode.close();
		}
	}

	@Test
	void answersEachOfManyConnectionsOfAStreamAtOnce() throws Exception {
		try (Exchange call = this.client.call(1, "gated", "{\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			call.next();
			List<CompletableFuture<Exchange>> connections = new ArrayList<>();
			for (int i = 0; i < 40; i++) {
				RawMcpClient client = this.client.at(this.nodes.get(i % 2).port());
				String lastEventId = (i % 4 < 2) ? cursor : null;
				connections.add(OnNodes.async(() -> client.get(lastEventId)));
			}

			List<Integer> statuses = new ArrayList<>();
			for (CompletableFuture<Exchange> connection : connections) {
				statuses.add(connection.get(60, TimeUnit.SECONDS).status());
			}
			// A newer one may take over before one has begun
			assertThat(statuses).contains(200).isSubsetOf(200, 409);
			this.nodes.get(0).tools.open("g");
			try (Exchange resumed = other().get(cursor)) {
				assertThat(OnNodes.numbers(resumed.rest())).containsExactly("1", "2", "3");
			}
			for (CompletableFuture<Exchange> connection : connections) {
				connection.get().close();
			}
		}
	}

	@Test
	void deliversToAStandaloneConnectionWhatAnyNodeSends() throws Exception {
		try (Exchange get = other().get(null)) {
			get.next();
			List<SseEvent> events = new ArrayList<>();
			for (int i = 1; i <= 20; i++) {
				notify(i % 2, i);
				events.add(get.next());
			}

			assertThat(OnNodes.numbers(events)).containsExactlyElementsOf(range(1, 20));
			assertThat(events).allMatch((event) -> event.id() != null);
		}
	}

	@Test
	void losesNothingOfWhatTwoNodesSendAtOnceWhileTheStandaloneConnectionMoves() throws Exception {
		int each = 200;
		CompletableFuture<Void> first = OnNodes.async(() -> notifyAll(0, each));
		CompletableFuture<Void> second = OnNodes.async(() -> notifyAll(1, each));
		List<String> numbers = new ArrayList<>();
		String cursor = null;
		for (int round = 0; numbers.size() < 2 * each; round++) {
			try (Exchange get = this.client.at(this.nodes.get(round % 2).port()).get(cursor)) {
				for (int i = 0; i < 40 && numbers.size() < 2 * each; i++) {
					SseEvent event = get.next();
					assertThat(event).as("event after " + numbers.size()).isNotNull();
					cursor = event.id();
					numbers.addAll(OnNodes.numbers(List.of(event)));
				}
				get.cut();
			}
		}
		first.get(60, TimeUnit.SECONDS);
		second.get(60, TimeUnit.SECONDS);

		assertThat(numbers).doesNotHaveDuplicates();
		assertThat(numbers.stream().filter((number) -> number.startsWith("0:")).toList())
			.containsExactlyElementsOf(range(1, each).stream().map((number) -> "0:" + number).toList());
		assertThat(numbers.stream().filter((number) -> number.startsWith("1:")).toList())
			.containsExactlyElementsOf(range(1, each).stream().map((number) -> "1:" + number).toList());
	}

	@Test
	void beginsAStandaloneConnectionWhereTheLastOneOnAnotherNodeLeftOff() throws Exception {
		EventId read;
		try (Exchange get = this.client.get(null)) {
			get.next();
			notify(0, 1);
			assertThat(OnNodes.numbers(List.of(get.next()))).containsExactly("1");
			notify(1, 2);
			SseEvent second = get.next();
			assertThat(OnNodes.numbers(List.of(second))).containsExactly("2");
			read = EventId.parse(second.id());
		}
		await().until(
				() -> read.equals(this.nodes.get(0).sessionStore.findSession(SessionNames.of(this.client.sessionId()))
					.block(Duration.ofMinutes(1))
					.standaloneCursor()));
		notify(0, 3);
		notify(0, 4);

		try (Exchange get = other().get(null)) {
			List<SseEvent> events = readUntil(get, "\"data\":\"4\"");

			assertThat(OnNodes.numbers(events)).containsExactly("3", "4");
		}
	}

	@Test
	void asksAClientOnAStandaloneConnectionOfAnotherNode() throws Exception {
		try (Exchange get = other().get(null)) {
			get.next();
			try (Exchange changed = this.client
				.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/roots/list_changed\"}")) {
				assertThat(changed.status()).isEqualTo(202);
			}
			SseEvent request = readUntil(get, "roots/list").get(0);
			try (Exchange answer = other().post("{\"jsonrpc\":\"2.0\",\"id\":\"" + OnNodes.requestId(request)
					+ "\",\"result\":{\"roots\":[{\"uri\":\"file:///r\",\"name\":\"r\"}]}}")) {
				assertThat(answer.status()).isEqualTo(202);
			}
			await().until(() -> this.nodes.get(0).tools.roots().size() == 1);
		}
	}

	@Test
	void keepsABroadcastForAClientThatComesBackOnAnotherNode() throws Exception {
		String cursor;
		try (Exchange get = this.client.get(null)) {
			cursor = get.next().id();
			get.cut();
		}
		awaitNoConnection(0);
		broadcast(0, 1);

		try (Exchange get = other().get(cursor)) {
			assertThat(OnNodes.numbers(readUntil(get, "\"data\":\"1\""))).containsExactly("1");
		}
	}

	@Test
	void leavesBroadcastsToTheNodeThatAClientHasTurnedTo() throws Exception {
		String cursor;
		try (Exchange get = this.client.get(null)) {
			cursor = get.next().id();
			get.cut();
		}
		awaitNoConnection(0);
		try (Exchange get = other().get(cursor)) {
			get.next();

			broadcast(0, "by the first");
			broadcast(1, "by the second");

			assertThat(OnNodes.numbers(readUntil(get, "by the second"))).containsExactly("by the second");
		}
	}

	@Test
	void bringsTwoListenersOnTwoNodesToRest() throws Exception {
		Exchange listening = this.client.get(null);
		listening.next();
		int node = 0;
		Exchange newest = null;
		for (int i = 0; i < 30 && newest == null; i++) {
			// As a client does that is told to come back after a second
			int next = 1 - node;
			await().pollDelay(Duration.ofSeconds(1)).until(() -> true);
			Exchange newer = this.client.at(this.nodes.get(next).port()).get(null);
			notify(next, "round " + i);
			if (reads(listening, "round " + i)) {
				newest = newer;
			}
			else {
				listening.close();
				listening = newer;
				node = next;
			}
		}
		assertThat(newest).as("a connection that waits").isNotNull();

		listening.cut();

		assertThat(newest.rest()).isEmpty();
		newest.close();
		notify(0, "at last");
		try (Exchange get = this.client.at(this.nodes.get(1 - node).port()).get(null)) {
			assertThat(OnNodes.numbers(readUntil(get, "at last"))).contains("at last");
		}
	}

	private static boolean reads(Exchange exchange, String text) throws Exception {
		SseEvent event = exchange.next();
		while (event != null && !event.data().contains(text)) {
			event = exchange.next();
		}
		return event != null;
	}

	private void awaitNoConnection(int node) {
		await()
			.until(() -> this.nodes.get(node).endpoint.statistics().connections().get(ConnectionKind.STANDALONE) == 0);
	}

	private void broadcast(int node, Object data) {
		this.nodes.get(node).endpoint
			.notifyClients("notifications/message", Map.of("level", "info", "data", data.toString()))
			.block(Duration.ofMinutes(1));
	}

	private Void notifyAll(int node, int count) {
		for (int i = 1; i <= count; i++) {
			notify(node, node + ":" + i);
		}
		return null;
	}

	private void notify(int node, Object data) {
		this.nodes.get(node).endpoint
			.notifyClient(this.client.sessionId(), "notifications/message",
					Map.of("level", "info", "data", data.toString()))
			.block(Duration.ofMinutes(1));
	}

	private RawMcpClient other() {
		return this.client.at(this.nodes.get(1).port());
	}

	private static List<String> range(int first, int last) {
		return IntStream.rangeClosed(first, last).mapToObj(Integer::toString).toList();
	}

	private static List<SseEvent> readUntil(Exchange exchange, String text) throws Exception {
		List<SseEvent> events = new ArrayList<>();
		do {
			SseEvent event = exchange.next();
			assertThat(event).as("the stream ended before " + text).isNotNull();
			if (!event.data().isEmpty()) {
				events.add(event);
			}
		}
		while (events.isEmpty() || !events.get(events.size() - 1).data().contains(text));
		return events;
	}

}

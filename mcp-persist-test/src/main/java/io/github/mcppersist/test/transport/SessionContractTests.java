package io.github.mcppersist.test.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import io.modelcontextprotocol.spec.McpSchema.ResourcesUpdatedNotification;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.observe.StoreOperation;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.test.event.FailingEventStore;
import io.github.mcppersist.test.event.MutableClock;
import io.github.mcppersist.test.observe.RecordingObserver;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * How long a session lives.
 */
public abstract class SessionContractTests extends AbstractStreamableHttpTests {

	private final MutableClock clock = new MutableClock();

	private final RecordingObserver observer = new RecordingObserver();

	private static final String INITIALIZE = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
			+ "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
			+ "\"clientInfo\":{\"name\":\"client\",\"version\":\"1\"}}}";

	private static final String PING = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}";

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		builder.observer(this.observer);
	}

	@Test
	void deletesASessionForGoodWithItsRunningToolAndItsReaders() throws Exception {
		RawMcpClient client = start().initialize();
		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}"); Exchange get = client.get(null)) {
			String cursor = call.next().id();
			call.next();
			get.next();

			try (Exchange delete = client.delete()) {
				assertThat(delete.status()).isEqualTo(200);
			}

			assertThat(call.next()).isNull();
			assertThat(get.next()).isNull();
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
	void answersACallWhoseSessionIsDeletedWhileItsStreamIsOpened() throws Exception {
		FailingEventStore store = new FailingEventStore();
		RawMcpClient client = start(store).initialize();
		Runnable goOn = store.holdStreams();
		Future<Integer> status = async(() -> {
			try (Exchange call = client.call(1, "count", "{}")) {
				return call.status();
			}
		});
		await().until(() -> store.writesUnderWay() > 0);

		try (Exchange delete = client.delete()) {
			assertThat(delete.status()).isEqualTo(200);
		}
		goOn.run();

		assertThat(status.get(60, TimeUnit.SECONDS)).isEqualTo(404);
	}

	@Test
	void restoresNoSessionWhoseDeletionIsUnderWay() throws Exception {
		RawMcpClient first = start().initialize();
		for (int round = 0; round < 100; round++) {
			RawMcpClient client = (round == 0) ? first : client().initialize();
			List<Future<Integer>> pings = new ArrayList<>();
			for (int i = 0; i < 4; i++) {
				pings.add(async(() -> {
					int status;
					do {
						try (Exchange ping = client.post(PING)) {
							status = ping.status();
						}
					}
					while (status == 200);
					return status;
				}));
			}

			try (Exchange delete = client.delete()) {
				assertThat(delete.status()).isEqualTo(200);
			}

			for (Future<Integer> ping : pings) {
				assertThat(ping.get(60, TimeUnit.SECONDS)).isEqualTo(404);
			}
			for (Exchange late : List.of(client.get(null), client.post(PING), client.delete())) {
				try (late) {
					assertThat(late.status()).isEqualTo(404);
				}
			}
		}
	}

	@Test
	void leavesOtherSessionsAloneWhenOneIsDeleted() throws Exception {
		RawMcpClient client = start().initialize();
		RawMcpClient other = client().initialize();
		try (Exchange call = other.call(1, "gated", "{\"n\":2,\"gate\":\"g\"}")) {
			call.next();
			try (Exchange delete = client.delete()) {
				assertThat(delete.status()).isEqualTo(200);
			}
			this.tools.open("g");
			assertThat(numbers(call.rest())).containsExactly("1", "2");
		}
	}

	@Test
	void endsASessionThatIsNotUsed() throws Exception {
		RawMcpClient client = startImpatient();

		await().until(() -> endpoint().statistics().sessions() == 0);
		this.clock.advance(Duration.ofSeconds(2));

		try (Exchange ping = client.post(PING)) {
			assertThat(ping.status()).isEqualTo(404);
		}
	}

	@Test
	void keepsASessionWhileAConnectionIsOpen() throws Exception {
		RawMcpClient client = startImpatient();

		try (Exchange get = client.get(null)) {
			passTimeToLive();
			try (Exchange ping = client.post(PING)) {
				assertThat(ping.status()).isEqualTo(200);
			}
		}
	}

	@Test
	void keepsASessionWhileARequestRuns() throws Exception {
		RawMcpClient client = startImpatient();

		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}")) {
			passTimeToLive();
			try (Exchange ping = client.post(PING)) {
				assertThat(ping.status()).isEqualTo(200);
			}
		}
	}

	@Test
	void restoresASessionThatWasNotUsedForAWhileAsItWas() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder().sessionCacheTimeout(Duration.ofMillis(200)))
			.initialize("{\"elicitation\":{}}");
		for (String change : List.of("logging/setLevel\",\"params\":{\"level\":\"error\"}",
				"resources/subscribe\",\"params\":{\"uri\":\"file:///a\"}",
				"resources/subscribe\",\"params\":{\"uri\":\"file:///b\"}",
				"resources/unsubscribe\",\"params\":{\"uri\":\"file:///b\"}")) {
			try (Exchange changed = client.post("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" + change + "}")) {
				assertThat(last(changed.rest()).data()).contains("\"result\"");
			}
		}

		await().until(() -> endpoint().statistics().sessions() == 0);

		try (Exchange call = client.call(2, "levels", "{}")) {
			assertThat(call.rest()).extracting(SseEvent::data)
				.anyMatch((data) -> data.contains("ERROR"))
				.noneMatch((data) -> data.contains("INFO"));
		}
		try (Exchange call = client.call(3, "whoami", "{}")) {
			assertThat(last(call.rest()).data()).contains(client.sessionId() + " raw true");
		}
		try (Exchange get = client.get(null)) {
			get.next();
			this.tools.running().notifyResourcesUpdated(new ResourcesUpdatedNotification("file:///b"));
			this.tools.running().notifyResourcesUpdated(new ResourcesUpdatedNotification("file:///a"));
			assertThat(get.next().data()).contains("notifications/resources/updated").contains("file:///a");
		}
	}

	@Test
	void refusesWhatWouldMakeASessionTooLarge() throws Exception {
		RawMcpClient client = start().initialize();
		try (Exchange large = client().send("POST", client().postHeaders(),
				"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-11-25\","
						+ "\"capabilities\":{},\"clientInfo\":{\"name\":\"" + "x".repeat(70_000)
						+ "\",\"version\":\"1\"}}}");
				Exchange subscribe = client.post(
						"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/subscribe\",\"params\":{\"uri\":\"file:///"
								+ "x".repeat(3000) + "\"}}")) {
			assertThat(large.status()).isEqualTo(413);
			assertThat(large.body()).contains("\"id\":1");
			assertThat(subscribe.status()).isEqualTo(200);
			assertThat(subscribe.body()).contains("\"id\":1").contains("-32602").contains("2048");
		}
	}

	@Test
	void keepsASessionThatIsUsedNowAndThenAndLetGoInBetween() throws Exception {
		InMemorySessionStore sessionStore = InMemorySessionStore.builder()
			.timeToLive(Duration.ofMinutes(4))
			.clock(this.clock)
			.build();
		RawMcpClient client = start(createStore(), sessionStore,
				StreamableHttpOptions.builder().sessionCacheTimeout(Duration.ofMillis(100)))
			.initialize();

		// Used every minute and a half, for twice its time to live
		for (int i = 0; i < 5; i++) {
			await().until(() -> endpoint().statistics().sessions() == 0);
			this.clock.advance(Duration.ofSeconds(90));
			try (Exchange ping = client.post(PING)) {
				assertThat(ping.status()).isEqualTo(200);
			}
		}
	}

	@Test
	void holdsASessionWhileAToolOfItRuns() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder().sessionCacheTimeout(Duration.ofMillis(200)))
			.initialize();
		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}")) {
			call.next();
			call.next();
			call.cut();

			await().during(Duration.ofSeconds(1)).until(() -> endpoint().statistics().sessions() == 1);
		}
	}

	@Test
	void belongsToThePrincipalThatCreatedIt() throws Exception {
		RawMcpClient alice = start().user("alice").initialize();
		RawMcpClient nobody = client().initialize();
		String cursor;
		try (Exchange call = alice.call(1, "count", "{}")) {
			cursor = call.next().id();
			call.rest();
		}

		for (RawMcpClient other : List.of(client().sessionId(alice.sessionId()).user("mallory"),
				client().sessionId(alice.sessionId()), client().sessionId(nobody.sessionId()).user("alice"))) {
			for (Exchange refused : List.of(other.call(2, "count", "{}"), other.get(null), other.get(cursor),
					other.delete(), other.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"))) {
				try (refused; Exchange unknown = client().sessionId("unknown").user("mallory").get(null)) {
					assertThat(refused.status()).isEqualTo(404).isEqualTo(unknown.status());
				}
			}
		}
		try (Exchange call = alice.call(3, "count", "{}"); Exchange own = nobody.call(3, "count", "{}")) {
			assertThat(call.status()).isEqualTo(200);
			assertThat(own.status()).isEqualTo(200);
		}
	}

	@Test
	void letsUnusedSessionsGoWhenNewOnesNeedTheirRoom() throws Exception {
		List<RawMcpClient> clients = new ArrayList<>();
		clients.add(start(StreamableHttpOptions.builder().maxHeldSessionBytes(30_000)).initialize());
		for (int i = 0; i < 20; i++) {
			clients.add(client().initialize());
		}

		assertThat(endpoint().statistics().sessions()).isLessThan(10);
		for (RawMcpClient client : clients) {
			try (Exchange call = client.call(1, "count", "{}")) {
				assertThat(call.status()).isEqualTo(200);
			}
		}
	}

	@Test
	void refusesNobodyButANewSessionWhileThereIsRoomForNone() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder().maxHeldSessionBytes(7_000)).initialize();
		try (Exchange get = client.get(null); Exchange refused = client().post(INITIALIZE)) {
			assertThat(refused.status()).isEqualTo(503);
			assertThat(refused.header("Retry-After")).isNotNull();
			try (Exchange call = client.call(1, "count", "{}")) {
				assertThat(call.status()).isEqualTo(200);
			}
			assertThat(get.status()).isEqualTo(200);
		}
	}

	@Test
	void refusesNobodyButANewSessionWhileTheStoreIsFull() throws Exception {
		RawMcpClient client = start(createStore(), InMemorySessionStore.builder().maxSessions(1).build(),
				StreamableHttpOptions.builder())
			.initialize();

		try (Exchange refused = client().post(INITIALIZE); Exchange call = client.call(1, "count", "{}")) {
			assertThat(refused.status()).isEqualTo(503);
			assertThat(call.status()).isEqualTo(200);
		}
		assertThat(endpoint().statistics().sessions()).isOne();
	}

	@Test
	void refusesAnAnswerForAServerThatHasGoneButNotARepeatedOne() throws Exception {
		RawMcpClient client = start().initialize("{\"elicitation\":{}}");
		String answer = "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"result\":{\"action\":\"accept\",\"content\":{}}}";
		try (Exchange call = client.call(1, "elicit", "{}")) {
			call.next();
			String id = call.next().data().replaceAll(".*\"id\":\"([^\"]*)\".*", "$1");
			for (int i = 0; i < 3; i++) {
				try (Exchange posted = client.post(answer.formatted(id))) {
					assertThat(posted.status()).isEqualTo(202);
				}
			}
			assertThat(last(call.rest()).data()).contains("user said ACCEPT");

			try (Exchange posted = client.post(answer.formatted("00000000000" + id.substring(11)))) {
				assertThat(posted.status()).isEqualTo(409);
				assertThat(posted.body()).contains("\"jsonrpc\":\"2.0\"").contains("\"error\"");
			}
		}
	}

	// For a session that is in use, twice over
	private void passTimeToLive() {
		for (int i = 0; i < 4; i++) {
			this.clock.advance(Duration.ofMillis(600));
			long before = renewals();
			// One may have been under way
			await().until(() -> renewals() > before + 1);
		}
	}

	private long renewals() {
		return this.observer.operations().stream().filter(StoreOperation.RENEW_SESSIONS::equals).count();
	}

	private RawMcpClient startImpatient() throws Exception {
		InMemorySessionStore sessionStore = InMemorySessionStore.builder()
			.timeToLive(Duration.ofSeconds(1))
			.clock(this.clock)
			.build();
		return start(createStore(), sessionStore, StreamableHttpOptions.builder()).initialize();
	}

}

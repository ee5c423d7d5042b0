package io.github.mcppersist.transport;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.test.event.FailingEventStore;
import io.github.mcppersist.test.event.MutableClock;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * What becomes of changes to a session whose store fails, and of its deletion, what is
 * said of sessions that aren't found then, and which sessions a node holds.
 */
class SessionsTests extends AbstractStreamableHttpTests {

	private static final long ROOM_FOR_ONE = 7_000;

	private static final String INITIALIZE = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
			+ "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
			+ "\"clientInfo\":{\"name\":\"raw\",\"version\":\"1\"}}}";

	private final SessionStore memory = new InMemorySessionStore();

	/**
	 * The sessions whose expiry the store has put off.
	 */
	private final Set<String> renewed = ConcurrentHashMap.newKeySet();

	private final AtomicInteger created = new AtomicInteger();

	/**
	 * What the creation of a session waits for.
	 */
	private volatile @Nullable Mono<Void> creation;

	private volatile @Nullable RuntimeException failure;

	private boolean shared;

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		if (this.shared) {
			builder.nodeRegistry(NodeRegistry.single());
		}
	}

	@Test
	void storeNoChangeThatNobodyAskedForAfterAll() throws Exception {
		this.failure = new SessionStoreUnavailableException("Not now", null);
		Session session = startSession();
		Mono<Void> change = endpoint().sessions().change(session, SessionChange.logLevel("error"));

		this.failure = null;

		// Stored behind what waits
		endpoint().sessions().change(session, SessionChange.subscribed("file:///later")).block();
		await().until(() -> {
			SessionRecord stored = stored(session);
			return stored != null && stored.subscriptions().contains("file:///later");
		});
		assertThat(Objects.requireNonNull(stored(session)).logLevel()).isNull();
		change.block();
		await().until(() -> "error".equals(Objects.requireNonNull(stored(session)).logLevel()));
	}

	@Test
	void areNotCalledUnknownOnceTheStoreTookNoWrite() throws Exception {
		this.shared = true;
		Session session = startSession();
		notifyAnother().block();

		this.failure = new SessionStoreUnavailableException("Not now", null);
		endpoint().sessions().change(session, SessionChange.logLevel("error")).block();
		this.failure = null;

		assertRefused(notifyAnother(), Rejection.SESSION_UNSAVED);
	}

	@Test
	void areNotCalledUnknownOnceTheStoreCouldNotBeAskedForOne() throws Exception {
		this.shared = true;
		startSession();
		notifyAnother().block();

		this.failure = new SessionStoreUnavailableException("Not now", null);
		assertRefused(notifyAnother(), Rejection.SESSIONS_AWAY);
		this.failure = null;

		assertRefused(notifyAnother(), Rejection.SESSION_UNSAVED);
	}

	@Test
	void areNotCalledUnknownOnceAKnownOneCouldNotBeRead() throws Exception {
		this.shared = true;
		Session session = startSession();
		notifyAnother().block();

		this.failure = new SessionStoreUnavailableException("Not now", null);
		endpoint().sessions().refresh(session).block();
		this.failure = null;

		assertRefused(notifyAnother(), Rejection.SESSION_UNSAVED);
	}

	@Test
	void noteAResumeAgainThatCouldNotBeNoted() throws Exception {
		Session session = startSession();
		this.failure = new IllegalStateException("A fault of the store");
		endpoint().sessions().noteResumed(session);
		await().until(() -> !session.isResuming());
		this.failure = null;

		endpoint().sessions().noteResumed(session);

		await().until(() -> Objects.requireNonNull(stored(session)).resuming());
	}

	@Test
	void renewsAgainWhatCouldNotBeRenewed() throws Exception {
		Session session = startSession();

		this.failure = new SessionStoreUnavailableException("Not now", null);
		endpoint().sessions().renewSessions().block();
		this.failure = null;

		endpoint().sessions().renewSessions().block();
		assertThat(this.renewed).containsExactly(session.name());
	}

	@Test
	void renewsAgainWhatCouldNotBeRenewedWhenItWasLetGo() throws Exception {
		Session session = startSession();

		this.failure = new SessionStoreUnavailableException("Not now", null);
		await().until(() -> endpoint().sessions().letGoUnused(Duration.ZERO) > 0);
		this.failure = null;

		// What the first call was answered is heard of on another thread
		await().until(() -> {
			endpoint().sessions().renewSessions().block();
			return this.renewed.contains(session.name());
		});
		assertThat(endpoint().sessions().held(session.name())).isNull();
	}

	@Test
	void renewsNoSessionThatWasDeletedMeanwhile() throws Exception {
		Session session = startSession();
		this.failure = new SessionStoreUnavailableException("Not now", null);
		endpoint().sessions().renewSessions().block();
		this.failure = null;

		endpoint().sessions().delete(session).block();

		endpoint().sessions().renewSessions().block();
		assertThat(this.renewed).isEmpty();
	}

	@Test
	void areDeletedWithTheirStreamsOnceTheEventStoreIsBack() throws Exception {
		InMemoryEventStore events = new InMemoryEventStore();
		FailingEventStore failing = new FailingEventStore(events);
		RawMcpClient client = start(failing, this.memory, StreamableHttpOptions.builder()).initialize();
		String id;
		try (Exchange call = client.call(1, "count", "{}")) {
			id = last(call.rest()).id();
		}
		StreamKey stream = new StreamKey(SessionNames.of(client.sessionId()), EventId.parse(id).streamId());
		failing.failWrites();

		try (Exchange delete = client.delete()) {
			assertThat(delete.status()).isEqualTo(503);
		}
		try (Exchange again = client.delete()) {
			assertThat(again.status()).isEqualTo(404);
		}
		assertThat(Objects.requireNonNull(events.replayEventsAfter(stream, null, 1000).block()).events()).isNotEmpty();
		failing.recover();

		await().untilAsserted(() -> assertThatExceptionOfType(EventNotFoundException.class)
			.isThrownBy(() -> events.replayEventsAfter(stream, null, 1000).block()));
	}

	@Test
	void areDeletedOnceTheirOwnStoreIsBack() throws Exception {
		Session session = startSession();
		this.failure = new SessionStoreUnavailableException("Not now", null);

		assertThatExceptionOfType(SessionStoreUnavailableException.class)
			.isThrownBy(() -> endpoint().sessions().delete(session).block());
		assertThat(stored(session)).isNotNull();
		this.failure = null;

		await().until(() -> stored(session) == null);
	}

	// Without a clock of the application's the stores go by the time that passes
	@Test
	void goOnWhenTheClockOfTheStoresJumpsBeyondTwiceTheirTime() throws Exception {
		MutableClock clock = new MutableClock();
		Duration jump = Duration.ofHours(49);
		RawMcpClient client = start(InMemoryEventStore.builder().clock(clock).build(),
				InMemorySessionStore.builder().clock(clock).build(), StreamableHttpOptions.builder())
			.initialize();
		for (Duration duration : List.of(jump, jump.negated())) {
			String gate = "after " + duration;
			try (Exchange call = client.call(1, "steps", "{\"n\":2,\"gates\":[\"" + gate + "\",\"end\"]}")) {
				this.tools.awaitReached(gate);

				clock.advance(duration);

				// Stores drop what has expired when they are used
				try (Exchange other = client().initialize().call(2, "count", "{}")) {
					assertThat(other.rest()).isNotEmpty();
				}
				this.tools.open(gate);
				this.tools.open("end");
				List<SseEvent> events = call.rest();
				assertThat(numbers(events)).containsExactlyElementsOf(range(1, 4));
				assertThat(last(events).data()).contains("took all steps");
			}
			try (Exchange call = client.call(3, "count", "{}")) {
				assertThat(numbers(call.rest())).isNotEmpty();
			}
		}
		try (Exchange delete = client.delete(); Exchange late = client.call(4, "count", "{}")) {
			assertThat(delete.status()).isEqualTo(200);
			assertThat(late.status()).isEqualTo(404);
		}
	}

	@Test
	void areStoredAFewAtOnceWhenAnOutageHasLeftMany() throws Exception {
		RawMcpClient first = start(createStore(), failing(), StreamableHttpOptions.builder());
		this.failure = new SessionStoreUnavailableException("Not now", null);
		first.initialize();
		for (int i = 1; i < 80; i++) {
			client().initialize();
		}
		Sinks.Empty<Void> held = Sinks.empty();
		this.creation = held.asMono();
		this.failure = null;

		// Those that a pass which was under way has left, or 64 of all
		await().until(() -> this.created.get() > 0);
		await().during(Duration.ofMillis(1500)).until(() -> this.created.get() <= 64);
		held.tryEmitEmpty();

		await().until(() -> endpoint().sessions().all().stream().allMatch((session) -> stored(session) != null));
	}

	@Test
	void countSubscriptionsThatAreYetToBeStored() throws Exception {
		RawMcpClient client = start(createStore(), failing(), StreamableHttpOptions.builder()).initialize();
		Session session = Objects.requireNonNull(held(client));
		this.failure = new SessionStoreUnavailableException("Not now", null);
		for (int i = 0; i < 1000; i++) {
			endpoint().sessions().change(session, SessionChange.subscribed("file:///" + i)).block();
		}

		try (Exchange subscribe = client.post("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/subscribe\","
				+ "\"params\":{\"uri\":\"file:///more\"}}")) {
			assertThat(subscribe.body()).contains("-32602", "1000 subscriptions");
		}

		this.failure = null;
		await().until(() -> Objects.requireNonNull(stored(session)).subscriptions().size() == 1000);
	}

	@Test
	void refuseMoreChangesThanMayWaitForTheStore() throws Exception {
		RawMcpClient client = start(createStore(), failing(), StreamableHttpOptions.builder()).initialize();
		Session session = Objects.requireNonNull(held(client));
		this.failure = new SessionStoreUnavailableException("Not now", null);
		for (int i = 0; i < SessionChanges.MAX_CHANGES; i++) {
			endpoint().sessions().change(session, SessionChange.unsubscribed("file:///" + i)).block();
		}

		try (Exchange change = client.post("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/subscribe\","
				+ "\"params\":{\"uri\":\"file:///more\"}}")) {
			assertThat(last(change.rest()).data()).contains("-32000", "can't be stored for now");
		}
		try (Exchange change = client.post("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"resources/subscribe\","
				+ "\"params\":{\"uri\":\"file:///0\"}}")) {
			assertThat(last(change.rest()).data()).contains("\"result\"");
		}

		this.failure = null;
		await().until(() -> Objects.requireNonNull(stored(session)).subscriptions().contains("file:///0"));
	}

	@Test
	void holdsNoSessionWhoseClientWasToldThatItDidNotBegin() throws Exception {
		RawMcpClient client = start(createStore(), failing(), StreamableHttpOptions.builder());
		this.failure = new IllegalStateException("A fault of the store");

		try (Exchange refused = client.post(INITIALIZE)) {
			assertThat(refused.status()).isEqualTo(500);
		}

		assertThat(endpoint().sessions().all()).isEmpty();
	}

	@Test
	void letsOthersGoWhenASessionComesBack() throws Exception {
		RawMcpClient first = start(StreamableHttpOptions.builder().maxHeldSessionBytes(ROOM_FOR_ONE)).initialize();
		awaitUnused(first);
		RawMcpClient second = client().initialize();
		awaitUnused(second);
		assertThat(held(first)).isNull();

		try (Exchange call = first.call(1, "count", "{}")) {
			assertThat(call.status()).isEqualTo(200);
		}

		assertThat(held(first)).isNotNull();
		assertThat(held(second)).isNull();
	}

	@Test
	void doesNotLetGoEarlyWhoMayBeAboutToListenAgain() throws Exception {
		RawMcpClient listened = start(StreamableHttpOptions.builder()).initialize();
		RawMcpClient never = client().initialize();
		Session session = Objects.requireNonNull(held(listened));
		listened.get(null).close();
		await().until(() -> session.listening().wasHere() && !session.listening().probe());

		await().until(() -> {
			endpoint().sessions().letGoUnused(Duration.ZERO);
			return held(never) == null;
		});

		assertThat(held(listened)).isSameAs(session);
	}

	@Test
	void doesNotLookThroughAllSessionsAtOnceAgainIfNoneCouldBeLetGo() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder().maxHeldSessionBytes(ROOM_FOR_ONE)).initialize();
		Session session = Objects.requireNonNull(held(client));
		session.acquire();
		long began = System.nanoTime();
		try (Exchange refused = client().post(INITIALIZE)) {
			assertThat(refused.status()).isEqualTo(503);
			assertThat(refused.header("Retry-After")).isEqualTo("10");
		}
		session.release();

		await().until(() -> {
			try (Exchange begun = client().post(INITIALIZE)) {
				return begun.status() == 200;
			}
		});

		assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
	}

	// Each time another one: what was found of one may hold for who asks at once again
	private Mono<Void> notifyAnother() {
		return endpoint().notifyClient(UUID.randomUUID().toString(), "notifications/message", Map.of());
	}

	private static void assertRefused(Mono<Void> notification, Rejection rejection) {
		assertThatExceptionOfType(RejectedRequestException.class).isThrownBy(notification::block)
			.satisfies((ex) -> assertThat(ex.rejection()).isEqualTo(rejection));
	}

	private void awaitUnused(RawMcpClient client) {
		Session session = Objects.requireNonNull(held(client));
		await().until(() -> !session.takeUsed());
	}

	private @Nullable Session held(RawMcpClient client) {
		return endpoint().sessions().held(SessionNames.of(client.sessionId()));
	}

	private Session startSession() throws Exception {
		RawMcpClient client = start(createStore(), failing(), StreamableHttpOptions.builder()).initialize();
		return Objects.requireNonNull(endpoint().sessions().held(SessionNames.of(client.sessionId())));
	}

	private @Nullable SessionRecord stored(Session session) {
		return this.memory.findSession(session.name()).block();
	}

	private SessionStore failing() {
		return (SessionStore) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] { SessionStore.class },
				(proxy, method, arguments) -> {
					RuntimeException failure = this.failure;
					if (failure != null && Mono.class.equals(method.getReturnType())) {
						return Mono.error(failure);
					}
					if ("renewSessions".equals(method.getName())) {
						((Collection<?>) arguments[0]).forEach((name) -> this.renewed.add((String) name));
					}
					Mono<Void> creation = this.creation;
					if (creation != null && "createSession".equals(method.getName())) {
						this.created.incrementAndGet();
						return creation.then((Mono<?>) method.invoke(this.memory, arguments));
					}
					try {
						return method.invoke(this.memory, arguments);
					}
					catch (InvocationTargetException ex) {
						throw ex.getCause();
					}
				});
	}

}

package io.github.mcppersist.transport;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

/**
 * What becomes of changes to a session whose store fails, what is said of sessions that
 * aren't found then, and which sessions a node holds.
 */
class SessionsTests extends AbstractStreamableHttpTests {

	private static final long ROOM_FOR_ONE = 7_000;

	private static final String INITIALIZE = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
			+ "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
			+ "\"clientInfo\":{\"name\":\"raw\",\"version\":\"1\"}}}";

	private final SessionStore memory = new InMemorySessionStore();

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
		Mono<Void> change = endpoint().sessions()
			.change(session, (store) -> store.setLogLevel(session.name(), "error"));

		this.failure = null;

		// Stored behind what waits
		endpoint().sessions().change(session, (store) -> store.subscribe(session.name(), "file:///later")).block();
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
		endpoint().sessions().change(session, (store) -> store.setLogLevel(session.name(), "error")).block();
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
		await().until(() -> session.wasListening() && !session.probeListening());

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
					try {
						return method.invoke(this.memory, arguments);
					}
					catch (InvocationTargetException ex) {
						throw ex.getCause();
					}
				});
	}

}

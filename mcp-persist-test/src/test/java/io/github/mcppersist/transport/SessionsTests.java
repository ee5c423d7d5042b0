package io.github.mcppersist.transport;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What becomes of changes to a session whose store fails.
 */
class SessionsTests extends AbstractStreamableHttpTests {

	private final SessionStore memory = new InMemorySessionStore();

	private volatile @Nullable RuntimeException failure;

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	@Test
	void storeNoChangeThatNobodyAskedForAfterAll() throws Exception {
		this.failure = new SessionStoreUnavailableException("Not now", null);
		Session session = startSession();
		Mono<Void> change = endpoint().sessions().change(session, (store) -> store.setLogLevel(session.id(), "error"));

		this.failure = null;

		// Stored behind what waits
		endpoint().sessions().change(session, (store) -> store.subscribe(session.id(), "file:///later")).block();
		await().until(() -> {
			SessionRecord stored = stored(session);
			return stored != null && stored.subscriptions().contains("file:///later");
		});
		assertThat(Objects.requireNonNull(stored(session)).logLevel()).isNull();
		change.block();
		await().until(() -> "error".equals(Objects.requireNonNull(stored(session)).logLevel()));
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

	private Session startSession() throws Exception {
		RawMcpClient client = start(createStore(), failing(), StreamableHttpOptions.builder()).initialize();
		return Objects.requireNonNull(endpoint().sessions().held(SessionNames.of(client.sessionId())));
	}

	private @Nullable SessionRecord stored(Session session) {
		return this.memory.findSession(session.id()).block();
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

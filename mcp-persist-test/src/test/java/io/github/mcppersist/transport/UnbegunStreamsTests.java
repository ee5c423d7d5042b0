package io.github.mcppersist.transport;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.stream.SseConnection;
import io.github.mcppersist.stream.ThreadPools;
import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What is answered in place of a stream that has ended before its connection began: never
 * 200 with nothing in it, which says that all is well.
 */
class UnbegunStreamsTests extends AbstractStreamableHttpTests {

	/**
	 * How long a connection waits for a store that says nothing.
	 */
	private static final Duration PATIENCE = Duration.ofSeconds(2);

	/**
	 * Whether streams can be watched, or the store is never heard of again.
	 */
	private boolean watchable = true;

	private boolean endsSessions;

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		if (!this.watchable) {
			builder.nodeRegistry(NodeRegistry.single()).threads(patient());
		}
		if (this.endsSessions) {
			// Between its admission and its answer
			builder.executor((task) -> endpoint().sessions().all().forEach(Session::end));
		}
	}

	// Connections wait for the store for as long as the test does
	private static Threads patient() {
		Threads threads = new ThreadPools(null);
		return (Threads) Proxy.newProxyInstance(UnbegunStreamsTests.class.getClassLoader(),
				new Class<?>[] { Threads.class }, (proxy, method, arguments) -> {
					boolean patience = method.getName().equals("deliverLater") && PATIENCE.equals(arguments[0]);
					return patience ? Disposables.single() : method.invoke(threads, arguments);
				});
	}

	@Override
	protected EventStore createStore() {
		EventStore store = new InMemoryEventStore();
		return this.watchable ? store
				: (EventStore) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] { EventStore.class },
						(proxy, method, arguments) -> method.getName().equals("watch") ? Flux.never()
								: method.invoke(store, arguments));
	}

	@Test
	void aGetIsToldThatItsSessionWasDeleted() throws Exception {
		RawMcpClient client = start().initialize();
		session(client).end();

		try (Exchange get = client.get(null)) {
			assertThat(get.status()).isEqualTo(404);
			assertThat(get.body()).contains("\"error\"");
		}
	}

	@Test
	void aResumeIsToldThatItsSessionWasDeleted() throws Exception {
		RawMcpClient client = start().initialize();
		String cursor;
		try (Exchange get = client.get(null)) {
			SseEvent priming = Objects.requireNonNull(get.next());
			cursor = priming.id();
		}
		await().until(() -> !session(client).listening().probe());
		session(client).end();

		try (Exchange get = client.get(cursor)) {
			assertThat(get.status()).isEqualTo(404);
		}
	}

	@Test
	void aCallIsToldThatItsSessionWasDeleted() throws Exception {
		this.endsSessions = true;
		RawMcpClient client = start().initialize();

		try (Exchange call = client.call(7, "count", "{}")) {
			assertThat(call.status()).isEqualTo(404);
			assertThat(call.body()).contains("\"id\":7").contains("\"error\"");
		}
	}

	@Test
	void aGetIsToldThatANewerOneHasTakenOver() throws Exception {
		this.watchable = false;
		RawMcpClient client = start().initialize();
		CompletableFuture<Exchange> older = async(() -> client.get(null));
		await().until(() -> session(client).listening().isHere());
		SseConnection first = Objects.requireNonNull(session(client).reader("0"));

		CompletableFuture<Exchange> newer = async(() -> client.get(null));

		try (Exchange get = older.get(60, TimeUnit.SECONDS)) {
			assertThat(get.status()).isEqualTo(409);
		}
		assertThat(session(client).reader("0")).isNotNull().isNotSameAs(first);
		session(client).end();
		try (Exchange get = newer.get(60, TimeUnit.SECONDS)) {
			assertThat(get.status()).isEqualTo(404);
		}
	}

	private Session session(RawMcpClient client) {
		return Objects.requireNonNull(endpoint().sessions().held(SessionNames.of(client.sessionId())));
	}

}

package io.github.mcppersist.transport;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.SessionStoreUnavailableException;
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
 * Answers that another node was given, while they can't be read, or handed over.
 */
class ClientAnswersTests extends AbstractStreamableHttpTests {

	private static final int LOOKS = 20;

	private static final int RETRIES = 3;

	private static final Duration BETWEEN_RETRIES = Duration.ofMillis(300);

	private final SessionStore memory = new InMemorySessionStore();

	private final AtomicInteger reads = new AtomicInteger();

	private final Threads threads = new ThreadPools(null);

	private final AtomicInteger refused = new AtomicInteger();

	private volatile boolean away;

	private volatile boolean full;

	private volatile NodeRegistry.@Nullable Listener listener;

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		builder.threads((Threads) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] { Threads.class },
				(proxy, method, arguments) -> {
					if (this.full && "answer".equals(method.getName())) {
						this.refused.incrementAndGet();
						throw new RejectedExecutionException("Too many run and wait");
					}
					return method.invoke(this.threads, arguments);
				}));
		NodeRegistry single = NodeRegistry.single();
		builder.nodeRegistry((NodeRegistry) Proxy.newProxyInstance(getClass().getClassLoader(),
				new Class<?>[] { NodeRegistry.class }, (proxy, method, arguments) -> {
					if ("join".equals(method.getName())) {
						this.listener = (NodeRegistry.Listener) arguments[0];
					}
					return method.invoke(single, arguments);
				}));
	}

	@Test
	void areReadAgainOnceForASessionHoweverManyLooksHaveFailed() throws Exception {
		RawMcpClient client = start(createStore(), store(), StreamableHttpOptions.builder())
			.initialize("{\"elicitation\":{}}");
		try (Exchange call = client.call(1, "elicit", "{}")) {
			String id = id(last(readUntil(call, "elicitation/create")));
			this.away = true;
			long began = System.nanoTime();
			for (int i = 0; i < LOOKS; i++) {
				Objects.requireNonNull(this.listener).missed();
			}

			await().until(() -> this.reads.get() >= LOOKS + RETRIES);
			assertThat(Duration.ofNanos(System.nanoTime() - began))
				.isGreaterThanOrEqualTo(BETWEEN_RETRIES.multipliedBy(RETRIES));

			storeAnswer(client, id);
			this.away = false;
			assertThat(last(call.rest()).data()).contains("user said ACCEPT");
		}
	}

	@Test
	void areTakenLaterIfTooManyAreBeingHandled() throws Exception {
		RawMcpClient client = start(createStore(), store(), StreamableHttpOptions.builder())
			.initialize("{\"elicitation\":{}}");
		try (Exchange call = client.call(1, "elicit", "{}")) {
			storeAnswer(client, id(last(readUntil(call, "elicitation/create"))));
			this.full = true;
			Objects.requireNonNull(this.listener).missed();
			await().until(() -> this.refused.get() > 1);

			this.full = false;

			assertThat(last(call.rest()).data()).contains("user said ACCEPT");
		}
	}

	private void storeAnswer(RawMcpClient client, String id) {
		String answer = "{\"jsonrpc\":\"2.0\",\"id\":\"" + id + "\",\"result\":{\"action\":\"accept\"}}";
		this.memory.storeAnswer(SessionNames.of(client.sessionId()), id, answer.getBytes(StandardCharsets.UTF_8))
			.block();
	}

	private static String id(SseEvent request) {
		return request.data().replaceFirst(".*\"id\":\"([^\"]+)\".*", "$1");
	}

	private SessionStore store() {
		return (SessionStore) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] { SessionStore.class },
				(proxy, method, arguments) -> {
					if (this.away && "findAnswers".equals(method.getName())) {
						this.reads.incrementAndGet();
						return Mono.error(new SessionStoreUnavailableException("Not now", null));
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

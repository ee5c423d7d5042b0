package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.test.event.FailingEventStore;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Broadcasts of a node that has to ask the store for whom they are.
 */
class BroadcastTests extends AbstractStreamableHttpTests {

	private static final int CLIENTS = 3;

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		builder.nodeRegistry(NodeRegistry.single());
	}

	@Test
	void asksForAllSessionsAtOnce() throws Exception {
		FailingEventStore store = new FailingEventStore();
		start(store, new InMemorySessionStore(), StreamableHttpOptions.builder().retryInterval(Duration.ofMinutes(1)));
		List<RawMcpClient> clients = new ArrayList<>();
		for (int i = 0; i < CLIENTS; i++) {
			RawMcpClient client = client().initialize();
			client.get(null).close();
			clients.add(client);
		}
		// It is the heartbeats that find out who has gone
		for (RawMcpClient client : clients) {
			Session session = Objects.requireNonNull(endpoint().sessions().held(SessionNames.of(client.sessionId())));
			await().until(() -> session.listening().wasHere() && !session.listening().probe());
		}
		Runnable release = store.holdReads();
		int before = store.reads();

		Future<Void> broadcast = async(
				() -> endpoint().notifyClients("notifications/message", Map.of("level", "info", "data", "1")).block());

		await().untilAsserted(() -> assertThat(store.reads()).isEqualTo(before + CLIENTS));
		release.run();
		broadcast.get(20, TimeUnit.SECONDS);
		for (RawMcpClient client : clients) {
			try (Exchange get = client.get(null)) {
				assertThat(numbers(readUntil(get, "\"1\""))).containsExactly("1");
			}
		}
	}

}

package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.AbstractStreamableHttpTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.test.transport.WebServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Standalone streams as time goes by. No contract: the time is no public option.
 */
class ListeningTests extends AbstractStreamableHttpTests {

	/**
	 * How much later it is than by the machine's clock, in nanoseconds.
	 */
	private final AtomicLong later = new AtomicLong();

	@Override
	protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		return new TomcatServer(endpoint);
	}

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		builder.threads(new LaterThreads(this.later));
	}

	@Test
	void bringsTwoListenersThatBothComeBackToRest() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder().heartbeatInterval(Duration.ofMillis(100)))
			.initialize();
		try (Exchange listening = contend(client)) {
			notify(client, 1, 1);
			String cursor = last(readUntil(listening, "\"1\"")).id();
			try (Exchange waiting = client.get(cursor)) {
				assertThat(waiting.status()).isEqualTo(200);
				assertThat(waiting.next()).extracting(SseEvent::id, SseEvent::data).containsExactly(cursor, "");
				notify(client, 2, 3);
				assertThat(numbers(readUntil(listening, "\"3\""))).containsExactly("2", "3");
				listening.cut();
				notify(client, 4, 4);

				assertThat(waiting.rest()).isEmpty();
				try (Exchange next = client.get(cursor)) {
					assertThat(numbers(readUntil(next, "\"4\""))).containsExactly("2", "3", "4");
				}
			}
		}
	}

	@Test
	void letsNoListenerWaitForOneWhoseClientHasGone() throws Exception {
		// Long, so that only a probe shows that it has
		RawMcpClient client = start(StreamableHttpOptions.builder().heartbeatInterval(Duration.ofHours(1)))
			.initialize();
		try (Exchange listening = contend(client)) {
			listening.cut();

			try (Exchange waiting = client.get(null)) {
				assertThat(waiting.rest()).isEmpty();
			}
			notify(client, 1, 1);
			try (Exchange next = client.get(null)) {
				assertThat(numbers(readUntil(next, "\"1\""))).containsExactly("1");
			}
		}
	}

	@Test
	void storesNoBroadcastForAClientThatHasNotComeBackForLong() throws Exception {
		// A server notices by its heartbeats that a client has gone
		RawMcpClient client = start(StreamableHttpOptions.builder().heartbeatInterval(Duration.ofMillis(100)))
			.initialize();
		try (Exchange get = client.get(null)) {
			get.next();
			get.cut();
		}
		await().until(() -> endpoint().statistics().connections().get(ConnectionKind.STANDALONE) == 0);
		broadcast(1);
		this.later.set(Duration.ofSeconds(12).toNanos());

		broadcast(2);

		notify(client, 3, 3);
		try (Exchange get = client.get(null)) {
			assertThat(numbers(readUntil(get, "\"3\""))).containsExactly("1", "3");
		}
	}

	/**
	 * Have connections displace each other until they come to rest.
	 * @param client the client of all
	 * @return the one that listens then
	 * @throws Exception if one can't be opened
	 */
	private Exchange contend(RawMcpClient client) throws Exception {
		Exchange listening = client.get(null);
		listening.next();
		for (int i = 0; i < 5; i++) {
			this.later.addAndGet(Duration.ofSeconds(2).toNanos());
			Exchange newer = client.get(null);
			newer.next();
			assertThat(listening.rest()).isEmpty();
			listening.close();
			listening = newer;
		}
		return listening;
	}

	private void broadcast(int number) {
		endpoint().notifyClients("notifications/message", Map.of("level", "info", "data", Integer.toString(number)))
			.block();
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

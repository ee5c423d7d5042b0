package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.ConnectionContractTests;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.test.transport.ReconnectContractTests;
import io.github.mcppersist.test.transport.ResumeContractTests;
import io.github.mcppersist.test.transport.SessionContractTests;
import io.github.mcppersist.test.transport.StandaloneStreamContractTests;
import io.github.mcppersist.test.transport.ToolContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The endpoint on Tomcat, with the events in Redis.
 */
@NeedsRedis
class RedisTransportTests {

	@Nested
	class Connections extends ConnectionContractTests {

		private final TransportOnRedis transport;

		Connections(TestRedis redis) {
			this.transport = new TransportOnRedis(redis);
		}

		@Override
		protected EventStore createStore() {
			return this.transport.createStore();
		}

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return this.transport.serve(endpoint);
		}

		@Test
		void aSlowReaderThatIsConnectedGetsTheRestOfACompleteStreamAfterItsTime() throws Exception {
			RawMcpClient client = start(this.transport.createStore(Duration.ofSeconds(6))).initialize();
			try (Exchange stalled = client.stalling()
				.call(1, "steps", "{\"n\":2000,\"bytes\":10000,\"gates\":[\"g\"]}")) {
				stalled.next();
				this.tools.awaitReached("g");
				this.tools.open("g");

				// What nobody reads expires twice, one after the other
				for (int i = 2; i < 4; i++) {
					String unread;
					try (Exchange call = client.call(i, "count", "{}")) {
						unread = call.rest().get(0).id();
					}
					await().until(() -> this.transport.hasExpired(client, unread));
				}

				List<SseEvent> events = stalled.rest();
				assertThat(numbers(events)).containsExactlyElementsOf(range(1, 2000));
				assertThat(last(events).data()).contains("took all steps");
			}
		}

	}

	@Nested
	class Reconnects extends ReconnectContractTests {

		private final TransportOnRedis transport;

		Reconnects(TestRedis redis) {
			this.transport = new TransportOnRedis(redis);
		}

		@Override
		protected EventStore createStore() {
			return this.transport.createStore();
		}

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return this.transport.serve(endpoint);
		}

	}

	@Nested
	class Resumes extends ResumeContractTests {

		private final TransportOnRedis transport;

		Resumes(TestRedis redis) {
			this.transport = new TransportOnRedis(redis);
		}

		@Override
		protected EventStore createStore() {
			return this.transport.createStore();
		}

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return this.transport.serve(endpoint);
		}

	}

	@Nested
	class Sessions extends SessionContractTests {

		private final TransportOnRedis transport;

		Sessions(TestRedis redis) {
			this.transport = new TransportOnRedis(redis);
		}

		@Override
		protected EventStore createStore() {
			return this.transport.createStore();
		}

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return this.transport.serve(endpoint);
		}

	}

	@Nested
	class StandaloneStreams extends StandaloneStreamContractTests {

		private final TransportOnRedis transport;

		StandaloneStreams(TestRedis redis) {
			this.transport = new TransportOnRedis(redis);
		}

		@Override
		protected EventStore createStore() {
			return this.transport.createStore();
		}

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return this.transport.serve(endpoint);
		}

	}

	@Nested
	class Tools extends ToolContractTests {

		private final TransportOnRedis transport;

		Tools(TestRedis redis) {
			this.transport = new TransportOnRedis(redis);
		}

		@Override
		protected EventStore createStore() {
			return this.transport.createStore();
		}

		@Override
		protected WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
			return this.transport.serve(endpoint);
		}

	}

}

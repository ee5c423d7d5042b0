package io.github.mcppersist.redis;

import org.junit.jupiter.api.Nested;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.ConnectionContractTests;
import io.github.mcppersist.test.transport.ReconnectContractTests;
import io.github.mcppersist.test.transport.ResumeContractTests;
import io.github.mcppersist.test.transport.SessionContractTests;
import io.github.mcppersist.test.transport.StandaloneStreamContractTests;
import io.github.mcppersist.test.transport.ToolContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

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

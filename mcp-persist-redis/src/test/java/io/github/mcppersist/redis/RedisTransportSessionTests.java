package io.github.mcppersist.redis;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.transport.SessionContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * {@link SessionContractTests} on Tomcat, with the events in Redis.
 */
@NeedsRedis
class RedisTransportSessionTests extends SessionContractTests {

	private final TransportOnRedis transport;

	RedisTransportSessionTests(TestRedis redis) {
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

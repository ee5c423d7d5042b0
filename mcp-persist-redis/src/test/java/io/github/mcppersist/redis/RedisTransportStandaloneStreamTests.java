package io.github.mcppersist.redis;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.StandaloneStreamContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * {@link StandaloneStreamContractTests} on Tomcat, with the events in Redis.
 */
@NeedsRedis
class RedisTransportStandaloneStreamTests extends StandaloneStreamContractTests {

	private final TransportOnRedis transport;

	RedisTransportStandaloneStreamTests(TestRedis redis) {
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

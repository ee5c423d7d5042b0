package io.github.mcppersist.redis;

import org.junit.jupiter.api.extension.ExtendWith;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.transport.ReconnectContractTests;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.WebServer;

/**
 * {@link ReconnectContractTests} on Tomcat, with the events in Redis.
 */
@ExtendWith(RedisExtension.class)
class RedisTransportReconnectTests extends ReconnectContractTests {

	private final TransportOnRedis transport;

	RedisTransportReconnectTests(TestRedis redis) {
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

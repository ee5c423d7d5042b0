package io.github.mcppersist.redis;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.ResumeContractTests;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * {@link ResumeContractTests} on Tomcat, with the events in Redis.
 */
@NeedsRedis
class RedisTransportResumeTests extends ResumeContractTests {

	private final TransportOnRedis transport;

	RedisTransportResumeTests(TestRedis redis) {
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

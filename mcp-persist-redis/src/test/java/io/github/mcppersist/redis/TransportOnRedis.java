package io.github.mcppersist.redis;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * What the contract tests of the endpoint need to run on Tomcat with the events in Redis.
 */
final class TransportOnRedis {

	private final TestRedis redis;

	private RedisEventStore store;

	TransportOnRedis(TestRedis redis) {
		this.redis = redis;
	}

	EventStore createStore() {
		this.store = RedisEventStore.builder(this.redis.lettuce())
			.keyPrefix(this.redis.keyPrefix())
			.timeout(RedisMcpServer.LONG_TIMEOUT)
			.build();
		return this.store;
	}

	WebServer serve(StreamableHttpEndpoint endpoint) throws Exception {
		TomcatServer tomcat = new TomcatServer(endpoint);
		return new WebServer() {

			@Override
			public int port() {
				return tomcat.port();
			}

			@Override
			public void close() throws Exception {
				tomcat.close();
				if (TransportOnRedis.this.store != null) {
					TransportOnRedis.this.store.close();
				}
			}

		};
	}

}

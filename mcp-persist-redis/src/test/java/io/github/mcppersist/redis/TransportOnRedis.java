package io.github.mcppersist.redis;

import java.time.Duration;

import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.WebServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * What the contract tests of the endpoint need to run on Tomcat with the events in Redis.
 */
final class TransportOnRedis {

	private final TestRedis redis;

	private RedisConnectionFactory connections;

	private RedisEventStore store;

	TransportOnRedis(TestRedis redis) {
		this.redis = redis;
	}

	EventStore createStore() {
		return createStore(Duration.ofMinutes(5));
	}

	EventStore createStore(Duration completedTimeToLive) {
		this.connections = this.redis.lettuce();
		this.store = RedisEventStore.builder(this.connections)
			.keyPrefix(this.redis.keyPrefix())
			.completedTimeToLive(completedTimeToLive)
			.timeout(RedisMcpServer.LONG_TIMEOUT)
			.build();
		return this.store;
	}

	/**
	 * Say whether Redis has dropped a stream, without reading it.
	 * @param client the client
	 * @param eventId an event of the stream
	 * @return whether there is none
	 */
	boolean hasExpired(RawMcpClient client, String eventId) {
		StreamKey stream = new StreamKey(SessionNames.of(client.sessionId()), EventId.parse(eventId).streamId());
		try (RedisConnection connection = this.connections.getConnection()) {
			return !Boolean.TRUE
				.equals(connection.keyCommands().exists(RedisKeys.bytes(this.store.node().keys().stream(stream))));
		}
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

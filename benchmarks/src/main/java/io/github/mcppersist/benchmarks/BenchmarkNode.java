package io.github.mcppersist.benchmarks;

import java.time.Duration;
import java.util.function.Consumer;

import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.redis.RedisNodeRegistry;
import io.github.mcppersist.redis.RedisSessionStore;
import io.github.mcppersist.redis.RedisTaskStore;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

/**
 * One node of an MCP server, with connections to Redis, stores, an endpoint and a Tomcat
 * of its own.
 */
final class BenchmarkNode implements AutoCloseable {

	private static final Duration TIMEOUT = Duration.ofSeconds(10);

	private static final Duration NODE_TIMEOUT = Duration.ofSeconds(10);

	private static final Duration TASK_TIME_TO_LIVE = Duration.ofMinutes(5);

	private final BenchmarkRedis redis = new BenchmarkRedis();

	private final RedisEventStore store;

	private final TimedEventStore timedStore;

	private final StreamableHttpEndpoint endpoint;

	private final TomcatServer web;

	/**
	 * Start a node.
	 * @param completedTimeToLive how long a stream is kept that has ended
	 * @param options the endpoint's options
	 * @param server makes the server of the endpoint that it is given
	 */
	BenchmarkNode(Duration completedTimeToLive, StreamableHttpOptions options, Consumer<StreamableHttpEndpoint> server)
			throws Exception {
		this.store = RedisEventStore.builder(this.redis.connectionFactory())
			.completedTimeToLive(completedTimeToLive)
			.timeout(TIMEOUT)
			.build();
		this.timedStore = new TimedEventStore(this.store);
		this.endpoint = StreamableHttpEndpoint.builder(this.timedStore)
			.sessionStore(RedisSessionStore.of(this.store, Duration.ofHours(24)))
			.taskStore(RedisTaskStore.of(this.store, TASK_TIME_TO_LIVE))
			.nodeRegistry(RedisNodeRegistry.of(this.store, NODE_TIMEOUT))
			.options(options)
			.build();
		server.accept(this.endpoint);
		this.web = new TomcatServer(this.endpoint);
	}

	int port() {
		return this.web.port();
	}

	/**
	 * Return the store that the endpoint uses, which knows when it was called.
	 * @return the store
	 */
	TimedEventStore store() {
		return this.timedStore;
	}

	@Override
	public void close() throws Exception {
		this.endpoint.close();
		this.web.close();
		this.store.close();
		this.redis.close();
	}

}

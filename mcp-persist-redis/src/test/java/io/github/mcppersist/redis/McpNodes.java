package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.modelcontextprotocol.server.McpSyncServer;
import org.awaitility.Awaitility;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.payload.PayloadCodec;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.TestTools;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

/**
 * Several nodes of one MCP server in this JVM: each has stores, a registry, an endpoint
 * and a Tomcat of its own, and they share one Redis and nothing else.
 */
final class McpNodes implements AutoCloseable {

	/**
	 * As it is by default: on a busy machine a node that lives may be silent for a few
	 * seconds.
	 */
	static final Duration NODE_TIMEOUT = Duration.ofSeconds(10);

	private final List<Node> nodes = new ArrayList<>();

	/**
	 * Start nodes with the default options.
	 * @param redis the Redis that they share
	 * @param count how many nodes
	 * @return the nodes
	 * @throws Exception if one can't be started
	 */
	static McpNodes start(TestRedis redis, int count) throws Exception {
		return start(redis, count, StreamableHttpOptions.defaults(), Duration.ofHours(1));
	}

	static McpNodes start(TestRedis redis, int count, StreamableHttpOptions options, Duration ttl) throws Exception {
		McpNodes nodes = new McpNodes();
		for (int i = 0; i < count; i++) {
			nodes.nodes.add(new Node(redis, options, ttl, PayloadCodec.none()));
		}
		return nodes;
	}

	/**
	 * Start a node for each codec, with the default options.
	 * @param redis the Redis that they share
	 * @param codecs what each of them encodes with
	 * @return the nodes
	 * @throws Exception if one can't be started
	 */
	static McpNodes start(TestRedis redis, PayloadCodec... codecs) throws Exception {
		McpNodes nodes = new McpNodes();
		for (PayloadCodec codec : codecs) {
			nodes.nodes.add(new Node(redis, StreamableHttpOptions.defaults(), Duration.ofHours(1), codec));
		}
		return nodes;
	}

	/**
	 * Start a node for each options.
	 * @param redis the Redis that they share
	 * @param options what each of them is to do
	 * @return the nodes
	 * @throws Exception if one can't be started
	 */
	static McpNodes start(TestRedis redis, StreamableHttpOptions... options) throws Exception {
		McpNodes nodes = new McpNodes();
		for (StreamableHttpOptions own : options) {
			nodes.nodes.add(new Node(redis, own, Duration.ofHours(1), PayloadCodec.none()));
		}
		return nodes;
	}

	Node get(int index) {
		return this.nodes.get(index);
	}

	/**
	 * Return a client of the first node with a session.
	 * @param capabilities the client's capabilities as JSON
	 * @return the client
	 * @throws Exception if the session can't be opened
	 */
	RawMcpClient initialize(String capabilities) throws Exception {
		return get(0).client().initialize(capabilities);
	}

	@Override
	public void close() throws Exception {
		for (Node node : this.nodes) {
			node.close();
		}
	}

	/**
	 * One node.
	 */
	static final class Node implements AutoCloseable {

		final TestTools tools = new TestTools();

		final RedisEventStore store;

		final RedisSessionStore sessionStore;

		final StreamableHttpEndpoint endpoint;

		final McpSyncServer server;

		private final TomcatServer web;

		private boolean closed;

		Node(TestRedis redis, StreamableHttpOptions options, Duration ttl, PayloadCodec codec) throws Exception {
			RedisConnectionFactory factory = redis.lettuce();
			this.store = RedisEventStore.builder(factory)
				.keyPrefix(redis.keyPrefix())
				.timeToLive(ttl)
				.completedTimeToLive(ttl.dividedBy(2))
				.timeout(RedisMcpServer.LONG_TIMEOUT)
				.build();
			this.sessionStore = RedisSessionStore.of(this.store, Duration.ofHours(24));
			this.endpoint = StreamableHttpEndpoint.builder(this.store)
				.sessionStore(this.sessionStore)
				.taskStore(RedisTaskStore.of(this.store, Duration.ofMinutes(5)))
				.nodeRegistry(RedisNodeRegistry.of(this.store, NODE_TIMEOUT))
				.payloadCodec(codec)
				.options(options)
				.build();
			this.server = this.tools.server(this.endpoint);
			this.web = new TomcatServer(this.endpoint);
			awaitSubscription(factory);
		}

		// Until then it isn't told what others broadcast
		@SuppressWarnings("unchecked")
		private void awaitSubscription(RedisConnectionFactory factory) {
			try (RedisConnection connection = factory.getConnection()) {
				RedisClusterAsyncCommands<byte[], byte[]> commands = (RedisClusterAsyncCommands<byte[], byte[]>) connection
					.getNativeConnection();
				Awaitility.await()
					.until(() -> commands.pubsubNumsub(this.store.node().channel()).get().containsValue(1L));
			}
		}

		int port() {
			return this.web.port();
		}

		RawMcpClient client() {
			return new RawMcpClient(port(), "/mcp");
		}

		/**
		 * Die as a process does: without a word, and with the tools in the middle.
		 */
		void die() {
			this.store.close();
		}

		@Override
		public void close() throws Exception {
			if (!this.closed) {
				this.closed = true;
				this.tools.openAll();
				this.server.close();
				this.web.close();
				this.store.close();
			}
		}

	}

}

package io.github.mcppersist.redis;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiFunction;

import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.LoggingMessageNotification;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.awaitility.Awaitility;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import io.github.mcppersist.session.MonitoredSessionStore;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.TestTools;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A whole MCP server: tools, endpoint and Tomcat, with the events and sessions in a
 * Redis, as an application has them that is configured automatically. It has the tools of
 * {@link TestTools}, and beside them {@code steps}, which waits at several gates, and
 * {@code paced}, which takes its time.
 */
final class RedisMcpServer implements AutoCloseable {

	/**
	 * The store's time limit by default.
	 */
	static final Duration DEFAULT_TIMEOUT = Duration.ofMillis(500);

	/**
	 * A time limit that a busy machine doesn't mistake for an outage.
	 */
	static final Duration LONG_TIMEOUT = Duration.ofSeconds(5);

	private static final String KEY_PREFIX = "e2e";

	private final Map<String, CountDownLatch> gates = new ConcurrentHashMap<>();

	private final Map<String, Long> ends = new ConcurrentHashMap<>();

	private final RedisConnectionFactory connectionFactory;

	private final RedisEventStore store;

	private final McpSyncServer server;

	private final TomcatServer web;

	private RedisMcpServer(RedisConnectionFactory connectionFactory, StreamableHttpOptions options, Duration timeout)
			throws Exception {
		this.connectionFactory = connectionFactory;
		this.store = RedisEventStore.builder(connectionFactory).keyPrefix(KEY_PREFIX).timeout(timeout).build();
		StreamableHttpEndpoint endpoint = StreamableHttpEndpoint.builder(this.store)
			.sessionStore(RedisSessionStore.of(this.store, Duration.ofHours(24)))
			.nodeRegistry(RedisNodeRegistry.of(this.store, Duration.ofSeconds(10)))
			.options(options)
			.build();
		this.server = new TestTools().server(endpoint);
		this.server.addTool(tool("steps", this::steps));
		this.server.addTool(tool("paced", this::paced));
		this.web = new TomcatServer(endpoint);
	}

	/**
	 * Start a server on a Redis that runs, and wait until it is connected.
	 * @param redis the Redis
	 * @param timeout the time limit of the store
	 * @return the running server
	 * @throws Exception if it can't be started
	 */
	static RedisMcpServer on(RedisServer redis, Duration timeout) throws Exception {
		return on(lettuce(redis), StreamableHttpOptions.defaults(), timeout).awaitStoring();
	}

	/**
	 * Start a server, whether its Redis runs or not.
	 * @param connectionFactory the way to Redis, which is closed with the server
	 * @param options the options of the endpoint
	 * @param timeout the time limit of the store
	 * @return the running server
	 * @throws Exception if it can't be started
	 */
	static RedisMcpServer on(RedisConnectionFactory connectionFactory, StreamableHttpOptions options, Duration timeout)
			throws Exception {
		return new RedisMcpServer(connectionFactory, options, timeout);
	}

	static LettuceConnectionFactory lettuce(RedisServer redis) {
		LettuceConnectionFactory factory = new LettuceConnectionFactory("127.0.0.1", redis.port());
		factory.afterPropertiesSet();
		factory.start();
		return factory;
	}

	/**
	 * Wait until events are stored: a call is answered with IDs.
	 * @return this server
	 */
	RedisMcpServer awaitStoring() {
		Awaitility.await()
			.atMost(Duration.ofMinutes(1))
			.pollInterval(Duration.ofMillis(100))
			.ignoreExceptions()
			.until(() -> {
				RawMcpClient client = client().initialize();
				try (RawMcpClient.Exchange call = client.call(0, "count", "{\"n\":1}")) {
					return call.rest().stream().allMatch((event) -> event.id() != null);
				}
			});
		return this;
	}

	/**
	 * Return a new client, which is not initialized.
	 * @return the client
	 */
	RawMcpClient client() {
		return new RawMcpClient(this.web.port(), "/mcp");
	}

	/**
	 * Open a gate, for a tool that waits for it now or later.
	 * @param gate the gate's name
	 */
	void open(String gate) {
		gate(gate).countDown();
	}

	/**
	 * Return when a paced tool returned.
	 * @param run the {@code run} argument of its call
	 * @return the time, in terms of {@link System#nanoTime()}
	 */
	long endOf(String run) {
		Long end = this.ends.get(run);
		assertThat(end).as("the end of " + run).isNotNull();
		return end;
	}

	private CountDownLatch gate(String gate) {
		return this.gates.computeIfAbsent(gate, (name) -> new CountDownLatch(1));
	}

	/**
	 * Sends {@code each} numbers, and as many more behind each of the {@code gates}.
	 */
	private CallToolResult steps(McpSyncServerExchange exchange, CallToolRequest request) {
		int each = number(request, "each");
		int sent = 0;
		List<Object> gates = new ArrayList<>((List<?>) request.arguments().get("gates"));
		gates.add(0, "");
		for (Object gate : gates) {
			if (sent > 0) {
				pass(gate.toString());
			}
			for (int i = 0; i < each; i++) {
				log(exchange, ++sent);
			}
		}
		return text("counted " + sent);
	}

	/**
	 * Sends {@code 1} to {@code n}, each {@code intervalMs} after the one before, and
	 * waits at the {@code gate} if there is one.
	 */
	private CallToolResult paced(McpSyncServerExchange exchange, CallToolRequest request) {
		int n = number(request, "n");
		long interval = TimeUnit.MILLISECONDS.toNanos(number(request, "intervalMs"));
		long start = System.nanoTime();
		for (int i = 1; i <= n; i++) {
			long due = start + i * interval;
			for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
				LockSupport.parkNanos(left);
			}
			log(exchange, i);
		}
		if (request.arguments().get("gate") != null) {
			pass(request.arguments().get("gate").toString());
		}
		this.ends.put(request.arguments().get("run").toString(), System.nanoTime());
		return text("counted " + n);
	}

	private void pass(String gate) {
		try {
			if (!gate(gate).await(3, TimeUnit.MINUTES)) {
				throw new IllegalStateException("Gate " + gate + " was not opened in three minutes");
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	private static SyncToolSpecification tool(String name,
			BiFunction<McpSyncServerExchange, CallToolRequest, CallToolResult> handler) {
		return SyncToolSpecification.builder()
			.tool(Tool.builder(name, Map.of("type", "object")).build())
			.callHandler(handler)
			.build();
	}

	private static int number(CallToolRequest request, String name) {
		return ((Number) request.arguments().get(name)).intValue();
	}

	private static void log(McpSyncServerExchange exchange, int number) {
		exchange.loggingNotification(
				LoggingMessageNotification.builder(LoggingLevel.INFO, Integer.toString(number)).build());
	}

	private static CallToolResult text(String text) {
		return CallToolResult.builder().addTextContent(text).build();
	}

	@Override
	public void close() throws IOException {
		this.gates.values().forEach(CountDownLatch::countDown);
		this.server.closeGracefully();
		try {
			this.web.close();
			this.store.close();
			((DisposableBean) this.connectionFactory).destroy();
		}
		catch (Exception ex) {
			throw new IOException(ex);
		}
	}

	/**
	 * Return the sessions that this server stores.
	 * @return a store on the server's own connections
	 */
	MonitoredSessionStore sessions() {
		return RedisSessionStore.of(this.store, Duration.ofHours(24));
	}

	/**
	 * Check that a server that was closed has left no thread in this JVM, and in its
	 * Redis no connection and no key that lives for ever.
	 * @param redis the Redis, or a node of it
	 */
	static void assertNothingIsLeftIn(RedisServer redis) {
		Awaitility.await().atMost(Duration.ofMinutes(1)).untilAsserted(() -> {
			assertThat(Thread.getAllStackTraces().keySet()).extracting(Thread::getName)
				.noneMatch((name) -> name.startsWith("mcp-persist"));
			// The one that asks
			assertThat(redis.cli("CLIENT", "LIST", "TYPE", "normal").toString().lines()).hasSize(1);
			assertThat(redis.cli("CLIENT", "LIST", "TYPE", "pubsub").toString()).isBlank();
		});
		for (Object key : (List<?>) redis.cli("KEYS", "*")) {
			assertThat((Long) redis.cli("PTTL", key.toString())).as("time to live of " + key).isPositive();
		}
	}

}

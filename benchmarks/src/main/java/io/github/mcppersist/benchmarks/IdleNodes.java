package io.github.mcppersist.benchmarks;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpSyncServer;

import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.redis.RedisNodeRegistry;
import io.github.mcppersist.redis.RedisSessionStore;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * What nodes cost Redis that do nothing but be there, by how many there are. All are in
 * this JVM; each has connections, stores, a registry and an endpoint of its own, with the
 * defaults of an application.
 */
final class IdleNodes {

	private static final String BEATS = "mcp:1:b";

	private static final List<Integer> NODES = List.of(1, 10, 100);

	private static final List<Integer> QUICK_NODES = List.of(1, 10);

	private static final int SECONDS = 60;

	private static final int QUICK_SECONDS = 3;

	private static final Duration NODE_TIMEOUT = Duration.ofSeconds(10);

	private static final long JOIN_LIMIT_NANOS = TimeUnit.MINUTES.toNanos(2);

	/**
	 * Among so many nodes the script of a beat is run by itself.
	 */
	private static final List<Integer> BEATING = List.of(10, 100, 1000, 10_000);

	private static final List<Integer> QUICK_BEATING = List.of(10, 100);

	private final RedisServer redis;

	private IdleNodes(RedisServer redis) {
		this.redis = redis;
	}

	/**
	 * Measure and print a table.
	 * @param redis the Redis to use
	 * @param quick whether to show only that it runs
	 * @param out where to print
	 */
	static void run(RedisServer redis, boolean quick, PrintStream out) {
		out.println("| idle nodes | calls/s | a node | sent by Redis, KB/s | a node, bytes/s | received, KB/s "
				+ "| a node, bytes/s | Redis' processor, ms/s | a node, µs/s |");
		out.println("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
		for (int nodes : quick ? QUICK_NODES : NODES) {
			new IdleNodes(redis).run(nodes, quick ? QUICK_SECONDS : SECONDS, out);
		}
		out.println();
		out.println("| nodes | a beat in Redis, µs | its answer, bytes |");
		out.println("| ---: | ---: | ---: |");
		for (int nodes : quick ? QUICK_BEATING : BEATING) {
			new IdleNodes(redis).beat(nodes, out);
		}
	}

	/**
	 * Run the script of a beat as so many nodes do, while nothing changes.
	 * @param count how many nodes
	 * @param out where to print
	 */
	private void beat(int count, PrintStream out) {
		try (BenchmarkRedis connection = new BenchmarkRedis()) {
			connection.clear();
			String script = connection.load(AppendScript.read(RedisNodeRegistry.class, "beat.lua"));
			String[] last = new String[count];
			Arrays.fill(last, "0");
			// They join, they learn who else has, and from then on nothing is new. What
			// is
			// else kept of that for three hundred beats isn't kept here
			beat(connection, script, last);
			beat(connection, script, last);
			this.redis.cli("CONFIG", "RESETSTAT");
			beat(connection, script, last);
			String info = (String) this.redis.cli("INFO", "all");
			out.printf(Locale.ROOT, "| %,d | %.1f | %.0f |%n", count,
					RedisUsage.number(info, "cmdstat_evalsha:calls=\\d+,usec") / count,
					RedisUsage.number(info, "total_net_output_bytes") / count);
		}
	}

	private static void beat(BenchmarkRedis connection, String script, String[] last) {
		for (int i = 0; i < last.length; i++) {
			last[i] = connection.run(script, BEATS, "node%07d".formatted(i), last[i], "300000", "0", "0", "1000")
				.get(0)
				.toString();
		}
	}

	private void run(int count, int seconds, PrintStream out) {
		this.redis.cli("FLUSHALL");
		try (BenchmarkRedis connections = new BenchmarkRedis()) {
			List<Node> nodes = new ArrayList<>();
			try {
				for (int i = 0; i < count; i++) {
					nodes.add(new Node(connections));
				}
				row(count, measure(count, seconds), out);
			}
			finally {
				nodes.forEach(Node::close);
			}
		}
	}

	private RedisUsage measure(int count, int seconds) {
		awaitJoined(count);
		// The first beats tell each of all others
		pause(seconds / 4.0);
		RedisUsage before = RedisUsage.of(this.redis);
		pause(seconds);
		RedisUsage used = RedisUsage.of(this.redis).since(before);
		if (present() != count) {
			throw new IllegalStateException(
					"Only " + present() + " of " + count + " nodes were left: this machine is too slow for as many");
		}
		return used;
	}

	private static void row(int count, RedisUsage used, PrintStream out) {
		double nodeSeconds = used.nanos() / 1e9 * count;
		double calls = used.calls() / nodeSeconds;
		double sent = used.sent() / nodeSeconds;
		double received = used.received() / nodeSeconds;
		double processor = used.processorSeconds() * 1e6 / nodeSeconds;
		out.printf(Locale.ROOT, "| %,d | %,.1f | %.2f | %,.1f | %,.0f | %,.1f | %,.0f | %.1f | %,.0f |%n", count,
				calls * count, calls, sent * count / 1024, sent, received * count / 1024, received,
				processor * count / 1e3, processor);
	}

	private long present() {
		return (Long) this.redis.cli("ZCOUNT", BEATS, "(0", "+inf");
	}

	private void awaitJoined(int count) {
		long deadline = System.nanoTime() + JOIN_LIMIT_NANOS;
		while (present() < count) {
			if (System.nanoTime() > deadline) {
				throw new IllegalStateException("Only " + present() + " of " + count + " nodes have joined");
			}
			pause(0.1);
		}
	}

	private static void pause(double seconds) {
		long deadline = System.nanoTime() + (long) (seconds * 1e9);
		for (long left = deadline - System.nanoTime(); left > 0; left = deadline - System.nanoTime()) {
			LockSupport.parkNanos(left);
		}
	}

	private static final class Node {

		private final RedisEventStore store;

		private final McpSyncServer server;

		Node(BenchmarkRedis redis) {
			this.store = RedisEventStore.builder(redis.connectionFactory()).build();
			StreamableHttpEndpoint endpoint = StreamableHttpEndpoint.builder(this.store)
				.sessionStore(RedisSessionStore.of(this.store, Duration.ofHours(24)))
				.nodeRegistry(RedisNodeRegistry.of(this.store, NODE_TIMEOUT))
				.build();
			this.server = McpServer.sync(endpoint).serverInfo("benchmark", "1").build();
		}

		void close() {
			this.server.close();
			this.store.close();
		}

	}

}

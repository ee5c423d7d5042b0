package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.sun.management.UnixOperatingSystemMXBean;

import io.github.mcppersist.benchmarks.McpLoadClient.Era;
import io.github.mcppersist.benchmarks.McpLoadClients.ToolCall;
import io.github.mcppersist.test.redis.RedisServer;

/**
 * What many GET streams take on which nothing happens: the heap of a server for each,
 * beside what its container needs for as many, its processor time and that of Redis; and
 * how long it takes until all of them are open again on another instance when the first
 * one is killed. They come back as fast as they are let in, which is the worst that can
 * happen.
 */
final class IdleStreams {

	private static final int STREAMS = 10_000;

	private static final int QUICK_STREAMS = 500;

	/**
	 * As many connections as can wait for a server to accept them. Those that come beyond
	 * are reset, or answered after a second or more: no concern of ours.
	 */
	private static final int AT_ONCE = 1000;

	private static final int HEAP_SAMPLES = 3;

	private static final int IDLE_SECONDS = 60;

	private static final int QUICK_IDLE_SECONDS = 5;

	/**
	 * What a server that has nothing to do uses less of.
	 */
	private static final Duration QUIET = Duration.ofMillis(100);

	private static final Pattern EVENT_ID = Pattern.compile("(?m)^id: ?(\\S+)$");

	private final RedisServer redis;

	private final ProcessorShares shares;

	private final int streams;

	private final List<String> connections;

	private IdleStreams(RedisServer redis, ProcessorShares shares, int streams) {
		this.redis = redis;
		this.shares = shares;
		this.streams = streams;
		this.connections = List.of("--server.tomcat.max-connections=" + (streams + 1000),
				"--server.tomcat.accept-count=" + AT_ONCE);
	}

	/**
	 * Measure and print tables.
	 * @param redis the Redis to use
	 * @param quick whether to show only that it runs
	 * @param out where to print
	 * @throws Exception if a server can't be started, or a stream isn't opened
	 */
	static void run(RedisServer redis, boolean quick, PrintStream out) throws Exception {
		int streams = quick ? QUICK_STREAMS : STREAMS;
		checkFileDescriptors(streams);
		try (ProcessorShares shares = ProcessorShares.assign(Long.parseLong(redis.info("process_id")))) {
			out.printf(Locale.ROOT, "%,d idle GET streams; %s.%n%n", streams, shares);
			new IdleStreams(redis, shares, streams).run(quick ? QUICK_IDLE_SECONDS : IDLE_SECONDS, out);
		}
	}

	private static void checkFileDescriptors(int streams) {
		if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system) {
			long limit = system.getMaxFileDescriptorCount();
			if (limit < streams + 1000) {
				throw new IllegalStateException("For %d streams a process needs %d file descriptors, and may have %d: "
						+ "raise the limit with ulimit -n".formatted(streams, streams + 1000, limit));
			}
		}
	}

	private void run(int idleSeconds, PrintStream out) throws Exception {
		out.println(
				"| | heap without streams, KB | heap with them, KB | a stream, KB | above the container's own, KB |");
		out.println("| --- | ---: | ---: | ---: | ---: |");
		double bare = bare(out);
		servlet(out, bare);
		springAi(out, bare);
		try (ServerProcess first = ServerProcess.start(this.shares, server());
				McpLoadClients clients = new McpLoadClients(first.address(), Era.LEGACY, this.streams)) {
			warmUp(first);
			long redisBefore = usedMemory();
			long before = first.usedHeap();
			clients.initialize();
			String[] cursors = open(clients, new String[this.streams]);
			row(out, "the same, mcp-persist on Redis", before, settledHeap(first, clients), bare);
			out.println();
			out.printf(Locale.ROOT, "Redis holds %,d bytes for each session with its stream.%n",
					(usedMemory() - redisBefore) / this.streams);
			idle(first, clients, idleSeconds, out);
			try (ServerProcess second = ServerProcess.start(this.shares, server())) {
				warmUp(second);
				resume(first, second, clients, cursors, out);
			}
		}
	}

	private List<String> server(String... arguments) {
		List<String> java = LoadTest.server(this.redis, arguments);
		java.addAll(this.connections);
		return java;
	}

	private double bare(PrintStream out) throws IOException, InterruptedException {
		try (ServerProcess server = ServerProcess.start(this.shares, plainTomcat(PlainTomcat.BARE));
				McpLoadClients warmUp = new McpLoadClients(server.address(), Era.LEGACY, 1);
				McpLoadClients clients = new McpLoadClients(server.address(), Era.LEGACY, this.streams)) {
			open(warmUp, new String[1]);
			long before = server.usedHeap();
			open(clients, new String[this.streams]);
			return row(out, "Tomcat alone, an asynchronous servlet", before, settledHeap(server, clients), Double.NaN);
		}
	}

	private void servlet(PrintStream out, double bare) throws IOException, InterruptedException {
		try (ServerProcess server = ServerProcess.start(this.shares, plainTomcat(PlainTomcat.MCP));
				McpLoadClients warmUp = new McpLoadClients(server.address(), Era.LEGACY, 1);
				McpLoadClients clients = new McpLoadClients(server.address(), Era.LEGACY, this.streams)) {
			warmUp.initialize();
			open(warmUp, new String[1]);
			long before = server.usedHeap();
			clients.initialize();
			open(clients, new String[this.streams]);
			row(out, "mcp-persist's servlet in it, on Redis", before, settledHeap(server, clients), bare);
		}
	}

	private List<String> plainTomcat(String servlet) {
		return PlainTomcat.command(this.redis, this.streams + 1000, AT_ONCE, servlet);
	}

	// Spring AI's transport sends nothing on a stream, not even headers, before there is
	// an event.
	private void springAi(PrintStream out, double bare) throws IOException, InterruptedException {
		try (ServerProcess server = ServerProcess.start(this.shares, server("--mcp.persist.enabled=false"));
				McpLoadClients clients = new McpLoadClients(server.address(), Era.LEGACY, this.streams)) {
			warmUp(server);
			long before = server.usedHeap();
			clients.initialize();
			clients.all().forEach((client) -> client.listen(null, (answer) -> {
			}, () -> {
			}));
			row(out, "Spring AI application, its own transport, no store", before, settledHeap(server, clients), bare);
		}
	}

	private double row(PrintStream out, String name, long before, long after, double bare) {
		double stream = (after - before) / 1024.0 / this.streams;
		String above = Double.isNaN(bare) ? "" : String.format(Locale.ROOT, "%.1f", stream - bare);
		out.printf(Locale.ROOT, "| %s | %,d | %,d | %.1f | %s |%n", name, before / 1024, after / 1024, stream, above);
		return stream;
	}

	private static void warmUp(ServerProcess server) throws IOException {
		try (McpLoadClients clients = new McpLoadClients(server.address(), Era.LEGACY, 8)) {
			clients.initialize();
			clients.call(new ToolCall("add", "{\"a\":1,\"b\":1}", "\"text\":\"2\""), Duration.ofSeconds(2));
		}
	}

	private static String[] open(McpLoadClients clients, String[] cursors) throws IOException {
		Opening opening = new Opening(clients, cursors);
		opening.run();
		return opening.ids;
	}

	// The least of several, since something may be under way at the moment of one
	private static long settledHeap(ServerProcess server, McpLoadClients clients)
			throws IOException, InterruptedException {
		long least = Long.MAX_VALUE;
		for (int i = 0; i < HEAP_SAMPLES; i++) {
			settle(server, clients);
			least = Math.min(least, server.usedHeap());
		}
		return least;
	}

	// Until the server has done what it had to do
	private static void settle(ServerProcess server, McpLoadClients clients) throws IOException {
		Duration before = server.processorTime();
		for (int second = 0; second < 60; second++) {
			serve(clients, Duration.ofSeconds(1));
			Duration now = server.processorTime();
			if (now.minus(before).compareTo(QUIET) < 0) {
				return;
			}
			before = now;
		}
		throw new IOException("The server does not come to rest");
	}

	private static void serve(McpLoadClients clients, Duration duration) throws IOException {
		long end = System.nanoTime() + duration.toNanos();
		clients.await(() -> System.nanoTime() - end >= 0, "keep their streams open");
	}

	private void idle(ServerProcess server, McpLoadClients clients, int seconds, PrintStream out) throws IOException {
		long commands = commands();
		double redisSeconds = AlternatingLoad.processorSeconds(this.redis);
		Duration before = server.processorTime();
		serve(clients, Duration.ofSeconds(seconds));
		double used = server.processorTime().minus(before).toNanos() / 1e9;
		out.printf(Locale.ROOT,
				"In %d seconds the server used %.2f s of its processor and Redis %.2f s, for %,d commands a second.%n",
				seconds, used, AlternatingLoad.processorSeconds(this.redis) - redisSeconds,
				(commands() - commands) / seconds);
	}

	private long commands() {
		return Long.parseLong(this.redis.info("total_commands_processed"));
	}

	private long usedMemory() {
		return Long.parseLong(this.redis.info("used_memory"));
	}

	private void resume(ServerProcess first, ServerProcess second, McpLoadClients clients, String[] cursors,
			PrintStream out) throws IOException, InterruptedException {
		long commands = commands();
		first.kill();
		long start = System.nanoTime();
		clients.moveTo(second.address());
		Opening opening = new Opening(clients, cursors);
		opening.run();
		long perStream = (commands() - commands) / this.streams;
		if (!Arrays.equals(opening.ids, cursors)) {
			throw new IOException("A stream did not go on where it was cut");
		}
		settle(second, clients);
		// It still serves, beside all the streams
		warmUp(second);
		long[] nanos = opening.openedNanos;
		Arrays.sort(nanos);
		out.println();
		out.printf("| killed and resumed, %,d streams | median, ms | 99th percentile, ms | all, ms | "
				+ "told to try again | commands to Redis a stream | heap, KB |%n", this.streams);
		out.println("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
		out.printf(Locale.ROOT, "| on the second instance | %,d | %,d | %,d | %,d | %d | %,d |%n",
				millis(nanos[this.streams / 2] - start), millis(nanos[this.streams * 99 / 100] - start),
				millis(nanos[this.streams - 1] - start), opening.repeats, perStream, second.usedHeap() / 1024);
	}

	private static long millis(long nanos) {
		return TimeUnit.NANOSECONDS.toMillis(nanos);
	}

	/**
	 * Opens a stream for each client, some at a time, and waits until each has got an
	 * event. A client that is told that its stream can't be served now comes again after
	 * a second, as clients do.
	 */
	private static final class Opening {

		private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);

		private final McpLoadClients clients;

		private final String[] cursors;

		/**
		 * The ID of the event that each client has got.
		 */
		private final String[] ids;

		private final long[] openedNanos;

		private final Deque<Runnable> again = new ArrayDeque<>();

		private final Deque<Long> againNanos = new ArrayDeque<>();

		private int begun;

		private int opened;

		private int repeats;

		Opening(McpLoadClients clients, String[] cursors) {
			this.clients = clients;
			this.cursors = cursors;
			this.ids = new String[cursors.length];
			this.openedNanos = new long[cursors.length];
		}

		void run() throws IOException {
			for (int i = 0; i < AT_ONCE; i++) {
				openNext();
			}
			this.clients.await(() -> {
				while (!this.again.isEmpty() && System.nanoTime() - this.againNanos.element() >= 0) {
					this.againNanos.remove();
					this.again.remove().run();
				}
				return this.opened == this.ids.length;
			}, "open their streams");
		}

		private void openNext() {
			if (this.begun < this.ids.length) {
				open(this.begun++);
			}
		}

		private void open(int index) {
			this.clients.all().get(index).listen(this.cursors[index], (answer) -> {
				Matcher id = EVENT_ID.matcher(answer.body());
				if (this.ids[index] == null && id.find()) {
					this.ids[index] = id.group(1);
					this.openedNanos[index] = System.nanoTime();
					this.opened++;
					openNext();
				}
			}, () -> {
				this.repeats++;
				this.againNanos.add(System.nanoTime() + RETRY_NANOS);
				this.again.add(() -> open(index));
			});
		}

	}

}

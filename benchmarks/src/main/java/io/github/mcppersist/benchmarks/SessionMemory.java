package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import javax.management.JMException;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.transport.StreamableHttpOptions;

/**
 * What a node holds in memory when many sessions are stored and few were used recently:
 * once with no more sessions than are used, and once with many more. Each runs in a JVM
 * of its own. All sessions come through HTTP, and every tenth makes a call before it is
 * left alone.
 */
public final class SessionMemory {

	private static final int USED = 500;

	private static final int STORED = 50_000;

	private static final int QUICK_STORED = 2000;

	private static final Duration CACHE_TIMEOUT = Duration.ofSeconds(4);

	private static final Duration COMPLETED_TIME_TO_LIVE = Duration.ofSeconds(2);

	private static final Duration LIMIT = Duration.ofSeconds(30);

	private static final String SESSION_ID = "Mcp-Session-Id";

	private static final String PROTOCOL_VERSION = "2025-11-25";

	private static final String INITIALIZE = """
			{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"%s",\
			"capabilities":{"roots":{"listChanged":true},"sampling":{},"elicitation":{}},\
			"clientInfo":{"name":"benchmark","version":"1"}}}""".formatted(PROTOCOL_VERSION);

	private static final String CALL = """
			{"jsonrpc":"2.0","id":1,"method":"tools/call",\
			"params":{"name":"%s","arguments":{"events":0,"micros":0}}}""".formatted(PulseTool.NAME);

	private final ParallelPosts http;

	private SessionMemory(int port) {
		this.http = new ParallelPosts(port);
	}

	/**
	 * Measure and print a table.
	 * @param quick whether to store fewer sessions
	 * @param out where to print
	 * @throws Exception if a server fails
	 */
	static void run(boolean quick, PrintStream out) throws Exception {
		Heap few = fork(USED);
		Heap many = fork(quick ? QUICK_STORED : STORED);
		out.println("| sessions stored | used recently | heap without them, KB | heap with them, KB | a session, KB |");
		out.println("| ---: | ---: | ---: | ---: | ---: |");
		few.print(out);
		many.print(out);
		out.println();
		double perStored = (double) (many.inUse() - few.inUse()) / (many.stored() - few.stored());
		out.printf(Locale.ROOT, "A session that is stored and not used takes %.1f bytes.%n", perStored);
	}

	private static Heap fork(int stored) throws IOException, InterruptedException {
		return Heap.parse(ForkedJvm.run(SessionMemory.class, Integer.toString(stored)));
	}

	/**
	 * Measure one server and print what was found, for the JVM that has started this one.
	 * @param arguments how many sessions to store
	 * @throws Exception if the server fails
	 */
	public static void main(String[] arguments) throws Exception {
		int stored = Integer.parseInt(arguments[0]);
		StreamableHttpOptions options = StreamableHttpOptions.builder().sessionCacheTimeout(CACHE_TIMEOUT).build();
		try (BenchmarkNode node = new BenchmarkNode(COMPLETED_TIME_TO_LIVE, options, new PulseTool()::serve)) {
			SessionMemory clients = new SessionMemory(node.port());
			List<String> toUse = clients.initialize(stored);
			long idle = awaitHeld(0);
			clients.use(toUse);
			long inUse = awaitHeld(USED);
			System.out.println(stored + " " + idle + " " + inUse);
		}
		System.exit(0);
	}

	/**
	 * Initialize sessions and let every tenth make a call.
	 * @param count how many
	 * @return the IDs of as many of them as are to be used later
	 */
	private List<String> initialize(int count) throws InterruptedException {
		List<String> kept = Collections.synchronizedList(new ArrayList<>());
		ParallelPosts.inParallel(count, (i) -> post(INITIALIZE, null).thenCompose((response) -> {
			String sessionId = response.headers().firstValue(SESSION_ID).orElseThrow();
			if (i % (count / USED) == 0) {
				kept.add(sessionId);
			}
			return (i % 10 == 0) ? post(CALL, sessionId) : CompletableFuture.completedFuture(response);
		}));
		return kept;
	}

	private void use(List<String> sessionIds) throws InterruptedException {
		ParallelPosts.inParallel(sessionIds.size(), (i) -> post(CALL, sessionIds.get(i)));
	}

	private CompletableFuture<HttpResponse<String>> post(String body, @Nullable String sessionId) {
		return this.http.post(body, (sessionId != null)
				? Map.of(SESSION_ID, sessionId, "MCP-Protocol-Version", PROTOCOL_VERSION) : Map.of());
	}

	/**
	 * Wait until the server holds so many sessions and the stores have forgotten what has
	 * expired.
	 * @param sessions how many
	 * @return how many bytes of the heap are in use
	 */
	private static long awaitHeld(int sessions) throws JMException {
		long deadline = System.nanoTime() + LIMIT.toNanos();
		while (true) {
			HeapHistogram histogram = HeapHistogram.collect();
			long held = histogram.instances("io.github.mcppersist.transport.Session");
			long counted = histogram.instances("io.github.mcppersist.redis.StreamBounds$Stream");
			if (held == sessions && counted == sessions) {
				return histogram.total();
			}
			if (System.nanoTime() - deadline > 0) {
				throw new IllegalStateException(
						held + " sessions are held and " + counted + " streams counted, not " + sessions);
			}
			LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
		}
	}

	/**
	 * What one server's heap holds.
	 *
	 * @param stored how many sessions are stored
	 * @param idle the bytes in use when the server holds none of them
	 * @param inUse the bytes in use when it holds those that are used
	 */
	private record Heap(int stored, long idle, long inUse) {

		static Heap parse(String line) {
			String[] numbers = line.split(" ");
			return new Heap(Integer.parseInt(numbers[0]), Long.parseLong(numbers[1]), Long.parseLong(numbers[2]));
		}

		void print(PrintStream out) {
			out.printf(Locale.ROOT, "| %,d | %,d | %,d | %,d | %.1f |%n", this.stored, USED, this.idle / 1024,
					this.inUse / 1024, (this.inUse - this.idle) / 1024.0 / USED);
		}

	}

}

package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.management.JMException;
import javax.management.ObjectName;

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

	private static final int AT_ONCE = 32;

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
			"params":{"name":"%s","arguments":{"events":0,"micros":0}}}""".formatted(BenchmarkNode.TOOL);

	private final URI uri;

	private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

	private SessionMemory(int port) {
		this.uri = URI.create("http://127.0.0.1:" + port + "/mcp");
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
		String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
		Process process = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"),
				"-D" + BenchmarkRedis.PORT_PROPERTY + "=" + System.getProperty(BenchmarkRedis.PORT_PROPERTY),
				SessionMemory.class.getName(), Integer.toString(stored))
			.redirectError(ProcessBuilder.Redirect.INHERIT)
			.start();
		try (InputStream out = process.getInputStream()) {
			String printed = new String(out.readAllBytes(), StandardCharsets.UTF_8);
			if (process.waitFor() != 0) {
				throw new IllegalStateException("The server failed: " + printed);
			}
			return Heap.parse(printed.strip());
		}
		finally {
			process.destroyForcibly();
		}
	}

	/**
	 * Measure one server and print what was found, for the JVM that has started this one.
	 * @param arguments how many sessions to store
	 * @throws Exception if the server fails
	 */
	public static void main(String[] arguments) throws Exception {
		int stored = Integer.parseInt(arguments[0]);
		StreamableHttpOptions options = StreamableHttpOptions.builder().sessionCacheTimeout(CACHE_TIMEOUT).build();
		try (BenchmarkNode node = new BenchmarkNode(COMPLETED_TIME_TO_LIVE, options)) {
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
		inParallel(count, (i) -> post(INITIALIZE, null).thenCompose((response) -> {
			String sessionId = response.headers().firstValue(SESSION_ID).orElseThrow();
			if (i % (count / USED) == 0) {
				kept.add(sessionId);
			}
			return (i % 10 == 0) ? post(CALL, sessionId) : CompletableFuture.completedFuture(response);
		}));
		return kept;
	}

	private void use(List<String> sessionIds) throws InterruptedException {
		inParallel(sessionIds.size(), (i) -> post(CALL, sessionIds.get(i)));
	}

	private CompletableFuture<HttpResponse<String>> post(String body, @Nullable String sessionId) {
		HttpRequest.Builder request = HttpRequest.newBuilder(this.uri)
			.timeout(LIMIT)
			.header("Accept", "application/json, text/event-stream")
			.header("Content-Type", "application/json")
			.POST(HttpRequest.BodyPublishers.ofString(body));
		if (sessionId != null) {
			request.header(SESSION_ID, sessionId).header("MCP-Protocol-Version", PROTOCOL_VERSION);
		}
		return this.http.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString()).thenApply((response) -> {
			if (response.statusCode() != 200 || response.body().contains("\"error\"")) {
				throw new IllegalStateException("Answered with " + response.statusCode() + " " + response.body());
			}
			return response;
		});
	}

	private static void inParallel(int count, Task task) throws InterruptedException {
		Semaphore free = new Semaphore(AT_ONCE);
		List<Throwable> failures = new CopyOnWriteArrayList<>();
		for (int i = 0; i < count && failures.isEmpty(); i++) {
			acquire(free, 1);
			task.start(i).whenComplete((response, failure) -> {
				if (failure != null) {
					failures.add(failure);
				}
				free.release();
			});
		}
		acquire(free, AT_ONCE);
		if (!failures.isEmpty()) {
			throw new IllegalStateException("A request failed", failures.get(0));
		}
	}

	private static void acquire(Semaphore semaphore, int permits) throws InterruptedException {
		if (!semaphore.tryAcquire(permits, LIMIT.toSeconds(), TimeUnit.SECONDS)) {
			throw new IllegalStateException("The server does not answer any more");
		}
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
			String histogram = histogram();
			long held = instances(histogram, "io.github.mcppersist.transport.Session");
			long counted = instances(histogram, "io.github.mcppersist.redis.StreamBounds$Stream");
			if (held == sessions && counted == sessions) {
				return total(histogram);
			}
			if (System.nanoTime() - deadline > 0) {
				throw new IllegalStateException(
						held + " sessions are held and " + counted + " streams counted, not " + sessions);
			}
			LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
		}
	}

	/**
	 * Collect garbage and count what is left, class by class.
	 * @return the JVM's table
	 */
	private static String histogram() throws JMException {
		return (String) ManagementFactory.getPlatformMBeanServer()
			.invoke(new ObjectName("com.sun.management:type=DiagnosticCommand"), "gcClassHistogram",
					new Object[] { new String[0] }, new String[] { String[].class.getName() });
	}

	private static long instances(String histogram, String className) {
		Matcher line = Pattern.compile("(?m)^ *\\d+: +(\\d+) +\\d+ +" + Pattern.quote(className) + "( .*)?$")
			.matcher(histogram);
		return line.find() ? Long.parseLong(line.group(1)) : 0;
	}

	private static long total(String histogram) {
		Matcher line = Pattern.compile("(?m)^Total +\\d+ +(\\d+)").matcher(histogram);
		if (!line.find()) {
			throw new IllegalStateException("No total in " + histogram);
		}
		return Long.parseLong(line.group(1));
	}

	/**
	 * One request, or several.
	 */
	@FunctionalInterface
	private interface Task {

		CompletableFuture<HttpResponse<String>> start(int index);

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

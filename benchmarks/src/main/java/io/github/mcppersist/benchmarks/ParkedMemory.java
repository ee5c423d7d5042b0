package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

import javax.management.JMException;

import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamableHttpOptions;

/**
 * What a node holds in memory for a call that waits for its user, in a JVM of its own.
 * The tool is an asynchronous one: what it holds is on the heap, and no thread.
 */
public final class ParkedMemory {

	private static final int PARKED = 5000;

	private static final int QUICK_PARKED = 100;

	/**
	 * Enough for all classes to be there, and for the connections that are used.
	 */
	private static final int BEFORE = 50;

	private static final String PARKED_CALL = "io.github.mcppersist.modern.ParkedCall";

	private static final Duration SETTLING = Duration.ofSeconds(2);

	private final RawMcpClient client;

	private final ParallelPosts http;

	private ParkedMemory(int port) {
		this.client = new RawMcpClient(port, "/mcp");
		this.http = new ParallelPosts(port);
	}

	/**
	 * Measure and print a table.
	 * @param quick whether to park fewer calls
	 * @param out where to print
	 */
	static void run(boolean quick, PrintStream out) throws IOException, InterruptedException {
		int parked = quick ? QUICK_PARKED : PARKED;
		String[] numbers = ForkedJvm.run(ParkedMemory.class, Integer.toString(parked)).split(" ");
		long before = Long.parseLong(numbers[0]);
		long after = Long.parseLong(numbers[1]);
		out.println("| parked calls | heap before, KB | heap with them, KB | a call, KB | target |");
		out.println("| ---: | ---: | ---: | ---: | --- |");
		out.printf(Locale.ROOT, "| %,d | %,d | %,d | %.1f | at most 15 |%n", parked, before / 1024, after / 1024,
				(after - before) / 1024.0 / parked);
	}

	/**
	 * Measure and print what was found, for the JVM that has started this one.
	 * @param arguments how many calls to park
	 * @throws Exception if the server fails
	 */
	public static void main(String[] arguments) throws Exception {
		int parked = Integer.parseInt(arguments[0]);
		ModernOptions modern = ModernOptions.builder().maxCalls(2 * parked).maxParkedCalls(2 * parked).build();
		StreamableHttpOptions options = StreamableHttpOptions.builder().modern(modern).build();
		try (BenchmarkNode node = new BenchmarkNode(Duration.ofMinutes(5), options, new TimedTools()::serve)) {
			ParkedMemory clients = new ParkedMemory(node.port());
			clients.park(BEFORE);
			long before = held(BEFORE);
			clients.park(parked);
			long after = held(BEFORE + parked);
			System.out.println(before + " " + after);
		}
		System.exit(0);
	}

	private void park(int count) throws InterruptedException {
		ParallelPosts.inParallel(count, this::ask);
	}

	private CompletableFuture<HttpResponse<String>> ask(int index) {
		ModernPost post = ModernPost.call(this.client, TimedTools.ASK, "{\"id\":\"" + index + "\"}")
			.field("clientCapabilities", "{\"elicitation\":{}}");
		return this.http
			.post(post.body(), Map.of("MCP-Protocol-Version", ModernPost.VERSION, "Mcp-Method", "tools/call",
					"Mcp-Name", TimedTools.ASK))
			.thenApply((response) -> {
				if (!response.body().contains("\"input_required\"")) {
					throw new IllegalStateException("The tool didn't ask: " + response.body());
				}
				return response;
			});
	}

	/**
	 * Wait until what isn't needed any more has been let go, and count what is left.
	 * @param parked how many calls must be there
	 * @return how many bytes of the heap are in use
	 */
	private static long held(int parked) throws JMException {
		RoundTrips.pause(SETTLING);
		HeapHistogram histogram = HeapHistogram.collect();
		if (histogram.instances(PARKED_CALL) != parked) {
			throw new IllegalStateException(histogram.instances(PARKED_CALL) + " calls are parked and not " + parked);
		}
		return histogram.total();
	}

}

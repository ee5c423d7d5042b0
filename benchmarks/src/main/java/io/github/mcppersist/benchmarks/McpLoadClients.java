package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

import io.github.mcppersist.benchmarks.McpLoadClient.Era;

/**
 * Many clients of one server, all served by the thread that calls this.
 */
final class McpLoadClients implements AutoCloseable {

	private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(90);

	private static final int INITIALIZED_AT_ONCE = 64;

	private final Selector selector;

	private final ByteBuffer in = ByteBuffer.allocate(64 * 1024);

	private final List<McpLoadClient> clients = new ArrayList<>();

	private int failures;

	private String firstFailure = "";

	McpLoadClients(InetSocketAddress server, Era era, int count) throws IOException {
		this.selector = Selector.open();
		for (int i = 0; i < count; i++) {
			this.clients.add(new McpLoadClient(this, server, era));
		}
	}

	Selector selector() {
		return this.selector;
	}

	List<McpLoadClient> all() {
		return this.clients;
	}

	/**
	 * Begin a session for each client, some at a time, where there are sessions.
	 */
	void initialize() throws IOException {
		int[] counts = new int[2];
		for (int i = 0; i < Math.min(INITIALIZED_AT_ONCE, this.clients.size()); i++) {
			initializeNext(counts);
		}
		await(() -> counts[1] == this.clients.size(), "initialize their sessions");
	}

	private void initializeNext(int[] counts) {
		if (counts[0] < this.clients.size()) {
			this.clients.get(counts[0]++).initialize(() -> {
				counts[1]++;
				initializeNext(counts);
			});
		}
	}

	/**
	 * Use another server from now on.
	 * @param server where it listens
	 */
	void moveTo(InetSocketAddress server) throws IOException {
		this.clients.forEach((client) -> client.moveTo(server));
		// A channel is closed for good when its selector has seen that
		this.selector.selectNow();
	}

	/**
	 * Let each client call a tool again and again, one call after the other, and wait for
	 * the last answers.
	 * @param call the call
	 * @param duration how long to begin calls
	 * @return how that went
	 */
	Calls call(ToolCall call, Duration duration) throws IOException {
		Calls calls = new Calls(duration.toNanos());
		for (McpLoadClient client : this.clients) {
			callAgain(client, call, calls);
		}
		await(() -> calls.running == 0, "get their answers");
		calls.elapsedNanos = System.nanoTime() - calls.startNanos;
		this.clients.forEach(McpLoadClient::disconnect);
		return calls;
	}

	private void callAgain(McpLoadClient client, ToolCall call, Calls calls) {
		long now = System.nanoTime();
		if (now - calls.startNanos >= calls.durationNanos) {
			return;
		}
		calls.running++;
		client.call(call, () -> {
			calls.running--;
			calls.add(System.nanoTime() - now);
			callAgain(client, call, calls);
		});
	}

	/**
	 * Serve the clients until something is so.
	 * @param done whether it is so
	 * @param what what the clients do, should they fail
	 * @throws IOException if a client fails, or time runs out
	 */
	void await(BooleanSupplier done, String what) throws IOException {
		long deadline = System.nanoTime() + LIMIT_NANOS;
		while (!done.getAsBoolean()) {
			this.selector.select((key) -> ((McpLoadClient) key.attachment()).ready(this.in), 100);
			if (this.failures > 0) {
				throw new IOException(this.failures + " clients could not " + what + ": " + this.firstFailure);
			}
			if (System.nanoTime() - deadline > 0) {
				throw new IOException("The clients could not " + what + " in time");
			}
		}
	}

	void failed(McpLoadClient client, IOException ex) {
		this.failures++;
		if (this.failures == 1) {
			this.firstFailure = ex.toString();
		}
	}

	@Override
	public void close() throws IOException {
		this.clients.forEach(McpLoadClient::disconnect);
		this.selector.close();
	}

	/**
	 * A call of a tool.
	 *
	 * @param tool the tool's name
	 * @param arguments the arguments as JSON, and what else belongs to the parameters
	 * @param expected what the body of the answer must contain
	 */
	record ToolCall(String tool, String arguments, List<String> expected) {

		ToolCall(String tool, String arguments, String... expected) {
			this(tool, arguments, List.of(expected));
		}

	}

	/**
	 * How calls went.
	 */
	static final class Calls {

		private final long startNanos = System.nanoTime();

		private final long durationNanos;

		private long elapsedNanos;

		private int running;

		private int count;

		private long[] nanos = new long[4096];

		private Calls(long durationNanos) {
			this.durationNanos = durationNanos;
		}

		private void add(long took) {
			if (this.count == this.nanos.length) {
				this.nanos = Arrays.copyOf(this.nanos, this.count * 2);
			}
			this.nanos[this.count++] = took;
		}

		int count() {
			return this.count;
		}

		double perSecond() {
			return this.count * 1e9 / this.elapsedNanos;
		}

		/**
		 * Return how long a call took, at most, in so many of a hundred.
		 * @param percent how many
		 * @return milliseconds
		 */
		double percentile(int percent) {
			long[] sorted = Arrays.copyOf(this.nanos, this.count);
			Arrays.sort(sorted);
			return sorted[Math.min(this.count - 1, this.count * percent / 100)] / 1e6;
		}

	}

}

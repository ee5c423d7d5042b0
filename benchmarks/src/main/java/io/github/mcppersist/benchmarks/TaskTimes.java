package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import org.openjdk.jmh.util.ListStatistics;

import io.github.mcppersist.task.TaskOptions;
import io.github.mcppersist.task.TaskPolicy;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamableHttpOptions;

/**
 * Calls that become tasks from their beginning: how many round trips they and their
 * client's questions cost, and how long it takes until another node knows that one has
 * ended, which a client asks again and again. Both nodes are in this JVM.
 */
final class TaskTimes implements AutoCloseable {

	private static final String HAS_TASKS = "{\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}";

	private static final int COUNTED = 2000;

	private static final int QUICK_COUNTED = 50;

	private static final int WARM_UP = 500;

	private static final int ROUNDS = 1000;

	private static final int QUICK_ROUNDS = 5;

	/**
	 * How long a tool works whose client asks for its task meanwhile.
	 */
	private static final int WORK_MILLIS = 20;

	private final RedisServer redis;

	private final TimedTools tools = new TimedTools();

	private final BenchmarkNode node;

	private final BenchmarkNode otherNode;

	private final RawMcpClient client;

	private final RawMcpClient otherClient;

	private int calls;

	TaskTimes(RedisServer redis) throws Exception {
		this.redis = redis;
		// Clients ask as often as they can
		TaskOptions tasks = TaskOptions.builder().when(TaskPolicy.SUPPORTED).pollInterval(Duration.ofMillis(1)).build();
		StreamableHttpOptions options = StreamableHttpOptions.builder()
			.modern(ModernOptions.builder().tasks(tasks).build())
			.build();
		this.node = new BenchmarkNode(Duration.ofMinutes(5), options, this.tools::serve);
		this.otherNode = new BenchmarkNode(Duration.ofMinutes(5), options, new TimedTools()::serve);
		this.client = new RawMcpClient(this.node.port(), "/mcp");
		this.otherClient = this.client.at(this.otherNode.port());
	}

	/**
	 * Measure and print tables.
	 * @param redis the Redis to use
	 * @param quick whether to show only that it runs
	 * @param out where to print
	 * @throws Exception if a node can't be started, or a call fails
	 */
	static void run(RedisServer redis, boolean quick, PrintStream out) throws Exception {
		try (TaskTimes benchmark = new TaskTimes(redis)) {
			benchmark.roundTrips(quick, out);
			out.println();
			if (!quick) {
				benchmark.measure(WARM_UP);
			}
			benchmark.measure(quick ? QUICK_ROUNDS : ROUNDS).print(out);
		}
	}

	private void roundTrips(boolean quick, PrintStream out) throws Exception {
		int count = quick ? QUICK_COUNTED : COUNTED;
		// Scripts get there with their first call
		awaitCompleted(call(0), new ListStatistics());
		RoundTrips trips = new RoundTrips(this.redis, Duration.ofSeconds(quick ? 1 : 5));
		trips.printHead(out);
		List<String> taskIds = new ArrayList<>();
		trips.count("a task, from its creation to its end", "2", () -> {
			for (int i = 0; i < count; i++) {
				taskIds.add(call(0));
			}
			// The last ones are yet to end
			RoundTrips.pause(Duration.ofSeconds(1));
			return count;
		}, out);
		trips.count("`tasks/get`, on another node", "1", () -> {
			for (String taskId : taskIds) {
				if (!"completed".equals(get(taskId).get("status"))) {
					throw new IllegalStateException("A task hasn't ended");
				}
			}
			return count;
		}, out);
	}

	private Times measure(int rounds) throws IOException {
		Times times = new Times(new ListStatistics(), new ListStatistics());
		for (int round = 0; round < rounds; round++) {
			String taskId = call(WORK_MILLIS);
			long known = awaitCompleted(taskId, times.poll());
			Long ended = this.tools.takeNanos(Integer.toString(this.calls));
			if (ended == null) {
				throw new IllegalStateException("The tool hasn't ended");
			}
			times.known().addValue((known - ended) / 1e6);
		}
		return times;
	}

	/**
	 * Call the tool.
	 * @param millis how long it works
	 * @return the ID of the task that the call has become
	 */
	private String call(int millis) throws IOException {
		this.calls++;
		Map<?, ?> created = post(ModernPost.call(this.client, TimedTools.WORK,
				"{\"id\":\"%d\",\"ms\":%d}".formatted(this.calls, millis)));
		if (created.get("taskId") instanceof String taskId) {
			return taskId;
		}
		throw new IllegalStateException("The call became no task: " + created);
	}

	/**
	 * Ask another node for a task until it has ended.
	 * @param taskId the task
	 * @param pollMillis how long each question took
	 * @return when it was known
	 */
	private long awaitCompleted(String taskId, ListStatistics pollMillis) throws IOException {
		while (true) {
			long start = System.nanoTime();
			Object status = get(taskId).get("status");
			long now = System.nanoTime();
			pollMillis.addValue((now - start) / 1e6);
			if ("completed".equals(status)) {
				return now;
			}
			if (!"working".equals(status)) {
				throw new IllegalStateException("A task is " + status);
			}
		}
	}

	private Map<?, ?> get(String taskId) throws IOException {
		return post(new ModernPost(this.otherClient, "tasks/get", "\"taskId\":\"" + taskId + "\"").header("Mcp-Name",
				taskId));
	}

	private static Map<?, ?> post(ModernPost post) throws IOException {
		return TimedTools.result(post.field("clientCapabilities", HAS_TASKS));
	}

	@Override
	public void close() throws Exception {
		this.otherNode.close();
		this.node.close();
	}

	/**
	 * How many milliseconds it took.
	 *
	 * @param known from the tool's end until a client of another node knew of it
	 * @param poll that client's questions
	 */
	private record Times(ListStatistics known, ListStatistics poll) {

		void print(PrintStream out) {
			out.println("| ms | | median | 99th percentile |");
			out.println("| --- | ---: | ---: | ---: |");
			row(out, "from the tool's end until `tasks/get` on another node has said so", this.known);
			row(out, "`tasks/get` itself", this.poll);
		}

		private static void row(PrintStream out, String name, ListStatistics millis) {
			out.printf(Locale.ROOT, "| %s | %,d | %.2f | %.2f |%n", name, millis.getN(), millis.getPercentile(50),
					millis.getPercentile(99));
		}

	}

}

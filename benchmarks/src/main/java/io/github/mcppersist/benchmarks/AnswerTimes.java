package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;

import org.openjdk.jmh.util.ListStatistics;

import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamableHttpOptions;

/**
 * How long a user's answer takes to the tool that has asked: from the moment when the
 * client begins to post it until the tool goes on, and until the client has the result.
 * Posted to the node that runs the tool, and to another one. Both are in this JVM, and
 * take turns.
 */
final class AnswerTimes implements AutoCloseable {

	private static final String CAN_BE_ASKED = "{\"elicitation\":{}}";

	private static final int WARM_UP = 500;

	private static final int ROUNDS = 500;

	private static final int QUICK_ROUNDS = 5;

	private final TimedTools tools = new TimedTools();

	private final BenchmarkNode node;

	private final BenchmarkNode otherNode;

	private final RawMcpClient client;

	private final RawMcpClient otherClient;

	private int calls;

	AnswerTimes() throws Exception {
		StreamableHttpOptions options = StreamableHttpOptions.builder().modern(ModernOptions.defaults()).build();
		this.node = new BenchmarkNode(Duration.ofMinutes(5), options, this.tools::serve);
		this.otherNode = new BenchmarkNode(Duration.ofMinutes(5), options, new TimedTools()::serve);
		this.client = new RawMcpClient(this.node.port(), "/mcp");
		this.otherClient = this.client.at(this.otherNode.port());
	}

	/**
	 * Measure and print a table.
	 * @param quick whether to show only that it runs
	 * @param out where to print
	 * @throws Exception if a node can't be started, or a call fails
	 */
	static void run(boolean quick, PrintStream out) throws Exception {
		try (AnswerTimes benchmark = new AnswerTimes()) {
			if (!quick) {
				benchmark.measure(WARM_UP);
			}
			benchmark.measure(quick ? QUICK_ROUNDS : ROUNDS).print(out);
		}
	}

	private Times measure(int rounds) throws IOException {
		Times times = new Times(new Answers(), new Answers());
		for (int round = 0; round < rounds; round++) {
			boolean otherFirst = round % 2 == 1;
			ask(otherFirst, times);
			ask(!otherFirst, times);
		}
		return times;
	}

	private void ask(boolean onOtherNode, Times times) throws IOException {
		this.calls++;
		String id = Integer.toString(this.calls);
		String params = "\"name\":\"" + TimedTools.ASK + "\",\"arguments\":{\"id\":\"" + id + "\"}";
		Map<?, ?> question = post(this.client, params);
		if (!"input_required".equals(question.get("resultType"))) {
			throw new IllegalStateException("The tool didn't ask: " + question);
		}
		String answer = params + ",\"requestState\":\"" + question.get("requestState")
				+ "\",\"inputResponses\":{\"elicitation\":{\"action\":\"accept\",\"content\":{}}}";
		long start = System.nanoTime();
		Map<?, ?> result = post(onOtherNode ? this.otherClient : this.client, answer);
		long end = System.nanoTime();
		Long wentOn = this.tools.takeNanos(id);
		if (wentOn == null) {
			throw new IllegalStateException("The tool didn't go on: " + result);
		}
		(onOtherNode ? times.otherNode() : times.sameNode()).add(wentOn - start, end - start);
	}

	private static Map<?, ?> post(RawMcpClient client, String params) throws IOException {
		ModernPost post = new ModernPost(client, "tools/call", params).header("Mcp-Name", TimedTools.ASK)
			.field("clientCapabilities", CAN_BE_ASKED);
		return TimedTools.result(post);
	}

	@Override
	public void close() throws Exception {
		this.otherNode.close();
		this.node.close();
	}

	/**
	 * How many milliseconds each answer took.
	 *
	 * @param wentOn until the tool went on
	 * @param answered until the client had the result
	 */
	private record Answers(ListStatistics wentOn, ListStatistics answered) {

		Answers() {
			this(new ListStatistics(), new ListStatistics());
		}

		void add(long wentOnNanos, long answeredNanos) {
			this.wentOn.addValue(wentOnNanos / 1e6);
			this.answered.addValue(answeredNanos / 1e6);
		}

		void print(PrintStream out, String name) {
			out.printf(Locale.ROOT, "| %s | %,d | %.2f | %.2f | %.2f | %.2f |%n", name, this.wentOn.getN(),
					this.wentOn.getPercentile(50), this.wentOn.getPercentile(99), this.answered.getPercentile(50),
					this.answered.getPercentile(99));
		}

	}

	private record Times(Answers sameNode, Answers otherNode) {

		void print(PrintStream out) {
			out.println("| from the answer's POST, ms | answers | until the tool goes on, median | 99th percentile "
					+ "| until the client has the result, median | 99th percentile |");
			out.println("| --- | ---: | ---: | ---: | ---: | ---: |");
			this.sameNode.print(out, "to the node that runs the tool");
			this.otherNode.print(out, "to another node");
			out.println("| target | | at most 20 | | | |");
		}

	}

}

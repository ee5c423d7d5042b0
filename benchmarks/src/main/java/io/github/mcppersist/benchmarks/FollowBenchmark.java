package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

import org.openjdk.jmh.util.ListStatistics;

import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.StreamableHttpOptions;

/**
 * How long an event takes from the call of the store to the client's socket, on the
 * connection of the call itself and on one that was resumed on another node. Two nodes in
 * this JVM, one client at a time, and a tool that sends at a moderate pace. The two take
 * turns, so that what disturbs the machine hits both.
 */
final class FollowBenchmark implements AutoCloseable {

	private static final int WARM_UP_ROUNDS = 2;

	private static final int WARM_UP_EVENTS = 5000;

	private static final int WARM_UP_MICROS = 1000;

	private static final int ROUNDS = 10;

	private static final int EVENTS = 500;

	/**
	 * 200 events a second.
	 */
	private static final int MICROS = 5000;

	private static final int QUICK_EVENTS = 100;

	private final PulseTool tool = new PulseTool();

	private final BenchmarkNode node;

	private final BenchmarkNode otherNode;

	private final RawMcpClient client;

	private int calls;

	FollowBenchmark() throws Exception {
		StreamableHttpOptions options = StreamableHttpOptions.defaults();
		this.node = new BenchmarkNode(Duration.ofMinutes(5), options, this.tool::serve);
		this.otherNode = new BenchmarkNode(Duration.ofMinutes(5), options, new PulseTool()::serve);
		this.client = new RawMcpClient(this.node.port(), "/mcp").initialize();
	}

	/**
	 * Measure and print a table.
	 * @param quick whether to show only that it runs
	 * @param out where to print
	 * @throws Exception if a node can't be started, or an event doesn't come
	 */
	static void run(boolean quick, PrintStream out) throws Exception {
		try (FollowBenchmark benchmark = new FollowBenchmark()) {
			if (!quick) {
				benchmark.measure(WARM_UP_ROUNDS, WARM_UP_EVENTS, WARM_UP_MICROS);
			}
			Times times = quick ? benchmark.measure(1, QUICK_EVENTS, WARM_UP_MICROS)
					: benchmark.measure(ROUNDS, EVENTS, MICROS);
			times.print(out);
		}
	}

	private Times measure(int rounds, int events, int micros) throws IOException {
		Times times = new Times(new ListStatistics(), new ListStatistics());
		for (int round = 0; round < rounds; round++) {
			boolean otherFirst = round % 2 == 1;
			follow(otherFirst, events, micros, times);
			follow(!otherFirst, events, micros, times);
		}
		return times;
	}

	private void follow(boolean onOtherNode, int events, int micros, Times times) throws IOException {
		this.calls++;
		try (Exchange call = this.client.call(this.calls, PulseTool.NAME,
				"{\"events\":%d,\"micros\":%d}".formatted(events, micros))) {
			SseEvent priming = next(call);
			if (!onOtherNode) {
				read(call, times.sameNode());
				return;
			}
			try (Exchange resumed = this.client.at(this.otherNode.port()).get(priming.id())) {
				next(resumed);
				read(resumed, times.otherNode());
			}
		}
	}

	private void read(Exchange exchange, ListStatistics millis) throws IOException {
		this.tool.go();
		for (SseEvent event = exchange.next(); event != null; event = exchange.next()) {
			long now = System.nanoTime();
			Long stored = (event.id() != null) ? this.node.store().takeNanos(event.id()) : null;
			if (stored != null) {
				millis.addValue((now - stored) / 1e6);
			}
		}
	}

	private static SseEvent next(Exchange exchange) throws IOException {
		SseEvent event = exchange.next();
		if (event == null) {
			throw new IllegalStateException("The stream ended too early");
		}
		return event;
	}

	@Override
	public void close() throws Exception {
		this.otherNode.close();
		this.node.close();
	}

	/**
	 * How many milliseconds each event took.
	 *
	 * @param sameNode on the connection of the call
	 * @param otherNode on one that was resumed on another node
	 */
	private record Times(ListStatistics sameNode, ListStatistics otherNode) {

		void print(PrintStream out) {
			double median = this.otherNode.getPercentile(50) / this.sameNode.getPercentile(50);
			double late = this.otherNode.getPercentile(99) - this.sameNode.getPercentile(99);
			out.println("| from the store's call to the client, ms | median | | 99th percentile | |");
			out.println("| --- | ---: | ---: | ---: | ---: |");
			out.printf(Locale.ROOT, "| the call's own connection | %.2f | | %.2f | |%n",
					this.sameNode.getPercentile(50), this.sameNode.getPercentile(99));
			out.printf(Locale.ROOT, "| resumed on another node | %.2f | %.2f times | %.2f | %+.2f |%n",
					this.otherNode.getPercentile(50), median, this.otherNode.getPercentile(99), late);
			out.println("| target | | at most 3.00 times | | at most +10 |");
		}

	}

}

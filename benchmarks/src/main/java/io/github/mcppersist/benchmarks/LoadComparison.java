package io.github.mcppersist.benchmarks;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

import org.openjdk.jmh.util.ListStatistics;

/**
 * The turns of both servers, and the table that compares them.
 *
 * @param what what was called, and by how many clients
 * @param oursName what the first server is called
 * @param ours its turns
 * @param otherName what the server is called that it is compared with
 * @param other the turns of that one
 */
record LoadComparison(String what, String oursName, List<Turn> ours, String otherName, List<Turn> other) {

	void print(PrintStream out) {
		out.printf("| %s | calls/s | median, ms | 99th percentile, ms | server's CPU, µs | Redis' CPU, µs | "
				+ "Redis' commands | clients' CPU, µs |%n", this.what);
		out.println("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
		row(out, this.otherName, this.other);
		row(out, this.oursName, this.ours);
		out.printf("| times | %s | %s | %s | %s | | | |%n", ratio(Turn::perSecond), ratio(Turn::median),
				ratio(Turn::late), ratio(Turn::serverMicros));
		out.println();
		out.printf(Locale.ROOT, "%,d and %,d calls, none failed.%n", calls(this.other), calls(this.ours));
		out.println();
	}

	private static void row(PrintStream out, String name, List<Turn> turns) {
		out.printf(Locale.ROOT, "| %s | %,.0f | %.2f | %.2f | %.0f | %.0f | %.1f | %.0f |%n", name,
				median(turns, Turn::perSecond), median(turns, Turn::median), median(turns, Turn::late),
				median(turns, Turn::serverMicros), median(turns, Turn::redisMicros), median(turns, Turn::commands),
				median(turns, Turn::clientsMicros));
	}

	private static int calls(List<Turn> turns) {
		return turns.stream().mapToInt(Turn::calls).sum();
	}

	private static double median(List<Turn> turns, ToDoubleFunction<Turn> value) {
		ListStatistics statistics = new ListStatistics();
		turns.forEach((turn) -> statistics.addValue(value.applyAsDouble(turn)));
		return statistics.getPercentile(50);
	}

	private String ratio(ToDoubleFunction<Turn> value) {
		ListStatistics statistics = ratios(value);
		return String.format(Locale.ROOT, "%.2f (%.2f to %.2f)", statistics.getPercentile(50), statistics.getMin(),
				statistics.getMax());
	}

	private ListStatistics ratios(ToDoubleFunction<Turn> value) {
		ListStatistics statistics = new ListStatistics();
		for (int i = 0; i < this.ours.size(); i++) {
			statistics.addValue(value.applyAsDouble(this.ours.get(i)) / value.applyAsDouble(this.other.get(i)));
		}
		return statistics;
	}

	/**
	 * Return in what proportion the first server is to the other.
	 * @param value what is compared
	 * @return the median of the ratios of neighbouring turns
	 */
	double times(ToDoubleFunction<Turn> value) {
		return ratios(value).getPercentile(50);
	}

	/**
	 * What one turn of one server came to.
	 *
	 * @param calls how many calls were answered
	 * @param perSecond how many in a second
	 * @param median the median of the milliseconds that a call took
	 * @param late their 99th percentile
	 * @param serverMicros the server's processor time a call
	 * @param redisMicros that of Redis
	 * @param commands the commands that Redis ran a call, those of scripts among them
	 * @param clientsMicros the processor time of the clients a call
	 */
	record Turn(int calls, double perSecond, double median, double late, double serverMicros, double redisMicros,
			double commands, double clientsMicros) {
	}

}

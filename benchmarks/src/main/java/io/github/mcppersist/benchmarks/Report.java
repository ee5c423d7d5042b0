package io.github.mcppersist.benchmarks;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.util.ListStatistics;

/**
 * The tables: what was measured of each contender, what our store's is in proportion, and
 * what that is meant to be. Times and rates are the median of all iterations.
 */
final class Report {

	private static final Map<Case, String> TARGETS = Map.of(new Case(Contender.LETTUCE, "inFlight", 512),
			"at least 0.70", new Case(Contender.SEED_ONE_CALL, "inFlight", 512), "at least 1.50",
			new Case(Contender.SEED_TWO_TRIPS, "inFlight", 512), "at least 2.50",
			new Case(Contender.SEED_ONE_CALL, "events", 1000), "at least 5.00");

	private final Map<Case, List<Double>> scores = new HashMap<>();

	private final StreamMemory memory;

	Report(Collection<RunResult> results, StreamMemory memory) {
		for (RunResult result : results) {
			Case measured = Case.of(result.getParams());
			List<Double> ofCase = this.scores.computeIfAbsent(measured, (key) -> new ArrayList<>());
			for (BenchmarkResult fork : result.getBenchmarkResults()) {
				fork.getIterationResults().forEach((iteration) -> ofCase.add(measured.score(iteration)));
			}
		}
		this.memory = memory;
	}

	void print(PrintStream out) {
		out.println("| append, in flight | | events/s | RedisEventStore is | target |");
		out.println("| ---: | --- | ---: | ---: | --- |");
		cases("inFlight").forEach((measured) -> {
			double score = score(measured);
			double ratio = score(measured.by(Contender.STORE)) / score;
			row(out, measured, "%,.0f".formatted(score), ratio);
		});
		out.println();
		out.println("| replay, events | | ms | RedisEventStore is | target |");
		out.println("| ---: | --- | ---: | ---: | --- |");
		cases("events").forEach((measured) -> {
			double score = score(measured);
			double ratio = score / score(measured.by(Contender.STORE));
			row(out, measured, "%.2f".formatted(score), ratio);
		});
		out.println();
		printMemory(out);
	}

	private void printMemory(PrintStream out) {
		int message = EventLog.MESSAGE.length;
		long two = this.memory.of(Contender.STORE, 2);
		long seedTwo = this.memory.of(Contender.SEED_ONE_CALL, 2);
		double overhead = (this.memory.of(Contender.STORE, 100) - 99.0 * message) / 100;
		double seedOverhead = (this.memory.of(Contender.SEED_ONE_CALL, 100) - 99.0 * message) / 100;
		out.println("| memory, bytes | the seed's layout | RedisEventStore | ratio | target |");
		out.println("| --- | ---: | ---: | ---: | --- |");
		out.printf(Locale.ROOT, "| a stream of two events | %d | %d | %.2f | at most 0.65 |%n", seedTwo, two,
				(double) two / seedTwo);
		out.printf(Locale.ROOT, "| overhead of an event, stream of 100 | %.0f | %.0f | %.2f | at most 40 bytes |%n",
				seedOverhead, overhead, overhead / seedOverhead);
	}

	private static void row(PrintStream out, Case measured, String score, double ratio) {
		String times = (measured.contender() != Contender.STORE) ? "%.2f times".formatted(ratio) : "";
		out.printf(Locale.ROOT, "| %,d | %s | %s | %s | %s |%n", measured.size(), measured.contender(), score, times,
				TARGETS.getOrDefault(measured, ""));
	}

	private Stream<Case> cases(String parameter) {
		return this.scores.keySet().stream().filter((measured) -> measured.parameter().equals(parameter)).sorted();
	}

	private double score(Case measured) {
		ListStatistics statistics = new ListStatistics();
		this.scores.getOrDefault(measured, List.of()).forEach(statistics::addValue);
		return statistics.getPercentile(50);
	}

	/**
	 * One contender at one size.
	 *
	 * @param contender the contender
	 * @param parameter the benchmark's parameter that is the size
	 * @param size its value
	 */
	private record Case(Contender contender, String parameter, int size) implements Comparable<Case> {

		static Case of(BenchmarkParams params) {
			String parameter = params.getParamsKeys().contains("events") ? "events" : "inFlight";
			return new Case(Contender.valueOf(params.getParam("contender")), parameter,
					Integer.parseInt(params.getParam(parameter)));
		}

		Case by(Contender other) {
			return new Case(other, this.parameter, this.size);
		}

		double score(IterationResult iteration) {
			Result<?> events = iteration.getSecondaryResults().get("events");
			return ((events != null) ? events : iteration.getPrimaryResult()).getScore();
		}

		@Override
		public int compareTo(Case other) {
			return (this.size != other.size) ? Integer.compare(this.size, other.size)
					: this.contender.compareTo(other.contender);
		}

	}

}

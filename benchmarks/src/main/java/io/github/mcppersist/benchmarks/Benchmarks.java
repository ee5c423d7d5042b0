package io.github.mcppersist.benchmarks;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

import io.github.mcppersist.redis.RedisServer;

/**
 * Runs everything against a Redis of its own and prints a table of ratios. With
 * {@code --quick} the times mean nothing: it only shows that everything runs.
 */
public final class Benchmarks {

	/**
	 * What one contender suffers from, the others shall too, so all are run in turn and
	 * then all once more.
	 */
	private static final int ROUNDS = 2;

	private Benchmarks() {
	}

	/**
	 * Run the benchmarks.
	 * @param arguments {@code --quick}, or nothing
	 * @throws RunnerException if a benchmark fails
	 */
	public static void main(String[] arguments) throws RunnerException {
		List<String> given = List.of(arguments);
		boolean quick = given.equals(List.of("--quick"));
		if (!quick && !given.isEmpty()) {
			throw new IllegalArgumentException("There is one option, --quick, and not " + given);
		}
		try (RedisServer server = RedisServer.start("maxmemory 2gb", "maxmemory-policy noeviction")) {
			System.setProperty(BenchmarkRedis.PORT_PROPERTY, Integer.toString(server.port()));
			List<RunResult> results = new ArrayList<>();
			for (int round = 0; round < (quick ? 1 : ROUNDS); round++) {
				results.addAll(run(AppendBenchmark.class, server, quick));
				results.addAll(run(ReplayBenchmark.class, server, quick));
			}
			Report report = new Report(results, new StreamMemory(server));
			System.out.println();
			System.out.println("Java " + Runtime.version() + ", Redis " + server.info("redis_version") + ", "
					+ Runtime.getRuntime().availableProcessors() + " processors");
			System.out.println();
			report.print(System.out);
		}
	}

	private static Collection<RunResult> run(Class<?> benchmark, RedisServer server, boolean quick)
			throws RunnerException {
		ChainedOptionsBuilder options = new OptionsBuilder().include(benchmark.getName())
			.jvmArgsAppend("-D" + BenchmarkRedis.PORT_PROPERTY + "=" + server.port())
			.shouldFailOnError(true)
			.forks(quick ? 0 : 1)
			.warmupIterations(quick ? 0 : 2)
			.warmupTime(TimeValue.seconds(1))
			.measurementIterations(quick ? 1 : 2)
			.measurementTime(quick ? TimeValue.milliseconds(100) : TimeValue.seconds(1));
		return new Runner(options.build()).run();
	}

}

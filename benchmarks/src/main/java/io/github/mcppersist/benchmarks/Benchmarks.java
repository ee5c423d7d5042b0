package io.github.mcppersist.benchmarks;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

import io.github.mcppersist.test.redis.RedisServer;

/**
 * Runs everything, or a part of it, against a Redis of its own and prints tables. With
 * {@code --quick} the times mean nothing: it only shows that everything runs.
 */
public final class Benchmarks {

	/**
	 * What one contender suffers from, the others shall too, so all are run in turn and
	 * then all once more.
	 */
	private static final int ROUNDS = 2;

	/**
	 * Until the processor's own instructions for encryption are used, it takes a while.
	 */
	private static final int WARM = 8;

	private static final List<String> PARTS = List.of("store", "cluster", "failover", "encoding", "follow", "sessions",
			"load", "idle", "nodes", "eras", "tasks");

	private Benchmarks() {
	}

	/**
	 * Run the benchmarks.
	 * @param arguments {@code store}, {@code cluster}, {@code failover},
	 * {@code encoding}, {@code follow}, {@code sessions}, {@code load}, {@code idle},
	 * {@code nodes}, {@code eras} or {@code tasks} for a part of them, {@code --quick},
	 * and {@code --shared} for calls to servers without a processor of their own; nothing
	 * for all
	 * @throws Exception if a benchmark fails
	 */
	public static void main(String[] arguments) throws Exception {
		Set<String> parts = new LinkedHashSet<>(List.of(arguments));
		boolean quick = parts.remove("--quick");
		boolean shared = parts.remove("--shared");
		if (parts.isEmpty()) {
			parts.addAll(PARTS);
		}
		if (!PARTS.containsAll(parts)) {
			throw new IllegalArgumentException("There are " + PARTS + ", --quick and --shared, and not " + parts);
		}
		try (RedisServer server = RedisServer.start("maxmemory 2gb", "maxmemory-policy noeviction")) {
			System.setProperty(BenchmarkRedis.PORT_PROPERTY, Integer.toString(server.port()));
			Report report = parts.contains("store") ? store(server, quick) : null;
			Collection<RunResult> encoding = parts.contains("encoding")
					? run(EncodingBenchmark.class, server, quick, WARM) : List.of();
			System.out.println();
			System.out.println("Java " + Runtime.version() + ", Redis " + server.info("redis_version") + ", "
					+ Runtime.getRuntime().availableProcessors() + " processors");
			System.out.println();
			if (report != null) {
				report.print(System.out);
				System.out.println();
			}
			if (!encoding.isEmpty()) {
				EncodingBenchmark.print(encoding, server, quick, System.out);
				System.out.println();
			}
			if (parts.contains("cluster")) {
				ClusterAppends.run(quick, System.out);
				System.out.println();
			}
			if (parts.contains("failover")) {
				ClusterFailover.run(quick, System.out);
				System.out.println();
			}
			if (parts.contains("follow")) {
				FollowBenchmark.run(quick, System.out);
				System.out.println();
			}
			if (parts.contains("sessions")) {
				SessionMemory.run(quick, System.out);
				System.out.println();
			}
			if (parts.contains("load")) {
				LoadTest.run(server, quick, shared, System.out);
				System.out.println();
			}
			if (parts.contains("idle")) {
				IdleStreams.run(server, quick, System.out);
				System.out.println();
			}
			if (parts.contains("nodes")) {
				IdleNodes.run(server, quick, System.out);
				System.out.println();
				PlainCalls.run(server, quick, System.out);
				System.out.println();
			}
			if (parts.contains("eras")) {
				Eras.run(server, quick, shared, System.out);
				System.out.println();
			}
			if (parts.contains("tasks")) {
				TaskCreation.run(server, quick, System.out);
				System.out.println();
				TaskTimes.run(server, quick, System.out);
			}
		}
	}

	private static Report store(RedisServer server, boolean quick) throws RunnerException {
		List<RunResult> results = new ArrayList<>();
		for (int round = 0; round < (quick ? 1 : ROUNDS); round++) {
			results.addAll(run(AppendBenchmark.class, server, quick));
			results.addAll(run(ReplayBenchmark.class, server, quick));
		}
		return new Report(results, new StreamMemory(server));
	}

	private static Collection<RunResult> run(Class<?> benchmark, RedisServer server, boolean quick)
			throws RunnerException {
		return run(benchmark, server, quick, 2);
	}

	private static Collection<RunResult> run(Class<?> benchmark, RedisServer server, boolean quick, int warmups)
			throws RunnerException {
		ChainedOptionsBuilder options = new OptionsBuilder().include(benchmark.getName())
			.jvmArgsAppend("-D" + BenchmarkRedis.PORT_PROPERTY + "=" + server.port())
			.shouldFailOnError(true)
			.forks(quick ? 0 : 1)
			.warmupIterations(quick ? 0 : warmups)
			.warmupTime(TimeValue.seconds(1))
			.measurementIterations(quick ? 1 : 2)
			.measurementTime(quick ? TimeValue.milliseconds(100) : TimeValue.seconds(1));
		return new Runner(options.build()).run();
	}

}

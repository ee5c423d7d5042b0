package io.github.mcppersist.benchmarks;

import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToDoubleFunction;

import com.sun.management.OperatingSystemMXBean;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.test.redis.RedisCluster;
import io.github.mcppersist.test.redis.RedisServer;

/**
 * Appends of our store to a Cluster of one primary and to one of three, in turns: once as
 * fast as client and servers can on the processors that they share, which says what an
 * event costs and how the work spreads; and once with a tenth of a processor for each
 * primary, so that these are what is short, as in a Cluster that has shards because it
 * needs them.
 */
final class ClusterAppends implements AutoCloseable {

	private static final List<Integer> PRIMARIES = List.of(1, 3);

	/**
	 * As many for each of the primaries as keep one busy.
	 */
	private static final int STREAMS = 3 * 512;

	private static final int WARM_UPS = 8;

	private static final int TURNS = 8;

	private static final double SECONDS = 2;

	private static final double QUICK_SECONDS = 0.3;

	/**
	 * Before it counts: all streams are at it, and the servers in their rhythm.
	 */
	private static final double SETTLING_SECONDS = 0.3;

	/**
	 * A machine that has other things to do is no reason to fail.
	 */
	private static final Duration TIMEOUT = Duration.ofMinutes(1);

	private static final int LIMIT_SECONDS = 120;

	private static final OperatingSystemMXBean CLIENT = (OperatingSystemMXBean) ManagementFactory
		.getOperatingSystemMXBean();

	private final RedisCluster cluster;

	private final LettuceConnectionFactory connectionFactory;

	private final EventLog log;

	private ClusterAppends(RedisCluster cluster) {
		this.cluster = cluster;
		this.connectionFactory = new LettuceConnectionFactory(new RedisClusterConfiguration(this.cluster.addresses()));
		this.connectionFactory.afterPropertiesSet();
		this.connectionFactory.start();
		this.log = new StoreEventLog(this.connectionFactory, TIMEOUT);
	}

	/**
	 * Measure and print a table.
	 * @param quick whether to show only that it runs
	 * @param out where to print
	 */
	static void run(boolean quick, PrintStream out) {
		out.println("| primaries | processor of each | events/s | | client, µs an event | Redis, µs an event "
				+ "| busiest primary: of the events | of a processor | events for a second of its processor | |");
		out.println("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
		List<ClusterAppends> clusters = new ArrayList<>();
		try {
			PRIMARIES.forEach((primaries) -> clusters.add(new ClusterAppends(RedisCluster.start(primaries))));
			turns(clusters, quick ? 0 : WARM_UPS, SECONDS, false);
			print(turns(clusters, quick ? 1 : TURNS, quick ? QUICK_SECONDS : SECONDS, false), "what it gets", out);
			print(turns(clusters, quick ? 1 : TURNS, quick ? QUICK_SECONDS : SECONDS, true), "a tenth", out);
		}
		finally {
			clusters.forEach(ClusterAppends::close);
		}
	}

	private static List<List<Turn>> turns(List<ClusterAppends> clusters, int count, double seconds, boolean sliced) {
		List<List<Turn>> turns = new ArrayList<>();
		clusters.forEach((cluster) -> turns.add(new ArrayList<>()));
		for (int i = 0; i < count; i++) {
			for (int j = 0; j < clusters.size(); j++) {
				turns.get(j).add(clusters.get(j).turn(seconds, sliced));
			}
		}
		return turns;
	}

	private Turn turn(double seconds, boolean sliced) {
		List<RedisServer> shards = this.cluster.nodes();
		shards.forEach((shard) -> shard.cli("FLUSHALL"));
		List<AppendedStream> streams = new ArrayList<>(STREAMS);
		for (int i = 0; i < STREAMS; i++) {
			streams.add(new AppendedStream(this.log, StreamKey.random("session-" + i)));
		}
		AtomicBoolean stopped = new AtomicBoolean();
		AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
		CountDownLatch done = new CountDownLatch(STREAMS);
		Turn turn;
		try (TimeSlices slices = sliced ? TimeSlices.of(shards) : null) {
			streams.forEach((stream) -> stream.start(() -> !stopped.get(), (reason) -> {
				failure.compareAndSet(null, reason);
				done.countDown();
			}));
			turn = measure(shards, seconds);
		}
		stopped.set(true);
		await(done);
		if (failure.get() != null) {
			throw new IllegalStateException("An append failed", failure.get());
		}
		return turn;
	}

	private static Turn measure(List<RedisServer> shards, double seconds) {
		pause(SETTLING_SECONDS);
		List<ClusterShard> before = shards.stream().map(ClusterShard::of).toList();
		long clientBefore = CLIENT.getProcessCpuTime();
		long start = System.nanoTime();
		pause(seconds);
		double clientProcessors = (double) (CLIENT.getProcessCpuTime() - clientBefore) / (System.nanoTime() - start);
		List<ClusterShard> used = new ArrayList<>();
		for (int i = 0; i < shards.size(); i++) {
			used.add(ClusterShard.of(shards.get(i)).since(before.get(i)));
		}
		return new Turn(clientProcessors, used);
	}

	private static void await(CountDownLatch done) {
		try {
			if (!done.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
				throw new IllegalStateException("Redis does not answer any more");
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	private static void pause(double seconds) {
		long deadline = System.nanoTime() + (long) (seconds * 1e9);
		for (long left = deadline - System.nanoTime(); left > 0; left = deadline - System.nanoTime()) {
			LockSupport.parkNanos(left);
		}
	}

	private static void print(List<List<Turn>> turns, String processor, PrintStream out) {
		List<Turn> single = turns.get(0);
		for (int i = 0; i < turns.size(); i++) {
			List<Turn> all = turns.get(i);
			out.printf(Locale.ROOT, "| %d | %s | %,.0f | %s | %.1f | %.1f | %.0f %% | %.0f %% | %,.0f | %s |%n",
					PRIMARIES.get(i), processor, median(all, Turn::eventsPerSecond),
					ratio(all, single, Turn::eventsPerSecond), median(all, Turn::clientMicros),
					median(all, Turn::redisMicros), 100 * median(all, Turn::busiestShare),
					100 * median(all, Turn::busiestProcessors), median(all, Turn::eventsForBusiestSecond),
					ratio(all, single, Turn::eventsForBusiestSecond));
		}
	}

	// Of neighbouring turns: what disturbs the machine for a while disturbs both
	private static String ratio(List<Turn> all, List<Turn> single, ToDoubleFunction<Turn> figure) {
		if (all == single) {
			return "";
		}
		double[] ratios = new double[all.size()];
		for (int i = 0; i < ratios.length; i++) {
			ratios[i] = figure.applyAsDouble(all.get(i)) / figure.applyAsDouble(single.get(i));
		}
		return String.format(Locale.ROOT, "%.2f times", median(ratios));
	}

	private static double median(List<Turn> turns, ToDoubleFunction<Turn> figure) {
		return median(turns.stream().mapToDouble(figure).toArray());
	}

	private static double median(double... figures) {
		Arrays.sort(figures);
		int middle = figures.length / 2;
		return (figures.length % 2 == 1) ? figures[middle] : (figures[middle - 1] + figures[middle]) / 2;
	}

	@Override
	public void close() {
		this.log.close();
		this.connectionFactory.destroy();
		this.cluster.close();
	}

	/**
	 * What was measured.
	 *
	 * @param clientProcessors how much of a processor the client has used
	 * @param shards what each primary has done
	 */
	private record Turn(double clientProcessors, List<ClusterShard> shards) {

		double eventsPerSecond() {
			return this.shards.stream().mapToDouble(ClusterShard::eventsPerSecond).sum();
		}

		double clientMicros() {
			return this.clientProcessors * 1e6 / eventsPerSecond();
		}

		double redisMicros() {
			return this.shards.stream().mapToDouble(ClusterShard::processors).sum() * 1e6 / eventsPerSecond();
		}

		double busiestShare() {
			return this.shards.stream().mapToDouble(ClusterShard::eventsPerSecond).max().orElseThrow()
					/ eventsPerSecond();
		}

		double busiestProcessors() {
			return this.shards.stream().mapToDouble(ClusterShard::processors).max().orElseThrow();
		}

		double eventsForBusiestSecond() {
			return eventsPerSecond() / busiestProcessors();
		}

	}

}

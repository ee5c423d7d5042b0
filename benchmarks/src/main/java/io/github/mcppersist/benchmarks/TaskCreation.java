package io.github.mcppersist.benchmarks;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.util.ListStatistics;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import io.github.mcppersist.test.redis.RedisServer;

/**
 * How many tasks a second are created by our store and by nothing but Lettuce, with so
 * many under way, in turns; and what a task takes in Redis.
 */
final class TaskCreation {

	private static final int IN_FLIGHT = 512;

	private static final Duration TURN = Duration.ofSeconds(2);

	private static final Duration QUICK_TURN = Duration.ofMillis(300);

	private static final int ROUNDS = 10;

	/**
	 * All are warm when no rate has changed by more than this part of it from a turn to
	 * the next one.
	 */
	private static final double STEADY = 0.05;

	private static final int MAX_WARM_UP = 12;

	private static final long LIMIT_SECONDS = 60;

	private static final int MEASURED = 1000;

	private static final byte[] RESULT = EventLog.MESSAGE;

	private final RedisServer server;

	private final BenchmarkRedis redis;

	private long tasks;

	private TaskCreation(RedisServer server, BenchmarkRedis redis) {
		this.server = server;
		this.redis = redis;
	}

	/**
	 * Measure and print tables.
	 * @param server the Redis to use
	 * @param quick whether to show only that it runs
	 * @param out where to print
	 */
	static void run(RedisServer server, boolean quick, PrintStream out) throws InterruptedException {
		try (BenchmarkRedis redis = new BenchmarkRedis()) {
			TaskCreation benchmark = new TaskCreation(server, redis);
			benchmark.rates(quick, out);
			out.println();
			benchmark.memory(out);
			redis.clear();
		}
	}

	private void rates(boolean quick, PrintStream out) throws InterruptedException {
		Way[] ways = Way.values();
		double[] last = new double[ways.length];
		boolean steady = quick;
		for (int turn = 0; turn < MAX_WARM_UP && !steady; turn++) {
			steady = true;
			for (Way way : ways) {
				double rate = rate(way, TURN);
				steady &= Math.abs(rate / last[way.ordinal()] - 1) <= STEADY;
				last[way.ordinal()] = rate;
			}
		}
		List<ListStatistics> rates = new ArrayList<>();
		List<ListStatistics> ratios = new ArrayList<>();
		IntStream.range(0, ways.length).forEach((i) -> {
			rates.add(new ListStatistics());
			ratios.add(new ListStatistics());
		});
		for (int round = 0; round < (quick ? 1 : ROUNDS); round++) {
			double[] now = new double[ways.length];
			for (int i = 0; i < ways.length; i++) {
				int next = (round % 2 == 0) ? i : ways.length - 1 - i;
				now[next] = rate(ways[next], quick ? QUICK_TURN : TURN);
			}
			for (int i = 0; i < ways.length; i++) {
				rates.get(i).addValue(now[i]);
				ratios.get(i).addValue(now[Way.STORE.ordinal()] / now[i]);
			}
		}
		out.println("Tasks, " + IN_FLIGHT + " under way; warm-up "
				+ (quick ? "left out" : steady ? "steady" : "stopped") + ".");
		out.println();
		out.println("| created | tasks/s | RedisTaskStore is | target |");
		out.println("| --- | ---: | ---: | --- |");
		for (Way way : ways) {
			ListStatistics ratio = ratios.get(way.ordinal());
			out.printf(Locale.ROOT, "| %s | %,.0f | %s |%n", way, rates.get(way.ordinal()).getPercentile(50),
					(way == Way.STORE) ? "|" : String.format(Locale.ROOT, "%.2f times (%.2f to %.2f) | at least 0.70",
							ratio.getPercentile(50), ratio.getMin(), ratio.getMax()));
		}
	}

	private double rate(Way way, Duration duration) throws InterruptedException {
		this.redis.clear();
		AtomicReference<@Nullable Throwable> failed = new AtomicReference<>();
		Semaphore free = new Semaphore(IN_FLIGHT);
		// A store of its own for each turn, or it would know the tasks of all of them
		try (TaskLog log = way.open(this.redis)) {
			create(log);
			long start = System.nanoTime();
			long created = 0;
			for (; System.nanoTime() - start < duration.toNanos() && failed.get() == null; created++) {
				acquire(free, 1);
				log.create(nextId(), (reply, failure) -> {
					if (failure != null) {
						failed.set(failure);
					}
					free.release();
				});
			}
			acquire(free, IN_FLIGHT);
			double seconds = (System.nanoTime() - start) / 1e9;
			if (failed.get() != null) {
				throw new IllegalStateException("A task could not be created", failed.get());
			}
			return created / seconds;
		}
	}

	private static void acquire(Semaphore semaphore, int permits) throws InterruptedException {
		if (!semaphore.tryAcquire(permits, LIMIT_SECONDS, TimeUnit.SECONDS)) {
			throw new IllegalStateException("Redis does not answer any more");
		}
	}

	private String create(TaskLog log) {
		String taskId = nextId();
		CompletableFuture<Void> done = new CompletableFuture<>();
		log.create(taskId, EventLog.completing(done));
		done.orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS).join();
		return taskId;
	}

	/**
	 * Return an ID that is as long as those of endpoints.
	 * @return one that was never used
	 */
	private String nextId() {
		String number = Long.toString(this.tasks++, 36);
		return "t6cF8OTQyfQ4ofPC2eEAxw".substring(number.length()) + number;
	}

	private void memory(PrintStream out) {
		this.redis.clear();
		out.println("| a task in Redis, bytes | a plain hash | RedisTaskStore | plain / ours | target |");
		out.println("| --- | ---: | ---: | ---: | --- |");
		memory("that works", false, out);
		memory("that has completed, with a result of " + RESULT.length, true, out);
	}

	private void memory(String what, boolean completed, PrintStream out) {
		double plain = memory(Way.SCRIPT, completed);
		double ours = memory(Way.STORE, completed);
		out.printf(Locale.ROOT, "| %s | %.0f | %.0f | %.2f | at least 0.70 |%n", what, plain, ours, plain / ours);
	}

	private double memory(Way way, boolean completed) {
		double bytes = 0;
		try (TaskLog log = way.open(this.redis)) {
			for (int i = 0; i < MEASURED; i++) {
				String taskId = create(log);
				if (completed) {
					log.complete(taskId, RESULT);
				}
				bytes += (Long) this.server.cli("MEMORY", "USAGE", TaskLog.key(taskId), "SAMPLES", "0");
			}
		}
		return bytes / MEASURED;
	}

	/**
	 * Who creates.
	 */
	private enum Way {

		STORE("RedisTaskStore", TaskLog.Store::new),

		PIPELINE("a plain hash, Lettuce alone, HSET and PEXPIRE with one flush", TaskLog.Hash::pipeline),

		SCRIPT("a plain hash, Lettuce alone, one script", TaskLog.Hash::script);

		private final String title;

		private final Function<LettuceConnectionFactory, TaskLog> open;

		Way(String title, Function<LettuceConnectionFactory, TaskLog> open) {
			this.title = title;
			this.open = open;
		}

		TaskLog open(BenchmarkRedis redis) {
			return this.open.apply(redis.connectionFactory());
		}

		@Override
		public String toString() {
			return this.title;
		}

	}

}

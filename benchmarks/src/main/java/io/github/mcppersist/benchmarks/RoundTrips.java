package io.github.mcppersist.benchmarks;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

import io.github.mcppersist.test.redis.RedisServer;

/**
 * Counts the calls that Redis answers, a round trip each, by what it says of its
 * commands. What nodes call by the clock, to be there, is counted while nothing else is
 * done.
 */
final class RoundTrips {

	private final RedisServer redis;

	private final double perSecond;

	/**
	 * Begin with what is called by the clock.
	 * @param redis the Redis, which serves nobody else
	 * @param idle how long to do nothing
	 */
	RoundTrips(RedisServer redis, Duration idle) {
		this.redis = redis;
		RedisUsage before = RedisUsage.of(redis);
		pause(idle);
		RedisUsage used = RedisUsage.of(redis).since(before);
		this.perSecond = used.calls() * 1e9 / used.nanos();
	}

	static void pause(Duration duration) {
		long deadline = System.nanoTime() + duration.toNanos();
		for (long left = duration.toNanos(); left > 0; left = deadline - System.nanoTime()) {
			LockSupport.parkNanos(left);
		}
	}

	void printHead(PrintStream out) {
		out.println("| round trips to Redis | done | counted | of these by the clock | each | target |");
		out.println("| --- | ---: | ---: | ---: | ---: | ---: |");
	}

	/**
	 * Do something and print a row.
	 * @param name what it is
	 * @param target how many round trips it is to cost, or nothing
	 * @param work does it, and returns how often
	 * @param out where to print
	 * @throws Exception if that fails
	 */
	void count(String name, String target, Callable<Integer> work, PrintStream out) throws Exception {
		RedisUsage before = RedisUsage.of(this.redis);
		int done = work.call();
		RedisUsage used = RedisUsage.of(this.redis).since(before);
		double byTheClock = this.perSecond * used.nanos() / 1e9;
		out.printf(Locale.ROOT, "| %s | %,d | %,d | %.0f | %.2f | %s |%n", name, done, used.calls(), byTheClock,
				Math.max(0, used.calls() - byTheClock) / done, target);
	}

}

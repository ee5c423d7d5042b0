package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;

/**
 * Lets clients ask for the state of each of their tasks so often, and no more. They are
 * to do so every {@code pollIntervalMs}, and may be ten times as fast as that for as long
 * as they like, since a client looks more often where somebody waits. Thread-safe.
 */
final class PollLimit {

	/**
	 * How much faster than they are told to clients may be.
	 */
	private static final int TOLERANCE = 10;

	/**
	 * How many requests may come at once.
	 */
	private static final int BURST = 20;

	/**
	 * Of how many tasks it is known that they were asked for just now. Beyond that all is
	 * forgotten, which lets clients ask once more.
	 */
	private static final int MAX_TASKS = 10_000;

	private final LongSupplier nanoTime;

	private final long pauseNanos;

	/**
	 * When the next request is due for each task, if they come evenly.
	 */
	private final Map<String, Long> due = new ConcurrentHashMap<>();

	PollLimit(LongSupplier nanoTime, Duration pollInterval) {
		this.nanoTime = nanoTime;
		this.pauseNanos = Math.max(1, pollInterval.toNanos() / TOLERANCE);
	}

	/**
	 * Count a request.
	 * @param name the task's name
	 * @return whether to answer it
	 */
	boolean allows(String name) {
		long now = this.nanoTime.getAsLong();
		if (this.due.size() >= MAX_TASKS) {
			this.due.values().removeIf((due) -> due - now <= 0);
			if (this.due.size() >= MAX_TASKS) {
				this.due.clear();
			}
		}
		boolean counted;
		do {
			Long before = this.due.get(name);
			long next = next(before, now);
			if (next - now > BURST * this.pauseNanos) {
				return false;
			}
			counted = (before != null) ? this.due.replace(name, before, next)
					: this.due.putIfAbsent(name, next) == null;
		}
		while (!counted);
		return true;
	}

	private long next(@Nullable Long before, long now) {
		return ((before != null && before - now > 0) ? before : now) + this.pauseNanos;
	}

	/**
	 * Say whether there were too many requests by now, without counting one.
	 * @param name the task's name
	 * @return whether the next one would not be allowed
	 */
	boolean isReached(String name) {
		long now = this.nanoTime.getAsLong();
		return next(this.due.get(name), now) - now > BURST * this.pauseNanos;
	}

}

package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * Has what happens again and again be logged once a minute. Thread-safe.
 */
public final class LogLimit {

	private static final long INTERVAL_NANOS = Duration.ofMinutes(1).toNanos();

	private final LongSupplier nanoTime;

	private final AtomicLong notBefore;

	private final AtomicLong passedOver = new AtomicLong();

	/**
	 * Create it; the first time is logged.
	 * @param nanoTime returns the time, for differences
	 */
	public LogLimit(LongSupplier nanoTime) {
		this.nanoTime = nanoTime;
		this.notBefore = new AtomicLong(nanoTime.getAsLong());
	}

	/**
	 * Log that it has happened, unless it was logged a moment ago.
	 * @param log logs it, and is given how often it wasn't logged since it was last
	 * @return whether it was logged
	 */
	public boolean log(LongConsumer log) {
		long now = this.nanoTime.getAsLong();
		long due = this.notBefore.get();
		if (now - due < 0 || !this.notBefore.compareAndSet(due, now + INTERVAL_NANOS)) {
			this.passedOver.incrementAndGet();
			return false;
		}
		log.accept(this.passedOver.getAndSet(0));
		return true;
	}

}

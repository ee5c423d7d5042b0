package io.github.mcppersist.redis;

import java.util.concurrent.ThreadLocalRandom;

/**
 * How long to wait until the next attempt to connect: longer after each one that fails,
 * and not alike on all nodes. Not thread-safe.
 */
final class RetryPause {

	private static final long FIRST_PAUSE = 125_000_000L;

	/**
	 * What keeps {@link #FIRST_PAUSE} doubled so often below a second and a half.
	 */
	private static final int MAX_DOUBLINGS = 3;

	private int failures;

	/**
	 * An attempt failed.
	 * @return how long to wait, in nanoseconds
	 */
	long afterFailure() {
		this.failures = Math.min(this.failures + 1, MAX_DOUBLINGS);
		return (long) ((FIRST_PAUSE << this.failures) * ThreadLocalRandom.current().nextDouble(0.75, 1.25));
	}

	/**
	 * An attempt succeeded.
	 */
	void reset() {
		this.failures = 0;
	}

}

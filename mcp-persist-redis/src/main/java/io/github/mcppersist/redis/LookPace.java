package io.github.mcppersist.redis;

import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;

/**
 * When to look where the slots of a Cluster are: one look at a time for all servers that
 * fail, each second at first, and less often while looks find nothing new. A look
 * connects to every server, and logs each that it doesn't reach.
 */
final class LookPace {

	static final long INTERVAL = 1_000_000_000L;

	/**
	 * How long looks that find nothing new come as often as that. A replica is often
	 * promoted within that time.
	 */
	static final long EAGER = 5_000_000_000L;

	/**
	 * While some server answers: below the three seconds in which whoever was promoted
	 * serves.
	 */
	static final double MAX_FACTOR = 2.5;

	static final double MAX_FACTOR_UNANSWERED = 4;

	private static final double MIN_FACTOR = 2;

	/**
	 * What isn't asked for so long has come to an end.
	 */
	private static final long SERIES_END = 10_000_000_000L;

	private final LongSupplier nanoTime;

	private boolean looking;

	private long last;

	private long next;

	private long since;

	LookPace(LongSupplier nanoTime) {
		this.nanoTime = nanoTime;
		this.next = nanoTime.getAsLong();
		this.last = this.next - SERIES_END;
	}

	/**
	 * Say whether to look now. Each look is to be {@link #ended} before the next one.
	 * @return whether it is time
	 */
	synchronized boolean begins() {
		long now = this.nanoTime.getAsLong();
		if (this.looking || now - this.next < 0) {
			return false;
		}
		if (now - this.last >= SERIES_END) {
			this.since = now;
		}
		this.looking = true;
		this.last = now;
		return true;
	}

	/**
	 * A look has ended.
	 * @param answered whether some server has answered
	 * @param changed whether that was something new
	 */
	synchronized void ended(boolean answered, boolean changed) {
		this.looking = false;
		if (changed) {
			this.since = this.last;
		}
		boolean eager = this.nanoTime.getAsLong() - this.since < EAGER;
		double max = answered ? MAX_FACTOR : MAX_FACTOR_UNANSWERED;
		// Not all nodes at the same moment
		double factor = eager ? 1 : ThreadLocalRandom.current().nextDouble(MIN_FACTOR, max);
		this.next = this.last + (long) (INTERVAL * factor);
	}

}

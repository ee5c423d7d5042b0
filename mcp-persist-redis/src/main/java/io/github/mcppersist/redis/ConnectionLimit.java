package io.github.mcppersist.redis;

import java.util.function.LongSupplier;

/**
 * How many calls a driver that blocks makes at once: as many as there are connections,
 * from when no further one can be opened, and one more from time to time.
 */
final class ConnectionLimit {

	private static final long GROWTH_INTERVAL = 100_000_000L;

	/**
	 * Where no call has to wait, no further connection is opened, and nothing is found
	 * out. While calls wait, an attempt is made in less than that.
	 */
	private static final long REST = 2_000_000_000L;

	private final int most;

	private final LongSupplier nanoTime;

	private final RetryPause pause = new RetryPause();

	private volatile int limit;

	private volatile boolean scarce;

	private int underWay;

	private long lastLack;

	private long nextGrowth;

	ConnectionLimit(int most, LongSupplier nanoTime) {
		this.most = most;
		this.limit = most;
		this.nanoTime = nanoTime;
	}

	int limit() {
		return this.limit;
	}

	/**
	 * Say whether fewer calls are made than there might be.
	 * @return whether there are too few connections
	 */
	boolean isShort() {
		return this.scarce;
	}

	synchronized void begin() {
		this.underWay++;
	}

	/**
	 * A call has ended.
	 * @return how many are under way
	 */
	synchronized int end() {
		return --this.underWay;
	}

	/**
	 * No further connection could be opened, besides those through which calls are under
	 * way.
	 */
	synchronized void lack() {
		this.limit = Math.max(1, Math.min(this.limit, this.underWay));
		this.scarce = true;
		this.lastLack = this.nanoTime.getAsLong();
		this.nextGrowth = this.lastLack + this.pause.afterFailure();
	}

	/**
	 * A call was answered: if it is time for that, try one more.
	 * @param wanted whether calls wait
	 * @return whether one more may be made
	 */
	boolean grow(boolean wanted) {
		return wanted && isShort() && growNow();
	}

	private synchronized boolean growNow() {
		long now = this.nanoTime.getAsLong();
		boolean due = isShort() && now - this.nextGrowth >= 0;
		if (due) {
			this.nextGrowth = now + GROWTH_INTERVAL;
			this.limit = Math.min(this.limit + 1, this.most);
			if (this.limit == this.most) {
				reset();
			}
		}
		return due;
	}

	/**
	 * Some time has passed: if no call has had to wait for long enough, there are enough.
	 * @param wanted whether calls wait
	 * @return whether as many calls may be made as ever, from now on
	 */
	boolean rest(boolean wanted) {
		return !wanted && isShort() && restNow();
	}

	private synchronized boolean restNow() {
		boolean over = isShort() && this.nanoTime.getAsLong() - this.lastLack >= REST;
		if (over) {
			reset();
		}
		return over;
	}

	/**
	 * What was found out says nothing any more: make as many calls as ever.
	 */
	synchronized void reset() {
		this.limit = this.most;
		this.scarce = false;
		this.pause.reset();
	}

}

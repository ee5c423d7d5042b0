package io.github.mcppersist.redis;

/**
 * Something bad that lasts, as far as anybody is told: it is over only once nothing of it
 * was met for a while. A Redis at the limit of its memory takes one write and refuses the
 * next, several times a second; told each time, nobody could make anything of it, and an
 * alert that waits for a minute of it would never fire. Not thread-safe.
 */
final class Spell {

	/**
	 * How long after it was last met it is over. What ended is noticed two and a half
	 * seconds later at the latest, and is to be told after five.
	 */
	static final long HOLD = 2_000_000_000L;

	/**
	 * The same, for what has come back. It may be met for a second and a half after it
	 * has ended: until a probe finds that a connection has broken.
	 */
	static final long HOLD_OF_RETURNED = 3_000_000_000L;

	/**
	 * How long something else must have been met instead.
	 */
	static final long CALM = 1_000_000_000L;

	/**
	 * What comes back within that time has come back, and isn't another one.
	 */
	static final long MEMORY = 60_000_000_000L;

	private boolean lasting;

	private boolean calm;

	private boolean ever;

	private long startedAt;

	private long lastMet;

	private long calmSince;

	private int returns;

	/**
	 * It was met.
	 * @param at when
	 * @param now the time
	 * @return whether it has begun, or come back, by that
	 */
	boolean met(long at, long now) {
		boolean begins = !this.lasting || this.calm;
		if (begins) {
			boolean again = this.lasting || (this.ever && now - this.calmSince < MEMORY);
			this.returns = again ? this.returns + 1 : 0;
			this.startedAt = this.lasting ? this.startedAt : now;
			this.lastMet = at;
			this.lasting = true;
			this.calm = false;
			this.ever = true;
		}
		this.lastMet = Math.max(this.lastMet, at);
		return begins;
	}

	/**
	 * There is nothing of it now.
	 * @param now the time
	 */
	void calm(long now) {
		if (this.lasting && !this.calm) {
			this.calm = true;
			this.calmSince = now;
		}
	}

	/**
	 * End it, if it is over.
	 * @param now the time
	 * @return whether it has ended by this call
	 */
	boolean end(long now) {
		long hold = (this.returns > 0) ? HOLD_OF_RETURNED : HOLD;
		boolean over = this.lasting && this.calm && now - this.calmSince >= CALM && now - this.lastMet >= hold;
		if (over) {
			this.lasting = false;
		}
		return over;
	}

	/**
	 * Say whether it is to be told.
	 * @return whether it lasts
	 */
	boolean isLasting() {
		return this.lasting;
	}

	/**
	 * Return how often it has come back without a minute of peace between.
	 * @return how often, 0 while it is there for the first time
	 */
	int returns() {
		return this.returns;
	}

	/**
	 * Return how long it has lasted, or had when it ended.
	 * @param now the time
	 * @return nanoseconds
	 */
	long nanos(long now) {
		return (this.calm ? this.calmSince : now) - this.startedAt;
	}

}

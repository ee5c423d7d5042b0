package io.github.mcppersist.stream;

import java.time.Duration;

/**
 * Whether the store is asked on behalf of a connection: one question at a time. What is
 * hinted meanwhile makes it asked once more, and a store that is away is asked again
 * after a pause that grows. It belongs to the connection, and is used in its
 * {@link Mailbox} only.
 */
final class Inquiry {

	private static final Duration PAUSE = Duration.ofMillis(250);

	private static final int MAX_PAUSE_SHIFT = 3;

	private final Mailbox mailbox;

	private final Threads threads;

	private State state = State.IDLE;

	/**
	 * How many questions in a row had no answer.
	 */
	private int failures;

	Inquiry(Mailbox mailbox, Threads threads) {
		this.mailbox = mailbox;
		this.threads = threads;
	}

	/**
	 * Ask, unless that is done or about to be done already.
	 * @return whether to ask now
	 */
	boolean begin() {
		assert this.mailbox.isInside();
		boolean idle = this.state == State.IDLE;
		if (idle) {
			this.state = State.UNDER_WAY;
		}
		return idle;
	}

	/**
	 * The question was answered, or failed.
	 * @return whether there has been a hint since, so that it has to be asked once more
	 */
	boolean end() {
		assert this.mailbox.isInside();
		boolean stale = this.state == State.STALE;
		this.state = State.IDLE;
		return stale;
	}

	/**
	 * The store isn't away.
	 */
	void answered() {
		assert this.mailbox.isInside();
		this.failures = 0;
	}

	/**
	 * Wait for the store.
	 * @param then asks again, in the mailbox, unless the wait was broken off
	 */
	void pause(Runnable then) {
		assert this.mailbox.isInside();
		this.state = State.WAITING;
		Duration pause = PAUSE.multipliedBy(1L << Math.min(this.failures++, MAX_PAUSE_SHIFT));
		this.threads.deliverLater(pause, () -> this.mailbox.execute(() -> {
			if (breakOff()) {
				then.run();
			}
		}));
	}

	/**
	 * Wait no longer.
	 * @return whether it waited
	 */
	boolean breakOff() {
		assert this.mailbox.isInside();
		boolean waited = isWaiting();
		if (waited) {
			this.state = State.IDLE;
		}
		return waited;
	}

	boolean isWaiting() {
		return this.state == State.WAITING;
	}

	/**
	 * There is something that an answer which is under way may be too old for.
	 * @return whether there is such an answer
	 */
	boolean hint() {
		assert this.mailbox.isInside();
		if (this.state == State.UNDER_WAY) {
			this.state = State.STALE;
			return true;
		}
		return this.state == State.STALE;
	}

	private enum State {

		/**
		 * It isn't asked.
		 */
		IDLE,

		/**
		 * It is.
		 */
		UNDER_WAY,

		/**
		 * It is, and there has been a hint since.
		 */
		STALE,

		/**
		 * It is away, and asked again later.
		 */
		WAITING

	}

}

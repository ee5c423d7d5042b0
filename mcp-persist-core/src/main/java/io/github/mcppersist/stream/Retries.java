package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Has the writers call the store again for which it was away: a few hundred at a time,
 * those first that have waited longest. So an outage costs no more the more streams it
 * meets, and a store that is back isn't overrun: with each call that it answers, one
 * writer more goes on. Its state belongs to a {@link Mailbox} of its own.
 */
final class Retries {

	private static final Duration PAUSE = Duration.ofMillis(300);

	/**
	 * How many call in one turn. Turns are a pause apart.
	 */
	static final int MAX_IN_A_TURN = 256;

	private final Mailbox mailbox = new Mailbox();

	private final Threads threads;

	private final Queue<Retry> waiting = new ArrayDeque<>();

	private boolean turnIsDue;

	Retries(Threads threads) {
		this.threads = threads;
	}

	/**
	 * Let a writer try again after a pause.
	 * @param owner the owner of its state
	 * @param again what it does
	 */
	void later(Mailbox owner, Runnable again) {
		Retry retry = new Retry(owner, again, this.threads.nanoTime() + PAUSE.toNanos());
		this.mailbox.execute(() -> {
			this.waiting.add(retry);
			if (!this.turnIsDue) {
				turnIn(PAUSE);
			}
		});
	}

	/**
	 * The store has answered a call that was made again.
	 */
	void answered() {
		this.mailbox.execute(this::next);
	}

	private void turnIn(Duration pause) {
		assert this.mailbox.isInside();
		this.turnIsDue = true;
		this.threads.deliverLater(pause, () -> this.mailbox.execute(this::turn));
	}

	private void turn() {
		assert this.mailbox.isInside();
		this.turnIsDue = false;
		int count = 0;
		Retry first = this.waiting.peek();
		while (first != null && count < MAX_IN_A_TURN && untilDue(first) <= 0) {
			next();
			count++;
			first = this.waiting.peek();
		}
		if (first != null) {
			long nanos = untilDue(first);
			// Not a moment too early
			turnIn((nanos > 0) ? Duration.ofNanos(nanos).plusMillis(1) : PAUSE);
		}
	}

	private long untilDue(Retry retry) {
		return retry.dueNanos() - this.threads.nanoTime();
	}

	private void next() {
		assert this.mailbox.isInside();
		Retry retry = this.waiting.poll();
		if (retry != null) {
			this.threads.deliver(retry.owner(), retry.again());
		}
	}

	private record Retry(Mailbox owner, Runnable again, long dueNanos) {
	}

}

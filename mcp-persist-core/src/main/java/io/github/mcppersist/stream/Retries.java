package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;

import org.jspecify.annotations.Nullable;

/**
 * Has the writers call the store again for which it was away: a few hundred at a time,
 * those first that have waited longest. So an outage costs no more the more streams it
 * meets, and a store that is back isn't overrun: with each call that it answers, one
 * writer more goes on. Those whose first call has failed don't wait behind all others:
 * theirs may be another server of the store. Its state belongs to a {@link Mailbox} of
 * its own.
 */
final class Retries {

	/**
	 * How many call in one turn. Turns are a pause apart.
	 */
	static final int MAX_IN_A_TURN = 256;

	private final Mailbox mailbox = new Mailbox();

	private final Threads threads;

	/**
	 * Who has failed once.
	 */
	private final Queue<Retry> newcomers = new ArrayDeque<>();

	private final Queue<Retry> waiting = new ArrayDeque<>();

	private boolean turnIsDue;

	Retries(Threads threads) {
		this.threads = threads;
	}

	/**
	 * Let a writer try again after a pause.
	 * @param owner the owner of its state
	 * @param again what it does
	 * @param first whether it has failed once
	 */
	void later(Mailbox owner, Runnable again, boolean first) {
		Retry retry = new Retry(owner, again, this.threads.nanoTime() + StreamContext.RETRY_PAUSE.toNanos());
		this.mailbox.execute(() -> {
			(first ? this.newcomers : this.waiting).add(retry);
			if (!this.turnIsDue) {
				turnIn(StreamContext.RETRY_PAUSE);
			}
		});
	}

	/**
	 * The store has answered a call that was made again.
	 */
	void answered() {
		this.mailbox.execute(() -> {
			if (!next(this.newcomers)) {
				next(this.waiting);
			}
		});
	}

	private void turnIn(Duration pause) {
		assert this.mailbox.isInside();
		this.turnIsDue = true;
		this.threads.deliverLater(pause, () -> this.mailbox.execute(this::turn));
	}

	private void turn() {
		assert this.mailbox.isInside();
		this.turnIsDue = false;
		int left = MAX_IN_A_TURN - turn(this.newcomers, MAX_IN_A_TURN / 2);
		turn(this.waiting, left);
		if (!this.newcomers.isEmpty() || !this.waiting.isEmpty()) {
			long nanos = Math.min(untilDue(this.newcomers.peek()), untilDue(this.waiting.peek()));
			// Not a moment too early
			turnIn((nanos > 0) ? Duration.ofNanos(nanos).plusMillis(1) : StreamContext.RETRY_PAUSE);
		}
	}

	private int turn(Queue<Retry> queue, int most) {
		int count = 0;
		while (count < most && untilDue(queue.peek()) <= 0 && next(queue)) {
			count++;
		}
		return count;
	}

	private long untilDue(@Nullable Retry retry) {
		return (retry != null) ? retry.dueNanos() - this.threads.nanoTime() : Long.MAX_VALUE;
	}

	private boolean next(Queue<Retry> queue) {
		assert this.mailbox.isInside();
		Retry retry = queue.poll();
		if (retry != null) {
			this.threads.deliver(retry.owner(), retry.again());
		}
		return retry != null;
	}

	private record Retry(Mailbox owner, Runnable again, long dueNanos) {
	}

}

package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.LongConsumer;

import org.jspecify.annotations.Nullable;

/**
 * Has the writers call the store again for which it was away: a few hundred at a time at
 * most, those first that have waited longest. So an outage costs no more the more streams
 * it meets. Nor is a store overrun that is back: how many of them call at once is learnt
 * from how long its answers take, and with each one that comes back another one goes on.
 * Those whose first call has failed don't wait behind all others: theirs may be another
 * server of the store. Its state belongs to a {@link Mailbox} of its own.
 */
final class Retries {

	/**
	 * How many may call that aren't answered, in one pause and at once.
	 */
	static final int MAX = 256;

	/**
	 * How many call at once as long as nothing is known.
	 */
	static final int START = 8;

	static final int MIN = 4;

	/**
	 * An answer that takes less says that more may call at once. Of a store whose answers
	 * all take longer nobody can say that, and no more than {@link #START} do.
	 */
	private static final long QUICK = 150_000_000L;

	/**
	 * One that takes more says that too many do: it may soon take longer than calls wait.
	 */
	private static final long SLOW = 300_000_000L;

	/**
	 * What fails in less wasn't sent: the store is known to be away, or one server of it.
	 */
	private static final long SENT = 50_000_000L;

	/**
	 * Of what takes longer nobody may hear: writers end.
	 */
	static final long LOST = 2_000_000_000L;

	private static final long PAUSE = StreamContext.RETRY_PAUSE.toNanos();

	private final Mailbox mailbox = new Mailbox();

	private final Threads threads;

	/**
	 * Who has failed once.
	 */
	private final Queue<Retry> newcomers = new ArrayDeque<>();

	private final Queue<Retry> waiting = new ArrayDeque<>();

	private boolean newcomersNext;

	/**
	 * When those began that are calling.
	 */
	private final Queue<Long> underWay = new ArrayDeque<>();

	/**
	 * How many may be.
	 */
	private int window = START;

	/**
	 * When it was halved. What began before says nothing of what it is now.
	 */
	private long narrowedAt;

	private Round round;

	private boolean turnIsDue;

	Retries(Threads threads) {
		this.threads = threads;
		this.round = new Round(threads.nanoTime());
		this.narrowedAt = this.round.since;
	}

	/**
	 * Let a writer try again after a pause.
	 * @param owner the owner of its state
	 * @param again what it does; is told since when, which it passes on when that has
	 * {@link #ended}
	 * @param first whether it has failed once
	 */
	void later(Mailbox owner, LongConsumer again, boolean first) {
		Retry retry = new Retry(owner, again, this.threads.nanoTime() + PAUSE);
		this.mailbox.execute(() -> {
			(first ? this.newcomers : this.waiting).add(retry);
			if (!this.turnIsDue) {
				turnIn(PAUSE);
			}
		});
	}

	/**
	 * A writer has tried again.
	 * @param since when it began
	 * @param outcome what the store has said
	 */
	void ended(long since, Outcome outcome) {
		this.mailbox.execute(() -> {
			this.underWay.remove(since);
			if (outcome == Outcome.NOT_CALLED) {
				this.round.unused();
				fill();
				return;
			}
			long took = this.threads.nanoTime() - since;
			boolean answered = outcome == Outcome.ANSWERED;
			if (answered) {
				this.round.answered();
				this.window += (took < QUICK && this.window < MAX) ? 1 : 0;
			}
			if (took > (answered ? SLOW : SENT) && since - this.narrowedAt >= 0) {
				this.narrowedAt = this.threads.nanoTime();
				this.window = Math.max(MIN, this.window / 2);
			}
			fill();
			if (answered) {
				callNext(true);
			}
		});
	}

	private void turnIn(long nanos) {
		assert this.mailbox.isInside();
		this.turnIsDue = true;
		this.threads.deliverLater(Duration.ofNanos(nanos), () -> this.mailbox.execute(this::turn));
	}

	private void turn() {
		assert this.mailbox.isInside();
		this.turnIsDue = false;
		long now = this.threads.nanoTime();
		this.underWay.removeIf((since) -> now - since >= LOST);
		if (now - this.round.since >= PAUSE) {
			if (!this.round.answered && this.underWay.isEmpty()) {
				// All have failed, and what is known is of the time before
				this.window = START;
			}
			this.round = new Round(now);
		}
		fill();
		if (this.newcomers.isEmpty() && this.waiting.isEmpty()) {
			this.window = START;
			return;
		}
		long nanos = Math.min(untilDue(this.newcomers.peek()), untilDue(this.waiting.peek()));
		if (this.round.left == 0) {
			nanos = Math.max(nanos, PAUSE - (now - this.round.since));
		}
		// Not a moment too early
		turnIn((nanos > 0) ? nanos + 1_000_000 : PAUSE);
	}

	private void fill() {
		boolean called = true;
		while (called) {
			called = callNext(false);
		}
	}

	private boolean callNext(boolean early) {
		assert this.mailbox.isInside();
		Retry next = (this.underWay.size() < this.window && this.round.left > 0) ? next(early) : null;
		if (next == null) {
			return false;
		}
		long now = this.threads.nanoTime();
		this.underWay.add(now);
		this.round.left--;
		this.threads.deliver(next.owner(), () -> next.again().accept(now));
		return true;
	}

	private @Nullable Retry next(boolean early) {
		this.newcomersNext = !this.newcomersNext;
		Retry next = poll(this.newcomersNext ? this.newcomers : this.waiting, early);
		return (next != null) ? next : poll(this.newcomersNext ? this.waiting : this.newcomers, early);
	}

	private @Nullable Retry poll(Queue<Retry> queue, boolean early) {
		return (early || untilDue(queue.peek()) <= 0) ? queue.poll() : null;
	}

	private long untilDue(@Nullable Retry retry) {
		return (retry != null) ? retry.dueNanos() - this.threads.nanoTime() : Long.MAX_VALUE;
	}

	/**
	 * What has come of a writer's turn.
	 */
	enum Outcome {

		/**
		 * The store has answered.
		 */
		ANSWERED,

		/**
		 * The store is away.
		 */
		AWAY,

		/**
		 * The store need not be called after all, which says nothing of it.
		 */
		NOT_CALLED

	}

	private record Retry(Mailbox owner, LongConsumer again, long dueNanos) {
	}

	/**
	 * What belongs to one pause.
	 */
	private static final class Round {

		private final long since;

		/**
		 * How many more may call.
		 */
		private int left = MAX;

		private boolean answered;

		Round(long since) {
			this.since = since;
		}

		void answered() {
			this.answered = true;
			unused();
		}

		void unused() {
			this.left = Math.min(this.left + 1, MAX);
		}

	}

}

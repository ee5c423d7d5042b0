package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Opens the connections of requests that had no message within a moment, so that their
 * clients have an event ID to come back with. One timer serves them all: one for each
 * would cost more than the writes to sockets that are saved. Thread-safe.
 */
final class Openings {

	private static final Duration PATIENCE = Duration.ofMillis(10);

	private static final Duration TICK = Duration.ofMillis(5);

	private final Threads threads;

	private final Queue<Opening> openings = new ConcurrentLinkedQueue<>();

	private final AtomicBoolean ticking = new AtomicBoolean();

	Openings(Threads threads) {
		this.threads = threads;
	}

	/**
	 * Open an output in a moment, unless it is open by then.
	 * @param output an output that is to be opened soon
	 */
	void add(SseOutput output) {
		this.openings.add(new Opening(output, this.threads.nanoTime() + PATIENCE.toNanos()));
		keepTicking();
	}

	private void keepTicking() {
		if (!this.openings.isEmpty() && this.ticking.compareAndSet(false, true)) {
			this.threads.deliverLater(TICK, this::tick);
		}
	}

	private void tick() {
		try {
			long now = this.threads.nanoTime();
			Opening opening = this.openings.peek();
			while (opening != null && now - opening.dueNanos() >= 0) {
				this.openings.remove();
				if (opening.output().isOpeningSoon()) {
					opening.output().openNow();
				}
				opening = this.openings.peek();
			}
		}
		finally {
			this.ticking.set(false);
			keepTicking();
		}
	}

	/**
	 * An output that is to be opened.
	 *
	 * @param output the output
	 * @param dueNanos when, in terms of {@link Threads#nanoTime()}
	 */
	private record Opening(SseOutput output, long dueNanos) {
	}

}

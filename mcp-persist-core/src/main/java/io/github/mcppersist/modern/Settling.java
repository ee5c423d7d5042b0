package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.function.BooleanSupplier;

import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.stream.Threads;

/**
 * Says when a round is over: a handler that asks its client for something may be about to
 * ask for more, by threads of its own, which goes to its client together. It is over as
 * soon as for a moment nothing more was asked, and the handler waits as far as can be
 * seen. Time alone isn't enough: what a handler does next may take longer where a class
 * is loaded first. All state belongs to the {@link Mailbox} of the call.
 */
final class Settling {

	/**
	 * What a handler asks within that time goes to its client together.
	 */
	private static final Duration QUIET = Duration.ofMillis(10);

	/**
	 * How often it is looked meanwhile whether the handler waits: it may for a moment,
	 * for a lock.
	 */
	private static final Duration GLANCE = Duration.ofMillis(2);

	/**
	 * A handler that goes on while its client is to be asked isn't waited for longer.
	 */
	private static final Duration LIMIT = Duration.ofSeconds(1);

	private final Mailbox mailbox;

	private final Threads threads;

	private final BooleanSupplier awaited;

	private final BooleanSupplier waits;

	private final Runnable settled;

	private boolean glancing;

	private long askedNanos;

	/**
	 * Since when the handler waits, as far as was seen.
	 */
	private long waitsNanos;

	/**
	 * Create it.
	 * @param mailbox the call's
	 * @param threads the endpoint's threads
	 * @param awaited says, in the mailbox, whether there is something to ask that a
	 * client waits for
	 * @param waits says whether the handler waits, as far as can be seen
	 * @param settled is told in the mailbox that the round is over
	 */
	Settling(Mailbox mailbox, Threads threads, BooleanSupplier awaited, BooleanSupplier waits, Runnable settled) {
		this.mailbox = mailbox;
		this.threads = threads;
		this.awaited = awaited;
		this.waits = waits;
		this.settled = settled;
	}

	/**
	 * There is something to be asked: wait from now on for what else there is.
	 */
	void begin() {
		assert this.mailbox.isInside();
		this.askedNanos = this.threads.nanoTime();
		this.waitsNanos = this.askedNanos;
		glanceLater();
	}

	private void glanceLater() {
		if (!this.glancing && this.awaited.getAsBoolean()) {
			this.glancing = true;
			this.threads.deliverLater(GLANCE, () -> this.mailbox.execute(this::glance));
		}
	}

	private void glance() {
		assert this.mailbox.isInside();
		this.glancing = false;
		if (!this.awaited.getAsBoolean()) {
			return;
		}
		long now = this.threads.nanoTime();
		if (!this.waits.getAsBoolean()) {
			this.waitsNanos = now;
		}
		if (now - this.waitsNanos >= QUIET.toNanos() || now - this.askedNanos >= LIMIT.toNanos()) {
			this.settled.run();
		}
		else {
			glanceLater();
		}
	}

}

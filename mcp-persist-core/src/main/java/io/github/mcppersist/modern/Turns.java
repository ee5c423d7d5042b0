package io.github.mcppersist.modern;

import java.util.ArrayDeque;
import java.util.Queue;

import io.github.mcppersist.stream.Mailbox;

/**
 * Has so much be done at once, and the rest wait for its turn, first come first served.
 * Thread-safe: its state belongs to a {@link Mailbox}.
 */
final class Turns {

	private final Mailbox mailbox = new Mailbox();

	private final int atOnce;

	private final Queue<Runnable> waiting = new ArrayDeque<>();

	private int underWay;

	/**
	 * Create turns.
	 * @param atOnce how many there are at a time
	 */
	Turns(int atOnce) {
		this.atOnce = atOnce;
	}

	/**
	 * Wait for a turn.
	 * @param turn is run when it comes, on any thread, and has {@link #over} called once
	 */
	void await(Runnable turn) {
		this.mailbox.execute(() -> {
			this.waiting.add(turn);
			next();
		});
	}

	/**
	 * A turn is over.
	 */
	void over() {
		this.mailbox.execute(() -> {
			this.underWay--;
			next();
		});
	}

	private void next() {
		while (this.underWay < this.atOnce && !this.waiting.isEmpty()) {
			this.underWay++;
			this.waiting.remove().run();
		}
	}

}

package io.github.mcppersist.stream;

import java.util.ArrayDeque;
import java.util.Deque;

import reactor.core.publisher.MonoSink;

/**
 * The senders that wait because the store is slower than they are. They belong to the
 * log, and are used in its mailbox only.
 */
final class Senders {

	/**
	 * A sender waits while more than this is in the tail.
	 */
	static final int BACKLOG_BYTES = 256 * 1024;

	private final Mailbox mailbox;

	private final Threads threads;

	private final Deque<MonoSink<Void>> waiting = new ArrayDeque<>();

	Senders(Mailbox mailbox, Threads threads) {
		this.mailbox = mailbox;
		this.threads = threads;
	}

	void add(MonoSink<Void> sender) {
		assert this.mailbox.isInside();
		this.waiting.add(sender);
	}

	/**
	 * Let all go on, where their code may block.
	 */
	void release() {
		assert this.mailbox.isInside();
		while (!this.waiting.isEmpty()) {
			this.threads.release(this.waiting.remove()::success);
		}
	}

}

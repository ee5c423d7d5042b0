package io.github.mcppersist.stream;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs tasks one after the other, in the order in which they came, on the threads that
 * bring them. It owns the state of one stream and its connection: whatever changes that
 * state is a task in here, so none of it needs a lock. A task never blocks, and calls
 * nothing of the user's.
 */
public final class Mailbox implements Executor {

	private static final Logger logger = LoggerFactory.getLogger(Mailbox.class);

	private final Queue<Runnable> tasks;

	private final AtomicInteger pending = new AtomicInteger();

	private final Runnable drain = this::drain;

	/**
	 * The thread that runs tasks now. Not volatile: a thread asks only whether it is
	 * itself, and what it wrote last it sees.
	 */
	private @Nullable Thread owner;

	/**
	 * Create an empty mailbox.
	 */
	public Mailbox() {
		this(new ConcurrentLinkedQueue<>());
	}

	/**
	 * Create a mailbox on a queue: what is done between the calls of it are single steps,
	 * so that a test can try all orders of them.
	 * @param tasks an empty queue, for any threads
	 */
	Mailbox(Queue<Runnable> tasks) {
		this.tasks = tasks;
	}

	/**
	 * Run a task now, or as soon as the thread that runs one gets to it.
	 * @param task what to do; an exception from it is logged and goes no further
	 */
	@Override
	public void execute(Runnable task) {
		this.tasks.add(task);
		if (this.pending.getAndIncrement() == 0) {
			UserCode.leave(this.drain);
		}
	}

	/**
	 * Say whether a task of this mailbox is what calls. For assertions.
	 * @return whether the calling thread owns the state
	 */
	public boolean isInside() {
		return this.owner == Thread.currentThread();
	}

	private void drain() {
		do {
			Runnable task = this.tasks.poll();
			if (task != null) {
				this.owner = Thread.currentThread();
				runSafely(task);
				// Before the next one may come in
				this.owner = null;
			}
		}
		while (this.pending.decrementAndGet() != 0);
	}

	private static void runSafely(Runnable task) {
		try {
			task.run();
		}
		catch (Throwable ex) {
			// Whatever it is, the tasks behind it must run, or the stream is stuck
			logger.error("A stream's state could not be updated; please report this", ex);
		}
	}

}

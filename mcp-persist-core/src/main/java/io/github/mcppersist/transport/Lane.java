package io.github.mcppersist.transport;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a few tasks of one session run at a time on threads that all sessions share, so
 * that one session can't take them all. Others wait for their turn, in order, and beyond
 * that are refused. Thread-safe.
 */
final class Lane {

	private static final Logger logger = LoggerFactory.getLogger(Lane.class);

	private final Executor threads;

	private final int width;

	private final int maxWaiting;

	private final Queue<Turn> waiting = new ArrayDeque<>(1);

	private int running;

	/**
	 * Create a lane.
	 * @param threads run the tasks
	 * @param width how many run at a time
	 * @param maxWaiting how many may wait
	 */
	Lane(Executor threads, int width, int maxWaiting) {
		this.threads = threads;
		this.width = width;
		this.maxWaiting = maxWaiting;
	}

	/**
	 * Run a task. Its turn ends when it returns.
	 * @param task the task
	 * @throws RejectedExecutionException if too many run and wait already
	 */
	void execute(Runnable task) {
		executeUntil((done) -> () -> {
			task.run();
			done.run();
		});
	}

	/**
	 * Run a task whose turn ends later than it returns.
	 * @param task makes the task of what ends its turn, on any thread; more than once
	 * does no harm
	 * @throws RejectedExecutionException if too many run and wait already
	 */
	void executeUntil(UnaryOperator<Runnable> task) {
		Turn turn = new Turn(task);
		synchronized (this) {
			if (this.running >= this.width) {
				if (this.waiting.size() >= this.maxWaiting) {
					throw new RejectedExecutionException("More than " + this.maxWaiting + " wait already");
				}
				this.waiting.add(turn);
				return;
			}
			this.running++;
		}
		try {
			this.threads.execute(turn);
		}
		catch (RejectedExecutionException ex) {
			turn.end();
			throw ex;
		}
	}

	private void next() {
		for (Turn next = take(); next != null; next = take()) {
			try {
				this.threads.execute(next);
				return;
			}
			catch (RejectedExecutionException ex) {
				logger.warn("What a client has told is dropped after all: {}", ex.getMessage());
			}
		}
	}

	// The place of the turn that has ended goes to the next one
	private synchronized @Nullable Turn take() {
		Turn next = this.waiting.poll();
		if (next == null) {
			this.running--;
		}
		return next;
	}

	/**
	 * A task, from when it is taken until its turn is over.
	 */
	private final class Turn implements Runnable {

		private final AtomicBoolean over = new AtomicBoolean();

		private final Runnable task;

		Turn(UnaryOperator<Runnable> task) {
			this.task = task.apply(this::end);
		}

		@Override
		public void run() {
			try {
				this.task.run();
			}
			catch (Throwable ex) {
				// Whatever it is, others wait for their turn
				logger.error("What a client has told could not be handled", ex);
				end();
			}
		}

		void end() {
			if (this.over.compareAndSet(false, true)) {
				next();
			}
		}

	}

}

package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

import io.github.mcppersist.stream.Threads;

/**
 * Threads that do everything at once on the caller's, with a time that the test moves on.
 */
final class ManualThreads implements Threads {

	boolean full;

	private long now;

	void pass(Duration duration) {
		this.now += duration.toNanos();
	}

	@Override
	public long nanoTime() {
		return this.now;
	}

	@Override
	public Executor delivery() {
		return Runnable::run;
	}

	@Override
	public void deliverLater(Duration delay, Runnable task) {
	}

	@Override
	public void repeat(Duration period, Runnable task) {
	}

	@Override
	public void handle(Runnable task, Runnable accepted, Consumer<Throwable> refused) {
		accepted.run();
		task.run();
	}

	@Override
	public boolean isFull() {
		return this.full;
	}

	@Override
	public void answer(Runnable task) {
		task.run();
	}

	@Override
	public void release(Runnable task) {
		task.run();
	}

	@Override
	public void close() {
	}

}

package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

import reactor.core.Disposable;

import io.github.mcppersist.stream.ThreadPools;
import io.github.mcppersist.stream.Threads;

/**
 * The threads of an endpoint that serves, with a time that a test moves forward. What is
 * put off comes when it would have come all the same.
 */
final class LaterThreads implements Threads {

	private final Threads threads = new ThreadPools(null);

	private final AtomicLong later;

	/**
	 * How much was put off and not called off.
	 */
	private final AtomicInteger putOff = new AtomicInteger();

	/**
	 * Create the threads.
	 * @param later how much later it is than by the machine's clock, in nanoseconds
	 */
	LaterThreads(AtomicLong later) {
		this.later = later;
	}

	int putOff() {
		return this.putOff.get();
	}

	@Override
	public long nanoTime() {
		return this.threads.nanoTime() + this.later.get();
	}

	@Override
	public Executor delivery() {
		return this.threads.delivery();
	}

	@Override
	public Disposable deliverLater(Duration delay, Runnable task) {
		Disposable later = this.threads.deliverLater(delay, task);
		this.putOff.incrementAndGet();
		return () -> {
			later.dispose();
			this.putOff.decrementAndGet();
		};
	}

	@Override
	public void handle(Runnable task, Runnable accepted, Consumer<Throwable> refused) {
		this.threads.handle(task, accepted, refused);
	}

	@Override
	public boolean isFull() {
		return this.threads.isFull();
	}

	@Override
	public void answer(Runnable task) {
		this.threads.answer(task);
	}

	@Override
	public void callBack(Runnable task) {
		this.threads.callBack(task);
	}

	@Override
	public void release(Runnable task) {
		this.threads.release(task);
	}

	@Override
	public void close() {
		this.threads.close();
	}

}

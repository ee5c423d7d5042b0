package io.github.mcppersist.simulation;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

import reactor.core.Disposable;
import reactor.core.Disposables;

import io.github.mcppersist.stream.Threads;

/**
 * The threads of a node: tasks of the world.
 */
final class SimulatedThreads implements Threads {

	private final World world;

	private final Place place;

	private boolean closed;

	SimulatedThreads(World world, Place place) {
		this.world = world;
		this.place = place;
	}

	@Override
	public long nanoTime() {
		return this.world.nanoTime();
	}

	@Override
	public Executor delivery() {
		return (task) -> {
			requireOpen();
			add("delivers", Duration.ZERO, task);
		};
	}

	@Override
	public Disposable deliverLater(Duration delay, Runnable task) {
		Disposable.Swap calledOff = Disposables.swap();
		timer("delivers what was due later", delay, () -> {
			if (!calledOff.isDisposed()) {
				task.run();
			}
		});
		return calledOff;
	}

	@Override
	public void handle(Runnable task, Runnable accepted, Consumer<Throwable> refused) {
		if (this.closed) {
			refused.accept(new RejectedExecutionException("The endpoint is closed"));
			return;
		}
		add("handles", Duration.ZERO, task);
		accepted.run();
	}

	@Override
	public boolean isFull() {
		return false;
	}

	@Override
	public void answer(Runnable task) {
		requireOpen();
		add("answers", Duration.ZERO, task);
	}

	@Override
	public void callBack(Runnable task) {
		requireOpen();
		add("calls back", Duration.ZERO, task);
	}

	@Override
	public void release(Runnable task) {
		add("lets a sender go on", Duration.ZERO, task);
	}

	@Override
	public void close() {
		this.closed = true;
	}

	private void requireOpen() {
		if (this.closed) {
			throw new RejectedExecutionException("The endpoint is closed");
		}
	}

	private void add(String kind, Duration delay, Runnable task) {
		if (!this.closed) {
			this.world.unlabelled(this.place, kind, delay, task);
		}
	}

	// What waits to be run when the threads are closed is run; what isn't due yet isn't
	private void timer(String kind, Duration delay, Runnable task) {
		add(kind, delay, () -> {
			if (!this.closed) {
				task.run();
			}
		});
	}

}

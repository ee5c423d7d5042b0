package io.github.mcppersist.simulation;

import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Reactor's own schedulers, as tasks of the world: the MCP SDK waits for clients' answers
 * on one of them. They are of the whole JVM, so that one simulation runs at a time.
 */
final class SimulatedSchedulers implements Schedulers.Factory, AutoCloseable {

	private final World world;

	private final Place place = new Place("Reactor");

	SimulatedSchedulers(World world) {
		this.world = world;
		Schedulers.setFactory(this);
	}

	@Override
	public void close() {
		Schedulers.resetFactory();
	}

	@Override
	public Scheduler newBoundedElastic(int threadCap, int queuedTaskCap, ThreadFactory threadFactory, int ttlSeconds) {
		return new SimulatedScheduler();
	}

	@Override
	public Scheduler newParallel(int parallelism, ThreadFactory threadFactory) {
		return new SimulatedScheduler();
	}

	@Override
	public Scheduler newSingle(ThreadFactory threadFactory) {
		return new SimulatedScheduler();
	}

	private final class SimulatedScheduler implements Scheduler, Scheduler.Worker {

		@Override
		public Disposable schedule(Runnable task) {
			return schedule(task, 0, TimeUnit.NANOSECONDS);
		}

		@Override
		public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
			Disposable.Swap cancelled = Disposables.swap();
			SimulatedSchedulers.this.world.unlabelled(SimulatedSchedulers.this.place, "goes on",
					Duration.ofNanos(Math.max(0, unit.toNanos(delay))), () -> {
						if (!cancelled.isDisposed()) {
							task.run();
						}
					});
			return cancelled;
		}

		@Override
		public Disposable schedulePeriodically(Runnable task, long initialDelay, long period, TimeUnit unit) {
			Disposable.Swap current = Disposables.swap();
			current.replace(schedule(() -> {
				task.run();
				if (!current.isDisposed()) {
					current.replace(schedulePeriodically(task, period, period, unit));
				}
			}, initialDelay, unit));
			return current;
		}

		@Override
		public long now(TimeUnit unit) {
			return unit.convert(SimulatedSchedulers.this.world.nanoTime(), TimeUnit.NANOSECONDS);
		}

		@Override
		public Worker createWorker() {
			return new SimulatedScheduler();
		}

		@Override
		public void dispose() {
		}

		@Override
		public boolean isDisposed() {
			return false;
		}

	}

}

package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

import reactor.core.Disposable;

/**
 * Threads that do everything at once on the caller's, and what is due later when the test
 * moves time on.
 */
public final class ManualThreads implements Threads {

	private final List<Timer> timers = new ArrayList<>();

	private long now;

	private boolean full;

	private boolean refusing;

	private boolean refusingLate;

	private List<Runnable> held = new ArrayList<>();

	private boolean holding;

	/**
	 * Let time pass, and do what is due meanwhile.
	 * @param duration how much
	 */
	public void pass(Duration duration) {
		long end = this.now + duration.toNanos();
		while (true) {
			Timer next = this.timers.stream()
				.filter((timer) -> timer.due <= end)
				.min(Comparator.comparingLong(Timer::due))
				.orElse(null);
			if (next == null) {
				break;
			}
			this.timers.remove(next);
			this.now = next.due;
			next.task.run();
		}
		this.now = end;
	}

	/**
	 * Let no more handlers run.
	 */
	public void fill() {
		this.full = true;
	}

	/**
	 * Refuse handlers, although there seems to be room.
	 */
	public void refuse() {
		this.refusing = true;
	}

	/**
	 * Refuse handlers that were said to be certain to run.
	 */
	public void refuseLate() {
		this.refusingLate = true;
	}

	/**
	 * Keep what is to run on the delivery threads.
	 */
	public void hold() {
		this.holding = true;
	}

	/**
	 * Run what was kept, and keep nothing any more.
	 */
	public void letGo() {
		this.holding = false;
		List<Runnable> held = this.held;
		this.held = new ArrayList<>();
		held.forEach(Runnable::run);
	}

	/**
	 * Run what was kept, the last first: threads overtake each other.
	 */
	public void letGoBackwards() {
		Collections.reverse(this.held);
		letGo();
	}

	/**
	 * Say how much is due later.
	 * @return the number of tasks
	 */
	public int timers() {
		return this.timers.size();
	}

	@Override
	public long nanoTime() {
		return this.now;
	}

	@Override
	public Executor delivery() {
		return (task) -> {
			if (this.holding) {
				this.held.add(task);
			}
			else {
				task.run();
			}
		};
	}

	@Override
	public Disposable deliverLater(Duration delay, Runnable task) {
		Timer timer = new Timer(this.now + delay.toNanos(), task);
		this.timers.add(timer);
		return () -> this.timers.removeIf((other) -> other == timer);
	}

	@Override
	public void handle(Runnable task, Runnable accepted, Consumer<Throwable> refused) {
		if (this.refusing) {
			refused.accept(new RejectedExecutionException("refused"));
			return;
		}
		accepted.run();
		if (this.refusingLate) {
			refused.accept(new RejectedExecutionException("refused late"));
			return;
		}
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
	public void callBack(Runnable task) {
		task.run();
	}

	@Override
	public void release(Runnable task) {
		task.run();
	}

	@Override
	public void close() {
		this.timers.clear();
	}

	private record Timer(long due, Runnable task) {
	}

}

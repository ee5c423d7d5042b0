package io.github.mcppersist.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;

/**
 * Time and chance. Whatever is done in a simulation is a task in here, on one thread:
 * each step takes one of those that are due, by the seed, and runs it. Time stands still
 * while tasks are due, but for moments in which everybody happens to be slow, and then
 * goes on to the next one.
 * <p>
 * The same seed gives the same steps. IDs are random all the same, and so is the order in
 * which a concurrent map gives its entries: so what one step adds is put into an order of
 * its own, by label, before anything is drawn. Tasks without a label of their own (those
 * that an endpoint's threads are given) are told apart by nobody: those that one step
 * adds to one kind of threads are one task, since what they do commutes.
 */
final class World {

	/**
	 * Of so many steps one finds everybody slow.
	 */
	private static final int STEPS_BEFORE_TIME_MOVES = 40;

	private static final long MAX_SLOWNESS_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

	/**
	 * Of so many tasks one is put off: its thread happens to wait for a processor.
	 */
	private static final int TASKS_BEFORE_ONE_IS_LATE = 60;

	private final Random random;

	private final List<Task> due = new ArrayList<>();

	private final PriorityQueue<Task> later = new PriorityQueue<>(
			Comparator.comparingLong((Task task) -> task.dueNanos).thenComparingLong((task) -> task.number));

	private final List<Task> added = new ArrayList<>();

	private final List<Line> lines = new ArrayList<>();

	private final List<String> trace = new ArrayList<>();

	private final List<String> failures = new ArrayList<>();

	private long now = TimeUnit.SECONDS.toNanos(1000);

	private long steps;

	private long tasks;

	World(long seed) {
		// The first numbers of seeds that follow each other are alike
		this.random = new Random(seed * 0x9E3779B97F4A7C15L);
		this.random.nextInt();
	}

	// Chance: only for tasks with a label, or the order of a map decides what is drawn

	int draw(int bound) {
		return this.random.nextInt(bound);
	}

	int draw(int least, int most) {
		return least + this.random.nextInt(most - least + 1);
	}

	boolean chance(int percent) {
		return this.random.nextInt(100) < percent;
	}

	<T> T pick(List<T> all) {
		return all.get(this.random.nextInt(all.size()));
	}

	Duration millis(int least, int most) {
		return Duration.ofMillis(draw(least, most));
	}

	// Time

	long nanoTime() {
		return this.now;
	}

	long millis() {
		return TimeUnit.NANOSECONDS.toMillis(this.now);
	}

	// Tasks

	/**
	 * Have something done soon.
	 * @param place where
	 * @param label what it is, the same whenever the seed is; two tasks of one label that
	 * one step adds keep their order
	 * @param run does it
	 */
	void soon(Place place, String label, Runnable run) {
		this.added.add(new Task(place, label, true, this.now, run));
	}

	/**
	 * Have something done soon, but not before what came into the same queue earlier.
	 * @param place where
	 * @param queue the queue
	 * @param label what it is
	 * @param run does it
	 */
	void inTurn(Place place, String queue, String label, Runnable run) {
		Task task = new Task(place, label, true, this.now, run);
		task.queue = queue;
		this.added.add(task);
	}

	/**
	 * Have something done later.
	 * @param place where
	 * @param label what it is
	 * @param delay how much later
	 * @param run does it
	 * @return lets it be
	 */
	Disposable later(Place place, String label, Duration delay, Runnable run) {
		Task task = new Task(place, label, true, this.now + delay.toNanos(), run);
		this.added.add(task);
		return task;
	}

	/**
	 * Have something done that can't be told from others of its kind.
	 * @param place where
	 * @param kind which threads do it
	 * @param delay how much later
	 * @param run does it
	 */
	void unlabelled(Place place, String kind, Duration delay, Runnable run) {
		this.added.add(new Task(place, kind, false, this.now + delay.toNanos(), run));
	}

	/**
	 * Take steps.
	 * @param limit for how long at most
	 * @param done whether there is no need to go on
	 * @return whether it was done in time
	 */
	boolean run(Duration limit, BooleanSupplier done) {
		long end = this.now + limit.toNanos();
		settle();
		while (!done.getAsBoolean()) {
			Task task = next();
			if (task == null) {
				if (!moveOn(end)) {
					this.now = end;
					return done.getAsBoolean();
				}
				continue;
			}
			this.steps++;
			if (task.labelled) {
				trace("", task.place + ": " + task.label);
			}
			task.runSafely(this);
			settle();
		}
		return true;
	}

	private @Nullable Task next() {
		this.due.removeIf((task) -> task.place.isDead() || task.cancelled);
		int runnable = 0;
		for (Task task : this.due) {
			runnable += task.place.isRunning() ? 1 : 0;
		}
		if (runnable == 0) {
			return null;
		}
		if (draw(STEPS_BEFORE_TIME_MOVES) == 0) {
			moveOn(this.now + MAX_SLOWNESS_NANOS);
		}
		return next(draw(runnable));
	}

	private @Nullable Task next(int index) {
		int left = index;
		for (int i = 0; i < this.due.size(); i++) {
			Task task = this.due.get(i);
			if (task.place.isRunning() && left-- == 0) {
				return this.due.remove((task.queue != null) ? firstOf(task.queue) : i);
			}
		}
		return null;
	}

	private int firstOf(String queue) {
		int first = 0;
		while (!queue.equals(this.due.get(first).queue)) {
			first++;
		}
		return first;
	}

	private boolean moveOn(long end) {
		Task first = this.later.peek();
		while (first != null && (first.cancelled || first.place.isDead())) {
			this.later.poll();
			first = this.later.peek();
		}
		if (first == null || first.dueNanos > end) {
			return false;
		}
		this.now = Math.max(this.now, first.dueNanos);
		while (first != null && first.dueNanos <= this.now) {
			this.due.add(this.later.remove());
			first = this.later.peek();
		}
		return true;
	}

	/**
	 * Put what a step has added and told into an order that depends on nothing random.
	 */
	private void settle() {
		this.lines.sort(Comparator.comparing(Line::subject));
		for (Line line : this.lines) {
			this.trace.add(String.format(Locale.ROOT, "%7d %9.3f  %s", this.steps, this.now / 1e9 - 1000, line.text));
		}
		this.lines.clear();
		while (!this.added.isEmpty()) {
			List<Task> adding = new ArrayList<>(this.added);
			this.added.clear();
			adding.sort(Comparator.comparing((Task task) -> task.label)
				.thenComparing((task) -> task.place.toString())
				.thenComparingLong((task) -> task.dueNanos));
			Task before = null;
			for (Task task : adding) {
				if (before != null && before.join(task)) {
					continue;
				}
				before = task;
				add(task);
			}
		}
	}

	private void add(Task task) {
		task.number = this.tasks++;
		if (task.queue == null && draw(TASKS_BEFORE_ONE_IS_LATE) == 0) {
			task.dueNanos += TimeUnit.MILLISECONDS.toNanos(draw(100));
		}
		if (task.dueNanos <= this.now) {
			this.due.add(task);
		}
		else {
			this.later.add(task);
		}
	}

	// What happened

	/**
	 * Tell what happens.
	 * @param subject whose lines keep their order within a step
	 * @param text what happens
	 */
	void trace(String subject, String text) {
		this.lines.add(new Line(subject, text));
	}

	void fail(String failure) {
		trace("!", "FAILED: " + failure);
		this.failures.add(failure);
	}

	List<String> trace() {
		return this.trace;
	}

	List<String> failures() {
		return this.failures;
	}

	long steps() {
		return this.steps;
	}

	private record Line(String subject, String text) {
	}

	/**
	 * Something to do.
	 */
	private static final class Task implements Disposable {

		private final Place place;

		private final String label;

		private final boolean labelled;

		private final List<Runnable> runs = new ArrayList<>(1);

		private long dueNanos;

		private long number;

		private @Nullable String queue;

		private boolean cancelled;

		Task(Place place, String label, boolean labelled, long dueNanos, Runnable run) {
			this.place = place;
			this.label = label;
			this.labelled = labelled;
			this.dueNanos = dueNanos;
			this.runs.add(run);
		}

		boolean join(Task other) {
			boolean same = !this.labelled && !other.labelled && this.place == other.place
					&& this.label.equals(other.label) && this.dueNanos == other.dueNanos;
			if (same) {
				this.runs.addAll(other.runs);
			}
			return same;
		}

		void runSafely(World world) {
			for (Runnable run : this.runs) {
				try {
					run.run();
				}
				catch (Throwable ex) {
					world.fail("error: " + this.place + ": " + this.label + " threw " + ex);
					world.trace("!", Traces.of(ex));
				}
			}
		}

		@Override
		public void dispose() {
			this.cancelled = true;
		}

		@Override
		public boolean isDisposed() {
			return this.cancelled;
		}

	}

}

package io.github.mcppersist.modern;

import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.task.TaskRecord;

/**
 * A task whose client listens to it on this node: each state that it is seen in is told,
 * until it has ended. If nobody runs it any more, it is ended with an error; what the
 * store has lost has no state that could be told. All state belongs to a {@link Mailbox},
 * where the states are told.
 */
final class FollowedTask {

	private static final Logger logger = LoggerFactory.getLogger(FollowedTask.class);

	private final Parking parking;

	private final String name;

	private final Consumer<TaskRecord> told;

	private final Runnable lost;

	private final TaskWatch watch;

	private @Nullable TaskRecord last;

	private long lookedNanos;

	private boolean closed;

	/**
	 * Create it.
	 * @param mailbox the owner of the state
	 * @param parking knows the tasks
	 * @param name the task's name
	 * @param told is told each state
	 * @param lost is told that the store hasn't got it, although it was there and hasn't
	 * ended
	 */
	FollowedTask(Mailbox mailbox, Parking parking, String name, Consumer<TaskRecord> told, Runnable lost) {
		this.parking = parking;
		this.name = name;
		this.told = told;
		this.lost = lost;
		this.watch = new TaskWatch(mailbox, parking, name, this::found, this::failed);
	}

	/**
	 * Tell the state that it is in, and each one that it comes to.
	 */
	void begin() {
		look();
		this.watch.begin();
	}

	/**
	 * Let time pass: what the store doesn't tell is looked at from time to time.
	 */
	void tick() {
		TaskRecord last = this.last;
		long now = this.parking.threads().nanoTime();
		if (!this.closed && (now - this.lookedNanos > this.parking.settings().lookInterval().toNanos()
				|| (last != null && this.parking.isAbandoned(last.owner(), this.name)))) {
			look();
		}
	}

	private void look() {
		this.lookedNanos = this.parking.threads().nanoTime();
		this.watch.look();
	}

	private void found(@Nullable TaskRecord task) {
		if (task == null) {
			close();
			this.lost.run();
			return;
		}
		// Not by the revision alone: a store that has failed over may count again
		if (!task.equals(this.last)) {
			this.last = task;
			this.told.accept(task);
		}
		if (task.status().isTerminal()) {
			close();
		}
		else if (this.parking.isAbandoned(task.owner(), this.name)) {
			// The store tells of the end as of any other change
			this.parking.endAbandoned(task.owner(), this.name).subscribe((nothing) -> {
			}, (ex) -> logger.debug("A task that nobody runs can't be ended yet", ex));
		}
		else {
			this.parking.follows(task.owner(), this.name);
		}
	}

	private void failed(Throwable ex) {
		logger.debug("It can't be seen yet what has become of a task", ex);
		this.watch.lookLater();
	}

	/**
	 * Tell nothing more.
	 */
	void close() {
		if (!this.closed) {
			this.closed = true;
			this.watch.close();
			// It may be large
			this.last = null;
		}
	}

}

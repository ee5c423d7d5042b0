package io.github.mcppersist.modern;

import java.time.Duration;
import java.time.Instant;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskStatus;
import io.github.mcppersist.task.TaskStoreUnavailableException;

/**
 * A task whose client listens to it on this node: each state that it is seen in is told,
 * until it has ended. If nobody runs it any more, it is ended with an error; what the
 * store has lost, or can't be read, has no state that could be told. All state belongs to
 * a {@link Mailbox}, where the states are told.
 */
final class FollowedTask {

	private static final Logger logger = LoggerFactory.getLogger(FollowedTask.class);

	private final Parking parking;

	private final String name;

	private final Listener listener;

	private final TaskWatch watch;

	private @Nullable State last;

	private long lookedNanos;

	private boolean closed;

	/**
	 * Create it.
	 * @param mailbox the owner of the state
	 * @param parking knows the tasks
	 * @param name the task's name
	 * @param listener is told of it
	 */
	FollowedTask(Mailbox mailbox, Parking parking, String name, Listener listener) {
		this.parking = parking;
		this.name = name;
		this.listener = listener;
		this.watch = new TaskWatch(mailbox, parking, name, listener::due, this::found, this::failed);
	}

	/**
	 * Tell the state that it is in, and each one that it comes to.
	 */
	void begin() {
		this.parking.reads().follow(this.name);
		look();
		this.watch.begin();
	}

	/**
	 * Let time pass: what the store doesn't tell is looked at from time to time, by one
	 * of all who listen to it here.
	 */
	void tick() {
		State last = this.last;
		long now = this.parking.threads().nanoTime();
		TaskReads.Sight seen = this.parking.reads().lastSeen(this.name);
		if (seen != null && last != null && last.equals(seen.state()) && seen.nanos() - this.lookedNanos > 0) {
			this.lookedNanos = seen.nanos();
		}
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
			lost();
			return;
		}
		State state = State.of(task);
		if (this.listener.read(state.equals(this.last) ? null : task)) {
			this.last = state;
			this.parking.reads().seen(this.name, state, this.lookedNanos);
			if (task.status().isTerminal()) {
				close();
			}
		}
		else {
			look();
		}
		if (task.status().isTerminal()) {
			return;
		}
		if (this.parking.isAbandoned(task.owner(), this.name)) {
			// The store tells of the end as of any other change
			this.parking.endAbandoned(task.owner(), this.name).subscribe((nothing) -> {
			}, (ex) -> logger.debug("A task that nobody runs can't be ended yet", ex));
		}
		else {
			this.parking.follows(task.owner(), this.name);
		}
	}

	private void lost() {
		close();
		this.listener.lost();
		this.listener.read(null);
	}

	private void failed(Throwable ex) {
		if (ex instanceof TaskStoreUnavailableException) {
			logger.debug("It can't be seen yet what has become of a task", ex);
			this.watch.lookLater();
			this.listener.read(null);
		}
		else {
			UnreadableTask.error(ex);
			lost();
		}
	}

	/**
	 * Tell nothing more.
	 */
	void close() {
		if (!this.closed) {
			this.closed = true;
			this.watch.close();
			this.parking.reads().unfollow(this.name);
		}
	}

	/**
	 * What tells a state from others, and not all of it: that may be large. The revision
	 * alone doesn't: a store that has failed over may count again.
	 *
	 * @param owner the node that runs it
	 * @param status the status
	 * @param revision the revision
	 * @param lastUpdatedAt when it was reached
	 * @param timeToLive how long the task is kept, which is raised without a revision
	 */
	record State(String owner, TaskStatus status, Revision revision, Instant lastUpdatedAt, Duration timeToLive) {

		static State of(TaskRecord task) {
			return new State(task.owner(), task.status(), task.revision(), task.lastUpdatedAt(), task.timeToLive());
		}

	}

	/**
	 * Is told of a task in the mailbox.
	 */
	interface Listener {

		/**
		 * Its state may have changed.
		 * @param read reads it; to be run in the mailbox when there is room for it
		 */
		void due(Runnable read);

		/**
		 * Its state was read, or could not be.
		 * @param state the state, or {@code null} if that is nothing new
		 * @return whether there was room for it; if not it is read again
		 */
		boolean read(@Nullable TaskRecord state);

		/**
		 * The store hasn't got it, although it was there and hasn't ended, or it can't be
		 * read any more.
		 */
		void lost();

	}

}

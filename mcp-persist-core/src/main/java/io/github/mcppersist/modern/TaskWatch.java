package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;

import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.task.TaskRecord;

/**
 * Looks at a task in the store: when that says that it has changed, and when it is asked
 * to. One look is under way at a time, and whatever asks for one meanwhile is one more
 * behind it. All state belongs to a {@link Mailbox}, where what was found is told.
 */
final class TaskWatch {

	private static final Duration PAUSE = Duration.ofSeconds(1);

	private final Mailbox mailbox;

	private final Parking parking;

	private final String name;

	private final Consumer<@Nullable TaskRecord> found;

	private final Consumer<Throwable> failed;

	/**
	 * The last revision of which nothing is to be read any more.
	 */
	private long knownRevision;

	private Look look = Look.NONE;

	private Disposable signals = Disposables.disposed();

	/**
	 * Create it; nothing is looked at yet.
	 * @param mailbox the owner of the state
	 * @param parking knows the store
	 * @param name the task's name
	 * @param found is given the task, or {@code null} if it isn't stored
	 * @param failed is told why it can't be seen
	 */
	TaskWatch(Mailbox mailbox, Parking parking, String name, Consumer<@Nullable TaskRecord> found,
			Consumer<Throwable> failed) {
		this.mailbox = mailbox;
		this.parking = parking;
		this.name = name;
		this.found = found;
		this.failed = failed;
	}

	/**
	 * Look whenever the store says that there is something to see.
	 */
	void begin() {
		assert this.mailbox.isInside();
		this.signals = this.parking.tasks().watch(this.name).subscribe((revision) -> this.mailbox.execute(() -> {
			if (revision.number() > this.knownRevision) {
				look();
			}
		}));
	}

	/**
	 * Don't look for what is known already.
	 * @param revision the revision of the task that somebody has seen
	 */
	void knows(long revision) {
		assert this.mailbox.isInside();
		this.knownRevision = Math.max(this.knownRevision, revision);
	}

	void look() {
		assert this.mailbox.isInside();
		switch (this.look) {
			case NONE -> {
				this.look = Look.UNDER_WAY;
				this.parking.tasks()
					.findTask(this.name)
					.singleOptional()
					.subscribe((record) -> this.mailbox.execute(() -> ended(() -> found(record.orElse(null)))),
							(ex) -> this.mailbox.execute(() -> ended(() -> this.failed.accept(ex))));
			}
			case UNDER_WAY -> {
				this.look = Look.AND_ONE_MORE;
			}
			case AND_ONE_MORE, CLOSED -> {
			}
		}
	}

	/**
	 * Look in a second: the store is out of reach.
	 */
	void lookLater() {
		this.parking.threads().deliverLater(PAUSE, () -> this.mailbox.execute(this::look));
	}

	private void ended(Runnable tell) {
		assert this.mailbox.isInside();
		if (this.look == Look.CLOSED) {
			return;
		}
		boolean oneMore = this.look == Look.AND_ONE_MORE;
		this.look = Look.NONE;
		tell.run();
		if (oneMore) {
			look();
		}
	}

	private void found(@Nullable TaskRecord record) {
		if (record != null) {
			knows(record.revision().number());
		}
		this.found.accept(record);
	}

	/**
	 * Look no more, and tell nothing.
	 */
	void close() {
		assert this.mailbox.isInside();
		this.look = Look.CLOSED;
		this.signals.dispose();
	}

	private enum Look {

		NONE, UNDER_WAY, AND_ONE_MORE, CLOSED

	}

}

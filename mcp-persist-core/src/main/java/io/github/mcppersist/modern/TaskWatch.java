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

	private final Consumer<Runnable> reader;

	private final Consumer<@Nullable TaskRecord> found;

	private final Consumer<Throwable> failed;

	/**
	 * The last revision of which nothing is to be read any more.
	 */
	private long knownRevision;

	/**
	 * The one that the store has told of last, on whichever thread.
	 */
	private volatile long toldRevision;

	/**
	 * The last one that the store has told of.
	 */
	private long signalledRevision;

	/**
	 * Whether the next one may be the owner's own.
	 */
	private boolean changing;

	private boolean lookAfterChange;

	private Look look = Look.NONE;

	/**
	 * Whether it looks in a second.
	 */
	private boolean isLookDue;

	private Turn turn = Turn.NONE;

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
		this(mailbox, parking, name, Runnable::run, found, failed);
	}

	/**
	 * Create it; nothing is looked at yet.
	 * @param mailbox the owner of the state
	 * @param parking knows the store
	 * @param name the task's name
	 * @param reader is given each look, and runs it in the mailbox when there is room for
	 * what it reads
	 * @param found is given the task, or {@code null} if it isn't stored
	 * @param failed is told why it can't be seen
	 */
	TaskWatch(Mailbox mailbox, Parking parking, String name, Consumer<Runnable> reader,
			Consumer<@Nullable TaskRecord> found, Consumer<Throwable> failed) {
		this.mailbox = mailbox;
		this.parking = parking;
		this.name = name;
		this.reader = reader;
		this.found = found;
		this.failed = failed;
	}

	/**
	 * Look whenever the store says that there is something to see.
	 */
	void begin() {
		assert this.mailbox.isInside();
		this.signals = this.parking.tasks().watch(this.name).subscribe((revision) -> {
			// One that is overtaken on its way isn't taken for news
			this.toldRevision = revision.number();
			this.parking.threads().deliver(this.mailbox, this::signalled);
		}, (ex) -> noSignals(), this::noSignals);
	}

	// Most likely it isn't stored any more
	private void noSignals() {
		this.parking.threads().deliver(this.mailbox, this::look);
	}

	private void signalled() {
		assert this.mailbox.isInside();
		long told = this.toldRevision;
		this.signalledRevision = Math.max(this.signalledRevision, told);
		if (told < this.knownRevision && !this.changing) {
			// Lost by a store that has failed over
			look();
		}
		else {
			lookAtNews();
		}
	}

	private void lookAtNews() {
		if (!this.changing && this.signalledRevision > this.knownRevision) {
			look();
		}
	}

	/**
	 * Don't look for what is known already.
	 * @param revision the revision of the task that somebody has seen
	 */
	void knows(long revision) {
		assert this.mailbox.isInside();
		this.knownRevision = Math.max(this.knownRevision, revision);
	}

	/**
	 * The owner of the state changes the task, of which it needn't be told.
	 */
	void changing() {
		assert this.mailbox.isInside();
		this.changing = true;
	}

	/**
	 * Look as soon as the owner has done so.
	 */
	void lookAfterChange() {
		assert this.mailbox.isInside();
		this.lookAfterChange = true;
	}

	/**
	 * It has done so: look only if somebody else has changed it, too, of which nothing is
	 * known yet.
	 * @param revision the revision of the task after the change
	 * @param counts whether the change itself has raised that, for certain
	 */
	void changed(long revision, boolean counts) {
		assert this.mailbox.isInside();
		this.changing = false;
		boolean others = revision > this.knownRevision + (counts ? 1 : 0);
		// A store that has failed over may count again, and have lost what was known
		boolean lost = revision < this.knownRevision + (counts ? 1 : 0);
		if (this.lookAfterChange || others || lost) {
			this.lookAfterChange = false;
			look();
		}
		else {
			knows(revision);
			lookAtNews();
		}
	}

	void look() {
		assert this.mailbox.isInside();
		switch (this.look) {
			case NONE -> {
				this.look = Look.DUE;
				this.reader.accept(this::read);
			}
			case UNDER_WAY -> {
				this.look = Look.AND_ONE_MORE;
			}
			case DUE, AND_ONE_MORE, CLOSED -> {
			}
		}
	}

	private void read() {
		assert this.mailbox.isInside();
		if (this.look == Look.DUE) {
			this.look = Look.UNDER_WAY;
			this.parking.reads()
				.find(this.name)
				.singleOptional()
				.subscribe((record) -> this.mailbox.execute(() -> ended(() -> found(record.orElse(null)))),
						(ex) -> this.mailbox.execute(() -> ended(() -> this.failed.accept(ex))));
		}
	}

	/**
	 * Look in a second: the store is out of reach.
	 */
	void lookLater() {
		later(this::look);
	}

	private void later(Runnable look) {
		assert this.mailbox.isInside();
		if (!this.isLookDue) {
			this.isLookDue = true;
			this.parking.threads().deliverLater(PAUSE, () -> this.mailbox.execute(() -> {
				this.isLookDue = false;
				look.run();
			}));
		}
	}

	/**
	 * Look once it is this one's turn among all of this node: it isn't known that there
	 * is something to see.
	 */
	void lookInTurn() {
		assert this.mailbox.isInside();
		if (this.turn == Turn.NONE && this.look != Look.CLOSED) {
			this.turn = Turn.AWAITED;
			this.parking.looks().await(() -> this.mailbox.execute(() -> {
				this.turn = Turn.HERE;
				look();
				passOn();
			}));
		}
	}

	/**
	 * The store is out of reach: look in a second, once it is this one's turn. One that
	 * has had it keeps it until then, so that no more than may look at once ask such a
	 * store in a second.
	 */
	void lookInTurnLater() {
		later(() -> {
			passOn();
			lookInTurn();
		});
	}

	private void passOn() {
		boolean looks = this.look == Look.DUE || this.look == Look.UNDER_WAY || this.look == Look.AND_ONE_MORE;
		if (this.turn == Turn.HERE && !looks && !this.isLookDue) {
			this.turn = Turn.NONE;
			this.parking.looks().over();
		}
	}

	private void ended(Runnable tell) {
		assert this.mailbox.isInside();
		if (this.look == Look.CLOSED) {
			return;
		}
		boolean oneMore = this.look == Look.AND_ONE_MORE;
		this.look = Look.NONE;
		try {
			tell.run();
		}
		finally {
			if (oneMore) {
				look();
			}
			passOn();
		}
	}

	private void found(@Nullable TaskRecord record) {
		if (record != null) {
			long revision = record.revision().number();
			if (revision < this.knownRevision) {
				// Lost by a store that has failed over, which counts again. If this
				// look is too old, another one is due
				this.signalledRevision = revision;
			}
			this.knownRevision = revision;
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
		this.isLookDue = false;
		passOn();
	}

	private enum Look {

		NONE, DUE, UNDER_WAY, AND_ONE_MORE, CLOSED

	}

	private enum Turn {

		NONE, AWAITED, HERE

	}

}

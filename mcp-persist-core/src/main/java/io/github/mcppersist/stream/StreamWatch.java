package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;

import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.StreamKey;

/**
 * How a connection learns of events that other nodes store: the store hints at them, and
 * since a hint can be lost without anybody noticing, it is time to look now and then. It
 * belongs to the connection, and is used in its mailbox only.
 */
final class StreamWatch {

	private static final Logger logger = LoggerFactory.getLogger(StreamWatch.class);

	/**
	 * A client waits for its response meanwhile.
	 */
	static final Duration PATIENCE = Duration.ofSeconds(2);

	private final StreamContext context;

	private final StreamKey stream;

	private final Mailbox mailbox;

	private final Consumer<Hint> onHint;

	private final Runnable onLook;

	private State state = State.NONE;

	private @Nullable Disposable hints;

	private @Nullable Runnable onSettled;

	private Disposable patience = Disposables.disposed();

	private Disposable nextLook = Disposables.disposed();

	/**
	 * Create a watch that isn't started.
	 * @param context what all streams share
	 * @param stream the stream
	 * @param mailbox the owner of the connection's state
	 * @param onHint is told that there may be something to read; in the mailbox
	 * @param onLook is told that it is time to look; in the mailbox
	 */
	StreamWatch(StreamContext context, StreamKey stream, Mailbox mailbox, Consumer<Hint> onHint, Runnable onLook) {
		this.context = context;
		this.stream = stream;
		this.mailbox = mailbox;
		this.onHint = onHint;
		this.onLook = onLook;
	}

	/**
	 * Watch from now on. From the second time on it does nothing.
	 */
	void start() {
		assert this.mailbox.isInside();
		if (this.state != State.NONE) {
			return;
		}
		this.state = State.ASKED;
		this.hints = this.context.store()
			.watch(this.stream)
			.subscribe((hint) -> tell(() -> hinted(hint)), (ex) -> tell(() -> unwatched(ex.getMessage())),
					() -> tell(() -> unwatched("the store is closed")));
		lookLater();
	}

	private void tell(Runnable task) {
		this.context.threads().deliver(this.mailbox, task);
	}

	boolean isStarted() {
		return this.state != State.NONE && this.state != State.STOPPED;
	}

	/**
	 * Say whether the store has been told that this node reads the stream.
	 * @return whether it has said so
	 */
	boolean isWatched() {
		return this.state == State.WATCHED;
	}

	/**
	 * Do something as soon as the store knows that this node reads the stream, or it is
	 * known that it can't be told, or it has said nothing for two seconds: at once if it
	 * isn't asked to.
	 * @param task what to do
	 */
	void whenSettled(Runnable task) {
		assert this.mailbox.isInside();
		if (this.state == State.ASKED) {
			this.onSettled = task;
			this.patience = this.context.threads().deliverLater(PATIENCE, () -> this.mailbox.execute(this::settled));
		}
		else {
			task.run();
		}
	}

	/**
	 * Watch no more.
	 */
	void stop() {
		assert this.mailbox.isInside();
		this.state = State.STOPPED;
		this.nextLook.dispose();
		if (this.hints != null) {
			this.hints.dispose();
		}
		settled();
	}

	private void hinted(Hint hint) {
		if (this.state == State.STOPPED) {
			return;
		}
		if (hint instanceof Hint.NotWatched) {
			// If it is watched since, that has overtaken this on its way to the mailbox
			if (this.state != State.WATCHED) {
				this.state = State.UNWATCHED;
				settled();
			}
		}
		else if (hint instanceof Hint.Watched) {
			this.state = State.WATCHED;
			settled();
			this.onHint.accept(Hint.look());
		}
		else {
			// Of an earlier watch on this node, perhaps: it says nothing about this one
			this.onHint.accept(hint);
		}
	}

	private void unwatched(@Nullable String why) {
		if (this.state != State.STOPPED) {
			logger.debug("Stream {} can't be watched: {}", this.stream.streamId(), why);
			this.state = State.UNWATCHED;
			settled();
		}
	}

	private void settled() {
		Runnable task = this.onSettled;
		if (task != null) {
			this.onSettled = null;
			this.patience.dispose();
			task.run();
		}
	}

	private void lookLater() {
		Duration interval = this.context.settings().lookInterval();
		this.nextLook = this.context.threads().deliverLater(interval, () -> this.mailbox.execute(() -> {
			if (this.state != State.STOPPED) {
				lookLater();
				this.onLook.run();
			}
		}));
	}

	/**
	 * What the store knows of this watch.
	 */
	private enum State {

		/**
		 * Nothing; it isn't asked.
		 */
		NONE,

		/**
		 * It is asked.
		 */
		ASKED,

		/**
		 * That this node reads the stream.
		 */
		WATCHED,

		/**
		 * Nothing, since it is out of reach or the stream isn't there yet. It may know
		 * later.
		 */
		UNWATCHED,

		/**
		 * Nothing any more.
		 */
		STOPPED

	}

}

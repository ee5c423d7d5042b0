package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.observe.ResumeOutcome;

/**
 * How a connection asks the store: one question at a time. What is hinted meanwhile makes
 * it asked once more, and a store that is away is asked again after a pause that grows.
 * What an answer means is the connection's to say. It belongs to the connection, and is
 * used in its {@link Mailbox} only.
 */
final class Reading {

	private static final Logger logger = LoggerFactory.getLogger(Reading.class);

	private static final Duration PAUSE = Duration.ofMillis(250);

	private static final int MAX_PAUSE_SHIFT = 3;

	private final StreamContext context;

	private final Mailbox mailbox;

	private final PageReader reader;

	private final BooleanSupplier wanted;

	private final Runnable onStale;

	private final Runnable onWaited;

	private State state = State.IDLE;

	/**
	 * How many questions in a row had no answer.
	 */
	private int failures;

	private Disposable pause = Disposables.disposed();

	/**
	 * When the stream's expiry was last put off, by a read or otherwise.
	 */
	private long keptNanos;

	/**
	 * Create what asks nothing yet.
	 * @param context what all streams share
	 * @param mailbox the owner of the connection's state
	 * @param reader reads its stream
	 * @param wanted says whether the connection still wants what it has asked for
	 * @param onStale is told that an answer which it has taken may be too old
	 * @param onWaited is told that a pause is over
	 */
	Reading(StreamContext context, Mailbox mailbox, PageReader reader, BooleanSupplier wanted, Runnable onStale,
			Runnable onWaited) {
		this.context = context;
		this.mailbox = mailbox;
		this.reader = reader;
		this.wanted = wanted;
		this.onStale = onStale;
		this.onWaited = onWaited;
		this.keptNanos = context.threads().nanoTime();
	}

	/**
	 * Read a page, unless the store is asked already, or waited for.
	 * @param after the last event that the connection has passed, or {@code null} for
	 * before the first
	 * @param then is told in the mailbox what was found, if that is still wanted
	 */
	void read(@Nullable EventId after, Consumer<PageReader.Result> then) {
		this.<PageReader.Result>ask((answer) -> {
			this.keptNanos = this.context.threads().nanoTime();
			this.reader.read(after, (found) -> this.mailbox.execute(() -> answer.accept(found)));
		}, then);
	}

	/**
	 * Ask something, unless the store is asked already, or waited for.
	 * @param question asks, and tells the answer in the mailbox
	 * @param then is told the answer, if that is still wanted
	 * @param <T> what an answer is
	 */
	<T> void ask(Consumer<Consumer<T>> question, Consumer<T> then) {
		assert this.mailbox.isInside();
		if (this.state != State.IDLE) {
			return;
		}
		this.state = State.UNDER_WAY;
		question.accept((answer) -> {
			assert this.mailbox.isInside();
			boolean stale = this.state == State.STALE;
			this.state = State.IDLE;
			if (this.wanted.getAsBoolean()) {
				then.accept(answer);
				if (stale) {
					this.onStale.run();
				}
			}
		});
	}

	/**
	 * The store isn't away.
	 */
	void answered() {
		assert this.mailbox.isInside();
		this.failures = 0;
	}

	/**
	 * Wait for the store, which is away.
	 */
	void waitForStore() {
		assert this.mailbox.isInside();
		this.state = State.WAITING;
		Duration pause = PAUSE.multipliedBy(1L << Math.min(this.failures++, MAX_PAUSE_SHIFT));
		this.pause.dispose();
		this.pause = this.context.threads().deliverLater(pause, () -> this.mailbox.execute(() -> {
			if (breakOff()) {
				this.onWaited.run();
			}
		}));
	}

	/**
	 * Wait no longer.
	 * @return whether it waited
	 */
	boolean breakOff() {
		assert this.mailbox.isInside();
		boolean waited = isWaiting();
		if (waited) {
			this.pause.dispose();
			this.state = State.IDLE;
		}
		return waited;
	}

	/**
	 * Say whether nothing is asked, and nothing waited for.
	 * @return whether it reads no more by itself
	 */
	boolean isIdle() {
		return this.state == State.IDLE;
	}

	boolean isWaiting() {
		return this.state == State.WAITING;
	}

	/**
	 * There is something that an answer which is under way may be too old for.
	 * @return whether there is such an answer
	 */
	boolean hint() {
		assert this.mailbox.isInside();
		if (this.state == State.UNDER_WAY) {
			this.state = State.STALE;
			return true;
		}
		return this.state == State.STALE;
	}

	/**
	 * Put off the stream's expiry if no read has for a while: what a slow client hasn't
	 * come to yet must not expire before it does.
	 * @param now the time
	 */
	void keep(long now) {
		assert this.mailbox.isInside();
		if (now - this.keptNanos > StreamContext.nanos(this.context.store().completedTimeToLive()) / 3) {
			this.keptNanos = now;
			this.context.store().renewStreams(List.of(this.reader.stream())).subscribe((nothing) -> {
			}, (ex) -> logger.debug("A stream that is being read was not renewed; trying again later", ex));
		}
	}

	/**
	 * The resume is over, if there is one and it isn't over already.
	 * @param outcome how it ended
	 */
	void ended(ResumeOutcome outcome) {
		this.reader.ended(outcome, null);
	}

	private enum State {

		/**
		 * It isn't asked.
		 */
		IDLE,

		/**
		 * It is.
		 */
		UNDER_WAY,

		/**
		 * It is, and there has been a hint since.
		 */
		STALE,

		/**
		 * It is away, and asked again later.
		 */
		WAITING

	}

}

package io.github.mcppersist.stream;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamConflictException;
import io.github.mcppersist.event.StreamKey;

/**
 * The log of a session's standalone stream, on one of the nodes that may write to it:
 * what is sent by itself, and not for a request. It never ends before its session does.
 * Whoever loses a place in the stream to another node takes the next one.
 */
public final class StandaloneLog extends StreamLog {

	private final boolean first;

	/**
	 * What the client was sent last with its ID, the whole of it, on a connection of this
	 * node or as another has noted; it only moves forward. Written in the mailbox.
	 */
	private volatile @Nullable EventId delivered;

	/**
	 * What was delivered last when the store turned out not to have it any more. Written
	 * in the mailbox.
	 */
	private volatile @Nullable EventId gone;

	/**
	 * Where the last connection left off as far as the session store knows.
	 */
	private @Nullable EventId noted;

	/**
	 * Create a log. The stream may be there already, even of this node's making before it
	 * let the session go: opening it would drop what is stored.
	 * @param context what all streams share
	 * @param stream the stream
	 * @param noted what the client was sent last as far as the session store knows, or
	 * {@code null}
	 * @param first whether the session begins, so that there was no other log before
	 */
	public StandaloneLog(StreamContext context, StreamKey stream, @Nullable EventId noted, boolean first) {
		// If what was stored has expired, what follows is still behind what was noted
		super(context, stream, State.OPEN, (noted != null) ? noted.sequence() + 1 : 1);
		this.delivered = noted;
		this.noted = noted;
		this.first = first;
	}

	/**
	 * Return how far the client has got; a connection without a cursor begins after it.
	 * For any thread.
	 * @return the last event that it was sent with its ID, or {@code null}
	 */
	public @Nullable EventId lastDelivered() {
		return this.delivered;
	}

	/**
	 * Return what the client was sent, and the stream has lost. For any thread.
	 * @return the event, or {@code null}
	 */
	public @Nullable EventId lastGone() {
		return this.gone;
	}

	// In the mailbox

	/**
	 * Make a connection the stream's only one, and begin where the last one left off, on
	 * this node or another.
	 * @param newer the newer connection
	 * @param noted where the last one left off as far as the session store knows, or
	 * {@code null}
	 */
	public void begin(SseConnection newer, @Nullable EventId noted) {
		if (attach(newer) && isRunning()) {
			if (noted != null && !noted.equals(this.gone)) {
				this.noted = noted;
				delivered(noted);
				goOnBehind(noted);
			}
			newer.begin(this.delivered);
		}
	}

	/**
	 * Note also what another node has stored, or this one before it let the session go,
	 * so that what follows needn't be refused its place first.
	 */
	@Override
	void found(@Nullable EventId before, EventPage page) {
		super.found(before, page);
		if (page.rest() != EventPage.Rest.STORED && page.lastEventId() != null) {
			saw(page.lastEventId());
		}
	}

	private void saw(EventId last) {
		if (isQuiet() && last.sequence() >= tail().nextSequence() - 1) {
			goOnAfter(last);
		}
	}

	// What was delivered is stored, but may not be all that is
	private void goOnBehind(EventId noted) {
		if (isQuiet() && noted.sequence() >= tail().nextSequence()) {
			tail().renumber(noted.sequence() + 1);
		}
	}

	/**
	 * The store doesn't have an event that a connection was to begin after.
	 * @param start the event
	 * @return what another node has noted since, to begin after, or {@code null} to begin
	 * with the oldest event that is kept
	 */
	@Nullable EventId gone(EventId start) {
		assert mailbox().isInside();
		EventId noted = start.equals(this.noted) ? null : this.noted;
		if (start.equals(this.delivered)) {
			this.gone = start;
			this.delivered = noted;
		}
		return noted;
	}

	@Override
	@Nullable RequestIds requestIds() {
		return null;
	}

	@Override
	boolean accepts(@Nullable RequestId requestId) {
		return true;
	}

	@Override
	StreamTail.Kind adding(@Nullable RequestId requestId, boolean response) {
		return StreamTail.Kind.MESSAGE;
	}

	/**
	 * A session that was restored may have been on this node before.
	 */
	@Override
	boolean knowsWhatItStored() {
		return this.first || lastStored() != null;
	}

	/**
	 * It is opened when the store says that it isn't there, also for the first time. If
	 * its client doesn't listen here, it may do so elsewhere, where the store may have
	 * lost what nobody here knows of.
	 */
	@Override
	boolean mayBeKnownElsewhere() {
		return !isConnected() || lastStored() != null || this.delivered != null || this.gone != null;
	}

	@Override
	void onConflict(StreamConflictException conflict) {
		if (conflict.isComplete()) {
			end(State.COMPLETE);
		}
		else {
			goOnAt(conflict.nextSequence());
		}
	}

	@Override
	boolean isGivenUp() {
		return false;
	}

	@Override
	void delivered(EventId id) {
		assert mailbox().isInside();
		EventId delivered = this.delivered;
		if (delivered == null || id.sequence() > delivered.sequence()) {
			this.delivered = id;
		}
	}

}

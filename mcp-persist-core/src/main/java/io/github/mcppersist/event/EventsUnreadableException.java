package io.github.mcppersist.event;

import org.jspecify.annotations.Nullable;

/**
 * Thrown to a reader whose next event is kept, but can't be read: it is encrypted with a
 * key that this node doesn't have, or was changed. To the reader it is a gap, as one
 * whose next event is gone.
 */
public final class EventsUnreadableException extends EventStoreException {

	private final @Nullable RequestIds requestIds;

	private final EventId lastUnreadable;

	/**
	 * Create the exception.
	 * @param stream the stream
	 * @param requestIds what the stream answers, or {@code null} if it answers nothing,
	 * or that can't be read either
	 * @param lastUnreadable the last one of those events that can't be read, after which
	 * reading goes on
	 */
	public EventsUnreadableException(StreamKey stream, @Nullable RequestIds requestIds, EventId lastUnreadable) {
		super("Events of stream " + stream.streamId() + " after the given event ID can't be read");
		this.requestIds = requestIds;
		this.lastUnreadable = lastUnreadable;
	}

	/**
	 * Return what the stream answers, so that it can be ended with an error.
	 * @return the IDs of the requests, or {@code null}
	 */
	public @Nullable RequestIds requestIds() {
		return this.requestIds;
	}

	/**
	 * Return where reading goes on.
	 * @return the last one of the events that can't be read
	 */
	public EventId lastUnreadable() {
		return this.lastUnreadable;
	}

}

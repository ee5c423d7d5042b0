package io.github.mcppersist.event;

import org.jspecify.annotations.Nullable;

/**
 * Thrown to a reader whose stream is there, but whose next event is not kept any more.
 */
public final class EventsTrimmedException extends EventStoreException {

	private final @Nullable RequestIds requestIds;

	/**
	 * Create the exception.
	 * @param stream the stream
	 * @param requestIds what the stream answers, or {@code null} if it answers nothing
	 */
	public EventsTrimmedException(StreamKey stream, @Nullable RequestIds requestIds) {
		super("Events of stream " + stream.streamId() + " after the given event ID are no longer kept");
		this.requestIds = requestIds;
	}

	/**
	 * Return what the stream answers, so that it can be ended with an error.
	 * @return the IDs of the requests, or {@code null} if it answers nothing
	 */
	public @Nullable RequestIds requestIds() {
		return this.requestIds;
	}

}

package io.github.mcppersist.event;

import org.jspecify.annotations.Nullable;

/**
 * Thrown to a reader whose stream is there, but whose next event is not kept any more.
 */
public final class EventsTrimmedException extends EventStoreException {

	private final @Nullable String requestId;

	/**
	 * Create the exception.
	 * @param stream the stream
	 * @param requestId the JSON text of the ID of the request that the stream answers, or
	 * of the array of the IDs of a batch; {@code null} if it answers none
	 */
	public EventsTrimmedException(StreamKey stream, @Nullable String requestId) {
		super("Events of stream " + stream.streamId() + " after the given event ID are no longer kept");
		this.requestId = requestId;
	}

	/**
	 * Return the ID of the request that the stream answers, so that it can be ended with
	 * an error.
	 * @return the JSON text of the ID, or {@code null}
	 */
	public @Nullable String requestId() {
		return this.requestId;
	}

}

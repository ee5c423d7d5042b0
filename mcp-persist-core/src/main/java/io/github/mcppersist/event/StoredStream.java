package io.github.mcppersist.event;

import java.util.Objects;

/**
 * What a store holds of a stream, its events left out.
 *
 * @param streamId the stream ID
 * @param head what is known of the stream beside its events
 * @param lastSequence the sequence of the newest event
 * @param complete whether the stream is complete
 */
public record StoredStream(String streamId, StreamHead head, long lastSequence, boolean complete) {

	public StoredStream {
		Objects.requireNonNull(streamId, "streamId must not be null");
		Objects.requireNonNull(head, "head must not be null");
	}

}

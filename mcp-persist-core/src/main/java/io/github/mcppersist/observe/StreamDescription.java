package io.github.mcppersist.observe;

import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * What this node has to do with a stream: it runs the stream, or has a connection of it,
 * or both.
 *
 * @param streamId the stream ID
 * @param requestId the JSON text of the ID of the request that the stream answers, or of
 * the array of the IDs of a batch; {@code null} if it answers none or runs elsewhere
 * @param runsHere whether this node writes the stream
 * @param lastSequence the sequence of the newest event that is known to be stored, or 0
 * @param connection what the stream's open connection is for, or {@code null} if this
 * node has none
 */
public record StreamDescription(String streamId, @Nullable String requestId, boolean runsHere, long lastSequence,
		@Nullable ConnectionKind connection) {

	public StreamDescription {
		Objects.requireNonNull(streamId, "streamId must not be null");
	}

}

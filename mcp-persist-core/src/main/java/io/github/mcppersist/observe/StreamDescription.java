package io.github.mcppersist.observe;

import java.util.Objects;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.RequestIds;

/**
 * What this node has to do with a stream: it runs the stream, or has a connection of it,
 * or both.
 *
 * @param streamId the stream ID
 * @param requestIds what the stream answers, or {@code null} if it answers nothing or
 * runs elsewhere
 * @param runsHere whether this node writes the stream
 * @param lastSequence the sequence of the newest event that is known to be stored, or 0
 * @param connection what the stream's open connection is for, or {@code null} if this
 * node has none
 */
public record StreamDescription(String streamId, @Nullable RequestIds requestIds, boolean runsHere, long lastSequence,
		@Nullable ConnectionKind connection) {

	public StreamDescription {
		Objects.requireNonNull(streamId, "streamId must not be null");
	}

}

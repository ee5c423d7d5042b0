package io.github.mcppersist.event;

import org.jspecify.annotations.Nullable;

/**
 * What a store knows of a stream beside its events.
 *
 * @param owner the ID of the node that opened the stream, or {@code null} if the store
 * isn't shared between nodes
 * @param reader the ID of the node that watched the stream last, or {@code null} if none
 * has, or the store isn't shared between nodes
 * @param requestId the JSON text of the ID of the request that the stream answers, or of
 * the array of the IDs of a batch; {@code null} if it answers none
 */
public record StreamHead(@Nullable String owner, @Nullable String reader, @Nullable String requestId) {

}

package io.github.mcppersist.event;

import org.jspecify.annotations.Nullable;

/**
 * What a store knows of a stream beside its events.
 *
 * @param owner the ID of the node that opened the stream, or {@code null} if the store
 * isn't shared between nodes
 * @param reader the ID of the node that watched the stream last, or {@code null} if none
 * has, or the store isn't shared between nodes
 * @param requestIds what the stream answers, or {@code null} if it answers nothing
 */
public record StreamHead(@Nullable String owner, @Nullable String reader, @Nullable RequestIds requestIds) {

}

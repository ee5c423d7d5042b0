package io.github.mcppersist.samples.failover;

import org.jspecify.annotations.Nullable;

/**
 * An event as it came off the wire.
 *
 * @param id the event ID, or {@code null} if the event has none
 * @param data the JSON-RPC message; empty for a priming event
 */
record SseEvent(@Nullable String id, String data) {

}

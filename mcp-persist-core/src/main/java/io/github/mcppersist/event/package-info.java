/**
 * The event store: what a stream, an event and an event ID are, and where they are kept.
 */
@NullMarked
package io.github.mcppersist.event;

import org.jspecify.annotations.NullMarked;

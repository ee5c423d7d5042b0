package io.github.mcppersist.event;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when the store will never take what it was given: it is too large, or the store
 * lacks a right. It isn't stored, and the caller doesn't make the same call again.
 */
public final class EventStoreRefusedException extends EventStoreException {

	public EventStoreRefusedException(String message) {
		super(message);
	}

	public EventStoreRefusedException(String message, @Nullable Throwable cause) {
		super(message, cause);
	}

}

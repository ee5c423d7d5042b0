package io.github.mcppersist.event;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when an {@link EventStore} can't do what it was asked. The subtypes are what a
 * caller can act on.
 */
public class EventStoreException extends RuntimeException {

	public EventStoreException(String message) {
		super(message);
	}

	public EventStoreException(String message, @Nullable Throwable cause) {
		super(message, cause);
	}

}

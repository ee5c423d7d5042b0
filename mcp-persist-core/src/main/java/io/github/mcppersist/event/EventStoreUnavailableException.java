package io.github.mcppersist.event;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when the store didn't acknowledge a call in time, or refuses calls for the
 * moment. What the call was to store may or may not be stored: the caller makes the same
 * call again later.
 */
public final class EventStoreUnavailableException extends EventStoreException {

	public EventStoreUnavailableException(String message) {
		super(message);
	}

	public EventStoreUnavailableException(String message, @Nullable Throwable cause) {
		super(message, cause);
	}

}

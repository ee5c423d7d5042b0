package io.github.mcppersist.task;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when the store didn't acknowledge a call in time, or refuses calls for the
 * moment. What the call was to do may or may not be done: the caller makes the same call
 * again later, by subscribing again to what it returned.
 */
public final class TaskStoreUnavailableException extends TaskStoreException {

	public TaskStoreUnavailableException(String message) {
		super(message);
	}

	public TaskStoreUnavailableException(String message, @Nullable Throwable cause) {
		super(message, cause);
	}

}

package io.github.mcppersist.task;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when a {@link TaskStore} can't do what it was asked. The subtypes are what a
 * caller can act on.
 */
public class TaskStoreException extends RuntimeException {

	public TaskStoreException(String message) {
		super(message);
	}

	public TaskStoreException(String message, @Nullable Throwable cause) {
		super(message, cause);
	}

}

package io.github.mcppersist.task;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when the store will never take what it was given: it is too large, there is too
 * much of it, or the store lacks a right. It isn't stored, and the caller doesn't make
 * the same call again.
 */
public final class TaskStoreRefusedException extends TaskStoreException {

	public TaskStoreRefusedException(String message) {
		super(message);
	}

	public TaskStoreRefusedException(String message, @Nullable Throwable cause) {
		super(message, cause);
	}

}

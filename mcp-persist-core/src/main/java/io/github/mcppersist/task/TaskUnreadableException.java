package io.github.mcppersist.task;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when a task is stored and can't be read by this node, however often it tries:
 * what it has asked or come to can't be opened here. Another node may be able to read it.
 * Whoever opens it has reported why, so the caller needn't.
 */
public final class TaskUnreadableException extends TaskStoreException {

	public TaskUnreadableException(String message, @Nullable Throwable cause) {
		super(message, cause);
	}

}

package io.github.mcppersist.task;

/**
 * Thrown when a task is to be changed that isn't stored: it never was, or has expired.
 */
public final class TaskNotFoundException extends TaskStoreException {

	public TaskNotFoundException() {
		super("The task is unknown, or has expired");
	}

}

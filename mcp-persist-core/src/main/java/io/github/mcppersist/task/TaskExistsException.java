package io.github.mcppersist.task;

/**
 * Thrown when a task is to be created under an ID that another one has. That one is left
 * as it is.
 */
public final class TaskExistsException extends TaskStoreException {

	public TaskExistsException() {
		super("There is a task with this ID already: draw another one");
	}

}

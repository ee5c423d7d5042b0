package io.github.mcppersist.task;

import java.util.Objects;

/**
 * Thrown when the owner of a task goes on with it and somebody has ended it: it was
 * cancelled, or its owner was taken for gone. The owner stops the call and drops its
 * result.
 */
public final class TaskEndedException extends TaskStoreException {

	private final TaskStatus status;

	/**
	 * Create the exception.
	 * @param status in which state it has ended
	 */
	public TaskEndedException(TaskStatus status) {
		super("The task has ended and doesn't change any more: it is " + status);
		this.status = Objects.requireNonNull(status, "status must not be null");
	}

	/**
	 * Return in which state the task has ended.
	 * @return a terminal status
	 */
	public TaskStatus status() {
		return this.status;
	}

}

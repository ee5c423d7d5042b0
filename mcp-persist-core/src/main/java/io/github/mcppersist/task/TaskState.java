package io.github.mcppersist.task;

import java.util.Objects;

import io.github.mcppersist.event.Revision;

/**
 * What whoever changes a task learns of it.
 *
 * @param owner the ID of the node that runs it, or ran it
 * @param status the state that it is in after the change
 * @param revision how often it has changed
 */
public record TaskState(String owner, TaskStatus status, Revision revision) {

	public TaskState {
		Objects.requireNonNull(owner, "owner must not be null");
		Objects.requireNonNull(status, "status must not be null");
		Objects.requireNonNull(revision, "revision must not be null");
	}

}

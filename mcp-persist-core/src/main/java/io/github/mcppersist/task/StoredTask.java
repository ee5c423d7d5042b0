package io.github.mcppersist.task;

import java.time.Duration;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * What a store knows of a task, for operators. The times are by the store's own clock.
 *
 * @param taskId the task ID; from an endpoint its {@linkplain TaskNames name}
 * @param node the ID of the node that runs it, or ran it
 * @param principal whose it is, {@linkplain TaskNames#ofPrincipal hashed}, or
 * {@code null} if it is nobody's, or that can't be read
 * @param tool the tool that runs, or ran, or {@code null} if that can't be read
 * @param status the state that it is in
 * @param statusMessage what a client is told of that, or {@code null} if that is nothing,
 * or can't be read
 * @param inputRequests how many things its client was asked and hasn't answered
 * @param age how long ago its call was stored
 * @param idle how long ago it changed last
 * @param left how long it is still kept at least
 */
public record StoredTask(String taskId, String node, @Nullable String principal, @Nullable String tool,
		TaskStatus status, @Nullable String statusMessage, int inputRequests, Duration age, Duration idle,
		Duration left) {

	public StoredTask {
		TaskRecord.requireTaskId(taskId);
		Objects.requireNonNull(node, "node must not be null");
		Objects.requireNonNull(status, "status must not be null");
		Objects.requireNonNull(age, "age must not be null");
		Objects.requireNonNull(idle, "idle must not be null");
		Objects.requireNonNull(left, "left must not be null");
	}

	/**
	 * Return the state and how old it is; the rest is the user's.
	 */
	@Override
	public String toString() {
		return "task, " + this.status + ", created " + this.age + " ago";
	}

}

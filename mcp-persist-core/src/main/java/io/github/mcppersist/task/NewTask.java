package io.github.mcppersist.task;

import java.time.Duration;
import java.util.Map;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.node.NodeRegistry;

/**
 * A call that is to outlive its connection: a task, or a call whose client was asked
 * something and comes back with the answer, maybe to another node.
 *
 * @param taskId the task ID, never used before: 1 to 32 characters out of
 * {@code A-Z a-z 0-9 . _ -}; from an endpoint its {@linkplain TaskNames name}
 * @param owner the ID of the node that runs the call: that of the store's own node
 * @param principal whose call it is, {@linkplain TaskNames#ofPrincipal hashed}, or
 * {@code null} if it is nobody's
 * @param tool the tool that runs as a task, which operators are shown, or {@code null}
 * for what is no task to its client. Its length is the caller's to bound
 * @param timeToLive how long it is kept at least, from its creation on. A store raises it
 * to its own {@link TaskStore#minTimeToLive()}
 * @param statusMessage what a client is told of its state, or {@code null}
 * @param inputRequests what its client is asked already, by key, as UTF-8 JSON; may be
 * empty. The arrays are shared, not copied: nobody may change them
 */
public record NewTask(String taskId, String owner, @Nullable String principal, @Nullable String tool,
		Duration timeToLive, @Nullable String statusMessage, Map<String, byte[]> inputRequests) {

	public NewTask {
		TaskRecord.requireTaskId(taskId);
		if (!NodeRegistry.isNodeId(owner)) {
			throw new IllegalArgumentException("Not the ID of a node: '" + owner + "'");
		}
		if (timeToLive.toMillis() < 1 || timeToLive.toDays() > TaskRecord.MAX_DAYS) {
			throw new IllegalArgumentException(
					"timeToLive must be at least one millisecond and at most ten years, not " + timeToLive);
		}
		inputRequests = TaskChange.requireRequests(inputRequests);
	}

	/**
	 * Return a call that has asked nothing yet.
	 * @param taskId the task ID
	 * @param owner the ID of the node that runs it
	 * @param principal whose it is, hashed, or {@code null}
	 * @param timeToLive how long it is kept at least
	 * @return a task that works
	 */
	public static NewTask working(String taskId, String owner, @Nullable String principal, Duration timeToLive) {
		return new NewTask(taskId, owner, principal, null, timeToLive, null, Map.of());
	}

	/**
	 * Return this call as that of a tool.
	 * @param name the tool that runs as a task
	 * @return a new call
	 */
	public NewTask withTool(String name) {
		return new NewTask(this.taskId, this.owner, this.principal, name, this.timeToLive, this.statusMessage,
				this.inputRequests);
	}

	/**
	 * Return in which state the task begins.
	 * @return {@link TaskStatus#INPUT_REQUIRED} if its client is asked something
	 */
	public TaskStatus status() {
		return this.inputRequests.isEmpty() ? TaskStatus.WORKING : TaskStatus.INPUT_REQUIRED;
	}

	@Override
	public boolean equals(Object other) {
		return other instanceof NewTask task && this.taskId.equals(task.taskId) && this.owner.equals(task.owner)
				&& Objects.equals(this.principal, task.principal) && Objects.equals(this.tool, task.tool)
				&& this.timeToLive.equals(task.timeToLive) && Objects.equals(this.statusMessage, task.statusMessage)
				&& TaskRecord.equal(this.inputRequests, task.inputRequests);
	}

	@Override
	public int hashCode() {
		return this.taskId.hashCode();
	}

	/**
	 * Return the state and how much its client is asked; the rest is the user's.
	 */
	@Override
	public String toString() {
		return "new task, " + status() + ", " + this.inputRequests.size() + " requests for input";
	}

}

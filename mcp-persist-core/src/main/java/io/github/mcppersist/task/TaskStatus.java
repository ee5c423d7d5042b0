package io.github.mcppersist.task;

/**
 * Which state a task is in (MCP extension {@code io.modelcontextprotocol/tasks}, "Task
 * Status").
 */
public enum TaskStatus {

	/**
	 * The call runs.
	 */
	WORKING("working"),

	/**
	 * The call waits for its client to answer what it was asked.
	 */
	INPUT_REQUIRED("input_required"),

	/**
	 * The call has a result, which may say that the tool has failed.
	 */
	COMPLETED("completed"),

	/**
	 * The call ended with a JSON-RPC error.
	 */
	FAILED("failed"),

	/**
	 * The call was cancelled before it ended.
	 */
	CANCELLED("cancelled");

	private final String text;

	TaskStatus(String text) {
		this.text = text;
	}

	/**
	 * Return the status that the specification spells so.
	 * @param text such as {@code input_required}
	 * @return the status
	 * @throws IllegalArgumentException if there is none
	 */
	public static TaskStatus parse(String text) {
		for (TaskStatus status : values()) {
			if (status.text.equals(text)) {
				return status;
			}
		}
		throw new IllegalArgumentException("Not the status of a task: '" + text + "'");
	}

	/**
	 * Say whether a task stays in this state for good.
	 * @return whether it has ended
	 */
	public boolean isTerminal() {
		return this != WORKING && this != INPUT_REQUIRED;
	}

	/**
	 * Return the status as the specification spells it.
	 */
	@Override
	public String toString() {
		return this.text;
	}

}

package io.github.mcppersist.task;

/**
 * When the call of a tool becomes a task (MCP extension
 * {@code io.modelcontextprotocol/tasks}, "Task Creation"). Clients say that they can deal
 * with one, the server decides.
 */
public enum TaskPolicy {

	/**
	 * Never: its client waits for it on its connection.
	 */
	NEVER,

	/**
	 * From its beginning, if its client can deal with tasks.
	 */
	SUPPORTED,

	/**
	 * When it has run for some time, if its client can deal with tasks. What it asks its
	 * client before that ends a round of the request.
	 */
	AFTER,

	/**
	 * From its beginning, and otherwise not at all: it is refused to clients that can't
	 * deal with tasks, and while it can't be stored.
	 */
	REQUIRED

}

package io.github.mcppersist.observe;

/**
 * How a task of this node has ended.
 */
public enum TaskOutcome {

	/**
	 * With a result, which may say that the tool has failed.
	 */
	COMPLETED,

	/**
	 * With a JSON-RPC error.
	 */
	FAILED,

	/**
	 * Its client has cancelled it, or an operator has.
	 */
	CANCELLED,

	/**
	 * Its client hasn't answered in time what it was asked.
	 */
	TIMED_OUT,

	/**
	 * The store has lost it, or refuses what it has come to, or another node has ended
	 * it, for which this one was gone.
	 */
	LOST,

	/**
	 * This node was shut down.
	 */
	SHUT_DOWN

}

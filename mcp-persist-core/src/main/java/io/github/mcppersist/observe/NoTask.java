package io.github.mcppersist.observe;

/**
 * Why a call that was to become a task has not.
 */
public enum NoTask {

	/**
	 * As many run on this node as may, in all.
	 */
	FULL,

	/**
	 * As many of its principal's run on this node as may.
	 */
	PRINCIPAL_FULL,

	/**
	 * The store is out of reach, keeps no more tasks, or refuses this one.
	 */
	UNAVAILABLE

}

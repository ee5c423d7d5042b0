package io.github.mcppersist.observe;

/**
 * How a call has ended that had asked its client of revision 2026-07-28 for input.
 */
public enum ParkedCallOutcome {

	/**
	 * Its handler has ended, with a result or an error.
	 */
	COMPLETED,

	/**
	 * Its client has closed the response to a request while it waited.
	 */
	CANCELLED,

	/**
	 * Its client hasn't come back in time.
	 */
	TIMED_OUT,

	/**
	 * It was not parked: as many calls are as may be, or it asks for more than is kept.
	 */
	REFUSED,

	/**
	 * It was not parked: the store was out of reach.
	 */
	UNAVAILABLE,

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

package io.github.mcppersist.observe;

/**
 * Why a {@code requestState} was rejected. The client isn't told.
 */
public enum RequestStateRejection {

	/**
	 * It can't be opened: it was forged or changed, is of another principal, or of
	 * another request, or its key is unknown.
	 */
	INVALID,

	/**
	 * It was given out here, and its call is over, or the store has lost it.
	 */
	EXPIRED

}

package io.github.mcppersist.observe;

/**
 * Of which revisions of the protocol a request is.
 */
public enum Era {

	/**
	 * Of those up to 2025-11-25, which have sessions.
	 */
	LEGACY,

	/**
	 * Of 2026-07-28, whose requests say all that is to be known of their client.
	 */
	MODERN

}

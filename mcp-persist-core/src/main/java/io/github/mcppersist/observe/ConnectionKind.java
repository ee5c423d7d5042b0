package io.github.mcppersist.observe;

/**
 * What a client opened an SSE connection for.
 */
public enum ConnectionKind {

	/**
	 * A POST: its request's messages and its response.
	 */
	REQUEST,

	/**
	 * A GET: what the server sends by itself, resumed or not.
	 */
	STANDALONE,

	/**
	 * A GET with {@code Last-Event-ID}: what is left of a request's stream.
	 */
	RESUMED,

	/**
	 * A POST of {@code subscriptions/listen}: the changes that a client of revision
	 * 2026-07-28 listens to.
	 */
	SUBSCRIPTION

}

package io.github.mcppersist.observe;

/**
 * How a resume ended (MCP 2025-11-25, "Resumability and Redelivery").
 */
public enum ResumeOutcome {

	/**
	 * The client has all that is stored, and gets what follows as it comes.
	 */
	LIVE,

	/**
	 * The client has the stream to its end.
	 */
	COMPLETE,

	/**
	 * Events after the client's cursor are gone, and the client was told.
	 */
	GAP,

	/**
	 * The event ID is malformed, foreign, unknown or expired.
	 */
	UNKNOWN_EVENT,

	/**
	 * There is no such session, or it is somebody else's.
	 */
	UNKNOWN_SESSION,

	/**
	 * Other connections of the session listen already: this one waits for the place of
	 * another one, or was refused since too many wait.
	 */
	TOO_MANY_LISTENERS,

	/**
	 * A store is out of reach.
	 */
	UNAVAILABLE,

	/**
	 * The connection ended before the client had all: the client left or came back once
	 * more, or the server stopped.
	 */
	ABANDONED

}

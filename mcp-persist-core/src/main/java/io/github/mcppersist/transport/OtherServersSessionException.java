package io.github.mcppersist.transport;

/**
 * Thrown for a session that is stored, and is another MCP server's. To a client it is one
 * that doesn't exist.
 */
final class OtherServersSessionException extends RejectedRequestException {

	private static final long serialVersionUID = 1L;

	private final String server;

	OtherServersSessionException(String server) {
		super(Rejection.UNKNOWN_SESSION);
		this.server = server;
	}

	/**
	 * Return whose session it is.
	 * @return the name of the MCP server
	 */
	String server() {
		return this.server;
	}

}

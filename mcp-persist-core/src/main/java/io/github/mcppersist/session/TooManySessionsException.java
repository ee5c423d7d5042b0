package io.github.mcppersist.session;

/**
 * Thrown when a session is created beyond what a store keeps. Those that are there stay:
 * a client that floods a server keeps new ones out, and drives nobody away.
 */
public final class TooManySessionsException extends SessionStoreException {

	public TooManySessionsException() {
		super("As many sessions are stored as there may be: a new one can begin when one has ended or expired");
	}

}

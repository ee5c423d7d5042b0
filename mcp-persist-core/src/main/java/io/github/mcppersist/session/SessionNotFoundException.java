package io.github.mcppersist.session;

/**
 * Thrown when a session is changed that isn't stored: it was never created, has expired,
 * was deleted, or was lost.
 */
public final class SessionNotFoundException extends SessionStoreException {

	public SessionNotFoundException() {
		super("The session isn't stored: it was never created, has expired, was deleted, or was lost");
	}

}

package io.github.mcppersist.session;

/**
 * Thrown when something is to be stored of a session that was deleted: that is for good.
 */
public final class SessionAlreadyDeletedException extends SessionStoreException {

	public SessionAlreadyDeletedException() {
		super("The session was deleted: nothing of it is stored any more");
	}

}

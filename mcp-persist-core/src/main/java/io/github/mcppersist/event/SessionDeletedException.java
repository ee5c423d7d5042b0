package io.github.mcppersist.event;

/**
 * Thrown when a stream of a deleted session is opened.
 */
public final class SessionDeletedException extends EventStoreException {

	public SessionDeletedException() {
		super("The session was deleted: nothing of it is stored any more");
	}

}

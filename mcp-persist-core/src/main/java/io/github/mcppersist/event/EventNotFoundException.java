package io.github.mcppersist.event;

/**
 * Thrown to a reader whose event ID isn't one of this stream: it is unknown, belongs to
 * another stream or session, or has expired. These are told apart by nobody.
 */
public final class EventNotFoundException extends EventStoreException {

	public EventNotFoundException() {
		super("No such event: it is unknown, belongs elsewhere, or has expired");
	}

}

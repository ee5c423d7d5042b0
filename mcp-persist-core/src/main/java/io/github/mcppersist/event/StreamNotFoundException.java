package io.github.mcppersist.event;

/**
 * Thrown to a writer whose stream is not there: it was never opened, or it expired, or
 * the store lost it. The writer opens it again with what it still has.
 */
public final class StreamNotFoundException extends EventStoreException {

	public StreamNotFoundException(StreamKey stream) {
		super("Stream " + stream.streamId() + " isn't stored: it was never opened, has expired, or was lost");
	}

}

package io.github.mcppersist.stream;

/**
 * Thrown to who asks the client something on a stream that has ended: nobody would
 * answer.
 */
public final class StreamEndedException extends RuntimeException {

	StreamEndedException() {
		super("The stream has ended, so the client can't be asked any more");
	}

}

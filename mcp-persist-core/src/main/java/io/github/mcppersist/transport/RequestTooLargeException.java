package io.github.mcppersist.transport;

/**
 * Thrown by an adapter when a request's body is longer than the endpoint accepts;
 * answered with 413.
 */
public final class RequestTooLargeException extends RuntimeException {

	public RequestTooLargeException(int maxBytes) {
		super("The request body is longer than the " + maxBytes + " bytes that this server accepts");
	}

}

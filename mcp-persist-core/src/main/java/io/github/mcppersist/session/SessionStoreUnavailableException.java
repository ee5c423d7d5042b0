package io.github.mcppersist.session;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when the store didn't acknowledge a call in time, or refuses calls for the
 * moment. What the call was to do may or may not be done: the caller makes the same call
 * again later.
 */
public final class SessionStoreUnavailableException extends SessionStoreException {

	public SessionStoreUnavailableException(String message) {
		super(message);
	}

	public SessionStoreUnavailableException(String message, @Nullable Throwable cause) {
		super(message, cause);
	}

}

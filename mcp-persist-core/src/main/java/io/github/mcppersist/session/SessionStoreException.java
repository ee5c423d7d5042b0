package io.github.mcppersist.session;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when a {@link SessionStore} can't do what it was asked. The subtypes are what a
 * caller can act on.
 */
public class SessionStoreException extends RuntimeException {

	public SessionStoreException(String message) {
		super(message);
	}

	public SessionStoreException(String message, @Nullable Throwable cause) {
		super(message, cause);
	}

}

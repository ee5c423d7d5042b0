package io.github.mcppersist.payload;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when a payload can't be opened: its key is unknown, it was changed or moved, or
 * it isn't what this version knows. The message says why, and nothing of the payload or
 * of a key.
 */
public final class UnreadablePayloadException extends RuntimeException {

	public UnreadablePayloadException(String message) {
		super(message);
	}

	public UnreadablePayloadException(String message, @Nullable Throwable cause) {
		super(message, cause);
	}

}

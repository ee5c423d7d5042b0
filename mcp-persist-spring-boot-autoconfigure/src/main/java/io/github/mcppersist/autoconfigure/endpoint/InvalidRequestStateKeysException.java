package io.github.mcppersist.autoconfigure.endpoint;

/**
 * Thrown when {@code mcp.persist.modern.request-state.keys} can't be meant as it is. Its
 * message has nothing of keys.
 */
final class InvalidRequestStateKeysException extends RuntimeException {

	InvalidRequestStateKeysException(String property, String rule) {
		super(property + " can't be used: " + rule);
	}

}

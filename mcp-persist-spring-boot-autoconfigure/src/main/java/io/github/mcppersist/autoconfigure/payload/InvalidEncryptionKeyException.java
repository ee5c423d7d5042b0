package io.github.mcppersist.autoconfigure.payload;

/**
 * Thrown when {@code mcp.persist.encryption.keys} has something else than keys. Its
 * message has nothing of them.
 */
final class InvalidEncryptionKeyException extends RuntimeException {

	InvalidEncryptionKeyException(String property, String rule) {
		super(property + " can't be used: " + rule);
	}

}

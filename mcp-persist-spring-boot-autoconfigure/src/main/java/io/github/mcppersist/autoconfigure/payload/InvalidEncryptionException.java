package io.github.mcppersist.autoconfigure.payload;

/**
 * Thrown when the properties below {@code mcp.persist.encryption} can't be meant as they
 * are. Its message has nothing of keys.
 */
final class InvalidEncryptionException extends RuntimeException {

	InvalidEncryptionException(String property, String rule) {
		super(property + " can't be used: " + rule);
	}

}

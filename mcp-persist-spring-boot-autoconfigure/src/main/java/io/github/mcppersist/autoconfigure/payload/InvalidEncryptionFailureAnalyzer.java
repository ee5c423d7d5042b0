package io.github.mcppersist.autoconfigure.payload;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Says what to do about an {@link InvalidEncryptionException}.
 */
final class InvalidEncryptionFailureAnalyzer extends AbstractFailureAnalyzer<InvalidEncryptionException> {

	static final String ACTION = "Give each key as its ID, a colon, and 32 random bytes in Base64, which 'openssl rand "
			+ "-base64 32' makes, in YAML in quotes. Several are a list, or separated by commas; the first one encrypts. "
			+ "Without keys, nothing is encrypted: then remove what is set below mcp.persist.encryption. "
			+ "Before encryption is switched off, set accept-plain to true on all instances.";

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, InvalidEncryptionException cause) {
		return new FailureAnalysis(cause.getMessage(), ACTION, cause);
	}

}

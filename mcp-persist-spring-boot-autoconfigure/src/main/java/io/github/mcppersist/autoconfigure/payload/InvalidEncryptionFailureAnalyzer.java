package io.github.mcppersist.autoconfigure.payload;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Says what to do about an {@link InvalidEncryptionException}.
 */
final class InvalidEncryptionFailureAnalyzer extends AbstractFailureAnalyzer<InvalidEncryptionException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, InvalidEncryptionException cause) {
		return new FailureAnalysis(cause.getMessage(), KeyProperties.ENCRYPTION.action(), cause);
	}

}

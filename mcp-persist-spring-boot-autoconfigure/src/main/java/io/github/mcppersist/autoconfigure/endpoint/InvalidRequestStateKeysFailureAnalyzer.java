package io.github.mcppersist.autoconfigure.endpoint;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

import io.github.mcppersist.autoconfigure.payload.KeyProperties;

/**
 * Says what to do about an {@link InvalidRequestStateKeysException}.
 */
final class InvalidRequestStateKeysFailureAnalyzer extends AbstractFailureAnalyzer<InvalidRequestStateKeysException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, InvalidRequestStateKeysException cause) {
		return new FailureAnalysis(cause.getMessage(), KeyProperties.REQUEST_STATE.action(), cause);
	}

}

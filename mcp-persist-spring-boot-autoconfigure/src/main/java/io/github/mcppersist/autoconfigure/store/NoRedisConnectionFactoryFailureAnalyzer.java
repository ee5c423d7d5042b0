package io.github.mcppersist.autoconfigure.store;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * Says what to do about a {@link NoRedisConnectionFactoryException}.
 */
final class NoRedisConnectionFactoryFailureAnalyzer extends AbstractFailureAnalyzer<NoRedisConnectionFactoryException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, NoRedisConnectionFactoryException cause) {
		return new FailureAnalysis(cause.getMessage(),
				"Add spring-boot-starter-data-redis and mcp-persist-redis to the class path and set spring.data.redis.*, "
						+ "or declare a RedisConnectionFactory bean, or set mcp.persist.store to 'memory'.",
				cause);
	}

}

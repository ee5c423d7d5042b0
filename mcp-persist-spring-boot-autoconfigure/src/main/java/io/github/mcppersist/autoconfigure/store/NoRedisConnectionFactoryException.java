package io.github.mcppersist.autoconfigure.store;

/**
 * Thrown when the events are to be kept in Redis, but the application has no connection
 * to one.
 */
final class NoRedisConnectionFactoryException extends RuntimeException {

	NoRedisConnectionFactoryException() {
		super("mcp.persist.store is 'redis', but there is no RedisConnectionFactory bean to reach one with");
	}

}

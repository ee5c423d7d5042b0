package io.github.mcppersist.redis;

import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.test.redis.TestRedis;

/**
 * {@link RedisSessionStore} with Lettuce.
 */
class RedisSessionStoreTests extends AbstractRedisSessionStoreTests {

	RedisSessionStoreTests(TestRedis redis) {
		super(redis);
	}

	@Override
	RedisConnectionFactory connectionFactory(TestRedis redis) {
		return redis.lettuce();
	}

}

package io.github.mcppersist.redis;

import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.test.redis.TestRedis;

/**
 * {@link RedisEventStore} with Lettuce.
 */
class RedisEventStoreTests extends AbstractRedisEventStoreTests {

	RedisEventStoreTests(TestRedis redis) {
		super(redis);
	}

	@Override
	RedisConnectionFactory connectionFactory(TestRedis redis) {
		return redis.lettuce();
	}

}

package io.github.mcppersist.redis;

import org.springframework.data.redis.connection.RedisConnectionFactory;

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

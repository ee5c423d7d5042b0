package io.github.mcppersist.redis;

import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.test.redis.TestRedis;

/**
 * {@link RedisEventStore} with Jedis.
 */
class RedisEventStoreJedisTests extends AbstractRedisEventStoreTests {

	RedisEventStoreJedisTests(TestRedis redis) {
		super(redis);
	}

	@Override
	RedisConnectionFactory connectionFactory(TestRedis redis) {
		return redis.jedis();
	}

}

package io.github.mcppersist.redis;

import org.springframework.data.redis.connection.RedisConnectionFactory;

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

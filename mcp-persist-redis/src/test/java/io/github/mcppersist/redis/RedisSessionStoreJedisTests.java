package io.github.mcppersist.redis;

import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.test.redis.TestRedis;

/**
 * {@link RedisSessionStore} with Jedis.
 */
class RedisSessionStoreJedisTests extends AbstractRedisSessionStoreTests {

	RedisSessionStoreJedisTests(TestRedis redis) {
		super(redis);
	}

	@Override
	RedisConnectionFactory connectionFactory(TestRedis redis) {
		return redis.jedis();
	}

}

package io.github.mcppersist.redis;

import org.springframework.data.redis.connection.RedisConnectionFactory;

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

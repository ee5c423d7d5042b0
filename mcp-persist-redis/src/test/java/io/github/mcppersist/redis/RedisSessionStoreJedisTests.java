package io.github.mcppersist.redis;

import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/**
 * {@link RedisSessionStore} with Jedis.
 */
@ExtendWith(RedisExtension.class)
class RedisSessionStoreJedisTests extends AbstractRedisSessionStoreTests {

	RedisSessionStoreJedisTests(TestRedis redis) {
		super(redis);
	}

	@Override
	RedisConnectionFactory connectionFactory(TestRedis redis) {
		return redis.jedis();
	}

}

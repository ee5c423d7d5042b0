package io.github.mcppersist.redis;

import org.junit.jupiter.api.Nested;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.test.redis.TestRedis;

/**
 * {@link RedisSessionStore} with each driver.
 */
class RedisSessionStoreTests {

	@Nested
	class Lettuce extends AbstractRedisSessionStoreTests {

		Lettuce(TestRedis redis) {
			super(redis);
		}

		@Override
		RedisConnectionFactory connectionFactory(TestRedis redis) {
			return redis.lettuce();
		}

	}

	@Nested
	class Jedis extends AbstractRedisSessionStoreTests {

		Jedis(TestRedis redis) {
			super(redis);
		}

		@Override
		RedisConnectionFactory connectionFactory(TestRedis redis) {
			return redis.jedis();
		}

	}

}

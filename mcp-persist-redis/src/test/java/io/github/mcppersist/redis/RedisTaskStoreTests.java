package io.github.mcppersist.redis;

import org.junit.jupiter.api.Nested;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.test.redis.TestRedis;

/**
 * {@link RedisTaskStore} with each driver.
 */
class RedisTaskStoreTests {

	@Nested
	class Lettuce extends AbstractRedisTaskStoreTests {

		Lettuce(TestRedis redis) {
			super(redis);
		}

		@Override
		RedisConnectionFactory connectionFactory(TestRedis redis) {
			return redis.lettuce();
		}

	}

	@Nested
	class Jedis extends AbstractRedisTaskStoreTests {

		Jedis(TestRedis redis) {
			super(redis);
		}

		@Override
		RedisConnectionFactory connectionFactory(TestRedis redis) {
			return redis.jedis();
		}

	}

}

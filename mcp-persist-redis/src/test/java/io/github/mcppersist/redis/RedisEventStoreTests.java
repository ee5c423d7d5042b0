package io.github.mcppersist.redis;

import org.junit.jupiter.api.Nested;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.test.redis.TestRedis;

/**
 * {@link RedisEventStore} with each driver.
 */
class RedisEventStoreTests {

	@Nested
	class Lettuce extends AbstractRedisEventStoreTests {

		Lettuce(TestRedis redis) {
			super(redis);
		}

		@Override
		RedisConnectionFactory connectionFactory(TestRedis redis) {
			return redis.lettuce();
		}

	}

	@Nested
	class Jedis extends AbstractRedisEventStoreTests {

		Jedis(TestRedis redis) {
			super(redis);
		}

		@Override
		RedisConnectionFactory connectionFactory(TestRedis redis) {
			return redis.jedis();
		}

	}

}

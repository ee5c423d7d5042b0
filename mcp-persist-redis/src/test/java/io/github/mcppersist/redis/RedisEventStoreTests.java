package io.github.mcppersist.redis;

import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/**
 * {@link RedisEventStore} with Lettuce.
 */
@ExtendWith(RedisExtension.class)
class RedisEventStoreTests extends AbstractRedisEventStoreTests {

	RedisEventStoreTests(TestRedis redis) {
		super(redis);
	}

	@Override
	RedisConnectionFactory connectionFactory(TestRedis redis) {
		return redis.lettuce();
	}

}

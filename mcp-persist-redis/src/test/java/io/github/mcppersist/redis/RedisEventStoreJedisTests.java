package io.github.mcppersist.redis;

import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/**
 * {@link RedisEventStore} with Jedis.
 */
@ExtendWith(RedisExtension.class)
class RedisEventStoreJedisTests extends AbstractRedisEventStoreTests {

	RedisEventStoreJedisTests(TestRedis redis) {
		super(redis);
	}

	@Override
	RedisConnectionFactory connectionFactory(TestRedis redis) {
		return redis.jedis();
	}

}

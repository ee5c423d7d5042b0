package io.github.mcppersist.redis;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInstance;
import org.redisson.Redisson;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;
import org.redisson.spring.data.connection.RedissonConnectionFactory;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;

/**
 * The stores' contracts with the connection factory of Redisson, which the store knows
 * nothing of: only what any {@link RedisConnectionFactory} has.
 */
@NeedsRedis
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RedissonTests {

	private RedissonClient redisson;

	private RedisConnectionFactory factory;

	@BeforeAll
	void start(TestRedis redis) {
		Config config = new Config();
		config.useSingleServer().setAddress(redis.uri());
		this.redisson = Redisson.create(config);
		this.factory = new RedissonConnectionFactory(this.redisson);
	}

	@AfterAll
	void stop() {
		this.redisson.shutdown();
	}

	@Nested
	class Events extends AbstractRedisEventStoreTests {

		Events(TestRedis redis) {
			super(redis);
		}

		@Override
		RedisConnectionFactory connectionFactory(TestRedis redis) {
			return RedissonTests.this.factory;
		}

	}

	@Nested
	class Sessions extends AbstractRedisSessionStoreTests {

		Sessions(TestRedis redis) {
			super(redis);
		}

		@Override
		RedisConnectionFactory connectionFactory(TestRedis redis) {
			return RedissonTests.this.factory;
		}

	}

}

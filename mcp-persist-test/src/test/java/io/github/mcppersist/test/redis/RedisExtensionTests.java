package io.github.mcppersist.test.redis;

import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link RedisExtension}.
 */
@NeedsRedis
class RedisExtensionTests {

	private final TestRedis ofClass;

	RedisExtensionTests(TestRedis redis) {
		this.ofClass = redis;
	}

	@Test
	void suppliesLettuce(TestRedis redis) {
		assertThat(ping(redis.lettuce())).isEqualTo("PONG");
	}

	@Test
	void suppliesJedis(TestRedis redis) {
		assertThat(ping(redis.jedis())).isEqualTo("PONG");
	}

	@Test
	void sharesTheServerAndNoKeyPrefix(TestRedis redis) {
		TestRedis other = new TestRedis(RedisExtension.uri());

		assertThat(other.uri()).isEqualTo(redis.uri()).isEqualTo(this.ofClass.uri());
		assertThat(other.keyPrefix()).isNotEqualTo(redis.keyPrefix());
	}

	private static String ping(RedisConnectionFactory factory) {
		try (RedisConnection connection = factory.getConnection()) {
			return connection.ping();
		}
	}

}

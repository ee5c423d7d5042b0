package io.github.mcppersist.test.redis;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
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
	void noDriverGivesUpBeforeTheStoreDoes() throws Exception {
		try (RedisServer server = RedisServer.start(); TestRedis redis = new TestRedis(server.uri())) {
			RedisConnectionFactory lettuce = redis.lettuce();
			RedisConnectionFactory jedis = redis.jedis();
			ping(lettuce);
			ping(jedis);

			server.pause();
			List<CompletableFuture<String>> answers = Stream.of(lettuce, jedis)
				.map((factory) -> CompletableFuture.supplyAsync(() -> ping(factory)))
				.toList();
			Awaitility.await()
				.atMost(Duration.ofMinutes(1))
				.during(Duration.ofSeconds(3))
				.until(() -> answers.stream().noneMatch(CompletableFuture::isDone));
			server.resume();

			assertThat(answers)
				.allSatisfy((answer) -> assertThat(answer).succeedsWithin(Duration.ofMinutes(1)).isEqualTo("PONG"));
		}
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

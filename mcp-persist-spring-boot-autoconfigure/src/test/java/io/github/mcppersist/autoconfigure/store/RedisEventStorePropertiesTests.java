package io.github.mcppersist.autoconfigure.store;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.TestRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

@NeedsRedis
class RedisEventStorePropertiesTests {

	private final ApplicationContextRunner context = new ApplicationContextRunner().withConfiguration(
			AutoConfigurations.of(DataRedisAutoConfiguration.class, RedisEventStoreAutoConfiguration.class));

	@Test
	void beginsEveryKeyWithTheKeyPrefixAndGivesItATimeToLive(TestRedis redis) {
		runner(redis).withPropertyValues("mcp.persist.ttl=7m").run((context) -> {
			new EventStoreWorkload(context.getBean(RedisEventStore.class), "s", 1, 1);

			try (RedisConnection connection = context.getBean(RedisConnectionFactory.class).getConnection()) {
				Set<byte[]> keys = connection.keyCommands().keys(bytes(redis.keyPrefix() + "*"));
				assertThat(keys).isNotEmpty()
					.allSatisfy((key) -> assertThat(connection.keyCommands().ttl(key)).isBetween(400L,
							isIndex(key) ? 19 * 60L : 14 * 60L))
					.anySatisfy((key) -> assertThat(connection.keyCommands().ttl(key)).isBetween(400L, 8 * 60L));
			}
		});
	}

	// It is kept for twice ttl plus completed-ttl
	private static boolean isIndex(byte[] key) {
		return new String(key, StandardCharsets.UTF_8).endsWith(":x");
	}

	@Test
	void dropsCompletedStreamsAfterATimeOfTheirOwn(TestRedis redis) {
		runner(redis).withPropertyValues("mcp.persist.completed-ttl=50ms").run((context) -> {
			EventStore store = context.getBean(RedisEventStore.class);
			EventStoreWorkload running = new EventStoreWorkload(store, "r", 1, 6);
			EventStoreWorkload completed = new EventStoreWorkload(store, "c", 1, 6);

			completed.complete();

			await().until(() -> !completed.isKept());
			assertThat(running.isKept()).isTrue();
		});
	}

	@ParameterizedTest
	@CsvSource({ "unrelated=true, true, true", "mcp.persist.max-events-per-stream=30, false, true",
			"mcp.persist.max-bytes-per-stream=30KB, false, true",
			"mcp.persist.max-bytes-per-session=30KB, false, false" })
	void dropsTheOldestEventsBeyondEachBound(String property, boolean oneStreamIsKept, boolean oneSessionIsKept,
			TestRedis redis) {
		runner(redis).withPropertyValues("mcp.persist.max-bytes-per-stream=100KB", property).run((context) -> {
			EventStore store = context.getBean(RedisEventStore.class);
			EventStoreWorkload oneStream = new EventStoreWorkload(store, "s", 1, 1);
			EventStoreWorkload oneSession = new EventStoreWorkload(store, "t", 1, 6);

			await().until(() -> oneStream.isKept() == oneStreamIsKept);
			await().until(() -> oneSession.isKept() == oneSessionIsKept);
		});
	}

	@Test
	void waitsNoLongerThanTheTimeoutForAnAnswer() {
		try (RedisServer redis = RedisServer.start()) {
			this.context
				.withPropertyValues("spring.data.redis.url=" + redis.uri(), "mcp.persist.timeout=700ms",
						"spring.data.redis.timeout=10m")
				.run((context) -> {
					EventStore store = context.getBean(RedisEventStore.class);

					// Where this process stands still meanwhile, it waits for longer, and
					// says for how long
					await().untilAsserted(() -> assertThat(unanswered(store, redis)).contains("within 700 ms"));
				});
		}
	}

	private static String unanswered(EventStore store, RedisServer redis) {
		await().ignoreExceptionsInstanceOf(EventStoreUnavailableException.class)
			.untilAsserted(() -> store.deleteSession("warm-up").block(Duration.ofMinutes(1)));
		redis.pause();
		try {
			return assertThatExceptionOfType(EventStoreUnavailableException.class)
				.isThrownBy(() -> store.deleteSession("s").block(Duration.ofMinutes(1)))
				.actual()
				.getMessage();
		}
		finally {
			redis.resume();
		}
	}

	private ApplicationContextRunner runner(TestRedis redis) {
		return this.context.withPropertyValues("spring.data.redis.url=" + redis.uri(),
				"mcp.persist.key-prefix=" + redis.keyPrefix(), "mcp.persist.timeout=60s");
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

}

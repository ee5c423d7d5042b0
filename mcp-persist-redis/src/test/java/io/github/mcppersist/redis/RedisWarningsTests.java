package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.jedis.JedisClientConfiguration;
import org.springframework.data.redis.connection.jedis.JedisConnectionFactory;
import redis.clients.jedis.JedisPoolConfig;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisCluster;
import io.github.mcppersist.test.redis.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for what {@link RedisEventStore} says of settings that work until they don't.
 */
@NeedsRedis
class RedisWarningsTests {

	private final RedisStores stores = new RedisStores();

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	@BeforeEach
	void listenToTheLog() {
		this.log.start();
		logger("io.github.mcppersist.redis").addAppender(this.log);
	}

	@AfterEach
	void close() throws Exception {
		logger("io.github.mcppersist.redis").detachAppender(this.log);
		this.stores.close();
	}

	private static Logger logger(String name) {
		return (Logger) LoggerFactory.getLogger(name);
	}

	private void awaitWarning(String... parts) {
		Awaitility.await()
			.atMost(Duration.ofMinutes(1))
			.untilAsserted(() -> assertThat(List.copyOf(this.log.list)).extracting(ILoggingEvent::getFormattedMessage)
				.anySatisfy((line) -> assertThat(line).contains(parts)));
	}

	@ParameterizedTest
	@EnumSource
	void warnsOfAPolicyThatDropsWhatIsStored(Driver driver) {
		try (RedisServer redis = RedisServer.start("maxmemory-policy volatile-ttl")) {
			this.stores.open(driver.open(new RedisStandaloneConfiguration("127.0.0.1", redis.port())));

			awaitWarning("volatile-ttl", "sessions", "Set noeviction");
		}
	}

	@ParameterizedTest
	@EnumSource
	void namesTheSettingOfAClusterWhereOneNodeIsAskedAsIfItWereAlone(Driver driver) {
		try (RedisCluster cluster = RedisCluster.start()) {
			RedisEventStore store = this.stores
				.open(driver.open(new RedisStandaloneConfiguration("127.0.0.1", cluster.nodes().get(0).port())));

			Awaitility.await()
				.atMost(Duration.ofMinutes(1))
				.until(() -> store.outage() != null
						&& store.outage().reason().contains("spring.data.redis.cluster.nodes"));
		}
	}

	@Test
	void warnsOfAPoolThatHoldsOneConnection() {
		try (RedisServer redis = RedisServer.start()) {
			JedisPoolConfig pool = new JedisPoolConfig();
			pool.setMaxTotal(1);
			JedisConnectionFactory factory = new JedisConnectionFactory(
					new RedisStandaloneConfiguration("127.0.0.1", redis.port()),
					JedisClientConfiguration.builder().usePooling().poolConfig(pool).build());
			factory.afterPropertiesSet();
			factory.start();

			this.stores.open(factory);

			awaitWarning("spring.data.redis.jedis.pool.max-active");
		}
	}

	// As builds from before the first release had it
	@ParameterizedTest
	@EnumSource
	void namesAKeyOfAnotherTypeAndGoesOnOnceItHasGone(Driver driver) {
		try (RedisServer redis = RedisServer.start()) {
			String beats = new RedisKeys(this.stores.keyPrefix()).beats();
			redis.cli("HSET", beats, "0rT50000000", "1");
			RedisEventStore store = this.stores
				.open(driver.open(new RedisStandaloneConfiguration("127.0.0.1", redis.port())));
			JoinedNode node = new JoinedNode(store, RedisNodeRegistry.of(store, Duration.ofSeconds(1)));
			awaitWarning("'" + beats + "'", "Delete it", "WRONGTYPE");

			redis.cli("DEL", beats);

			Awaitility.await()
				.atMost(Duration.ofMinutes(1))
				.ignoreExceptions()
				.until(() -> Boolean.TRUE.equals(node.registry.isPresent(node.id()).block(RedisStores.LIMIT)));
		}
	}

	@Test
	void anErrorDoesNotEndWhatIsDoneFromTimeToTime() {
		try (RedisServer redis = RedisServer.start()) {
			RedisEventStore store = this.stores
				.open(Driver.LETTUCE.open(new RedisStandaloneConfiguration("127.0.0.1", redis.port())));
			AtomicInteger times = new AtomicInteger();

			store.node().every(Duration.ofMillis(10), () -> {
				times.incrementAndGet();
				throw new StackOverflowError("of the test");
			});

			Awaitility.await().until(() -> times.get() > 1);
		}
	}

	@Test
	void channelsOfAnotherDatabaseAreOthers() {
		RedisKeys first = new RedisKeys("mcp", 0);
		RedisKeys second = new RedisKeys("mcp", 5);

		assertThat(first.allNodes()).isEqualTo("mcp:1:n:all");
		assertThat(second.allNodes()).isEqualTo("mcp:1:n:5:all");
		assertThat(second.channel("0rT50000000")).isEqualTo("mcp:1:n:5:0rT50000000");
		assertThat(second.beats()).isEqualTo(first.beats());
	}

}

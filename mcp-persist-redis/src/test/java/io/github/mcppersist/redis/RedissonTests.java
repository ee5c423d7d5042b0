package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.List;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.redisson.Redisson;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;
import org.redisson.spring.data.connection.RedissonConnectionFactory;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisCluster;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.TestRedis;

import static org.assertj.core.api.Assertions.assertThat;

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

	@Test
	void saysWhyRedisIsGone() {
		RedisServer gone = RedisServer.start();
		Config config = new Config();
		config.useSingleServer().setAddress("redis://127.0.0.1:" + gone.port());
		RedissonClient client = Redisson.create(config);
		try (RedisEventStore store = RedisEventStore.builder(new RedissonConnectionFactory(client)).build()) {
			Awaitility.await().until(() -> !gone.cli("PUBSUB", "CHANNELS").equals(List.of()));

			gone.close();

			Awaitility.await()
				.atMost(Duration.ofMinutes(1))
				.until(() -> store.outage() != null && store.outage().reason().contains("Nothing accepts connections"));
		}
		finally {
			gone.close();
			client.shutdown();
		}
	}

	@Test
	void warnsThatTheServersOfAClusterAreJudgedAsOne() {
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		Logger logger = (Logger) LoggerFactory.getLogger(BlockingLink.class);
		log.start();
		logger.addAppender(log);
		try (RedisCluster cluster = RedisCluster.start()) {
			Config config = new Config();
			cluster.addresses().forEach((node) -> config.useClusterServers().addNodeAddress("redis://" + node));
			RedissonClient client = Redisson.create(config);
			try (RedisEventStore store = RedisEventStore.builder(new RedissonConnectionFactory(client)).build()) {
				Awaitility.await()
					.atMost(Duration.ofMinutes(1))
					.until(() -> log.list.stream().anyMatch((line) -> line.getLevel() == Level.WARN));
			}
			finally {
				client.shutdown();
			}
		}
		finally {
			logger.detachAppender(log);
		}

		assertThat(log.list).filteredOn((line) -> line.getLevel() == Level.WARN)
			.singleElement()
			.extracting(ILoggingEvent::getFormattedMessage)
			.asString()
			.contains("is a Cluster");
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

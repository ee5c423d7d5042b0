package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisPassword;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.jedis.JedisClientConfiguration;
import org.springframework.data.redis.connection.jedis.JedisConnectionFactory;

import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.StoreOutage;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.ReservedPort;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What is said of a Redis that can't be used, by each driver: which of the usual mistakes
 * it is, with host and port, and never a password.
 */
@NeedsRedis
@Timeout(120)
class RedisReasonsTests {

	private static final String SECRET = "s3cret-of-the-test";

	@ParameterizedTest
	@EnumSource
	void saysThatNothingListens(Driver driver) throws Exception {
		try (ReservedPort reserved = ReservedPort.find()) {
			assertReason(driver.open(at("127.0.0.1", reserved.number())), "Nothing accepts connections",
					"127.0.0.1:" + reserved.number(), "Start Redis");
		}
	}

	@ParameterizedTest
	@EnumSource
	void saysThatTheNameIsUnknown(Driver driver) throws Exception {
		assertReason(driver.open(at("redis.invalid", 6379)), "can't be resolved", "redis.invalid:6379",
				"spring.data.redis.host");
	}

	@ParameterizedTest
	@EnumSource
	void saysThatAPasswordIsWanted(Driver driver) throws Exception {
		try (RedisServer redis = RedisServer.start("requirepass " + SECRET)) {
			assertReason(driver.open(at("127.0.0.1", redis.port())), "wants a password", "127.0.0.1:" + redis.port(),
					"spring.data.redis.password", "spring.data.redis.url");
		}
	}

	@ParameterizedTest
	@EnumSource
	void saysThatThePasswordIsWrong(Driver driver) throws Exception {
		try (RedisServer redis = RedisServer.start("requirepass another")) {
			RedisStandaloneConfiguration configuration = at("127.0.0.1", redis.port());
			configuration.setPassword(RedisPassword.of(SECRET));

			assertReason(driver.open(configuration), "refuses the user or the password", "127.0.0.1:" + redis.port(),
					"spring.data.redis.username");
		}
	}

	@ParameterizedTest
	@EnumSource
	void saysThatTheUserOfTheAclIsUnknown(Driver driver) throws Exception {
		try (RedisServer redis = RedisServer.start("user someone on >another ~* &* +@all")) {
			RedisStandaloneConfiguration configuration = at("127.0.0.1", redis.port());
			configuration.setUsername("someone");
			configuration.setPassword(RedisPassword.of(SECRET));

			assertReason(driver.open(configuration), "refuses the user or the password", "127.0.0.1:" + redis.port());
		}
	}

	@ParameterizedTest
	@EnumSource
	void saysThatTheDatabaseIsUnknown(Driver driver) throws Exception {
		try (RedisServer redis = RedisServer.start()) {
			RedisStandaloneConfiguration configuration = at("127.0.0.1", redis.port());
			configuration.setDatabase(1000);

			assertReason(driver.open(configuration), "DB index is out of range", "127.0.0.1:" + redis.port());
		}
	}

	@ParameterizedTest
	@EnumSource
	void saysThatTheCertificateIsNotTrusted(Driver driver) throws Exception {
		try (RedisTls redis = RedisTls.start()) {
			assertReason(driver.openTls(at("127.0.0.1", redis.port()), null), "isn't trusted",
					"127.0.0.1:" + redis.port() + " (TLS)", "spring.data.redis.ssl.bundle");
		}
	}

	@ParameterizedTest
	@EnumSource
	void saysThatThePortExpectsTls(Driver driver) throws Exception {
		try (RedisTls redis = RedisTls.start()) {
			assertReason(driver.open(at("127.0.0.1", redis.port())), "127.0.0.1:" + redis.port(), "TLS",
					"spring.data.redis.ssl.enabled");
		}
	}

	@ParameterizedTest
	@EnumSource
	void saysThatThePortMayNotSpeakTls(Driver driver) throws Exception {
		try (RedisTls redis = RedisTls.start()) {
			assertReason(driver.openTls(at("127.0.0.1", redis.server().port()), redis.certificate()),
					"127.0.0.1:" + redis.server().port() + " (TLS)", "spring.data.redis.ssl.enabled");
		}
	}

	@ParameterizedTest
	@EnumSource
	void saysWhyARedisThatWasThereIsGone(Driver driver) throws Exception {
		RedisServer redis = RedisServer.start();
		int port = redis.port();
		RedisConnectionFactory factory = driver.open(at("127.0.0.1", port));
		try (RedisEventStore store = store(factory)) {
			Awaitility.await().ignoreExceptions().untilAsserted(() -> read(store));

			redis.close();

			awaitReason(store, "Nothing accepts connections", "127.0.0.1:" + port);
		}
		finally {
			redis.close();
			((DisposableBean) factory).destroy();
		}
	}

	@ParameterizedTest
	@EnumSource
	void saysThatThePasswordWasChanged(Driver driver) throws Exception {
		try (RedisServer redis = RedisServer.start()) {
			RedisConnectionFactory factory = driver.open(at("127.0.0.1", redis.port()));
			try (RedisEventStore store = store(factory)) {
				Awaitility.await().ignoreExceptions().untilAsserted(() -> read(store));

				RedisOutage.WRONG_PASSWORD.begin(redis);

				awaitReason(store, "wants a password", "127.0.0.1:" + redis.port(), "spring.data.redis.password");
				assertAsksRarely(redis);
				RedisOutage.WRONG_PASSWORD.end(redis);
				Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> store.outage() == null);
			}
			finally {
				((DisposableBean) factory).destroy();
			}
		}
	}

	@ParameterizedTest
	@CsvSource({ "LETTUCE, STOPPED, Nothing accepts connections", "JEDIS, STOPPED, Nothing accepts connections",
			"LETTUCE, WRONG_PASSWORD, wants a password", "JEDIS, WRONG_PASSWORD, wants a password",
			"LETTUCE, PAUSED, didn't answer within", "JEDIS, PAUSED, didn't answer within" })
	void theOneLineOfAnOutageSaysWhyAlthoughCallsAreUnderWayWhenItBegins(Driver driver, RedisOutage outage,
			String reason) throws Exception {
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		log.start();
		Logger logger = (Logger) LoggerFactory.getLogger(RedisEventStore.class);
		RedisServer redis = RedisServer.start();
		RedisConnectionFactory factory = driver.open(at("127.0.0.1", redis.port()));
		ExecutorService callers = Executors.newCachedThreadPool();
		try (RedisEventStore store = store(factory)) {
			Awaitility.await().ignoreExceptions().untilAsserted(() -> read(store));
			for (int caller = 0; caller < 12; caller++) {
				callers.execute(() -> {
					while (!Thread.currentThread().isInterrupted()) {
						store.renewStreams(List.of(StreamKey.random("session"))).onErrorComplete().toFuture().join();
						LockSupport.parkNanos(5_000_000);
					}
				});
			}
			logger.addAppender(log);

			outage.begin(redis);

			Awaitility.await().until(() -> log.list.size() > 0);
			assertThat(List.copyOf(log.list)).extracting(ILoggingEvent::getFormattedMessage)
				.singleElement()
				.asString()
				.startsWith("Events aren't stored")
				.contains(reason);
		}
		finally {
			logger.detachAppender(log);
			callers.shutdownNow();
			redis.close();
			((DisposableBean) factory).destroy();
		}
	}

	@Test
	void saysThatRedisDoesNotAnswerWhereTheApplicationWaitsForItToo() throws Exception {
		ExecutorService callers = Executors.newCachedThreadPool();
		RedisServer redis = RedisServer.start();
		JedisConnectionFactory factory = new JedisConnectionFactory(at("127.0.0.1", redis.port()),
				JedisClientConfiguration.builder().usePooling().build());
		factory.afterPropertiesSet();
		factory.start();
		try (RedisEventStore store = store(factory)) {
			Awaitility.await().ignoreExceptions().untilAsserted(() -> read(store));
			for (int caller = 0; caller < 12; caller++) {
				callers.execute(() -> {
					while (!Thread.currentThread().isInterrupted()) {
						try (RedisConnection connection = factory.getConnection()) {
							connection.ping();
						}
						catch (RuntimeException ex) {
							LockSupport.parkNanos(5_000_000);
						}
					}
				});
			}
			for (int caller = 0; caller < 4; caller++) {
				callers.execute(() -> {
					while (!Thread.currentThread().isInterrupted()) {
						store.renewStreams(List.of(StreamKey.random("session"))).onErrorComplete().toFuture().join();
						LockSupport.parkNanos(5_000_000);
					}
				});
			}
			Set<String> reasons = new HashSet<>();

			redis.pause();

			Awaitility.await()
				.pollInterval(Duration.ofMillis(20))
				.during(Duration.ofSeconds(5))
				.atMost(Duration.ofSeconds(20))
				.until(() -> {
					StoreOutage outage = store.outage();
					if (outage != null) {
						reasons.add(outage.reason());
					}
					return outage != null;
				});
			assertThat(reasons).isNotEmpty().allSatisfy((reason) -> assertThat(reason).contains("answer"));
		}
		finally {
			callers.shutdownNow();
			redis.close();
			factory.destroy();
		}
	}

	private static void assertAsksRarely(RedisServer redis) {
		// Connections that were there go on asking until they are closed
		Awaitility.await().atMost(Duration.ofMinutes(1)).pollInterval(Duration.ofSeconds(3)).until(() -> {
			long before = RedisOutage.connections(redis);
			Awaitility.await().pollDelay(Duration.ofSeconds(2)).until(() -> true);
			return RedisOutage.connections(redis) - before <= 8;
		});
	}

	private static void assertReason(RedisConnectionFactory factory, String... parts) throws Exception {
		try (RedisEventStore store = store(factory)) {
			awaitReason(store, parts);
		}
		finally {
			((DisposableBean) factory).destroy();
		}
	}

	private static RedisEventStore store(RedisConnectionFactory factory) {
		return RedisEventStore.builder(factory).timeout(Duration.ofMillis(500)).build();
	}

	private static void awaitReason(RedisEventStore store, String... parts) {
		Awaitility.await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
			assertThatExceptionOfType(EventStoreUnavailableException.class).isThrownBy(() -> read(store))
				.satisfies((ex) -> assertThat(ex.getMessage()).contains(parts).doesNotContain(SECRET));
			StoreOutage outage = store.outage();
			assertThat(outage).isNotNull();
			assertThat(outage.reason()).contains(parts).doesNotContain(SECRET);
		});
	}

	private static void read(RedisEventStore store) {
		store.replayEventsAfter(new StreamKey("session", "stream"), null, 1000)
			.onErrorComplete((ex) -> !(ex instanceof EventStoreUnavailableException))
			.block(Duration.ofSeconds(20));
	}

	private static RedisStandaloneConfiguration at(String host, int port) {
		return new RedisStandaloneConfiguration(host, port);
	}

}

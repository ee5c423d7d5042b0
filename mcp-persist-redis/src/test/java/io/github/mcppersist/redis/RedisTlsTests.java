package io.github.mcppersist.redis;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;

import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.test.redis.NeedsRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link RedisEventStore} on a Redis that speaks TLS.
 */
@NeedsRedis
class RedisTlsTests {

	private static RedisTls redis;

	private final RedisStores stores = new RedisStores();

	@BeforeAll
	static void startRedis() {
		redis = RedisTls.start();
	}

	@AfterAll
	static void stopRedis() {
		redis.close();
	}

	@AfterEach
	void closeStores() throws Exception {
		this.stores.close();
	}

	private static RedisConnectionFactory factory(Driver driver, Path certificate) {
		return driver.openTls(new RedisStandaloneConfiguration("127.0.0.1", redis.port()), certificate);
	}

	@ParameterizedTest
	@EnumSource
	void worksOverTls(Driver driver) {
		RedisEventStore store = this.stores.open(factory(driver, redis.certificate()));
		RedisEventStore other = this.stores.open(factory(driver, redis.certificate()));

		RedisStores.assertWork(store, other);
	}

	@ParameterizedTest
	@EnumSource
	void storesNothingAtAServerThatTheApplicationDoesNotTrust(Driver driver) {
		RedisEventStore store = this.stores
			.open(this.stores.builder(factory(driver, null)).timeout(Duration.ofSeconds(1)));
		StreamKey stream = RedisStores.newStream();

		assertThatExceptionOfType(EventStoreUnavailableException.class).isThrownBy(() -> RedisStores
			.block(store.openStream(stream, RequestIds.parse("7"), List.of(RedisStores.priming(stream)))));

		assertThat(redis.server().cli("EXISTS", this.stores.key(stream))).isEqualTo(0L);
	}

	@Test
	void isTriedBehindAProxyOnlyWhereTheServerHasNoTls() {
		assertThat(RedisTls.isBuiltWithoutTls("""
				*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***
				Reading the configuration file, at line 8
				>>> 'tls-port 12999'
				Bad directive or wrong number of arguments
				""")).isTrue();
		assertThat(RedisTls.isBuiltWithoutTls("""
				*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***
				Reading the configuration file, at line 9
				>>> 'tls-auth-client no'
				Bad directive or wrong number of arguments
				""")).isFalse();
		assertThat(RedisTls.isBuiltWithoutTls("""
				5574:M 30 Nov 2026 08:00:07.017 # Failed to load certificate: certificate.pem
				5574:M 30 Nov 2026 08:00:07.017 # Failed to configure TLS. Check logs for more info.
				""")).isFalse();
	}

}

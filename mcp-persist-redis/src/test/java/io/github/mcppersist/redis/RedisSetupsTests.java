package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SslOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisCluster;
import io.github.mcppersist.test.redis.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests that {@link RedisCluster}, {@link RedisSentinel}, {@link RedisTls} and
 * {@link RedisProxy} are what they say, as a client sees them.
 */
@NeedsRedis
class RedisSetupsTests {

	private final RedisClient client = RedisClient.create();

	@AfterEach
	void shutDown() {
		this.client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
	}

	@Test
	void clusterSpreadsKeysAndRedirectsAfterASlotMoved() {
		try (RedisCluster cluster = RedisCluster.start()) {
			RedisClusterClient clusterClient = RedisClusterClient.create("redis://" + cluster.addresses().get(0));
			try (StatefulRedisClusterConnection<String, String> connection = clusterClient.connect()) {
				for (int i = 0; i < 50; i++) {
					connection.sync().set("key" + i, "value" + i);
				}
				assertThat(cluster.nodes()).allSatisfy((node) -> assertThat((Long) node.cli("DBSIZE")).isPositive());

				RedisServer before = cluster.owner("key7");
				RedisServer after = cluster.moveSlot("key7");

				assertThat(cluster.owner("key7")).isSameAs(after).isNotSameAs(before);
				assertThat(connection.sync().get("key7")).isEqualTo("value7");
			}
			finally {
				clusterClient.shutdown(Duration.ZERO, Duration.ofSeconds(2));
			}
		}
	}

	@Test
	void sentinelPromotesTheReplica() {
		try (RedisSentinel sentinel = RedisSentinel.start()) {
			RedisURI uri = RedisURI.create("redis-sentinel://" + sentinel.address() + "#" + RedisSentinel.MASTER);
			try (StatefulRedisConnection<String, String> connection = this.client.connect(uri)) {
				connection.sync().set("key", "value");
				Awaitility.await().until(() -> "value".equals(sentinel.replica().cli("GET", "key")));

				sentinel.failOver();

				Awaitility.await()
					.ignoreExceptionsInstanceOf(RedisException.class)
					.untilAsserted(() -> assertThat(connection.sync().set("key", "after")).isEqualTo("OK"));
				assertThat(sentinel.replica().cli("GET", "key")).isEqualTo("after");
			}
		}
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void tlsServesThoseWhoTrustItsCertificate(boolean alwaysProxy) {
		try (RedisTls tls = RedisTls.start(alwaysProxy)) {
			assertThatExceptionOfType(RedisConnectionException.class).isThrownBy(() -> this.client.connect(uri(tls)));

			this.client.setOptions(ClientOptions.builder()
				.sslOptions(SslOptions.builder().trustManager(tls.certificate().toFile()).build())
				.build());

			try (StatefulRedisConnection<String, String> connection = this.client.connect(uri(tls))) {
				connection.sync().set("key", "value");
				assertThat(tls.server().cli("GET", "key")).isEqualTo("value");
			}
		}
	}

	private static RedisURI uri(RedisTls tls) {
		return RedisURI.create(tls.uri());
	}

	@Test
	void usersHaveOnlyTheRightsThatWereGiven() {
		try (RedisServer server = RedisServer.start("user app on >secret ~app:* +set +get")) {
			RedisURI uri = RedisURI.builder(RedisURI.create(server.uri()))
				.withAuthentication("app", "secret".toCharArray())
				.build();
			try (StatefulRedisConnection<String, String> connection = this.client.connect(uri)) {
				assertThat(connection.sync().set("app:key", "value")).isEqualTo("OK");
				assertThatExceptionOfType(RedisCommandExecutionException.class)
					.isThrownBy(() -> connection.sync().set("other:key", "value"))
					.withMessageStartingWith("NOPERM");
				assertThatExceptionOfType(RedisCommandExecutionException.class)
					.isThrownBy(() -> connection.sync().del("app:key"))
					.withMessageStartingWith("NOPERM");
			}
		}
	}

	@Test
	void proxyCutsAndLetsReconnect() {
		withProxy((server, proxy, connection) -> {
			proxy.cut();

			assertThat(eventually(() -> connection.sync().ping())).isEqualTo("PONG");
			assertThat(proxy.accepted()).isGreaterThan(1);
		});
	}

	@Test
	void proxyLosesRepliesOfCommandsThatWereCarriedOut() {
		withProxy((server, proxy, connection) -> {
			proxy.loseReplies();
			assertThatExceptionOfType(RedisCommandTimeoutException.class)
				.isThrownBy(() -> connection.sync().set("key", "value"));

			assertThat(server.cli("GET", "key")).isEqualTo("value");
			assertThat(proxy.lostBytes()).isPositive();

			proxy.pass();
			assertThat(eventually(() -> connection.sync().get("key"))).isEqualTo("value");
		});
	}

	@Test
	void proxyIsABlackHole() {
		withProxy((server, proxy, connection) -> {
			proxy.stall();
			assertThatExceptionOfType(RedisCommandTimeoutException.class)
				.isThrownBy(() -> connection.sync().set("key", "value"));
			assertThat(server.cli("EXISTS", "key")).isEqualTo(0L);

			proxy.pass();

			assertThat(eventually(() -> connection.sync().get("key"))).isEqualTo("value");
			assertThat(proxy.accepted()).isOne();
		});
	}

	@Test
	void proxyRefusesAndDelays() {
		withProxy((server, proxy, connection) -> {
			proxy.refuse();
			assertThatExceptionOfType(RedisException.class)
				.isThrownBy(() -> this.client.connect(RedisURI.create(proxy.uri())));

			proxy.pass();
			assertThat(eventually(() -> connection.sync().ping())).isEqualTo("PONG");

			proxy.delay(Duration.ofMillis(1500));
			assertThatExceptionOfType(RedisCommandTimeoutException.class).isThrownBy(() -> connection.sync().ping());
		});
	}

	private void withProxy(ProxyTest test) {
		try (RedisServer server = RedisServer.start(); RedisProxy proxy = RedisProxy.to(server.port())) {
			RedisURI uri = RedisURI.create(proxy.uri());
			uri.setTimeout(Duration.ofSeconds(2));
			try (StatefulRedisConnection<String, String> connection = this.client.connect(uri)) {
				assertThat(connection.sync().ping()).isEqualTo("PONG");
				test.run(server, proxy, connection);
			}
		}
	}

	private static String eventually(Supplier<String> call) {
		return Awaitility.await()
			.ignoreExceptionsInstanceOf(RedisException.class)
			.until(call::get, List.of("PONG", "value")::contains);
	}

	private interface ProxyTest {

		void run(RedisServer server, RedisProxy proxy, StatefulRedisConnection<String, String> connection);

	}

}

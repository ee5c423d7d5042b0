package io.github.mcppersist.autoconfigure.actuate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import io.github.mcppersist.autoconfigure.ObservedServer;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What {@code /actuator/health} says of Redis, on an idle server.
 */
@Timeout(600)
@NeedsRedis
class EventStoreHealthTests {

	private final RedisServer redis = RedisServer.start();

	private final ObservedServer server = start();

	private ObservedServer start(String... properties) {
		List<String> all = new ArrayList<>(List.of("spring.data.redis.url=" + this.redis.uri(),
				"management.health.redis.enabled=false", "management.endpoint.health.show-details=always",
				"management.endpoint.health.probes.enabled=true"));
		all.addAll(List.of(properties));
		return ObservedServer.start(all);
	}

	@AfterEach
	void stop() {
		this.server.close();
		this.redis.close();
	}

	@Test
	void isDegradedWhileRedisIsAwayAndUpAgainAfterwardsAlthoughNobodyCalls() {
		await(() -> assertThat(health("mcpPersist")).startsWith("200 ")
			.contains("\"status\":\"UP\"", "\"store\":\"RedisEventStore\""));

		this.redis.pause();
		await(() -> assertThat(health("mcpPersist")).startsWith("200 ")
			.contains("\"status\":\"DEGRADED\"", "\"reads\":\"failing\"", "\"writes\":\"failing\"",
					"\"reason\":\"Redis at 127.0.0.1:" + this.redis.port() + " didn't answer within"));
		await(() -> assertThat(this.server.get("/actuator/health")).startsWith("200 ").contains("\"status\":\"UP\""));
		await(() -> assertThat(health("readiness")).startsWith("200 ")
			.contains("\"status\":\"UP\"")
			.doesNotContain("mcpPersist"));

		this.redis.resume();
		await(() -> assertThat(health("mcpPersist")).contains("\"status\":\"UP\"").doesNotContain("reason"));
	}

	@Test
	void tellsReadsAndWritesApartAndSeesWritesComeBackAlthoughNobodyCalls() {
		await(() -> assertThat(health("mcpPersist")).contains("\"status\":\"UP\""));

		this.redis.cli("CONFIG", "SET", "maxmemory", "1");

		await(() -> assertThat(health("mcpPersist")).contains("\"status\":\"DEGRADED\"", "\"reads\":\"working\"",
				"\"writes\":\"failing\"", "Raise maxmemory"));

		this.redis.cli("CONFIG", "SET", "maxmemory", "0");

		await(() -> assertThat(health("mcpPersist")).contains("\"status\":\"UP\"").doesNotContain("reason"));
	}

	@Test
	void takesTheApplicationOutOfRotationIfItIsToldTo() throws Exception {
		try (ObservedServer strict = start(
				"management.endpoint.health.status.order=down,out-of-service,degraded,up,unknown",
				"management.endpoint.health.status.http-mapping.degraded=503")) {
			await(() -> assertThat(strict.get("/actuator/health")).startsWith("200 "));

			this.redis.pause();

			await(() -> assertThat(strict.get("/actuator/health")).startsWith("503 ").contains("DEGRADED"));
			assertThat(this.server.get("/actuator/health")).startsWith("200 ");
			this.redis.resume();
		}
	}

	private String health(String path) throws Exception {
		return this.server.get("/actuator/health/" + path);
	}

	private static void await(ThrowingRunnable assertion) {
		Awaitility.await().atMost(Duration.ofMinutes(1)).untilAsserted(assertion);
	}

}

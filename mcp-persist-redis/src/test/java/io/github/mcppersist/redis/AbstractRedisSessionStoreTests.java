package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

import org.junit.jupiter.api.AfterEach;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.session.MonitoredSessionStore;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.session.MonitoredSessionStoreContractTests;

/**
 * Runs the contract tests with one driver.
 */
@NeedsRedis
abstract class AbstractRedisSessionStoreTests extends MonitoredSessionStoreContractTests {

	private final Map<String, RedisEventStore> nodes = new ConcurrentHashMap<>();

	private final AtomicLong elapsed = new AtomicLong();

	private final TestRedis redis;

	AbstractRedisSessionStoreTests(TestRedis redis) {
		this.redis = redis;
	}

	abstract RedisConnectionFactory connectionFactory(TestRedis redis);

	@Override
	protected MonitoredSessionStore store() {
		return RedisSessionStore.of(node("first"), Duration.ofHours(24));
	}

	@Override
	protected MonitoredSessionStore secondNode() {
		return RedisSessionStore.of(node("second"), Duration.ofHours(24));
	}

	@Override
	protected MonitoredSessionStore store(Duration timeToLive) {
		return RedisSessionStore.of(node("first"), timeToLive);
	}

	@Override
	protected SessionStore store(int maxSessions) {
		// Sessions count that other tests leave
		return RedisSessionStore.of(node("bounded", "test-" + UUID.randomUUID()), Duration.ofHours(24), maxSessions);
	}

	private RedisEventStore node(String name) {
		return node(name, this.redis.keyPrefix());
	}

	private RedisEventStore node(String name, String keyPrefix) {
		return this.nodes.computeIfAbsent(name,
				(unused) -> RedisEventStore.builder(connectionFactory(this.redis))
					.keyPrefix(keyPrefix)
					.timeout(Duration.ofSeconds(15))
					.nanoTime(() -> System.nanoTime() + this.elapsed.get())
					.build());
	}

	@Override
	protected Duration unit() {
		return Duration.ofMinutes(1);
	}

	@Override
	protected void elapse(Duration duration) {
		this.elapsed.addAndGet(duration.toNanos());
		this.redis.elapse(duration);
	}

	@AfterEach
	void closeNodes() {
		this.nodes.values().forEach(RedisEventStore::close);
	}

}

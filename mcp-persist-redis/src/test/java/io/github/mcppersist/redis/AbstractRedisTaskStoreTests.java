package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.junit.jupiter.api.AfterEach;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.task.MonitoredTaskStore;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.task.MonitoredTaskStoreContractTests;

/**
 * Runs the contract tests with one driver.
 */
@NeedsRedis
abstract class AbstractRedisTaskStoreTests extends MonitoredTaskStoreContractTests {

	private final Map<String, RedisEventStore> nodes = new ConcurrentHashMap<>();

	private final TestRedis redis;

	AbstractRedisTaskStoreTests(TestRedis redis) {
		this.redis = redis;
	}

	abstract RedisConnectionFactory connectionFactory(TestRedis redis);

	@Override
	protected MonitoredTaskStore store() {
		return RedisTaskStore.of(node("first"), Duration.ofMinutes(2));
	}

	@Override
	protected MonitoredTaskStore secondNode() {
		return RedisTaskStore.of(node("second"), Duration.ofMinutes(2));
	}

	@Override
	protected String nodeId() {
		return node("first").nodeId();
	}

	private RedisEventStore node(String name) {
		return this.nodes.computeIfAbsent(name,
				(unused) -> RedisEventStore.builder(connectionFactory(this.redis))
					.keyPrefix(this.redis.keyPrefix())
					.timeToLive(Duration.ofMinutes(3))
					.timeout(Duration.ofSeconds(15))
					.build());
	}

	@Override
	protected Duration unit() {
		return Duration.ofMinutes(1);
	}

	@Override
	protected void elapse(Duration duration) {
		this.redis.elapse(duration);
	}

	@AfterEach
	void closeNodes() {
		this.nodes.values().forEach(RedisEventStore::close);
	}

}

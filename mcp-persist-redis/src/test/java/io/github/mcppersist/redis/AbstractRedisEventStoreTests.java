package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.event.MonitoredEventStore;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.test.event.MonitoredEventStoreContractTests;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;

/**
 * Runs the contract tests with one driver.
 */
@NeedsRedis
abstract class AbstractRedisEventStoreTests extends MonitoredEventStoreContractTests {

	private final Map<String, RedisEventStore> stores = new ConcurrentHashMap<>();

	private final AtomicLong elapsed = new AtomicLong();

	private final TestRedis redis;

	private @Nullable RedisConnectionFactory own;

	AbstractRedisEventStoreTests(TestRedis redis) {
		this.redis = redis;
	}

	abstract RedisConnectionFactory connectionFactory(TestRedis redis);

	@Override
	protected MonitoredEventStore store() {
		return store("first", Bounds.none());
	}

	@Override
	protected MonitoredEventStore secondNode() {
		return store("second", Bounds.none());
	}

	@Override
	protected MonitoredEventStore store(Bounds bounds) {
		return store(bounds.toString(), bounds);
	}

	private MonitoredEventStore store(String name, Bounds bounds) {
		return this.stores.computeIfAbsent(name,
				(unused) -> RedisEventStore.builder(connectionFactory(this.redis))
					.keyPrefix(this.redis.keyPrefix())
					.timeout(Duration.ofSeconds(15))
					.nanoTime(() -> System.nanoTime() + this.elapsed.get())
					.timeToLive(bounds.timeToLive())
					.completedTimeToLive(bounds.completedTimeToLive())
					.maxEventsPerStream(bounds.maxEventsPerStream())
					.maxBytesPerStream(bounds.maxBytesPerStream())
					.maxBytesPerSession(bounds.maxBytesPerSession())
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

	@Override
	protected void awaitRenewal(StreamKey stream) {
		RedisConnectionFactory factory = (this.own != null) ? this.own : this.redis.lettuce();
		this.own = factory;
		try (RedisConnection connection = factory.getConnection()) {
			byte[] key = RedisKeys.bytes(new RedisKeys(this.redis.keyPrefix()).stream(stream));
			long renewed = unit().plus(unit().dividedBy(2)).toMillis();
			Awaitility.await().until(() -> connection.keyCommands().pTtl(key) > renewed);
		}
	}

	@AfterEach
	void closeStores() {
		this.stores.values().forEach(RedisEventStore::close);
	}

}

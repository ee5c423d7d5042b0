package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.List;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisSentinelConfiguration;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamConflictException;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.test.redis.NeedsRedis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * Tests for {@link RedisEventStore} on a primary and a replica behind a Sentinel.
 */
@NeedsRedis
class RedisSentinelTests {

	private final RedisStores stores = new RedisStores();

	private final RedisSentinel redis = RedisSentinel.start();

	@AfterEach
	void close() throws Exception {
		this.stores.close();
		this.redis.close();
	}

	private RedisConnectionFactory factory(Driver driver) {
		String[] sentinel = this.redis.address().split(":");
		return driver.open(new RedisSentinelConfiguration().master(RedisSentinel.MASTER)
			.sentinel(sentinel[0], Integer.parseInt(sentinel[1])));
	}

	@ParameterizedTest
	@EnumSource
	void worksBehindASentinelAndRecoversFromAFailover(Driver driver) {
		RedisEventStore store = this.stores.open(this.stores.builder(factory(driver)).timeout(Duration.ofSeconds(5)));
		RedisEventStore other = this.stores.open(this.stores.builder(factory(driver)).timeout(Duration.ofSeconds(5)));
		awaitRecovery(store);
		awaitRecovery(other);
		RedisStores.assertWork(store, other);

		this.redis.failOver();
		awaitRecovery(store);
		awaitRecovery(other);

		RedisStores.assertWork(store, other);
	}

	@ParameterizedTest
	@EnumSource
	void reportsAGapToAReaderWhoseEventsAFailoverLost(Driver driver) {
		RedisEventStore store = this.stores.open(this.stores.builder(factory(driver)).timeout(Duration.ofSeconds(5)));
		StreamKey stream = RedisStores.newStream();
		Event priming = RedisStores.priming(stream);
		Event kept = RedisStores.event(stream, 2);
		awaitRecovery(store);
		RedisStores.block(store.openStream(stream, RequestIds.parse("7"), List.of(priming, kept)));
		String key = this.stores.key(stream);
		Awaitility.await().until(() -> this.redis.replica().cli("LLEN", key).equals(3L));
		letTheReplicaLag();
		Event lost = RedisStores.event(stream, 3);
		RedisStores.block(store.storeEvents(stream, List.of(lost)));

		this.redis.primary().kill();
		this.redis.replica().resume();
		this.redis.failOver();
		awaitRecovery(store);

		assertThat(this.redis.replica().cli("LLEN", key)).isEqualTo(3L);
		assertThatExceptionOfType(EventNotFoundException.class)
			.isThrownBy(() -> RedisStores.read(store, stream, lost.id()));
		assertThat(RedisStores.read(store, stream, priming.id()).events()).containsExactly(kept);

		// The log grows past the place of the lost event, which a bare number would not
		// tell
		StreamConflictException conflict = catchThrowableOfType(StreamConflictException.class,
				() -> RedisStores.block(store.storeEvents(stream, List.of(RedisStores.event(stream, 4)))));
		assertThat(conflict.nextSequence()).isEqualTo(3);
		List<Event> grown = List.of(RedisStores.event(stream, 3), RedisStores.event(stream, 4));
		RedisStores.block(store.storeEvents(stream, grown));
		assertThatExceptionOfType(EventNotFoundException.class)
			.isThrownBy(() -> RedisStores.read(store, stream, lost.id()));
		assertThat(RedisStores.read(store, stream, kept.id()).events()).isEqualTo(grown);

		// Or its writer starts it anew with what it still has
		RedisStores.block(store.openStream(stream, RequestIds.parse("7"), List.of(RedisStores.event(stream, 5))));
		assertThatExceptionOfType(EventsTrimmedException.class)
			.isThrownBy(() -> RedisStores.read(store, stream, lost.id()));
	}

	/**
	 * What the primary writes from now on doesn't leave its memory: the replica is
	 * stopped, and there is more between the two than sockets hold.
	 */
	private void letTheReplicaLag() {
		this.redis.replica().pause();
		String ballast = "x".repeat(8 << 20);
		for (int i = 0; i < 4; i++) {
			this.redis.primary().cli("SET", "ballast", ballast);
		}
	}

	private static void awaitRecovery(RedisEventStore store) {
		StreamKey stream = RedisStores.newStream();
		List<Event> events = List.of(RedisStores.priming(stream));
		Awaitility.await()
			.atMost(Duration.ofMinutes(3))
			.ignoreExceptionsInstanceOf(EventStoreUnavailableException.class)
			.until(() -> {
				RedisStores.block(store.openStream(stream, RequestIds.parse("7"), events));
				return true;
			});
	}

}

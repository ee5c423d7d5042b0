package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.function.BiConsumer;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.payload.AesGcmPayloadCodec;
import io.github.mcppersist.payload.EncodedEventStore;
import io.github.mcppersist.payload.EncodedSessionStore;
import io.github.mcppersist.payload.EncodedTaskStore;
import io.github.mcppersist.payload.PayloadPlace;
import io.github.mcppersist.payload.Payloads;
import io.github.mcppersist.payload.UnreadablePayloadException;
import io.github.mcppersist.session.MonitoredSessionStore;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.TestRedis;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The stores in Redis, with what they hold encrypted.
 */
class EncodedRedisStoresTests {

	private static final BiConsumer<PayloadPlace, UnreadablePayloadException> NEVER = (place, failure) -> {
		throw new AssertionError("A payload can't be opened: " + place, failure);
	};

	private static Payloads payloads() {
		return new Payloads(AesGcmPayloadCodec.builder().key("a", new byte[AesGcmPayloadCodec.KEY_BYTES]).build(),
				NEVER);
	}

	@Test
	@NeedsRedis
	void asksForAResourceUnderItsOwnNameOnlyIfItIsStoredSo() throws Exception {
		String plain = "file:///plain";
		String secret = "file:///secret";
		try (RedisServer redis = RedisServer.start();
				RedisStores stores = new RedisStores();
				RedisEventStore events = stores.open(stores
					.builder(Driver.LETTUCE.open(new RedisStandaloneConfiguration("127.0.0.1", redis.port()))))) {
			RedisSessionStore unencoded = RedisSessionStore.of(events, Duration.ofHours(1));
			EncodedSessionStore encoded = new EncodedSessionStore(unencoded, payloads());
			RedisStores.block(Mono.defer(() -> unencoded.createSession(session("one")))
				.retryWhen(Retry.fixedDelay(100, Duration.ofMillis(100))));
			RedisStores.block(encoded.createSession(session("two")));
			RedisStores.block(unencoded.subscribe("one", plain));
			RedisStores.block(encoded.subscribe("two", plain));
			RedisStores.block(encoded.subscribe("two", secret));
			RedisKeys keys = new RedisKeys(stores.keyPrefix());

			redis.cli("CONFIG", "SET", "slowlog-max-len", "100000");
			redis.cli("CONFIG", "SET", "slowlog-log-slower-than", "0");
			assertThat(encoded.findSubscribers(plain).block(RedisStores.LIMIT)).containsExactly("two");
			RedisStores.block(encoded.findSubscribedUris(0));
			assertThat(encoded.findSubscribers(plain).block(RedisStores.LIMIT)).containsExactlyInAnyOrder("one", "two");
			assertThat(encoded.findSubscribers(secret).block(RedisStores.LIMIT)).containsExactly("two");

			assertThat(String.valueOf(redis.cli("SLOWLOG", "GET", "100000"))).contains(keys.subscribers(plain))
				.doesNotContain(keys.subscribers(secret));
			RedisStores.block(unencoded.unsubscribe("one", plain));
			RedisStores.block(encoded.findSubscribedUris(0));
			redis.cli("SLOWLOG", "RESET");
			assertThat(encoded.findSubscribers(plain).block(RedisStores.LIMIT)).containsExactly("two");
			assertThat(String.valueOf(redis.cli("SLOWLOG", "GET", "100000"))).doesNotContain(keys.subscribers(plain));
		}
	}

	private static SessionRecord session(String sessionId) {
		return SessionRecord.initialized(sessionId, "{}", "2025-11-25", null, "server");
	}

	@Nested
	class Events extends AbstractRedisEventStoreTests {

		Events(TestRedis redis) {
			super(redis);
		}

		@Override
		RedisConnectionFactory connectionFactory(TestRedis redis) {
			return redis.lettuce();
		}

		@Override
		protected EventStore store() {
			return new EncodedEventStore(super.store(), payloads());
		}

		@Override
		protected EventStore secondNode() {
			return new EncodedEventStore(super.secondNode(), payloads());
		}

		@Override
		protected EventStore store(Bounds bounds) {
			return new EncodedEventStore(super.store(bounds), payloads());
		}

	}

	@Nested
	class Sessions extends AbstractRedisSessionStoreTests {

		Sessions(TestRedis redis) {
			super(redis);
		}

		@Override
		RedisConnectionFactory connectionFactory(TestRedis redis) {
			return redis.lettuce();
		}

		@Override
		protected MonitoredSessionStore store() {
			return new EncodedSessionStore(super.store(), payloads());
		}

		@Override
		protected MonitoredSessionStore secondNode() {
			return new EncodedSessionStore(super.secondNode(), payloads());
		}

		@Override
		protected MonitoredSessionStore store(Duration timeToLive) {
			return new EncodedSessionStore(super.store(timeToLive), payloads());
		}

		@Override
		protected MonitoredSessionStore store(int maxSessions) {
			return new EncodedSessionStore(super.store(maxSessions), payloads());
		}

	}

	@Nested
	class Tasks extends AbstractRedisTaskStoreTests {

		Tasks(TestRedis redis) {
			super(redis);
		}

		@Override
		RedisConnectionFactory connectionFactory(TestRedis redis) {
			return redis.lettuce();
		}

		@Override
		protected TaskStore store() {
			return new EncodedTaskStore(super.store(), payloads());
		}

		@Override
		protected TaskStore secondNode() {
			return new EncodedTaskStore(super.secondNode(), payloads());
		}

	}

}

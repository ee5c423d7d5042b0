package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.function.BiConsumer;

import org.junit.jupiter.api.Nested;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.event.MonitoredEventStore;
import io.github.mcppersist.payload.AesGcmPayloadCodec;
import io.github.mcppersist.payload.EncodedEventStore;
import io.github.mcppersist.payload.EncodedSessionStore;
import io.github.mcppersist.payload.EncodedTaskStore;
import io.github.mcppersist.payload.PayloadPlace;
import io.github.mcppersist.payload.Payloads;
import io.github.mcppersist.payload.UnreadablePayloadException;
import io.github.mcppersist.session.MonitoredSessionStore;
import io.github.mcppersist.task.MonitoredTaskStore;
import io.github.mcppersist.test.redis.TestRedis;

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
		protected MonitoredEventStore store() {
			return new EncodedEventStore(super.store(), payloads());
		}

		@Override
		protected MonitoredEventStore secondNode() {
			return new EncodedEventStore(super.secondNode(), payloads());
		}

		@Override
		protected MonitoredEventStore store(Bounds bounds) {
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
		protected MonitoredTaskStore store() {
			return new EncodedTaskStore(super.store(), payloads());
		}

		@Override
		protected MonitoredTaskStore secondNode() {
			return new EncodedTaskStore(super.secondNode(), payloads());
		}

	}

}

package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

import org.assertj.core.api.InstanceOfAssertFactories;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.session.SessionAlreadyDeletedException;
import io.github.mcppersist.session.SessionPage;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.session.StoredSession;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.tuple;

/**
 * What is in Redis of a session, and for how long.
 */
@NeedsRedis
class RedisSessionLayoutTests {

	private static final String SESSION = "Pwxsfl0OTEOdKxtqP2p7EQ";

	private static final String RECORD = "mcp:1:{" + SESSION + "}:i";

	private static final String ANSWERS = "mcp:1:{" + SESSION + "}:a";

	private static final String TOMBSTONE = "mcp:1:{" + SESSION + "}:d";

	private static final String SESSIONS = "mcp:1:s:{s}";

	private static final String URIS = "mcp:1:u:{u}";

	private static final String EXPIRIES = "mcp:1:u:{u}:x";

	/**
	 * Ends in the SHA-256 of {@code file:///a}.
	 */
	private static final String SUBSCRIBERS = "mcp:1:u:{u}:SfkWAyClULVTZ02PGHRzsZ4YYNyZO6prVWBppMGVxlI";

	private static RedisServer redis;

	private static LettuceConnectionFactory factory;

	private RedisEventStore eventStore;

	private RedisSessionStore store;

	@BeforeAll
	static void startRedis() {
		redis = RedisServer.start();
		factory = new LettuceConnectionFactory("127.0.0.1", redis.port());
		factory.afterPropertiesSet();
		factory.start();
	}

	@AfterAll
	static void stopRedis() {
		factory.destroy();
		redis.close();
	}

	@BeforeEach
	void openStore() {
		redis.cli("CONFIG", "SET", "maxmemory", "0");
		redis.cli("FLUSHALL");
		this.eventStore = RedisEventStore.builder(factory).timeout(TestEvents.PATIENT).build();
		this.store = RedisSessionStore.of(this.eventStore, Duration.ofHours(8));
	}

	@AfterEach
	void closeStore() {
		this.eventStore.close();
	}

	private static SessionRecord session() {
		return SessionRecord.initialized(SESSION, "{\"capabilities\":{}}", "2025-11-25", "alice", "server");
	}

	private static void assertKeys(String... keys) {
		assertThat(redis.cli("KEYS", "*")).asInstanceOf(InstanceOfAssertFactories.LIST)
			.containsExactlyInAnyOrder((Object[]) keys);
	}

	private static long ttl(String key) {
		return (Long) redis.cli("PTTL", key);
	}

	@Test
	void storesASessionAsOneHash() {
		TestEvents.block(this.store.createSession(session()));
		assertKeys(RECORD, SESSIONS);
		assertThat(redis.cli("ZRANGE", SESSIONS, "0", "-1")).isEqualTo(List.of(SESSION));
		long now = Long.parseLong((String) ((List<?>) redis.cli("TIME")).get(0)) * 1000;
		String since = (String) redis.cli("HGET", RECORD, "t");
		String node = this.eventStore.nodeId();
		assertThat(Long.parseLong(since)).isBetween(now - 60_000, now + 1000);
		assertThat(redis.cli("HGETALL", RECORD)).isEqualTo(List.of("i", "{\"capabilities\":{}}", "v", "2025-11-25", "p",
				"alice", "n", "server", "r", "1", "t", since, "w", node));

		TestEvents.block(this.store.setLogLevel(SESSION, "debug"));
		TestEvents.block(this.store.subscribe(SESSION, "file:///a"));
		TestEvents.block(this.store.moveStandaloneCursor(SESSION, EventId.parse("0_17_abcdefcdef"), null));

		assertThat(redis.cli("HGETALL", RECORD))
			.isEqualTo(List.of("i", "{\"capabilities\":{}}", "v", "2025-11-25", "p", "alice", "n", "server", "r", "3",
					"t", since, "w", node, "l", "debug", "s:file:///a", "", "c", "0_17_abcdefcdef"));
		TestEvents.block(this.store.setResuming(SESSION));
		assertThat(redis.cli("HGET", RECORD, "b")).isEqualTo("1");
		assertThat(redis.cli("HGET", RECORD, "r")).isEqualTo("4");
		assertKeys(RECORD, SESSIONS, URIS, EXPIRIES, SUBSCRIBERS);
		assertThat(redis.cli("ZRANGE", URIS, "0", "-1")).isEqualTo(List.of("file:///a", ""));
		assertThat(redis.cli("ZRANGE", EXPIRIES, "0", "-1")).isEqualTo(List.of("file:///a"));
		assertThat(redis.cli("ZRANGE", SUBSCRIBERS, "0", "-1")).isEqualTo(List.of(SESSION));
	}

	@Test
	void countsOutWhatCouldNotBeStored() {
		redis.cli("SET", RECORD, "somebody else's");

		assertThatExceptionOfType(SessionStoreUnavailableException.class)
			.isThrownBy(() -> TestEvents.block(this.store.createSession(session())));

		assertKeys(RECORD);
	}

	@Test
	void goesOnCountingWhatWasStoredBeforeAndCanNotBeStoredAgain() {
		TestEvents.block(this.store.createSession(session()));
		redis.cli("SET", RECORD, "somebody else's");

		assertThatExceptionOfType(SessionStoreUnavailableException.class)
			.isThrownBy(() -> TestEvents.block(this.store.createSession(session())));

		assertKeys(RECORD, SESSIONS);
	}

	@Test
	void storesASessionThatCanNotBeCounted() {
		redis.cli("SET", SESSIONS, "somebody else's");

		TestEvents.block(this.store.createSession(session()));

		assertThat(TestEvents.block(this.store.findSession(SESSION))).isEqualTo(session());
	}

	@Test
	void readsWhatLayoutVersion1Wrote() {
		redis.cli("HSET", RECORD, "i", "{\"\u20ac\":1}", "v", "2025-06-18", "p", "\u00e9", "l", "info", "c",
				"0_17_abcdefcdef", "r", "12", "s:file:///\u00e9", "", "s:", "");

		assertThat(TestEvents.block(this.store.findSession(SESSION)))
			.isEqualTo(new SessionRecord(SESSION, "{\"\u20ac\":1}", "2025-06-18", "\u00e9", null, "info",
					Set.of("file:///\u00e9", ""), EventId.parse("0_17_abcdefcdef"), false, new Revision(12)));
	}

	@Test
	void readsThatAClientResumes() {
		redis.cli("HSET", RECORD, "i", "{}", "v", "2025-11-25", "b", "1", "r", "2");

		assertThat(TestEvents.block(this.store.findSession(SESSION))).isEqualTo(new SessionRecord(SESSION, "{}",
				"2025-11-25", null, null, null, Set.of(), null, true, new Revision(2)));
	}

	@Test
	void describesASessionThatSaysNeitherWhereNorSinceWhen() {
		redis.cli("HSET", RECORD, "i", "{}", "v", "2025-11-25", "r", "2");
		redis.cli("PEXPIRE", RECORD, "3600000");

		StoredSession session = TestEvents.block(this.store.describeSession(SESSION));

		assertThat(session.initializeRequest()).isEqualTo("{}");
		assertThat(session.node()).isNull();
		assertThat(session.age()).isNull();
		// Kept for eight hours and an eighth of that, of which one is left
		assertThat(session.idle()).isBetween(Duration.ofHours(8), Duration.ofHours(8).plusMinutes(1));
	}

	@Test
	void describesSinceWhenASessionIsThereAndWhoUsedItLast() {
		TestEvents.block(this.store.createSession(session()));
		redis.cli("HINCRBY", RECORD, "t", "-7200000");
		assertThat(TestEvents.block(this.store.describeSession(SESSION)).node()).isEqualTo(this.eventStore.nodeId());

		try (RedisEventStore other = RedisEventStore.builder(factory).timeout(TestEvents.PATIENT).build()) {
			TestEvents.block(RedisSessionStore.of(other, Duration.ofHours(8)).renewSessions(List.of(SESSION)));

			StoredSession session = TestEvents.block(this.store.describeSession(SESSION));
			assertThat(session.node()).isEqualTo(other.nodeId());
			assertThat(session.age()).isBetween(Duration.ofHours(2), Duration.ofHours(2).plusMinutes(1));
		}
	}

	// One that nobody can read any more must not hide the others
	@Test
	void showsThatThereIsARecordThatCanNotBeRead() {
		TestEvents.block(this.store.createSession(session()));
		TestEvents
			.block(this.store.createSession(SessionRecord.initialized("other", "{}", "2025-11-25", null, "server")));
		redis.cli("HDEL", RECORD, "i");

		assertThat(TestEvents.block(this.store.findSessions(null, 10)).sessions())
			.extracting(StoredSession::sessionName, StoredSession::initializeRequest)
			.containsExactlyInAnyOrder(tuple(SESSION, null), tuple("other", "{}"));
	}

	@Test
	void passesOverWhatIsCountedAndNotThere() {
		TestEvents.block(this.store.createSession(session()));
		redis.cli("ZADD", SESSIONS, "99999999999999", "gone");

		SessionPage first = TestEvents.block(this.store.findSessions(null, 1));
		assertThat(first.sessions()).isEmpty();
		assertThat(TestEvents.block(this.store.findSessions(first.next(), 1)).sessions()).singleElement()
			.satisfies((session) -> assertThat(session.sessionName()).isEqualTo(SESSION));
	}

	@Test
	void renewsWhileRedisIsOutOfMemory() {
		TestEvents.block(this.store.createSession(session()));
		List.of(RECORD, SESSIONS).forEach((key) -> redis.cli("PEXPIRE", key, "20000"));
		redis.cli("CONFIG", "SET", "maxmemory", "1");

		TestEvents.block(this.store.renewSessions(List.of(SESSION)));

		assertThat(ttl(RECORD)).isGreaterThan(32_300_000L);
		assertThat(ttl(SESSIONS)).isGreaterThan(32_300_000L);
	}

	@Test
	void countsASessionAgainThatTheIndexHasLost() {
		TestEvents.block(this.store.createSession(session()));
		redis.cli("DEL", SESSIONS);

		TestEvents.block(this.store.renewSessions(List.of(SESSION)));

		assertThat(TestEvents.block(this.store.findSessions(null, 10)).sessions()).singleElement()
			.satisfies((session) -> assertThat(session.sessionName()).isEqualTo(SESSION));
		assertThat(ttl(SESSIONS)).isBetween(32_300_000L, 32_400_000L);
	}

	@Test
	void countsNoSessionAgainThatIsNotThere() {
		TestEvents.block(this.store.createSession(session()));
		TestEvents.block(this.store.deleteSession(SESSION));

		TestEvents.block(this.store.renewSessions(List.of(SESSION, "expired")));

		assertThat(redis.cli("EXISTS", SESSIONS)).isEqualTo(0L);
	}

	@Test
	void countsNoSessionAgainThatIsDeletedWhileItIsRenewed() {
		TestEvents.block(this.store.createSession(session()));
		AtomicBoolean deleted = new AtomicBoolean();
		RedisConnectionFactory watched = ChangedReplies.of(factory, LuaScript.RENEW_SESSION, (reply) -> {
			if (deleted.compareAndSet(false, true)) {
				TestEvents.block(this.store.deleteSession(SESSION));
			}
			return reply;
		});
		try (RedisEventStore other = RedisEventStore.builder(watched).timeout(TestEvents.PATIENT).build()) {
			RedisSessionStore renewing = RedisSessionStore.of(other, Duration.ofHours(8));
			// Redis knows the script now
			TestEvents.block(this.store.renewSessions(List.of(SESSION)));

			TestEvents.block(renewing.renewSessions(List.of(SESSION)));
		}

		assertThat(deleted).isTrue();
		assertThat(redis.cli("EXISTS", SESSIONS)).isEqualTo(0L);
	}

	@Test
	void renewsASessionWhileRedisIsOutOfMemoryThoughItCanNotBeCounted() {
		TestEvents.block(this.store.createSession(session()));
		redis.cli("PEXPIRE", RECORD, "20000");
		redis.cli("DEL", SESSIONS);
		redis.cli("CONFIG", "SET", "maxmemory", "1");

		TestEvents.block(this.store.renewSessions(List.of(SESSION)));

		assertThat(ttl(RECORD)).isGreaterThan(32_300_000L);
	}

	@Test
	void keepsTheSessionsThatWereRenewedWhenAnotherCanNotBe() {
		TestEvents.block(this.store.createSession(session()));
		redis.cli("ZADD", SESSIONS, "1", SESSION);
		redis.cli("SET", "mcp:1:{other}:i", "no record");

		assertThatExceptionOfType(SessionStoreUnavailableException.class)
			.isThrownBy(() -> TestEvents.block(this.store.renewSessions(List.of("other", SESSION))))
			.withMessageContaining("WRONGTYPE");

		assertThat(TestEvents.block(this.store.findSessions(null, 10)).sessions()).singleElement()
			.satisfies((session) -> assertThat(session.sessionName()).isEqualTo(SESSION));
	}

	@Test
	void saysThatARecordIsOfAnotherVersion() {
		redis.cli("HSET", RECORD, "x", "y");

		assertThatExceptionOfType(SessionStoreUnavailableException.class)
			.isThrownBy(() -> TestEvents.block(this.store.findSession(SESSION)))
			.withMessageContaining("something else than a session");
	}

	@Test
	void everyKeyExpires() {
		TestEvents.block(this.store.createSession(session()));
		TestEvents.block(this.store.subscribe(SESSION, "file:///a"));
		TestEvents.block(this.store.storeAnswer(SESSION, "r1", "{}".getBytes(StandardCharsets.UTF_8)));
		assertThat(redis.cli("HGETALL", ANSWERS)).isEqualTo(List.of("r1", "{}", "#", "2"));
		assertThat(ttl(RECORD)).isBetween(32_300_000L, 32_400_000L);
		assertThat(ttl(ANSWERS)).isBetween(3_900_000L, 4_050_000L);
		assertThat(ttl(URIS)).isBetween(57_500_000L, 57_600_000L);
		assertThat(ttl(EXPIRIES)).isBetween(57_500_000L, 57_600_000L);
		assertThat(ttl(SESSIONS)).isBetween(32_300_000L, 32_400_000L);
		assertThat(ttl(SUBSCRIBERS)).isBetween(57_500_000L, 57_600_000L);

		TestEvents.block(this.store.deleteSession(SESSION));

		assertKeys(TOMBSTONE, URIS);
		assertThat(redis.cli("ZRANGE", URIS, "0", "-1")).as("the last number only").isEqualTo(List.of(""));
		// As long as a node may go on using the session
		assertThat(ttl(TOMBSTONE)).isBetween(32_300_000L, 32_400_000L);
		TestEvents.block(this.eventStore.deleteSession(SESSION));
		assertThat(ttl(TOMBSTONE)).isGreaterThan(32_300_000L);
	}

	@Test
	void leavesNothingOfADeletedSessionOnceItsTombstoneHasExpired() {
		try (RedisEventStore streams = RedisEventStore.builder(factory).timeout(TestEvents.PATIENT).build()) {
			RedisSessionStore sessions = RedisSessionStore.of(streams, Duration.ofHours(1));
			StreamKey stream = StreamKey.random(SESSION);
			TestEvents.block(sessions.createSession(session()));
			assertThat(TestEvents.block(streams.openStream(stream, RequestIds.parse("7"), TestEvents.priming(stream))))
				.isEqualTo(Revision.FIRST);
			TestEvents.block(sessions.subscribe(SESSION, "file:///a"));
			TestEvents.block(sessions.storeAnswer(SESSION, "r1", "{}".getBytes(StandardCharsets.UTF_8)));

			TestEvents.block(sessions.deleteSession(SESSION));
			TestEvents.block(streams.deleteSession(SESSION));

			assertKeys(TOMBSTONE, URIS);
			assertThat(redis.cli("ZRANGE", URIS, "0", "-1")).as("the last number only").isEqualTo(List.of(""));
			assertThatExceptionOfType(SessionAlreadyDeletedException.class)
				.isThrownBy(() -> TestEvents.block(sessions.createSession(session())));
			assertThat(ttl(TOMBSTONE)).isPositive();
			redis.cli("PEXPIRE", TOMBSTONE, "1");
			Awaitility.await().untilAsserted(() -> assertKeys(URIS));
		}
	}

	@Test
	void aSessionThatOnlyTheEventStoreDeletedIsGone() {
		TestEvents.block(this.store.createSession(session()));

		TestEvents.block(this.eventStore.deleteSession(SESSION));

		assertThat(TestEvents.block(this.store.findSession(SESSION))).isNull();
		assertThatExceptionOfType(SessionAlreadyDeletedException.class)
			.isThrownBy(() -> TestEvents.block(this.store.createSession(session())));
	}

	@Test
	void openingAStreamTellsTheRevisionOfTheSession() {
		StreamKey first = StreamKey.random(SESSION);
		StreamKey second = StreamKey.random(SESSION);
		assertThat(this.eventStore.openStream(first, RequestIds.parse("7"), TestEvents.priming(first))
			.block(RedisStores.LIMIT)).isNull();

		TestEvents.block(this.store.createSession(session()));
		TestEvents.block(this.store.setLogLevel(SESSION, "debug"));

		assertThat(
				TestEvents.block(this.eventStore.openStream(second, RequestIds.parse("8"), TestEvents.priming(second))))
			.isEqualTo(new Revision(2));
	}

	@Test
	void renewingASessionKeepsItsSubscriptionsIndexed() {
		TestEvents.block(this.store.createSession(session()));
		TestEvents.block(this.store.subscribe(SESSION, "file:///a"));
		List.of(RECORD, URIS, EXPIRIES, SUBSCRIBERS).forEach((key) -> redis.cli("PEXPIRE", key, "20000"));

		TestEvents.block(this.store.renewSessions(List.of(SESSION)));
		assertThat(ttl(RECORD)).isGreaterThan(32_300_000L);
		assertThat(ttl(URIS)).isGreaterThan(57_500_000L);
		assertThat(ttl(EXPIRIES)).isGreaterThan(57_500_000L);
		assertThat(ttl(SUBSCRIBERS)).isGreaterThan(57_500_000L);

		redis.cli("DEL", URIS, EXPIRIES, SUBSCRIBERS);
		TestEvents.block(this.store.renewSessions(List.of(SESSION)));
		assertThat(TestEvents.block(this.store.findSubscribers("file:///a"))).containsExactly(SESSION);
		assertThat(TestEvents.block(this.store.findSubscribedUris(0)).uris()).containsExactly("file:///a");
	}

	@Test
	void forgetsSubscribersThatWereNotRenewed() {
		redis.cli("ZADD", SUBSCRIBERS, "1", "expired");
		redis.cli("ZADD", URIS, "1", "file:///expired", "2", "");
		redis.cli("ZADD", EXPIRIES, "1", "file:///expired");
		assertThat(TestEvents.block(this.store.findSubscribers("file:///a"))).isEmpty();
		assertThat(TestEvents.block(this.store.findSubscribedUris(0)).uris()).isEmpty();

		TestEvents.block(this.store.createSession(session()));
		TestEvents.block(this.store.subscribe(SESSION, "file:///a"));

		assertThat(redis.cli("ZRANGE", URIS, "0", "-1")).isEqualTo(List.of("file:///a", ""));
		assertThat(redis.cli("ZRANGE", EXPIRIES, "0", "-1")).isEqualTo(List.of("file:///a"));
		assertThat(redis.cli("ZRANGE", SUBSCRIBERS, "0", "-1")).isEqualTo(List.of(SESSION));
	}

	@Test
	void anIndexThatWasNotWrittenIsWrittenWhenTheCallIsRepeated() {
		SessionRecord session = new SessionRecord(SESSION, "{}", "2025-11-25", null, "server", null,
				Set.of("file:///a"), null, false, new Revision(3));
		TestEvents.block(this.store.createSession(session));
		redis.cli("DEL", URIS, EXPIRIES, SUBSCRIBERS);

		TestEvents.block(this.store.createSession(session));

		assertThat(TestEvents.block(this.store.findSubscribers("file:///a"))).containsExactly(SESSION);
	}

	@Test
	void deletesAndReadsWhileRedisIsOutOfMemory() {
		TestEvents.block(this.store.createSession(session()));
		TestEvents.block(this.store.subscribe(SESSION, "file:///a"));
		TestEvents.block(this.store.storeAnswer(SESSION, "r1", "{}".getBytes(StandardCharsets.UTF_8)));
		String other = "other";
		redis.cli("CONFIG", "SET", "maxmemory", "1");

		assertThatExceptionOfType(SessionStoreUnavailableException.class)
			.isThrownBy(() -> TestEvents
				.block(this.store.createSession(SessionRecord.initialized(other, "{}", "2025-11-25", null, "server"))))
			.withMessageContaining("out of memory");
		assertThat(redis.cli("EXISTS", "mcp:1:{other}:i")).isEqualTo(0L);
		assertThat(TestEvents.block(this.store.findSession(SESSION)).revision()).isEqualTo(new Revision(2));
		assertThat(TestEvents.block(this.store.findSubscribers("file:///a"))).containsExactly(SESSION);
		Awaitility.await().ignoreExceptionsInstanceOf(SessionStoreUnavailableException.class).until(() -> {
			TestEvents.block(this.store.deleteSession(SESSION));
			return true;
		});

		assertKeys(TOMBSTONE, URIS);
		assertThat(redis.cli("ZRANGE", URIS, "0", "-1")).as("the last number only").isEqualTo(List.of(""));
	}

	@Test
	void refusesATimeToLiveThatLeavesNoTime() {
		for (Duration timeToLive : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofDays(4000))) {
			assertThatIllegalArgumentException().isThrownBy(() -> RedisSessionStore.of(this.eventStore, timeToLive))
				.withMessageContaining(timeToLive.toString());
		}
	}

}

package io.github.mcppersist.redis;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;

import org.assertj.core.api.InstanceOfAssertFactories;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import reactor.core.Disposable;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * What is in Redis, how much memory it takes, and which commands put it there.
 */
@NeedsRedis
class RedisLayoutTests {

	private static final String SESSION = "Pwxsfl0OTEOdKxtqP2p7EQ";

	private static final String STREAM_KEY = "mcp:1:{" + SESSION + "}:s:AbCdEfGhIjKlMnOp";

	private static final String INDEX = "mcp:1:{" + SESSION + "}:x";

	private static RedisServer redis;

	private static LettuceConnectionFactory factory;

	private final StreamKey stream = new StreamKey(SESSION, "AbCdEfGhIjKlMnOp");

	private RedisMonitor monitor;

	private RedisEventStore store;

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
	void openStore() throws IOException {
		redis.cli("FLUSHALL");
		this.monitor = new RedisMonitor(redis);
		this.store = builder().build();
		this.monitor.awaitStarted();
	}

	// Commands are counted, so there are no echoes among them.
	private static RedisEventStore.Builder builder() {
		return RedisEventStore.builder(factory).timeout(TestEvents.PATIENT).echoInterval(Duration.ofHours(1));
	}

	@AfterEach
	void closeStore() throws IOException {
		this.store.close();
		this.monitor.close();
	}

	@Test
	void namesKeysAsDocumented() {
		RedisKeys keys = new RedisKeys("mcp");

		assertThat(keys.stream(new StreamKey("4f1c", "Ab3"))).isEqualTo("mcp:1:{4f1c}:s:Ab3");
		assertThat(keys.streams("4f1c")).isEqualTo("mcp:1:{4f1c}:x");
		assertThat(keys.tombstone("4f1c")).isEqualTo("mcp:1:{4f1c}:d");
		assertThat(keys.record("4f1c")).isEqualTo("mcp:1:{4f1c}:i");
		assertThat(keys.answers("4f1c")).isEqualTo("mcp:1:{4f1c}:a");
		assertThat(keys.task("9aT-")).isEqualTo("mcp:1:{9aT-}:t");
		assertThat(keys.sessions()).isEqualTo("mcp:1:s:{s}");
		assertThat(keys.uris()).isEqualTo("mcp:1:u:{u}");
		assertThat(keys.subscribers("file:///a")).isEqualTo("mcp:1:u:{u}:SfkWAyClULVTZ02PGHRzsZ4YYNyZO6prVWBppMGVxlI");
		assertThat(keys.beats()).isEqualTo("mcp:1:b");
		assertThat(keys.channel("0rT5")).isEqualTo("mcp:1:n:0rT5");
		assertThat(keys.allNodes()).isEqualTo("mcp:1:n:all");
	}

	@Test
	void refusesAKeyPrefixThatWouldMoveASlot() {
		for (String prefix : List.of("", "a{b", "a}b", "a b", "\u00e9", "x".repeat(65))) {
			assertThatIllegalArgumentException().isThrownBy(() -> new RedisKeys(prefix)).withMessageContaining(prefix);
		}
	}

	@Test
	void storesAStreamAsOneListWithAHeader() {
		TestEvents.block(this.store.openStream(this.stream, RequestIds.parse("\"request-7\""),
				List.of(Event.priming(new EventId("AbCdEfGhIjKlMnOp", 1, "aaaaaaaaaa")))));
		TestEvents.block(this.store.storeEvents(this.stream, List.of(event(2, "bbbbbbbbbb", "{\"n\":2}"))));

		assertThat(elements()).hasSize(3)
			.first()
			.asString()
			.matches("1r0{15}[0-9A-Za-z]{11}-{11}0000000170{10}\"request-7\"");
		assertThat(elements().subList(1, 3)).containsExactly("aaaaaaaaaa", "bbbbbbbbbb{\"n\":2}");

		TestEvents.block(this.store.completeStream(this.stream, List.of(event(3, "cccccccccc", "{\"id\":7,\"n\":3}"))));

		assertThat(elements().get(0)).matches("1c0{15}[0-9A-Za-z]{11}-{11}000000024[0-9]{10}\"request-7\"");
		assertThat(elements().get(3)).isEqualTo("cccccccccc{\"id\":7,\"n\":3}");
		assertThat(redis.cli("KEYS", "*")).asInstanceOf(InstanceOfAssertFactories.LIST)
			.containsExactlyInAnyOrder(STREAM_KEY, INDEX);
	}

	@Test
	void everyKeyExpires() {
		TestEvents.block(this.store.openStream(this.stream, null, TestEvents.priming(this.stream)));
		assertThat(ttl(STREAM_KEY)).isBetween(3_900_000L, 4_050_000L);
		assertThat(ttl(INDEX)).isBetween(7_400_000L, 7_500_000L);

		TestEvents.block(this.store.completeStream(this.stream, List.of(event(2, "bbbbbbbbbb", "{}"))));
		assertThat(ttl(STREAM_KEY)).isBetween(200_000L, 300_000L);

		TestEvents.block(this.store.deleteSession(SESSION));
		assertThat(redis.cli("KEYS", "*")).isEqualTo(List.of("mcp:1:{" + SESSION + "}:d"));
		assertThat(ttl("mcp:1:{" + SESSION + "}:d")).isBetween(7_400_000L, 7_500_000L);
	}

	@Test
	void putsOffTheExpiryOnceAnEighthOfTheTimeToLiveHasPassed() {
		AtomicLong now = new AtomicLong();
		try (RedisEventStore longLived = RedisEventStore.builder(factory)
			.timeout(TestEvents.PATIENT)
			.timeToLive(Duration.ofHours(8))
			.nanoTime(now::get)
			.build()) {
			AtomicLong sequence = new AtomicLong(1);
			TestEvents.block(longLived.openStream(this.stream, null, TestEvents.priming(this.stream)));
			redis.cli("PEXPIRE", STREAM_KEY, "1000000");

			now.addAndGet(Duration.ofMinutes(59).toNanos());
			append(longLived, sequence);
			assertThat(ttl(STREAM_KEY)).isLessThanOrEqualTo(1_000_000L);

			now.addAndGet(Duration.ofMinutes(1).toNanos());
			append(longLived, sequence);
			assertThat(ttl(STREAM_KEY)).isGreaterThan(Duration.ofHours(8).toMillis());
		}
	}

	private void append(RedisEventStore to, AtomicLong sequence) {
		TestEvents.block(to.storeEvents(this.stream, List.of(event(sequence.incrementAndGet(), "bbbbbbbbbb", "{}"))));
	}

	@Test
	void readsWhatLayoutVersion1Wrote() throws IOException {
		load("layout-1.txt");
		StreamKey running = new StreamKey("golden", "Running1");
		StreamKey complete = new StreamKey("golden", "Complete1");

		EventPage page = TestEvents
			.block(this.store.replayEventsAfter(running, EventId.parse("Running1_5_0a1b2c1b2c"), 1000));
		assertThat(page.events()).extracting((event) -> new String(event.message(), StandardCharsets.UTF_8))
			.containsExactly("{\"n\":6}", "{\"n\":\"\u20ac\"}");
		assertThat(page.events()).extracting(Event::id)
			.containsExactly(EventId.parse("Running1_6_0a1b2d1b2d"), EventId.parse("Running1_8_0a1b2f1b2f"));
		assertThat(page.rest()).isEqualTo(EventPage.Rest.RUNNING);
		assertThatExceptionOfType(EventsTrimmedException.class)
			.isThrownBy(() -> TestEvents
				.block(this.store.replayEventsAfter(running, EventId.parse("Running1_3_0a1b2c1b2c"), 1000)))
			.satisfies((ex) -> assertThat(ex.requestIds()).hasToString("\"id-\u00e9\""));
		assertThat(TestEvents.block(this.store.replayEventsAfter(complete, null, 1000)).rest())
			.isEqualTo(EventPage.Rest.NONE);
		TestEvents.block(this.store.storeEvents(running,
				List.of(new Event(EventId.parse("Running1_9_0a1b2g1b2g"), "{}".getBytes(StandardCharsets.UTF_8)))));
	}

	@Test
	void aPlainCallCostsTwoCommands() throws Exception {
		call(StreamKey.random(SESSION));
		this.monitor.lines();
		for (int i = 0; i < 10; i++) {
			call(StreamKey.random(SESSION));
		}

		Map<String, Long> sent = this.monitor.counts();
		sent.keySet()
			.removeAll(List.of("exists", "hget", "lindex", "llen", "lset", "pexpire", "rpush", "rpushx", "time", "zadd",
					"zcard", "zremrangebyscore"));
		assertThat(sent).isEqualTo(Map.of("evalsha", 20L));
	}

	@Test
	void aReadCostsTwoRoundTripsAndNoWrite() throws Exception {
		call(this.stream);
		TestEvents.block(this.store.replayEventsAfter(this.stream, null, 1000));

		this.monitor.lines();
		TestEvents.block(this.store.replayEventsAfter(this.stream, null, 1000));

		// A script with four calls of its own, and then the events
		assertThat(this.monitor.counts())
			.isEqualTo(Map.of("evalsha", 1L, "lindex", 1L, "llen", 1L, "pttl", 1L, "exists", 1L, "lrange", 1L));
	}

	@Test
	void publishesOnlyForAReaderOnAnotherNode() throws Exception {
		TestEvents.block(this.store.openStream(this.stream, null, TestEvents.priming(this.stream)));
		try (RedisEventStore other = builder().build()) {
			RedisStores.awaitSubscribed(this.store, redis);
			RedisStores.awaitSubscribed(other, redis);
			Queue<Hint> hints = new ConcurrentLinkedQueue<>();
			Disposable own = this.store.watch(this.stream).subscribe(hints::add);
			Awaitility.await().until(() -> !hints.isEmpty());
			this.monitor.lines();
			TestEvents.block(this.store.storeEvents(this.stream, List.of(event(2, "bbbbbbbbbb", "{}"))));
			assertThat(published()).isEmpty();

			Queue<Hint> remoteHints = new ConcurrentLinkedQueue<>();
			Disposable remote = other.watch(this.stream).subscribe(remoteHints::add);
			Awaitility.await().until(() -> !remoteHints.isEmpty());
			// One that the reader has moved, and one for the event.
			TestEvents.block(this.store.storeEvents(this.stream, List.of(event(3, "cccccccccc", "{}"))));
			assertThat(published()).hasSize(2);
			Awaitility.await()
				.untilAsserted(() -> assertThat(remoteHints).containsExactly(Hint.watched(), Hint.stored(3)));

			own.dispose();
			remote.dispose();
			// The hint that finds no reader takes the mark away.
			TestEvents.block(this.store.storeEvents(this.stream, List.of(event(4, "dddddddddd", "{}"))));
			Awaitility.await().until(() -> elements().get(0).contains(StreamHeader.NO_NODE));
		}
	}

	// Some probes publish an echo
	private List<String> published() throws IOException {
		return this.monitor.scripts()
			.stream()
			.flatMap(List::stream)
			.filter((call) -> call.startsWith("publish") && !call.endsWith(" \"e\""))
			.toList();
	}

	@Test
	void takesLittleMemory() {
		TestEvents.block(this.store.openStream(this.stream, RequestIds.parse("42"), TestEvents.priming(this.stream)));
		TestEvents.block(this.store.completeStream(this.stream, List.of(TestEvents.event(this.stream, 2, 300))));
		assertThat((Long) redis.cli("MEMORY", "USAGE", STREAM_KEY)).isLessThanOrEqualTo(697);

		StreamKey longer = new StreamKey(SESSION, "AbCdEfGhIjKlMnOq");
		TestEvents.block(this.store.openStream(longer, RequestIds.parse("42"), TestEvents.priming(longer)));
		TestEvents.block(this.store.storeEvents(longer,
				LongStream.rangeClosed(2, 101).mapToObj((n) -> TestEvents.event(longer, n, 300)).toList()));
		Long bytes = (Long) redis.cli("MEMORY", "USAGE", new RedisKeys("mcp").stream(longer));
		assertThat((bytes - 100 * 300) / 100).isLessThanOrEqualTo(40);
	}

	@Test
	void trimsSeldomAndToTheBound() throws Exception {
		try (RedisEventStore bounded = RedisEventStore.builder(factory)
			.timeout(TestEvents.PATIENT)
			.maxEventsPerStream(160)
			.build()) {
			TestEvents.block(bounded.openStream(this.stream, null, TestEvents.priming(this.stream)));
			for (int sequence = 2; sequence <= 400; sequence++) {
				TestEvents
					.block(bounded.storeEvents(this.stream, List.of(TestEvents.event(this.stream, sequence, 20))));
			}

			Awaitility.await().until(() -> (Long) redis.cli("LLEN", STREAM_KEY) <= 161);
			assertThat((Long) redis.cli("LLEN", STREAM_KEY)).isGreaterThan(150);
			assertThat(this.monitor.counts().get("ltrim")).isBetween(20L, 30L);
			EventPage page = TestEvents.block(bounded.replayEventsAfter(this.stream, null, 100_000));
			assertThat(page.lastEventId()).extracting(EventId::sequence).isEqualTo(400L);
		}
	}

	@Test
	void knowsEveryStreamOfASessionAndForgetsThoseThatHaveExpired() {
		StreamKey complete = StreamKey.random(SESSION);
		StreamKey running = StreamKey.random(SESSION);
		call(complete);
		assertThat(indexedFor(complete)).isBetween(4_200_000L, 4_350_000L);

		TestEvents.block(this.store.openStream(running, null, TestEvents.priming(running)));

		assertThat(redis.cli("ZRANGE", INDEX, "0", "-1")).isEqualTo(List.of(complete.streamId(), running.streamId()));
		assertThat(indexedFor(complete)).isBetween(200_000L, 300_000L);
		redis.cli("ZADD", INDEX, "1", complete.streamId());
		call(StreamKey.random(SESSION));
		assertThat(redis.cli("ZSCORE", INDEX, complete.streamId())).isNull();
		assertThat(redis.cli("ZCARD", INDEX)).isEqualTo(2L);
	}

	@Test
	void deletesRunningAndCompleteStreamsAtOnce() {
		StreamKey running = StreamKey.random(SESSION);
		TestEvents.block(this.store.openStream(running, null, TestEvents.priming(running)));
		for (int i = 0; i < 1100; i++) {
			call(StreamKey.random(SESSION));
		}
		assertThat((List<?>) redis.cli("KEYS", "*:s:*")).hasSize(1101);

		TestEvents.block(this.store.deleteSession(SESSION));

		assertThat(redis.cli("KEYS", "*")).isEqualTo(List.of("mcp:1:{" + SESSION + "}:d"));
	}

	@Test
	void deletesStreamsWhoseExpiryWasPutOffSinceTheyWereIndexed() {
		AtomicLong now = new AtomicLong();
		try (RedisEventStore longLived = builder().nanoTime(now::get).build()) {
			TestEvents.block(longLived.openStream(this.stream, null, TestEvents.priming(this.stream)));
			for (String renewed : List.of("append", "renew")) {
				redis.cli("DEL", INDEX);
				now.addAndGet(Duration.ofMinutes(20).toNanos());
				if (renewed.equals("append")) {
					append(longLived, new AtomicLong(1));
				}
				else {
					TestEvents.block(longLived.renewStreams(List.of(this.stream)));
				}
				Awaitility.await().untilAsserted(() -> assertThat(indexedFor(this.stream)).isGreaterThan(4_200_000L));
			}

			TestEvents.block(longLived.deleteSession(SESSION));

			assertThat(redis.cli("EXISTS", STREAM_KEY)).isEqualTo(0L);
		}
	}

	@Test
	void dropsTheOldestCompleteStreamsOfASessionThatHasTooMany() {
		StreamKey running = StreamKey.random(SESSION);
		TestEvents.block(this.store.openStream(running, null, TestEvents.priming(running)));
		call(this.stream);
		long soon = System.currentTimeMillis() + 100_000;
		redis.cli("ZADD", INDEX, "" + soon, running.streamId(), "" + (soon + 1), this.stream.streamId());
		for (int i = 0; i < 100_000; i += 1000) {
			List<String> command = new ArrayList<>(List.of("ZADD", INDEX));
			for (int j = i; j < i + 1000; j++) {
				command.addAll(List.of("" + (soon + 1000 + j), "Stream" + j));
			}
			redis.cli(command.toArray(String[]::new));
		}

		call(StreamKey.random(SESSION));

		Awaitility.await().untilAsserted(() -> assertThat(redis.cli("EXISTS", STREAM_KEY)).isEqualTo(0L));
		assertThat(redis.cli("ZSCORE", INDEX, running.streamId())).isNotNull();
		assertThat((Long) redis.cli("ZCARD", INDEX)).isLessThan(100_000);
	}

	@Test
	void readingKeepsACompleteStreamForAsLongAsARunningOneAtMost() {
		call(this.stream);
		redis.cli("PEXPIRE", STREAM_KEY, "50000");

		TestEvents.block(this.store.replayEventsAfter(this.stream, null, 1000));
		Awaitility.await().untilAsserted(() -> assertThat(ttl(STREAM_KEY)).isBetween(200_000L, 300_000L));

		String header = elements().get(0);
		long completedAt = Long.parseLong(header.substring(48, 58));
		redis.cli("LSET", STREAM_KEY, "0", header.substring(0, 48) + (completedAt - 4050 + 60) + header.substring(58));
		redis.cli("PEXPIRE", STREAM_KEY, "20000");
		TestEvents.block(this.store.renewStreams(List.of(this.stream)));
		assertThat(ttl(STREAM_KEY)).isBetween(20_001L, 60_000L);
	}

	private static long indexedFor(StreamKey stream) {
		String score = (String) redis.cli("ZSCORE", INDEX, stream.streamId());
		return (score != null) ? Double.valueOf(score).longValue() - System.currentTimeMillis() : 0;
	}

	private void call(StreamKey stream) {
		TestEvents.block(this.store.openStream(stream, RequestIds.parse("42"), TestEvents.priming(stream)));
		TestEvents.block(this.store.completeStream(stream, List.of(TestEvents.event(stream, 2, 300))));
	}

	private Event event(long sequence, String tag, String message) {
		return new Event(new EventId(this.stream.streamId(), sequence, tag), message.getBytes(StandardCharsets.UTF_8));
	}

	@SuppressWarnings("unchecked")
	private static List<String> elements() {
		return (List<String>) redis.cli("LRANGE", STREAM_KEY, "0", "-1");
	}

	private static long ttl(String key) {
		return (Long) redis.cli("PTTL", key);
	}

	/**
	 * Each line of the dump is one element: the key, a tab, the element.
	 */
	private static void load(String file) throws IOException {
		try (BufferedReader reader = new BufferedReader(
				new InputStreamReader(RedisLayoutTests.class.getResourceAsStream(file), StandardCharsets.UTF_8))) {
			reader.lines()
				.map((line) -> line.split("\t", 2))
				.forEach((element) -> redis.cli("RPUSH", element[0], element[1]));
		}
	}

}

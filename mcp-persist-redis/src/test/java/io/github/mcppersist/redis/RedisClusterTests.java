package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisCluster;
import io.github.mcppersist.test.redis.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link RedisEventStore} on a Redis Cluster of three nodes.
 */
@NeedsRedis
class RedisClusterTests {

	private static RedisCluster cluster;

	private final RedisStores stores = new RedisStores();

	@BeforeAll
	static void startCluster() {
		cluster = RedisCluster.start();
	}

	@AfterAll
	static void stopCluster() {
		cluster.close();
	}

	@AfterEach
	void closeStores() throws Exception {
		this.stores.close();
	}

	private RedisEventStore open(Driver driver) {
		return this.stores.open(driver.open(new RedisClusterConfiguration(cluster.addresses())));
	}

	@ParameterizedTest
	@EnumSource
	void worksOnACluster(Driver driver) {
		RedisStores.assertWork(open(driver), open(driver));
	}

	@ParameterizedTest
	@EnumSource
	void keepsSessionsOnACluster(Driver driver) {
		RedisStores.assertSessionsWork(open(driver), open(driver));
	}

	@ParameterizedTest
	@EnumSource
	void keepsTasksOnACluster(Driver driver) {
		// Each in a slot of its own, so on several servers
		RedisEventStore store = open(driver);
		RedisEventStore other = open(driver);
		for (int i = 0; i < 10; i++) {
			RedisStores.assertTasksWork(store, other);
		}
	}

	@ParameterizedTest
	@EnumSource
	void nodesSeeAndHearEachOtherOnACluster(Driver driver) {
		RedisStores.assertNodesWork(open(driver), open(driver));
	}

	@ParameterizedTest
	@EnumSource
	void bringsMessagesInTheOrderInWhichTheyAreSentOnACluster(Driver driver) {
		RedisNodeRegistry first = RedisNodeRegistry.of(open(driver), Duration.ofMinutes(10));
		RedisEventStore store = open(driver);
		JoinedNode second = new JoinedNode(store, RedisNodeRegistry.of(store, Duration.ofMinutes(10)));
		Awaitility.await().untilAsserted(() -> {
			first.broadcast("there").block(RedisStores.LIMIT);
			assertThat(second.received).contains("there");
		});
		second.received.removeIf("there"::equals);
		List<String> messages = IntStream.range(0, 1000).mapToObj(Integer::toString).toList();

		Flux.fromIterable(messages).concatMap(first::broadcast).blockLast(RedisStores.LIMIT);

		Awaitility.await().untilAsserted(() -> assertThat(second.received).contains("999"));
		assertThat(second.received).filteredOn((message) -> !message.equals("there"))
			.containsExactlyElementsOf(messages);
	}

	@ParameterizedTest
	@EnumSource
	void doesNotTrustTheNumberOfReceiversOnACluster(Driver driver) {
		RedisEventStore store = open(driver);
		RedisNodeRegistry registry = RedisNodeRegistry.of(store, Duration.ofMinutes(1));

		assertThat(registry.send("nobody00000", "").block(RedisStores.LIMIT)).isTrue();
	}

	@ParameterizedTest
	@EnumSource
	void spreadsSessionsOverTheNodesAndKeepsEachInOneSlot(Driver driver) {
		RedisEventStore store = open(driver);
		for (int i = 0; i < 30; i++) {
			StreamKey stream = newStreamOn(cluster.nodes().get(i % 3));
			StreamKey other = StreamKey.random(stream.sessionName());
			RedisStores.block(store.openStream(stream, RequestIds.parse("7"), List.of(RedisStores.priming(stream))));
			RedisStores.block(store.openStream(other, RequestIds.parse("8"), List.of(RedisStores.priming(other))));
			RedisSessionStore sessions = RedisSessionStore.of(store, Duration.ofHours(1));
			RedisStores.block(sessions
				.createSession(SessionRecord.initialized(stream.sessionName(), "{}", "2025-11-25", null, "server")));
			RedisStores.block(sessions.storeAnswer(stream.sessionName(), "r1", new byte[] { '1' }));
			assertThat(slots(this.stores.keyPrefix() + ":*{" + stream.sessionName() + "}*")).hasSize(1);
		}

		assertThat(cluster.nodes())
			.allSatisfy((node) -> assertThat((List<?>) node.cli("KEYS", this.stores.keyPrefix() + ":*")).isNotEmpty());
	}

	private static StreamKey newStreamOn(RedisServer node) {
		StreamKey stream = RedisStores.newStream();
		while (cluster.owner("{" + stream.sessionName() + "}") != node) {
			stream = RedisStores.newStream();
		}
		return stream;
	}

	private static Set<Object> slots(String pattern) {
		return cluster.nodes()
			.stream()
			.flatMap((node) -> ((List<?>) node.cli("KEYS", pattern)).stream())
			.map((key) -> cluster.nodes().get(0).cli("CLUSTER", "KEYSLOT", (String) key))
			.collect(Collectors.toSet());
	}

	@ParameterizedTest
	@EnumSource
	void goesOnWhenTheSlotOfAStreamMovesToAnotherNode(Driver driver) {
		RedisEventStore store = open(driver);
		RedisEventStore other = open(driver);
		StreamKey stream = RedisStores.newStream();
		Event priming = RedisStores.priming(stream);
		RedisStores.block(store.openStream(stream, RequestIds.parse("7"), List.of(priming)));
		assertThat(RedisStores.read(other, stream, priming.id()).events()).isEmpty();

		cluster.moveSlot(this.stores.key(stream));
		Event event = RedisStores.event(stream, 2);
		RedisStores.block(store.storeEvents(stream, List.of(event)));

		assertThat(RedisStores.read(other, stream, priming.id()).events()).containsExactly(event);
	}

	@ParameterizedTest
	@EnumSource
	void waitsOnceForASlotThatStaysOnItsWayAndSaysWhichItIs(Driver driver) {
		RedisEventStore store = this.stores
			.open(this.stores.builder(driver.open(new RedisClusterConfiguration(cluster.addresses())))
				.timeout(Duration.ofSeconds(2)));
		StreamKey stream = RedisStores.newStream();
		Event priming = RedisStores.priming(stream);
		Awaitility.await()
			.atMost(RedisStores.LIMIT)
			.ignoreExceptionsInstanceOf(EventStoreUnavailableException.class)
			.untilAsserted(() -> RedisStores.block(store.openStream(stream, RequestIds.parse("7"), List.of(priming))));
		StreamKey next = StreamKey.random(stream.sessionName());
		Mono<?> open = store.openStream(next, RequestIds.parse("8"), List.of(RedisStores.priming(next)));
		try {
			cluster.beginToMoveSlot(this.stores.key(stream));

			assertUnavailable(open, "TRYAGAIN");
			long start = System.nanoTime();
			for (int i = 0; i < 100; i++) {
				assertUnavailable(open, "No call is made");
			}
			// If each waited it would take four minutes
			assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(40));
			assertThat(store.outage()).isNotNull();
			assertThat(store.outage().reason()).contains("in slot " + cluster.slot(this.stores.key(stream)) + ",");
			RedisStores.block(store.storeEvents(stream, List.of(RedisStores.event(stream, 2))));
			StreamKey other = RedisStores.newStream();
			RedisStores.block(store.openStream(other, RequestIds.parse("9"), List.of(RedisStores.priming(other))));
		}
		finally {
			cluster.keepSlot(this.stores.key(stream));
		}

		Awaitility.await().atMost(RedisStores.LIMIT).until(() -> store.outage() == null);
		RedisStores.block(open);
	}

	private static void assertUnavailable(Mono<?> call, String message) {
		assertThatExceptionOfType(EventStoreUnavailableException.class).isThrownBy(() -> RedisStores.block(call))
			.withMessageContaining(message);
	}

	// Jedis tries several times by itself, for longer than a call may take
	@ParameterizedTest
	@EnumSource
	void givesUpWhatIsLargerThanItsNodeTakesAndGoesOnWithTheRest(Driver driver) {
		RedisEventStore store = this.stores
			.open(this.stores.builder(driver.open(new RedisClusterConfiguration(cluster.addresses())))
				.timeout(Duration.ofSeconds(3)));
		StreamKey stream = RedisStores.newStream();
		Event priming = RedisStores.priming(stream);
		Event event = RedisStores.event(stream, 2);
		Event large = new Event(event.id(), new byte[3 * 1024 * 1024]);
		RedisStores.block(store.openStream(stream, RequestIds.parse("7"), List.of(priming)));
		try {
			configure("proto-max-bulk-len", "1048576");

			RedisStores.awaitRefusedAsTooLarge(store, stream, large);
		}
		finally {
			configure("proto-max-bulk-len", "536870912");
		}

		RedisStores.awaitStored(store, stream, event);
		assertThat(RedisStores.read(store, stream, priming.id()).events()).containsExactly(event);
	}

	@Test
	void takesALookAtTheTopologyForNoConnectionThatBroke() {
		RedisClusterConfiguration configuration = new RedisClusterConfiguration(cluster.addresses());
		LettuceConnectionFactory factory = (LettuceConnectionFactory) Driver.LETTUCE.open(configuration);
		LettuceCluster client = LettuceCluster.of(factory, configuration);
		try {
			StatefulRedisClusterConnection<byte[], byte[]> connection = client.connect(ByteArrayCodec.INSTANCE);
			Queue<String> broken = new ConcurrentLinkedQueue<>();
			client.onBreak(broken::add);
			byte[] key = "key".getBytes(StandardCharsets.UTF_8);
			connection.sync().get(key);
			for (int i = 0; i < 5; i++) {
				client.refreshPartitions();
			}
			assertThat(broken).isEmpty();

			cluster.owner("key").cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");

			Awaitility.await().untilAsserted(() -> assertThat(broken).contains(client.server(key)));
		}
		finally {
			client.end().join();
			factory.destroy();
		}
	}

	private static void configure(String name, String value) {
		cluster.nodes().forEach((node) -> node.cli("CONFIG", "SET", name, value));
	}

}

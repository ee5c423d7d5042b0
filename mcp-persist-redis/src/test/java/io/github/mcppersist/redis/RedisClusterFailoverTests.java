package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.lettuce.core.cluster.SlotHash;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.connection.RedisClusterConfiguration;

import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StoreOutage;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisCluster;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.RespClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link RedisEventStore} on a Redis Cluster that loses a primary, while hardly
 * anybody calls: what calls a busy store makes would hide that it doesn't look by itself.
 */
@NeedsRedis
@Timeout(600)
class RedisClusterFailoverTests {

	private final RedisStores stores = new RedisStores();

	private final RedisCluster cluster = RedisCluster.startWithReplicas();

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	private final ListAppender<ILoggingEvent> driverLog = new ListAppender<>();

	private RedisEventStore store;

	@BeforeEach
	void startLog() {
		this.log.start();
		logger().addAppender(this.log);
		logger().setLevel(Level.INFO);
		this.driverLog.start();
		driverLogger().addAppender(this.driverLog);
		driverLogger().setLevel(Level.WARN);
	}

	private void open(Driver driver) {
		this.store = this.stores
			.open(this.stores.builder(driver.open(new RedisClusterConfiguration(this.cluster.addresses())))
				.timeout(Duration.ofSeconds(5)));
		this.cluster.nodes()
			.forEach((node) -> awaiting().ignoreExceptionsInstanceOf(EventStoreUnavailableException.class)
				.until(() -> store(node)));
	}

	@AfterEach
	void close() throws Exception {
		logger().detachAppender(this.log);
		logger().setLevel(null);
		driverLogger().detachAppender(this.driverLog);
		driverLogger().setLevel(Level.ERROR);
		this.stores.close();
		this.cluster.close();
	}

	private static Logger logger() {
		return (Logger) LoggerFactory.getLogger(RedisEventStore.class);
	}

	private static Logger driverLogger() {
		return (Logger) LoggerFactory.getLogger("io.lettuce");
	}

	private static ConditionFactory awaiting() {
		return Awaitility.await().atMost(Duration.ofMinutes(1));
	}

	private boolean store(RedisServer node) {
		StreamKey stream = streamOn(node);
		RedisStores.block(this.store.openStream(stream, RequestIds.parse("7"), List.of(RedisStores.priming(stream))));
		return true;
	}

	private StreamKey streamOn(RedisServer node) {
		int third = this.cluster.nodes().indexOf(node);
		StreamKey stream = RedisStores.newStream();
		while (third("{" + stream.sessionName() + "}") != third) {
			stream = RedisStores.newStream();
		}
		return stream;
	}

	private static int third(String key) {
		return SlotHash.getSlot(key) * 3 / SlotHash.SLOT_COUNT;
	}

	@ParameterizedTest
	@EnumSource
	void goesOnWithThePromotedReplicaAndNeverStopsOnTheOtherNodes(Driver driver) {
		open(driver);
		RedisServer lost = this.cluster.nodes().get(1);
		RedisServer replica = this.cluster.replica(lost);

		this.driverLog.list.clear();
		long start = System.nanoTime();
		lost.kill();

		awaiting().until(
				() -> this.store.outage() != null && this.store.outage().reason().contains("127.0.0.1:" + lost.port()));
		awaiting().until(() -> {
			assertOthersWork();
			return "master".equals(replica.info("role"));
		});
		awaiting().ignoreExceptionsInstanceOf(EventStoreUnavailableException.class).until(() -> store(lost));
		// A look each second at most, and attempts to reconnect
		assertThat(List.copyOf(this.driverLog.list))
			.hasSizeLessThanOrEqualTo(4 + 2 * (int) Duration.ofNanos(System.nanoTime() - start).toSeconds());
		assertOthersWork();
		awaiting().until(() -> this.store.outage() == null);
		awaiting().untilAsserted(() -> assertThat(List.copyOf(this.log.list)).extracting(ILoggingEvent::getLevel)
			.containsExactly(Level.WARN, Level.INFO));
	}

	@ParameterizedTest
	@EnumSource
	void isWellAgainAfterAPrimaryWasKilledWhileManyCall(Driver driver) {
		open(driver);
		RedisServer lost = this.cluster.nodes().get(1);
		ExecutorService callers = Executors.newCachedThreadPool();
		try {
			for (int caller = 0; caller < 12; caller++) {
				StreamKey stream = streamOn(this.cluster.nodes().get(caller % 3));
				callers.execute(() -> {
					while (!Thread.currentThread().isInterrupted()) {
						this.store.renewStreams(List.of(stream)).onErrorComplete().toFuture().join();
						LockSupport.parkNanos(10_000_000);
					}
				});
			}
			lost.kill();

			awaiting().until(() -> this.store.outage() != null);
			awaiting().until(() -> this.store.outage() == null);
			awaiting().ignoreExceptionsInstanceOf(EventStoreUnavailableException.class).until(() -> store(lost));
		}
		finally {
			callers.shutdownNow();
		}
		assertThat(List.copyOf(this.log.list)).filteredOn((line) -> line.getLevel() == Level.WARN)
			.extracting(ILoggingEvent::getFormattedMessage)
			.singleElement()
			.asString()
			.contains("127.0.0.1:" + lost.port())
			// The line doesn't wait for long: an attempt that the kill has met is reset
			// first
			.containsAnyOf("Nothing accepts connections", "Connection reset");
	}

	private void assertOthersWork() {
		store(this.cluster.nodes().get(0));
		store(this.cluster.nodes().get(2));
	}

	@Test
	void doesNotLookForTheSlotsWhereNobodyAcceptsConnections() {
		open(Driver.LETTUCE);
		this.cluster.kill();
		awaiting().until(() -> this.store.outage() != null);
		this.driverLog.list.clear();
		StoreOutage outage = this.store.outage();
		awaiting().until(() -> this.store.outage().duration().minus(outage.duration()).toSeconds() >= 15);

		// Attempts to reconnect, and at most one look that was under way
		assertThat(List.copyOf(this.driverLog.list)).hasSizeBetween(1, 30);
		assertThat(this.log.list).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN);
	}

	@Test
	void asksOnlyWhoAcceptsConnectionsWhereAPrimaryIsAwayWithItsReplica() {
		open(Driver.LETTUCE);
		RedisServer lost = this.cluster.nodes().get(1);
		this.cluster.replica(lost).kill();
		lost.kill();
		awaiting().until(() -> this.store.outage() != null);
		this.driverLog.list.clear();
		StoreOutage outage = this.store.outage();
		awaiting().until(() -> this.store.outage().duration().minus(outage.duration()).toSeconds() >= 20);

		// Attempts to reconnect, and a look that was under way; there are ten looks at
		// least
		assertThat(List.copyOf(this.driverLog.list)).hasSizeLessThanOrEqualTo(10);
		assertThat(this.log.list).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN);
		lost.startAgain();
		awaiting().ignoreExceptionsInstanceOf(EventStoreUnavailableException.class).until(() -> store(lost));
	}

	@Test
	void asksOneNodeAtATimeWhereNoneLetsItIn() throws Exception {
		open(Driver.LETTUCE);
		for (RedisServer node : this.cluster.nodes()) {
			letNobodyIn(node);
			letNobodyIn(this.cluster.replica(node));
		}
		awaiting().until(() -> this.store.outage() != null);
		this.driverLog.list.clear();
		StoreOutage outage = this.store.outage();
		awaiting().until(() -> this.store.outage().duration().minus(outage.duration()).toSeconds() >= 15);

		// A look each second at first, then every few seconds, and attempts to reconnect
		assertThat(List.copyOf(this.driverLog.list)).hasSizeLessThanOrEqualTo(30);
	}

	private static void letNobodyIn(RedisServer server) throws Exception {
		try (RespClient client = new RespClient(server.port(), Duration.ofSeconds(30))) {
			client.send("CONFIG", "SET", "requirepass", "changed");
			client.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
			client.send("CLIENT", "KILL", "TYPE", "pubsub");
		}
	}

	@Test
	void keepsItsConnectionsToServersThatSayThatTheClusterIsDown() {
		open(Driver.LETTUCE);
		RedisServer lost = this.cluster.nodes().get(1);
		RedisServer answering = this.cluster.nodes().get(0);
		this.cluster.replica(lost).kill();
		lost.kill();
		awaiting().until(() -> answering.cli("CLUSTER", "INFO").toString().contains("cluster_state:fail"));
		awaiting().until(() -> this.store.outage() != null);
		List<String> callers = awaiting().until(() -> connections(answering, "cmd=evalsha"), (ids) -> !ids.isEmpty());
		StoreOutage outage = this.store.outage();

		awaiting().until(() -> this.store.outage().duration().minus(outage.duration()).toSeconds() >= 10);

		assertThat(connections(answering, "")).containsAll(callers);
	}

	// Those of whose lines a text is a part, by their IDs
	private static List<String> connections(RedisServer server, String part) {
		return server.cli("CLIENT", "LIST", "TYPE", "normal")
			.toString()
			.lines()
			.filter((line) -> line.contains(part))
			.map((line) -> line.substring(0, line.indexOf(' ')))
			.toList();
	}

	@ParameterizedTest
	@EnumSource
	void sessionsBeginWhileTheServerThatCountsThemIsAway(Driver driver) {
		open(driver);
		int counting = third(new RedisKeys(this.stores.keyPrefix()).sessions());
		RedisServer lost = this.cluster.nodes().get(counting);
		RedisServer working = this.cluster.nodes().get((counting + 1) % 3);
		RedisSessionStore sessions = RedisSessionStore.of(this.store, Duration.ofHours(1));
		this.cluster.nodes().forEach((node) -> node.cli("CONFIG", "SET", "cluster-require-full-coverage", "no"));
		// For good
		this.cluster.replica(lost).kill();

		lost.kill();

		awaiting().until(() -> this.store.outage() != null);
		SessionRecord session = SessionRecord.initialized(streamOn(working).sessionName(), "{}", "2025-11-25", null,
				"server");
		RedisStores.block(sessions.createSession(session));
		assertThat(sessions.findSession(session.sessionName()).block(RedisStores.LIMIT)).isEqualTo(session);
	}

	@ParameterizedTest
	@EnumSource
	void goesOnWithANodeThatHangsAndComesBack(Driver driver) {
		open(driver);
		RedisServer silent = this.cluster.nodes().get(2);
		this.cluster.nodes().forEach((node) -> node.cli("CONFIG", "SET", "cluster-require-full-coverage", "no"));
		// It is to come back as it was
		this.cluster.replica(silent).kill();

		silent.pause();
		awaiting().until(() -> this.store.outage() != null);
		assertThatExceptionOfType(EventStoreUnavailableException.class).isThrownBy(() -> store(silent));
		store(this.cluster.nodes().get(0));
		store(this.cluster.nodes().get(1));
		silent.resume();

		awaiting().ignoreExceptionsInstanceOf(EventStoreUnavailableException.class).until(() -> store(silent));
		awaiting().until(() -> this.store.outage() == null);
	}

}

package io.github.mcppersist.redis;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisConnectionStateListener;
import org.assertj.core.api.ThrowableAssertAlternative;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.jedis.JedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventStoreRefusedException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.event.StreamNotFoundException;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.RespClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests that with each driver, whatever happens to Redis, every call of
 * {@link RedisEventStore} ends in time, and that all is well again once Redis is.
 */
@NeedsRedis
class RedisRecoveryTests {

	/**
	 * The store's own time limit is a second, the drivers' a minute; the rest is for a
	 * busy machine.
	 */
	private static final Duration IN_TIME = Duration.ofSeconds(40);

	private static final Duration RECOVERY_LIMIT = Duration.ofMinutes(1);

	private final RedisStores stores = new RedisStores();

	private final RedisServer redis = RedisServer.start();

	private final RedisProxy network = RedisProxy.to(this.redis.port());

	private final StreamKey stream = RedisStores.newStream();

	private final Event priming = RedisStores.priming(this.stream);

	private final Event first = RedisStores.event(this.stream, 2);

	private final Event second = RedisStores.event(this.stream, 3);

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	@BeforeEach
	void listenToTheLog() {
		this.log.start();
		logger().addAppender(this.log);
		logger().setLevel(Level.INFO);
	}

	@AfterEach
	void close() throws Exception {
		logger().detachAppender(this.log);
		logger().setLevel(null);
		this.stores.close();
		this.network.close();
		this.redis.close();
	}

	private static Logger logger() {
		return (Logger) LoggerFactory.getLogger(RedisEventStore.class);
	}

	private RedisEventStore open(Driver driver) {
		return open(driver, null);
	}

	private RedisEventStore open(Driver driver, String password) {
		RedisStandaloneConfiguration configuration = new RedisStandaloneConfiguration("127.0.0.1", this.network.port());
		configuration.setPassword(password);
		return this.stores.open(this.stores.builder(driver.open(configuration)).timeout(Duration.ofSeconds(1)));
	}

	private RedisEventStore openStream(Driver driver) {
		return openStream(open(driver));
	}

	private RedisEventStore openStream(RedisEventStore store) {
		await(() -> RedisStores.block(store.openStream(this.stream, RequestIds.parse("7"), List.of(this.priming))));
		// Redis knows the script from now on, so that one command is one write
		await(() -> RedisStores.block(store.storeEvents(this.stream, List.of(this.first))));
		return store;
	}

	private Mono<Void> storeSecond(RedisEventStore store) {
		return store.storeEvents(this.stream, List.of(this.second));
	}

	private List<Event> read(RedisEventStore store) {
		return RedisStores.read(store, this.stream, this.priming.id()).events();
	}

	private static ThrowableAssertAlternative<EventStoreUnavailableException> assertUnavailable(Callable<?> call) {
		long start = System.nanoTime();
		ThrowableAssertAlternative<EventStoreUnavailableException> failure = assertThatExceptionOfType(
				EventStoreUnavailableException.class)
			.isThrownBy(call::call);
		assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(IN_TIME);
		return failure;
	}

	private void assertNothingWorks(RedisEventStore store) {
		for (int i = 0; i < 3; i++) {
			StreamKey other = RedisStores.newStream();
			assertUnavailable(() -> storeSecond(store).block(RedisStores.LIMIT));
			assertUnavailable(() -> store.openStream(other, RequestIds.parse("8"), List.of(RedisStores.priming(other)))
				.block(RedisStores.LIMIT));
			assertUnavailable(() -> store.completeStream(this.stream, List.of(this.second)).block(RedisStores.LIMIT));
			assertUnavailable(() -> read(store));
			assertUnavailable(() -> store.renewStreams(List.of(this.stream)).block(RedisStores.LIMIT));
			assertUnavailable(() -> store.deleteSession(other.sessionName()).block(RedisStores.LIMIT));
		}
	}

	/**
	 * Call again until the store is available: what a writer does.
	 */
	private static void await(Runnable call) {
		Awaitility.await()
			.atMost(RECOVERY_LIMIT)
			.pollInterval(Duration.ofMillis(50))
			.ignoreExceptionsInstanceOf(EventStoreUnavailableException.class)
			.until(() -> {
				call.run();
				return true;
			});
	}

	private void assertStoresSecondOnce(RedisEventStore store) {
		await(() -> RedisStores.block(storeSecond(store)));
		await(() -> assertThat(read(store)).containsExactly(this.first, this.second));
	}

	private List<String> logged(Level level) {
		return List.copyOf(this.log.list)
			.stream()
			.filter((event) -> event.getLevel() == level)
			.map(ILoggingEvent::getFormattedMessage)
			.toList();
	}

	private void assertLoggedOneOutage() {
		Awaitility.await().untilAsserted(() -> assertThat(logged(Level.INFO)).hasSize(1));
		assertThat(logged(Level.WARN)).hasSize(1).allMatch((line) -> line.startsWith("Events aren't stored"));
		assertThat(logged(Level.INFO)).allMatch((line) -> line.startsWith("Redis works again"));
	}

	@ParameterizedTest
	@EnumSource
	void startsWithoutRedis(Driver driver) {
		this.redis.kill();
		long start = System.nanoTime();

		RedisEventStore store = open(driver);

		assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(IN_TIME);
		assertNothingWorks(store);
		this.redis.startAgain();
		await(() -> RedisStores
			.block(store.openStream(this.stream, RequestIds.parse("7"), List.of(this.priming, this.first))));
		assertStoresSecondOnce(store);
		assertLoggedOneOutage();
	}

	@ParameterizedTest
	@EnumSource
	void startsWhileRedisDoesNotAnswer(Driver driver) {
		this.network.stall();
		long start = System.nanoTime();

		RedisEventStore store = open(driver);

		assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(IN_TIME);
		assertNothingWorks(store);
		this.network.pass();
		await(() -> RedisStores
			.block(store.openStream(this.stream, RequestIds.parse("7"), List.of(this.priming, this.first))));
		assertStoresSecondOnce(store);
	}

	@ParameterizedTest
	@EnumSource
	void goesOnAfterRedisWasRestartedWithItsData(Driver driver) {
		RedisEventStore store = openStream(driver);

		this.redis.stop();
		assertNothingWorks(store);
		this.redis.startAgain();

		assertStoresSecondOnce(store);
		assertLoggedOneOutage();
	}

	@ParameterizedTest
	@EnumSource
	void goesOnAfterRedisWasKilledWhileManyCall(Driver driver) {
		RedisEventStore store = openStream(driver);
		ExecutorService callers = Executors.newCachedThreadPool();
		try {
			for (int caller = 0; caller < 32; caller++) {
				callers.execute(() -> {
					while (!Thread.currentThread().isInterrupted()) {
						renewAndRest(store);
					}
				});
			}
			Awaitility.await().until(() -> Long.parseLong(this.redis.info("connected_clients")) > 2);

			this.network.refuse();
			this.redis.kill();
			Awaitility.await().atMost(RECOVERY_LIMIT).until(() -> store.outage() != null);
			this.redis.startAgain();
			this.network.pass();

			Awaitility.await().atMost(RECOVERY_LIMIT).until(() -> store.outage() == null);
			await(() -> RedisStores.assertWork(store, store));
			assertLoggedOneOutage();
		}
		finally {
			callers.shutdownNow();
		}
	}

	private void renewAndRest(RedisEventStore store) {
		store.renewStreams(List.of(this.stream)).onErrorComplete().toFuture().join();
		LockSupport.parkNanos(10_000_000);
	}

	@Test
	void saysThatItIsNotSubscribedWhileCallsWork() throws Exception {
		RedisEventStore store = openStream(Driver.LETTUCE);
		try (RespClient operator = new RespClient(this.redis.port(), Duration.ofSeconds(30))) {
			Awaitility.await().until(() -> !operator.send("PUBSUB", "CHANNELS").equals(List.of()));

			operator.send("CONFIG", "SET", "requirepass", "another");
			operator.send("CLIENT", "KILL", "TYPE", "pubsub");
			Awaitility.await().atMost(RECOVERY_LIMIT).until(() -> store.outage() != null);

			assertThat(store.outage().readsFail()).isFalse();
			assertThat(store.outage().writesFail()).isFalse();
			assertThat(store.outage().reason()).contains("Calls work", "wants a password");
			assertStoresSecondOnce(store);
			assertThat(logged(Level.WARN)).hasSize(1).allMatch((line) -> line.contains("refuses SUBSCRIBE"));
			operator.send("CONFIG", "SET", "requirepass", "");
			Awaitility.await().atMost(RECOVERY_LIMIT).until(() -> store.outage() == null);
			assertThat(operator.send("PUBSUB", "CHANNELS")).isNotEqualTo(List.of());
			assertThat(logged(Level.WARN)).hasSize(1);
		}
	}

	@ParameterizedTest
	@EnumSource
	void saysThatAStreamIsGoneAfterRedisWasRestartedWithoutItsData(Driver driver) {
		RedisEventStore store = openStream(driver);

		this.redis.restartEmpty();

		Awaitility.await()
			.atMost(RECOVERY_LIMIT)
			.untilAsserted(() -> assertThatExceptionOfType(StreamNotFoundException.class)
				.isThrownBy(() -> RedisStores.block(storeSecond(store))));
		assertThatExceptionOfType(EventNotFoundException.class).isThrownBy(() -> read(store));
		RedisStores.block(store.openStream(this.stream, RequestIds.parse("7"), List.of(this.priming, this.first)));
		assertStoresSecondOnce(store);
	}

	@ParameterizedTest
	@EnumSource
	void goesOnAfterRedisWasPaused(Driver driver) {
		RedisEventStore store = openStream(driver);

		this.redis.pause();
		assertNothingWorks(store);
		this.redis.resume();

		// One of the calls was a completion, and may have been carried out since
		await(() -> assertThat(read(store)).startsWith(this.first));
		Awaitility.await().untilAsserted(() -> RedisStores.assertWork(store, store));
		assertLoggedOneOutage();
	}

	@ParameterizedTest
	@EnumSource
	void doesNotSayOfAnOutageWhyThatBeforeItWas(Driver driver) {
		RedisEventStore store = this.stores
			.open(this.stores.builder(driver.open(new RedisStandaloneConfiguration("127.0.0.1", this.redis.port())))
				.timeout(Duration.ofSeconds(1)));
		await(() -> RedisStores.assertWork(store, store));
		this.redis.kill();
		Awaitility.await()
			.atMost(RECOVERY_LIMIT)
			.until(() -> store.outage() != null && store.outage().reason().contains("Nothing accepts connections"));
		this.redis.startAgain();
		Awaitility.await().atMost(RECOVERY_LIMIT).until(() -> store.outage() == null);

		this.redis.pause();

		Awaitility.await().atMost(RECOVERY_LIMIT).until(() -> store.outage() != null);
		assertThat(store.outage().reason()).doesNotContain("Nothing accepts connections");
	}

	@ParameterizedTest
	@EnumSource
	void storesOnceWhatWasStoredWithoutAcknowledgement(Driver driver) {
		RedisEventStore store = openStream(driver);

		this.network.loseReplies();
		assertUnavailable(() -> storeSecond(store).block(RedisStores.LIMIT));
		Awaitility.await().until(() -> this.redis.cli("LLEN", this.stores.key(this.stream)).equals(4L));
		this.network.pass();

		assertStoresSecondOnce(store);
		assertThat(this.redis.cli("LLEN", this.stores.key(this.stream))).isEqualTo(4L);
	}

	@ParameterizedTest
	@EnumSource
	void storesOnceWhatIsOnItsWayWhenConnectionsAreCut(Driver driver) {
		RedisEventStore store = openStream(driver);

		this.network.loseReplies();
		Disposable call = storeSecond(store).onErrorComplete().subscribe();
		Awaitility.await()
			.pollInterval(Duration.ofMillis(5))
			.until(() -> this.redis.cli("LLEN", this.stores.key(this.stream)).equals(4L));
		// Lettuce connects anew at once and sends again what has no answer yet
		this.network.pass();

		Awaitility.await().until(call::isDisposed);
		assertStoresSecondOnce(store);
		assertThat(this.redis.cli("LLEN", this.stores.key(this.stream))).isEqualTo(4L);
	}

	@ParameterizedTest
	@EnumSource
	void readsOnWhileRedisIsOutOfMemory(Driver driver) {
		RedisEventStore store = openStream(driver);

		this.redis.cli("CONFIG", "SET", "maxmemory", "1");
		for (int i = 0; i < 3; i++) {
			assertUnavailable(() -> storeSecond(store).block(RedisStores.LIMIT)).withMessageContaining("out of memory");
			assertUnavailable(() -> store.completeStream(this.stream, List.of(this.second)).block(RedisStores.LIMIT));
			assertThat(read(store)).containsExactly(this.first);
		}
		assertThat(this.redis.cli("LLEN", this.stores.key(this.stream))).isEqualTo(3L);
		assertThat(logged(Level.WARN)).hasSize(1).allMatch((line) -> line.contains("maxmemory"));
		this.redis.cli("CONFIG", "SET", "maxmemory", "0");

		assertStoresSecondOnce(store);
		assertLoggedOneOutage();
	}

	@ParameterizedTest
	@EnumSource
	void givesUpWhatIsLargerThanRedisTakesAndGoesOnWithTheRest(Driver driver) {
		this.redis.cli("CONFIG", "SET", "proto-max-bulk-len", "1048576");
		RedisEventStore store = openStream(driver);
		Event large = new Event(this.second.id(), new byte[3 * 1024 * 1024]);

		Awaitility.await()
			.atMost(RECOVERY_LIMIT)
			.pollInterval(Duration.ofMillis(300))
			.ignoreExceptionsInstanceOf(EventStoreUnavailableException.class)
			.untilAsserted(() -> assertThatExceptionOfType(EventStoreRefusedException.class)
				.isThrownBy(() -> RedisStores.block(store.storeEvents(this.stream, List.of(large))))
				.withMessageContaining("proto-max-bulk-len"));

		assertStoresSecondOnce(store);
		Awaitility.await().until(() -> store.outage() == null);
		assertThat(logged(Level.WARN)).anyMatch((line) -> line.contains("proto-max-bulk-len"));
	}

	@ParameterizedTest
	@EnumSource
	void readsOnWhileRedisIsAReplica(Driver driver) {
		RedisEventStore store = openStream(driver);

		this.redis.cli("REPLICAOF", "127.0.0.1", "1");
		for (int i = 0; i < 3; i++) {
			assertUnavailable(() -> storeSecond(store).block(RedisStores.LIMIT))
				.withMessageContaining("read-only replica");
			assertThat(read(store)).containsExactly(this.first);
		}
		this.redis.cli("REPLICAOF", "NO", "ONE");

		assertStoresSecondOnce(store);
		assertLoggedOneOutage();
	}

	private void assertGoesOnWith(RedisServer promoted, RedisEventStore store) {
		StreamKey other = RedisStores.newStream();
		await(() -> RedisStores
			.block(store.openStream(other, RequestIds.parse("8"), List.of(RedisStores.priming(other)))));

		assertThat(promoted.cli("EXISTS", this.stores.key(other))).isEqualTo(1L);
		Awaitility.await().until(() -> store.outage() == null);
	}

	@ParameterizedTest
	@EnumSource
	void leavesAServerThatIsAPrimaryNoMoreForTheOneAtItsAddress(Driver driver) {
		RedisEventStore store = openStream(driver);
		try (RedisServer promoted = RedisServer.start()) {
			this.redis.cli("REPLICAOF", "127.0.0.1", "1");
			this.network.redirect(promoted.port());

			assertGoesOnWith(promoted, store);
		}
	}

	@ParameterizedTest
	@EnumSource
	void leavesAReplicaThatAnswersNothingForThePrimaryAtItsAddress(Driver driver) {
		RedisEventStore store = openStream(driver);
		try (RedisServer promoted = RedisServer.start()) {
			this.redis.cli("CONFIG", "SET", "replica-serve-stale-data", "no");
			this.redis.cli("REPLICAOF", "127.0.0.1", "1");
			this.network.redirect(promoted.port());

			assertGoesOnWith(promoted, store);
		}
	}

	@ParameterizedTest
	@EnumSource
	void waitsForARedisThatLoadsItsDataForLongAndOpensFewConnectionsMeanwhile(Driver driver) {
		RedisEventStore store = openStream(driver);

		this.redis.restartLoading();
		Awaitility.await().until(() -> store.outage() != null && store.outage().reason().contains("LOADING"));
		assertNothingWorks(store);
		assertThat(store.outage().reason()).contains("isn't ready: LOADING");
		// From when it looks for another Redis at that address, which it does each second
		// at most
		long connections = this.network.accepted();
		Duration before = store.outage().duration();
		Awaitility.await().until(() -> store.outage().duration().minus(before).toSeconds() >= 6);
		assertThat(this.network.accepted() - connections).isLessThanOrEqualTo(8);
		this.redis.finishLoading();

		assertStoresSecondOnce(store);
		Awaitility.await().until(() -> store.outage() == null);
		assertLoggedOneOutage();
	}

	@ParameterizedTest
	@EnumSource
	void leavesAServerThatLoadsItsDataForLongForThePrimaryAtItsAddress(Driver driver) {
		RedisEventStore store = openStream(driver);
		try (RedisServer promoted = RedisServer.start()) {
			this.redis.restartLoading();
			Awaitility.await().until(() -> store.outage() != null && store.outage().reason().contains("LOADING"));
			this.network.redirect(promoted.port());

			assertGoesOnWith(promoted, store);
		}
	}

	@Test
	void leavesAServerThatHangsForThePrimaryAtItsAddressHoweverPatientTheApplicationIs() {
		LettuceConnectionFactory patient = new LettuceConnectionFactory(
				new RedisStandaloneConfiguration("127.0.0.1", this.network.port()),
				LettuceClientConfiguration.builder().commandTimeout(Duration.ofHours(1)).build());
		patient.afterPropertiesSet();
		patient.start();
		RedisEventStore store = openStream(
				this.stores.open(this.stores.builder(patient).timeout(Duration.ofSeconds(1))));
		RedisStores.awaitSubscribed(store, this.redis);
		try (RedisServer promoted = RedisServer.start()) {
			long connections = this.network.accepted();
			this.redis.pause();
			// So many attempts hang at once, and none is on its way any more
			Awaitility.await().atMost(RECOVERY_LIMIT).until(() -> this.network.accepted() >= connections + 3);
			Duration before = store.outage().duration();
			Awaitility.await().until(() -> store.outage().duration().minus(before).toSeconds() >= 1);
			this.network.redirect(promoted.port());

			assertGoesOnWith(promoted, store);
		}
	}

	@ParameterizedTest
	@EnumSource
	void recoversOnceThePasswordIsRight(Driver driver) {
		this.redis.cli("ACL", "SETUSER", "default", "resetpass", ">right");
		RedisEventStore store = open(driver, "wrong");

		assertNothingWorks(store);
		assertThat(logged(Level.WARN)).hasSize(1);
		// redis.cli has no password, and so no right to change this one; a restart has
		this.redis.kill();
		this.redis.startAgain();
		this.redis.cli("ACL", "SETUSER", "default", "resetpass", ">wrong");

		await(() -> RedisStores
			.block(store.openStream(this.stream, RequestIds.parse("7"), List.of(this.priming, this.first))));
		assertStoresSecondOnce(store);
	}

	@Test
	void closesForGoodWhatItHasReplaced() {
		LettuceConnectionFactory factory = (LettuceConnectionFactory) Driver.LETTUCE
			.open(new RedisStandaloneConfiguration("127.0.0.1", this.redis.port()));
		Set<RedisChannelHandler<?, ?>> opened = ConcurrentHashMap.newKeySet();
		factory.getRequiredNativeClient().addListener(new RedisConnectionStateListener() {

			@Override
			public void onRedisConnected(RedisChannelHandler<?, ?> connection, SocketAddress peer) {
				opened.add(connection);
			}

		});
		RedisEventStore store = openStream(
				this.stores.open(this.stores.builder(factory).timeout(Duration.ofSeconds(1))));
		RedisStores.awaitSubscribed(store, this.redis);

		RedisOutage.WRONG_PASSWORD.begin(this.redis);
		Awaitility.await().atMost(RECOVERY_LIMIT).until(() -> store.outage() != null);

		// Each would connect again once it can
		Awaitility.await().atMost(RECOVERY_LIMIT).until(() -> opened.stream().allMatch(RedisChannelHandler::isClosed));
		RedisOutage.WRONG_PASSWORD.end(this.redis);
		assertStoresSecondOnce(store);
	}

	@ParameterizedTest
	@EnumSource
	void sendsItsScriptsAgainAfterTheyWereFlushed(Driver driver) {
		RedisEventStore store = openStream(driver);

		this.redis.cli("SCRIPT", "FLUSH");
		RedisStores.block(storeSecond(store));
		this.redis.cli("SCRIPT", "FLUSH");
		RedisStores.block(store.renewStreams(List.of(this.stream)));
		Event last = RedisStores.event(this.stream, 4);
		RedisStores.block(store.completeStream(this.stream, List.of(last)));

		assertThat(read(store)).containsExactly(this.first, this.second, last);
		assertThat(logged(Level.WARN)).isEmpty();
	}

	@ParameterizedTest
	@EnumSource
	void leavesNoThreadBehindWhenItIsClosedDuringAnOutage(Driver driver) throws Exception {
		Set<Thread> others = threads();
		RedisStandaloneConfiguration configuration = new RedisStandaloneConfiguration("127.0.0.1", this.network.port());
		openStream(this.stores.open(this.stores.builder(
				(driver == Driver.JEDIS) ? jedisWithItsOwnTimeLimits(configuration) : driver.open(configuration))));
		Awaitility.await().until(() -> !((List<?>) this.redis.cli("PUBSUB", "CHANNELS")).isEmpty());
		this.redis.pause();

		long start = System.nanoTime();
		this.stores.close();

		assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(IN_TIME);
		assertNoThreadsBut(others);
	}

	@ParameterizedTest
	@EnumSource
	void leavesNoThreadBehindWhenItIsClosedWhileItConnects(Driver driver) throws Exception {
		Set<Thread> others = threads();
		for (int i = 0; i < 20; i++) {
			RedisEventStore store = open(driver);
			// The more of them, the more moments of connecting are met
			LockSupport.parkNanos(i * 1_000_000L);
			store.close();
		}

		assertNoThreadsBut(others);
	}

	/**
	 * For a connection that is broken, the pool of Jedis makes another one at once, on
	 * the thread that gives it back.
	 */
	private static JedisConnectionFactory jedisWithItsOwnTimeLimits(RedisStandaloneConfiguration configuration) {
		JedisConnectionFactory factory = new JedisConnectionFactory(configuration);
		factory.afterPropertiesSet();
		factory.start();
		return factory;
	}

	private static Set<Thread> threads() {
		return Thread.getAllStackTraces().keySet();
	}

	private static void assertNoThreadsBut(Set<Thread> others) {
		Awaitility.await()
			.untilAsserted(() -> assertThat(threads()).filteredOn((thread) -> !others.contains(thread))
				.extracting((thread) -> thread.getName() + " " + List.of(thread.getStackTrace()))
				.noneMatch((thread) -> thread.startsWith("mcp-persist")));
	}

}

package io.github.mcppersist.redis;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStoreException;
import io.github.mcppersist.event.EventStoreRefusedException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StoreOutage;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.RespClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for what {@link RedisEventStore} does in an outage besides recovering from it,
 * see {@link RedisRecoveryTests}.
 */
@Timeout(600)
@NeedsRedis
class RedisOutageTests {

	private static final Duration LIMIT = Duration.ofSeconds(2);

	/**
	 * Below the minute of the driver; the rest is for a busy machine.
	 */
	private static final Duration IN_TIME = Duration.ofSeconds(40);

	private final StreamKey stream = StreamKey.random("session");

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	private RedisServer redis;

	private RedisProxy proxy;

	private LettuceConnectionFactory factory;

	private RedisEventStore store;

	@BeforeEach
	void start() {
		this.redis = RedisServer.start();
		this.proxy = RedisProxy.to(this.redis.port());
		this.factory = new LettuceConnectionFactory("127.0.0.1", this.proxy.port());
		this.factory.afterPropertiesSet();
		this.factory.start();
		// Whose first connection may take its time, since its classes are loaded for it
		this.factory.getConnection().close();
		this.store = RedisEventStore.builder(this.factory).timeout(LIMIT).build();
		eventually(Mono
			.defer(() -> this.store.openStream(this.stream, RequestIds.parse("1"), TestEvents.priming(this.stream))));
		awaiting().until(() -> !this.redis.cli("PUBSUB", "CHANNELS").equals(List.of()));
		for (LuaScript script : LuaScript.values()) {
			this.redis.cli("SCRIPT", "LOAD", new String(script.body(), StandardCharsets.UTF_8));
		}
		Logger logger = (Logger) LoggerFactory.getLogger(RedisEventStore.class);
		logger.setLevel(Level.INFO);
		this.log.start();
		logger.addAppender(this.log);
	}

	@AfterEach
	void stop() {
		((Logger) LoggerFactory.getLogger(RedisEventStore.class)).detachAppender(this.log);
		this.store.close();
		this.factory.destroy();
		this.proxy.close();
		this.redis.close();
	}

	@Test
	void completesOnceWhatWasCompletedAlthoughItsAcknowledgementWasLost() {
		Event event = TestEvents.event(this.stream, 2, 100);
		this.proxy.loseReplies();
		assertUnavailable(this.store.completeStream(this.stream, List.of(event)));

		this.proxy.pass();
		eventually(this.store.completeStream(this.stream, List.of(event)));

		EventPage page = TestEvents.block(this.store.replayEventsAfter(this.stream, null, 1000));
		assertThat(page.events()).containsExactly(event);
		assertThat(page.rest()).isEqualTo(EventPage.Rest.NONE);
	}

	@Test
	void failsAtOnceOnceRedisIsKnownToBeAwayAndRecoversByItself() {
		this.redis.pause();
		long start = System.nanoTime();
		assertUnavailable(this.store.storeEvents(this.stream, List.of(TestEvents.event(this.stream, 2, 100))));
		assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(LIMIT, IN_TIME);

		start = System.nanoTime();
		for (int i = 0; i < 1000; i++) {
			assertUnavailable(this.store.replayEventsAfter(this.stream, null, 1000));
		}
		// If each waited for its time limit it would take half an hour
		assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(LIMIT.multipliedBy(100));

		this.redis.resume();
		eventually(Mono.defer(() -> this.store.replayEventsAfter(this.stream, null, 1000)));
		awaiting().untilAsserted(() -> assertThat(List.copyOf(this.log.list)).extracting(ILoggingEvent::getLevel)
			.containsExactly(Level.WARN, Level.INFO));
	}

	@Test
	void tellsOfAnOutageAlthoughNobodyCallsAndWhenItIsOver() {
		assertThat(this.store.outage()).isNull();

		this.redis.pause();
		awaiting().untilAsserted(() -> assertThat(this.store.outage()).isNotNull());
		StoreOutage outage = this.store.outage();
		assertThat(outage.readsFail()).isTrue();
		assertThat(outage.writesFail()).isTrue();
		assertThat(outage.reason()).contains("didn't answer within");
		awaiting().until(() -> this.store.outage().duration().compareTo(outage.duration()) > 0);

		this.redis.resume();
		awaiting().untilAsserted(() -> assertThat(this.store.outage()).isNull());
		assertThat(this.log.list).extracting((line) -> line.getKeyValuePairs().get(0).key)
			.containsExactly("mcp.outage.kind", "mcp.outage.ms");
	}

	@Test
	void aFirstConnectionThatIsSlowIsNoOutage() {
		RedisProxy slow = RedisProxy.to(this.redis.port());
		slow.stall();
		LettuceConnectionFactory starting = new LettuceConnectionFactory("127.0.0.1", slow.port());
		starting.afterPropertiesSet();
		starting.start();
		try (slow; RedisEventStore first = RedisEventStore.builder(starting).timeout(LIMIT).build()) {
			assertUnavailable(first.renewStreams(List.of(this.stream)));
			assertThat(first.outage()).isNull();

			slow.pass();
			eventually(Mono.defer(() -> first.renewStreams(List.of(this.stream))));
			assertThat(this.log.list).isEmpty();
		}
		finally {
			starting.destroy();
		}
	}

	@Test
	void aConnectionThatIsNeverOpenedIsAnOutage() {
		RedisProxy dead = RedisProxy.to(this.redis.port());
		dead.stall();
		LettuceConnectionFactory starting = new LettuceConnectionFactory("127.0.0.1", dead.port());
		starting.afterPropertiesSet();
		starting.start();
		try (dead; RedisEventStore first = RedisEventStore.builder(starting).timeout(LIMIT).build()) {
			awaiting().untilAsserted(() -> assertThat(first.outage()).isNotNull());

			// Not at once: whoever starts may be slow to connect
			awaiting().untilAsserted(() -> assertThat(this.log.list).hasSize(1));
		}
		finally {
			starting.destroy();
		}
	}

	@Test
	void tellsThatOnlyWritesFailWhileRedisIsOutOfMemory() {
		this.redis.cli("CONFIG", "SET", "maxmemory", "1");
		assertUnavailable(this.store.storeEvents(this.stream, List.of(TestEvents.event(this.stream, 2, 100))));

		StoreOutage outage = this.store.outage();

		assertThat(outage).isNotNull();
		assertThat(outage.readsFail()).isFalse();
		assertThat(outage.writesFail()).isTrue();
		assertThat(outage.reason()).contains("maxmemory");
	}

	@Test
	void isFullUntilSomethingIsWrittenAndKeepsItsConnections() {
		long connections = this.proxy.accepted();
		this.redis.cli("CONFIG", "SET", "maxmemory", "1");
		assertUnavailable(this.store.storeEvents(this.stream, List.of(TestEvents.event(this.stream, 2, 100))));

		// It needs no memory, and so doesn't prove that there is some
		TestEvents.block(this.store.replayEventsAfter(this.stream, null, 1000));
		awaitProbes(3);
		StoreOutage outage = this.store.outage();
		assertThat(outage).isNotNull();
		assertThat(outage.readsFail()).isFalse();

		this.redis.cli("CONFIG", "SET", "maxmemory", "0");
		awaiting().until(() -> this.store.outage() == null);
		TestEvents.block(this.store.storeEvents(this.stream, List.of(TestEvents.event(this.stream, 2, 100))));
		assertThat(this.log.list).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN, Level.INFO);
		assertThat(this.proxy.accepted()).isEqualTo(connections);
	}

	@Test
	void isInOneOutageWhileRedisIsAtTheLimitOfItsMemory() {
		this.store.close();
		this.store = RedisEventStore.builder(this.factory)
			.timeout(LIMIT)
			.completedTimeToLive(Duration.ofSeconds(3))
			.build();
		eventually(Mono.defer(() -> this.store.renewStreams(List.of(this.stream))));
		String memory = this.redis.info("used_memory");
		this.redis.cli("CONFIG", "SET", "maxmemory", String.valueOf(Long.parseLong(memory) + 1_000_000));
		awaiting().pollInterval(Duration.ofMillis(2)).until(() -> !isCompleted());

		// It is full, what has expired makes room, it is full again
		for (int times = 0; times < 5; times++) {
			awaiting().pollInterval(Duration.ofMillis(2)).until(this::isCompleted);
			awaiting().pollInterval(Duration.ofMillis(2)).until(() -> !isCompleted());
			assertThat(this.store.outage()).isNotNull();
		}

		assertThat(this.log.list).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN);
		this.redis.cli("CONFIG", "SET", "maxmemory", "0");
		awaiting().until(() -> this.store.outage() == null);
		assertThat(this.log.list).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN, Level.INFO);
	}

	@Test
	void goesOnWithTheConnectionsThatThereAreWhenNoOtherCanBeOpened() throws Exception {
		this.store.close();
		this.redis.cli("CONFIG", "SET", "requirepass", "one");
		RedisStandaloneConfiguration configuration = new RedisStandaloneConfiguration("127.0.0.1", this.redis.port());
		configuration.setPassword("one");
		RedisConnectionFactory pooled = Driver.JEDIS.open(configuration);
		ExecutorService callers = Executors.newFixedThreadPool(16);
		try (RespClient operator = new RespClient(this.redis.port(), Duration.ofSeconds(30));
				RedisEventStore crowded = RedisEventStore.builder(pooled).timeout(LIMIT).build()) {
			operator.send("AUTH", "one");
			eventually(Mono.defer(() -> crowded.renewStreams(List.of(this.stream))));
			awaiting().until(() -> !operator.send("PUBSUB", "CHANNELS").equals(List.of()));
			operator.send("CONFIG", "SET", "requirepass", "two");

			for (int i = 0; i < 20; i++) {
				List<CompletableFuture<Void>> calls = IntStream.range(0, 100)
					.mapToObj((call) -> CompletableFuture.runAsync(() -> renew(crowded), callers))
					.toList();
				assertThat(CompletableFuture.allOf(calls.toArray(CompletableFuture[]::new)))
					.succeedsWithin(Duration.ofMinutes(1));
			}

			StoreOutage outage = crowded.outage();
			assertThat(outage).isNotNull();
			assertThat(outage.readsFail()).isFalse();
			assertThat(outage.writesFail()).isFalse();
			assertThat(outage.reason()).contains("refuses further connections");
			assertThat(this.log.list).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN);
			operator.send("CONFIG", "SET", "requirepass", "one");
			awaiting().until(() -> crowded.outage() == null);
		}
		finally {
			callers.shutdownNow();
			((DisposableBean) pooled).destroy();
		}
	}

	private void renew(RedisEventStore store) {
		TestEvents.block(store.renewStreams(List.of(this.stream)));
	}

	private boolean isCompleted() {
		StreamKey next = RedisStores.newStream();
		try {
			TestEvents.block(this.store.openStream(next, RequestIds.parse("1"), TestEvents.priming(next)));
			TestEvents.block(this.store.completeStream(next, List.of(TestEvents.event(next, 2, 100_000))));
			return true;
		}
		catch (EventStoreUnavailableException ex) {
			return false;
		}
	}

	private void awaitProbes(int probes) {
		long before = failedScripts();
		awaiting().until(() -> failedScripts() >= before + probes);
	}

	private long failedScripts() {
		String statistics = this.redis.info("cmdstat_evalsha");
		return Long.parseLong(statistics.substring(statistics.lastIndexOf('=') + 1));
	}

	@Test
	void keepsItsOwnTimeLimitWhereTheApplicationsIsShorter() {
		LettuceConnectionFactory impatient = new LettuceConnectionFactory(
				new RedisStandaloneConfiguration("127.0.0.1", this.redis.port()),
				LettuceClientConfiguration.builder().commandTimeout(Duration.ofMillis(100)).build());
		impatient.afterPropertiesSet();
		impatient.start();
		try (RedisEventStore patient = RedisEventStore.builder(impatient).timeout(Duration.ofSeconds(30)).build()) {
			eventually(Mono.defer(() -> patient.renewStreams(List.of(this.stream))));

			this.redis.pause();
			CompletableFuture<Void> renewed = patient.renewStreams(List.of(this.stream)).toFuture();
			awaiting().during(Duration.ofMillis(400)).until(() -> !renewed.isDone());
			this.redis.resume();

			assertThat(renewed).succeedsWithin(Duration.ofMinutes(1));
		}
		finally {
			impatient.destroy();
		}
	}

	@Test
	void trimsAndDeletesWhileRedisIsOutOfMemory() {
		TestEvents.block(this.store.storeEvents(this.stream,
				List.of(TestEvents.event(this.stream, 2, 100), TestEvents.event(this.stream, 3, 100))));
		this.redis.cli("CONFIG", "SET", "maxmemory", "1");

		Object dropped = this.redis.cli("EVAL", new String(LuaScript.TRIM.body(), StandardCharsets.UTF_8), "1", key(),
				"3");
		assertThat(dropped).isEqualTo(List.of(2L));
		assertThat(TestEvents.block(this.store.replayEventsAfter(this.stream, null, 1000)).events()).hasSize(1);
		TestEvents.block(this.store.deleteSession("session"));

		assertThat(this.redis.cli("EXISTS", key())).isEqualTo(0L);
		assertThat(this.redis.cli("EXISTS", "mcp:1:{session}:d")).isEqualTo(1L);
	}

	@Test
	void deletesWhileRedisIsKnownToBeOutOfMemory() {
		this.redis.cli("CONFIG", "SET", "maxmemory", "1");
		assertUnavailable(this.store.storeEvents(this.stream, List.of(TestEvents.event(this.stream, 2, 100))));
		assertThat(this.store.outage()).isNotNull();

		TestEvents.block(this.store.deleteSession("session"));

		assertThat(this.redis.cli("EXISTS", key())).isEqualTo(0L);
		assertThat(this.store.outage()).isNotNull();
	}

	@Test
	void aKeyThatSomebodyElseUsesIsNoOutage() {
		StreamKey foreign = StreamKey.random("session");
		this.redis.cli("SADD", new RedisKeys("mcp").stream(foreign), "foreign");

		for (int i = 0; i < 5; i++) {
			assertThatExceptionOfType(EventStoreRefusedException.class)
				.isThrownBy(() -> TestEvents
					.block(this.store.openStream(foreign, RequestIds.parse("1"), TestEvents.priming(foreign))))
				.withMessageContaining("Somebody else uses the key");
			assertThat(this.store.outage()).isNull();
		}

		assertThat(this.log.list).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN);
	}

	@Test
	void keepsItsConnectionsWhileRedisIsBusy() throws Exception {
		long connections = this.proxy.accepted();
		// Its old name, which all versions know
		this.redis.cli("CONFIG", "SET", "lua-time-limit", "10");
		try (RespClient client = new RespClient(this.redis.port(), Duration.ofMinutes(2))) {
			CompletableFuture<Void> busy = CompletableFuture.runAsync(() -> {
				try {
					client.send("EVAL", "while true do end", "0");
				}
				catch (RedisServer.ErrorReply | IOException ex) {
					// It was killed
				}
			});
			awaiting().until(() -> this.store.outage() != null);
			assertThat(this.store.outage().reason()).contains("isn't ready", "BUSY");
			Duration before = this.store.outage().duration();
			awaiting().until(() -> this.store.outage().duration().minus(before).compareTo(Duration.ofSeconds(6)) > 0);

			this.redis.cli("SCRIPT", "KILL");
			busy.get(60, TimeUnit.SECONDS);
		}

		awaiting().until(() -> this.store.outage() == null);
		assertThat(this.proxy.accepted()).isEqualTo(connections);
	}

	@Test
	void aConflictIsNoOutage() {
		for (int i = 0; i < 20; i++) {
			assertThatExceptionOfType(EventStoreException.class)
				.isThrownBy(() -> TestEvents
					.block(this.store.storeEvents(this.stream, List.of(TestEvents.event(this.stream, 9, 100)))))
				.isNotInstanceOf(EventStoreUnavailableException.class);
		}

		assertThat(this.log.list).isEmpty();
	}

	@Test
	void endsWatchesAndCallsWhenItIsClosed() {
		this.redis.pause();
		Mono<EventPage> read = this.store.replayEventsAfter(this.stream, null, 1000).cache();
		read.subscribe((page) -> {
		}, (ex) -> {
		});
		Mono<Void> watch = this.store.watch(this.stream).then().cache();
		watch.subscribe((end) -> {
		}, (ex) -> {
		});

		long start = System.nanoTime();
		this.store.close();

		assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(IN_TIME);
		assertUnavailable(read);
		TestEvents.block(watch);
		assertUnavailable(this.store.replayEventsAfter(this.stream, null, 1000));
		TestEvents.block(this.store.watch(this.stream).then());
	}

	private String key() {
		return new RedisKeys("mcp").stream(this.stream);
	}

	private static ConditionFactory awaiting() {
		return Awaitility.await().atMost(Duration.ofMinutes(1));
	}

	private static <T> void eventually(Mono<T> call) {
		awaiting().ignoreExceptionsInstanceOf(EventStoreUnavailableException.class).until(() -> {
			TestEvents.block(call);
			return true;
		});
	}

	private static void assertUnavailable(Mono<?> call) {
		assertThatExceptionOfType(EventStoreUnavailableException.class).isThrownBy(() -> TestEvents.block(call));
	}

}

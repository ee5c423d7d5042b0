package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.AbstractList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import reactor.core.publisher.Flux;

import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Tests for {@link RedisNodeRegistry} with each driver. What counts as a sign of life is
 * tested in {@link NodeSightingsTests}.
 */
@Timeout(600)
@NeedsRedis
class RedisNodeRegistryTests {

	private static final Duration TIMEOUT = Duration.ofSeconds(2);

	private static final Duration LONG_TIMEOUT = Duration.ofMinutes(10);

	private final RedisStores stores = new RedisStores();

	private final RedisServer redis = RedisServer.start();

	private final RedisProxy network = RedisProxy.to(this.redis.port());

	@AfterEach
	void close() throws Exception {
		this.stores.close();
		this.network.close();
		this.redis.close();
	}

	private JoinedNode join(Driver driver, Duration timeout) {
		return join(driver, timeout, this.redis.port());
	}

	private JoinedNode join(Driver driver, Duration timeout, int port) {
		RedisEventStore store = this.stores
			.open(this.stores.builder(driver.open(new RedisStandaloneConfiguration("127.0.0.1", port)))
				.timeout(Duration.ofSeconds(2)));
		return new JoinedNode(store, RedisNodeRegistry.of(store, timeout));
	}

	private void awaitSubscriptions(int nodes) {
		awaiting().until(() -> ((List<?>) this.redis.cli("PUBSUB", "CHANNELS")).size() == nodes + 1);
	}

	private List<Object> beats() {
		return List.copyOf((List<?>) this.redis.cli("ZRANGEBYSCORE", this.stores.keyPrefix() + ":1:b", "(0", "+inf"));
	}

	private List<Object> changes() {
		return List.copyOf((List<?>) this.redis.cli("ZRANGEBYSCORE", this.stores.keyPrefix() + ":1:b", "-inf", "(0"));
	}

	private static ConditionFactory awaiting() {
		return Awaitility.await().atMost(RedisStores.LIMIT).pollInterval(Duration.ofMillis(20));
	}

	private static void assertNeitherIsGoneFor(Duration duration, JoinedNode first, JoinedNode second) {
		awaiting().during(duration).until(() -> !first.isGone(second) && !second.isGone(first));
	}

	private static Boolean sent(JoinedNode from, String to) {
		return from.registry.send(to, "to " + to).block(RedisStores.LIMIT);
	}

	@ParameterizedTest
	@EnumSource
	void seesThatANodeLivesAndThatItHasDied(Driver driver) {
		JoinedNode first = join(driver, TIMEOUT);
		JoinedNode second = join(driver, TIMEOUT);
		assertThat(first.id()).matches("[A-Za-z0-9]{11}").isNotEqualTo(second.id());
		assertNeitherIsGoneFor(TIMEOUT.multipliedBy(2), first, second);

		second.store.close();

		awaiting().until(() -> first.isGone(second));
		assertThat(sent(first, second.id())).isFalse();
	}

	@Test
	void beatsAgainOnlyWhenItHasTakenInWhatTheLastBeatBrought() throws Exception {
		Semaphore beats = new Semaphore(0);
		List<Boolean> overtaken = new CopyOnWriteArrayList<>();
		RedisConnectionFactory factory = Driver.LETTUCE
			.open(new RedisStandaloneConfiguration("127.0.0.1", this.redis.port()));
		RedisConnectionFactory watched = ChangedReplies.of(factory, LuaScript.BEAT, (reply) -> {
			beats.release();
			return new BeatReply(reply, beats, overtaken);
		});
		try (RedisEventStore store = RedisEventStore.builder(watched).build()) {
			RedisNodeRegistry registry = RedisNodeRegistry.of(store, TIMEOUT);

			new JoinedNode(store, registry);

			awaiting().until(() -> overtaken.size() >= 3);
			assertThat(overtaken).doesNotContain(true);
		}
		finally {
			((DisposableBean) factory).destroy();
		}
	}

	@ParameterizedTest
	@EnumSource
	void takesNobodyForDeadWhileRedisIsPausedOrAfterwards(Driver driver) {
		JoinedNode first = join(driver, TIMEOUT);
		JoinedNode second = join(driver, TIMEOUT);
		awaiting().until(() -> beats().size() == 2);

		this.redis.pause();
		assertNeitherIsGoneFor(TIMEOUT.multipliedBy(2), first, second);
		this.redis.resume();
		assertNeitherIsGoneFor(TIMEOUT.multipliedBy(2), first, second);

		second.store.close();
		awaiting().until(() -> first.isGone(second));
	}

	@ParameterizedTest
	@EnumSource
	void takesNobodyForDeadWhenRedisIsRestartedEmpty(Driver driver) {
		JoinedNode first = join(driver, TIMEOUT);
		JoinedNode second = join(driver, TIMEOUT);
		awaiting().until(() -> beats().size() == 2);

		this.redis.restartEmpty();

		assertNeitherIsGoneFor(TIMEOUT.multipliedBy(2), first, second);
		awaiting().until(() -> beats().size() == 2);
		second.store.close();
		awaiting().until(() -> first.isGone(second));
	}

	@ParameterizedTest
	@EnumSource
	void takesNobodyForDeadWhenTheSignsOfLifeAreRolledBack(Driver driver) throws Exception {
		JoinedNode first = join(driver, TIMEOUT);
		JoinedNode second = join(driver, TIMEOUT);
		String key = this.stores.keyPrefix() + ":1:b";
		awaiting().until(() -> beats().size() == 2);
		this.redis.cli("COPY", key, key + "-before", "REPLACE");
		awaiting().pollDelay(TIMEOUT.multipliedBy(2)).until(() -> true);

		this.redis.cli("COPY", key + "-before", key, "REPLACE");

		assertNeitherIsGoneFor(TIMEOUT.multipliedBy(2), first, second);
		second.store.close();
		awaiting().until(() -> first.isGone(second));
	}

	@ParameterizedTest
	@EnumSource
	void aNodeThatComesBackIsPresentBeforeOthersHaveSeenIt(Driver driver) {
		JoinedNode first = join(driver, TIMEOUT);
		JoinedNode second = join(driver, TIMEOUT);
		awaiting().until(() -> beats().size() == 2);
		second.store.close();
		awaiting().until(() -> first.isGone(second));
		assertThat(first.registry.isPresent(second.id()).block(RedisStores.LIMIT)).isFalse();

		// As its beat does, but that it tells others
		this.redis.cli("ZADD", this.stores.keyPrefix() + ":1:b", "1000000", second.id());

		assertThat(first.registry.isPresent(second.id()).block(RedisStores.LIMIT)).isTrue();
		assertThat(first.isGone(second)).isTrue();
	}

	@ParameterizedTest
	@EnumSource
	void aNodeThatCouldNotBeatForLongComesBack(Driver driver) throws Exception {
		JoinedNode first = join(driver, TIMEOUT);
		JoinedNode second = join(driver, TIMEOUT, this.network.port());
		awaiting().until(() -> beats().size() == 2);
		this.network.stall();
		awaiting().until(() -> first.isGone(second));
		assertThat(changes()).contains("!" + second.id());

		this.network.pass();

		awaiting().until(() -> !first.isGone(second));
		assertThat(second.isGone(first)).isFalse();
		assertThat(changes()).contains("+" + second.id()).doesNotContain("!" + second.id());
	}

	@ParameterizedTest
	@EnumSource
	void joinsBeforeRedisIsThere(Driver driver) {
		this.redis.kill();
		JoinedNode first = join(driver, TIMEOUT);
		JoinedNode second = join(driver, TIMEOUT);
		assertNeitherIsGoneFor(TIMEOUT.multipliedBy(2), first, second);
		assertThatExceptionOfType(EventStoreUnavailableException.class)
			.isThrownBy(() -> first.registry.broadcast("lost").block(RedisStores.LIMIT));

		this.redis.startAgain();

		awaiting().until(() -> beats().size() == 2);
		assertNeitherIsGoneFor(TIMEOUT.multipliedBy(2), first, second);
	}

	@ParameterizedTest
	@EnumSource
	void aNodeThatLeavesIsGoneAtOnce(Driver driver) {
		JoinedNode first = join(driver, LONG_TIMEOUT);
		JoinedNode second = join(driver, LONG_TIMEOUT);
		awaitSubscriptions(2);
		awaiting().until(() -> beats().size() == 2);
		assertThat(first.isGone(second)).isFalse();

		second.registry.leave(second).block(RedisStores.LIMIT);

		awaiting().until(() -> first.isGone(second));
		assertThat(beats()).containsExactly(first.id());
		assertThat(sent(first, second.id())).isFalse();
		assertThat(second.isGone(first)).isFalse();
	}

	@ParameterizedTest
	@EnumSource
	void leavingEndsInTimeAlthoughRedisIsAway(Driver driver) {
		JoinedNode node = join(driver, TIMEOUT);
		this.redis.pause();

		node.registry.leave(node).block(RedisStores.LIMIT);
	}

	@ParameterizedTest
	@EnumSource
	void aNodeThatNobodyHasHeardOfIsGoneAfterTheTimeout(Driver driver) {
		JoinedNode node = join(driver, TIMEOUT);
		awaiting().until(() -> !beats().isEmpty());

		assertThat(node.registry.isGone("never000000")).isFalse();

		awaiting().until(() -> node.registry.isGone("never000000"));
	}

	@ParameterizedTest
	@EnumSource
	void sendsMessages(Driver driver) {
		JoinedNode first = join(driver, LONG_TIMEOUT);
		JoinedNode second = join(driver, LONG_TIMEOUT);
		JoinedNode third = join(driver, LONG_TIMEOUT);
		awaitSubscriptions(3);

		assertThat(sent(first, second.id())).isTrue();
		first.registry.broadcast("all \u20ac\n").block(RedisStores.LIMIT);
		second.registry.broadcast("").block(RedisStores.LIMIT);

		awaiting().untilAsserted(() -> {
			assertThat(first.received).containsExactly("");
			assertThat(second.received).containsExactly("to " + second.id(), "all \u20ac\n");
			assertThat(third.received).containsExactlyInAnyOrder("all \u20ac\n", "");
		});
	}

	@ParameterizedTest
	@EnumSource
	void bringsMessagesInTheOrderInWhichTheyAreSent(Driver driver) {
		JoinedNode first = join(driver, LONG_TIMEOUT);
		JoinedNode second = join(driver, LONG_TIMEOUT);
		awaitSubscriptions(2);
		List<String> forAll = IntStream.range(0, 300).mapToObj((i) -> "all " + i).toList();
		List<String> forOne = IntStream.range(0, 300).mapToObj((i) -> "one " + i).toList();

		Flux.merge(Flux.fromIterable(forAll).concatMap(first.registry::broadcast),
				Flux.fromIterable(forOne).concatMap((message) -> first.registry.send(second.id(), message)))
			.blockLast(RedisStores.LIMIT);

		awaiting().untilAsserted(() -> assertThat(second.received).hasSize(600));
		assertThat(second.received).containsSubsequence(forAll).containsSubsequence(forOne);
	}

	@ParameterizedTest
	@EnumSource
	void saysThatAMessageReachesNobody(Driver driver) {
		JoinedNode first = join(driver, LONG_TIMEOUT);
		JoinedNode second = join(driver, LONG_TIMEOUT);
		awaitSubscriptions(2);

		assertThat(sent(first, first.id())).isTrue();
		assertThat(sent(first, "nobody00000")).isFalse();
		for (String other : List.of("", "all", "x".repeat(12), "h:1:{a}:s:b", "\u00e9bcdefghijk")) {
			assertThat(sent(first, other)).isFalse();
		}

		second.store.close();
		awaitSubscriptions(1);
		assertThat(sent(first, second.id())).isFalse();
		assertThat(first.received).isEmpty();
	}

	@ParameterizedTest
	@EnumSource
	void saysThatMessagesMayHaveBeenLost(Driver driver) {
		JoinedNode node = join(driver, LONG_TIMEOUT, this.network.port());
		awaitSubscriptions(1);
		int before = node.missed.get();

		this.network.cut();

		awaiting().until(() -> node.missed.get() > before);
	}

	@Test
	void removesWhatIsLeftOfNodesThatAreLongGone() {
		Duration shortTimeout = Duration.ofMillis(300);
		JoinedNode first = join(Driver.LETTUCE, shortTimeout);
		JoinedNode second = join(Driver.LETTUCE, shortTimeout);
		awaiting().until(() -> beats().size() == 2);
		second.store.close();

		awaiting().until(() -> changes().equals(List.of("!" + second.id())));
		awaiting().until(() -> changes().isEmpty());

		assertThat(beats()).containsExactly(first.id());
		assertThat((Long) this.redis.cli("PTTL", this.stores.keyPrefix() + ":1:b")).isBetween(1L, 9000L);
	}

	@Test
	void itsIdIsTheOwnerOfTheStreamsThatItsStoreOpens() {
		JoinedNode node = join(Driver.LETTUCE, TIMEOUT);
		StreamKey stream = RedisStores.newStream();

		awaiting().ignoreExceptionsInstanceOf(EventStoreUnavailableException.class).until(() -> {
			RedisStores
				.block(node.store.openStream(stream, RequestIds.parse("7"), List.of(RedisStores.priming(stream))));
			return true;
		});

		assertThat(RedisStores.read(node.store, stream, null).head().owner()).isEqualTo(node.id());
	}

	@Test
	void aListenerJoinsOnce() {
		JoinedNode node = join(Driver.LETTUCE, TIMEOUT);

		assertThatIllegalStateException().isThrownBy(() -> node.registry.join(node));
	}

	@ParameterizedTest
	@EnumSource
	void tellsEachListenerOfANodeAndIsThereUntilTheLastLeaves(Driver driver) {
		JoinedNode first = join(driver, LONG_TIMEOUT);
		JoinedNode second = join(driver, LONG_TIMEOUT);
		JoinedNode sameNode = new JoinedNode(second.store, second.registry);
		awaitSubscriptions(2);
		awaiting().until(() -> beats().size() == 2);
		assertThat(sent(first, second.id())).isTrue();
		awaiting().untilAsserted(() -> {
			assertThat(second.received).hasSize(1);
			assertThat(sameNode.received).hasSize(1);
		});

		second.registry.leave(second).block(RedisStores.LIMIT);
		second.registry.leave(second).block(RedisStores.LIMIT);

		assertThat(sent(first, second.id())).isTrue();
		awaiting().untilAsserted(() -> assertThat(sameNode.received).hasSize(2));
		assertThat(second.received).hasSize(1);
		assertThat(first.isGone(second)).isFalse();
		assertThat(beats()).contains(second.id());

		second.registry.leave(sameNode).block(RedisStores.LIMIT);

		awaiting().until(() -> first.isGone(second));
		assertThatIllegalStateException().isThrownBy(() -> second.registry.join(second))
			.withMessageContaining("has left");
	}

	@Test
	void refusesATimeoutThatNobodyCouldKeep() {
		JoinedNode node = join(Driver.LETTUCE, TIMEOUT);

		for (Duration timeout : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofDays(2))) {
			assertThatIllegalArgumentException().isThrownBy(() -> RedisNodeRegistry.of(node.store, timeout))
				.withMessageContaining(timeout.toString());
		}
	}

	/**
	 * Takes five times as long to be read as the next beat is away.
	 */
	private static final class BeatReply extends AbstractList<Object> {

		private final List<Object> reply;

		private final Semaphore beats;

		private final List<Boolean> overtaken;

		BeatReply(List<Object> reply, Semaphore beats, List<Boolean> overtaken) {
			this.reply = reply;
			this.beats = beats;
			this.overtaken = overtaken;
		}

		@Override
		public Object get(int index) {
			return this.reply.get(index);
		}

		@Override
		public int size() {
			return this.reply.size();
		}

		@Override
		public List<Object> subList(int from, int to) {
			this.beats.drainPermits();
			try {
				this.overtaken.add(this.beats.tryAcquire(TIMEOUT.toMillis() / 2, TimeUnit.MILLISECONDS));
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
			return super.subList(from, to);
		}

	}

}

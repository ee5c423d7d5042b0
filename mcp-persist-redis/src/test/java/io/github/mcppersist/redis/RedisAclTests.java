package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventStoreRefusedException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StoreOutage;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisCluster;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.RespClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests that {@link RedisEventStore} needs exactly the rights that the documentation
 * names.
 */
@NeedsRedis
class RedisAclTests {

	/**
	 * What a user of the store may do, on keys and channels that begin with its prefix.
	 * The first line is for scripts, the second for what they call, the third for what is
	 * called from outside of scripts.
	 */
	private static final List<String> COMMANDS = List.of("eval", "evalsha", //
			"del", "exists", "hdel", "hget", "hgetall", "hincrby", "hkeys", "hlen", "hset", "hstrlen", "lindex", "llen",
			"lset", "ltrim", "pexpire", "pttl", "publish", "rpush", "rpushx", "set", "time", "unlink", "zadd", "zcard",
			"zcount", "zrange", "zrangebyscore", "zrem", "zremrangebyscore", "zscore", //
			"lrange", "subscribe");

	/**
	 * What the drivers need besides on a Redis Cluster: first Lettuce, then Jedis.
	 */
	private static final List<String> CLUSTER_COMMANDS = List.of("cluster|nodes", "info", "cluster|slots", "ping");

	private final RedisStores stores = new RedisStores();

	private final RedisServer redis = RedisServer.start(user(COMMANDS, this.stores.keyPrefix()));

	@AfterEach
	void close() throws Exception {
		this.stores.close();
		this.redis.close();
	}

	private static String user(List<String> commands, String prefix) {
		return "user mcp on >secret resetchannels ~" + prefix + ":1:* &" + prefix + ":1:n:* -@all +"
				+ String.join(" +", commands);
	}

	private RedisConnectionFactory factory(Driver driver) {
		RedisStandaloneConfiguration configuration = new RedisStandaloneConfiguration("127.0.0.1", this.redis.port());
		configuration.setUsername("mcp");
		configuration.setPassword("secret");
		return driver.open(configuration);
	}

	@ParameterizedTest
	@EnumSource
	void worksWithTheDocumentedRights(Driver driver) throws Exception {
		RedisEventStore store = this.stores.open(factory(driver));
		RedisEventStore other = this.stores.open(factory(driver));
		RedisStores.assertWork(store, other);
		RedisStores.assertSessionsWork(store, other);
		RedisStores.assertTasksWork(store, other);
		RedisStores.assertNodesWork(store, other);
		trim(driver);
		this.stores.close();

		assertNothingDenied(this.redis);
	}

	/**
	 * The drivers take it lightly if they may not name themselves or ask for a node's ID,
	 * and the store if it may not ask for the policy.
	 */
	private static void assertNothingDenied(RedisServer server) {
		assertThat((List<?>) server.cli("ACL", "LOG"))
			.allSatisfy((entry) -> assertThat(entry.toString()).containsPattern("object, (client|cluster|info)\\b"));
	}

	private void trim(Driver driver) {
		RedisEventStore narrow = this.stores.open(this.stores.builder(factory(driver)).maxEventsPerStream(2));
		StreamKey stream = RedisStores.newStream();
		Event priming = RedisStores.priming(stream);
		RedisStores.block(narrow.openStream(stream, RequestIds.parse("7"), List.of(priming)));
		for (int i = 2; i < 20; i++) {
			RedisStores.block(narrow.storeEvents(stream, List.of(RedisStores.event(stream, i))));
		}
		Awaitility.await()
			.untilAsserted(() -> assertThatExceptionOfType(EventsTrimmedException.class)
				.isThrownBy(() -> RedisStores.read(narrow, stream, priming.id())));
	}

	@Test
	void usesEveryRightThatIsDocumented() throws Exception {
		worksWithTheDocumentedRights(Driver.LETTUCE);
		worksWithTheDocumentedRights(Driver.JEDIS);

		assertThat(COMMANDS).allSatisfy((command) -> assertThat(this.redis.info("cmdstat_" + command)).isNotNull());
	}

	@ParameterizedTest
	@EnumSource
	void worksOnAClusterWithTheDocumentedRights(Driver driver) throws Exception {
		List<String> commands = new ArrayList<>(COMMANDS);
		commands.addAll(CLUSTER_COMMANDS);
		String[] setUser = user(commands, this.stores.keyPrefix()).replaceFirst("user", "ACL SETUSER").split(" ");
		try (RedisCluster cluster = RedisCluster.start()) {
			cluster.nodes().forEach((node) -> node.cli(setUser));
			RedisClusterConfiguration configuration = new RedisClusterConfiguration(cluster.addresses());
			configuration.setUsername("mcp");
			configuration.setPassword("secret");

			RedisEventStore store = this.stores.open(driver.open(configuration));
			RedisEventStore other = this.stores.open(driver.open(configuration));
			RedisStores.assertWork(store, other);
			RedisStores.assertSessionsWork(store, other);
			RedisStores.assertTasksWork(store, other);
			RedisStores.assertNodesWork(store, other);
			this.stores.close();

			assertThat(cluster.nodes()).allSatisfy(RedisAclTests::assertNothingDenied);
		}
	}

	@ParameterizedTest
	@EnumSource
	void saysThatARightIsMissingAndThatItIsThereAgain(Driver driver) {
		RedisEventStore store = this.stores.open(factory(driver));
		StreamKey stream = RedisStores.newStream();
		Event priming = RedisStores.priming(stream);
		RedisStores.block(store.openStream(stream, RequestIds.parse("7"), List.of(priming)));

		this.redis.cli("ACL", "SETUSER", "mcp", "-rpushx");
		assertThatExceptionOfType(EventStoreRefusedException.class)
			.isThrownBy(() -> RedisStores.block(store.storeEvents(stream, List.of(RedisStores.event(stream, 2)))))
			.withMessageContaining("rights")
			.withMessageContaining("spring.data.redis.username");

		StoreOutage outage = store.outage();
		assertThat(outage).isNotNull();
		assertThat(outage.writesFail()).isTrue();
		assertThat(outage.readsFail()).isFalse();
		assertThat(RedisStores.read(store, stream, priming.id()).events()).isEmpty();
		this.redis.cli("ACL", "SETUSER", "mcp", "+rpushx");
		Awaitility.await().until(() -> store.outage() == null);
		RedisStores.block(store.storeEvents(stream, List.of(RedisStores.event(stream, 2))));
	}

	@ParameterizedTest
	@CsvSource({ "LETTUCE, lrange, true, false", "JEDIS, lrange, true, false", "LETTUCE, hgetall, true, false",
			"JEDIS, rpushx, false, true", "LETTUCE, unlink, false, true", "LETTUCE, hget, true, true",
			"LETTUCE, evalsha, true, true" })
	void saysWhetherReadsOrWritesLackARightThatNobodyHasNeededYet(Driver driver, String command, boolean reads,
			boolean writes) {
		this.redis.cli("ACL", "SETUSER", "mcp", "-" + command);

		RedisEventStore store = this.stores.open(factory(driver));

		Awaitility.await().until(() -> store.outage() != null);
		StoreOutage outage = store.outage();
		assertThat(outage.readsFail()).isEqualTo(reads);
		assertThat(outage.writesFail()).isEqualTo(writes);
		assertThat(outage.reason()).containsIgnoringCase(command);
	}

	@ParameterizedTest
	@EnumSource
	void noticesThatARightIsMissingBeforeAnybodyNeedsIt(Driver driver) {
		this.redis.cli("ACL", "SETUSER", "mcp", "-ltrim");

		RedisEventStore store = this.stores.open(factory(driver));

		Awaitility.await().until(() -> store.outage() != null);
		assertThat(store.outage().reason()).contains("spring.data.redis.username");
	}

	@ParameterizedTest
	@EnumSource
	void noticesThatItMayPublishNoMoreThoughNotEachProbeDoes(Driver driver) {
		RedisEventStore store = this.stores
			.open(this.stores.builder(factory(driver)).echoInterval(Duration.ofHours(1)));
		Awaitility.await().until(() -> this.redis.info("cmdstat_publish") != null && store.outage() == null);

		this.redis.cli("ACL", "SETUSER", "mcp", "-publish");

		Awaitility.await().until(() -> store.outage() != null);
		this.redis.cli("ACL", "SETUSER", "mcp", "+publish");
		Awaitility.await().until(() -> store.outage() == null);
	}

	@ParameterizedTest
	@EnumSource
	void noticesThatItMaySubscribeNoMoreOnceItsConnectionHasBroken(Driver driver) {
		RedisEventStore store = this.stores
			.open(this.stores.builder(factory(driver)).echoInterval(Duration.ofHours(1)));
		RedisStores.awaitSubscribed(store, this.redis);
		Awaitility.await().until(() -> store.outage() == null);

		this.redis.cli("ACL", "SETUSER", "mcp", "-subscribe");
		this.redis.cli("CLIENT", "KILL", "TYPE", "pubsub");

		Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> store.outage() != null);
		assertThat(store.outage().reason()).contains("spring.data.redis.username");
		this.redis.cli("ACL", "SETUSER", "mcp", "+subscribe");
		Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> store.outage() == null);
		RedisStores.awaitSubscribed(store, this.redis);
	}

	@ParameterizedTest
	@EnumSource
	void noticesThatItMayNotSubscribe(Driver driver) {
		this.redis.cli("ACL", "SETUSER", "mcp", "-subscribe");

		RedisEventStore store = this.stores.open(factory(driver));

		Awaitility.await().until(() -> store.outage() != null);
		assertThat(store.outage().reason()).contains("subscribe");
		// As soon as the first call is answered
		Awaitility.await().until(() -> !store.outage().writesFail());
		this.redis.cli("ACL", "SETUSER", "mcp", "+subscribe");
		Awaitility.await().until(() -> store.outage() == null);
		assertThat((List<?>) this.redis.cli("PUBSUB", "CHANNELS")).isNotEmpty();
	}

	@ParameterizedTest
	@EnumSource
	void saysThatACommandHasAnotherName(Driver driver) throws Exception {
		ListAppender<ILoggingEvent> log = new ListAppender<>();
		log.start();
		Logger logger = (Logger) LoggerFactory.getLogger(RedisEventStore.class);
		logger.addAppender(log);
		try (RedisServer renamed = RedisServer.start("rename-command EVALSHA \"\"")) {
			RedisEventStore store = this.stores
				.open(driver.open(new RedisStandaloneConfiguration("127.0.0.1", renamed.port())));
			StreamKey stream = RedisStores.newStream();
			for (int i = 0; i < 20; i++) {
				assertThatExceptionOfType(EventStoreRefusedException.class).isThrownBy(() -> RedisStores
					.block(store.openStream(stream, RequestIds.parse("7"), List.of(RedisStores.priming(stream)))));
			}

			assertThat(store.outage()).isNotNull();
			assertThat(store.outage().reason()).containsIgnoringCase("evalsha");
			assertThat(log.list).extracting(ILoggingEvent::getFormattedMessage)
				.filteredOn((line) -> line.contains("open.lua"))
				.hasSize(1);
			this.stores.close();
		}
		finally {
			logger.detachAppender(log);
		}
	}

	@Test
	void theProbeDoesWhateverAScriptDoesAndNothingElseThatNeedsARight() {
		List<String> probed = LuaScript.PROBE.commands();

		for (LuaScript script : LuaScript.values()) {
			assertThat(probed).as(script.name()).containsAll(script.commands());
		}
		List<String> called = new ArrayList<>(COMMANDS);
		called.removeAll(List.of("eval", "evalsha", "subscribe"));
		assertThat(probed).map((command) -> command.toLowerCase(Locale.ROOT))
			.containsOnlyOnceElementsOf(called.stream().filter((command) -> !command.equals("del")).toList())
			.isSubsetOf(called);
	}

	@Test
	void theProbeLeavesNothingBehindWhicheverRightIsMissing() throws Exception {
		String key = this.stores.keyPrefix() + ":1:{7}:p";
		try (RespClient client = new RespClient(this.redis.port(), Duration.ofSeconds(30))) {
			client.send("AUTH", "mcp", "secret");
			for (String command : LuaScript.PROBE.commands()) {
				this.redis.cli("ACL", "SETUSER", "mcp", "-" + command);
				assertThatExceptionOfType(RedisServer.ErrorReply.class).as(command)
					.isThrownBy(() -> probe(client, key))
					.satisfies((ex) -> assertThat(RedisFailure.of(ex, "").kind()).isEqualTo(RedisFailure.Kind.REFUSED));
				// Without DEL it takes a second
				assertThat((Long) this.redis.cli("PTTL", key)).as(command)
					.matches((left) -> left == -2 || (left > 0 && command.equals("DEL")));

				this.redis.cli("ACL", "SETUSER", "mcp", "+" + command);
				probe(client, key);
				assertThat(this.redis.cli("EXISTS", key)).as(command).isEqualTo(0L);
			}
		}
	}

	@Test
	void theProbeDoesNotMindWhatIsThere() throws Exception {
		String key = this.stores.keyPrefix() + ":1:{7}:p";
		this.redis.cli("SADD", key, "left behind");
		try (RespClient client = new RespClient(this.redis.port(), Duration.ofSeconds(30))) {
			client.send("AUTH", "mcp", "secret");

			probe(client, key);
		}
		assertThat(this.redis.cli("EXISTS", key)).isEqualTo(0L);
	}

	private void probe(RespClient client, String key) throws Exception {
		client.send("EVAL", new String(LuaScript.PROBE.body(), StandardCharsets.UTF_8), "1", key,
				this.stores.keyPrefix() + ":1:n:0rT5");
	}

	@Test
	void aScriptIsForWritingIfItCallsWhatWrites() {
		for (LuaScript script : LuaScript.values()) {
			boolean writes = script.commands().stream().anyMatch(this::writes);
			assertThat(script.operation().writes()).as(script.name()).isEqualTo(writes);
		}
	}

	private boolean writes(String command) {
		List<?> info = (List<?>) ((List<?>) this.redis.cli("COMMAND", "INFO", command)).get(0);
		return ((List<?>) info.get(2)).contains("write");
	}

	@Test
	void aScriptThatFreesBeginsWithWhatNeedsNoMemory() {
		for (LuaScript script : LuaScript.values()) {
			if (script.operation().frees() && script != LuaScript.KEEP_SESSIONS) {
				String first = script.commands().stream().filter(this::writes).findFirst().orElseThrow();
				List<?> info = (List<?>) ((List<?>) this.redis.cli("COMMAND", "INFO", first)).get(0);
				assertThat((List<?>) info.get(2)).as(script.name()).map(Object::toString).doesNotContain("denyoom");
			}
		}
	}

}

package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.List;

import io.lettuce.core.ReadFrom;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisStaticMasterReplicaConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.ReservedPort;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link RedisEventStore} on a primary and a replica that are both configured
 * by their addresses, which only Lettuce knows.
 */
@NeedsRedis
class RedisStaticNodesTests {

	private final RedisStores stores = new RedisStores();

	private final RedisSentinel servers = RedisSentinel.start();

	@AfterEach
	void close() throws Exception {
		this.stores.close();
		this.servers.close();
	}

	@Test
	void subscribesThoughTheFirstNodeIsDown() throws Exception {
		try (ReservedPort down = ReservedPort.find()) {
			RedisStaticMasterReplicaConfiguration configuration = new RedisStaticMasterReplicaConfiguration("127.0.0.1",
					down.number());
			configuration.addNode("127.0.0.1", this.servers.replica().port());
			configuration.addNode("127.0.0.1", this.servers.primary().port());

			RedisStores.assertWork(this.stores.open(factory(configuration)), this.stores.open(factory(configuration)));
		}
	}

	@Test
	void subscribesToTheNextNodeOnceOneWasSilent() throws Exception {
		try (ReservedPort gone = ReservedPort.find();
				RedisServer cutOff = RedisServer.start("replicaof 127.0.0.1 " + gone.number())) {
			RedisStaticMasterReplicaConfiguration configuration = new RedisStaticMasterReplicaConfiguration("127.0.0.1",
					cutOff.port());
			configuration.addNode("127.0.0.1", this.servers.primary().port());

			RedisEventStore store = this.stores
				.open(this.stores.builder(factory(configuration)).echoInterval(Duration.ofMillis(200)));

			RedisStores.awaitSubscribed(store, this.servers.primary());
			Awaitility.await().atMost(RedisStores.LIMIT).until(() -> store.outage() == null);
		}
	}

	@Test
	void saysThatNothingIsHeardOnceTwoNodesInARowWereSilent() throws Exception {
		try (ReservedPort gone = ReservedPort.find();
				RedisServer cutOff = RedisServer.start("replicaof 127.0.0.1 " + gone.number());
				RedisServer other = RedisServer.start("replicaof 127.0.0.1 " + gone.number())) {
			RedisStaticMasterReplicaConfiguration configuration = new RedisStaticMasterReplicaConfiguration("127.0.0.1",
					cutOff.port());
			configuration.addNode("127.0.0.1", other.port());
			configuration.addNode("127.0.0.1", this.servers.primary().port());

			RedisEventStore store = this.stores
				.open(this.stores.builder(factory(configuration)).echoInterval(Duration.ofMillis(200)));

			Awaitility.await()
				.atMost(RedisStores.LIMIT)
				.until(() -> store.outage() != null && store.outage().reason().contains("doesn't come back"));
			RedisStores.awaitSubscribed(store, this.servers.primary());
			Awaitility.await().atMost(RedisStores.LIMIT).until(() -> store.outage() == null);
		}
	}

	private RedisConnectionFactory factory() {
		RedisStaticMasterReplicaConfiguration configuration = new RedisStaticMasterReplicaConfiguration("127.0.0.1",
				this.servers.replica().port());
		configuration.addNode("127.0.0.1", this.servers.primary().port());
		return factory(configuration);
	}

	private static RedisConnectionFactory factory(RedisStaticMasterReplicaConfiguration configuration) {
		LettuceConnectionFactory factory = new LettuceConnectionFactory(configuration,
				LettuceClientConfiguration.builder().readFrom(ReadFrom.REPLICA_PREFERRED).build());
		factory.afterPropertiesSet();
		factory.start();
		return factory;
	}

	@Test
	void readsFromThePrimaryWhateverTheApplicationPrefers() {
		RedisStores.assertWork(this.stores.open(factory()), this.stores.open(factory()));

		assertThat(this.servers.primary().info("cmdstat_lrange")).isNotNull();
		assertThat(this.servers.replica().info("cmdstat_lrange")).isNull();
	}

	@Test
	void givesUpWhatIsLargerThanThePrimaryTakesAndGoesOnWithTheRest() {
		RedisEventStore store = this.stores.open(factory());
		StreamKey stream = RedisStores.newStream();
		RedisStores.block(store.openStream(stream, null, List.of(RedisStores.priming(stream))));
		Event event = RedisStores.event(stream, 2);
		Event large = new Event(event.id(), new byte[3 * 1024 * 1024]);
		this.servers.primary().cli("CONFIG", "SET", "proto-max-bulk-len", "1048576");

		RedisStores.awaitRefusedAsTooLarge(store, stream, large);

		RedisStores.awaitStored(store, stream, event);
	}

}

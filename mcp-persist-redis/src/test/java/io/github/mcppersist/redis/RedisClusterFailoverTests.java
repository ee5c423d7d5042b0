package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.List;

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
import org.springframework.data.redis.connection.RedisClusterConfiguration;

import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;

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

	private RedisEventStore store;

	@BeforeEach
	void open() {
		this.log.start();
		logger().addAppender(this.log);
		logger().setLevel(Level.INFO);
		this.store = this.stores
			.open(this.stores.builder(Driver.LETTUCE.open(new RedisClusterConfiguration(this.cluster.addresses())))
				.timeout(Duration.ofSeconds(1)));
		this.cluster.nodes()
			.forEach((node) -> awaiting().ignoreExceptionsInstanceOf(EventStoreUnavailableException.class)
				.until(() -> store(node)));
	}

	@AfterEach
	void close() throws Exception {
		logger().detachAppender(this.log);
		logger().setLevel(null);
		this.stores.close();
		this.cluster.close();
	}

	private static Logger logger() {
		return (Logger) LoggerFactory.getLogger(RedisEventStore.class);
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
		while (io.lettuce.core.cluster.SlotHash.getSlot("{" + stream.sessionId() + "}") * 3 / 16_384 != third) {
			stream = RedisStores.newStream();
		}
		return stream;
	}

	@Test
	void goesOnWithThePromotedReplicaAndNeverStopsOnTheOtherNodes() {
		RedisServer lost = this.cluster.nodes().get(1);
		RedisServer replica = this.cluster.replica(lost);

		lost.kill();

		awaiting().until(() -> this.store.outage() != null);
		assertThat(this.store.outage().reason()).contains("127.0.0.1:" + lost.port());
		awaiting().until(() -> {
			assertOthersWork();
			return "master".equals(replica.info("role"));
		});
		awaiting().ignoreExceptionsInstanceOf(EventStoreUnavailableException.class).until(() -> store(lost));
		assertOthersWork();
		awaiting().until(() -> this.store.outage() == null);
		awaiting().untilAsserted(() -> assertThat(this.log.list).extracting(ILoggingEvent::getLevel)
			.containsExactly(Level.WARN, Level.INFO));
	}

	private void assertOthersWork() {
		store(this.cluster.nodes().get(0));
		store(this.cluster.nodes().get(2));
	}

	@Test
	void goesOnWithANodeThatHangsAndComesBack() {
		RedisServer silent = this.cluster.nodes().get(2);
		// It is to come back as it was
		this.cluster.replica(silent).kill();

		silent.pause();
		awaiting().until(() -> this.store.outage() != null);
		assertThatExceptionOfType(EventStoreUnavailableException.class).isThrownBy(() -> store(silent));
		silent.resume();

		awaiting().ignoreExceptionsInstanceOf(EventStoreUnavailableException.class).until(() -> store(silent));
		awaiting().until(() -> this.store.outage() == null);
	}

}

package io.github.mcppersist.redis;

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.jedis.JedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisCluster;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The whole server on a Redis Cluster, and with Jedis.
 */
@Timeout(600)
@NeedsRedis
class RedisTransportSetupsTests {

	@Test
	void resumesOnAClusterAlsoAfterTheStreamMovedToAnotherNode() throws Exception {
		try (RedisCluster cluster = RedisCluster.start()) {
			LettuceConnectionFactory factory = new LettuceConnectionFactory(
					new RedisClusterConfiguration(cluster.addresses()));
			factory.afterPropertiesSet();
			factory.start();
			try (RedisMcpServer server = start(factory)) {
				for (RedisServer node : cluster.nodes()) {
					RawMcpClient client = sessionOn(node, cluster, server);
					resume(client, server, "g" + node.port(), (session) -> {
					});
					resume(sessionOn(node, cluster, server), server, "moved" + node.port(),
							(session) -> cluster.moveSlot("{" + session + "}"));
				}
			}
			cluster.nodes().forEach(RedisTransportSetupsTests::assertKeysExpire);
		}
	}

	/**
	 * Session IDs are random: the server is asked for one until it has a slot of the
	 * node.
	 */
	private static RawMcpClient sessionOn(RedisServer node, RedisCluster cluster, RedisMcpServer server)
			throws Exception {
		RawMcpClient client = server.client().initialize();
		while (cluster.owner("{" + SessionNames.of(client.sessionId()) + "}") != node) {
			client = server.client().initialize();
		}
		return client;
	}

	private static void assertKeysExpire(RedisServer node) {
		for (Object key : (List<?>) node.cli("KEYS", "*")) {
			assertThat((Long) node.cli("PTTL", key.toString())).as("time to live of " + key).isPositive();
		}
	}

	@Test
	void resumesWithJedis() throws Exception {
		try (RedisServer redis = RedisServer.start()) {
			JedisConnectionFactory factory = new JedisConnectionFactory(
					new RedisStandaloneConfiguration("127.0.0.1", redis.port()));
			factory.afterPropertiesSet();
			factory.start();
			try (RedisMcpServer server = start(factory)) {
				resume(server.client().initialize(), server, "g", (session) -> {
				});
			}
			RedisMcpServer.assertNothingIsLeftIn(redis);
		}
	}

	private static RedisMcpServer start(RedisConnectionFactory factory) throws Exception {
		return RedisMcpServer.on(factory, StreamableHttpOptions.defaults(), RedisMcpServer.LONG_TIMEOUT).awaitStoring();
	}

	/**
	 * Cut a call in the middle, resume it, replay it, and delete the session.
	 */
	private static void resume(RawMcpClient client, RedisMcpServer server, String gate, Disturbance meanwhile)
			throws Exception {
		List<SseEvent> received = new ArrayList<>();
		try (Exchange call = client.call(1, "steps", "{\"each\":2,\"gates\":[\"" + gate + "\"]}")) {
			received.add(call.next());
			received.add(call.next());
			call.cut();
		}
		String cursor = received.get(1).id();
		assertThat(cursor).isNotNull();
		meanwhile.in(SessionNames.of(client.sessionId()));

		List<SseEvent> resumed = new ArrayList<>();
		try (Exchange resume = client.get(cursor)) {
			assertThat(resume.status()).isEqualTo(200);
			SseEvent next = resume.next();
			while (next.data().isEmpty()) {
				next = resume.next();
			}
			resumed.add(next);
			server.open(gate);
			resumed.addAll(resume.rest());
		}

		assertThat(SentNumbers.of(received)).containsExactly(1);
		assertThat(SentNumbers.of(resumed)).containsExactly(2, 3, 4);
		assertThat(resumed.get(resumed.size() - 1).data()).contains("counted 4");
		assertThat(resumed).allSatisfy((event) -> assertThat(event.id()).isNotNull());
		try (Exchange replay = client.get(cursor)) {
			assertThat(replay.rest()).isEqualTo(resumed);
		}
		try (Exchange delete = client.delete()) {
			assertThat(delete.status()).isEqualTo(200);
		}
		try (Exchange late = client.get(cursor)) {
			assertThat(late.status()).isEqualTo(404);
		}
	}

	private interface Disturbance {

		void in(String sessionId);

	}

}

package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import io.github.mcppersist.session.SessionPage;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.RedisServer.ErrorReply;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What requests cost at Redis.
 */
@Timeout(300)
@NeedsRedis
class RedisRoundTripTests {

	private RedisServer redis;

	private RedisMonitor monitor;

	private RedisMcpServer server;

	@BeforeEach
	void start() throws Exception {
		this.redis = RedisServer.start();
		this.monitor = new RedisMonitor(this.redis);
		this.server = RedisMcpServer.on(this.redis, RedisMcpServer.LONG_TIMEOUT);
		this.monitor.awaitStarted();
	}

	@AfterEach
	void stop() throws Exception {
		this.server.close();
		this.monitor.close();
		RedisMcpServer.assertNothingIsLeftIn(this.redis);
		this.redis.close();
	}

	@Test
	void aPlainToolCallCostsTwoRoundTrips() throws Exception {
		RawMcpClient client = this.server.client().initialize();
		call(client, 0, 0);

		this.monitor.lines();
		for (int i = 1; i <= 20; i++) {
			call(client, i, 0);
			assertThat(this.monitor.commands()).containsExactly("evalsha", "evalsha");
		}
	}

	@Test
	void aMessageCostsAtMostOneRoundTrip() throws Exception {
		RawMcpClient client = this.server.client().initialize();
		call(client, 0, 1);

		this.monitor.lines();
		call(client, 1, 100);
		List<String> commands = this.monitor.commands();
		assertThat(commands).hasSizeLessThanOrEqualTo(102).containsOnly("evalsha");
	}

	@Test
	void initializingASessionCostsTwoRoundTripsAndTheNotificationOfItOne() throws Exception {
		this.monitor.lines();
		this.server.client().initialize();

		assertThat(this.monitor.commands()).containsExactly("evalsha", "evalsha", "evalsha");
	}

	@Test
	void theFirstPlainGetOfASessionTellsNoOtherNode() throws Exception {
		try (Exchange other = this.server.client().initialize().get(null)) {
			// The scripts get there with the first call
			other.next();
			RawMcpClient client = this.server.client().initialize();

			this.monitor.lines();
			try (Exchange get = client.get(null)) {
				assertThat(get.next().id()).isNotNull();
				// Some more or fewer, as it hears that it watches its stream
				assertThat(this.monitor.commands()).containsOnly("evalsha", "lrange").hasSizeLessThan(20);
			}
		}
	}

	@Test
	void aPingCostsNone() throws Exception {
		RawMcpClient client = this.server.client().initialize();

		this.monitor.lines();
		try (Exchange ping = client.post("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}")) {
			assertThat(ping.body()).contains("\"result\":{}");
		}
		assertThat(this.monitor.commands()).isEmpty();
	}

	@Test
	void whatANodeDoesByTheClockIsNotCountedWhicheverWayItIsCalled() throws Exception {
		this.monitor.lines();
		for (LuaScript script : List.of(LuaScript.BEAT, LuaScript.FIND_URIS, LuaScript.PROBE)) {
			String text = new String(script.body(), StandardCharsets.UTF_8);
			// Without its arguments it fails, which MONITOR doesn't care about
			assertThatExceptionOfType(ErrorReply.class).isThrownBy(() -> this.redis.cli("EVAL", text, "0"));
			assertThatExceptionOfType(ErrorReply.class)
				.isThrownBy(() -> this.redis.cli("EVALSHA", script.digest(), "0"));
		}
		this.redis.cli("EVAL", "return 1", "0");

		assertThat(this.monitor.commands()).containsExactly("eval");
	}

	@Test
	void aPageOfSessionsCostsOneRoundTripAndOneForEachOfThem() throws Exception {
		for (int i = 0; i < 7; i++) {
			this.server.client().initialize();
		}
		// The scripts get there with the first call
		TestEvents.block(this.server.sessions().findSessions(null, 1));

		this.monitor.lines();
		SessionPage first = TestEvents.block(this.server.sessions().findSessions(null, 3));
		assertThat(first.sessions()).hasSize(3);
		assertThat(this.monitor.commands()).hasSize(4).containsOnly("evalsha");
		assertThat(TestEvents.block(this.server.sessions().findSessions(first.next(), 3)).sessions()).hasSize(3);
		assertThat(this.monitor.commands()).hasSize(4).containsOnly("evalsha");
	}

	private static void call(RawMcpClient client, int id, int messages) throws Exception {
		try (Exchange call = client.call(id, "count", "{\"n\":" + messages + "}")) {
			assertThat(call.rest()).hasSize(messages + 2).allSatisfy((event) -> assertThat(event.id()).isNotNull());
		}
	}

}

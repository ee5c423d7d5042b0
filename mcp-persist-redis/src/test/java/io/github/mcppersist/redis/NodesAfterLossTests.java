package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.List;
import java.util.Map;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What several nodes do when their Redis has lost everything.
 */
@NeedsRedis
class NodesAfterLossTests {

	private RedisServer server;

	private TestRedis redis;

	private McpNodes nodes;

	@BeforeEach
	void start() throws Exception {
		this.server = RedisServer.start();
		this.redis = new TestRedis(this.server.uri());
		this.nodes = McpNodes.start(this.redis, 2);
	}

	@AfterEach
	void stop() throws Exception {
		this.nodes.close();
		this.redis.close();
		this.server.close();
	}

	@Test
	void goOnWithASessionThatOneOfThemHolds() throws Exception {
		RawMcpClient client = this.nodes.initialize("{}");
		RawMcpClient other = client.at(this.nodes.get(1).port());

		this.server.cli("FLUSHALL");

		// The second node doesn't hold it, and finds nothing
		try (Exchange call = other.call(1, "count", "{}")) {
			assertThat(call.status()).isEqualTo(404);
		}
		try (Exchange call = client.call(2, "count", "{}")) {
			assertThat(OnNodes.numbers(call.rest())).containsExactly("1", "2", "3");
		}
		try (Exchange call = other.call(3, "count", "{}")) {
			assertThat(OnNodes.numbers(call.rest())).containsExactly("1", "2", "3");
		}
	}

	@Test
	void goOnWithAStandaloneStream() throws Exception {
		RawMcpClient client = this.nodes.initialize("{}");
		RawMcpClient other = client.at(this.nodes.get(1).port());
		try (Exchange get = other.get(null)) {
			get.next();
			for (int i = 1; i <= 5; i++) {
				notify(i % 2, client, i);
				assertThat(get.next().data()).contains("\"data\":\"" + i + "\"");
			}
		}
		await().until(() -> noted(client) > 5);

		this.server.cli("FLUSHALL");

		for (int node = 0; node < 2; node++) {
			try (Exchange call = client.call(node, "count", "{}")) {
				assertThat(call.rest()).isNotEmpty();
			}
			notify(node, client, "after the loss " + node);
			try (Exchange get = client.at(this.nodes.get(1 - node).port()).get(null)) {
				SseEvent event = get.next();
				while (!event.data().contains("after the loss " + node)) {
					event = get.next();
					assertThat(event).isNotNull();
				}
			}
		}
	}

	@Test
	void sendOnceMoreWhatIsKeptOfAStandaloneStreamThatHasLostItsEndButNotAgainAndAgain() throws Exception {
		RawMcpClient client = this.nodes.initialize("{}");
		RawMcpClient other = client.at(this.nodes.get(1).port());
		try (Exchange get = client.get(null)) {
			get.next();
			for (int i = 1; i <= 5; i++) {
				notify(0, client, i);
				assertThat(get.next().data()).contains("\"data\":\"" + i + "\"");
			}
		}
		await().until(() -> noted(client) > 5);

		this.server.cli("LTRIM", standaloneKey(client), "0", "-3");

		try (Exchange get = other.get(null)) {
			// Nobody knows which of them came before what is lost
			assertThat(OnNodes.numbers(List.of(get.next(), get.next(), get.next()))).containsExactly("1", "2", "3");
		}
		await().until(() -> noted(client) <= 5);
		notify(1, client, "after the loss");
		try (Exchange get = client.get(null)) {
			assertThat(get.next().data()).contains("after the loss");
		}
	}

	private String standaloneKey(RawMcpClient client) {
		return this.nodes.get(0).store.node().keys().stream(new StreamKey(SessionNames.of(client.sessionId()), "0"));
	}

	private long noted(RawMcpClient client) {
		SessionRecord stored = this.nodes.get(0).sessionStore.findSession(SessionNames.of(client.sessionId()))
			.block(Duration.ofMinutes(1));
		assertThat(stored).isNotNull();
		return (stored.standaloneCursor() != null) ? stored.standaloneCursor().sequence() : 0;
	}

	@Test
	void tellWhoeverReadsACallThatRunsOnAnotherOfThem() throws Exception {
		RawMcpClient client = this.nodes.initialize("{}");
		RawMcpClient other = client.at(this.nodes.get(1).port());
		String cursor;
		try (Exchange call = client.call(1, "steps", "{\"n\":2,\"gates\":[\"a\"]}")) {
			cursor = call.next().id();
		}
		this.nodes.get(0).tools.awaitReached("a");
		try (Exchange resumed = other.get(cursor)) {
			cursor = resumed.next().id();
			this.server.cli("FLUSHALL");
			this.nodes.get(0).tools.open("a");

			// It looks by itself in half a minute, when the client has long given up
			resumed.rest();
		}
		// Its reader may know of the loss a moment before its writer has stored what is
		// left
		StreamKey stream = new StreamKey(SessionNames.of(client.sessionId()), EventId.parse(cursor).streamId());
		await().until(() -> this.server.cli("EXISTS", this.nodes.get(0).store.node().keys().stream(stream)).equals(1L));
		try (Exchange resumed = other.get(cursor)) {
			assertThat(resumed.rest()).last().satisfies((event) -> assertThat(event.data()).contains("no longer kept"));
		}
	}

	private void notify(int node, RawMcpClient client, Object data) {
		this.nodes.get(node).endpoint
			.notifyClient(client.sessionId(), "notifications/message", Map.of("level", "info", "data", data.toString()))
			.block(Duration.ofMinutes(1));
	}

}

package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.List;
import java.util.Objects;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionPage;
import io.github.mcppersist.session.StoredSession;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What several nodes do when the clock of Redis jumps by more than twice the time to live
 * of a session. Whatever expires does so by that clock: a key by its time to live, a
 * member of an index by its score, which a script has set by {@code TIME}; and no script
 * is told the time of a node. So to everybody a jump is that all of these times come
 * nearer, or move away, by as much, and that is what {@link TestRedis#elapse} does. What
 * is not moved, the order in which URIs came and the beats of nodes, only ever grows and
 * is compared with no clock. Nodes themselves go by the time that passes.
 */
@NeedsRedis
class ClockJumpTests {

	private static final Duration JUMP = Duration.ofHours(2 * 24 + 1);

	private final TestRedis redis;

	private McpNodes nodes;

	ClockJumpTests(TestRedis redis) {
		this.redis = redis;
	}

	@BeforeEach
	void start() throws Exception {
		this.nodes = McpNodes.start(this.redis, 3);
	}

	@AfterEach
	void stop() throws Exception {
		this.nodes.close();
	}

	@Test
	void afterOneForwardGoOnWithWhatTheyHold() throws Exception {
		RawMcpClient unheld = leftAlone();
		RawMcpClient client = this.nodes.initialize("{}");
		RawMcpClient elsewhere = client.at(this.nodes.get(1).port());
		try (Exchange call = client.call(1, "steps", "{\"n\":2,\"gates\":[\"a\",\"b\"]}")) {
			this.nodes.get(0).tools.awaitReached("a");

			this.redis.elapse(JUMP);

			this.nodes.get(0).tools.open("a");
			this.nodes.get(0).tools.open("b");
			List<SseEvent> events = call.rest();
			assertThat(OnNodes.numbers(events)).containsExactly("1", "2", "3", "4");
			assertThat(events.get(events.size() - 1).data()).contains("\"result\"");
		}
		assertThat(status(unheld)).isEqualTo(404);
		assertThat(status(client)).isEqualTo(200);
		await().until(() -> names().equals(List.of(SessionNames.of(client.sessionId()))));
		assertThat(status(elsewhere)).isEqualTo(200);
		try (Exchange delete = elsewhere.delete()) {
			assertThat(delete.status()).isEqualTo(200);
		}
		await().until(() -> status(client) == 404);
	}

	@Test
	void afterOneBackKeepAllForLongerAndForgetNothing() throws Exception {
		RawMcpClient unheld = leftAlone();
		RawMcpClient client = this.nodes.initialize("{}");
		RawMcpClient deleted = this.nodes.initialize("{}");
		deleted.delete().close();
		try (Exchange call = client.call(1, "steps", "{\"n\":2,\"gates\":[\"a\",\"b\"]}")) {
			this.nodes.get(0).tools.awaitReached("a");

			this.redis.elapse(JUMP.negated());

			this.nodes.get(0).tools.open("a");
			this.nodes.get(0).tools.open("b");
			assertThat(OnNodes.numbers(call.rest())).containsExactly("1", "2", "3", "4");
		}
		for (int node = 0; node < 2; node++) {
			int port = this.nodes.get(node).port();
			assertThat(status(client.at(port))).isEqualTo(200);
			assertThat(status(unheld.at(port))).isEqualTo(200);
			assertThat(status(deleted.at(port))).isEqualTo(404);
		}

		// When somebody has put it right
		this.redis.elapse(JUMP);

		assertThat(status(client.at(this.nodes.get(1).port()))).isEqualTo(200);
		assertThat(status(deleted.at(this.nodes.get(1).port()))).isEqualTo(404);
	}

	// A client of whose session no node that lives knows
	private RawMcpClient leftAlone() throws Exception {
		RawMcpClient client = this.nodes.get(2).client().initialize();
		this.nodes.get(2).close();
		return client.at(this.nodes.get(0).port());
	}

	private static int status(RawMcpClient client) throws Exception {
		try (Exchange call = client.call(9, "count", "{}")) {
			if (call.status() == 200) {
				call.rest();
			}
			return call.status();
		}
	}

	private List<String> names() {
		SessionPage page = this.nodes.get(0).sessionStore.findSessions(null, 10).block(Duration.ofMinutes(1));
		return Objects.requireNonNull(page).sessions().stream().map(StoredSession::sessionName).toList();
	}

}

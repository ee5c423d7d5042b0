package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.modelcontextprotocol.spec.McpSchema.ResourcesUpdatedNotification;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A session is known to every node, and what one node does to it holds on the others.
 */
@NeedsRedis
class SessionsOnNodesTests {

	private static final String SET_LEVEL = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"logging/setLevel\",\"params\":{\"level\":\"%s\"}}";

	private static final String SUBSCRIPTION = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/%s\",\"params\":{\"uri\":\"%s\"}}";

	private final TestRedis redis;

	private McpNodes nodes;

	SessionsOnNodesTests(TestRedis redis) {
		this.redis = redis;
	}

	@BeforeEach
	void start() throws Exception {
		this.nodes = McpNodes.start(this.redis, 3,
				StreamableHttpOptions.builder().sessionCacheTimeout(Duration.ofSeconds(1)).build(),
				Duration.ofHours(1));
	}

	@AfterEach
	void stop() throws Exception {
		this.nodes.close();
	}

	@Test
	void carriesOnASessionOnANodeThatHasNeverSeenIt() throws Exception {
		RawMcpClient client = this.nodes.initialize("{\"elicitation\":{}}");

		for (int node = 0; node < 3; node++) {
			try (Exchange call = at(client, node).call(node, "whoami", "{}")) {
				assertThat(last(call).data()).contains("\"text\":\"" + client.sessionId() + " raw true\"");
			}
		}
	}

	@Test
	void tellsToolsTheClientsSessionIdAlsoWhereItWasNotifiedFirst() throws Exception {
		RawMcpClient client = this.nodes.initialize("{}");
		this.nodes.get(1).endpoint.notifyClient(client.sessionId(), "notifications/test", Map.of())
			.block(Duration.ofMinutes(1));
		assertThat(this.nodes.get(1).endpoint.statistics().sessions()).isOne();

		try (Exchange call = at(client, 1).call(1, "whoami", "{}"); Exchange get = at(client, 1).get(null)) {
			assertThat(last(call).data()).contains("\"text\":\"" + client.sessionId() + " raw false\"");
			assertThat(get.next().data()).contains("notifications/test");
			this.nodes.get(1).endpoint.notifyClient(client.sessionId(), "notifications/next", Map.of())
				.block(Duration.ofMinutes(1));
			assertThat(get.next().data()).contains("notifications/next");
		}
	}

	@Test
	void answers404ForASessionThatNobodyHasCreated() throws Exception {
		RawMcpClient stranger = this.nodes.get(1).client().sessionId("0b60cf5e-0000-0000-0000-000000000000");

		for (Exchange exchange : List.of(stranger.call(1, "count", "{}"), stranger.get(null), stranger.delete(),
				this.nodes.get(1).client().sessionId("a}b").call(1, "count", "{}"))) {
			try (exchange) {
				assertThat(exchange.status()).isEqualTo(404);
			}
		}
	}

	@Test
	void setsTheLogLevelOnNodesThatHoldTheSessionAlready() throws Exception {
		RawMcpClient client = this.nodes.initialize("{}");
		assertThat(levels(at(client, 1))).contains("INFO").doesNotContain("DEBUG");

		try (Exchange level = client.post(SET_LEVEL.formatted("error"))) {
			assertThat(last(level).data()).contains("\"result\"");
		}

		assertThat(levels(at(client, 1))).contains("ERROR").doesNotContain("INFO");
		try (Exchange level = at(client, 1).post(SET_LEVEL.formatted("debug"))) {
			assertThat(last(level).data()).contains("\"result\"");
		}
		for (int node = 0; node < 3; node++) {
			assertThat(levels(at(client, node))).contains("DEBUG");
		}
	}

	@Test
	void forgetsASessionThatIsNotUsedAndRestoresItAsItWas() throws Exception {
		RawMcpClient client = this.nodes.initialize("{}");
		try (Exchange level = client.post(SET_LEVEL.formatted("error"))) {
			last(level);
		}

		// Beyond the time for which an unused session is held
		await().pollDelay(Duration.ofSeconds(3)).until(() -> true);

		assertThat(levels(client)).contains("ERROR").doesNotContain("INFO");
	}

	@Test
	void restoresOneSessionForManyRequestsAtOnce() throws Exception {
		for (int round = 0; round < 10; round++) {
			RawMcpClient client = this.nodes.initialize("{}");
			List<CompletableFuture<String>> calls = new ArrayList<>();
			for (int i = 0; i < 16; i++) {
				int id = i;
				calls.add(OnNodes.async(() -> {
					try (Exchange call = at(client, 1 + id % 2).call(id, "count", "{\"n\":5}")) {
						return last(call).data();
					}
				}));
			}

			for (CompletableFuture<String> call : calls) {
				assertThat(call.get(60, TimeUnit.SECONDS)).contains("counted 5");
			}
			try (Exchange get = at(client, 1).get(null)) {
				assertThat(get.status()).isEqualTo(200);
				get.next();
				this.nodes.get(1).endpoint.notifyClient(client.sessionId(), "notifications/test", Map.of())
					.block(Duration.ofMinutes(1));
				assertThat(get.next().data()).contains("notifications/test");
			}
		}
	}

	@Test
	void tellsNobodyButItsOwnerOfASession() throws Exception {
		RawMcpClient alice = this.nodes.get(0).client().user("alice").initialize();
		String cursor;
		try (Exchange call = alice.call(1, "count", "{}")) {
			cursor = call.next().id();
			call.rest();
		}

		for (String user : new String[] { "mallory", null }) {
			for (int node = 0; node < 2; node++) {
				RawMcpClient other = at(alice, node).user(user);
				for (Exchange exchange : List.of(other.call(2, "count", "{}"), other.get(null), other.get(cursor),
						other.delete(), other.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"))) {
					try (exchange) {
						assertThat(exchange.status()).isEqualTo(404);
						assertThat(exchange.body()).contains("Session not found");
					}
				}
			}
		}
		try (Exchange call = at(alice, 1).call(3, "count", "{}")) {
			assertThat(last(call).data()).contains("counted 3");
		}
	}

	@Test
	void tellsASubscriberOfAnUpdateOnAnyNode() throws Exception {
		RawMcpClient client = this.nodes.initialize("{}");
		try (Exchange get = at(client, 1).get(null);
				Exchange subscribed = client.post(SUBSCRIPTION.formatted("subscribe", "file:///a"))) {
			get.next();
			assertThat(last(subscribed).data()).contains("\"result\"");
			// Other nodes know of the subscription by the time of the session's call
			for (int node = 1; node < 3; node++) {
				try (Exchange call = at(client, node).call(1 + node, "count", "{\"n\":1}")) {
					last(call);
				}
			}

			for (int node = 0; node < 3; node++) {
				this.nodes.get(node).server.notifyResourcesUpdated(new ResourcesUpdatedNotification("file:///a"));
				this.nodes.get(node).server.notifyResourcesUpdated(new ResourcesUpdatedNotification("file:///b"));
				assertThat(get.next().data()).contains("notifications/resources/updated").contains("file:///a");
			}
			try (Exchange unsubscribed = at(client, 2).post(SUBSCRIPTION.formatted("unsubscribe", "file:///a"))) {
				assertThat(last(unsubscribed).data()).contains("\"result\"");
			}
			this.nodes.get(0).server.notifyResourcesUpdated(new ResourcesUpdatedNotification("file:///a"));
			this.nodes.get(0).endpoint.notifyClient(client.sessionId(), "notifications/last", Map.of())
				.block(Duration.ofMinutes(1));
			assertThat(get.next().data()).contains("notifications/last");
		}
	}

	@Test
	void endsASessionOnAllNodesWithItsRunningToolsAndReaders() throws Exception {
		RawMcpClient client = this.nodes.initialize("{}");
		try (Exchange call = at(client, 1).call(1, "gated", "{\"gate\":\"g\"}");
				Exchange get = at(client, 2).get(null)) {
			String cursor = call.next().id();
			call.next();
			get.next();
			try (Exchange reader = at(client, 2).get(cursor)) {
				reader.next();

				try (Exchange delete = at(client, 0).delete()) {
					assertThat(delete.status()).isEqualTo(200);
				}

				assertThat(reader.rest()).isEmpty();
				assertThat(get.next()).isNull();
				this.nodes.get(1).tools.open("g");
				for (int node = 0; node < 3; node++) {
					RawMcpClient late = at(client, node);
					for (Exchange exchange : List.of(late.get(cursor), late.get(null), late.call(2, "count", "{}"),
							late.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"),
							late.delete())) {
						try (exchange) {
							assertThat(exchange.status()).isEqualTo(404);
						}
					}
				}
			}
		}
	}

	private RawMcpClient at(RawMcpClient client, int node) {
		return client.at(this.nodes.get(node).port());
	}

	private static SseEvent last(Exchange call) throws Exception {
		List<SseEvent> events = call.rest();
		return events.get(events.size() - 1);
	}

	private static List<String> levels(RawMcpClient client) throws Exception {
		try (Exchange call = client.call(7, "levels", "{}")) {
			return OnNodes.numbers(call.rest());
		}
	}

}

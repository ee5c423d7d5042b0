package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpSchema.ResourcesUpdatedNotification;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.test.transport.TestTools;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.TestOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Two MCP servers in each of two nodes: those of a node share its stores and its
 * registry, and all share one Redis.
 */
@NeedsRedis
class SeveralServersTests {

	private static final String ANSWER = "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"result\":{\"action\":\"accept\",\"content\":{}}}";

	private static final String SUBSCRIBE = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/subscribe\","
			+ "\"params\":{\"uri\":\"file:///a\"}}";

	private static final Duration LOOK_INTERVAL = Duration.ofMillis(100);

	private static final Duration LIMIT = Duration.ofSeconds(10);

	private final TestRedis redis;

	private final List<Node> nodes = new ArrayList<>();

	SeveralServersTests(TestRedis redis) {
		this.redis = redis;
	}

	@BeforeEach
	void start() throws Exception {
		for (int i = 0; i < 2; i++) {
			this.nodes.add(new Node(this.redis));
		}
	}

	@AfterEach
	void stop() throws Exception {
		for (Node node : this.nodes) {
			node.close();
		}
	}

	private Server weather(int node) {
		return this.nodes.get(node).weather;
	}

	private Server billing(int node) {
		return this.nodes.get(node).billing;
	}

	@Test
	void aSessionExistsAtItsServerOnEachNodeAndAtNoOther() throws Exception {
		RawMcpClient client = weather(0).client().initialize();
		String cursor;
		try (Exchange call = client.call(1, "count", "{}")) {
			cursor = call.next().id();
			call.rest();
		}

		for (int node = 0; node < 2; node++) {
			RawMcpClient stray = client.at(billing(node).port());
			for (Exchange refused : List.of(stray.call(2, "count", "{}"), stray.get(null), stray.get(cursor),
					stray.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"), stray.delete())) {
				try (refused) {
					assertThat(refused.status()).isEqualTo(404);
					assertThat(refused.body()).contains("Session not found");
				}
			}
		}
		for (int node = 0; node < 2; node++) {
			try (Exchange call = client.at(weather(node).port()).call(2, "count", "{}");
					Exchange resume = client.at(weather(node).port()).get(cursor)) {
				assertThat(call.rest()).last().extracting(SseEvent::data).asString().contains("counted 3");
				assertThat(resume.rest()).last().extracting(SseEvent::data).asString().contains("counted 3");
			}
		}
	}

	@Test
	void anAnswerReachesTheServerThatAskedOnAnotherNode() throws Exception {
		RawMcpClient client = weather(0).client().initialize("{\"elicitation\":{}}");
		for (int i = 0; i < 20; i++) {
			try (Exchange call = client.call(i, "elicit", "{}")) {
				call.next();
				String answer = ANSWER.formatted(OnNodes.requestId(call.next()));
				try (Exchange stray = client.at(billing(1).port()).post(answer);
						Exchange posted = client.at(weather(1).port()).post(answer)) {
					assertThat(stray.status()).isEqualTo(404);
					assertThat(posted.status()).isEqualTo(202);
				}
				assertThat(call.rest().get(0).data()).contains("user said ACCEPT");
			}
		}
	}

	@Test
	void aRunningRequestIsNotDisownedByTheOtherServerOfItsNode() throws Exception {
		RawMcpClient client = weather(0).client().initialize();
		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			call.next();
			try (Exchange reader = client.at(weather(1).port()).get(cursor)) {
				// The reader asks the node that runs it at each look
				await().pollDelay(LOOK_INTERVAL.multipliedBy(10)).until(() -> true);
				weather(0).tools.open("g");

				assertThat(OnNodes.numbers(reader.rest())).containsExactly("1", "2", "3");
			}
		}
	}

	@Test
	void aNodeIsThereWhileOneOfItsServersIs() throws Exception {
		RawMcpClient client = weather(0).client().initialize();
		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			call.next();
			try (Exchange reader = client.at(weather(1).port()).get(cursor)) {
				billing(0).server.close();
				await().pollDelay(LOOK_INTERVAL.multipliedBy(10)).until(() -> true);
				weather(0).tools.open("g");

				assertThat(OnNodes.numbers(reader.rest())).containsExactly("1", "2", "3");
			}
		}
	}

	@Test
	void aSubscriberIsToldByItsServerOnEachNodeAndByNoOther() throws Exception {
		RawMcpClient client = weather(0).client().initialize();
		RawMcpClient other = billing(0).client().initialize();
		for (RawMcpClient subscriber : List.of(client, other)) {
			try (Exchange subscribed = subscriber.post(SUBSCRIBE)) {
				assertThat(subscribed.rest()).last().extracting(SseEvent::data).asString().contains("\"result\"");
			}
		}
		try (Exchange get = client.at(weather(1).port()).get(null); Exchange otherGet = other.get(null)) {
			get.next();
			otherGet.next();
			for (int node = 0; node < 2; node++) {
				billing(node).server.notifyResourcesUpdated(new ResourcesUpdatedNotification("file:///a"));
				weather(node).server.notifyResourcesUpdated(new ResourcesUpdatedNotification("file:///a"));
				assertThat(get.next().data()).contains("notifications/resources/updated");
			}

			weather(0).endpoint.notifyClient(client.sessionId(), "notifications/last", Map.of()).block(LIMIT);
			assertThat(get.next().data()).contains("notifications/last");
			assertThat(otherGet.next().data()).contains("notifications/resources/updated");
		}
	}

	/**
	 * A node with two servers.
	 */
	private static final class Node implements AutoCloseable {

		private final RedisEventStore store;

		private final Server weather;

		private final Server billing;

		Node(TestRedis redis) throws Exception {
			this.store = RedisEventStore.builder(redis.lettuce())
				.keyPrefix(redis.keyPrefix())
				.timeout(RedisMcpServer.LONG_TIMEOUT)
				.build();
			StreamableHttpEndpoint.Builder builder = StreamableHttpEndpoint.builder(this.store)
				.sessionStore(RedisSessionStore.of(this.store, Duration.ofHours(1)))
				.nodeRegistry(RedisNodeRegistry.of(this.store, McpNodes.NODE_TIMEOUT))
				.options(TestOptions.looking(LOOK_INTERVAL).build());
			this.weather = new Server(builder.build(), "weather");
			this.billing = new Server(builder.build(), "billing");
		}

		@Override
		public void close() throws Exception {
			this.weather.close();
			this.billing.close();
			this.store.close();
		}

	}

	/**
	 * A server of a node.
	 */
	private static final class Server implements AutoCloseable {

		private final TestTools tools = new TestTools();

		private final StreamableHttpEndpoint endpoint;

		private final McpSyncServer server;

		private final TomcatServer web;

		Server(StreamableHttpEndpoint endpoint, String name) throws Exception {
			this.endpoint = endpoint;
			this.server = this.tools.server(endpoint, name);
			this.web = new TomcatServer(endpoint);
		}

		int port() {
			return this.web.port();
		}

		RawMcpClient client() {
			return new RawMcpClient(port(), "/mcp");
		}

		@Override
		public void close() throws Exception {
			this.tools.openAll();
			this.server.close();
			this.web.close();
		}

	}

}

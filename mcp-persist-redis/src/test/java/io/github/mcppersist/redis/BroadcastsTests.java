package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpSchema.ResourcesUpdatedNotification;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What clients that listen on one node are told of what happens on another.
 */
@NeedsRedis
class BroadcastsTests {

	private final ExecutorService reader = Executors.newSingleThreadExecutor();

	private final TestRedis redis;

	private McpNodes nodes;

	BroadcastsTests(TestRedis redis) {
		this.redis = redis;
	}

	@BeforeEach
	void start() throws Exception {
		this.nodes = McpNodes.start(this.redis, 3,
				StreamableHttpOptions.builder()
					.heartbeatInterval(Duration.ofMillis(200))
					// No client here waits for so long; for so long it is expected
					.retryInterval(Duration.ofMinutes(1))
					.modern(ModernOptions.defaults())
					.build(),
				Duration.ofHours(1));
	}

	@AfterEach
	void stop() throws Exception {
		this.reader.shutdownNow();
		this.nodes.close();
	}

	@Test
	void reachClientsOfBothErasOnEachNode() throws Exception {
		List<Exchange> exchanges = new ArrayList<>();
		for (int i = 0; i < 3; i++) {
			Exchange legacy = this.nodes.get(i).client().initialize().get(null);
			legacy.next();
			exchanges.add(legacy);
			exchanges.add(subscribed(i));
		}

		this.nodes.get(0).server.notifyPromptsListChanged();

		for (Exchange exchange : exchanges) {
			assertThat(exchange.next().data()).contains("prompts/list_changed");
			exchange.close();
		}
	}

	@Test
	void reachAClientOnceThatHasTurnedToAnotherNode() throws Exception {
		RawMcpClient client = this.nodes.initialize("{}");
		String cursor;
		try (Exchange get = client.at(this.nodes.get(1).port()).get(null)) {
			get.next();
			broadcast(1);
			cursor = readUntil(get, "\"1\"").get(0).id();
			get.cut();
		}
		Awaitility.await()
			.until(() -> this.nodes.get(1).endpoint.statistics().connections().get(ConnectionKind.STANDALONE) == 0);
		try (Exchange get = client.at(this.nodes.get(2).port()).get(cursor)) {
			get.next();
			broadcast(2);
			broadcast(3);

			assertThat(OnNodes.numbers(readUntil(get, "\"3\""))).containsExactly("2", "3");
		}
	}

	@Test
	void thatSayThatAListHasChangedReachAClientWhoseNodeHasStopped() throws Exception {
		RawMcpClient first = this.nodes.initialize("{}");
		RawMcpClient second = this.nodes.initialize("{}");
		Exchange resumed = first.at(this.nodes.get(1).port()).get(null);
		Exchange begunAnew = second.at(this.nodes.get(1).port()).get(null);
		String cursor = resumed.next().id();
		begunAnew.next();
		this.nodes.get(1).close();
		resumed.rest();
		begunAnew.rest();

		try (Exchange other = listeningOn(2)) {
			this.nodes.get(0).server.notifyToolsListChanged();
			this.nodes.get(0).server.notifyPromptsListChanged();
			readUntil(other, "tools/list_changed");
			readUntil(other, "prompts/list_changed");
		}

		for (Exchange get : List.of(first.at(this.nodes.get(2).port()).get(cursor),
				second.at(this.nodes.get(2).port()).get(null))) {
			broadcast(1);
			assertThat(readUntil(get, "\"1\"")).extracting(SseEvent::data)
				.filteredOn((data) -> data.contains("list_changed"))
				.satisfiesExactly((data) -> assertThat(data).contains("tools/list_changed"),
						(data) -> assertThat(data).contains("prompts/list_changed"));
			get.close();
		}
	}

	@Test
	void areNotToldOnceMoreToAClientWhoseNodeHasToldIt() throws Exception {
		RawMcpClient client = this.nodes.initialize("{}");
		String cursor;
		try (Exchange get = client.at(this.nodes.get(1).port()).get(null)) {
			get.next();
			try (Exchange other = listeningOn(2)) {
				this.nodes.get(0).server.notifyToolsListChanged();
				readUntil(other, "tools/list_changed");
			}
			cursor = readUntil(get, "tools/list_changed").get(0).id();
			get.cut();
		}
		try (Exchange get = client.at(this.nodes.get(2).port()).get(cursor)) {
			get.next();
			broadcast(1);

			assertThat(readUntil(get, "\"1\"")).noneMatch((event) -> event.data().contains("list_changed"));
		}
	}

	@Test
	void reachAClientAsOftenAsTheyAreSentAndNotAsOftenAsTheyAreTold() throws Exception {
		RawMcpClient client = this.nodes.initialize("{}");
		RedisNodeRegistry other = RedisNodeRegistry.of(this.nodes.get(2).store, McpNodes.NODE_TIMEOUT);
		try (Exchange get = client.at(this.nodes.get(1).port()).get(null)) {
			get.next();

			tell(other, "7", "first");
			assertThat(OnNodes.numbers(readUntil(get, "\"7\""))).containsExactly("7");
			// As a node does that doesn't know whether it was heard
			tell(other, "7", "first");
			tell(other, "7", "second");
			tell(other, "8", "last");

			assertThat(OnNodes.numbers(readUntil(get, "\"8\""))).containsExactly("7", "8");
		}
	}

	private Exchange listeningOn(int node) throws Exception {
		Exchange get = this.nodes.initialize("{}").at(this.nodes.get(node).port()).get(null);
		get.next();
		return get;
	}

	private static void tell(RedisNodeRegistry from, String data, String tag) {
		String notification = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\","
				+ "\"params\":{\"level\":\"info\",\"data\":\"" + data + "\"}}";
		from.broadcast(new NodeMessage(NodeMessage.Kind.NOTIFIED, notification, tag).toText("test")).block();
	}

	private void broadcast(int number) {
		this.nodes.get(0).endpoint
			.notifyClients("notifications/message", Map.of("level", "info", "data", Integer.toString(number)))
			.block();
	}

	private static List<SseEvent> readUntil(Exchange exchange, String text) throws Exception {
		List<SseEvent> events = new ArrayList<>();
		do {
			events.add(exchange.next());
		}
		while (!events.get(events.size() - 1).data().contains(text));
		return events;
	}

	@Test
	void tellOfUpdatesOnEachNode() throws Exception {
		try (Exchange listen = subscribed(2)) {
			for (int i = 0; i < 3; i++) {
				McpSyncServer server = this.nodes.get(i).server;
				ResourcesUpdatedNotification update = new ResourcesUpdatedNotification("test://a", Map.of("node", i));
				Future<Boolean> told = this.reader.submit(() -> isTold(listen, update));
				// That somebody listens is published, and arrives at the node a moment
				// later
				Awaitility.await().until(() -> {
					server.notifyResourcesUpdated(new ResourcesUpdatedNotification("test://other"));
					server.notifyResourcesUpdated(update);
					return told.isDone();
				});
				assertThat(told.get()).isTrue();
			}
		}
	}

	private static boolean isTold(Exchange listen, ResourcesUpdatedNotification update) throws Exception {
		SseEvent event = listen.next();
		while (event != null && !event.data().contains("\"node\":" + update.meta().get("node"))) {
			// Told once more of the node before
			assertThat(event.data()).contains("test://a");
			event = listen.next();
		}
		return event != null;
	}

	private Exchange subscribed(int node) throws Exception {
		Exchange listen = new ModernPost(this.nodes.get(node).client(), "subscriptions/listen",
				"\"notifications\":{\"promptsListChanged\":true,\"resourceSubscriptions\":[\"test://a\"]}")
			.send();
		assertThat(listen.next().data()).contains("subscriptions/acknowledged");
		return listen;
	}

}

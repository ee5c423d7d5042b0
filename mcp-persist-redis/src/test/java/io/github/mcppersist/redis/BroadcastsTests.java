package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.modelcontextprotocol.spec.McpSchema.ResourcesUpdatedNotification;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

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
					.modern(ModernOptions.defaults())
					.build(),
				Duration.ofHours(1));
	}

	@AfterEach
	void stop() throws Exception {
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
				this.nodes.get(i).server.notifyResourcesUpdated(new ResourcesUpdatedNotification("test://other"));
				this.nodes.get(i).server
					.notifyResourcesUpdated(new ResourcesUpdatedNotification("test://a", Map.of("node", i)));

				assertThat(listen.next().data()).contains("test://a", "\"node\":" + i);
			}
		}
	}

	private Exchange subscribed(int node) throws Exception {
		Exchange listen = new ModernPost(this.nodes.get(node).client(), "subscriptions/listen",
				"\"notifications\":{\"promptsListChanged\":true,\"resourceSubscriptions\":[\"test://a\"]}")
			.send();
		assertThat(listen.next().data()).contains("subscriptions/acknowledged");
		return listen;
	}

}

package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.modelcontextprotocol.spec.McpSchema.ResourcesUpdatedNotification;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

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
	void reachAClientOnceWhereverItListens() throws Exception {
		RawMcpClient client = this.nodes.initialize("{}");
		List<String> numbers = new ArrayList<>();
		for (int i = 1; i <= 6; i++) {
			try (Exchange get = client.at(this.nodes.get(i % 3).port()).get(null)) {
				get.next();
				this.nodes.get(0).endpoint
					.notifyClients("notifications/message", Map.of("level", "info", "data", Integer.toString(i)))
					.block();
				SseEvent event = get.next();
				numbers.addAll(OnNodes.numbers(List.of(event)));
			}
		}

		assertThat(numbers).containsExactly("1", "2", "3", "4", "5", "6");
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

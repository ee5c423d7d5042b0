package io.github.mcppersist.autoconfigure.actuate;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import io.github.mcppersist.autoconfigure.ObservedServer;
import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What {@code /actuator/mcppersist} shows.
 */
@Timeout(600)
@NeedsRedis
class McpPersistEndpointTests {

	private final RedisServer redis = RedisServer.start();

	private final ObservedServer first = server("management.endpoints.web.exposure.include=mcppersist,health",
			"management.endpoint.health.show-details=always");

	private ObservedServer server(String... properties) {
		List<String> all = new ArrayList<>(List.of(properties));
		all.add("spring.data.redis.url=" + this.redis.uri());
		// It shows what is encrypted in the store
		all.add("mcp.persist.encryption.keys=a:" + Base64.getEncoder().encodeToString(new byte[32]));
		return ObservedServer.start(all);
	}

	@AfterEach
	void stop() {
		this.redis.resume();
		this.first.close();
		this.redis.close();
	}

	@Test
	void showsWhatANodeHolds() throws Exception {
		RawMcpClient client = initialize();
		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}")) {
			call.next();
			this.first.tools().awaitReached("g");

			await(() -> assertThat(
					json(this.first.get("/actuator/mcppersist")).at("/statistics/connections/REQUEST").asInt())
				.isEqualTo(1));
			JsonNode node = json(this.first.get("/actuator/mcppersist"));
			assertThat(node.get("nodeId").asString()).isEqualTo(this.first.bean(RedisEventStore.class).nodeId());
			assertThat(node.get("store").asString()).isEqualTo("RedisEventStore");
			assertThat(node.get("outage").isNull()).isTrue();
			assertThat(node.at("/statistics/running/LEGACY").asInt()).isEqualTo(1);
			assertThat(node.at("/statistics/sessions").asInt()).isPositive();
			this.first.tools().open("g");
			call.rest();
		}
	}

	@Test
	void showsParkedCallsAndWhoListensOfTheModernEraAndSoDoesHealth() throws Exception {
		initialize();
		RawMcpClient client = this.first.client();
		try (Exchange asked = new ModernPost(client, "tools/call", "\"name\":\"elicit\",\"arguments\":{}")
			.header("Mcp-Name", "elicit")
			.field("clientCapabilities", "{\"elicitation\":{}}")
			.send();
				Exchange listening = new ModernPost(client, "subscriptions/listen",
						"\"notifications\":{\"toolsListChanged\":true}")
					.send()) {
			assertThat(asked.body()).contains("input_required");
			listening.next();

			JsonNode statistics = json(this.first.get("/actuator/mcppersist")).get("statistics");
			assertThat(statistics.get("parkedCalls").asInt()).isEqualTo(1);
			assertThat(statistics.at("/running/MODERN").asInt()).isEqualTo(1);
			assertThat(statistics.at("/running/LEGACY").asInt()).isZero();
			assertThat(statistics.at("/connections/SUBSCRIPTION").asInt()).isEqualTo(1);
			JsonNode details = json(this.first.get("/actuator/health/mcpPersist")).get("details");
			assertThat(details.get("parkedCalls").asInt()).isEqualTo(1);
			assertThat(details.get("subscriptions").asInt()).isEqualTo(1);
		}
	}

	@Test
	void showsWhatThisNodeHasWhileRedisIsAway() throws Exception {
		RawMcpClient client = initialize();
		try (Exchange call = client.call(1, "gated", "{\"gate\":\"g\"}")) {
			call.next();
			this.first.tools().awaitReached("g");
			this.redis.pause();

			await(() -> assertThat(json(this.first.get("/actuator/mcppersist")).path("outage").asString(""))
				.contains(" didn't answer within"));
			this.redis.resume();
			this.first.tools().open("g");
			call.rest();
		}
	}

	@Test
	void isNotExposedUnlessItIsAskedFor() throws Exception {
		try (ObservedServer server = server()) {
			assertThat(server.get("/actuator/health")).startsWith("200");
			assertThat(server.get("/actuator/mcppersist")).startsWith("404");
		}
	}

	private RawMcpClient initialize() {
		RawMcpClient[] client = new RawMcpClient[1];
		// Whether Redis is connected shows when a call is answered with IDs
		Awaitility.await().atMost(Duration.ofMinutes(1)).ignoreExceptions().untilAsserted(() -> {
			client[0] = this.first.client().initialize();
			try (Exchange call = client[0].call(0, "count", "{}")) {
				assertThat(call.rest()).allMatch((event) -> event.id() != null);
			}
		});
		return client[0];
	}

	private static JsonNode json(String response) {
		assertThat(response).startsWith("200 ");
		return new JsonMapper().readTree(response.substring(4));
	}

	private static void await(ThrowingRunnable assertion) {
		Awaitility.await().atMost(Duration.ofMinutes(1)).untilAsserted(assertion);
	}

}

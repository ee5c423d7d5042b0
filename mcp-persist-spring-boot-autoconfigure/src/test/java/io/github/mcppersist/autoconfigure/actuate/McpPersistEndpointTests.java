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
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What {@code /actuator/mcppersist} shows, on either of two applications.
 */
@Timeout(600)
@NeedsRedis
class McpPersistEndpointTests {

	private final RedisServer redis = RedisServer.start();

	private final ObservedServer first = server("management.endpoints.web.exposure.include=mcppersist");

	private final ObservedServer second = server("management.endpoints.web.exposure.include=mcppersist");

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
		this.second.close();
		this.redis.close();
	}

	@Test
	void showsTheStreamsOfASessionOnWhicheverNodeTheyRun() throws Exception {
		RawMcpClient client = initialize();
		String owner = this.first.bean(RedisEventStore.class).nodeId();
		try (Exchange call = client.call("seven", "gated", "{\"before\":2,\"gate\":\"g\",\"secret\":\"payload\"}")) {
			String cursor = call.next().id();
			this.first.tools().awaitReached("g");
			try (Exchange resumed = client.at(this.second.port()).get(cursor)) {
				resumed.next();
				await(() -> {
					JsonNode stream = stream(this.first, client);
					assertThat(stream.get("requestId").asString()).isEqualTo("\"seven\"");
					assertThat(stream.get("complete").asBoolean()).isFalse();
					assertThat(stream.get("owner").asString()).isEqualTo(owner);
					assertThat(stream.get("lastSequence").asLong()).isEqualTo(3);
				});
				await(() -> assertThat(stream(this.second, client).path("connection").asString(""))
					.isEqualTo("RESUMED"));
				assertThat(stream(this.second, client).get("owner").asString()).isEqualTo(owner);
				assertThat(this.second.get("/actuator/mcppersist/" + client.sessionId()))
					.contains("\"protocolVersion\":\"2025-11-25\"", "\"subscriptions\":0")
					.doesNotContain("payload", "notifications/message", "clientInfo", "raw", cursor,
							client.sessionId());
				this.first.tools().open("g");
				resumed.rest();
			}
		}
	}

	@Test
	void doesNotKnowASessionThatIsNoneOrNoSessionId() throws Exception {
		initialize();

		assertThat(this.first.get("/actuator/mcppersist/unknown")).startsWith("404");
		assertThat(this.first.get("/actuator/mcppersist/%7Bno%7D")).startsWith("404");
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
			assertThat(node.at("/statistics/runningRequests").asInt()).isEqualTo(1);
			assertThat(node.at("/statistics/sessions").asInt()).isPositive();
			this.first.tools().open("g");
			call.rest();
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
			JsonNode session = json(this.first.get("/actuator/mcppersist/" + client.sessionId()));

			assertThat(session.get("outage").asString()).isNotBlank();
			assertThat(session.get("streams")).hasSize(1);
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

	private static JsonNode stream(ObservedServer server, RawMcpClient client) throws Exception {
		JsonNode streams = json(server.get("/actuator/mcppersist/" + client.sessionId())).get("streams");
		for (JsonNode stream : streams) {
			if (stream.path("requestId").asString("").equals("\"seven\"")) {
				return stream;
			}
		}
		throw new AssertionError("Not among " + streams);
	}

	private static JsonNode json(String response) {
		assertThat(response).startsWith("200 ");
		return new JsonMapper().readTree(response.substring(4));
	}

	private static void await(ThrowingRunnable assertion) {
		Awaitility.await().atMost(Duration.ofMinutes(1)).untilAsserted(assertion);
	}

}

package io.github.mcppersist.redis;

import java.util.List;

import io.modelcontextprotocol.spec.McpSchema.ResourcesUpdatedNotification;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whoever sees all that is sent to Redis, by {@code MONITOR}, sees no session ID: with
 * one, a client is let in.
 */
@NeedsRedis
@Timeout(600)
class SessionSecrecyTests {

	private static final String ANSWER = "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"result\":{\"action\":\"accept\",\"content\":{}}}";

	private static final String SUBSCRIPTION = "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"resources/subscribe\","
			+ "\"params\":{\"uri\":\"file:///a\"}}";

	private static final String CANCELLATION = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
			+ "\"params\":{\"requestId\":99}}";

	@Test
	void noSessionIdIsSentToRedis() throws Exception {
		List<String> seen;
		RawMcpClient client;
		try (RedisServer redis = RedisServer.start();
				TestRedis namespace = new TestRedis(redis.uri());
				RedisMonitor monitor = new RedisMonitor(redis)) {
			try (McpNodes nodes = McpNodes.start(namespace, 2)) {
				client = nodes.initialize("{\"elicitation\":{}}");
				use(client, client.at(nodes.get(1).port()), nodes);
			}
			seen = monitor.lines();
		}

		assertThat(seen).anyMatch((line) -> line.contains("{" + SessionNames.of(client.sessionId()) + "}:i"))
			.anyMatch((line) -> line.contains("\"PUBLISH\"") || line.contains("\"publish\""))
			.noneMatch((line) -> line.contains(client.sessionId()));
	}

	private static void use(RawMcpClient client, RawMcpClient elsewhere, McpNodes nodes) throws Exception {
		SseEvent last;
		try (Exchange call = client.call(1, "elicit", "{}")) {
			call.next();
			SseEvent request = call.next();
			try (Exchange answer = elsewhere.post(ANSWER.formatted(OnNodes.requestId(request)))) {
				assertThat(answer.status()).isEqualTo(202);
			}
			last = call.next();
			assertThat(last.data()).contains("user said ACCEPT");
		}
		try (Exchange resumed = elsewhere.get(last.id())) {
			assertThat(resumed.status()).isEqualTo(204);
		}
		try (Exchange subscribed = elsewhere.post(SUBSCRIPTION); Exchange get = elsewhere.get(null)) {
			subscribed.rest();
			get.next();
			// The node knows of the subscription by the time of the session's call
			try (Exchange call = client.call(3, "count", "{}")) {
				call.rest();
			}
			nodes.get(0).server.notifyResourcesUpdated(new ResourcesUpdatedNotification("file:///a"));
			assertThat(get.next().data()).contains("file:///a");
		}
		try (Exchange cancelled = elsewhere.post(CANCELLATION)) {
			assertThat(cancelled.status()).isEqualTo(202);
		}
		try (Exchange deleted = elsewhere.delete()) {
			assertThat(deleted.status()).isEqualTo(200);
		}
		try (Exchange gone = client.call(2, "count", "{}")) {
			assertThat(gone.status()).isEqualTo(404);
		}
	}

}

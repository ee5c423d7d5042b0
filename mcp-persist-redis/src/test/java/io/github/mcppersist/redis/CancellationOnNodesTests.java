package io.github.mcppersist.redis;

import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Requests that are cancelled on another node than the one that runs them.
 */
@NeedsRedis
class CancellationOnNodesTests {

	private final TestRedis redis;

	private McpNodes nodes;

	private RawMcpClient client;

	CancellationOnNodesTests(TestRedis redis) {
		this.redis = redis;
	}

	@BeforeEach
	void start() throws Exception {
		this.nodes = McpNodes.start(this.redis, 2);
		this.client = this.nodes.initialize("{\"elicitation\":{}}");
	}

	@AfterEach
	void stop() throws Exception {
		this.nodes.close();
	}

	@Test
	void cancelsARequestOfAnotherNode() throws Exception {
		try (Exchange call = this.client.call("an id", "stoppable", "{\"gate\":\"g\"}")) {
			String cursor = call.next().id();
			this.nodes.get(0).tools.awaitReached("g");

			cancel(1, "\"an id\"");

			this.nodes.get(0).tools.awaitOpen("interrupted");
			assertThat(call.rest()).extracting(SseEvent::data).containsOnly("");
			await().until(() -> this.nodes.get(0).endpoint.statistics().runningRequests() == 0);
			for (int node = 0; node < 2; node++) {
				try (Exchange resume = at(node).get(cursor)) {
					assertThat(resume.status()).isEqualTo(204);
				}
			}
		}
	}

	@Test
	void endsAConnectionThatFollowsTheRequestOnAnotherNode() throws Exception {
		String cursor;
		try (Exchange call = this.client.call(1, "gated", "{\"gate\":\"g\"}")) {
			cursor = call.next().id();
			this.nodes.get(0).tools.awaitReached("g");
			call.cut();
		}
		try (Exchange resume = at(1).get(cursor)) {
			assertThat(resume.next().data()).contains("\"data\":\"1\"");

			cancel(1, "1");

			assertThat(resume.rest()).extracting(SseEvent::data).allMatch(String::isEmpty);
		}
	}

	@Test
	void ignoresWhatNoNodeRuns() throws Exception {
		try (Exchange call = this.client.call(1, "gated", "{\"gate\":\"g\"}")) {
			this.nodes.get(0).tools.awaitReached("g");
			RawMcpClient other = this.nodes.get(1).client().initialize();

			cancel(1, "2");
			cancel(other, "1");

			this.nodes.get(0).tools.open("g");
			List<SseEvent> rest = call.rest();
			assertThat(rest.get(rest.size() - 1).data()).contains("counted 3");
		}
	}

	private RawMcpClient at(int node) {
		return this.client.at(this.nodes.get(node).port());
	}

	private void cancel(int node, String requestId) throws Exception {
		cancel(at(node), requestId);
	}

	private static void cancel(RawMcpClient client, String requestId) throws Exception {
		try (Exchange post = client.post("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
				+ "\"params\":{\"requestId\":" + requestId + "}}")) {
			assertThat(post.status()).isEqualTo(202);
		}
	}

}

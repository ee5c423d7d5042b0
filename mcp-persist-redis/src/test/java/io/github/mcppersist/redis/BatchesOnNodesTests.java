package io.github.mcppersist.redis;

import java.time.Duration;
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
 * Batches of requests, and of answers, when there are several nodes.
 */
@NeedsRedis
class BatchesOnNodesTests {

	private static final String BATCH = "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},"
			+ "{\"jsonrpc\":\"2.0\",\"id\":\"b\",\"method\":\"tools/call\",\"params\":{\"name\":\"gated\","
			+ "\"arguments\":{\"before\":1,\"n\":3,\"gate\":\"g\"}}}]";

	private final TestRedis redis;

	private McpNodes nodes;

	private RawMcpClient client;

	BatchesOnNodesTests(TestRedis redis) {
		this.redis = redis;
	}

	@BeforeEach
	void start() throws Exception {
		this.nodes = McpNodes.start(this.redis, 3);
		this.client = this.nodes.get(0).client().protocolVersion("2025-03-26").initialize("{\"elicitation\":{}}");
	}

	@AfterEach
	void stop() throws Exception {
		this.nodes.close();
	}

	@Test
	void resumesABatchOnAnotherNodeInTheMiddle() throws Exception {
		String cursor;
		try (Exchange batch = this.client.post(BATCH)) {
			cursor = batch.next().id();
			this.nodes.get(0).tools.awaitReached("g");
			batch.cut();
		}

		try (Exchange resumed = at(1).get(cursor)) {
			SseEvent next = resumed.next();
			this.nodes.get(0).tools.open("g");
			List<SseEvent> rest = resumed.rest();

			assertThat(next.data() + rest).contains("\"data\":\"1\"", "\"data\":\"2\"", "\"data\":\"3\"");
			assertThat(rest.get(rest.size() - 1).data()).contains("\"id\":\"b\"").contains("counted 3");
		}
	}

	@Test
	void endsEachRequestOfADeadNodesBatchWithAnError() throws Exception {
		Exchange batch = this.client.post(BATCH);
		String cursor = batch.next().id();
		this.nodes.get(0).tools.awaitReached("g");
		String last = batch.next().id();

		this.nodes.get(0).die();

		for (int node = 1; node < 3; node++) {
			try (Exchange resumed = at(node).get(last)) {
				List<SseEvent> errors = resumed.rest().stream().filter((event) -> !event.data().isEmpty()).toList();
				assertThat(errors).hasSize(2).allSatisfy((event) -> {
					assertThat(event.id()).isNotNull();
					assertThat(event.data()).contains("-32603").contains("outcome of the request is unknown");
				});
				assertThat(errors.get(0).data()).contains("\"id\":1,");
				assertThat(errors.get(1).data()).contains("\"id\":\"b\",");
			}
		}
		try (Exchange resumed = at(1).get(cursor)) {
			assertThat(resumed.rest()).hasSize(3);
		}
		batch.close();
	}

	@Test
	void handsTheAnswersOfABatchToTheNodesThatWaitForThem() throws Exception {
		try (Exchange first = at(0).call(1, "elicit", "{}"); Exchange second = at(1).call(2, "elicit", "{}")) {
			String answers = "[" + answer(first.next(), "\"result\":{\"action\":\"accept\"}") + ","
					+ answer(second.next(), "\"result\":{\"action\":\"decline\"}") + "]";

			for (int i = 0; i < 2; i++) {
				try (Exchange post = at(2).post(answers)) {
					assertThat(post.status()).isEqualTo(202);
				}
			}

			assertThat(first.rest().get(0).data()).contains("user said ACCEPT");
			assertThat(second.rest().get(0).data()).contains("user said DECLINE");
		}
	}

	@Test
	void tellsTheNodeThatWaitsOfAnAnswerThatIsMalformed() throws Exception {
		RawMcpClient mallory = this.nodes.initialize("{}");
		try (Exchange call = at(1).call(1, "elicit", "{}")) {
			String malformed = answer(call.next(), "\"result\":null");

			for (RawMcpClient answering : List.of(mallory.at(this.nodes.get(2).port()), at(2))) {
				try (Exchange post = answering.post(malformed)) {
					assertThat(post.status()).isEqualTo(400);
				}
			}

			assertThat(call.rest()).singleElement()
				.satisfies((event) -> assertThat(event.data()).contains("answer is malformed"));
		}
	}

	@Test
	void refusesAnswersForANodeThatHasGoneAndTakesTheOthers() throws Exception {
		Exchange gone = at(1).call(1, "elicit", "{}");
		try (Exchange call = at(0).call(2, "elicit", "{}")) {
			String answers = "[" + answer(gone.next(), "\"result\":{\"action\":\"accept\"}") + ","
					+ answer(call.next(), "\"result\":{\"action\":\"accept\"}") + "]";

			this.nodes.get(1).die();

			// As soon as Redis has noticed that its connection is gone
			await().atMost(Duration.ofMinutes(1)).untilAsserted(() -> {
				try (Exchange post = at(2).post(answers)) {
					assertThat(post.status()).isEqualTo(409);
				}
			});
			assertThat(call.rest().get(0).data()).contains("user said ACCEPT");
		}
		gone.close();
	}

	private RawMcpClient at(int node) {
		return this.client.at(this.nodes.get(node).port());
	}

	private static String answer(SseEvent request, String outcome) {
		return "{\"jsonrpc\":\"2.0\",\"id\":\"" + OnNodes.requestId(request) + "\"," + outcome + "}";
	}

}

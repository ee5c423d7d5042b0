package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisConnection;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * A client's answer reaches the node that asked, wherever it is posted.
 */
@NeedsRedis
class AnswersOnNodesTests {

	private static final String ANSWER = "{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"result\":{\"action\":\"%s\",\"content\":{}}}";

	private final TestRedis redis;

	private final RedisConnectionFactory factory;

	private McpNodes nodes;

	AnswersOnNodesTests(TestRedis redis) {
		this.redis = redis;
		this.factory = redis.lettuce();
	}

	@BeforeEach
	void start() throws Exception {
		this.nodes = McpNodes.start(this.redis, 3);
	}

	@AfterEach
	void stop() throws Exception {
		this.nodes.close();
	}

	@Test
	void handsManyAnswersAtOnceToTheToolsThatWaitForThem() throws Exception {
		int sessions = 10;
		int calls = 20;
		Random dice = new Random(1);
		List<CompletableFuture<String>> outcomes = new ArrayList<>();
		List<String> expected = new ArrayList<>();
		Set<String> ids = Collections.synchronizedSet(new HashSet<>());
		for (int s = 0; s < sessions; s++) {
			RawMcpClient client = this.nodes.initialize("{\"elicitation\":{}}");
			for (int c = 0; c < calls; c++) {
				int asking = dice.nextInt(3);
				int answering = dice.nextInt(3);
				String action = List.of("accept", "decline", "cancel").get(dice.nextInt(3));
				int id = c;
				expected.add(action.toUpperCase(Locale.ROOT));
				outcomes.add(OnNodes.async(() -> {
					try (Exchange call = at(client, asking).call(id, "elicit", "{}")) {
						call.next();
						SseEvent request = call.next();
						ids.add(OnNodes.requestId(request));
						assertThat(answer(at(client, answering), request, action)).isEqualTo(202);
						return call.rest().get(0).data();
					}
				}));
			}
		}

		for (int i = 0; i < outcomes.size(); i++) {
			assertThat(outcomes.get(i).get(60, TimeUnit.SECONDS)).contains("user said " + expected.get(i));
		}
		assertThat(ids).hasSize(sessions * calls);
	}

	@Test
	void takesARepeatedAnswerWithoutAnError() throws Exception {
		RawMcpClient client = this.nodes.initialize("{\"elicitation\":{}}");
		try (Exchange call = at(client, 1).call(1, "elicit", "{}")) {
			call.next();
			SseEvent request = call.next();
			assertThat(answer(at(client, 2), request, "accept")).isEqualTo(202);
			assertThat(call.rest().get(0).data()).contains("user said ACCEPT");

			for (int node = 0; node < 3; node++) {
				assertThat(answer(at(client, node), request, "decline")).isEqualTo(202);
			}
		}
	}

	@Test
	void takesNoAnswerOfAnotherSession() throws Exception {
		RawMcpClient client = this.nodes.initialize("{\"elicitation\":{}}");
		RawMcpClient mallory = this.nodes.initialize("{}");
		try (Exchange call = at(client, 1).call(1, "elicit", "{}")) {
			call.next();
			SseEvent request = call.next();
			for (int node = 0; node < 3; node++) {
				assertThat(answer(at(mallory, node), request, "decline")).isEqualTo(202);
			}

			assertThat(answer(at(client, 0), request, "accept")).isEqualTo(202);

			assertThat(call.rest().get(0).data()).contains("user said ACCEPT");
		}
	}

	@Test
	void refusesAnAnswerForANodeThatHasGone() throws Exception {
		RawMcpClient client = this.nodes.initialize("{\"elicitation\":{}}");
		Exchange call = at(client, 1).call(1, "elicit", "{}");
		call.next();
		SseEvent request = call.next();

		this.nodes.get(1).die();

		// As soon as Redis has noticed that its connection is gone
		await().atMost(Duration.ofMinutes(1))
			.untilAsserted(() -> assertThat(answer(at(client, 0), request, "accept")).isEqualTo(409));
		try (Exchange answer = at(client, 2).post(ANSWER.formatted(OnNodes.requestId(request), "accept"))) {
			assertThat(answer.status()).isEqualTo(409);
			assertThat(answer.body()).contains("\"jsonrpc\":\"2.0\"").contains("\"error\"");
		}
		call.close();
	}

	@Test
	void storesNoAnswerForANodeThatThereNeverWas() throws Exception {
		RawMcpClient client = this.nodes.initialize("{\"elicitation\":{}}");

		for (int i = 0; i < 10; i++) {
			String invented = "Invented%03d.0123456789abcdef".formatted(i);
			try (Exchange answer = at(client, i % 3).post(ANSWER.formatted(invented, "accept"))) {
				assertThat(answer.status()).isEqualTo(409);
			}
		}

		assertThat(answers(client)).isEmpty();
	}

	@Test
	void keepsNoAnswerToWhatNobodyHasAsked() throws Exception {
		RawMcpClient client = this.nodes.initialize("{\"elicitation\":{}}");
		try (Exchange call = at(client, 1).call(1, "elicit", "{}")) {
			call.next();
			SseEvent request = call.next();
			String node = OnNodes.requestId(request).substring(0, NodeRegistry.ID_LENGTH);
			for (int i = 0; i < 10; i++) {
				try (Exchange answer = at(client, 2).post(ANSWER.formatted(node + ".0123456789abcde" + i, "decline"))) {
					assertThat(answer.status()).isEqualTo(202);
				}
			}

			await().untilAsserted(() -> assertThat(answers(client)).isEmpty());
			assertThat(answer(at(client, 0), request, "accept")).isEqualTo(202);
			assertThat(call.rest().get(0).data()).contains("user said ACCEPT");
		}
	}

	private Set<byte[]> answers(RawMcpClient client) {
		try (RedisConnection connection = this.factory.getConnection()) {
			return connection.hashCommands()
				.hKeys(RedisKeys
					.bytes(new RedisKeys(this.redis.keyPrefix()).answers(SessionNames.of(client.sessionId()))));
		}
	}

	private RawMcpClient at(RawMcpClient client, int node) {
		return client.at(this.nodes.get(node).port());
	}

	private static int answer(RawMcpClient client, SseEvent request, String action) throws Exception {
		try (Exchange answer = client.post(ANSWER.formatted(OnNodes.requestId(request), action))) {
			return answer.status();
		}
	}

}

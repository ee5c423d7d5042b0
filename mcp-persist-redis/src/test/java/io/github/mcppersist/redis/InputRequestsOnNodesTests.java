package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Tools that block until their client of revision 2026-07-28 has answered, and clients
 * that answer to another node (MCP 2026-07-28, "Multi Round-Trip Requests").
 */
@NeedsRedis
class InputRequestsOnNodesTests {

	private static final int CALLS = 200;

	private static final Pattern STATE = Pattern.compile("\"requestState\":\"([^\"]*)\"");

	private final TestRedis redis;

	private final AtomicInteger runs = new AtomicInteger();

	private final CountDownLatch gate = new CountDownLatch(1);

	private final CountDownLatch interrupted = new CountDownLatch(1);

	private McpNodes nodes;

	InputRequestsOnNodesTests(TestRedis redis) {
		this.redis = redis;
	}

	@BeforeEach
	void start() throws Exception {
		StreamableHttpOptions options = StreamableHttpOptions.builder()
			.modern(ModernOptions.builder().heartbeatInterval(Duration.ofMillis(100)).build())
			.build();
		this.nodes = McpNodes.start(this.redis, 3, options, Duration.ofHours(1));
		for (int node = 0; node < 3; node++) {
			this.nodes.get(node).server.addTool(SyncToolSpecification.builder()
				.tool(Tool.builder("ask", Map.of("type", "object")).build())
				.callHandler((exchange, request) -> ask(exchange, ((Number) request.arguments().get("n")).intValue(),
						Boolean.TRUE.equals(request.arguments().get("gated"))))
				.build());
		}
	}

	@AfterEach
	void stop() throws Exception {
		this.gate.countDown();
		this.nodes.close();
	}

	private CallToolResult ask(McpSyncServerExchange exchange, int questions, boolean gated) {
		this.runs.incrementAndGet();
		StringBuilder names = new StringBuilder();
		for (int i = 0; i < questions; i++) {
			names.append(
					exchange.createElicitation(ElicitRequest.builder("Number " + i, Map.of("type", "object")).build())
						.content()
						.get("name"));
		}
		if (gated) {
			try {
				this.gate.await();
			}
			catch (InterruptedException ex) {
				this.interrupted.countDown();
			}
		}
		return CallToolResult.builder().addTextContent("names " + names).build();
	}

	@Test
	void goesOnWithAnswersThatComeToAnyNode() throws Exception {
		String body = post(0, "{\"n\":9}", null, 0);
		for (int i = 1; i <= 9; i++) {
			assertThat(body).contains("input_required").contains("Number " + (i - 1));
			body = post(i % 3, "{\"n\":9}", state(body), i);
		}

		assertThat(body).contains("names a1a2a3a4a5a6a7a8a9");
		assertThat(this.runs).hasValue(1);
		awaitNothingRuns();
	}

	@Test
	void answersTheSameRetryOnAllNodesAtOnceTheSame() throws Exception {
		String state = state(post(0, "{\"n\":1,\"gated\":true}", null, 0));
		CyclicBarrier together = new CyclicBarrier(3);
		List<CompletableFuture<String>> retries = new ArrayList<>();
		for (int i = 0; i < 3; i++) {
			int node = i;
			retries.add(OnNodes.async(() -> {
				together.await(10, TimeUnit.SECONDS);
				return post(node, "{\"n\":1,\"gated\":true}", state, 1);
			}));
		}
		await().until(() -> running(0) == 2 && running(1) == 1 && running(2) == 1);
		this.gate.countDown();

		Set<String> outcomes = new LinkedHashSet<>();
		for (CompletableFuture<String> retry : retries) {
			String outcome = retry.get();
			outcomes.add(outcome.substring(outcome.indexOf("{\"jsonrpc\"")).trim());
		}
		assertThat(outcomes).singleElement().asString().contains("names a1");
		assertThat(this.runs).hasValue(1);
	}

	@Test
	void saysThatTheNodeHasDiedThatRanTheCall() throws Exception {
		String state = state(post(0, "{\"n\":1}", null, 0));

		this.nodes.get(0).die();

		String outcome = OnNodes.async(() -> post(1, "{\"n\":1}", state, 1)).get();
		assertThat(outcome).contains("-32603").contains("has gone");
		String again = post(2, "{\"n\":1}", state, 1);
		assertThat(again).contains("-32603").contains("has gone");
	}

	@Test
	void endsEveryCallWithItsOutcomeOrAnErrorWhileANodeDies() throws Exception {
		List<String> states = new ArrayList<>();
		for (int call = 0; call < CALLS; call++) {
			states.add(state(post(call % 3, "{\"n\":1}", null, 0)));
		}
		List<CompletableFuture<String>> outcomes = new ArrayList<>();
		for (int call = 0; call < CALLS; call++) {
			if (call == CALLS / 2) {
				this.nodes.get(0).die();
			}
			String state = states.get(call);
			int node = 1 + call % 2;
			outcomes.add(OnNodes.async(() -> post(node, "{\"n\":1}", state, 1)));
		}

		for (int call = 0; call < CALLS; call++) {
			String outcome = outcomes.get(call).get();
			if (call % 3 == 0) {
				assertThat(outcome).containsAnyOf("names a1", "has gone");
			}
			else {
				assertThat(outcome).contains("names a1");
			}
		}
		assertThat(outcomes.get((CALLS / 2 + 2) / 3 * 3).get()).contains("has gone");
		assertThat(this.runs).hasValue(CALLS);
	}

	@Test
	void cancelsACallWhoseClientGoesOnAnotherNode() throws Exception {
		String state = state(post(0, "{\"n\":1,\"gated\":true}", null, 0));

		try (Exchange exchange = request(1, "{\"n\":1,\"gated\":true}", state, 1).send()) {
			exchange.awaitComment();
		}

		assertThat(this.interrupted.await(30, TimeUnit.SECONDS)).isTrue();
		assertThat(post(2, "{\"n\":1,\"gated\":true}", state, 1)).contains("-32602").contains("expired");
		awaitNothingRuns();
	}

	@Test
	void cancelsNoCallForWhichAnotherRequestWaitsOnAnotherNode() throws Exception {
		String state = state(post(0, "{\"n\":1,\"gated\":true}", null, 0));
		List<CompletableFuture<String>> waiting = new ArrayList<>();
		for (int node : new int[] { 0, 2 }) {
			waiting.add(OnNodes.async(() -> post(node, "{\"n\":1,\"gated\":true}", state, 1)));
		}
		await().until(() -> running(0) == 2 && running(2) == 1);

		try (Exchange exchange = request(1, "{\"n\":1,\"gated\":true}", state, 1).send()) {
			exchange.awaitComment();
		}

		await().until(() -> running(1) == 0);
		assertThat(this.interrupted.await(3, TimeUnit.SECONDS)).isFalse();
		this.gate.countDown();
		for (CompletableFuture<String> retry : waiting) {
			assertThat(retry.get()).contains("names a1");
		}
	}

	private static String state(String body) {
		Matcher state = STATE.matcher(body);
		assertThat(state.find()).as(body).isTrue();
		return state.group(1);
	}

	private ModernPost request(int node, String arguments, @Nullable String state, int round) {
		String retry = (state != null) ? ",\"requestState\":\"" + state + "\",\"inputResponses\":{\"elicitation"
				+ ((round > 1) ? "-" + round : "") + "\":{\"action\":\"accept\",\"content\":{\"name\":\"a" + round
				+ "\"}}}" : "";
		return new ModernPost(this.nodes.get(node).client(), "tools/call",
				"\"name\":\"ask\",\"arguments\":" + arguments + retry)
			.header("Mcp-Name", "ask")
			.field("clientCapabilities", "{\"elicitation\":{}}");
	}

	private String post(int node, String arguments, @Nullable String state, int round) throws Exception {
		try (Exchange exchange = request(node, arguments, state, round).send()) {
			if (exchange.header("Content-Type").startsWith("application/json")) {
				return exchange.body();
			}
			return exchange.rest().get(0).data();
		}
	}

	private int running(int node) {
		return this.nodes.get(node).endpoint.statistics().runningRequests();
	}

	private void awaitNothingRuns() {
		await().until(() -> running(0) + running(1) + running(2) == 0);
	}

}

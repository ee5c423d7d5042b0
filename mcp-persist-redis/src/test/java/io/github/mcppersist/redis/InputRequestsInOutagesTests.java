package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What clients of revision 2026-07-28 see whose calls ask them for input while Redis
 * fails, and afterwards.
 */
@Timeout(600)
@NeedsRedis
class InputRequestsInOutagesTests {

	private static final Pattern STATE = Pattern.compile("\"requestState\":\"([^\"]*)\"");

	private final AtomicInteger runs = new AtomicInteger();

	private final CountDownLatch reached = new CountDownLatch(1);

	private final CountDownLatch gate = new CountDownLatch(1);

	private RedisServer server;

	private TestRedis redis;

	private McpNodes nodes;

	@BeforeEach
	void start() throws Exception {
		this.server = RedisServer.start("maxmemory-policy noeviction");
		this.redis = new TestRedis(this.server.uri());
		StreamableHttpOptions options = StreamableHttpOptions.builder()
			.modern(ModernOptions.builder().heartbeatInterval(Duration.ofMillis(200)).build())
			.build();
		this.nodes = McpNodes.start(this.redis, 2, options, Duration.ofHours(1));
		for (int node = 0; node < 2; node++) {
			this.nodes.get(node).server.addTool(SyncToolSpecification.builder()
				.tool(Tool.builder("ask", Map.of("type", "object")).build())
				.callHandler(
						(exchange, request) -> ask(exchange, Boolean.TRUE.equals(request.arguments().get("gated"))))
				.build());
		}
	}

	@AfterEach
	void stop() throws Exception {
		this.gate.countDown();
		this.nodes.close();
		this.redis.close();
		this.server.close();
	}

	private CallToolResult ask(McpSyncServerExchange exchange, boolean gated) {
		this.runs.incrementAndGet();
		Object name = exchange.createElicitation(ElicitRequest.builder("Who?", Map.of("type", "object")).build())
			.content()
			.get("name");
		if (gated) {
			this.reached.countDown();
			try {
				this.gate.await();
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
		}
		return CallToolResult.builder().addTextContent("hello " + name).build();
	}

	@ParameterizedTest
	@EnumSource
	void aCallThatCanNotBeKeptIsRefusedAndOthersGoOn(RedisOutage outage) throws Exception {
		outage.begin(this.server);

		Answer refused = post(0, null, false);
		try (Exchange plain = ModernPost.call(this.nodes.get(0).client(), "count", "{}").send()) {
			assertThat(plain.body()).contains("counted 3");
		}
		outage.end(this.server);

		// A stream, if the store took its time to fail
		assertThat(refused.body()).contains("-32603").contains("can't be kept");
		assertThat(parked()).isZero();
		awaitHealth();
	}

	@ParameterizedTest
	@EnumSource
	void anAnswerThatCanNotBeStoredCanBeRepeated(RedisOutage outage) throws Exception {
		String state = state(post(0, null, false));
		outage.begin(this.server);

		Answer refused = post(1, state, false);
		outage.end(this.server);

		assertThat(refused.body()).contains("-32603").contains("repeat the request");
		Answer[] answer = new Answer[1];
		await().until(() -> {
			answer[0] = post(1, state, false);
			return !answer[0].body().contains("-32603");
		});
		assertThat(answer[0].body()).contains(outage.losesData() ? "expired" : "hello Bob");
		assertThat(this.runs).hasValue(1);
		await().until(() -> parked() == 0);
	}

	@ParameterizedTest
	@EnumSource
	void whatEndsInAnOutageIsStoredAfterIt(RedisOutage outage) throws Exception {
		String state = state(post(0, null, true));
		CompletableFuture<Answer> waiting = OnNodes.async(() -> post(1, state, true));
		assertThat(this.reached.await(60, TimeUnit.SECONDS)).isTrue();
		outage.begin(this.server);
		this.gate.countDown();
		// Its end is tried again and again meanwhile
		await().during(Duration.ofSeconds(2)).until(() -> parked() == 1);
		assertThat(waiting).isNotDone();

		outage.end(this.server);

		Answer answer = waiting.get();
		assertThat(answer.body()).contains(outage.losesData() ? "expired" : "hello Bob");
		await().until(() -> parked() == 0);
		assertThat(this.runs).hasValue(1);
	}

	private static ConditionFactory await() {
		return Awaitility.await().atMost(Duration.ofMinutes(2));
	}

	private void awaitHealth() {
		await().until(() -> post(0, null, false).body().contains("input_required"));
	}

	private int parked() {
		return this.nodes.get(0).endpoint.statistics().parkedCalls();
	}

	private static String state(Answer answer) {
		Matcher state = STATE.matcher(answer.body());
		assertThat(state.find()).as(answer.body()).isTrue();
		return state.group(1);
	}

	private Answer post(int node, @Nullable String state, boolean gated) throws Exception {
		String retry = (state != null) ? ",\"requestState\":\"" + state
				+ "\",\"inputResponses\":{\"elicitation\":{\"action\":\"accept\",\"content\":{\"name\":\"Bob\"}}}" : "";
		try (Exchange exchange = new ModernPost(this.nodes.get(node).client(), "tools/call",
				"\"name\":\"ask\",\"arguments\":{\"gated\":" + gated + "}" + retry)
			.header("Mcp-Name", "ask")
			.field("clientCapabilities", "{\"elicitation\":{}}")
			.send()) {
			return new Answer(exchange.status(), exchange.body());
		}
	}

	/**
	 * What a client is answered.
	 */
	private record Answer(int status, String body) {
	}

}

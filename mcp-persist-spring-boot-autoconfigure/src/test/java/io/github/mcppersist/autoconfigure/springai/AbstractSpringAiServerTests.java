package io.github.mcppersist.autoconfigure.springai;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.LoggingMessageNotification;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.ai.mcp.annotation.McpTool;
import org.springframework.ai.tool.ToolCallbackProvider;
import org.springframework.ai.tool.annotation.Tool;
import org.springframework.ai.tool.method.MethodToolCallbackProvider;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What clients of a Spring AI application get, with nothing but the dependency added, on
 * whichever server.
 */
@NeedsRedis
abstract class AbstractSpringAiServerTests {

	static final String INITIALIZE = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
			+ "\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"test\",\"version\":\"1\"}}}";

	private final List<SpringAiServer> servers = new ArrayList<>();

	private final WebApplicationType type;

	AbstractSpringAiServerTests(WebApplicationType type) {
		this.type = type;
	}

	/**
	 * Return a configuration that lets {@code https://app.example} call {@code /mcp}.
	 * @return the class
	 */
	abstract Class<?> cors();

	@AfterEach
	void stop() {
		this.servers.forEach(SpringAiServer::close);
	}

	@Test
	void resumesAfterACut() throws Exception {
		SpringAiServer server = start(AnnotatedTools.class);
		RawMcpClient client = server.client("ann").initialize();
		String cursor = cutAfterFirst(client, "count");

		server.bean(AnnotatedTools.class).open();

		assertThat(rest(client, cursor)).satisfiesExactly(
				(event) -> assertThat(event.data()).contains("\"data\":\"2\""),
				(event) -> assertThat(event.data()).contains("\"data\":\"3\""),
				(event) -> assertThat(event.data()).contains("counted"));
	}

	@Test
	void resumesAfterACutWithAnAsyncServer() throws Exception {
		SpringAiServer server = start(AsyncTools.class, "spring.ai.mcp.server.type=ASYNC");
		RawMcpClient client = server.client("ann").initialize();
		String cursor = cutAfterFirst(client, "asyncCount");

		server.bean(AsyncTools.class).gate.tryEmitEmpty();

		assertThat(rest(client, cursor)).singleElement()
			.satisfies((event) -> assertThat(event.data()).contains("counted"));
	}

	@Test
	void interruptsAToolWhoseRequestIsCancelled() throws Exception {
		SpringAiServer server = start(StoppableTools.class);
		StoppableTools tools = server.bean(StoppableTools.class);
		RawMcpClient client = server.client("ann").initialize();

		assertCancelled(client, "waits", tools.started);

		assertThat(tools.interrupted.await(20, TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void cancelsAToolOfAnAsyncServerWhoseRequestIsCancelled() throws Exception {
		SpringAiServer server = start(AsyncStoppableTools.class, "spring.ai.mcp.server.type=ASYNC");
		AsyncStoppableTools tools = server.bean(AsyncStoppableTools.class);
		RawMcpClient client = server.client("ann").initialize();

		assertCancelled(client, "waits", tools.started);

		assertThat(tools.cancelled.await(20, TimeUnit.SECONDS)).isTrue();
	}

	private static void assertCancelled(RawMcpClient client, String tool, CountDownLatch started) throws Exception {
		try (Exchange call = client.call(5, tool, "{}")) {
			assertThat(started.await(20, TimeUnit.SECONDS)).isTrue();
			try (Exchange post = client.post(
					"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"," + "\"params\":{\"requestId\":5}}")) {
				assertThat(post.status()).isEqualTo(202);
			}
			assertThat(call.rest()).extracting(SseEvent::data).containsOnly("");
		}
	}

	@Test
	void carriesOnAtASecondInstance(TestRedis redis) throws Exception {
		String[] properties = { "mcp.persist.store=redis", "spring.data.redis.url=" + redis.uri(),
				"mcp.persist.key-prefix=" + redis.keyPrefix().replace(":", ""), "mcp.persist.timeout=10s" };
		SpringAiServer first = start(AnnotatedTools.class, properties);
		SpringAiServer second = start(AnnotatedTools.class, properties);
		RawMcpClient client = first.client("ann").initialize();
		String cursor = cutAfterFirst(client, "count");
		RawMcpClient elsewhere = client.at(second.port());

		first.bean(AnnotatedTools.class).open();
		second.bean(AnnotatedTools.class).open();

		assertThat(rest(elsewhere, cursor)).hasSize(3)
			.last()
			.satisfies((event) -> assertThat(event.data()).contains("counted"));
		assertThat(call(elsewhere, "count")).contains("counted");
	}

	@ParameterizedTest
	@ValueSource(strings = { "closeByExchange", "closeByContext" })
	void letsAnAnnotatedToolCloseItsConnection(String tool) throws Exception {
		SpringAiServer server = start(AnnotatedTools.class);
		server.bean(AnnotatedTools.class).open();
		RawMcpClient client = server.client("ann").initialize();
		// That the client resumes has to be seen first
		rest(client, cutAfterFirst(client, "count"));
		List<SseEvent> events;
		try (Exchange exchange = client.call(2, tool, "{}")) {
			events = exchange.rest();
		}

		assertThat(events).isNotEmpty().noneMatch((event) -> event.data().contains("result"));
		String cursor = Objects.requireNonNull(events.get(events.size() - 1).id());
		assertThat(rest(client, cursor)).last().satisfies((event) -> assertThat(event.data()).contains("closed true"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "SYNC", "ASYNC" })
	void servesToolCallbacks(String type) throws Exception {
		SpringAiServer server = start(CallbackTools.class, "spring.ai.mcp.server.type=" + type);

		assertThat(call(server.client("ann").initialize(), "shout")).contains("LOUD");
	}

	@Test
	void servesPromptsResourcesAndCompletions() throws Exception {
		RawMcpClient client = start(AnnotatedTools.class).client("ann").initialize();

		assertThat(request(client, "prompts/get", "{\"name\":\"greeting\",\"arguments\":{\"name\":\"Ann\"}}"))
			.contains("good morning, Ann");
		assertThat(request(client, "completion/complete", "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"greeting\"},"
				+ "\"argument\":{\"name\":\"name\",\"value\":\"An\"}}"))
			.contains("Anna");
		assertThat(request(client, "resources/read", "{\"uri\":\"test://poem\"}")).contains("roses are red");
	}

	@Test
	void servesAtSpringAisPath() throws Exception {
		SpringAiServer server = start(AnnotatedTools.class, "spring.ai.mcp.server.streamable-http.mcp-endpoint=/tools");

		assertThat(server.client("/tools", "ann").initialize().sessionId()).isNotEmpty();
		assertThat(initialize(server.client("/mcp", "ann"), null)).isEqualTo(404);
	}

	@Test
	void forbidsDeleteWhereSpringAiDoes() throws Exception {
		RawMcpClient allowed = start(AnnotatedTools.class).client("ann").initialize();
		RawMcpClient disallowed = start(AnnotatedTools.class,
				"spring.ai.mcp.server.streamable-http.disallow-delete=true")
			.client("ann")
			.initialize();

		try (Exchange exchange = allowed.delete(); Exchange refused = disallowed.delete()) {
			assertThat(exchange.status()).isEqualTo(200);
			assertThat(refused.status()).isEqualTo(405);
		}
	}

	@Test
	void sendsCommentsAtSpringAisInterval() throws Exception {
		RawMcpClient client = start(AnnotatedTools.class,
				"spring.ai.mcp.server.streamable-http.keep-alive-interval=100ms")
			.client("ann")
			.initialize();

		try (Exchange exchange = client.get(null)) {
			exchange.awaitComment();
			exchange.awaitComment();
		}
	}

	@Test
	void writesWithSpringAisJsonMapper() throws Exception {
		RawMcpClient client = start(IndentedJson.class).client("ann");

		try (Exchange exchange = client.send("POST", client.postHeaders(), INITIALIZE)) {
			assertThat(exchange.body()).contains("\n");
		}
	}

	@Test
	void leavesSecurityToTheApplication() throws Exception {
		SpringAiServer server = start(AnnotatedTools.class);
		RawMcpClient ann = server.client("ann").initialize();

		assertThat(initialize(new RawMcpClient(server.port(), "/mcp"), null)).isEqualTo(401);
		try (Exchange exchange = server.client("bob").sessionId(ann.sessionId()).call(2, "count", "{}")) {
			assertThat(exchange.status()).isEqualTo(404);
		}
	}

	@Test
	void acceptsOriginsThatTheApplicationsCorsConfigurationAllows() throws Exception {
		SpringAiServer without = start(AnnotatedTools.class);
		SpringAiServer with = start(cors());

		assertThat(initialize(without.client("ann"), "https://app.example")).isEqualTo(403);
		assertThat(initialize(with.client("ann"), "https://other.example")).isEqualTo(403);
		assertThat(initialize(with.client("ann"), "https://app.example")).isEqualTo(200);
	}

	SpringAiServer start(Class<?> configuration, String... properties) {
		SpringAiServer server = SpringAiServer.start(this.type, List.of(configuration), properties);
		this.servers.add(server);
		return server;
	}

	private static int initialize(RawMcpClient client, String origin) throws IOException {
		Map<String, String> headers = client.postHeaders();
		if (origin != null) {
			headers.put("Origin", origin);
		}
		try (Exchange exchange = client.send("POST", headers, INITIALIZE)) {
			return exchange.status();
		}
	}

	static String cutAfterFirst(RawMcpClient client, String tool) throws IOException {
		Exchange exchange = client.call(2, tool, "{}");
		SseEvent event;
		do {
			event = Objects.requireNonNull(exchange.next());
		}
		while (!event.data().contains("\"data\":\"1\""));
		exchange.cut();
		return Objects.requireNonNull(event.id());
	}

	static List<SseEvent> rest(RawMcpClient client, String cursor) throws IOException {
		try (Exchange exchange = client.get(cursor)) {
			return exchange.rest().stream().filter((event) -> !event.data().isEmpty()).toList();
		}
	}

	static String call(RawMcpClient client, String tool) throws IOException {
		return request(client, "tools/call", "{\"name\":\"" + tool + "\",\"arguments\":{}}");
	}

	private static String request(RawMcpClient client, String method, String params) throws IOException {
		try (Exchange exchange = client
			.post("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"" + method + "\",\"params\":" + params + "}")) {
			return exchange.body();
		}
	}

	static class AsyncTools {

		private final Sinks.Empty<Void> gate = Sinks.empty();

		@McpTool(name = "asyncCount", description = "Logs 1 and waits")
		Mono<String> asyncCount(McpAsyncServerExchange exchange) {
			return exchange.loggingNotification(LoggingMessageNotification.builder(LoggingLevel.WARNING, "1").build())
				.then(this.gate.asMono())
				.then(Mono.just("counted"));
		}

	}

	static class StoppableTools {

		private final CountDownLatch started = new CountDownLatch(1);

		private final CountDownLatch interrupted = new CountDownLatch(1);

		@McpTool(name = "waits", description = "Waits until it is interrupted")
		String waits() {
			this.started.countDown();
			try {
				new CountDownLatch(1).await(60, TimeUnit.SECONDS);
			}
			catch (InterruptedException ex) {
				this.interrupted.countDown();
			}
			return "too late";
		}

	}

	static class AsyncStoppableTools {

		private final CountDownLatch started = new CountDownLatch(1);

		private final CountDownLatch cancelled = new CountDownLatch(1);

		@McpTool(name = "waits", description = "Waits until it is cancelled")
		Mono<String> waits() {
			return Mono.<String>never()
				.doOnSubscribe((subscription) -> this.started.countDown())
				.doOnCancel(this.cancelled::countDown);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class CallbackTools {

		@Bean
		ToolCallbackProvider callbacks() {
			return MethodToolCallbackProvider.builder().toolObjects(new Shouting()).build();
		}

		static class Shouting {

			@Tool(description = "Shouts")
			String shout() {
				return "LOUD";
			}

		}

	}

	@Configuration(proxyBeanMethods = false)
	static class IndentedJson {

		@Bean(defaultCandidate = false)
		JsonMapper mcpServerJsonMapper() {
			return JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
		}

	}

}

package io.github.mcppersist.autoconfigure.springai;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import io.modelcontextprotocol.server.McpAsyncServer;
import io.modelcontextprotocol.server.McpSyncServer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.ai.mcp.annotation.McpTool;
import org.springframework.ai.mcp.annotation.context.McpAsyncRequestContext;
import org.springframework.ai.mcp.annotation.context.McpSyncRequestContext;
import org.springframework.boot.WebApplicationType;
import org.springframework.security.core.context.ReactiveSecurityContextHolder;
import org.springframework.security.core.context.SecurityContextHolder;
import reactor.core.publisher.Mono;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What clients of revision 2026-07-28 get of a Spring AI application that was written for
 * those before it, on Tomcat and on Netty, synchronous and asynchronous.
 */
@NeedsRedis
class SpringAiModernTests {

	private final List<SpringAiServer> servers = new ArrayList<>();

	static Stream<Arguments> applications() {
		return Stream.of(Arguments.of(WebApplicationType.SERVLET, "SYNC"),
				Arguments.of(WebApplicationType.SERVLET, "ASYNC"), Arguments.of(WebApplicationType.REACTIVE, "SYNC"),
				Arguments.of(WebApplicationType.REACTIVE, "ASYNC"));
	}

	@AfterEach
	void stop() {
		this.servers.forEach(SpringAiServer::close);
	}

	private SpringAiServer start(WebApplicationType type, String kind, Class<?> configuration, String... properties) {
		List<String> all = new ArrayList<>(List.of(properties));
		all.add("spring.ai.mcp.server.type=" + kind);
		SpringAiServer server = SpringAiServer.start(type, List.of(configuration), all.toArray(String[]::new));
		this.servers.add(server);
		return server;
	}

	private SpringAiServer asking(WebApplicationType type, String kind, String... properties) {
		return start(type, kind, kind.equals("SYNC") ? AskingTools.class : AsyncAskingTools.class, properties);
	}

	@ParameterizedTest
	@MethodSource("applications")
	void callsAnAnnotatedToolThatBlocksForItsUserInThreeRounds(WebApplicationType type, String kind) throws Exception {
		SpringAiServer server = asking(type, kind);
		RawMcpClient client = server.client("ann");

		ModernConversation.call(client, "greet")
			.asks("Who?")
			.say(client, "Bob")
			.asks("When?")
			.say(client, "morning")
			.ends("Good morning, Bob");

		if (kind.equals("SYNC")) {
			assertThat(server.bean(AskingTools.class).runs()).isEqualTo(1);
		}
	}

	@ParameterizedTest
	@MethodSource("applications")
	void servesPromptsAndResourcesThatAskAlike(WebApplicationType type, String kind) throws Exception {
		RawMcpClient client = asking(type, kind).client("ann");

		ModernConversation.begin(client, "prompts/get", "greeting", "\"name\":\"greeting\"")
			.asks("Who?")
			.say(client, "Bob")
			.asks("When?")
			.say(client, "morning")
			.ends("Good morning, Bob");
		ModernConversation.begin(client, "resources/read", "test://greeting", "\"uri\":\"test://greeting\"")
			.asks("Who?")
			.say(client, "Eve")
			.asks("When?")
			.say(client, "evening")
			.ends("Good evening, Eve");
	}

	@ParameterizedTest
	@MethodSource("applications")
	void tellsAClientThatCantBeAskedWhatItLacks(WebApplicationType type, String kind) throws Exception {
		RawMcpClient client = asking(type, kind).client("ann");

		for (ModernPost request : List.of(ModernPost.call(client, "greet", "{}"),
				new ModernPost(client, "prompts/get", "\"name\":\"greeting\"").header("Mcp-Name", "greeting"),
				new ModernPost(client, "resources/read", "\"uri\":\"test://greeting\"").header("Mcp-Name",
						"test://greeting"))) {
			try (Exchange exchange = request.send()) {
				assertThat(exchange.body()).contains("\"code\":-32021",
						"\"requiredCapabilities\":{\"elicitation\":{}}");
				assertThat(exchange.status()).isEqualTo(400);
			}
		}
	}

	@ParameterizedTest
	@MethodSource("applications")
	void goesOnAtASecondInstance(WebApplicationType type, String kind, TestRedis redis) throws Exception {
		String[] properties = { "mcp.persist.store=redis", "spring.data.redis.url=" + redis.uri(),
				"mcp.persist.key-prefix=" + redis.keyPrefix().replace(":", ""), "mcp.persist.timeout=10s" };
		RawMcpClient first = asking(type, kind, properties).client("ann");
		RawMcpClient second = asking(type, kind, properties).client("ann");

		ModernConversation.call(first, "greet")
			.asks("Who?")
			.say(second, "Bob")
			.asks("When?")
			.say(second, "morning")
			.ends("Good morning, Bob");
	}

	@ParameterizedTest
	@MethodSource("applications")
	void refusesAnotherPrincipalsRetry(WebApplicationType type, String kind) throws Exception {
		SpringAiServer server = asking(type, kind);
		ModernConversation asked = ModernConversation.call(server.client("ann"), "greet").asks("Who?");

		ModernConversation foreign = asked.say(server.client("bob"), "Mallory");
		assertThat(foreign.at("error", "code")).isEqualTo(-32602);

		ModernConversation again = asked.say(server.client("ann"), "Bob").asks("When?");
		assertThat(again.say(server.client("bob"), "Mallory").at("error")).isEqualTo(foreign.at("error"));
		again.say(server.client("ann"), "morning").ends("Good morning, Bob");
	}

	@ParameterizedTest
	@MethodSource("applications")
	void leavesAuthenticationToTheApplicationForEachRequest(WebApplicationType type, String kind) throws Exception {
		SpringAiServer server = asking(type, kind);
		RawMcpClient nobody = new RawMcpClient(server.port(), "/mcp");

		for (String method : List.of("server/discover", "tools/list")) {
			try (Exchange refused = new ModernPost(nobody, method, "").send();
					Exchange served = new ModernPost(server.client("ann"), method, "").send()) {
				assertThat(refused.status()).isEqualTo(401);
				assertThat(served.status()).isEqualTo(200);
				assertThat(served.header("Mcp-Session-Id")).isNull();
			}
		}
	}

	@ParameterizedTest
	@MethodSource("applications")
	void servesBothErasWithTheSameTool(WebApplicationType type, String kind) throws Exception {
		SpringAiServer server = asking(type, kind);
		RawMcpClient legacy = server.client("ann").initialize("{\"elicitation\":{}}");
		RawMcpClient modern = server.client("ann");

		try (Exchange call = legacy.call(2, "greet", "{}")) {
			ModernConversation asked = ModernConversation.call(modern, "greet").asks("Who?");
			answer(legacy, next(call, "Who?"), "Ann");
			answer(legacy, next(call, "When?"), "night");
			assertThat(call.rest()).last().satisfies((event) -> assertThat(event.data()).contains("Good night, Ann"));

			asked.say(modern, "Bob").asks("When?").say(modern, "morning").ends("Good morning, Bob");
		}
	}

	@ParameterizedTest
	@MethodSource("applications")
	void doesNotEndAQuestionWithSpringAisRequestTimeout(WebApplicationType type, String kind) throws Exception {
		SpringAiServer server = asking(type, kind, "spring.ai.mcp.server.request-timeout=200ms");
		RawMcpClient modern = server.client("ann");
		ModernConversation asked = ModernConversation.call(modern, "greet").asks("Who?");

		// A question to a legacy client that is asked later ends
		RawMcpClient legacy = server.client("ann").initialize("{\"elicitation\":{}}");
		try (Exchange call = legacy.call(2, "greet", "{}")) {
			assertThat(call.rest()).last().satisfies((event) -> assertThat(event.data()).contains("\"id\":2"));
		}

		asked.say(modern, "Bob").asks("When?").say(modern, "morning").ends("Good morning, Bob");
	}

	@ParameterizedTest
	@MethodSource("applications")
	void tellsWhoListensOfChangedTools(WebApplicationType type, String kind) throws Exception {
		SpringAiServer server = asking(type, kind);

		try (Exchange listening = new ModernPost(server.client("ann"), "subscriptions/listen",
				"\"notifications\":{\"toolsListChanged\":true}")
			.send()) {
			next(listening, "notifications/subscriptions/acknowledged");
			if (kind.equals("SYNC")) {
				server.bean(McpSyncServer.class).notifyToolsListChanged();
			}
			else {
				server.bean(McpAsyncServer.class).notifyToolsListChanged().block();
			}
			next(listening, "notifications/tools/list_changed");
		}
	}

	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void toolsThatGoOnSeeWhoHasCalledThem(WebApplicationType type) throws Exception {
		boolean reactive = type == WebApplicationType.REACTIVE;
		RawMcpClient client = start(type, reactive ? "ASYNC" : "SYNC",
				reactive ? ReactiveUserTools.class : UserTools.class)
			.client("ann");

		ModernConversation.call(client, "user").asks("Who?").say(client, "Bob").ends("Bob, by ann");
	}

	@ParameterizedTest
	@MethodSource("applications")
	void answersAsBeforeWhereItIsSwitchedOff(WebApplicationType type, String kind) throws Exception {
		RawMcpClient client = asking(type, kind, "mcp.persist.modern.enabled=false").client("ann");

		// Clients fall back on this
		try (Exchange discover = new ModernPost(client, "server/discover", "").send()) {
			assertThat(discover.status()).isEqualTo(400);
			assertThat(discover.body()).isEqualTo(
					"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32600,\"message\":\"Bad Request: unsupported "
							+ "MCP-Protocol-Version; supported are 2025-03-26, 2025-06-18, 2025-11-25\"}}");
		}
		RawMcpClient legacy = client.initialize("{\"elicitation\":{}}");
		try (Exchange call = legacy.call(2, "greet", "{}")) {
			answer(legacy, next(call, "Who?"), "Ann");
			answer(legacy, next(call, "When?"), "night");
			assertThat(call.rest()).last().satisfies((event) -> assertThat(event.data()).contains("Good night, Ann"));
		}
	}

	private static String next(Exchange exchange, String text) throws IOException {
		SseEvent event;
		do {
			event = exchange.next();
			assertThat(event).as("an event with " + text).isNotNull();
		}
		while (!event.data().contains(text));
		return event.data();
	}

	private static void answer(RawMcpClient client, String request, String word) throws IOException {
		String id = request.replaceFirst(".*\"id\":(\"[^\"]+\").*", "$1");
		try (Exchange exchange = client.post("{\"jsonrpc\":\"2.0\",\"id\":" + id
				+ ",\"result\":{\"action\":\"accept\",\"content\":{\"answer\":\"" + word + "\"}}}")) {
			assertThat(exchange.status()).isEqualTo(202);
		}
	}

	static class UserTools {

		@McpTool(name = "user", description = "Asks, and tells by whom it was called")
		String user(McpSyncRequestContext context) {
			String answer = context.elicit((question) -> question.message("Who?"), AskingTools.Answer.class)
				.structuredContent()
				.answer();
			return answer + ", by " + SecurityContextHolder.getContext().getAuthentication().getName();
		}

	}

	static class ReactiveUserTools {

		@McpTool(name = "user", description = "Asks, and tells by whom it was called")
		Mono<String> user(McpAsyncRequestContext context) {
			return context.elicit((question) -> question.message("Who?"), AskingTools.Answer.class)
				.flatMap((answer) -> ReactiveSecurityContextHolder.getContext()
					.map((security) -> answer.structuredContent().answer() + ", by "
							+ security.getAuthentication().getName()));
		}

	}

}

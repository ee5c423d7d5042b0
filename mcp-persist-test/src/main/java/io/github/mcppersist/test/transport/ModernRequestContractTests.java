package io.github.mcppersist.test.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.SyncPromptSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncResourceSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.GetPromptResult;
import io.modelcontextprotocol.spec.McpSchema.Prompt;
import io.modelcontextprotocol.spec.McpSchema.ReadResourceResult;
import io.modelcontextprotocol.spec.McpSchema.Resource;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.observe.Era;
import io.github.mcppersist.observe.StoreOperation;
import io.github.mcppersist.test.observe.RecordingObserver;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.CacheScope;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What a request of revision 2026-07-28 must be like, and what its client gets.
 */
public abstract class ModernRequestContractTests extends AbstractModernTests {

	private static final String DISCOVER = "server/discover";

	private final RecordingObserver observer = new RecordingObserver();

	private final AtomicReference<@Nullable String> bound = new AtomicReference<>();

	private @Nullable Executor handlers;

	@Override
	protected void customize(StreamableHttpEndpoint.Builder builder) {
		builder.observer(this.observer).contextCapture((reactorContext) -> (task) -> () -> {
			this.bound.set("captured");
			task.run();
		});
		if (this.handlers != null) {
			builder.executor(this.handlers);
		}
	}

	// The era

	@Test
	void servesBothErasAtOnePath() throws Exception {
		RawMcpClient legacy = start().initialize();

		try (Exchange modern = call("count", "{}").send(); Exchange old = legacy.call(2, "count", "{}")) {
			assertThat(at(json(modern), "result", "resultType")).isEqualTo("complete");
			assertThat(numbers(old.rest())).containsExactly("1", "2", "3");
		}
	}

	@Test
	void answersAsBeforeIfTheEraIsNotServed() throws Exception {
		start(StreamableHttpOptions.builder());

		try (Exchange probe = request(DISCOVER, "").id("\"d\"").send();
				Exchange get = client().send("GET", withVersion("text/event-stream"), null);
				Exchange delete = client().send("DELETE", withVersion("text/event-stream"), null);
				Exchange initialize = request("initialize", "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
						+ "\"clientInfo\":{\"name\":\"raw\",\"version\":\"1\"}")
					.send()) {
			assertThat(probe.status()).isEqualTo(400);
			assertThat(probe.body()).isEqualTo("{\"jsonrpc\":\"2.0\",\"id\":\"d\",\"error\":{\"code\":-32600,"
					+ "\"message\":\"Bad Request: unsupported MCP-Protocol-Version; supported are "
					+ "2025-03-26, 2025-06-18, 2025-11-25\"}}");
			assertThat(get.status()).isEqualTo(400);
			assertThat(delete.status()).isEqualTo(400);
			assertThat(initialize.header("Mcp-Session-Id")).isNotNull();
		}
	}

	@Test
	void takesAHeaderWithoutMetaForAModernRequest() throws Exception {
		start();
		assertError(request("tools/list", "").withoutMeta(), 400, -32602);
	}

	@Test
	void takesMetaWithoutAHeaderForAModernRequest() throws Exception {
		start();
		assertError(request("tools/list", "").header("MCP-Protocol-Version", null), 400, -32020);
	}

	@Test
	void takesInitializeWithMetaForAModernRequest() throws Exception {
		start();
		assertError(request("initialize", "\"protocolVersion\":\"2025-11-25\",\"capabilities\":{}"), 404, -32601);
	}

	@ParameterizedTest
	@ValueSource(strings = { "2026-07-28", "2099-01-01" })
	void takesInitializeWithoutMetaForALegacyRequest(String version) throws Exception {
		start();
		ModernPost initialize = request("initialize",
				"\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"raw\",\"version\":\"1\"}")
			.withoutMeta()
			.header("MCP-Protocol-Version", version);
		try (Exchange exchange = initialize.send()) {
			assertThat(at(json(exchange), "result", "protocolVersion")).isEqualTo("2025-11-25");
			assertThat(exchange.header("Mcp-Session-Id")).isNotNull();
		}
	}

	@Test
	void takesMetaOfAnOldRequestForThat() throws Exception {
		RawMcpClient legacy = start().initialize();
		try (Exchange exchange = legacy.post("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{"
				+ "\"name\":\"count\",\"arguments\":{},\"_meta\":{\"progressToken\":1}}}")) {
			assertThat(numbers(exchange.rest())).containsExactly("1", "2", "3");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "GET", "DELETE", "PUT" })
	void allowsNothingButPost(String method) throws Exception {
		start();
		try (Exchange exchange = client().send(method, withVersion("text/event-stream"), null)) {
			assertThat(exchange.status()).isEqualTo(405);
			assertThat(exchange.header("Allow")).isEqualTo("POST");
		}
	}

	@Test
	void ignoresWhatOlderRevisionsHaveInHeaders() throws Exception {
		start();
		ModernPost call = call("count", "{}").header("Mcp-Session-Id", "nonsense").header("Last-Event-ID", "nonsense");
		try (Exchange exchange = call.send()) {
			assertThat(exchange.status()).isEqualTo(200);
			assertThat(exchange.header("Mcp-Session-Id")).isNull();
		}
	}

	@Test
	void knowsNoSessionOfOlderRevisions() throws Exception {
		RawMcpClient legacy = start().initialize("{\"elicitation\":{}}");
		try (Exchange exchange = call("whoami", "{}").header("Mcp-Session-Id", legacy.sessionId()).send()) {
			assertThat(exchange.body()).contains("raw false").doesNotContain(legacy.sessionId());
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			[{"jsonrpc":"2.0","id":1,"method":"tools/list"},{"jsonrpc":"2.0","id":2,"method":"tools/list"}]|-32600
			{"jsonrpc":"2.0","id":1,"result":{}}|-32600
			{"jsonrpc":"2.0"}|-32600
			{"jsonrpc":|-32700
			null|-32600
			""")
	void refusesABodyThatIsNoRequest(String body, int code) throws Exception {
		start();
		try (Exchange exchange = request("tools/list", "").send(body)) {
			assertThat(exchange.status()).isEqualTo(400);
			Map<String, Object> answer = json(exchange);
			assertThat(at(answer, "error", "code")).isEqualTo(code);
			assertThat(answer).doesNotContainKey("id");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "notifications/cancelled", "notifications/initialized", "notifications/unknown" })
	void acceptsNotifications(String method) throws Exception {
		start();
		try (Exchange exchange = request(method, "").send("{\"jsonrpc\":\"2.0\",\"method\":\"" + method + "\"}")) {
			assertThat(exchange.status()).isEqualTo(202);
			assertThat(exchange.body()).isEmpty();
		}
	}

	@Test
	void cancelsNothingOfOlderRevisions() throws Exception {
		RawMcpClient legacy = start().initialize();
		try (Exchange call = legacy.call(7, "gated", "{\"gate\":\"g\"}")) {
			call.next();
			try (Exchange cancel = request("notifications/cancelled", "").header("Mcp-Session-Id", legacy.sessionId())
				.send("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":7}}")) {
				assertThat(cancel.status()).isEqualTo(202);
			}
			this.tools.open("g");

			assertThat(last(call.rest()).data()).contains("counted 3");
		}
		assertThat(this.observer.cancelled).hasValue(0);
	}

	@Test
	void tellsObserversOfWhichEraARequestIs() throws Exception {
		RawMcpClient legacy = start().initialize();
		try (Exchange modern = call("count", "{}").send();
				Exchange refused = call("count", "{}").header("Mcp-Name", "other").send();
				Exchange old = legacy.call(2, "count", "{}")) {
			assertThat(modern.status()).isEqualTo(200);
			assertThat(refused.status()).isEqualTo(400);
			old.rest();
		}

		await().until(() -> this.observer.started.size() == 2);
		assertThat(this.observer.started).containsExactlyInAnyOrder(Era.MODERN, Era.LEGACY);
	}

	// What a request says of itself

	@Test
	void saysWhichVersionsAreSupportedAsDiscoverDoes() throws Exception {
		start();
		try (Exchange discover = request(DISCOVER, "").send();
				Exchange unknown = request("tools/list", "").field("protocolVersion", "\"2099-01-01\"")
					.header("MCP-Protocol-Version", "2099-01-01")
					.send()) {
			assertThat(unknown.status()).isEqualTo(400);
			Map<String, Object> error = json(unknown);
			assertThat(at(error, "error", "code")).isEqualTo(-32022);
			assertThat(at(error, "error", "data", "requested")).isEqualTo("2099-01-01");
			assertThat(at(error, "error", "data", "supported")).isEqualTo(List.of("2026-07-28"))
				.isEqualTo(at(json(discover), "result", "supportedVersions"));
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "2025-11-25", "2024-11-05", "nonsense" })
	void refusesAVersionThatItDoesNotServeWithMeta(String version) throws Exception {
		start();
		assertError(request("tools/list", "").field("protocolVersion", "\"" + version + "\"")
			.header("MCP-Protocol-Version", version), 400, -32022);
	}

	@Test
	void refusesAVersionThatNobodyKnowsInTheHeaderAlone() throws Exception {
		start();
		assertError(request("tools/list", "").withoutMeta().header("MCP-Protocol-Version", "2099-01-01"), 400, -32022);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			protocolVersion|7
			clientCapabilities|
			clientCapabilities|[]
			clientCapabilities|{"elicitation":7}
			clientInfo|7
			clientInfo|{"name":"raw"}
			clientInfo|{"name":7,"version":"1"}
			logLevel|"loud"
			logLevel|7
			""")
	void refusesMetaThatIsMissingOrMalformed(String name, @Nullable String value) throws Exception {
		start();
		assertError(call("count", "{}").field(name, value), 400, -32602);
	}

	@ParameterizedTest
	@ValueSource(strings = { "1.5", "{}", "true" })
	void refusesAProgressTokenThatIsNone(String token) throws Exception {
		start();
		assertError(call("count", "{}").meta("progressToken", token), 400, -32602);
	}

	@Test
	void doesWithoutClientInfo() throws Exception {
		start();
		try (Exchange exchange = call("whoami", "{}").field("clientInfo", null).send()) {
			assertThat(exchange.body()).contains("unknown false");
		}
	}

	@ParameterizedTest
	@CsvSource({ "Mcp-Method, ", "Mcp-Method, tools/list", "Mcp-Method, TOOLS/CALL", "Mcp-Name, ", "Mcp-Name, gated",
			"Mcp-Name, =?base64?Y291bnQ?=", "Mcp-Name, =?base64?Y291bnR=?=", "Mcp-Name, =?base64?/w==?=",
			"MCP-Protocol-Version, 2025-11-25" })
	void refusesAHeaderThatIsMissingMalformedOrDifferent(String name, @Nullable String value) throws Exception {
		start();
		assertError(call("count", "{}").header(name, value), 400, -32020);
	}

	@Test
	void decodesAName() throws Exception {
		start();
		try (Exchange exchange = call("count", "{}").header("Mcp-Name", "=?base64?Y291bnQ=?=").send()) {
			assertThat(exchange.body()).contains("counted 3");
		}
	}

	@Test
	void knowsNamesOfPromptsAndResources() throws Exception {
		start();
		addPromptAndResource();

		assertError(request("prompts/get", "\"name\":\"greet\"").header("Mcp-Name", "other"), 400, -32020);
		assertError(request("resources/read", "\"uri\":\"test://one\""), 400, -32020);
	}

	@ParameterizedTest
	@ValueSource(strings = { "\"name\":7", "\"name\":\"count\",\"arguments\":[]" })
	void refusesParametersThatAreNot(String params) throws Exception {
		start();
		assertError(request("tools/call", params).header("Mcp-Name", "count"), 400, -32602);
	}

	@Test
	void knowsNoRequestState() throws Exception {
		start();
		assertError(request("tools/call", "\"name\":\"count\",\"arguments\":{},\"requestState\":\"x\"")
			.header("Mcp-Name", "count"), 400, -32602);
	}

	// Arguments in headers

	@Test
	void comparesArgumentsWithTheirHeaders() throws Exception {
		start();
		addTool("query",
				schema(Map.of("region", mirrored("string", "Region"), "limit", mirrored("integer", "Limit"), "dry",
						mirrored("boolean", "Dry"), "where",
						schema(Map.of("city", Map.of("type", List.of("string", "null"), "x-mcp-header", "City"))))),
				(exchange, request) -> text("queried"));
		String arguments = "{\"region\":\"eu\",\"limit\":42,\"dry\":true,\"where\":{\"city\":\"Zürich\"}}";

		ModernPost right = call("query", arguments).header("mcp-param-region", "eu")
			.header("Mcp-Param-Limit", "42.0")
			.header("Mcp-Param-Dry", "true")
			.header("Mcp-Param-City", "=?base64?WsO8cmljaA==?=")
			.header("Mcp-Param-Other", "ignored");
		try (Exchange exchange = right.send()) {
			assertThat(exchange.body()).contains("queried");
		}
		assertError(right.header("Mcp-Param-Limit", "43"), 400, -32020);
		assertError(right.header("Mcp-Param-Limit", null), 400, -32020);
		assertError(right.header("Mcp-Param-Limit", "42").header("Mcp-Param-City", "=?base64?WsO8cmljaA?="), 400,
				-32020);
		assertError(call("query", "{}").header("Mcp-Param-Region", "eu"), 400, -32020);
		try (Exchange exchange = call("query", "{\"where\":{\"city\":null}}").send()) {
			assertThat(exchange.body()).contains("queried");
		}
	}

	@Test
	void forgetsWhatItKnowsOfToolsThatChange() throws Exception {
		start();
		addTool("query", schema(Map.of("region", mirrored("string", "Region"))), (exchange, request) -> text("one"));
		assertError(call("query", "{\"region\":\"eu\"}"), 400, -32020);

		this.tools.running().removeTool("query");
		addTool("query", schema(Map.of("region", mirrored("string", "Area"))), (exchange, request) -> text("two"));

		assertError(call("query", "{\"region\":\"eu\"}").header("Mcp-Param-Region", "eu"), 400, -32020);
		try (Exchange exchange = call("query", "{\"region\":\"eu\"}").header("Mcp-Param-Area", "eu").send()) {
			assertThat(exchange.body()).contains("two");
		}
	}

	@Test
	void asksForTheToolsOfAServerThatTellsOfNoChanges() throws Exception {
		StreamableHttpEndpoint endpoint = modernEndpoint();
		McpSyncServer server = McpServer.sync(endpoint)
			.serverInfo("test", "1")
			.capabilities(ServerCapabilities.builder().tools(false).build())
			.tools(mirroring("Region"))
			.build();
		try (WebServer web = serve(endpoint)) {
			RawMcpClient client = new RawMcpClient(web.port(), "/mcp");
			assertError(ModernPost.call(client, "query", "{\"region\":\"eu\"}"), 400, -32020);

			server.removeTool("query");
			server.addTool(mirroring("Area"));

			ModernPost call = ModernPost.call(client, "query", "{\"region\":\"eu\"}");
			assertError(call.header("Mcp-Param-Region", "eu"), 400, -32020);
			try (Exchange exchange = call.header("Mcp-Param-Area", "eu").send()) {
				assertThat(exchange.body()).contains("queried");
			}
		}
		finally {
			server.close();
		}
	}

	@Test
	void knowsToolsThatAreHiddenFromOthers() throws Exception {
		AtomicBoolean visible = new AtomicBoolean();
		StreamableHttpEndpoint endpoint = modernEndpoint();
		McpSyncServer server = McpServer.sync(endpoint)
			.serverInfo("test", "1")
			.capabilities(ServerCapabilities.builder().tools(true).build())
			.tools(mirroring("Region"))
			.addToolFilter((context, tool) -> visible.get())
			.build();
		try (WebServer web = serve(endpoint)) {
			ModernPost call = ModernPost.call(new RawMcpClient(web.port(), "/mcp"), "query", "{\"region\":\"eu\"}");
			try (Exchange other = call.send()) {
				assertThat(other.body()).doesNotContain("-32020");
			}
			visible.set(true);

			assertError(call, 400, -32020);
		}
		finally {
			server.close();
		}
	}

	private static StreamableHttpEndpoint modernEndpoint() {
		return StreamableHttpEndpoint.builder(new InMemoryEventStore())
			.options(StreamableHttpOptions.builder().modern(ModernOptions.defaults()).build())
			.build();
	}

	private static SyncToolSpecification mirroring(String header) {
		return SyncToolSpecification.builder()
			.tool(Tool.builder("query", schema(Map.of("region", mirrored("string", header)))).build())
			.callHandler((exchange, request) -> text("queried"))
			.build();
	}

	// Results

	@Test
	void discoversTheServer() throws Exception {
		start(ModernOptions.builder());
		try (Exchange exchange = request(DISCOVER, "").id("\"d\"").send()) {
			Map<String, Object> answer = json(exchange);
			assertThat(answer).containsEntry("id", "d");
			assertThat(at(answer, "result", "capabilities"))
				.isEqualTo(Map.of("tools", Map.of("listChanged", true), "prompts", Map.of("listChanged", true),
						"resources", Map.of("listChanged", true, "subscribe", true), "completions", Map.of(), "logging",
						Map.of(), "extensions", Map.of("io.modelcontextprotocol/tasks", Map.of())));
			assertComplete(answer, 0, "private");
		}
	}

	@Test
	void givesEveryResultItsTypeAndServerAndCachingHints() throws Exception {
		start(ModernOptions.builder().cacheTtl(Duration.ofSeconds(7)).cacheScope(CacheScope.PUBLIC));
		addPromptAndResource();
		List<ModernPost> cacheable = List.of(request(DISCOVER, ""), request("tools/list", ""),
				request("prompts/list", ""), request("resources/list", ""), request("resources/templates/list", ""),
				request("resources/read", "\"uri\":\"test://one\"").header("Mcp-Name", "test://one"));
		List<ModernPost> others = List.of(call("count", "{}"),
				request("prompts/get", "\"name\":\"greet\"").header("Mcp-Name", "greet"));

		for (ModernPost request : cacheable) {
			try (Exchange exchange = request.send()) {
				assertComplete(json(exchange), 7000, "public");
			}
		}
		for (ModernPost request : others) {
			try (Exchange exchange = request.send()) {
				assertComplete(json(exchange), null, null);
			}
		}
	}

	@Test
	void keepsWhatAHandlerHasInMeta() throws Exception {
		start();
		addTool("meta", schema(Map.of()), (exchange,
				request) -> CallToolResult.builder().addTextContent("x").meta(Map.of("com.example/cost", 3)).build());
		try (Exchange exchange = call("meta", "{}").send()) {
			Map<String, Object> answer = json(exchange);
			assertThat(at(answer, "result", "_meta", "com.example/cost")).isEqualTo(3);
			assertComplete(answer, null, null);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe", "tasks/list",
			"tasks/result", "sampling/createMessage", "nonsense" })
	void knowsNoOtherMethods(String method) throws Exception {
		start();
		assertError(request(method, "\"level\":\"info\",\"uri\":\"test://one\""), 404, -32601);
	}

	@Test
	void costsNoCallOfAStore() throws Exception {
		start();
		// With which the endpoint has begun
		await().until(() -> this.observer.operations().equals(List.of(StoreOperation.FIND_SUBSCRIBED_URIS)));

		for (int i = 0; i < 20; i++) {
			try (Exchange call = call("count", "{}").field("logLevel", "\"info\"").send();
					Exchange list = request("tools/list", "").send()) {
				assertThat(numbers(call.rest())).containsExactly("1", "2", "3");
				assertThat(list.status()).isEqualTo(200);
			}
		}

		// An observer is told in order: behind this nothing is missing
		client().initialize();
		await().until(() -> this.observer.operations().contains(StoreOperation.CREATE_SESSION));
		assertThat(this.observer.operations()).startsWith(StoreOperation.FIND_SUBSCRIBED_URIS,
				StoreOperation.CREATE_SESSION);
		assertThat(this.observer.stored).hasValue(0);
	}

	@Test
	void takesAlongWhatBelongsToARequest() throws Exception {
		start();
		List<String> seen = new ArrayList<>();
		addTool("look", schema(Map.of()), (exchange, request) -> {
			seen.add(this.bound.get() + " on " + Thread.currentThread().getName());
			return text("looked");
		});
		this.bound.set(null);
		try (Exchange exchange = call("look", "{}").send()) {
			assertThat(exchange.body()).contains("looked");
		}
		assertThat(seen).singleElement().asString().startsWith("captured on mcp-persist-handler");
	}

	// Errors

	@ParameterizedTest
	@CsvSource({ "elicit, '{}', elicitation", "elicit, '{\"sampling\":{}}', elicitation" })
	void saysWhichCapabilityAToolNeeds(String tool, String capabilities, String missing) throws Exception {
		start();
		try (Exchange exchange = call(tool, "{}").field("clientCapabilities", capabilities).send()) {
			assertThat(exchange.status()).isEqualTo(400);
			Map<String, Object> answer = json(exchange);
			assertThat(at(answer, "error", "code")).isEqualTo(-32021);
			assertThat(at(answer, "error", "data", "requiredCapabilities")).isEqualTo(Map.of(missing, Map.of()));
			assertThat(at(answer, "error", "message")).asString().endsWith(": " + missing);
		}
	}

	@Test
	void answersAPingInPlaceOfTheClient() throws Exception {
		start();
		addTool("ping", schema(Map.of()), (exchange, request) -> {
			exchange.ping();
			return text("pinged");
		});
		try (Exchange exchange = call("ping", "{}").send()) {
			assertThat(exchange.body()).contains("pinged");
		}
	}

	@ParameterizedTest
	@CsvSource({ "missing, 400, -32602", "throws, 200, -32603", "breaks, 200, -32603", "nothing, 200, -32603" })
	void answersWithTheErrorOfATool(String tool, int status, int code) throws Exception {
		start();
		assertError(call(tool, "{}"), status, code);
	}

	@ParameterizedTest
	@CsvSource({ "-32002, 400, -32602", "-32042, 400, -32021", "-32050, 200, -32603", "-32021, 200, -32603",
			"-32000, 200, -32000", "7, 200, 7" })
	void givesNoCodeThatTheSpecificationKeepsForItself(int code, int status, int answered) throws Exception {
		start();
		addTool("fails", schema(Map.of()), (exchange, request) -> {
			throw McpError.builder(code).message("failed").build();
		});
		assertError(call("fails", "{}"), status, answered);
	}

	@Test
	void saysThatAResourceIsMissing() throws Exception {
		start();
		assertError(request("resources/read", "\"uri\":\"test://none\"").header("Mcp-Name", "test://none"), 400,
				-32602);
	}

	@Test
	void isBusyWhenNoThreadTakesARequest() throws Exception {
		this.handlers = (task) -> {
			throw new RejectedExecutionException("full");
		};
		start();
		try (Exchange exchange = call("count", "{}").send()) {
			assertThat(exchange.status()).isEqualTo(503);
			assertThat(exchange.header("Retry-After")).isEqualTo("1");
			assertThat(at(json(exchange), "error", "code")).isEqualTo(-32603);
		}
		await().until(() -> endpoint().statistics().runningRequests() == 0);
	}

	private void addPromptAndResource() {
		this.tools.running()
			.addPrompt(new SyncPromptSpecification(Prompt.builder("greet").build(),
					(exchange, request) -> GetPromptResult.builder(List.of()).build()));
		this.tools.running()
			.addResource(new SyncResourceSpecification(Resource.builder("test://one", "one").build(),
					(exchange, request) -> ReadResourceResult.builder(List.of()).build()));
	}

	private static Map<String, Object> schema(Map<String, ?> properties) {
		return Map.of("type", "object", "properties", properties);
	}

	private static Map<String, String> mirrored(String type, String header) {
		return Map.of("type", type, "x-mcp-header", header);
	}

	private Map<String, String> withVersion(String accept) {
		Map<String, String> headers = client().sessionHeaders();
		headers.put("Accept", accept);
		headers.put("MCP-Protocol-Version", ModernPost.VERSION);
		return headers;
	}

	private static void assertError(ModernPost request, int status, int code) throws Exception {
		try (Exchange exchange = request.send()) {
			assertThat(exchange.header("Content-Type")).startsWith("application/json");
			Map<String, Object> answer = json(exchange);
			assertThat(at(answer, "error", "code")).as(answer.toString()).isEqualTo(code);
			assertThat(exchange.status()).isEqualTo(status);
			assertThat(answer).containsEntry("id", 1);
		}
	}

	private static void assertComplete(Map<String, Object> answer, @Nullable Integer ttl, @Nullable String scope) {
		assertThat(at(answer, "result", "resultType")).as(answer.toString()).isEqualTo("complete");
		assertThat(at(answer, "result", "_meta", "io.modelcontextprotocol/serverInfo"))
			.isEqualTo(Map.of("name", "test", "version", "1"));
		assertThat(at(answer, "result", "ttlMs")).isEqualTo(ttl);
		assertThat(at(answer, "result", "cacheScope")).isEqualTo(scope);
	}

}

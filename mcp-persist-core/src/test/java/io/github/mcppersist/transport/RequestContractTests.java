package io.github.mcppersist.transport;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.transport.RawMcpClient.Exchange;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * How requests are refused that aren't as the protocol wants them.
 */
public abstract class RequestContractTests extends AbstractStreamableHttpTests {

	private static final String PING = "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}";

	@Test
	void answersAnUnknownSessionWithNotFound() throws Exception {
		RawMcpClient stranger = start().sessionId("0e4b1c1e-0000-4000-8000-000000000000");

		try (Exchange post = stranger.post(PING)) {
			assertThat(assertRefused(post, 404, -32600)).contains("\"id\":\"p\"");
		}
		try (Exchange get = stranger.get(null)) {
			assertRefused(get, 404, -32600);
		}
		try (Exchange get = stranger.get("AAAAAAAAAAAAAAAA_1_000000")) {
			assertRefused(get, 404, -32600);
		}
		try (Exchange delete = stranger.delete()) {
			assertRefused(delete, 404, -32600);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "}{", "*", "../etc/passwd", "x{y}z", "%00" })
	void answersASessionIdThatNoServerGivesWithNotFound(String sessionId) throws Exception {
		RawMcpClient stranger = start().sessionId(sessionId);

		try (Exchange post = stranger.post(PING)) {
			assertRefused(post, 404, -32600);
		}
	}

	@Test
	void asksForTheSessionHeader() throws Exception {
		RawMcpClient client = start();

		try (Exchange post = client.post(PING)) {
			assertThat(assertRefused(post, 400, -32600)).contains("Mcp-Session-Id");
		}
		try (Exchange get = client.get(null)) {
			assertRefused(get, 400, -32600);
		}
		try (Exchange delete = client.delete()) {
			assertRefused(delete, 400, -32600);
		}
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "", "application/json", "text/event-stream", "text/html", "application/jsonx, text/plain" })
	void refusesAnAcceptHeaderOfAPostThatListsNotBoth(String accept) throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange post = client.send("POST", with(client.postHeaders(), "Accept", accept), PING)) {
			assertRefused(post, 406, -32600);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "*/*", "application/json;q=0.9, text/event-stream;q=0.1", "Application/*, text/*" })
	void acceptsAnyFormOfTheAcceptHeaderThatListsBoth(String accept) throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange post = client.send("POST", with(client.postHeaders(), "Accept", accept), PING)) {
			assertThat(post.status()).isEqualTo(200);
			assertThat(last(post.rest()).data()).contains("\"result\"");
		}
	}

	@Test
	void refusesAGetThatAcceptsNoEventStream() throws Exception {
		RawMcpClient client = start().initialize();

		for (String accept : new String[] { null, "application/json" }) {
			try (Exchange get = client.send("GET", with(client.sessionHeaders(), "Accept", accept), null)) {
				assertRefused(get, 406, -32600);
			}
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "text/plain", "application/x-www-form-urlencoded", "application/jsonp" })
	void refusesABodyOfAnotherContentType(String contentType) throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange post = client.send("POST", with(client.postHeaders(), "Content-Type", contentType), PING)) {
			assertRefused(post, 415, -32600);
		}
	}

	@Test
	void acceptsAContentTypeWithParameters() throws Exception {
		RawMcpClient client = start().initialize();
		Map<String, String> headers = with(client.postHeaders(), "Content-Type", "Application/JSON; charset=utf-8");

		try (Exchange post = client.send("POST", headers, PING)) {
			assertThat(post.status()).isEqualTo(200);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "2024-11-05", "2026-07-28", "1", "latest" })
	void refusesAnUnsupportedProtocolVersionHeader(String version) throws Exception {
		RawMcpClient client = start().initialize();

		for (String method : List.of("GET", "DELETE")) {
			Map<String, String> headers = with(client.sessionHeaders(), "MCP-Protocol-Version", version);
			try (Exchange exchange = client.send(method, with(headers, "Accept", "text/event-stream"), null)) {
				assertRefused(exchange, 400, -32600);
			}
		}
		try (Exchange post = client.send("POST", with(client.postHeaders(), "MCP-Protocol-Version", version), PING)) {
			assertRefused(post, 400, -32600);
		}
	}

	@Test
	void takesAMissingProtocolVersionHeaderForAnOlderClient() throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange post = client.send("POST", with(client.postHeaders(), "MCP-Protocol-Version", null), PING)) {
			assertThat(post.status()).isEqualTo(200);
		}
	}

	@ParameterizedTest
	@CsvSource({ "2025-03-26, 2025-03-26", "2025-06-18, 2025-06-18", "2025-11-25, 2025-11-25", "2026-07-28, 2025-11-25",
			"1999-01-01, 2025-11-25" })
	void negotiatesTheProtocolVersion(String asked, String answered) throws Exception {
		RawMcpClient client = start();

		try (Exchange post = client
			.post("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":" + "{\"protocolVersion\":\""
					+ asked + "\",\"capabilities\":{},\"clientInfo\":{\"name\":\"n\",\"version\":\"1\"}}}")) {
			assertThat(post.status()).isEqualTo(200);
			assertThat(post.header("Mcp-Session-Id")).isNotBlank();
			assertThat(post.body()).contains("\"protocolVersion\":\"" + answered + "\"");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "", ",\"params\":null", ",\"params\":[]", ",\"params\":\"x\"",
			",\"params\":{\"protocolVersion\":{}}" })
	void refusesAnInitializeWithoutParametersThatFit(String params) throws Exception {
		RawMcpClient client = start();

		try (Exchange post = client.post("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\"" + params + "}")) {
			assertThat(assertRefused(post, 400, -32602)).contains("\"id\":1");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "   ", "{", "{\"jsonrpc\":\"2.0\",", "not json", "\u0000" })
	void answersABodyThatIsNoJsonWithAParseError(String body) throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange post = client.post(body)) {
			assertThat(assertRefused(post, 400, -32700)).contains("\"id\":null");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "null", "42", "\"text\"", "true", "[]", "[" + PING + "]", "{}", "{\"id\":1}",
			"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", "{\"id\":1,\"method\":\"ping\"}",
			"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
			"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}",
			"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}",
			"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":null}", "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":{}}",
			"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{\"code\":1,\"message\":\"m\"}}" })
	void answersABodyThatIsNoJsonRpcMessageAsAnInvalidRequest(String body) throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange post = client.post(body)) {
			assertRefused(post, 400, -32600);
		}
	}

	@Test
	void refusesABodyThatIsTooLarge() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder().maxRequestBytes(1000)).initialize();
		String fits = PING + " ".repeat(1000 - PING.length());

		try (Exchange post = client.post(fits + " ")) {
			assertRefused(post, 413, -32600);
		}
		try (Exchange post = client.sendChunked("POST", client.postHeaders(), fits + " ")) {
			assertRefused(post, 413, -32600);
		}
		try (Exchange post = client.post(fits)) {
			assertThat(post.status()).isEqualTo(200);
		}
		try (Exchange post = client.sendChunked("POST", client.postHeaders(), fits)) {
			assertThat(post.status()).isEqualTo(200);
		}
	}

	@ParameterizedTest
	@CsvSource({ "localhost:8080, http://evil.example, 403", "localhost, http://localhost.evil.example, 403",
			"127.0.0.1, null, 403", "evil.example, , 421", "evil.example, http://evil.example, 421",
			"localhost.evil.example, , 421" })
	void refusesForeignOriginsAndHostsOnALoopbackAddress(String host, @Nullable String origin, int status)
			throws Exception {
		RawMcpClient client = start().initialize();

		for (String method : List.of("POST", "GET", "DELETE")) {
			Map<String, String> headers = with(with(client.postHeaders(), "Host", host), "Origin", origin);
			try (Exchange exchange = client.send(method, headers, "POST".equals(method) ? PING : null)) {
				assertRefused(exchange, status, -32600);
			}
		}
	}

	@ParameterizedTest
	@CsvSource({ "localhost, http://localhost:3000", "127.0.0.1:8080, http://127.0.0.1:8080", "[::1]:80, http://[::1]",
			"LOCALHOST, ", "mcp.example.com, ", "localhost, https://app.example.com",
			"mcp.example.com:8080, https://APP.example.com" })
	void servesLocalNamesAndWhatTheOptionsAllowOnALoopbackAddress(String host, @Nullable String origin)
			throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder()
			.allowedHosts(Set.of("mcp.example.com"))
			.allowedOrigins(Set.of("https://app.example.com"))).initialize();

		Map<String, String> headers = with(with(client.postHeaders(), "Host", host), "Origin", origin);
		try (Exchange post = client.send("POST", headers, PING)) {
			assertThat(post.status()).isEqualTo(200);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "PUT", "OPTIONS", "PATCH", "PROPFIND" })
	void tellsWhichMethodsAreAllowed(String method) throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange exchange = client.send(method, client.postHeaders(), PING)) {
			assertRefused(exchange, 405, -32600);
			assertThat(exchange.header("Allow")).isEqualTo("GET, POST, DELETE");
		}
	}

	@Test
	void refusesDeleteWhereItIsNotAllowed() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder().deleteAllowed(false)).initialize();

		try (Exchange delete = client.delete()) {
			assertRefused(delete, 405, -32600);
			assertThat(delete.header("Allow")).isEqualTo("GET, POST");
		}
		try (Exchange post = client.post(PING)) {
			assertThat(post.status()).isEqualTo(200);
		}
	}

	private static Map<String, String> with(Map<String, String> headers, String name, @Nullable String value) {
		Map<String, String> all = new LinkedHashMap<>(headers);
		all.remove(name);
		if (value != null) {
			all.put(name, value);
		}
		return all;
	}

	private static String assertRefused(Exchange exchange, int status, int code) throws Exception {
		String body = exchange.body();
		assertThat(exchange.status()).as(body).isEqualTo(status);
		assertThat(exchange.header("Content-Type")).startsWith("application/json");
		assertThat(body).matches("\\{\"jsonrpc\":\"2\\.0\",\"id\":[^,]+,\"error\":\\{\"code\":" + code
				+ ",\"message\":\"[^\"\\\\]+\"}}");
		assertThat(body).doesNotContain("Exception", "io.", "java", "tools.jackson", "\tat ");
		return body;
	}

}

package io.github.mcppersist.test.transport;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * How requests are refused that aren't as the protocol wants them.
 */
public abstract class RequestContractTests extends AbstractStreamableHttpTests {

	private static final String INITIALIZE = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":"
			+ "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"n\",\"version\":\"1\"}}}";

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
		try (Exchange get = stranger.get("AAAAAAAAAAAAAAAA_1_0000000000")) {
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
	@ValueSource(strings = { "application/json, text/event-stream;q=0", "application/json; Q = 0.000, */*",
			"text/event-stream;q=0, */*", "text/*;q=0, application/json", "*/*;q=0, application/json",
			"application/json, text/event-stream;q=0;x=1, text/*" })
	void takesAQualityOfZeroForARefusal(String accept) throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange post = client.send("POST", with(client.postHeaders(), "Accept", accept), PING)) {
			assertRefused(post, 406, -32600);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "*/*;q=0, application/json, text/event-stream", "text/*;q=0.0, text/event-stream, */*",
			"*/*;q=0.01", "application/json, text/event-stream;q=0.001" })
	void takesTheRangeThatNamesATypeMostExactly(String accept) throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange post = client.send("POST", with(client.postHeaders(), "Accept", accept), PING)) {
			assertThat(post.status()).isEqualTo(200);
		}
	}

	@Test
	void joinsSeveralLinesOfAHeader() throws Exception {
		RawMcpClient client = start().initialize();
		String lines = "application/json\r\nAccept: text/event-stream";

		try (Exchange post = client.send("POST", with(client.postHeaders(), "Accept", lines), PING)) {
			assertThat(post.status()).isEqualTo(200);
		}
		try (Exchange get = client.send("GET", with(client.sessionHeaders(), "Accept", lines), null)) {
			assertThat(get.status()).isEqualTo(200);
			assertThat(get.header("Content-Type")).startsWith("text/event-stream");
		}
	}

	@Test
	void refusesSeveralLinesOfAHeaderThatIsNoList() throws Exception {
		RawMcpClient client = start().initialize();
		String cursor;
		try (Exchange call = client.call(1, "count", "{}")) {
			cursor = call.next().id();
		}
		String session = client.sessionId();
		Map<String, String> get = with(client.sessionHeaders(), "Accept", "text/event-stream");

		try (Exchange post = client.send("POST",
				with(client.postHeaders(), "Mcp-Session-Id", session + "\r\nMcp-Session-Id: " + session), PING)) {
			assertThat(assertRefused(post, 400, -32600)).contains("Mcp-Session-Id");
		}
		try (Exchange resume = client.send("GET", with(get, "Last-Event-ID", cursor + "\r\nLast-Event-ID: " + cursor),
				null)) {
			assertRefused(resume, 400, -32600);
		}
		try (Exchange resume = client.send("GET",
				with(get, "MCP-Protocol-Version", "2025-11-25\r\nMCP-Protocol-Version: 2025-11-25"), null)) {
			assertRefused(resume, 400, -32600);
		}
		try (Exchange post = client.send("POST",
				with(client.postHeaders(), "Content-Type", "application/json\r\nContent-Type: text/plain"), PING)) {
			assertThat(post.status()).isBetween(400, 415);
		}
		try (Exchange post = client.send("POST",
				with(client.postHeaders(), "Origin", "http://localhost\r\nOrigin: http://evil.example"), PING)) {
			assertRefused(post, 403, -32600);
		}
		try (Exchange post = client.send("POST", with(client.postHeaders(), "Host", "localhost\r\nHost: localhost"),
				PING)) {
			// By some servers themselves
			assertThat(post.status()).isEqualTo(400);
		}
		try (Exchange post = client.post(PING)) {
			assertThat(post.status()).isEqualTo(200);
		}
	}

	@Test
	void letsNothingBeCached() throws Exception {
		RawMcpClient client = start(StreamableHttpOptions.builder().maxRequestBytes(1000)).initialize();
		Map<String, String> post = client.postHeaders();
		String cursor;
		try (Exchange call = client.call(1, "count", "{}")) {
			assertThat(call.header("Cache-Control")).isEqualTo("no-store, no-transform");
			assertThat(call.header("X-Accel-Buffering")).isEqualTo("no");
			cursor = last(call.rest()).id();
		}
		try (Exchange get = client.get(null)) {
			assertThat(get.header("Cache-Control")).isEqualTo("no-store, no-transform");
		}

		assertUncached(200, client.send("POST", post, PING));
		assertUncached(202,
				client.send("POST", post, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"));
		assertUncached(204, client.get(cursor));
		assertUncached(400, client.send("POST", post, "{"));
		assertUncached(400, client.get("none"));
		assertUncached(403, client.send("POST", with(post, "Origin", "http://evil.example"), PING));
		assertUncached(404, client.send("POST", with(post, "Mcp-Session-Id", "unknown"), PING));
		assertUncached(405, client.send("PUT", post, PING));
		assertUncached(406, client.send("POST", with(post, "Accept", null), PING));
		assertUncached(413, client.send("POST", post, PING + " ".repeat(1000)));
		assertUncached(415, client.send("POST", with(post, "Content-Type", "text/plain"), PING));
		assertUncached(421, client.send("POST", with(post, "Host", "evil.example"), PING));
		assertUncached(200, client.delete());
		assertUncached(404, client.get(cursor));
		assertUncached(200, client().post(INITIALIZE));
	}

	private static void assertUncached(int status, Exchange exchange) throws Exception {
		try (exchange) {
			assertThat(exchange.status()).isEqualTo(status);
			assertThat(exchange.header("Cache-Control")).as("of " + status).isEqualTo("no-store");
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "*/*", "application/json;q=0.9, text/event-stream;q=0.1", "Application/*, text/*" })
	void acceptsAnyFormOfTheAcceptHeaderThatListsBoth(String accept) throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange post = client.send("POST", with(client.postHeaders(), "Accept", accept), PING)) {
			assertThat(post.status()).isEqualTo(200);
			assertThat(post.body()).contains("\"result\"");
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
	void boundsTheIdOfARequest() throws Exception {
		RawMcpClient client = start().initialize();

		for (String character : List.of("x", "\u00e9")) {
			int most = 254 / character.getBytes(StandardCharsets.UTF_8).length;
			try (Exchange post = client.call(character.repeat(most), "count", "{}")) {
				assertThat(last(post.rest()).data()).contains("\"id\":\"" + character.repeat(most) + "\"");
			}
			for (String message : List.of(PING, INITIALIZE)) {
				String tooLong = message.replaceFirst("\"id\":[^,]+", "\"id\":\"" + character.repeat(most + 1) + "\"");
				try (Exchange post = client.post(tooLong)) {
					assertThat(assertRefused(post, 400, -32600)).contains("\"id\":null").contains("256 bytes");
				}
			}
		}
	}

	@Test
	void refusesAnIdThatNoAnswerCouldCarry() throws Exception {
		RawMcpClient client = start().initialize();

		try (Exchange post = client.post("{\"jsonrpc\":\"2.0\",\"id\":\"\\ud800\",\"method\":\"ping\"}")) {
			assertThat(assertRefused(post, 400, -32600)).contains("\"id\":null").contains("surrogate");
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

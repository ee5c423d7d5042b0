package io.github.mcppersist.samples.failover;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * As much of an MCP client as the demo needs, on plain HTTP, so that nothing but the
 * server can be what brings a lost message back.
 */
final class McpHttpClient {

	static final String PROTOCOL_VERSION = "2025-11-25";

	private static final Duration TIMEOUT = Duration.ofSeconds(10);

	private final HttpClient http = HttpClient.newBuilder()
		.version(HttpClient.Version.HTTP_1_1)
		.connectTimeout(TIMEOUT)
		.build();

	private final AtomicInteger requestIds = new AtomicInteger(1);

	private final String sessionId;

	private McpHttpClient(URI endpoint) throws IOException, InterruptedException {
		this.sessionId = initialize(endpoint);
		HttpResponse<InputStream> response = this.http.send(post(endpoint, """
				{"jsonrpc":"2.0","method":"notifications/initialized"}""").header("Mcp-Session-Id", this.sessionId)
			.build(), BodyHandlers.ofInputStream());
		expect(202, response);
		response.body().close();
	}

	/**
	 * Open a session. It isn't bound to the server that opens it.
	 * @param endpoint the server's MCP endpoint
	 * @return a client with a session
	 * @throws IOException if the server can't be reached or refuses
	 * @throws InterruptedException if the thread was interrupted meanwhile
	 */
	static McpHttpClient connect(URI endpoint) throws IOException, InterruptedException {
		return new McpHttpClient(endpoint);
	}

	String sessionId() {
		return this.sessionId;
	}

	int nextRequestId() {
		return this.requestIds.incrementAndGet();
	}

	SseConnection callCount(URI endpoint, int requestId, int n, int intervalMs)
			throws IOException, InterruptedException {
		return connection(post(endpoint, """
				{"jsonrpc":"2.0","id":%d,"method":"tools/call",\
				"params":{"name":"count","arguments":{"n":%d,"intervalMs":%d}}}""".formatted(requestId, n,
				intervalMs)));
	}

	SseConnection resume(URI endpoint, String lastEventId) throws IOException, InterruptedException {
		return connection(
				request(endpoint).header("Accept", "text/event-stream").header("Last-Event-ID", lastEventId).GET());
	}

	private String initialize(URI endpoint) throws IOException, InterruptedException {
		HttpResponse<InputStream> response = this.http.send(post(endpoint, """
				{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"%s",\
				"capabilities":{},"clientInfo":{"name":"failover-demo","version":"1"}}}""".formatted(PROTOCOL_VERSION))
			.build(), BodyHandlers.ofInputStream());
		expect(200, response);
		try (InputStream body = response.body()) {
			body.readAllBytes();
		}
		return response.headers()
			.firstValue("Mcp-Session-Id")
			.orElseThrow(() -> new IOException("The server gave no session ID"));
	}

	private SseConnection connection(HttpRequest.Builder request) throws IOException, InterruptedException {
		HttpResponse<InputStream> response = this.http.send(request.header("Mcp-Session-Id", this.sessionId).build(),
				BodyHandlers.ofInputStream());
		expect(200, response);
		return new SseConnection(response.body());
	}

	private static HttpRequest.Builder post(URI endpoint, String body) {
		return request(endpoint).header("Content-Type", "application/json")
			.header("Accept", "application/json, text/event-stream")
			.POST(BodyPublishers.ofString(body));
	}

	private static HttpRequest.Builder request(URI endpoint) {
		return HttpRequest.newBuilder(endpoint).timeout(TIMEOUT).header("MCP-Protocol-Version", PROTOCOL_VERSION);
	}

	private static void expect(int status, HttpResponse<InputStream> response) throws IOException {
		if (response.statusCode() != status) {
			try (InputStream body = response.body()) {
				throw new IOException("%s %s answered %d: %s".formatted(response.request().method(), response.uri(),
						response.statusCode(), new String(body.readNBytes(1000))));
			}
		}
	}

}

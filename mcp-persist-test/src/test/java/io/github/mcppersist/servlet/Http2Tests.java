package io.github.mcppersist.servlet;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;

import io.modelcontextprotocol.server.McpSyncServer;
import org.apache.coyote.http2.Http2Protocol;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.TestTools;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Requests over HTTP/2, which have no {@code Host} header.
 */
@Timeout(300)
class Http2Tests {

	private static final String INITIALIZE = """
			{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",
			"capabilities":{},"clientInfo":{"name":"http2","version":"1"}}}
			""";

	private final StreamableHttpEndpoint endpoint = StreamableHttpEndpoint.builder(new InMemoryEventStore()).build();

	private final McpSyncServer server = new TestTools().server(this.endpoint);

	private TomcatServer tomcat;

	@BeforeEach
	void start() throws Exception {
		this.tomcat = new TomcatServer(this.endpoint, List.of(new Http2Protocol()));
	}

	@AfterEach
	void stop() throws Exception {
		this.tomcat.close();
		this.server.closeGracefully();
	}

	@Test
	void servesALocalName() throws Exception {
		assertThat(post("localhost", null).statusCode()).isEqualTo(200);
		assertThat(post("127.0.0.1", null).statusCode()).isEqualTo(200);
	}

	@Test
	void acceptsTheServersOwnOriginOnly() throws Exception {
		assertThat(post("localhost", "http://localhost:" + this.tomcat.port()).statusCode()).isEqualTo(200);
		assertThat(post("localhost", "http://evil.example").statusCode()).isEqualTo(403);
	}

	// The first request asks for the upgrade and is one over HTTP/1.1 in all that it says
	private HttpResponse<String> post(String host, String origin) throws IOException, InterruptedException {
		HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
		URI uri = URI.create("http://" + host + ":" + this.tomcat.port() + "/mcp");
		client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.discarding());
		HttpRequest.Builder request = HttpRequest.newBuilder(uri)
			.timeout(Duration.ofMinutes(1))
			.header("Accept", "application/json, text/event-stream")
			.header("Content-Type", "application/json")
			.POST(BodyPublishers.ofString(INITIALIZE));
		if (origin != null) {
			request.header("Origin", origin);
		}
		HttpResponse<String> response = client.send(request.build(), BodyHandlers.ofString());
		assertThat(response.version()).isEqualTo(HttpClient.Version.HTTP_2);
		return response;
	}

}

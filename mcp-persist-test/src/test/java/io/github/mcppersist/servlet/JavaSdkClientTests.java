package io.github.mcppersist.servlet;

import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.test.servlet.TomcatServer;
import io.github.mcppersist.test.transport.TestTools;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The Java SDK's own client on the JDK's HTTP client. It announces 2025-11-25, and never
 * comes back to a stream that has ended, of a request or its standalone one.
 */
class JavaSdkClientTests {

	/**
	 * For a busy machine: it only guards against hanging.
	 */
	private static final Duration LIMIT = Duration.ofMinutes(1);

	private final TestTools tools = new TestTools();

	private final Queue<Object> changes = new ConcurrentLinkedQueue<>();

	private McpSyncServer server;

	private TomcatServer web;

	@BeforeEach
	void start() throws Exception {
		StreamableHttpEndpoint endpoint = StreamableHttpEndpoint.builder(new InMemoryEventStore())
			.options(StreamableHttpOptions.builder()
				.heartbeatInterval(Duration.ofMillis(20))
				.maxConnectionAge(Duration.ofMillis(20))
				.build())
			.build();
		this.server = this.tools.server(endpoint);
		this.web = new TomcatServer(endpoint);
	}

	@AfterEach
	void stop() throws Exception {
		this.tools.openAll();
		this.server.close();
		this.web.close();
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void losesNoResultToAToolThatClosesItsConnection(boolean resumableStreams) throws Exception {
		this.tools.open("g");
		try (McpSyncClient client = client(resumableStreams)) {
			assertThat(call(client, "hangup", Map.of("gate", "g"))).isEqualTo("closed false");
		}
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void losesNothingToTheAgeOfItsConnections(boolean resumableStreams) {
		try (McpSyncClient client = client(resumableStreams)) {
			await().untilAsserted(() -> {
				this.server.notifyToolsListChanged();
				assertThat(this.changes).isNotEmpty();
			});
			// Not on the common pool, on which the client relies
			CompletableFuture<String> called = CompletableFuture
				.supplyAsync(() -> call(client, "gated", Map.of("gate", "g")), (task) -> new Thread(task).start());
			this.tools.awaitReached("g");

			// Fifteen times the age
			await().during(Duration.ofMillis(300)).until(() -> !called.isDone());
			this.changes.clear();
			this.server.notifyToolsListChanged();
			this.tools.open("g");

			await().until(() -> !this.changes.isEmpty());
			assertThat(called).succeedsWithin(LIMIT).isEqualTo("counted 3");
		}
	}

	private McpSyncClient client(boolean resumableStreams) {
		McpSyncClient client = McpClient
			.sync(HttpClientStreamableHttpTransport.builder("http://localhost:" + this.web.port())
				.resumableStreams(resumableStreams)
				.build())
			.requestTimeout(LIMIT)
			.initializationTimeout(LIMIT)
			.toolsChangeConsumer(this.changes::add)
			.build();
		client.initialize();
		return client;
	}

	private static String call(McpSyncClient client, String tool, Map<String, Object> arguments) {
		return ((TextContent) client.callTool(new CallToolRequest(tool, arguments)).content().get(0)).text();
	}

}

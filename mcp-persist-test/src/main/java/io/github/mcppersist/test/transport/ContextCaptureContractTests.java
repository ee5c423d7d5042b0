package io.github.mcppersist.test.transport;

import java.util.Map;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.ContextCapture;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a handler sees of the thread that brought its request.
 */
public abstract class ContextCaptureContractTests {

	private final ThreadLocal<String> bound = new ThreadLocal<>();

	/**
	 * Serve an endpoint at {@code /mcp} on a free loopback port.
	 * @param endpoint the endpoint
	 * @return the server
	 * @throws Exception if it can't be started
	 */
	protected abstract WebServer serve(StreamableHttpEndpoint endpoint) throws Exception;

	/**
	 * Return how a thread that brings requests is called.
	 * @return part of the name
	 */
	protected abstract String requestThread();

	@Test
	void bindsToTheHandlersThreadWhatWasCapturedOnTheRequests() throws Exception {
		String answer = call((reactorContext) -> {
			String captured = Thread.currentThread().getName();
			return (task) -> () -> {
				this.bound.set(captured);
				task.run();
			};
		});

		assertThat(answer).contains(requestThread()).contains("on mcp-persist-handler");
	}

	@Test
	void bindsNothingByDefault() throws Exception {
		assertThat(call(null)).contains("null on mcp-persist-handler");
	}

	@Test
	void endsARequestThatCantBeHandledWithWhatWasCaptured() throws Exception {
		String answer = call((reactorContext) -> (task) -> () -> {
			throw new IllegalStateException("Nothing can be bound");
		});

		assertThat(answer).contains("-32603").doesNotContain("Nothing can be bound");
	}

	private String call(ContextCapture capture) throws Exception {
		StreamableHttpEndpoint.Builder builder = StreamableHttpEndpoint.builder(new InMemoryEventStore());
		if (capture != null) {
			builder.contextCapture(capture);
		}
		StreamableHttpEndpoint endpoint = builder.build();
		McpSyncServer server = McpServer.sync(endpoint)
			.serverInfo("test", "1")
			.immediateExecution(true)
			.capabilities(ServerCapabilities.builder().tools(false).build())
			.toolCall(Tool.builder("look", Map.of("type", "object")).build(),
					(exchange, request) -> CallToolResult.builder()
						.addTextContent(this.bound.get() + " on " + Thread.currentThread().getName())
						.build())
			.build();
		try (WebServer web = serve(endpoint);
				Exchange exchange = new RawMcpClient(web.port(), "/mcp").initialize().call(2, "look", "{}")) {
			return exchange.body();
		}
		finally {
			server.close();
		}
	}

}

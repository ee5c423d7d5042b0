package io.github.mcppersist.webflux;

import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;

import io.modelcontextprotocol.server.McpAsyncServer;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a reactive tool has of the request that it is called for.
 */
class StreamableHttpHandlerFunctionTests {

	private final Sinks.Empty<Void> gate = Sinks.empty();

	private final AtomicBoolean cancelled = new AtomicBoolean();

	private final StreamableHttpEndpoint endpoint = StreamableHttpEndpoint.builder(new InMemoryEventStore()).build();

	private final McpAsyncServer mcpServer = McpServer.async(this.endpoint)
		.serverInfo("test", "1")
		.capabilities(ServerCapabilities.builder().tools(false).build())
		.toolCall(Tool.builder("look", Map.of("type", "object")).build(), (exchange, request) -> look())
		.build();

	private final NettyServer web = new NettyServer(this.endpoint);

	@AfterEach
	void stop() {
		this.mcpServer.close();
		this.web.close();
	}

	private Mono<CallToolResult> look() {
		return this.gate.asMono()
			.then(Mono.deferContextual((context) -> Mono
				.just(CallToolResult.builder().addTextContent("context of " + context.get(NettyServer.USER)).build())))
			.doOnCancel(() -> this.cancelled.set(true));
	}

	@Test
	void toolsSeeTheReactorContextOfTheirRequest() throws Exception {
		this.gate.tryEmitEmpty();

		try (Exchange exchange = client().call(2, "look", "{}")) {
			assertThat(exchange.body()).contains("context of ann");
		}
	}

	@Test
	void toolsGoOnWithItWhenTheirClientHasGone() throws Exception {
		RawMcpClient client = client();
		Exchange exchange = client.call(2, "look", "{}");
		String cursor = Objects.requireNonNull(exchange.next().id());

		exchange.cut();

		try (Exchange resumed = client.get(cursor)) {
			resumed.next();
			this.gate.tryEmitEmpty();
			assertThat(resumed.rest()).extracting(SseEvent::data)
				.singleElement()
				.satisfies((data) -> assertThat(data).contains("context of ann"));
		}
		assertThat(this.cancelled).isFalse();
	}

	private RawMcpClient client() throws Exception {
		return new RawMcpClient(this.web.port(), "/mcp").user("ann").initialize();
	}

}

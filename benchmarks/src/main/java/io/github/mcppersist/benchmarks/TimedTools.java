package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncToolSpecification;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * A server's tools that hold no thread: {@value #ASK} goes on when its user has answered,
 * {@value #WORK} after {@code ms} milliseconds. Both note when that was, by the
 * {@code id} that they were given.
 */
final class TimedTools {

	static final String ASK = "ask";

	static final String WORK = "work";

	private static final ElicitRequest QUESTION = ElicitRequest
		.builder("Go on?", Map.of("type", "object", "properties", Map.of()))
		.build();

	private final Map<String, Long> nanos = new ConcurrentHashMap<>();

	/**
	 * Begin a server with these tools.
	 * @param endpoint what serves it
	 */
	void serve(StreamableHttpEndpoint endpoint) {
		McpServer.async(endpoint)
			.serverInfo("benchmark", "1")
			.capabilities(ServerCapabilities.builder().tools(true).build())
			.tools(AsyncToolSpecification.builder()
				.tool(Tool.builder(ASK, Map.of("type", "object")).build())
				.callHandler(this::ask)
				.build(),
					AsyncToolSpecification.builder()
						.tool(Tool.builder(WORK, Map.of("type", "object")).build())
						.callHandler(this::work)
						.build())
			.build();
	}

	private Mono<CallToolResult> ask(McpAsyncServerExchange exchange, CallToolRequest request) {
		return exchange.createElicitation(QUESTION).map((answer) -> noted(request));
	}

	private Mono<CallToolResult> work(McpAsyncServerExchange exchange, CallToolRequest request) {
		return Mono.delay(Duration.ofMillis(PlainTools.number(request.arguments(), "ms")))
			.map((tick) -> noted(request));
	}

	private CallToolResult noted(CallToolRequest request) {
		this.nanos.put(String.valueOf(request.arguments().get("id")), System.nanoTime());
		return CallToolResult.builder().addTextContent("done").build();
	}

	/**
	 * Return when a call went on, and forget it.
	 * @param id what the call was given
	 * @return the time in terms of {@link System#nanoTime()}, or {@code null} if it
	 * hasn't gone on
	 */
	@Nullable Long takeNanos(String id) {
		return this.nanos.remove(id);
	}

	/**
	 * Make a call.
	 * @param post the call
	 * @return its result
	 * @throws IOException if the connection breaks, or the call has none
	 */
	static Map<?, ?> result(ModernPost post) throws IOException {
		try (Exchange exchange = post.send()) {
			String body = exchange.body();
			@Nullable Object result = (exchange.status() == 200)
					? McpJsonDefaults.getMapper().readValue(body, Map.class).get("result") : null;
			if (result instanceof Map<?, ?> map) {
				return map;
			}
			throw new IOException("Answered with " + exchange.status() + " " + body);
		}
	}

}

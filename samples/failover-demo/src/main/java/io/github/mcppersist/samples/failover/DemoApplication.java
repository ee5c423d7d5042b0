package io.github.mcppersist.samples.failover;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitFormRequest;
import io.modelcontextprotocol.spec.McpSchema.ElicitResult;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.LoggingMessageNotification;
import io.modelcontextprotocol.spec.McpSchema.ProgressNotification;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/**
 * A whole MCP server on the starter. Nothing in it knows of Redis, events or resuming.
 */
@SpringBootApplication(proxyBeanMethods = false)
class DemoApplication {

	private static final Map<String, Object> COUNT_ARGUMENTS = Map.of("type", "object", "properties",
			Map.of("n", Map.of("type", "integer", "minimum", 1, "maximum", 1000), "intervalMs",
					Map.of("type", "integer", "minimum", 0, "maximum", 10_000), "askAt",
					Map.of("type", "integer", "description", "the number after which to ask whether to go on")),
			"required", List.of("n", "intervalMs"));

	private static final Map<String, Object> NOTHING_BUT_YES_OR_NO = Map.of("type", "object", "properties", Map.of());

	// Immediate execution runs the tool on the endpoint's executor, which has room for
	// many that wait. By itself the SDK gives a user ten seconds to answer
	@Bean(destroyMethod = "closeGracefully")
	McpSyncServer mcpServer(McpStreamableServerTransportProvider transportProvider) {
		Tool count = Tool.builder("count", COUNT_ARGUMENTS)
			.description("Counts from 1 to n, intervalMs apart, and tells each number")
			.build();
		return McpServer.sync(transportProvider)
			.serverInfo("failover-demo", "1.0.0")
			.capabilities(ServerCapabilities.builder().tools(false).logging().build())
			.immediateExecution(true)
			.requestTimeout(Duration.ofMinutes(10))
			.toolCall(count, DemoApplication::count)
			.build();
	}

	private static CallToolResult count(McpSyncServerExchange exchange, CallToolRequest request) {
		int n = integer(request, "n");
		int intervalMs = integer(request, "intervalMs");
		int askAt = (request.arguments().containsKey("askAt")) ? integer(request, "askAt") : 0;
		for (int i = 1; i <= n; i++) {
			pause(intervalMs);
			tell(exchange, request, i, n);
			if (i == askAt && !asked(exchange, "%d of %d. Go on?".formatted(i, n))) {
				return text("stopped at " + i);
			}
		}
		return text("counted " + n);
	}

	// By the time a client can tell what was sent while it was away
	private static void tell(McpSyncServerExchange exchange, CallToolRequest request, int i, int n) {
		Object token = request.progressToken();
		if (token == null) {
			exchange.loggingNotification(
					LoggingMessageNotification.builder(LoggingLevel.INFO, Integer.toString(i)).build());
			return;
		}
		exchange.progressNotification(ProgressNotification.builder(token, i)
			.total((double) n)
			.message("%d of %d".formatted(i, n))
			.meta(Map.of("io.github.mcppersist.samples/sentAt", System.currentTimeMillis()))
			.build());
	}

	private static boolean asked(McpSyncServerExchange exchange, String question) {
		return exchange.createElicitation(ElicitFormRequest.builder(question, NOTHING_BUT_YES_OR_NO).build())
			.action() == ElicitResult.Action.ACCEPT;
	}

	private static CallToolResult text(String text) {
		return CallToolResult.builder(List.of(TextContent.builder(text).build())).build();
	}

	private static int integer(CallToolRequest request, String name) {
		if (request.arguments().get(name) instanceof Number number) {
			return number.intValue();
		}
		throw new IllegalArgumentException(name + " must be an integer");
	}

	private static void pause(int milliseconds) {
		try {
			TimeUnit.MILLISECONDS.sleep(milliseconds);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted, most likely because the server stops", ex);
		}
	}

}

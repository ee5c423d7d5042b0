package io.github.mcppersist.samples.conformance;

import java.util.List;
import java.util.Map;

import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.LoggingMessageNotification;
import io.modelcontextprotocol.spec.McpSchema.Tool;

/**
 * The tool {@code count}: says 1 to {@code n}, {@code intervalMs} apart, and then answers
 * {@code counted n}. It makes a stream whose every event is known beforehand, which is
 * what a test of lost, repeated or reordered events needs.
 */
final class CountTool {

	private static final int MAX_N = 1_000_000;

	private static final int MAX_INTERVAL_MS = 60_000;

	// The SDK checks the arguments against this before it calls the tool, and answers a
	// violation with a tool error that names the argument
	private static final Map<String, Object> INPUT_SCHEMA = Map.of("type", "object", "properties",
			Map.of("n",
					Map.of("type", "integer", "minimum", 1, "maximum", MAX_N, "description", "how many notifications"),
					"intervalMs",
					Map.of("type", "integer", "minimum", 0, "maximum", MAX_INTERVAL_MS, "default", 0, "description",
							"the time between two of them, in milliseconds")),
			"required", List.of("n"), "additionalProperties", false);

	private CountTool() {
	}

	static SyncToolSpecification specification() {
		Tool tool = Tool.builder("count", INPUT_SCHEMA)
			.description("Sends the log notifications 1 to n, intervalMs apart, and then returns")
			.build();
		return new SyncToolSpecification(tool, CountTool::count);
	}

	private static CallToolResult count(McpSyncServerExchange exchange, CallToolRequest request) {
		int n = argument(request, "n", 1);
		int intervalMs = argument(request, "intervalMs", 0);
		for (int i = 1; i <= n; i++) {
			if (i > 1 && intervalMs > 0 && !SampleContent.pause(intervalMs)) {
				return SampleContent.errorResult("Interrupted before " + i);
			}
			exchange.loggingNotification(
					LoggingMessageNotification.builder(LoggingLevel.INFO, Integer.toString(i)).build());
		}
		return SampleContent.textResult("counted " + n);
	}

	// JSON has one kind of number: an integer may arrive as 3.0
	private static int argument(CallToolRequest request, String name, int defaultValue) {
		return (request.arguments().get(name) instanceof Number number) ? number.intValue() : defaultValue;
	}

}

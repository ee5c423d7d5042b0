package io.github.mcppersist.autoconfigure.springai;

import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.ElicitResult;
import org.springframework.ai.mcp.annotation.McpPrompt;
import org.springframework.ai.mcp.annotation.McpResource;
import org.springframework.ai.mcp.annotation.McpTool;
import org.springframework.ai.mcp.annotation.context.McpSyncRequestContext;

/**
 * Methods that block until the user has said who is greeted and when, as they were
 * written for revision 2025-11-25.
 */
class AskingTools {

	static final Map<String, Object> ANSWER = Map.of("type", "object", "properties",
			Map.of("answer", Map.of("type", "string")));

	private final AtomicInteger runs = new AtomicInteger();

	int runs() {
		return this.runs.get();
	}

	@McpTool(name = "greet", description = "Asks the user twice, and greets")
	String greet(McpSyncRequestContext context) {
		this.runs.incrementAndGet();
		String name = context.elicit((question) -> question.message("Who?"), Answer.class).structuredContent().answer();
		return "Good "
				+ context.elicit((question) -> question.message("When?"), Answer.class).structuredContent().answer()
				+ ", " + name;
	}

	@McpPrompt(name = "greeting")
	String prompt(McpSyncServerExchange exchange) {
		return greeting(exchange);
	}

	@McpResource(uri = "test://greeting", name = "greeting")
	String resource(McpSyncServerExchange exchange) {
		return greeting(exchange);
	}

	private static String greeting(McpSyncServerExchange exchange) {
		String name = ask(exchange, "Who?");
		return "Good " + ask(exchange, "When?") + ", " + name;
	}

	private static String ask(McpSyncServerExchange exchange, String question) {
		ElicitResult result = exchange.createElicitation(ElicitRequest.builder(question, ANSWER).build());
		return String.valueOf(Objects.requireNonNull(result.content()).get("answer"));
	}

	/**
	 * What the user says.
	 *
	 * @param answer a word
	 */
	record Answer(String answer) {
	}

}

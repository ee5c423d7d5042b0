package io.github.mcppersist.autoconfigure.springai;

import java.util.Objects;

import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import org.springframework.ai.mcp.annotation.McpPrompt;
import org.springframework.ai.mcp.annotation.McpResource;
import org.springframework.ai.mcp.annotation.McpTool;
import org.springframework.ai.mcp.annotation.context.McpAsyncRequestContext;
import reactor.core.publisher.Mono;

/**
 * The same as {@link AskingTools}, and no thread is held.
 */
class AsyncAskingTools {

	@McpTool(name = "greet", description = "Asks the user twice, and greets")
	Mono<String> greet(McpAsyncRequestContext context) {
		return context.elicit((question) -> question.message("Who?"), AskingTools.Answer.class)
			.flatMap((name) -> context.elicit((question) -> question.message("When?"), AskingTools.Answer.class)
				.map((time) -> "Good " + time.structuredContent().answer() + ", " + name.structuredContent().answer()));
	}

	@McpPrompt(name = "greeting")
	Mono<String> prompt(McpAsyncServerExchange exchange) {
		return greeting(exchange);
	}

	@McpResource(uri = "test://greeting", name = "greeting")
	Mono<String> resource(McpAsyncServerExchange exchange) {
		return greeting(exchange);
	}

	private static Mono<String> greeting(McpAsyncServerExchange exchange) {
		return ask(exchange, "Who?")
			.flatMap((name) -> ask(exchange, "When?").map((time) -> "Good " + time + ", " + name));
	}

	private static Mono<String> ask(McpAsyncServerExchange exchange, String question) {
		return exchange.createElicitation(ElicitRequest.builder(question, AskingTools.ANSWER).build())
			.map((result) -> String.valueOf(Objects.requireNonNull(result.content()).get("answer")));
	}

}

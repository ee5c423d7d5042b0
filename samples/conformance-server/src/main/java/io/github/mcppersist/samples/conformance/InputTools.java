package io.github.mcppersist.samples.conformance;

import java.util.List;
import java.util.Map;

import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncToolSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncPromptSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import io.modelcontextprotocol.spec.McpSchema.CreateMessageRequest;
import io.modelcontextprotocol.spec.McpSchema.ElicitFormRequest;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.ElicitResult;
import io.modelcontextprotocol.spec.McpSchema.GetPromptResult;
import io.modelcontextprotocol.spec.McpSchema.Prompt;
import io.modelcontextprotocol.spec.McpSchema.PromptMessage;
import io.modelcontextprotocol.spec.McpSchema.Role;
import io.modelcontextprotocol.spec.McpSchema.SamplingMessage;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.publisher.Mono;

/**
 * Tools and a prompt that wait for their client, written as for a client with a session.
 * One of revision 2026-07-28 gets the question as a result, and asks again with its
 * answer. The suite wants to find each question under a key of its own.
 */
@Configuration(proxyBeanMethods = false)
class InputTools {

	private static final String INPUT_KEY = "io.github.mcppersist/inputKey";

	private static final String PREFIX = "test_input_required_result_";

	private static final int MAX_TOKENS = 100;

	@Bean
	SyncToolSpecification elicitingTool() {
		return tool(PREFIX + "elicitation", "Asks for a name",
				(exchange) -> "Hello, " + ask(exchange, "user_name", "name").content().get("name") + "!");
	}

	@Bean
	SyncToolSpecification streamingElicitingTool() {
		return tool("test_streaming_elicitation", "Asks for a name, on a stream in older revisions",
				(exchange) -> "Hello, " + ask(exchange, "user_name", "name").content().get("name") + "!");
	}

	@Bean
	SyncToolSpecification samplingInputTool() {
		return tool(PREFIX + "sampling", "Asks the client's model for a capital", (exchange) -> "The model says "
				+ exchange.createMessage(question("Which is the capital of France?")).content());
	}

	@Bean
	SyncToolSpecification missingCapabilityTool() {
		return tool("test_missing_capability", "Needs a client with a model",
				(exchange) -> exchange.createMessage(question("Which is the capital of France?")).model());
	}

	@Bean
	SyncToolSpecification rootsInputTool() {
		return tool(PREFIX + "list_roots", "Asks for the roots",
				(exchange) -> exchange.listRoots().roots().size() + " roots");
	}

	@Bean
	SyncToolSpecification requestStateTool() {
		return tool(PREFIX + "request_state", "Asks for a confirmation",
				(exchange) -> "state-ok: " + ask(exchange, "confirm", "ok").action());
	}

	@Bean
	SyncToolSpecification tamperedStateTool() {
		return tool(PREFIX + "tampered_state", "Asks for a confirmation",
				(exchange) -> "state-ok: " + ask(exchange, "confirm", "ok").action());
	}

	@Bean
	SyncToolSpecification multiRoundTool() {
		return tool(PREFIX + "multi_round", "Asks for a name, and then for a colour", (exchange) -> {
			Object name = ask(exchange, "step1", "name").content().get("name");
			Object color = ask(exchange, "step2", "color").content().get("color");
			return name + " likes " + color;
		});
	}

	@Bean
	SyncToolSpecification capabilitiesTool() {
		return tool(PREFIX + "capabilities", "Asks only for what the client can do", (exchange) -> {
			ClientCapabilities capabilities = exchange.getClientCapabilities();
			String used = "Used:";
			if (capabilities.sampling() != null) {
				used += " sampling, by " + exchange.createMessage(question("Say hello")).model();
			}
			if (capabilities.elicitation() != null) {
				used += " elicitation, with " + ask(exchange, "name", "name").action();
			}
			return used;
		});
	}

	/**
	 * Three questions at once need the asynchronous API.
	 * @return the tool
	 */
	@Bean
	AsyncToolSpecification multipleInputsTool() {
		return new AsyncToolSpecification(
				SampleContent.toolWithoutArguments(PREFIX + "multiple_inputs", "Asks three things at once"),
				(exchange, request) -> askAll(exchange));
	}

	private static Mono<CallToolResult> askAll(McpAsyncServerExchange exchange) {
		return Mono
			.zip(exchange.createElicitation(form("user_name", "name")),
					exchange.createMessage(question("Write a greeting")), exchange.listRoots())
			.map((all) -> SampleContent.textResult("%s, %s, %d roots".formatted(Json.text(all.getT1().content()),
					all.getT2().model(), all.getT3().roots().size())));
	}

	@Bean
	SyncPromptSpecification inputPrompt() {
		return new SyncPromptSpecification(
				Prompt.builder(PREFIX + "prompt").description("A prompt that asks for its context").build(),
				(exchange, request) -> {
					Object context = ask(exchange, "user_context", "context").content().get("context");
					PromptMessage message = PromptMessage.builder(Role.USER, SampleContent.text("Context: " + context))
						.build();
					return GetPromptResult.builder(List.of(message)).build();
				});
	}

	private static SyncToolSpecification tool(String name, String description, Question question) {
		Tool tool = SampleContent.toolWithoutArguments(name, description);
		return new SyncToolSpecification(tool, (exchange, request) -> SampleContent.textResult(question.ask(exchange)));
	}

	private static ElicitResult ask(McpSyncServerExchange exchange, String key, String field) {
		return exchange.createElicitation(form(key, field));
	}

	private static ElicitRequest form(String key, String field) {
		Map<String, Object> schema = Map.of("type", "object", "properties", Map.of(field, Map.of("type", "string")),
				"required", List.of(field));
		return ElicitFormRequest.builder("Please tell: " + field, schema).meta(Map.of(INPUT_KEY, key)).build();
	}

	private static CreateMessageRequest question(String text) {
		SamplingMessage message = SamplingMessage.builder(Role.USER, SampleContent.text(text)).build();
		return CreateMessageRequest.builder(List.of(message), MAX_TOKENS).build();
	}

	/**
	 * Asks a client, and makes a text of what it answers.
	 */
	@FunctionalInterface
	private interface Question {

		String ask(McpSyncServerExchange exchange);

	}

}

package io.github.mcppersist.samples.conformance;

import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncToolSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitFormRequest;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.ElicitResult;
import io.modelcontextprotocol.spec.McpSchema.ErrorCodes;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.publisher.Mono;

/**
 * Tools whose calls take long. Nothing in them is made for tasks: which of their calls
 * become some, and when, is in {@code application.properties}.
 */
@Configuration(proxyBeanMethods = false)
class TaskTools {

	@Bean
	SyncToolSpecification greet() {
		return tool("greet", "Greets somebody at once", Map.of("name", Map.of("type", "string")),
				(exchange, request) -> SampleContent
					.textResult("Hello, " + request.arguments().getOrDefault("name", "world") + "!"));
	}

	@Bean
	SyncToolSpecification slowCompute() {
		Map<String, Object> properties = Map.of("seconds",
				Map.of("type", "integer", "minimum", 0, "maximum", TimeUnit.HOURS.toSeconds(1)), "label",
				Map.of("type", "string"));
		return tool("slow_compute", "Takes so many seconds", properties, (exchange, request) -> {
			Object seconds = request.arguments().getOrDefault("seconds", 0);
			return SampleContent.pause(TimeUnit.SECONDS.toMillis(((Number) seconds).longValue()))
					? SampleContent.textResult("Took " + seconds + " seconds")
					: SampleContent.errorResult("Interrupted");
		});
	}

	@Bean
	SyncToolSpecification failingJob() {
		return tool("failing_job", "Fails after a second", Map.of(), (exchange, request) -> {
			SampleContent.pause(TimeUnit.SECONDS.toMillis(1));
			return SampleContent.errorResult("The job has failed");
		});
	}

	@Bean
	SyncToolSpecification protocolErrorJob() {
		return tool("protocol_error_job", "Ends with an error of the protocol", Map.of(), (exchange, request) -> {
			throw McpError.builder(ErrorCodes.INTERNAL_ERROR).message("The job can't be done").build();
		});
	}

	@Bean
	SyncToolSpecification confirmDelete() {
		return tool("confirm_delete", "Asks before it deletes a file", Map.of("filename", Map.of("type", "string")),
				(exchange, request) -> {
					ElicitResult answer = exchange.createElicitation(form("Delete the file?", "confirm", "boolean"));
					return SampleContent.textResult("Answered: " + answer.action());
				});
	}

	/**
	 * Two questions at once need the asynchronous API.
	 * @return the tool
	 */
	@Bean
	AsyncToolSpecification multiInput() {
		return new AsyncToolSpecification(SampleContent.toolWithoutArguments("multi_input", "Asks two things at once"),
				(exchange, request) -> askBoth(exchange));
	}

	private static Mono<CallToolResult> askBoth(McpAsyncServerExchange exchange) {
		return Mono
			.zip(exchange.createElicitation(form("Who?", "name", "string")),
					exchange.createElicitation(form("Sure?", "confirm", "boolean")))
			.map((answers) -> SampleContent.textResult(answers.getT1().action() + " and " + answers.getT2().action()));
	}

	@Bean
	SyncToolSpecification askingAndSlow() {
		return tool("test_tool_with_task", "Asks for a name, and then takes long", Map.of(), (exchange, request) -> {
			Object name = exchange.createElicitation(form("Who?", "name", "string")).content().get("name");
			SampleContent.pause(TimeUnit.SECONDS.toMillis(2));
			return SampleContent.textResult("Done for " + name);
		});
	}

	private static SyncToolSpecification tool(String name, String description, Map<String, Object> properties,
			Handler handler) {
		Tool tool = Tool.builder(name, Map.of("type", "object", "properties", properties))
			.description(description)
			.build();
		return new SyncToolSpecification(tool, handler::handle);
	}

	private static ElicitRequest form(String question, String field, String type) {
		return ElicitFormRequest
			.builder(question, Map.of("type", "object", "properties", Map.of(field, Map.of("type", type))))
			.build();
	}

	/**
	 * Does what a tool does.
	 */
	@FunctionalInterface
	private interface Handler {

		CallToolResult handle(McpSyncServerExchange exchange, CallToolRequest request);

	}

}

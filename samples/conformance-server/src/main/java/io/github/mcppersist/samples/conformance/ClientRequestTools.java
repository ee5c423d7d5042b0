package io.github.mcppersist.samples.conformance;

import java.util.List;
import java.util.Locale;
import java.util.Map;

import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.CreateMessageRequest;
import io.modelcontextprotocol.spec.McpSchema.CreateMessageResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitFormRequest;
import io.modelcontextprotocol.spec.McpSchema.ElicitResult;
import io.modelcontextprotocol.spec.McpSchema.Role;
import io.modelcontextprotocol.spec.McpSchema.SamplingMessage;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Tools that ask the client something while they run: sampling and elicitation.
 */
@Configuration(proxyBeanMethods = false)
class ClientRequestTools {

	private static final int MAX_TOKENS = 100;

	@Bean
	SyncToolSpecification samplingTool() {
		return new SyncToolSpecification(
				toolWithText("test_sampling", "Asks the client's model", "prompt", "The prompt to send to the model"),
				(exchange, request) -> {
					TextContent prompt = SampleContent.text(argument(request.arguments(), "prompt"));
					CreateMessageResult answer = exchange.createMessage(CreateMessageRequest
						.builder(List.of(SamplingMessage.builder(Role.USER, prompt).build()), MAX_TOKENS)
						.build());
					String text = (answer.content() instanceof TextContent content) ? content.text() : "No text";
					return SampleContent.textResult("LLM response: " + text);
				});
	}

	@Bean
	SyncToolSpecification elicitationTool() {
		return new SyncToolSpecification(
				toolWithText("test_elicitation", "Asks the user", "message", "The message to show to the user"),
				(exchange, request) -> {
					ElicitResult answer = elicit(exchange, argument(request.arguments(), "message"), """
							{
							  "type": "object",
							  "properties": {
							    "username": { "type": "string", "description": "User's response" },
							    "email": { "type": "string", "description": "User's email address" }
							  },
							  "required": ["username", "email"]
							}
							""");
					return SampleContent.textResult("User response: " + describe(answer));
				});
	}

	@Bean
	SyncToolSpecification elicitationDefaultsTool() {
		return elicitation("test_elicitation_sep1034_defaults", "Asks the user, with defaults (SEP-1034)",
				"Please review and update the form fields with defaults", """
						{
						  "type": "object",
						  "properties": {
						    "name": { "type": "string", "description": "User name", "default": "John Doe" },
						    "age": { "type": "integer", "description": "User age", "default": 30 },
						    "score": { "type": "number", "description": "User score", "default": 95.5 },
						    "status": {
						      "type": "string",
						      "description": "User status",
						      "enum": ["active", "inactive", "pending"],
						      "default": "active"
						    },
						    "verified": { "type": "boolean", "description": "Verification status", "default": true }
						  },
						  "required": []
						}
						""");
	}

	@Bean
	SyncToolSpecification elicitationEnumsTool() {
		return elicitation("test_elicitation_sep1330_enums", "Asks the user, with every kind of enum (SEP-1330)",
				"Please select options from the enum fields", """
						{
						  "type": "object",
						  "properties": {
						    "untitledSingle": { "type": "string", "enum": ["option1", "option2", "option3"] },
						    "titledSingle": {
						      "type": "string",
						      "oneOf": [
						        { "const": "value1", "title": "First Option" },
						        { "const": "value2", "title": "Second Option" },
						        { "const": "value3", "title": "Third Option" }
						      ]
						    },
						    "legacyEnum": {
						      "type": "string",
						      "enum": ["opt1", "opt2", "opt3"],
						      "enumNames": ["Option One", "Option Two", "Option Three"]
						    },
						    "untitledMulti": {
						      "type": "array",
						      "minItems": 1,
						      "maxItems": 3,
						      "items": { "type": "string", "enum": ["option1", "option2", "option3"] }
						    },
						    "titledMulti": {
						      "type": "array",
						      "minItems": 1,
						      "maxItems": 3,
						      "items": {
						        "anyOf": [
						          { "const": "value1", "title": "First Choice" },
						          { "const": "value2", "title": "Second Choice" },
						          { "const": "value3", "title": "Third Choice" }
						        ]
						      }
						    }
						  },
						  "required": []
						}
						""");
	}

	private static SyncToolSpecification elicitation(String name, String description, String message, String schema) {
		return new SyncToolSpecification(SampleContent.toolWithoutArguments(name, description),
				(exchange, request) -> completed(elicit(exchange, message, schema)));
	}

	private static CallToolResult completed(ElicitResult answer) {
		return SampleContent.textResult("Elicitation completed: " + describe(answer));
	}

	private static ElicitResult elicit(McpSyncServerExchange exchange, String message, String schema) {
		return exchange.createElicitation(ElicitFormRequest.builder(message, Json.object(schema)).build());
	}

	private static String describe(ElicitResult answer) {
		Map<String, Object> content = (answer.content() != null) ? answer.content() : Map.of();
		return "action=%s, content=%s".formatted(answer.action().name().toLowerCase(Locale.ROOT), Json.text(content));
	}

	private static Tool toolWithText(String name, String description, String argument, String argumentDescription) {
		return Tool.builder(name,
				Map.of("type", "object", "properties",
						Map.of(argument, Map.of("type", "string", "description", argumentDescription)), "required",
						List.of(argument)))
			.description(description)
			.build();
	}

	private static String argument(Map<String, Object> arguments, String name) {
		return String.valueOf(arguments.get(name));
	}

}

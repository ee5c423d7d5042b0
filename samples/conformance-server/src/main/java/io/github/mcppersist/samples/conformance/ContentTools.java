package io.github.mcppersist.samples.conformance;

import java.util.List;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.spec.McpSchema.AudioContent;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.Content;
import io.modelcontextprotocol.spec.McpSchema.EmbeddedResource;
import io.modelcontextprotocol.spec.McpSchema.TextResourceContents;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Tools that answer at once: one for each kind of content, one that fails, and one whose
 * input schema uses more of JSON Schema than most.
 */
@Configuration(proxyBeanMethods = false)
class ContentTools {

	private static final String JSON_SCHEMA_2020_12 = """
			{
			  "$schema": "https://json-schema.org/draft/2020-12/schema",
			  "type": "object",
			  "$defs": {
			    "address": {
			      "$anchor": "addressDef",
			      "type": "object",
			      "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
			    }
			  },
			  "properties": {
			    "name": { "type": "string" },
			    "address": { "$ref": "#/$defs/address" },
			    "contactMethod": { "type": "string", "enum": ["phone", "email"] },
			    "phone": { "type": "string" },
			    "email": { "type": "string" }
			  },
			  "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
			  "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
			  "then": { "required": ["phone"] },
			  "else": { "required": ["email"] },
			  "additionalProperties": false
			}
			""";

	@Bean
	SyncToolSpecification simpleTextTool() {
		return answers("test_simple_text", "Answers with text",
				SampleContent.text("This is a simple text response for testing."));
	}

	@Bean
	SyncToolSpecification imageTool() {
		return answers("test_image_content", "Answers with an image", SampleContent.image());
	}

	@Bean
	SyncToolSpecification audioTool() {
		return answers("test_audio_content", "Answers with audio",
				AudioContent.builder(SampleContent.WAV, "audio/wav").build());
	}

	@Bean
	SyncToolSpecification embeddedResourceTool() {
		return answers("test_embedded_resource", "Answers with an embedded resource",
				resource("test://embedded-resource", "text/plain", "This is an embedded resource content."));
	}

	@Bean
	SyncToolSpecification multipleContentTypesTool() {
		return answers("test_multiple_content_types", "Answers with text, an image and a resource",
				SampleContent.text("Multiple content types test:"), SampleContent.image(),
				resource("test://mixed-content-resource", "application/json", "{\"test\":\"data\",\"value\":123}"));
	}

	@Bean
	SyncToolSpecification errorHandlingTool() {
		return new SyncToolSpecification(
				SampleContent.toolWithoutArguments("test_error_handling", "Answers with an error"), (exchange,
						request) -> SampleContent.errorResult("This tool intentionally returns an error for testing"));
	}

	@Bean
	SyncToolSpecification jsonSchemaTool() {
		Tool tool = Tool.builder("json_schema_2020_12_tool", McpJsonDefaults.getMapper(), JSON_SCHEMA_2020_12)
			.description("Lists its input schema with every keyword of JSON Schema 2020-12 that it was given")
			.build();
		return new SyncToolSpecification(tool, (exchange, request) -> SampleContent
			.textResult("JSON Schema 2020-12 tool called with: " + request.arguments()));
	}

	private static SyncToolSpecification answers(String name, String description, Content... content) {
		CallToolResult result = CallToolResult.builder(List.of(content)).build();
		return new SyncToolSpecification(SampleContent.toolWithoutArguments(name, description),
				(exchange, request) -> result);
	}

	private static EmbeddedResource resource(String uri, String mimeType, String text) {
		return EmbeddedResource.builder(TextResourceContents.builder(uri, text).mimeType(mimeType).build()).build();
	}

}

package io.github.mcppersist.samples.conformance;

import java.util.List;
import java.util.Map;

import io.modelcontextprotocol.server.McpServerFeatures.SyncPromptSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpSchema.GetPromptResult;
import io.modelcontextprotocol.spec.McpSchema.Prompt;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Tools that change what the server lists, for clients that listen to that, and one whose
 * parameter is also sent as a header.
 */
@Configuration(proxyBeanMethods = false)
class ChangeTools {

	private static final String LATER = "added_later";

	@Bean
	SyncToolSpecification toolChangeTool(ObjectProvider<McpSyncServer> server) {
		return new SyncToolSpecification(
				SampleContent.toolWithoutArguments("test_trigger_tool_change", "Adds a tool and removes it"),
				(exchange, request) -> {
					server.getObject()
						.addTool(new SyncToolSpecification(SampleContent.toolWithoutArguments(LATER, "Says so"),
								(later, ignored) -> SampleContent.textResult("Added later")));
					server.getObject().removeTool(LATER);
					return SampleContent.textResult("The tools have changed");
				});
	}

	@Bean
	SyncToolSpecification promptChangeTool(ObjectProvider<McpSyncServer> server) {
		return new SyncToolSpecification(
				SampleContent.toolWithoutArguments("test_trigger_prompt_change", "Adds a prompt and removes it"),
				(exchange, request) -> {
					server.getObject()
						.addPrompt(new SyncPromptSpecification(
								Prompt.builder(LATER).description("An empty prompt").build(),
								(later, ignored) -> GetPromptResult.builder(List.of()).build()));
					server.getObject().removePrompt(LATER);
					return SampleContent.textResult("The prompts have changed");
				});
	}

	@Bean
	SyncToolSpecification headerTool() {
		Map<String, Object> region = Map.of("type", "string", "description", "Also sent as Mcp-Param-Region",
				"x-mcp-header", "Region");
		Tool tool = Tool.builder("test_x_mcp_header", Map.of("type", "object", "properties", Map.of("region", region)))
			.description("Tells the region that it was called with")
			.build();
		return new SyncToolSpecification(tool,
				(exchange, request) -> SampleContent.textResult("Region: " + request.arguments().get("region")));
	}

}

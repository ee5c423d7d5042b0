package io.github.mcppersist.samples.conformance;

import java.util.List;
import java.util.Map;

import io.modelcontextprotocol.server.McpServerFeatures.SyncCompletionSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncPromptSpecification;
import io.modelcontextprotocol.spec.McpSchema.CompleteResult;
import io.modelcontextprotocol.spec.McpSchema.CompleteResult.CompleteCompletion;
import io.modelcontextprotocol.spec.McpSchema.Content;
import io.modelcontextprotocol.spec.McpSchema.EmbeddedResource;
import io.modelcontextprotocol.spec.McpSchema.GetPromptResult;
import io.modelcontextprotocol.spec.McpSchema.Prompt;
import io.modelcontextprotocol.spec.McpSchema.PromptArgument;
import io.modelcontextprotocol.spec.McpSchema.PromptMessage;
import io.modelcontextprotocol.spec.McpSchema.PromptReference;
import io.modelcontextprotocol.spec.McpSchema.Role;
import io.modelcontextprotocol.spec.McpSchema.TextResourceContents;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Prompts, and completion for the arguments of one of them.
 */
@Configuration(proxyBeanMethods = false)
class Prompts {

	private static final String WITH_ARGUMENTS = "test_prompt_with_arguments";

	private static final List<String> COMPLETIONS = List.of("paris", "parma", "party", "test-value");

	@Bean
	SyncPromptSpecification simplePrompt() {
		return new SyncPromptSpecification(
				Prompt.builder("test_simple_prompt").description("A prompt without arguments").build(),
				(exchange, request) -> messages(SampleContent.text("This is a simple prompt for testing.")));
	}

	@Bean
	SyncPromptSpecification promptWithArguments() {
		Prompt prompt = Prompt.builder(WITH_ARGUMENTS)
			.description("A prompt with two arguments")
			.arguments(List.of(argument("arg1", "First test argument"), argument("arg2", "Second test argument")))
			.build();
		return new SyncPromptSpecification(prompt, (exchange, request) -> {
			Map<String, Object> arguments = arguments(request.arguments());
			return messages(SampleContent.text("Prompt with arguments: arg1='%s', arg2='%s'"
				.formatted(arguments.get("arg1"), arguments.get("arg2"))));
		});
	}

	@Bean
	SyncPromptSpecification promptWithEmbeddedResource() {
		Prompt prompt = Prompt.builder("test_prompt_with_embedded_resource")
			.description("A prompt that embeds a resource")
			.arguments(List.of(argument("resourceUri", "URI of the resource to embed")))
			.build();
		return new SyncPromptSpecification(prompt, (exchange, request) -> {
			String uri = String.valueOf(arguments(request.arguments()).get("resourceUri"));
			return messages(EmbeddedResource
				.builder(TextResourceContents.builder(uri, "Embedded resource content for testing.")
					.mimeType("text/plain")
					.build())
				.build(), SampleContent.text("Please process the embedded resource above."));
		});
	}

	@Bean
	SyncPromptSpecification promptWithImage() {
		return new SyncPromptSpecification(
				Prompt.builder("test_prompt_with_image").description("A prompt with an image").build(),
				(exchange, request) -> messages(SampleContent.image(),
						SampleContent.text("Please analyze the image above.")));
	}

	@Bean
	SyncCompletionSpecification argumentCompletion() {
		return new SyncCompletionSpecification(PromptReference.builder(WITH_ARGUMENTS).build(), (exchange, request) -> {
			List<String> values = COMPLETIONS.stream()
				.filter((value) -> value.startsWith(request.argument().value()))
				.toList();
			return new CompleteResult(new CompleteCompletion(values, values.size(), false), null);
		});
	}

	private static PromptArgument argument(String name, String description) {
		return PromptArgument.builder(name).description(description).required(true).build();
	}

	private static Map<String, Object> arguments(Map<String, Object> arguments) {
		return (arguments != null) ? arguments : Map.of();
	}

	private static GetPromptResult messages(Content... contents) {
		return GetPromptResult.builder(
				List.of(contents).stream().map((content) -> PromptMessage.builder(Role.USER, content).build()).toList())
			.build();
	}

}

package io.github.mcppersist.samples.conformance;

import java.util.List;

import io.modelcontextprotocol.server.McpServerFeatures.SyncResourceSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncResourceTemplateSpecification;
import io.modelcontextprotocol.spec.McpSchema.BlobResourceContents;
import io.modelcontextprotocol.spec.McpSchema.ReadResourceResult;
import io.modelcontextprotocol.spec.McpSchema.Resource;
import io.modelcontextprotocol.spec.McpSchema.ResourceContents;
import io.modelcontextprotocol.spec.McpSchema.ResourceTemplate;
import io.modelcontextprotocol.spec.McpSchema.TextResourceContents;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.util.UriTemplate;

/**
 * Resources: text, binary, a template, and one to subscribe to.
 */
@Configuration(proxyBeanMethods = false)
class Resources {

	static final String WATCHED_RESOURCE = "test://watched-resource";

	private static final String TEMPLATE = "test://template/{id}/data";

	@Bean
	SyncResourceSpecification staticTextResource() {
		String uri = "test://static-text";
		return resource(uri, "static-text", "A text that never changes", "text/plain",
				TextResourceContents.builder(uri, "This is the content of the static text resource.")
					.mimeType("text/plain")
					.build());
	}

	@Bean
	SyncResourceSpecification staticBinaryResource() {
		String uri = "test://static-binary";
		return resource(uri, "static-binary", "An image that never changes", "image/png",
				BlobResourceContents.builder(uri, SampleContent.PNG).mimeType("image/png").build());
	}

	@Bean
	SyncResourceSpecification watchedResource() {
		return resource(WATCHED_RESOURCE, "watched-resource",
				"Updated, for its subscribers, by the tool update_watched_resource", "text/plain",
				TextResourceContents.builder(WATCHED_RESOURCE, "Watched resource content")
					.mimeType("text/plain")
					.build());
	}

	@Bean
	SyncResourceTemplateSpecification templateResource() {
		UriTemplate template = new UriTemplate(TEMPLATE);
		return new SyncResourceTemplateSpecification(ResourceTemplate.builder(TEMPLATE, "template")
			.description("Data for the ID in its URI")
			.mimeType("application/json")
			.build(), (exchange, request) -> {
				String id = String.valueOf(template.match(request.uri()).get("id"));
				String text = Json.text(new TemplateData(id, true, "Data for ID: " + id));
				return contents(TextResourceContents.builder(request.uri(), text).mimeType("application/json").build());
			});
	}

	private static SyncResourceSpecification resource(String uri, String name, String description, String mimeType,
			ResourceContents contents) {
		ReadResourceResult result = contents(contents);
		return new SyncResourceSpecification(
				Resource.builder(uri, name).description(description).mimeType(mimeType).build(),
				(exchange, request) -> result);
	}

	private static ReadResourceResult contents(ResourceContents contents) {
		return ReadResourceResult.builder(List.of(contents)).build();
	}

	private record TemplateData(String id, boolean templateTest, String data) {
	}

}

package io.github.mcppersist.samples.conformance;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ImageContent;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import io.modelcontextprotocol.spec.McpSchema.Tool;

/**
 * What several tools, prompts and resources are made of.
 */
final class SampleContent {

	/** A PNG of one red pixel. */
	static final String PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

	/** A WAV of one silent sample. */
	static final String WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQIAAAAAAA==";

	private SampleContent() {
	}

	static Tool toolWithoutArguments(String name, String description) {
		return Tool.builder(name, Map.of("type", "object", "properties", Map.of())).description(description).build();
	}

	static CallToolResult textResult(String text) {
		return CallToolResult.builder(List.of(text(text))).build();
	}

	static CallToolResult errorResult(String text) {
		return CallToolResult.builder(List.of(text(text))).isError(true).build();
	}

	static TextContent text(String text) {
		return TextContent.builder(text).build();
	}

	/**
	 * Wait as a tool does that takes its time.
	 * @param milliseconds how long
	 * @return whether it wasn't interrupted
	 */
	static boolean pause(long milliseconds) {
		try {
			TimeUnit.MILLISECONDS.sleep(milliseconds);
			return true;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return false;
		}
	}

	static ImageContent image() {
		return ImageContent.builder(PNG, "image/png").build();
	}

}

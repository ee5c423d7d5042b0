package io.github.mcppersist.samples.conformance;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.regex.Pattern;

import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpSchema.Prompt;
import io.modelcontextprotocol.spec.McpSchema.Resource;
import io.modelcontextprotocol.spec.McpSchema.ResourceTemplate;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.core.env.Environment;

import static org.assertj.core.api.Assertions.assertThat;

@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT, properties = "mcp.persist.store=memory")
class ConformanceServerApplicationTests {

	private final HttpClient http = HttpClient.newHttpClient();

	@Autowired
	private McpSyncServer server;

	@Autowired
	private Environment environment;

	@Test
	void offersWhatTheConformanceSuiteAsksFor() {
		assertThat(this.server.listTools()).extracting(Tool::name)
			.contains("test_simple_text", "test_image_content", "test_audio_content", "test_embedded_resource",
					"test_multiple_content_types", "test_error_handling", "test_tool_with_logging",
					"test_tool_with_progress", "test_reconnection", "test_sampling", "test_elicitation",
					"test_elicitation_sep1034_defaults", "test_elicitation_sep1330_enums", "json_schema_2020_12_tool",
					"count");
		assertThat(this.server.listPrompts()).extracting(Prompt::name)
			.contains("test_simple_prompt", "test_prompt_with_arguments", "test_prompt_with_embedded_resource",
					"test_prompt_with_image");
		assertThat(this.server.listResources()).extracting(Resource::uri)
			.contains("test://static-text", "test://static-binary", "test://watched-resource");
		assertThat(this.server.listResourceTemplates()).extracting(ResourceTemplate::uriTemplate)
			.contains("test://template/{id}/data");
	}

	@Test
	void countsInNotificationsAndThenAnswers() throws Exception {
		String answer = callCount("{\"n\":3,\"intervalMs\":0}");

		assertThat(Pattern.compile("\"data\":\"(\\d)\"").matcher(answer).results().map((match) -> match.group(1)))
			.containsExactly("1", "2", "3");
		assertThat(answer).contains("counted 3").doesNotContain("\"isError\":true");
	}

	@Test
	void refusesToCountWhatIsOutOfBounds() throws Exception {
		for (String arguments : new String[] { "{}", "{\"n\":0}", "{\"n\":1000001}", "{\"n\":\"many\"}",
				"{\"n\":1,\"intervalMs\":-1}" }) {
			assertThat(callCount(arguments)).as(arguments)
				.contains("\"isError\":true", "Tool (count) input validation failed")
				.doesNotContain("counted");
		}
	}

	private String callCount(String arguments) throws Exception {
		String sessionId = post(null, """
				{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",\
				"capabilities":{},"clientInfo":{"name":"test","version":"1"}}}""").headers()
			.firstValue("Mcp-Session-Id")
			.orElseThrow();
		post(sessionId, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
		return post(sessionId, """
				{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"count","arguments":%s}}"""
			.formatted(arguments)).body();
	}

	private HttpResponse<String> post(String sessionId, String body) throws Exception {
		HttpRequest.Builder request = HttpRequest
			.newBuilder(URI.create("http://localhost:" + this.environment.getProperty("local.server.port") + "/mcp"))
			.timeout(Duration.ofSeconds(30))
			.header("Content-Type", "application/json")
			.header("Accept", "application/json, text/event-stream")
			.header("MCP-Protocol-Version", "2025-11-25")
			.POST(BodyPublishers.ofString(body));
		if (sessionId != null) {
			request.header("Mcp-Session-Id", sessionId);
		}
		return this.http.send(request.build(), BodyHandlers.ofString());
	}

}

package io.github.mcppersist.redis;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.TestRedis;
import io.github.mcppersist.test.transport.ModernPost;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A node that serves revision 2026-07-28 beside one that doesn't yet.
 */
@NeedsRedis
class RollingDeployTests {

	private static final Pattern STATE = Pattern.compile("\"requestState\":\"([^\"]*)\"");

	private final TestRedis redis;

	private McpNodes nodes;

	RollingDeployTests(TestRedis redis) {
		this.redis = redis;
	}

	@BeforeEach
	void start() throws Exception {
		this.nodes = McpNodes.start(this.redis,
				StreamableHttpOptions.builder().modern(ModernOptions.defaults()).build(),
				StreamableHttpOptions.defaults());
	}

	@AfterEach
	void stop() throws Exception {
		this.nodes.close();
	}

	@Test
	void keepsACallForItsClientThatTriesTheOtherNode() throws Exception {
		this.nodes.get(0).server
			.addTool(SyncToolSpecification.builder()
				.tool(Tool.builder("ask", Map.of("type", "object")).build())
				.callHandler((exchange, request) -> CallToolResult.builder()
					.addTextContent("hello " + exchange
						.createElicitation(ElicitRequest.builder("Who?", Map.of("type", "object")).build())
						.content()
						.get("name"))
					.build())
				.build());
		String state;
		try (Exchange asked = ask(0, "").send()) {
			Matcher matcher = STATE.matcher(asked.body());
			assertThat(matcher.find()).isTrue();
			state = matcher.group(1);
		}
		String answer = ",\"requestState\":\"" + state
				+ "\",\"inputResponses\":{\"elicitation\":{\"action\":\"accept\",\"content\":{\"name\":\"Bob\"}}}";

		try (Exchange old = ask(1, answer).send()) {
			assertThat(old.status()).isEqualTo(400);
			assertThat(old.body()).contains("-32600").contains("unsupported MCP-Protocol-Version");
		}
		try (Exchange young = ask(0, answer).send()) {
			assertThat(young.body()).contains("hello Bob");
		}
	}

	private ModernPost ask(int node, String rest) {
		return new ModernPost(this.nodes.get(node).client(), "tools/call", "\"name\":\"ask\",\"arguments\":{}" + rest)
			.header("Mcp-Name", "ask")
			.field("clientCapabilities", "{\"elicitation\":{}}");
	}

	@Test
	void broadcastsFromEachNodeToTheClientsOfTheOther() throws Exception {
		RawMcpClient legacy = this.nodes.get(1).client().initialize();
		try (Exchange get = legacy.get(null);
				Exchange listen = new ModernPost(this.nodes.get(0).client(), "subscriptions/listen",
						"\"notifications\":{\"promptsListChanged\":true}")
					.send()) {
			get.next();
			assertThat(listen.next().data()).contains("subscriptions/acknowledged");

			this.nodes.get(1).server.notifyPromptsListChanged();
			assertThat(listen.next().data()).contains("prompts/list_changed");
			assertThat(get.next().data()).contains("prompts/list_changed");
			this.nodes.get(0).server.notifyPromptsListChanged();
			assertThat(listen.next().data()).contains("prompts/list_changed");
			assertThat(get.next().data()).contains("prompts/list_changed");
		}
	}

	@Test
	void servesSessionsOfOlderRevisionsOnBoth() throws Exception {
		RawMcpClient client = this.nodes.initialize("{}");
		for (int node = 0; node < 2; node++) {
			try (Exchange call = client.at(this.nodes.get(node).port()).call(node, "count", "{}")) {
				assertThat(OnNodes.numbers(call.rest())).containsExactly("1", "2", "3");
			}
		}
	}

}

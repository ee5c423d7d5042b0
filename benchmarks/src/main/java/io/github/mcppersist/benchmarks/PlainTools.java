package io.github.mcppersist.benchmarks;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.modelcontextprotocol.modern.McpSchema.CallToolOutcome;
import io.modelcontextprotocol.modern.McpSchema.Implementation;
import io.modelcontextprotocol.modern.McpSchema.TextContent;
import io.modelcontextprotocol.modern.server.McpRequestContext;
import io.modelcontextprotocol.modern.server.McpSyncResponse;
import io.modelcontextprotocol.modern.server.feature.McpSyncTool;
import io.modelcontextprotocol.modern.server.feature.McpSyncToolRepository;
import io.modelcontextprotocol.modern.server.feature.ToolsFeature;
import io.modelcontextprotocol.modern.server.feature.ToolsPage;
import io.modelcontextprotocol.modern.server.transport.HttpServletMcpTransport;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import jakarta.servlet.Servlet;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.benchmarks.McpLoadClients.ToolCall;
import io.github.mcppersist.servlet.StreamableHttpServlet;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * The same tools on two servers: one that adds, and one that takes its time and holds its
 * thread for as long.
 */
enum PlainTools {

	ADD("a", "b") {

		@Override
		String run(Map<String, Object> arguments) {
			return Long.toString(number(arguments, "a") + number(arguments, "b"));
		}

	},

	SLEEP("ms") {

		@Override
		String run(Map<String, Object> arguments) {
			try {
				TimeUnit.MILLISECONDS.sleep(number(arguments, "ms"));
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
			return "slept " + number(arguments, "ms") + " ms";
		}

	};

	static final ToolCall QUICK = new ToolCall("add", "{\"a\":41,\"b\":1}", "\"text\":\"42\"");

	static final ToolCall SLEEPING = new ToolCall("sleep", "{\"ms\":1000}", "slept 1000 ms");

	private final Map<String, Object> schema;

	PlainTools(String... parameters) {
		Map<String, Object> properties = new LinkedHashMap<>();
		for (String parameter : parameters) {
			properties.put(parameter, Map.of("type", "integer"));
		}
		this.schema = Map.of("type", "object", "properties", properties, "required", List.of(parameters));
	}

	abstract String run(Map<String, Object> arguments);

	private String toolName() {
		return name().toLowerCase(Locale.ROOT);
	}

	static long number(Map<String, Object> arguments, String name) {
		return (arguments.get(name) instanceof Number number) ? number.longValue() : 0;
	}

	/**
	 * Have our endpoint serve them.
	 * @param endpoint the endpoint
	 * @return what a container is to run
	 */
	static Servlet on(StreamableHttpEndpoint endpoint) {
		List<SyncToolSpecification> tools = List.of(ADD.specification(), SLEEP.specification());
		McpServer.sync(endpoint)
			.serverInfo("benchmark", "1")
			.immediateExecution(true)
			.capabilities(ServerCapabilities.builder().tools(true).build())
			.tools(tools)
			.build();
		return new StreamableHttpServlet(endpoint);
	}

	private SyncToolSpecification specification() {
		return SyncToolSpecification.builder()
			.tool(Tool.builder(toolName(), this.schema).build())
			.callHandler(
					(exchange, request) -> CallToolResult.builder().addTextContent(run(request.arguments())).build())
			.build();
	}

	/**
	 * Have the SDK's own server of revision 2026-07-28 serve them.
	 * @return what a container is to run
	 */
	static Servlet onModernSdk() {
		return HttpServletMcpTransport
			.builder(io.modelcontextprotocol.modern.server.McpServer.builder()
				.serverInfo(Implementation.builder("benchmark", "1").build())
				.feature(ToolsFeature.ofSync(new Repository()))
				.build())
			.endpoint("/mcp")
			.build();
	}

	private McpSyncTool modern() {
		return McpSyncTool.of(io.modelcontextprotocol.modern.McpSchema.Tool.builder(toolName(), this.schema).build(),
				(context, request) -> McpSyncResponse
					.<CallToolOutcome>result(io.modelcontextprotocol.modern.McpSchema.CallToolResult.builder()
						.addContent(TextContent.builder(run(request.arguments())).build())
						.build()));
	}

	/**
	 * The SDK looks for each tool when it is called.
	 */
	private static final class Repository implements McpSyncToolRepository {

		private final Map<String, McpSyncTool> tools = Map.of(ADD.toolName(), ADD.modern(), SLEEP.toolName(),
				SLEEP.modern());

		@Override
		public ToolsPage list(McpRequestContext context, @Nullable String cursor) {
			return ToolsPage.of(this.tools.values().stream().map(McpSyncTool::definition).toList());
		}

		@Override
		public @Nullable McpSyncTool find(McpRequestContext context, String name) {
			return this.tools.get(name);
		}

	}

}

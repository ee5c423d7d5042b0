package io.github.mcppersist.test.transport;

import java.io.IOException;
import java.util.Map;
import java.util.function.BiFunction;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.Tool;

import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StreamableHttpOptions;

/**
 * What the tests of revision 2026-07-28 have in common.
 */
public abstract class AbstractModernTests extends AbstractStreamableHttpTests {

	@Override
	protected RawMcpClient start() throws Exception {
		return start(ModernOptions.builder());
	}

	protected RawMcpClient start(ModernOptions.Builder options) throws Exception {
		return start(StreamableHttpOptions.builder().modern(options.build()));
	}

	protected ModernPost request(String method, String params) {
		return new ModernPost(client(), method, params);
	}

	protected ModernPost call(String tool, String arguments) {
		return ModernPost.call(client(), tool, arguments);
	}

	/**
	 * Add a tool to the server that was started, or change it.
	 * @param name its name
	 * @param schema its input schema
	 * @param handler the tool
	 */
	protected void addTool(String name, Map<String, Object> schema,
			BiFunction<McpSyncServerExchange, CallToolRequest, CallToolResult> handler) {
		this.tools.running()
			.addTool(SyncToolSpecification.builder()
				.tool(Tool.builder(name, schema).build())
				.callHandler(handler)
				.build());
	}

	protected static CallToolResult text(String text) {
		return CallToolResult.builder().addTextContent(text).build();
	}

	/**
	 * Read a JSON object.
	 * @param exchange the response whose body it is
	 * @return the object
	 * @throws IOException if the connection fails, or it is none
	 */
	protected static Map<String, Object> json(Exchange exchange) throws IOException {
		return json(exchange.body());
	}

	@SuppressWarnings("unchecked")
	protected static Map<String, Object> json(String text) throws IOException {
		return McpJsonDefaults.getMapper().readValue(text, Map.class);
	}

	/**
	 * Return what is somewhere in a JSON object.
	 * @param json the object
	 * @param path the names that lead there
	 * @return the value, or {@code null}
	 */
	protected static Object at(Map<String, Object> json, String... path) {
		Object value = json;
		for (String name : path) {
			value = (value instanceof Map<?, ?> object) ? object.get(name) : null;
		}
		return value;
	}

}

import java.util.List;
import java.util.Map;

import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitResult;
import io.modelcontextprotocol.spec.McpSchema.TextContent;

/**
 * The SDK's client of the revisions that have sessions, over whichever transport.
 */
record SyncClient(McpSyncClient client, Runnable closing) implements Driver.Connection {

	static ElicitResult accept(Driver.Listener listener) {
		return new ElicitResult(ElicitResult.Action.ACCEPT, listener.asked());
	}

	@Override
	public void begin() {
		if (!this.client.isInitialized()) {
			this.client.initialize();
		}
	}

	@Override
	public List<String> listTools() {
		return this.client.listTools().tools().stream().map((tool) -> tool.name()).toList();
	}

	@Override
	public String callTool(String name, Map<String, Object> arguments) {
		CallToolResult result = this.client.callTool(
				CallToolRequest.builder().name(name).arguments(arguments).progressToken(name).build());
		return ((TextContent) result.content().get(0)).text();
	}

	@Override
	public void close() {
		this.closing.run();
	}

}

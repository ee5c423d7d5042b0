import java.util.List;
import java.util.Map;

import io.modelcontextprotocol.modern.McpSchema.CallToolResult;
import io.modelcontextprotocol.modern.McpSchema.ElicitResult;
import io.modelcontextprotocol.modern.McpSchema.Implementation;
import io.modelcontextprotocol.modern.McpSchema.TextContent;
import io.modelcontextprotocol.modern.client.McpClient;
import io.modelcontextprotocol.modern.client.McpSyncClient;
import io.modelcontextprotocol.modern.client.transport.HttpClientMcpTransport;

/**
 * The SDK's client of revision 2026-07-28, which speaks no other.
 */
record Client(McpSyncClient client, Driver.Listener listener) implements Driver.Connection {

	public static void main(String[] args) throws InterruptedException {
		Driver.run(args[0], (url, timeout, listener) -> new Client(
				McpClient.sync(HttpClientMcpTransport.builder(url).build())
					.clientInfo(Implementation.builder("mcp-persist-clients", "1").build())
					.roundTimeout(timeout)
					.formElicitation((request) -> ElicitResult.accept(listener.asked()))
					.build(),
				listener));
	}

	@Override
	public void begin() {
		// There is nothing to begin with
	}

	@Override
	public List<String> listTools() {
		return this.client.listTools().list().tools().stream().map((tool) -> tool.name()).toList();
	}

	@Override
	public String callTool(String name, Map<String, Object> arguments) {
		CallToolResult result = this.client.tool(name)
			.arguments(arguments)
			.progress((progress) -> this.listener.progressed(progress.progress()))
			.call();
		return ((TextContent) result.content().get(0)).text();
	}

	@Override
	public void close() {
		// Nothing is open between requests
	}

}

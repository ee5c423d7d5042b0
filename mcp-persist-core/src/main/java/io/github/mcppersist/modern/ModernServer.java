package io.github.mcppersist.modern;

import java.time.Duration;

import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpStreamableServerSession;

/**
 * The MCP server that handles requests, the same for all eras. Never blocks.
 */
public interface ModernServer {

	/**
	 * Return what the server says of itself.
	 * @return what it answers to an {@code initialize}; the protocol version means
	 * nothing
	 */
	InitializeResult description();

	/**
	 * Make a session for one request.
	 * @param capabilities what the client can do
	 * @param clientInfo what the client calls itself
	 * @param requestTimeout how long a handler waits for what it asks its client
	 * @return a session of the SDK's that nobody else knows of
	 */
	McpStreamableServerSession sessionOfOneRequest(ClientCapabilities capabilities, Implementation clientInfo,
			Duration requestTimeout);

}

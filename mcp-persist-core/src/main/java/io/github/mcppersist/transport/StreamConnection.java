package io.github.mcppersist.transport;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.server.McpSyncServerExchange;

/**
 * The connection on which a running request is answered. A tool that takes long can close
 * it, so that no connection is held open meanwhile: the client comes back with
 * {@code Last-Event-ID} after the server's {@code retry} time and gets what it missed
 * (MCP 2025-11-25, "Sending Messages to the Server"; SEP-1699). Many clients of that
 * revision don't, and would lose the result: theirs stay open.
 */
public interface StreamConnection {

	/**
	 * Return the connection of the request that a tool is called for.
	 * @param exchange what the tool was given
	 * @return the connection
	 */
	static StreamConnection of(McpSyncServerExchange exchange) {
		return of(exchange.transportContext());
	}

	/**
	 * Return the connection of the request that a tool is called for.
	 * @param exchange what the tool was given
	 * @return the connection
	 */
	static StreamConnection of(McpAsyncServerExchange exchange) {
		return of(exchange.transportContext());
	}

	private static StreamConnection of(McpTransportContext context) {
		return (context.get(StreamTransportContext.KEY) instanceof StreamConnection connection) ? connection
				: () -> false;
	}

	/**
	 * Close the connection that is open now; the request goes on running and its messages
	 * are stored. Never blocks, and can be called from any thread, in the synchronous as
	 * well as the asynchronous API.
	 * @return whether the connection on this node is about to be closed, if there is one.
	 * It stays open if the client could not come back, or isn't known to: its protocol
	 * version is older than 2025-11-25, it has not yet come back to the stream of any
	 * request of its session and isn't
	 * {@linkplain StreamableHttpOptions.Builder#resumingClients trusted to}, the store is
	 * out of reach, or the request isn't served by this transport. That a client has come
	 * back to another node is known here from its next request on. It also stays open,
	 * though this has said otherwise, if by the time that it is its turn its client has
	 * no event ID yet, or was sent a message without one that isn't stored so far
	 */
	boolean close();

}

package io.github.mcppersist.transport;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;

/**
 * A request of a client.
 *
 * @param request the request
 * @param id the JSON text of its ID
 */
record Call(JSONRPCRequest request, String id) {
}

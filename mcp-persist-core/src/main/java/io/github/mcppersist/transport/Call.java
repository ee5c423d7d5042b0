package io.github.mcppersist.transport;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;

import io.github.mcppersist.event.RequestId;

/**
 * A request of a client.
 *
 * @param request the request
 * @param id its ID
 */
record Call(JSONRPCRequest request, RequestId id) {
}

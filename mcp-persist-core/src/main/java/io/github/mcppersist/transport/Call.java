package io.github.mcppersist.transport;

import java.util.Set;

import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;

import io.github.mcppersist.event.RequestId;

/**
 * A request of a client.
 *
 * @param request the request
 * @param id its ID
 */
record Call(JSONRPCRequest request, RequestId id) {

	/**
	 * What the SDK answers from what it knows.
	 */
	private static final Set<String> ANSWERED_BY_SDK = Set.of(McpSchema.METHOD_PING, McpSchema.METHOD_TOOLS_LIST,
			McpSchema.METHOD_PROMPT_LIST, McpSchema.METHOD_RESOURCES_LIST, McpSchema.METHOD_RESOURCES_TEMPLATES_LIST,
			McpSchema.METHOD_LOGGING_SET_LEVEL, McpSchema.METHOD_RESOURCES_SUBSCRIBE,
			McpSchema.METHOD_RESOURCES_UNSUBSCRIBE);

	/**
	 * Say whether the request runs code of the user's, which may wait for whatever it
	 * likes.
	 * @return whether it needs one of the handlers' threads
	 */
	boolean runsUserCode() {
		return !ANSWERED_BY_SDK.contains(this.request.method());
	}

}

package io.github.mcppersist.transport;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.node.NodeMessage;

/**
 * How a client, and a node in its place, says that a request is cancelled (MCP
 * 2025-11-25, "Cancellation").
 */
final class Cancellation {

	static final String METHOD = "notifications/cancelled";

	private Cancellation() {
	}

	/**
	 * Return which request a client cancels.
	 * @param notification the notification
	 * @param jsonMapper writes JSON, as that which has read the request
	 * @return the request's ID, or {@code null} if no request can have it
	 */
	static @Nullable RequestId requestId(JSONRPCNotification notification, McpJsonMapper jsonMapper) {
		Object id = (notification.params() instanceof Map<?, ?> params) ? params.get("requestId") : null;
		if (!(id instanceof String || id instanceof Number)) {
			return null;
		}
		try {
			return new RequestId(jsonMapper.writeValueAsString(id));
		}
		catch (IOException | RuntimeException ex) {
			return null;
		}
	}

	/**
	 * Tell other nodes that a request is cancelled.
	 * @param sessionName the session of the client
	 * @param requestId the request
	 * @return the message
	 */
	static NodeMessage message(String sessionName, RequestId requestId) {
		// An ID may have spaces
		String detail = Base64.getUrlEncoder()
			.withoutPadding()
			.encodeToString(requestId.json().getBytes(StandardCharsets.UTF_8));
		return new NodeMessage(NodeMessage.Kind.CANCELLED, sessionName, detail);
	}

	/**
	 * Read which request is cancelled.
	 * @param message what another node tells
	 * @return the request's ID
	 */
	static RequestId requestId(NodeMessage message) {
		return new RequestId(new String(Base64.getUrlDecoder().decode(message.detail()), StandardCharsets.UTF_8));
	}

}

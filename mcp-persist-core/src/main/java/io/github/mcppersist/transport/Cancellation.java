package io.github.mcppersist.transport;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.stream.RequestIds;

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
	 * @return the JSON text of the request's ID, or {@code null} if no request can have
	 * it
	 */
	static @Nullable String requestId(JSONRPCNotification notification, McpJsonMapper jsonMapper) {
		Object id = (notification.params() instanceof Map<?, ?> params) ? params.get("requestId") : null;
		if (!(id instanceof String || id instanceof Number)) {
			return null;
		}
		try {
			String text = jsonMapper.writeValueAsString(id);
			return (text.getBytes(StandardCharsets.UTF_8).length <= RequestIds.MAX_ID_BYTES) ? text : null;
		}
		catch (IOException | RuntimeException ex) {
			return null;
		}
	}

	/**
	 * Tell other nodes that a request is cancelled.
	 * @param sessionId the session of the client
	 * @param requestId the JSON text of the request's ID
	 * @return the message
	 */
	static NodeMessage message(String sessionId, String requestId) {
		// An ID may have spaces
		String detail = Base64.getUrlEncoder()
			.withoutPadding()
			.encodeToString(requestId.getBytes(StandardCharsets.UTF_8));
		return new NodeMessage(NodeMessage.Kind.CANCELLED, sessionId, detail);
	}

	/**
	 * Read which request is cancelled.
	 * @param message what another node tells
	 * @return the JSON text of the request's ID
	 */
	static String requestId(NodeMessage message) {
		return new String(Base64.getUrlDecoder().decode(message.detail()), StandardCharsets.UTF_8);
	}

}

package io.github.mcppersist.transport;

import java.io.IOException;
import java.util.Map;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse.JSONRPCError;
import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.stream.JsonRpcError;

/**
 * What a client sent as one message. There is a message, or a refusal, or both: in the
 * place of an answer that is malformed, but says what it answers, stands an error that
 * ends the wait for it, while the client is refused.
 *
 * @param message the message
 * @param requestId the ID of a request, and of nothing else
 * @param rejection the refusal
 */
record IncomingMessage(@Nullable JSONRPCMessage message, @Nullable RequestId requestId, @Nullable Rejection rejection) {

	private static final String NO_MESSAGE = "Invalid Request: the body is not a JSON-RPC 2.0 message";

	/**
	 * Read a message.
	 * @param jsonMapper reads and writes JSON
	 * @param json what it read
	 * @return the message, or the refusal, or both
	 */
	static IncomingMessage of(McpJsonMapper jsonMapper, @Nullable Object json) {
		if (!(json instanceof Map<?, ?> object)) {
			return refused(NO_MESSAGE);
		}
		Class<? extends JSONRPCMessage> type = type(object);
		if (type == null) {
			return malformed(object, NO_MESSAGE);
		}
		try {
			if (type == JSONRPCRequest.class) {
				return request(jsonMapper, new JSONRPCRequest("2.0", String.valueOf(object.get("method")),
						object.get("id"), object.get("params")));
			}
			JSONRPCMessage message = jsonMapper.convertValue(json, type);
			if (message instanceof JSONRPCResponse answer && answer.error() == null
					&& !(answer.result() instanceof Map)) {
				return malformed(object, "Invalid Request: a result must be an object");
			}
			return new IncomingMessage(message, null, null);
		}
		catch (IOException | RuntimeException ex) {
			return malformed(object, "Invalid Request: an ID, method, result or error is not as JSON-RPC says");
		}
	}

	private static IncomingMessage request(McpJsonMapper jsonMapper, JSONRPCRequest request) throws IOException {
		Object value = request.id();
		String id = (value instanceof String) ? jsonMapper.writeValueAsString(value) : value.toString();
		try {
			return new IncomingMessage(request, new RequestId(id), null);
		}
		catch (IllegalArgumentException ex) {
			return refused("Invalid Request: " + ex.getMessage());
		}
	}

	private static @Nullable Class<? extends JSONRPCMessage> type(Map<?, ?> json) {
		if (!"2.0".equals(json.get("jsonrpc"))) {
			return null;
		}
		if (json.get("method") instanceof String) {
			return json.containsKey("id") ? JSONRPCRequest.class : JSONRPCNotification.class;
		}
		boolean answer = json.containsKey("result") || json.containsKey("error");
		return (answer && !json.containsKey("method")) ? JSONRPCResponse.class : null;
	}

	private static IncomingMessage malformed(Map<?, ?> json, String reason) {
		Object id = json.get("id");
		if (id == null || json.get("method") instanceof String || ServerRequests.nodeOf(id) == null) {
			return refused(reason);
		}
		JSONRPCError error = new JSONRPCError(JsonRpcError.INVALID_REQUEST, "The client's answer is malformed");
		return new IncomingMessage(JSONRPCResponse.error(id, error), null, rejection(reason));
	}

	private static IncomingMessage refused(String reason) {
		return new IncomingMessage(null, null, rejection(reason));
	}

	private static Rejection rejection(String reason) {
		return Rejection.of(400, reason);
	}

}

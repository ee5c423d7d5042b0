package io.github.mcppersist.transport;

import java.io.IOException;
import java.util.List;
import java.util.Map;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import org.jspecify.annotations.Nullable;

/**
 * The body of a POST: either a JSON-RPC message or the reason why it is none.
 *
 * @param message the message, if it is one
 * @param rejection the refusal, if it isn't
 */
record IncomingMessage(@Nullable JSONRPCMessage message, @Nullable Rejection rejection) {

	/**
	 * Read a body.
	 * @param jsonMapper reads JSON
	 * @param body the body
	 * @return the message, or the refusal
	 */
	static IncomingMessage read(McpJsonMapper jsonMapper, byte[] body) {
		Object json;
		try {
			json = jsonMapper.readValue(body, Object.class);
		}
		catch (IOException | RuntimeException ex) {
			return refused(JsonRpcError.PARSE_ERROR, "Parse error: the body is not JSON");
		}
		if (json instanceof List) {
			return refused(JsonRpcError.INVALID_REQUEST, "Invalid Request: batches are not supported");
		}
		try {
			Class<? extends JSONRPCMessage> type = (json instanceof Map<?, ?> object) ? type(object) : null;
			if (type == null) {
				return refused(JsonRpcError.INVALID_REQUEST, "Invalid Request: the body is not a JSON-RPC 2.0 message");
			}
			return new IncomingMessage(jsonMapper.convertValue(json, type), null);
		}
		catch (RuntimeException ex) {
			return refused(JsonRpcError.INVALID_REQUEST,
					"Invalid Request: an ID, method or result is not as JSON-RPC says");
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

	private static IncomingMessage refused(int code, String message) {
		return new IncomingMessage(null, new Rejection(400, code, message, null, Map.of()));
	}

}

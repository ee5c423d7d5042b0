package io.github.mcppersist.transport;

import java.io.IOException;
import java.util.Map;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
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

	private static final TypeRef<Map<String, Object>> JSON_OBJECT = new TypeRef<>() {
	};

	/**
	 * Read a body.
	 * @param jsonMapper reads JSON
	 * @param body the body
	 * @return the message, or the refusal
	 */
	static IncomingMessage read(McpJsonMapper jsonMapper, byte[] body) {
		Map<String, Object> json;
		try {
			json = jsonMapper.readValue(body, JSON_OBJECT);
		}
		catch (IOException | RuntimeException ex) {
			return isJsonArray(body)
					? refused(JsonRpcError.INVALID_REQUEST, "Invalid Request: batches are not supported")
					: refused(JsonRpcError.PARSE_ERROR, "Parse error: the body is not a JSON object");
		}
		if (json == null) {
			return refused(JsonRpcError.INVALID_REQUEST, "Invalid Request: the body is not a JSON-RPC message");
		}
		try {
			Class<? extends JSONRPCMessage> type = type(json);
			if (type == null || !"2.0".equals(json.get("jsonrpc"))) {
				return refused(JsonRpcError.INVALID_REQUEST, "Invalid Request: the body is not a JSON-RPC 2.0 message");
			}
			return new IncomingMessage(jsonMapper.convertValue(json, type), null);
		}
		catch (RuntimeException ex) {
			return refused(JsonRpcError.INVALID_REQUEST,
					"Invalid Request: an ID, method or result is not as JSON-RPC says");
		}
	}

	private static @Nullable Class<? extends JSONRPCMessage> type(Map<String, Object> json) {
		if (json.containsKey("method")) {
			return json.containsKey("id") ? JSONRPCRequest.class : JSONRPCNotification.class;
		}
		return (json.containsKey("result") || json.containsKey("error")) ? JSONRPCResponse.class : null;
	}

	private static boolean isJsonArray(byte[] body) {
		for (byte character : body) {
			if (character != ' ' && character != '\t' && character != '\n' && character != '\r') {
				return character == '[';
			}
		}
		return false;
	}

	private static IncomingMessage refused(int code, String message) {
		return new IncomingMessage(null, new Rejection(400, code, message, null, Map.of()));
	}

}

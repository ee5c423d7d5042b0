package io.github.mcppersist.stream;

import java.nio.charset.StandardCharsets;
import java.util.List;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.event.RequestIds;

/**
 * A JSON-RPC error response as JSON text. Written by hand, since the SDK's type refuses
 * the {@code null} ID that an error has when its request could not be read.
 */
public final class JsonRpcError {

	/**
	 * What came is no JSON.
	 */
	public static final int PARSE_ERROR = -32700;

	/**
	 * What came is JSON, but no message that is allowed here.
	 */
	public static final int INVALID_REQUEST = -32600;

	/**
	 * The parameters aren't those of the method.
	 */
	public static final int INVALID_PARAMS = -32602;

	/**
	 * The server failed.
	 */
	public static final int INTERNAL_ERROR = -32603;

	/**
	 * From the range that JSON-RPC leaves to servers.
	 */
	public static final int SERVER_ERROR = -32000;

	private JsonRpcError() {
	}

	/**
	 * Write an error response.
	 * @param requestId the request's ID, or {@code null} if unknown
	 * @param code the error code
	 * @param message what happened, in ASCII without quotes or backslashes
	 * @return the response as UTF-8 JSON
	 */
	public static byte[] of(@Nullable RequestId requestId, int code, String message) {
		return ("{\"jsonrpc\":\"2.0\",\"id\":" + requestId + ",\"error\":{\"code\":" + code + ",\"message\":\""
				+ message + "\"}}")
			.getBytes(StandardCharsets.UTF_8);
	}

	/**
	 * Write an error response to each request that a stream answers.
	 * @param requestIds what the stream answers
	 * @param code the error code
	 * @param message as above
	 * @return the responses, one for each request
	 */
	public static List<byte[]> forEach(RequestIds requestIds, int code, String message) {
		return requestIds.all().stream().map((requestId) -> of(requestId, code, message)).toList();
	}

}

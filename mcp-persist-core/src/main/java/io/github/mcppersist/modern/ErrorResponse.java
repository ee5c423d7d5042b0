package io.github.mcppersist.modern;

import java.util.Map;

import io.modelcontextprotocol.spec.HttpHeaders;
import io.modelcontextprotocol.spec.McpSchema.ErrorCodes;
import org.jspecify.annotations.Nullable;

/**
 * An error in place of a result (MCP 2026-07-28, "Error Codes").
 *
 * @param status the HTTP status, if it is the whole answer
 * @param code the JSON-RPC error code
 * @param message what happened and what to do
 * @param data what the specification, or a handler, has the client know besides
 */
record ErrorResponse(int status, int code, String message, @Nullable Object data) {

	static final int HEADER_MISMATCH = -32020;

	static final int MISSING_CLIENT_CAPABILITY = -32021;

	static final int UNSUPPORTED_PROTOCOL_VERSION = -32022;

	private static final String RETRY_AFTER = "Retry-After";

	private static final String SECONDS = "1";

	/**
	 * What has a client come back soon.
	 */
	static final Map<String, String> FOR_LATER = Map.of(RETRY_AFTER, SECONDS);

	private static final Map<String, String> JSON = Map.of(HttpHeaders.CONTENT_TYPE, "application/json");

	private static final Map<String, String> JSON_FOR_LATER = Map.of(HttpHeaders.CONTENT_TYPE, "application/json",
			RETRY_AFTER, SECONDS);

	private static final int MAX_ECHO = 100;

	static ErrorResponse headerMismatch(String message) {
		return of(HEADER_MISMATCH, "Header mismatch: " + message, null);
	}

	static ErrorResponse missingCapability(Map<String, ?> required) {
		// Clients show their users the message, and not the data
		return of(MISSING_CLIENT_CAPABILITY,
				"The client has not declared what this request needs: " + String.join(", ", required.keySet()),
				Map.of("requiredCapabilities", required));
	}

	static ErrorResponse unsupportedVersion(String requested) {
		return of(UNSUPPORTED_PROTOCOL_VERSION, "Unsupported protocol version",
				Map.of("supported", EraRules.PROTOCOL_VERSIONS, "requested", echo(requested)));
	}

	static ErrorResponse invalidRequest(String message) {
		return of(ErrorCodes.INVALID_REQUEST, "Invalid Request: " + message, null);
	}

	static ErrorResponse invalidParams(String message) {
		return of(ErrorCodes.INVALID_PARAMS, "Invalid params: " + message, null);
	}

	static ErrorResponse methodNotFound(String method) {
		return of(
				ErrorCodes.METHOD_NOT_FOUND, "Method not found: " + echo(method)
						+ ". Requests with _meta have the methods of " + String.join(", ", EraRules.PROTOCOL_VERSIONS),
				null);
	}

	static ErrorResponse internal(String message) {
		return of(ErrorCodes.INTERNAL_ERROR, message, null);
	}

	/**
	 * Return what a response comes with that is the whole answer.
	 * @param status its HTTP status
	 * @return its headers
	 */
	static Map<String, String> headers(int status) {
		return (status == 503 || status == 429) ? JSON_FOR_LATER : JSON;
	}

	/**
	 * The server has failed before the request could be handled.
	 * @return the error, with 500
	 */
	static ErrorResponse failed() {
		return new ErrorResponse(500, ErrorCodes.INTERNAL_ERROR, "Internal error", null);
	}

	static ErrorResponse unavailable(String reason) {
		return new ErrorResponse(503, ErrorCodes.INTERNAL_ERROR, "Service Unavailable: " + reason, null);
	}

	static ErrorResponse tooMany(String advice) {
		return new ErrorResponse(429, ErrorCodes.INTERNAL_ERROR, "Too Many Requests: " + advice, null);
	}

	/**
	 * Make an error that has the status of its code.
	 * @param code the code
	 * @param message the message
	 * @param data the data, or {@code null}
	 * @return the error
	 */
	static ErrorResponse of(int code, String message, @Nullable Object data) {
		return new ErrorResponse(status(code), code, message, data);
	}

	// A handler that has failed has answered
	private static int status(int code) {
		return switch (code) {
			case ErrorCodes.PARSE_ERROR, ErrorCodes.INVALID_REQUEST, ErrorCodes.INVALID_PARAMS, HEADER_MISMATCH,
					MISSING_CLIENT_CAPABILITY, UNSUPPORTED_PROTOCOL_VERSION ->
				400;
			case ErrorCodes.METHOD_NOT_FOUND -> 404;
			default -> 200;
		};
	}

	private static String echo(String text) {
		return (text.length() <= MAX_ECHO) ? text : text.substring(0, MAX_ECHO) + "...";
	}

}

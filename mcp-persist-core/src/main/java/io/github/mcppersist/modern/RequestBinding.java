package io.github.mcppersist.modern;

import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.jspecify.annotations.Nullable;

/**
 * What a request state is bound to: the principal, the server, and the request but for
 * what differs between the first time and the next.
 */
final class RequestBinding {

	static final String INPUT_RESPONSES = "inputResponses";

	static final String REQUEST_STATE = "requestState";

	private RequestBinding() {
	}

	/**
	 * Return what a request's state is bound to.
	 * @param request the request
	 * @param principal who makes it, or {@code null} for nobody
	 * @param server the name of the MCP server
	 * @param jsonMapper writes JSON
	 * @return a hash
	 */
	static byte[] of(JSONRPCRequest request, @Nullable String principal, String server, McpJsonMapper jsonMapper) {
		Map<Object, @Nullable Object> params = new TreeMap<>();
		if (withoutRound(request).params() instanceof Map<?, ?> given) {
			params.putAll(given);
		}
		// Each request's own
		params.remove(RequestMetadata.META);
		List<@Nullable Object> parts = new ArrayList<>();
		parts.add(principal);
		parts.add(server);
		parts.add(request.method());
		parts.add(sorted(params));
		try {
			return MessageDigest.getInstance("SHA-256").digest(jsonMapper.writeValueAsBytes(parts));
		}
		catch (IOException | NoSuchAlgorithmException ex) {
			throw new IllegalStateException("What a request state is bound to can't be computed", ex);
		}
	}

	/**
	 * Leave out what belongs to a round.
	 * @param request a request
	 * @return the request as it was made first
	 */
	static JSONRPCRequest withoutRound(JSONRPCRequest request) {
		if (!(request.params() instanceof Map<?, ?> params)) {
			return request;
		}
		Map<Object, Object> kept = new LinkedHashMap<>(params);
		kept.remove(INPUT_RESPONSES);
		kept.remove(REQUEST_STATE);
		return new JSONRPCRequest(request.jsonrpc(), request.method(), request.id(), kept);
	}

	// Members have no order
	private static @Nullable Object sorted(@Nullable Object value) {
		if (value instanceof Map<?, ?> object) {
			Map<String, @Nullable Object> members = new TreeMap<>();
			object.forEach((name, member) -> members.put(String.valueOf(name), sorted(member)));
			return members;
		}
		if (value instanceof List<?> array) {
			List<@Nullable Object> elements = new ArrayList<>();
			array.forEach((element) -> elements.add(sorted(element)));
			return elements;
		}
		return value;
	}

}

package io.github.mcppersist.modern;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.ErrorCodes;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse.JSONRPCError;
import org.jspecify.annotations.Nullable;

/**
 * Writes what goes to clients, out of what the server's handlers return: as they would
 * answer a legacy client, which lacks what this revision has in every result.
 * Thread-safe.
 */
final class Messages {

	static final String DISCOVER = "server/discover";

	private static final TypeRef<LinkedHashMap<String, Object>> OBJECT = new TypeRef<>() {
	};

	private static final Set<String> CACHEABLE = Set.of(DISCOVER, McpSchema.METHOD_TOOLS_LIST,
			McpSchema.METHOD_PROMPT_LIST, McpSchema.METHOD_RESOURCES_LIST, McpSchema.METHOD_RESOURCES_TEMPLATES_LIST,
			McpSchema.METHOD_RESOURCES_READ);

	/**
	 * Codes that the specification keeps for itself.
	 */
	private static final int FIRST_RESERVED = -32099;

	private static final int LAST_RESERVED = -32020;

	private final McpJsonMapper jsonMapper;

	private final ModernSettings settings;

	private final Supplier<InitializeResult> server;

	Messages(McpJsonMapper jsonMapper, ModernSettings settings, Supplier<InitializeResult> server) {
		this.jsonMapper = jsonMapper;
		this.settings = settings;
		this.server = server;
	}

	/**
	 * Write what {@code server/discover} returns.
	 * @param request the request
	 * @return the response
	 */
	byte[] discovered(JSONRPCRequest request) {
		InitializeResult description = this.server.get();
		Map<String, Object> result = new LinkedHashMap<>();
		result.put("supportedVersions", EraRules.PROTOCOL_VERSIONS);
		result.put("capabilities", capabilities(description));
		if (description.instructions() != null) {
			result.put("instructions", description.instructions());
		}
		return result(request, result);
	}

	// Nobody is told of changes as long as there is no subscriptions/listen
	private Map<String, Object> capabilities(InitializeResult description) {
		Map<String, Object> capabilities = this.jsonMapper.convertValue(description.capabilities(), OBJECT);
		for (String kind : List.of("tools", "prompts", "resources")) {
			if (capabilities.get(kind) instanceof Map<?, ?> capability) {
				Map<?, ?> kept = new LinkedHashMap<>(capability);
				kept.keySet().removeAll(Set.of("listChanged", "subscribe"));
				capabilities.put(kind, kept);
			}
		}
		return capabilities;
	}

	/**
	 * Write a result that is complete.
	 * @param request the request
	 * @param handled what its handler has returned
	 * @return the response
	 * @throws IllegalArgumentException if it can't be written
	 */
	byte[] result(JSONRPCRequest request, Object handled) {
		Map<String, Object> result = new LinkedHashMap<>();
		result.put("resultType", "complete");
		Map<String, Object> own = this.jsonMapper.convertValue(handled, OBJECT);
		result.putAll(own);
		Map<Object, Object> meta = new LinkedHashMap<>();
		if (own.get(RequestMetadata.META) instanceof Map<?, ?> given) {
			meta.putAll(given);
		}
		meta.put(RequestMetadata.PREFIX + "serverInfo", this.server.get().serverInfo());
		result.put(RequestMetadata.META, meta);
		if (CACHEABLE.contains(request.method())) {
			result.putIfAbsent("ttlMs", this.settings.cacheTtlMillis());
			result.putIfAbsent("cacheScope", this.settings.cacheScope());
		}
		return write(message(request.id(), "result", result));
	}

	/**
	 * Write an error.
	 * @param requestId the ID of the request, or {@code null} if it isn't known
	 * @param error the error
	 * @return the response
	 */
	byte[] error(@Nullable Object requestId, ErrorResponse error) {
		Map<String, Object> content = new LinkedHashMap<>();
		content.put("code", error.code());
		content.put("message", error.message());
		if (error.data() != null) {
			content.put("data", error.data());
		}
		return write(message(requestId, "error", content));
	}

	byte[] notification(JSONRPCNotification notification) {
		return write(notification);
	}

	/**
	 * Make of a handler's error what this revision has in its place.
	 * @param error the error
	 * @param metadata what the request says of its client
	 * @return the error for the client
	 */
	static ErrorResponse translate(JSONRPCError error, RequestMetadata metadata) {
		Map<String, ?> missing = MissingCapability.in(error.message(), metadata.capabilities());
		if (missing != null) {
			return ErrorResponse.missingCapability(missing);
		}
		int code = error.code();
		String message = (error.message() != null) ? error.message() : "Error";
		if (code == ErrorCodes.RESOURCE_NOT_FOUND) {
			return ErrorResponse.of(ErrorCodes.INVALID_PARAMS, message, error.data());
		}
		if (code == ErrorCodes.URL_ELICITATION_REQUIRED) {
			Map<String, ?> urls = MissingCapability.forUrls(metadata.capabilities());
			return (urls != null) ? ErrorResponse.missingCapability(urls) : ErrorResponse.internal(message);
		}
		boolean reserved = code >= FIRST_RESERVED && code <= LAST_RESERVED;
		if (reserved && !isMissingCapability(error)) {
			return ErrorResponse.of(ErrorCodes.INTERNAL_ERROR, message, error.data());
		}
		return ErrorResponse.of(code, message, error.data());
	}

	// A tool may need what it doesn't ask for itself
	private static boolean isMissingCapability(JSONRPCError error) {
		return error.code() == ErrorResponse.MISSING_CLIENT_CAPABILITY && error.data() instanceof Map<?, ?> data
				&& data.get("requiredCapabilities") instanceof Map;
	}

	private static Map<String, Object> message(@Nullable Object requestId, String name, Object content) {
		Map<String, Object> message = new LinkedHashMap<>();
		message.put("jsonrpc", McpSchema.JSONRPC_VERSION);
		if (requestId != null) {
			message.put("id", requestId);
		}
		message.put(name, content);
		return message;
	}

	private byte[] write(Object message) {
		try {
			return this.jsonMapper.writeValueAsBytes(message);
		}
		catch (IOException ex) {
			throw new IllegalArgumentException("A message can't be written as JSON", ex);
		}
	}

}

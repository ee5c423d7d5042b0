package io.github.mcppersist.modern;

import java.io.IOException;
import java.util.LinkedHashMap;
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

	private static final String SUBSCRIPTION_ID = RequestMetadata.PREFIX + "subscriptionId";

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
		result.put("capabilities", description.capabilities());
		if (description.instructions() != null) {
			result.put("instructions", description.instructions());
		}
		return result(request, result);
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
	 * Write what begins a subscription.
	 * @param listen the request, whose ID is that of the subscription
	 * @param honoured what the server has agreed to tell
	 * @return the notification
	 */
	byte[] acknowledgement(JSONRPCRequest listen, SubscriptionFilter honoured) {
		return notification(listen, "notifications/subscriptions/acknowledged",
				Map.of("notifications", honoured.toMap()));
	}

	/**
	 * Write a notification of a subscription.
	 * @param listen the request, whose ID is that of the subscription
	 * @param method the method of the notification
	 * @param params its parameters
	 * @return the notification
	 */
	byte[] notification(JSONRPCRequest listen, String method, Map<String, ?> params) {
		Map<Object, Object> meta = new LinkedHashMap<>();
		if (params.get(RequestMetadata.META) instanceof Map<?, ?> given) {
			meta.putAll(given);
		}
		meta.put(SUBSCRIPTION_ID, listen.id());
		Map<String, Object> all = new LinkedHashMap<>(params);
		all.put(RequestMetadata.META, meta);
		return write(new JSONRPCNotification(method, all));
	}

	/**
	 * Write that the server has ended a subscription.
	 * @param listen the request, whose ID is that of the subscription
	 * @return the response
	 */
	byte[] ended(JSONRPCRequest listen) {
		return result(listen, Map.of(RequestMetadata.META, Map.of(SUBSCRIPTION_ID, listen.id())));
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

package io.github.mcppersist.modern;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
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

import io.github.mcppersist.task.TaskRecord;

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

	private static final String SERVER_INFO = RequestMetadata.PREFIX + "serverInfo";

	/**
	 * What a round ends with when the call has become a task: what is asked is never
	 * that.
	 */
	private static final byte[] TASK = utf8("\"task\"");

	private static final byte[] COMMA = { ',' };

	private static final byte[] END = { '}' };

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
		return response(request.id(), result(DISCOVER, result));
	}

	private Object capabilities(InitializeResult description) {
		if (!this.settings.tasks().isServed() || description.capabilities().tools() == null) {
			return description.capabilities();
		}
		Map<String, Object> capabilities = this.jsonMapper.convertValue(description.capabilities(), OBJECT);
		Map<Object, Object> extensions = new LinkedHashMap<>();
		if (capabilities.get("extensions") instanceof Map<?, ?> given) {
			extensions.putAll(given);
		}
		extensions.put(RequestMetadata.TASKS, Map.of());
		capabilities.put("extensions", extensions);
		return capabilities;
	}

	/**
	 * Write a result that is complete.
	 * @param method the method that it is of
	 * @param handled what its handler has returned
	 * @return the result
	 * @throws IllegalArgumentException if it can't be written
	 */
	byte[] result(String method, Object handled) {
		Map<String, Object> result = new LinkedHashMap<>();
		result.put("resultType", "complete");
		Map<String, Object> own = this.jsonMapper.convertValue(handled, OBJECT);
		result.putAll(own);
		Map<Object, Object> meta = new LinkedHashMap<>();
		if (own.get(RequestMetadata.META) instanceof Map<?, ?> given) {
			meta.putAll(given);
		}
		meta.put(SERVER_INFO, this.server.get().serverInfo());
		result.put(RequestMetadata.META, meta);
		if (CACHEABLE.contains(method)) {
			result.putIfAbsent("ttlMs", this.settings.cacheTtlMillis());
			result.putIfAbsent("cacheScope", this.settings.cacheScope());
		}
		return write(result);
	}

	/**
	 * Write a result that asks for input.
	 * @param inputRequests what is asked, by key, as JSON
	 * @param requestState what the client is to bring back, or {@code null} if it makes
	 * the request anew
	 * @return the result
	 */
	byte[] inputRequired(byte[] inputRequests, @Nullable String requestState) {
		Map<String, Object> members = new LinkedHashMap<>();
		members.put("resultType", "input_required");
		if (requestState != null) {
			members.put("requestState", requestState);
		}
		members.put(RequestMetadata.META, serverInfo());
		byte[] rest = write(members);
		return join(utf8("{\"inputRequests\":"), inputRequests, COMMA, Arrays.copyOfRange(rest, 1, rest.length));
	}

	/**
	 * Write the result of a call that has become a task.
	 * @param taskId the ID by which its client follows it
	 * @param task the task
	 * @return the result
	 */
	byte[] createdTask(String taskId, TaskRecord task) {
		Map<String, Object> members = task("task", taskId, task);
		members.put(RequestMetadata.META, serverInfo());
		return write(members);
	}

	/**
	 * Write the state of a task.
	 * @param taskId the ID by which its client follows it
	 * @param task the task
	 * @return the result of a request for it
	 */
	byte[] detailedTask(String taskId, TaskRecord task) {
		Map<String, Object> members = task("complete", taskId, task);
		members.put(RequestMetadata.META, serverInfo());
		return detailed(members, task);
	}

	/**
	 * Write that a task has changed.
	 * @param listen the request of the subscription, whose ID is that of the subscription
	 * @param taskId the ID by which its client follows it
	 * @param task the task
	 * @return the notification
	 */
	byte[] taskChanged(JSONRPCRequest listen, String taskId, TaskRecord task) {
		Map<String, Object> members = task(null, taskId, task);
		members.put(RequestMetadata.META, Map.of(SUBSCRIPTION_ID, listen.id()));
		return join(utf8("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tasks\",\"params\":"),
				detailed(members, task), END);
	}

	/**
	 * Return the outcome of a round by which the call has become a task.
	 * @return the outcome, for the store
	 */
	byte[] becameTask() {
		return TASK;
	}

	/**
	 * Say whether that is the outcome of a round.
	 * @param outcome an outcome out of the store
	 * @return whether the call has become a task by it
	 */
	boolean isTask(byte[] outcome) {
		return Arrays.equals(outcome, TASK);
	}

	/**
	 * Write what acknowledges a request that changes a task.
	 * @return the result
	 */
	byte[] acknowledged() {
		Map<String, Object> members = new LinkedHashMap<>();
		members.put("resultType", "complete");
		members.put(RequestMetadata.META, serverInfo());
		return write(members);
	}

	private Map<String, Object> task(@Nullable String resultType, String taskId, TaskRecord task) {
		Map<String, Object> members = new LinkedHashMap<>();
		if (resultType != null) {
			members.put("resultType", resultType);
		}
		members.put("taskId", taskId);
		members.put("status", task.status().toString());
		if (task.statusMessage() != null) {
			members.put("statusMessage", task.statusMessage());
		}
		members.put("createdAt", task.createdAt().toString());
		members.put("lastUpdatedAt", task.lastUpdatedAt().toString());
		members.put("ttlMs", task.timeToLive().toMillis());
		members.put("pollIntervalMs", this.settings.tasks().pollInterval().toMillis());
		return members;
	}

	private byte[] detailed(Map<String, Object> members, TaskRecord task) {
		byte[] detail = switch (task.status()) {
			case INPUT_REQUIRED -> member("inputRequests", inputRequests(task.inputRequests()));
			case COMPLETED -> member("result", task.outcome());
			case FAILED -> member("error", task.outcome());
			case WORKING, CANCELLED -> new byte[0];
		};
		byte[] rest = write(members);
		return join(Arrays.copyOf(rest, rest.length - 1), detail, END);
	}

	private static byte[] member(String name, byte @Nullable [] content) {
		if (content == null) {
			throw new IllegalArgumentException("A task that has ended has no " + name);
		}
		return join(utf8(",\"" + name + "\":"), content);
	}

	private Map<String, ?> serverInfo() {
		return Map.of(SERVER_INFO, this.server.get().serverInfo());
	}

	private static byte[] utf8(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

	/**
	 * Write what is asked together.
	 * @param requests the requests as JSON, by key
	 * @return an object
	 */
	byte[] inputRequests(Map<String, byte[]> requests) {
		ByteArrayOutputStream object = new ByteArrayOutputStream();
		requests.forEach((key, request) -> {
			object.write((object.size() == 0) ? '{' : ',');
			object.writeBytes(write(key));
			object.write(':');
			object.writeBytes(request);
		});
		object.write('}');
		return object.toByteArray();
	}

	/**
	 * Write a response.
	 * @param requestId the ID of the request
	 * @param result the result as JSON
	 * @return the response
	 */
	byte[] response(Object requestId, byte[] result) {
		return message(requestId, "result", result);
	}

	/**
	 * Write an error in place of a result.
	 * @param requestId the ID of the request, or {@code null} if it isn't known
	 * @param error the error
	 * @return the response
	 */
	byte[] error(@Nullable Object requestId, ErrorResponse error) {
		return message(requestId, "error", error(error));
	}

	/**
	 * Write an error.
	 * @param error the error
	 * @return the error alone
	 */
	byte[] error(ErrorResponse error) {
		Map<String, Object> content = new LinkedHashMap<>();
		content.put("code", error.code());
		content.put("message", error.message());
		if (error.data() != null) {
			content.put("data", error.data());
		}
		return write(content);
	}

	/**
	 * Read an error that was written.
	 * @param json the error alone
	 * @return the error
	 */
	ErrorResponse readError(byte[] json) {
		Map<?, ?> error = (Map<?, ?>) read(json);
		int code = (error.get("code") instanceof Number number) ? number.intValue() : ErrorCodes.INTERNAL_ERROR;
		return ErrorResponse.of(code, String.valueOf(error.get("message")), error.get("data"));
	}

	/**
	 * Return what the states of a request are bound to.
	 * @param request the request
	 * @param principal who makes it, or {@code null} for nobody
	 * @param serverName the name of the MCP server
	 * @return a hash
	 */
	byte[] binding(JSONRPCRequest request, @Nullable String principal, String serverName) {
		return RequestBinding.of(request, principal, serverName, this.jsonMapper);
	}

	/**
	 * Read a part of a message as what it is.
	 * @param json the part
	 * @param type what it is
	 * @param <T> the same
	 * @return the object
	 * @throws RuntimeException if it is something else
	 */
	<T> T convert(Object json, Class<T> type) {
		return this.jsonMapper.convertValue(json, type);
	}

	/**
	 * Read an object.
	 * @param json the object as JSON
	 * @return its members
	 */
	Map<String, Object> read(byte[] json) {
		try {
			return this.jsonMapper.readValue(json, OBJECT);
		}
		catch (IOException ex) {
			throw new IllegalArgumentException("Not a JSON object", ex);
		}
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
		return response(listen.id(),
				result(Subscriptions.LISTEN, Map.of(RequestMetadata.META, Map.of(SUBSCRIPTION_ID, listen.id()))));
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

	private byte[] message(@Nullable Object requestId, String name, byte[] content) {
		byte[] id = (requestId != null) ? join(utf8("\"id\":"), write(requestId), COMMA) : new byte[0];
		return join(utf8("{\"jsonrpc\":\"2.0\","), id, utf8('"' + name + "\":"), content, END);
	}

	private static byte[] join(byte[]... parts) {
		int length = 0;
		for (byte[] part : parts) {
			length += part.length;
		}
		ByteBuffer joined = ByteBuffer.allocate(length);
		for (byte[] part : parts) {
			joined.put(part);
		}
		return joined.array();
	}

	/**
	 * Write anything.
	 * @param message what is to be written
	 * @return the JSON
	 * @throws IllegalArgumentException if it can't be written
	 */
	byte[] write(Object message) {
		try {
			return this.jsonMapper.writeValueAsBytes(message);
		}
		catch (IOException ex) {
			throw new IllegalArgumentException("A message can't be written as JSON", ex);
		}
	}

}

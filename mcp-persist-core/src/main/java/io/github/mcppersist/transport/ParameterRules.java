package io.github.mcppersist.transport;

import java.util.Map;

import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.PromptReference;
import io.modelcontextprotocol.spec.McpSchema.ResourceReference;
import org.jspecify.annotations.Nullable;

/**
 * What the parameters of a request must be like (MCP 2025-11-25, schema). The SDK takes
 * whatever is wrong with them for an internal error.
 */
final class ParameterRules {

	private ParameterRules() {
	}

	/**
	 * Check the parameters of a request.
	 * @param request the request
	 * @return what is wrong with them, in ASCII without quotes; {@code null} if nothing
	 * is
	 */
	static @Nullable String check(JSONRPCRequest request) {
		if (request.params() != null && !(request.params() instanceof Map)) {
			return "params must be an object";
		}
		Map<?, ?> params = (request.params() instanceof Map<?, ?> object) ? object : Map.of();
		if (!isObjectOrAbsent(params.get("_meta"))) {
			return "_meta must be an object";
		}
		return switch (request.method()) {
			case McpSchema.METHOD_TOOLS_CALL, McpSchema.METHOD_PROMPT_GET -> checkNamed(params);
			case McpSchema.METHOD_RESOURCES_READ, McpSchema.METHOD_RESOURCES_SUBSCRIBE,
					McpSchema.METHOD_RESOURCES_UNSUBSCRIBE ->
				checkText(params, "uri");
			case McpSchema.METHOD_COMPLETION_COMPLETE -> checkCompletion(params);
			case McpSchema.METHOD_LOGGING_SET_LEVEL -> checkLevel(params);
			default -> null;
		};
	}

	private static @Nullable String checkNamed(Map<?, ?> params) {
		return isObjectOrAbsent(params.get("arguments")) ? checkText(params, "name") : "arguments must be an object";
	}

	private static @Nullable String checkCompletion(Map<?, ?> params) {
		if (!(params.get("ref") instanceof Map<?, ?> ref) || !isReference(ref)) {
			return "ref must be a ref/prompt with a name, or a ref/resource with a uri";
		}
		if (!(params.get("argument") instanceof Map<?, ?> argument) || !(argument.get("name") instanceof String)
				|| !(argument.get("value") instanceof String)) {
			return "argument must be an object with a name and a value";
		}
		return isContext(params.get("context")) ? null : "context must be an object whose arguments are texts";
	}

	private static boolean isReference(Map<?, ?> ref) {
		return (PromptReference.TYPE.equals(ref.get("type")) && ref.get("name") instanceof String)
				|| (ResourceReference.TYPE.equals(ref.get("type")) && ref.get("uri") instanceof String);
	}

	private static boolean isContext(@Nullable Object context) {
		if (context == null) {
			return true;
		}
		Object arguments = (context instanceof Map<?, ?> object) ? object.get("arguments") : context;
		return arguments == null || (arguments instanceof Map<?, ?> texts
				&& texts.values().stream().allMatch((text) -> text == null || text instanceof String));
	}

	private static @Nullable String checkLevel(Map<?, ?> params) {
		boolean valid = params.get("level") instanceof String level && LoggingLevel.fromValue(level) != null;
		return valid ? null : "level must be a logging level, such as info";
	}

	private static @Nullable String checkText(Map<?, ?> params, String name) {
		return (params.get(name) instanceof String) ? null : name + " must be a text";
	}

	private static boolean isObjectOrAbsent(@Nullable Object value) {
		return value == null || value instanceof Map;
	}

}

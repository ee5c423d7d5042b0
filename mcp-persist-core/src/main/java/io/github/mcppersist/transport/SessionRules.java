package io.github.mcppersist.transport;

import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.jspecify.annotations.Nullable;

/**
 * What a client may put into the record of its session: every node reads it, and it is
 * kept for as long as the session is.
 */
final class SessionRules {

	static final int MAX_INITIALIZE_LENGTH = 16 * 1024;

	private static final int MAX_TEXT_LENGTH = 2048;

	private static final int MAX_SUBSCRIPTIONS = 1000;

	/**
	 * How many characters the URIs of all of them may have: all nodes read them again and
	 * again, and keep them.
	 */
	private static final int MAX_SUBSCRIPTIONS_LENGTH = 64 * 1024;

	private SessionRules() {
	}

	/**
	 * Check a request that changes the record; others are passed over.
	 * @param request the request, whose parameters are as {@link ParameterRules} say
	 * @param subscriptions tells which resources the session is subscribed to
	 * @return why it is refused, in ASCII without quotes; {@code null} if it isn't
	 */
	static @Nullable String check(JSONRPCRequest request, Supplier<Set<String>> subscriptions) {
		return switch (request.method()) {
			case McpSchema.METHOD_RESOURCES_SUBSCRIBE -> checkSubscription(request, subscriptions.get());
			case McpSchema.METHOD_RESOURCES_UNSUBSCRIBE -> checkLength(request, "uri");
			default -> null;
		};
	}

	private static @Nullable String checkSubscription(JSONRPCRequest request, Set<String> subscriptions) {
		String wrong = checkLength(request, "uri");
		String uri = parameter(request, "uri");
		if (wrong != null || subscriptions.contains(uri)) {
			return wrong;
		}
		if (subscriptions.size() >= MAX_SUBSCRIPTIONS) {
			return "a session may have " + MAX_SUBSCRIPTIONS + " subscriptions";
		}
		int length = uri.length() + subscriptions.stream().mapToInt(String::length).sum();
		return (length <= MAX_SUBSCRIPTIONS_LENGTH) ? null : "the URIs of all subscriptions of a session may have "
				+ MAX_SUBSCRIPTIONS_LENGTH + " characters together";
	}

	private static @Nullable String checkLength(JSONRPCRequest request, String name) {
		int length = parameter(request, name).length();
		if (length == 0) {
			return name + " must not be empty";
		}
		return (length <= MAX_TEXT_LENGTH) ? null : name + " may have " + MAX_TEXT_LENGTH + " characters";
	}

	/**
	 * Return a parameter of a request that was checked.
	 * @param request the request
	 * @param name the name of the parameter
	 * @return its value
	 */
	static String parameter(JSONRPCRequest request, String name) {
		return String.valueOf(value(request, name));
	}

	private static @Nullable Object value(JSONRPCRequest request, String name) {
		return (request.params() instanceof Map<?, ?> params) ? params.get(name) : null;
	}

}

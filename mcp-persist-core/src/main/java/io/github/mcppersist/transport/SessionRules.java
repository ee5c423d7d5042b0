package io.github.mcppersist.transport;

import java.util.Map;
import java.util.function.IntSupplier;

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

	private SessionRules() {
	}

	/**
	 * Check a request that changes the record; others are passed over.
	 * @param request the request, whose parameters are as {@link ParameterRules} say
	 * @param subscriptions tells how many resources the session is subscribed to
	 * @return why it is refused, in ASCII without quotes; {@code null} if it isn't
	 */
	static @Nullable String check(JSONRPCRequest request, IntSupplier subscriptions) {
		return switch (request.method()) {
			case McpSchema.METHOD_RESOURCES_SUBSCRIBE -> (subscriptions.getAsInt() < MAX_SUBSCRIPTIONS)
					? checkLength(request, "uri") : "a session may have " + MAX_SUBSCRIPTIONS + " subscriptions";
			case McpSchema.METHOD_RESOURCES_UNSUBSCRIBE -> checkLength(request, "uri");
			default -> null;
		};
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

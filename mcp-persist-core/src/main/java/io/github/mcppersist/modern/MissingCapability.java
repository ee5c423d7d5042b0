package io.github.mcppersist.modern;

import java.util.Collection;
import java.util.List;
import java.util.Map;

import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import org.jspecify.annotations.Nullable;

/**
 * Recognizes that a handler has failed because its client hasn't declared what it was to
 * be asked for. The SDK and Spring AI say so in the message of an exception and nowhere
 * else, and frameworks make a failed result of that.
 */
final class MissingCapability {

	private static final Map<String, ?> ROOTS = Map.of("roots", Map.of());

	private static final Map<String, ?> SAMPLING = Map.of("sampling", Map.of());

	private static final Map<String, ?> ELICITATION = Map.of("elicitation", Map.of());

	private static final Map<String, ?> FORMS = Map.of("elicitation", Map.of("form", Map.of()));

	private static final Map<String, ?> URLS = Map.of("elicitation", Map.of("url", Map.of()));

	static final Map<String, ?> TASKS = Map.of("extensions", Map.of(RequestMetadata.TASKS, Map.of()));

	private MissingCapability() {
	}

	/**
	 * Say what is missing.
	 * @param message why a handler has failed
	 * @param declared what the client has declared
	 * @return the capabilities that the handler needs, or {@code null} if it has failed
	 * for another reason
	 */
	static @Nullable Map<String, ?> in(@Nullable String message, ClientCapabilities declared) {
		if (message == null) {
			return null;
		}
		if (declared.roots() == null && lacks(message, "roots", "Roots")) {
			return ROOTS;
		}
		if (declared.sampling() == null && lacks(message, "sampling", "Sampling")) {
			return SAMPLING;
		}
		ClientCapabilities.Elicitation elicitation = declared.elicitation();
		if (elicitation == null && lacks(message, "elicitation", "Elicitation")) {
			return ELICITATION;
		}
		if ((elicitation == null || elicitation.url() == null) && lacks(message, "URL elicitation")) {
			return URLS;
		}
		return ((elicitation == null || elicitation.form() == null) && lacks(message, "form elicitation")) ? FORMS
				: null;
	}

	// As Spring AI's request contexts have it, which look before they ask the SDK
	private static boolean lacks(String message, String capability, String ofSpringAi) {
		return lacks(message, capability) || message.contains(ofSpringAi + " not supported by the client: ");
	}

	private static boolean lacks(String message, String capability) {
		return message.contains("Client must be configured with " + capability + " capabilities");
	}

	/**
	 * Say what is missing to a handler, in the SDK's words, which are found again in what
	 * comes of the handler.
	 * @param missing the capabilities that it needs
	 * @return why it fails
	 */
	static String message(Map<String, ?> missing) {
		String capability = missing.keySet().iterator().next();
		String kind = missing.equals(FORMS) ? "form " : missing.equals(URLS) ? "URL " : "";
		return "Client must be configured with " + kind + capability + " capabilities";
	}

	/**
	 * Say what is missing.
	 * @param result what a handler has returned
	 * @param declared what the client has declared
	 * @return as above
	 */
	static @Nullable Map<String, ?> inResult(@Nullable Object result, ClientCapabilities declared) {
		if (!(result instanceof CallToolResult tool) || !Boolean.TRUE.equals(tool.isError())
				|| tool.content() == null) {
			return null;
		}
		List<String> texts = tool.content()
			.stream()
			.filter(TextContent.class::isInstance)
			.map((content) -> ((TextContent) content).text())
			.toList();
		return in(String.join("\n", texts), declared);
	}

	/**
	 * Say what a client lacks that is to be asked for input.
	 * @param requests the requests, as they are in {@code inputRequests}
	 * @param declared what the client has declared
	 * @return the capabilities that it needs, or {@code null} if it lacks none
	 */
	static @Nullable Map<String, ?> forRequests(Collection<?> requests, ClientCapabilities declared) {
		for (Object request : requests) {
			Map<?, ?> asked = (Map<?, ?>) request;
			Map<String, ?> missing = switch (String.valueOf(asked.get("method"))) {
				case McpSchema.METHOD_SAMPLING_CREATE_MESSAGE -> (declared.sampling() != null) ? null : SAMPLING;
				case McpSchema.METHOD_ROOTS_LIST -> (declared.roots() != null) ? null : ROOTS;
				default -> isUrl(asked) ? forUrls(declared) : forForms(declared);
			};
			if (missing != null) {
				return missing;
			}
		}
		return null;
	}

	private static boolean isUrl(Map<?, ?> request) {
		return request.get("params") instanceof Map<?, ?> params && "url".equals(params.get("mode"));
	}

	// One that says nothing more of it takes forms
	private static @Nullable Map<String, ?> forForms(ClientCapabilities declared) {
		ClientCapabilities.Elicitation elicitation = declared.elicitation();
		if (elicitation == null) {
			return ELICITATION;
		}
		return (elicitation.form() == null && elicitation.url() != null) ? FORMS : null;
	}

	/**
	 * Say what a client lacks that is to open a URL.
	 * @param declared what the client has declared
	 * @return the capabilities that it needs, or {@code null} if it lacks none
	 */
	static @Nullable Map<String, ?> forUrls(ClientCapabilities declared) {
		return (declared.elicitation() == null || declared.elicitation().url() == null) ? URLS : null;
	}

}

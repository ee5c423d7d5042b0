package io.github.mcppersist.modern;

import java.util.Map;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import org.jspecify.annotations.Nullable;

/**
 * What a request says of its client in {@code _meta} (MCP 2026-07-28, "Overview",
 * per-request protocol fields). Nothing else is known of a client.
 *
 * @param capabilities what the client can do for this request
 * @param clientInfo what the client calls itself; made up if it doesn't say
 * @param progressToken the token of progress notifications, a string or an integer, or
 * {@code null} if none are wanted
 * @param logLevel the lowest level of the log messages that are wanted, or {@code null}
 * if none are
 */
record RequestMetadata(ClientCapabilities capabilities, Implementation clientInfo, @Nullable Object progressToken,
		@Nullable LoggingLevel logLevel) {

	static final String META = "_meta";

	/**
	 * What the names begin with that the specification has in {@code _meta}.
	 */
	static final String PREFIX = "io.modelcontextprotocol/";

	private static final String PROTOCOL_VERSION = PREFIX + "protocolVersion";

	private static final String CLIENT_CAPABILITIES = PREFIX + "clientCapabilities";

	private static final String CLIENT_INFO = PREFIX + "clientInfo";

	private static final String LOG_LEVEL = PREFIX + "logLevel";

	private static final String PROGRESS_TOKEN = "progressToken";

	/**
	 * Handlers expect a client to have a name.
	 */
	private static final Implementation UNNAMED = new Implementation("unknown", "unknown");

	/**
	 * The extension by which a call outlives its connection.
	 */
	static final String TASKS = PREFIX + "tasks";

	/**
	 * Say whether parameters name a protocol version, as those of modern requests do.
	 * @param params the parameters, of whatever kind
	 * @return whether they do, well or badly
	 */
	static boolean isIn(@Nullable Object params) {
		return meta(params).containsKey(PROTOCOL_VERSION);
	}

	/**
	 * Return the protocol version that a request names.
	 * @param params its parameters
	 * @return the version, or {@code null} if it names none
	 */
	static @Nullable String protocolVersion(@Nullable Object params) {
		return (meta(params).get(PROTOCOL_VERSION) instanceof String version) ? version : null;
	}

	/**
	 * Read what a request says of its client.
	 * @param params its parameters
	 * @param jsonMapper reads JSON
	 * @return what it says
	 * @throws RefusedException if something is missing, or isn't as it must be
	 */
	static RequestMetadata of(@Nullable Object params, McpJsonMapper jsonMapper) {
		Map<?, ?> meta = meta(params);
		if (protocolVersion(params) == null) {
			throw invalid(PROTOCOL_VERSION, "must be a protocol version");
		}
		if (!(meta.get(CLIENT_CAPABILITIES) instanceof Map<?, ?> capabilities)) {
			throw invalid(CLIENT_CAPABILITIES, "must be an object");
		}
		return new RequestMetadata(convert(CLIENT_CAPABILITIES, capabilities, ClientCapabilities.class, jsonMapper),
				clientInfo(meta.get(CLIENT_INFO), jsonMapper), progressToken(meta.get(PROGRESS_TOKEN)),
				logLevel(meta.get(LOG_LEVEL)));
	}

	private static Implementation clientInfo(@Nullable Object value, McpJsonMapper jsonMapper) {
		if (value == null) {
			return UNNAMED;
		}
		if (!(value instanceof Map<?, ?> info) || !(info.get("name") instanceof String)
				|| !(info.get("version") instanceof String)) {
			throw invalid(CLIENT_INFO, "must be an object with a name and a version");
		}
		return convert(CLIENT_INFO, info, Implementation.class, jsonMapper);
	}

	private static @Nullable Object progressToken(@Nullable Object token) {
		if (token != null && !isToken(token)) {
			throw invalid(PROGRESS_TOKEN, "must be a string or an integer");
		}
		return token;
	}

	private static boolean isToken(Object token) {
		return token instanceof String
				|| (token instanceof Number && !(token instanceof Double) && !(token instanceof Float));
	}

	private static @Nullable LoggingLevel logLevel(@Nullable Object value) {
		if (value == null) {
			return null;
		}
		LoggingLevel level = (value instanceof String name) ? LoggingLevel.fromValue(name) : null;
		if (level == null) {
			throw invalid(LOG_LEVEL, "must be a log level, such as info");
		}
		return level;
	}

	/**
	 * Say whether a token is that of this request.
	 * @param token the token of a progress notification
	 * @return whether the client asked for it
	 */
	boolean isProgressToken(@Nullable Object token) {
		// An integer may be read as one type, and come back as another
		return this.progressToken != null && token != null
				&& token instanceof String == this.progressToken instanceof String
				&& this.progressToken.toString().equals(token.toString());
	}

	/**
	 * Say whether the client can deal with tasks.
	 * @return whether it has declared the extension for this request
	 */
	boolean hasTasks() {
		return this.capabilities.extensions() != null && this.capabilities.extensions().containsKey(TASKS);
	}

	private static <T> T convert(String name, Object value, Class<T> type, McpJsonMapper jsonMapper) {
		T converted;
		try {
			converted = jsonMapper.convertValue(value, type);
		}
		catch (RuntimeException ex) {
			throw invalid(name, "is not as the schema has it");
		}
		return converted;
	}

	private static RefusedException invalid(String name, String reason) {
		return new RefusedException(ErrorResponse.invalidParams("_meta[" + name + "] " + reason));
	}

	private static Map<?, ?> meta(@Nullable Object params) {
		return (params instanceof Map<?, ?> object && object.get(META) instanceof Map<?, ?> meta) ? meta : Map.of();
	}

}

package io.github.mcppersist.transport;

import java.util.List;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

/**
 * What the Streamable HTTP transport asks of a request's headers (MCP 2025-11-25,
 * "Sending Messages to the Server", "Listening for Messages from the Server", "Protocol
 * Version Header").
 */
final class HeaderRules {

	static final String SESSION_ID = "Mcp-Session-Id";

	static final String LAST_EVENT_ID = "Last-Event-ID";

	static final String PROTOCOL_VERSION = "MCP-Protocol-Version";

	static final String USER_AGENT = "User-Agent";

	private static final String JSON = "application/json";

	private static final String EVENT_STREAM = "text/event-stream";

	/**
	 * The revisions that are served, oldest first.
	 */
	static final List<String> PROTOCOL_VERSIONS = List.of("2025-03-26", "2025-06-18", "2025-11-25");

	private HeaderRules() {
	}

	static @Nullable Rejection checkPost(EndpointRequest request) {
		String accept = request.header("Accept");
		if (!accepts(accept, JSON) || !accepts(accept, EVENT_STREAM)) {
			return Rejection.of(406, "Not Acceptable: Accept must list both " + JSON + " and " + EVENT_STREAM);
		}
		String contentType = request.header("Content-Type");
		if (contentType == null || !JSON.equals(mediaType(contentType))) {
			return Rejection.of(415, "Unsupported Media Type: Content-Type must be " + JSON);
		}
		return null;
	}

	static @Nullable Rejection checkGet(EndpointRequest request) {
		if (!accepts(request.header("Accept"), EVENT_STREAM)) {
			return Rejection.of(406, "Not Acceptable: Accept must list " + EVENT_STREAM);
		}
		return checkProtocolVersion(request.header(PROTOCOL_VERSION));
	}

	static @Nullable Rejection checkProtocolVersion(@Nullable String version) {
		if (version != null && !PROTOCOL_VERSIONS.contains(version)) {
			return Rejection.of(400, "Bad Request: unsupported " + PROTOCOL_VERSION + "; supported are "
					+ String.join(", ", PROTOCOL_VERSIONS));
		}
		return null;
	}

	private static boolean accepts(@Nullable String accept, String type) {
		if (accept == null) {
			return false;
		}
		String anySubtype = type.substring(0, type.indexOf('/')) + "/*";
		for (String range : accept.split(",")) {
			String mediaType = mediaType(range);
			if (mediaType.equals(type) || mediaType.equals(anySubtype) || mediaType.equals("*/*")) {
				return true;
			}
		}
		return false;
	}

	private static String mediaType(String value) {
		int parameters = value.indexOf(';');
		return ((parameters < 0) ? value : value.substring(0, parameters)).trim().toLowerCase(Locale.ROOT);
	}

}

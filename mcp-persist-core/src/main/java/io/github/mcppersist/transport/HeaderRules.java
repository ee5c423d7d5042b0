package io.github.mcppersist.transport;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

import io.modelcontextprotocol.spec.HttpHeaders;
import io.modelcontextprotocol.spec.ProtocolVersions;
import org.jspecify.annotations.Nullable;

/**
 * What the Streamable HTTP transport asks of a request's headers (MCP 2025-11-25,
 * "Sending Messages to the Server", "Listening for Messages from the Server", "Protocol
 * Version Header").
 */
final class HeaderRules {

	static final String SESSION_ID = HttpHeaders.MCP_SESSION_ID;

	static final String LAST_EVENT_ID = HttpHeaders.LAST_EVENT_ID;

	static final String PROTOCOL_VERSION = HttpHeaders.PROTOCOL_VERSION;

	static final String USER_AGENT = "User-Agent";

	private static final String JSON = "application/json";

	private static final String EVENT_STREAM = "text/event-stream";

	/**
	 * The revisions that are served, oldest first.
	 */
	static final List<String> PROTOCOL_VERSIONS = List.of(ProtocolVersions.MCP_2025_03_26,
			ProtocolVersions.MCP_2025_06_18, ProtocolVersions.MCP_2025_11_25);

	private static final Pattern NO_QUALITY = Pattern.compile(";\\s*q\\s*=\\s*0(\\.0*)?\\s*(;|$)",
			Pattern.CASE_INSENSITIVE);

	private static final Pattern SESSION_IDS = Pattern.compile("[0-9A-Za-z._-]{1,128}");

	private HeaderRules() {
	}

	/**
	 * Say whether a text can be a session ID at all; what can't isn't looked for.
	 * @param text what somebody sent
	 * @return whether this server may have given it out
	 */
	static boolean isSessionId(String text) {
		return SESSION_IDS.matcher(text).matches();
	}

	static @Nullable Rejection checkPost(EndpointRequest request) {
		String accept = request.header(HttpHeaders.ACCEPT);
		if (!accepts(accept, JSON) || !accepts(accept, EVENT_STREAM)) {
			return Rejection.of(406, "Not Acceptable: Accept must list both " + JSON + " and " + EVENT_STREAM);
		}
		String contentType = request.header(HttpHeaders.CONTENT_TYPE);
		if (contentType == null || !JSON.equals(mediaType(contentType))) {
			return Rejection.of(415, "Unsupported Media Type: Content-Type must be " + JSON);
		}
		return null;
	}

	static @Nullable Rejection checkGet(EndpointRequest request) {
		if (!accepts(request.header(HttpHeaders.ACCEPT), EVENT_STREAM)) {
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

	/**
	 * Say whether a media type is acceptable (RFC 9110, 12.5.1): the range that names it
	 * most exactly decides, and a quality of zero means that it isn't.
	 * @param accept the header, if there is one
	 * @param type the media type
	 * @return whether the client accepts it
	 */
	private static boolean accepts(@Nullable String accept, String type) {
		if (accept == null) {
			return false;
		}
		List<String> ranges = List.of("*/*", type.substring(0, type.indexOf('/')) + "/*", type);
		int exactness = -1;
		boolean accepted = false;
		for (String range : accept.split(",")) {
			int rangeExactness = ranges.indexOf(mediaType(range));
			if (rangeExactness > exactness) {
				exactness = rangeExactness;
				accepted = !NO_QUALITY.matcher(range).find();
			}
			else if (rangeExactness >= 0 && rangeExactness == exactness) {
				accepted |= !NO_QUALITY.matcher(range).find();
			}
		}
		return accepted;
	}

	private static String mediaType(String value) {
		int parameters = value.indexOf(';');
		return ((parameters < 0) ? value : value.substring(0, parameters)).trim().toLowerCase(Locale.ROOT);
	}

}

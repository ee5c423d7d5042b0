package io.github.mcppersist.transport;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * Keeps web pages of other origins away (MCP 2025-11-25, "Security Warning" on DNS
 * rebinding). On a loopback address only local names are served. Elsewhere a browser's
 * {@code Origin} must be the server's own, as its {@code Host} names it. What the options
 * allow is let through beside that.
 */
final class OriginRules {

	private static final Set<String> LOCAL_NAMES = Set.of("localhost", "127.0.0.1", "[::1]", "::1");

	private static final Pattern NO_HOST = Pattern.compile("[\\s,/@]");

	private final Set<String> allowedOrigins;

	private final Set<String> allowedHosts;

	OriginRules(StreamableHttpOptions options) {
		this.allowedOrigins = options.allowedOrigins();
		this.allowedHosts = options.allowedHosts();
	}

	/**
	 * Check a request.
	 * @param request the request
	 * @return why it is refused, or {@code null} if it isn't
	 */
	@Nullable Rejection check(EndpointRequest request) {
		String host = request.header("Host");
		if (host != null && NO_HOST.matcher(host).find()) {
			// Whichever of several a check would take, somebody behind may take another
			return Rejection.of(400, "Bad Request: there must be one Host header, with a name and a port");
		}
		if (!isHostAllowed(host, request.isLocalAddressLoopback())) {
			return Rejection.of(421, "Misdirected request: this Host is not served here");
		}
		String origin = request.header("Origin");
		if (origin != null && !isOriginAllowed(origin, host, request.isLocalAddressLoopback())) {
			return Rejection.of(403, "Forbidden: this Origin is not allowed");
		}
		return null;
	}

	private boolean isHostAllowed(@Nullable String host, boolean loopback) {
		if (matches(this.allowedHosts, host)) {
			return true;
		}
		if (loopback) {
			return host != null && LOCAL_NAMES.contains(name(host));
		}
		return this.allowedHosts.isEmpty();
	}

	private boolean isOriginAllowed(String origin, @Nullable String host, boolean loopback) {
		if (matches(this.allowedOrigins, origin)) {
			return true;
		}
		int scheme = origin.indexOf("://");
		if (scheme < 0 || host == null) {
			return false;
		}
		String authority = origin.substring(scheme + 3).toLowerCase(Locale.ROOT);
		if (loopback && LOCAL_NAMES.contains(name(authority))) {
			return true;
		}
		String defaultPort = origin.regionMatches(true, 0, "https:", 0, 6) ? ":443" : ":80";
		return withPort(authority, defaultPort).equals(withPort(host.toLowerCase(Locale.ROOT), defaultPort));
	}

	private static boolean matches(Set<String> allowed, @Nullable String value) {
		return allowed.contains("*") || (value != null && (containsIgnoreCase(allowed, value)
				|| (value.indexOf("://") < 0 && containsIgnoreCase(allowed, name(value)))));
	}

	private static boolean containsIgnoreCase(Set<String> allowed, String value) {
		return allowed.stream().anyMatch(value::equalsIgnoreCase);
	}

	private static String name(String authority) {
		int port = authority.lastIndexOf(':');
		boolean hasPort = port > authority.lastIndexOf(']') && authority.indexOf(':') == port
				|| authority.startsWith("[") && port > authority.lastIndexOf(']');
		return (hasPort ? authority.substring(0, port) : authority).toLowerCase(Locale.ROOT);
	}

	private static String withPort(String authority, String defaultPort) {
		return name(authority).equals(authority) ? authority + defaultPort : authority;
	}

}

package io.github.mcppersist.modern;

import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

import io.modelcontextprotocol.spec.HttpHeaders;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.jspecify.annotations.Nullable;

/**
 * The headers of a request that mirror what is in its body, for those on the way who
 * don't read that (MCP 2026-07-28, "Request Metadata").
 *
 * @param protocolVersion the value of {@code MCP-Protocol-Version}
 * @param method the value of {@code Mcp-Method}
 * @param name the value of {@code Mcp-Name}
 * @param parameters the values of {@code Mcp-Param-} headers by what follows that,
 * whatever its case
 */
public record RequestHeaders(@Nullable String protocolVersion, @Nullable String method, @Nullable String name,
		Map<String, String> parameters) {

	private static final String METHOD = "Mcp-Method";

	private static final String NAME = "Mcp-Name";

	static final String PARAMETER = "Mcp-Param-";

	/**
	 * Read the headers of a request.
	 * @param header returns the value of a header, or {@code null}
	 * @param names returns the names of all headers
	 * @return the headers
	 */
	public static RequestHeaders read(UnaryOperator<@Nullable String> header, Supplier<Collection<String>> names) {
		String version = header.apply(HttpHeaders.PROTOCOL_VERSION);
		Map<String, String> parameters = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
		// A request of another version is refused for that, or isn't a modern one
		if (version != null && EraRules.PROTOCOL_VERSIONS.contains(version)) {
			for (String name : names.get()) {
				String value = isParameter(name) ? header.apply(name) : null;
				if (value != null) {
					parameters.put(name.substring(PARAMETER.length()), value);
				}
			}
		}
		return new RequestHeaders(version, header.apply(METHOD), header.apply(NAME), parameters);
	}

	private static boolean isParameter(String name) {
		return name.regionMatches(true, 0, PARAMETER, 0, PARAMETER.length());
	}

	/**
	 * Check the protocol version, by which all else is to be read.
	 * @param version the version in the body, or {@code null} if that has none
	 * @throws RefusedException if the header is missing or differs, or the version isn't
	 * supported
	 */
	void checkVersion(@Nullable String version) {
		String named = this.protocolVersion;
		if (named == null) {
			throw missing(HttpHeaders.PROTOCOL_VERSION);
		}
		if (version != null && !named.equals(version)) {
			throw differs(HttpHeaders.PROTOCOL_VERSION);
		}
		if (!EraRules.PROTOCOL_VERSIONS.contains(named)) {
			throw new RefusedException(ErrorResponse.unsupportedVersion(named));
		}
	}

	/**
	 * Check what every request has.
	 * @param request the request
	 * @throws RefusedException if a header is missing, malformed or differs
	 */
	void check(JSONRPCRequest request) {
		if (this.method == null) {
			throw missing(METHOD);
		}
		if (!this.method.equals(request.method())) {
			throw differs(METHOD);
		}
		if (name(request) instanceof String named) {
			if (this.name == null) {
				throw missing(NAME);
			}
			String decoded = HeaderValue.decode(this.name);
			if (decoded == null) {
				throw malformed(NAME);
			}
			if (!decoded.equals(named)) {
				throw differs(NAME);
			}
		}
	}

	private static @Nullable Object name(JSONRPCRequest request) {
		String parameter = switch (request.method()) {
			case McpSchema.METHOD_TOOLS_CALL, McpSchema.METHOD_PROMPT_GET -> "name";
			case McpSchema.METHOD_RESOURCES_READ -> "uri";
			case TaskRequests.GET, TaskRequests.UPDATE, TaskRequests.CANCEL -> "taskId";
			default -> null;
		};
		return (parameter != null && request.params() instanceof Map<?, ?> params) ? params.get(parameter) : null;
	}

	/**
	 * Return the value of a header that mirrors an argument.
	 * @param parameter what follows {@code Mcp-Param-} in its name
	 * @return the value, decoded, or {@code null} if there is none
	 * @throws RefusedException if it is malformed
	 */
	@Nullable String parameter(String parameter) {
		String value = this.parameters.get(parameter);
		if (value == null) {
			return null;
		}
		String decoded = HeaderValue.decode(value);
		if (decoded == null) {
			throw malformed(PARAMETER + parameter);
		}
		return decoded;
	}

	static RefusedException missing(String header) {
		return new RefusedException(ErrorResponse.headerMismatch(header + " is missing"));
	}

	static RefusedException differs(String header) {
		return new RefusedException(ErrorResponse.headerMismatch(header + " does not match the body"));
	}

	private static RefusedException malformed(String header) {
		return new RefusedException(
				ErrorResponse.headerMismatch(header + " is malformed: neither visible ASCII nor well-formed Base64"));
	}

}

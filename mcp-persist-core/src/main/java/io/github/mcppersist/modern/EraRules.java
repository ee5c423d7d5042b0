package io.github.mcppersist.modern;

import java.util.Collection;
import java.util.List;

import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.jspecify.annotations.Nullable;

/**
 * Says of which era a request is: <em>legacy</em> revisions begin a session with
 * {@code initialize}, <em>modern</em> ones say with each request what it needs (MCP
 * 2026-07-28, "Versioning and Compatibility").
 */
public final class EraRules {

	/**
	 * The modern revisions that are served.
	 */
	static final List<String> PROTOCOL_VERSIONS = List.of("2026-07-28");

	private EraRules() {
	}

	/**
	 * Say whether a header names a modern revision, or one that nobody knows.
	 * @param version the value of {@code MCP-Protocol-Version}, if there is one
	 * @param legacy the legacy revisions
	 * @return whether it names a revision that isn't legacy
	 */
	public static boolean isModern(@Nullable String version, Collection<String> legacy) {
		return version != null && !legacy.contains(version);
	}

	/**
	 * Say whether a request that was POSTed is a modern one. What says so itself is, and
	 * else the header decides, for all but {@code initialize}.
	 * @param message the message, or {@code null} if the body isn't a single one
	 * @param version the value of {@code MCP-Protocol-Version}, if there is one
	 * @param legacy the legacy revisions
	 * @return whether it is to be handled as a modern one
	 */
	public static boolean isModern(@Nullable JSONRPCMessage message, @Nullable String version,
			Collection<String> legacy) {
		if (message instanceof JSONRPCRequest request) {
			if (RequestMetadata.isIn(request.params())) {
				return true;
			}
			return !McpSchema.METHOD_INITIALIZE.equals(request.method()) && isModern(version, legacy);
		}
		return (message instanceof JSONRPCNotification notification && RequestMetadata.isIn(notification.params()))
				|| isModern(version, legacy);
	}

}

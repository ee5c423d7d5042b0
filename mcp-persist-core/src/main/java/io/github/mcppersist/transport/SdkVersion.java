package io.github.mcppersist.transport;

import java.lang.module.ModuleDescriptor.Version;
import java.security.CodeSource;
import java.util.function.BiFunction;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.McpStreamableServerSession.McpStreamableServerSessionStream;
import io.modelcontextprotocol.spec.McpStreamableServerTransport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the MCP SDK on the class path. A build's dependency management may hold back
 * an older one, whose lack of a method would be noticed at the first call only.
 */
final class SdkVersion {

	private static final String SDK_PACKAGE = "io.modelcontextprotocol.";

	private static final Logger logger = LoggerFactory.getLogger(SdkVersion.class);

	private SdkVersion() {
	}

	/**
	 * Check that the SDK has what an endpoint calls.
	 * @throws IncompatibleSdkException if it hasn't
	 */
	static void check() {
		try {
			Newest.link();
		}
		catch (LinkageError ex) {
			throw new IncompatibleSdkException("The MCP SDK on the class path is too old: "
					+ found("mcp-core", McpStreamableServerSession.class) + ", and version "
					+ IncompatibleSdkException.NEEDED_VERSION + " or later is needed. It lacks " + ex.getMessage(), ex);
		}
	}

	/**
	 * Warn of a JSON module of the SDK that is older than the rest of it. It links and
	 * works, but throws something else for what it can't convert.
	 * @param jsonMapper reads and writes JSON
	 */
	static void check(McpJsonMapper jsonMapper) {
		Class<?> type = jsonMapper.getClass();
		// A shaded archive has one version, its own, and it may be a low one: the core
		// has
		// been linked, so one that seems too old isn't the SDK's
		if (type.getName().startsWith(SDK_PACKAGE) && isTooOld(version(type))
				&& !isTooOld(version(McpStreamableServerSession.class))) {
			String title = type.getPackage().getImplementationTitle();
			logger.warn(
					"The MCP SDK on the class path is a mix of versions: {} beside {}. Errors in what clients send "
							+ "may be answered wrongly. Use version {} or later of both",
					found((title != null) ? title : "its JSON module", type),
					found("mcp-core", McpStreamableServerSession.class), IncompatibleSdkException.NEEDED_VERSION);
		}
	}

	private static @Nullable String version(Class<?> type) {
		return type.getPackage().getImplementationVersion();
	}

	static boolean isTooOld(@Nullable String version) {
		try {
			// Unknown where the SDK was repackaged
			return version != null
					&& Version.parse(version).compareTo(Version.parse(IncompatibleSdkException.NEEDED_VERSION)) < 0;
		}
		catch (IllegalArgumentException ex) {
			return false;
		}
	}

	/**
	 * Say which version of a part of the SDK there is, and where.
	 * @param artifact the part
	 * @param type a class of it
	 * @return such as {@code mcp-core 2.0.0 (file:/lib/mcp-core-2.0.0.jar)}
	 */
	static String found(String artifact, Class<?> type) {
		String version = version(type);
		CodeSource source = type.getProtectionDomain().getCodeSource();
		return artifact + " " + ((version != null) ? version : "of an unknown version")
				+ ((source != null && source.getLocation() != null) ? " (" + source.getLocation() + ")" : "");
	}

	/**
	 * Names the method that came last of those that are called. It is linked and not
	 * looked up, so that a native image needs no hint. A test keeps it true.
	 */
	private static final class Newest {

		static BiFunction<McpStreamableServerSession, McpStreamableServerTransport, McpStreamableServerSessionStream> link() {
			return McpStreamableServerSession::responseStream;
		}

	}

}

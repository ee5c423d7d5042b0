package io.github.mcppersist.transport;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when an endpoint, or the MCP server on it, is built with a version of the MCP
 * SDK that it can't work with. The message names the version that is there, where it
 * comes from, and what is missing in it.
 */
public final class IncompatibleSdkException extends IllegalStateException {

	/**
	 * The oldest version that works.
	 */
	public static final String NEEDED_VERSION = "2.1.0";

	IncompatibleSdkException(String message, @Nullable Throwable cause) {
		super(message, cause);
	}

}

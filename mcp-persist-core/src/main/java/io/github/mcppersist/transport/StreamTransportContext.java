package io.github.mcppersist.transport;

import io.modelcontextprotocol.common.McpTransportContext;
import org.jspecify.annotations.Nullable;

/**
 * The application's transport context, and in it the connection for
 * {@link StreamConnection#of}.
 *
 * @param context what the application's extractor made of the request
 * @param connection the connection of the request
 */
record StreamTransportContext(McpTransportContext context, StreamConnection connection) implements McpTransportContext {

	static final String KEY = StreamConnection.class.getName();

	@Override
	public @Nullable Object get(String key) {
		return KEY.equals(key) ? this.connection : this.context.get(key);
	}

}

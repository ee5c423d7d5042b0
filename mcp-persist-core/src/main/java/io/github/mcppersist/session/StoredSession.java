package io.github.mcppersist.session;

import java.time.Duration;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.StreamKey;

/**
 * What a store knows of a session, for operators.
 *
 * @param sessionName the {@linkplain SessionNames name} of the session
 * @param initializeRequest the parameters of the {@code initialize} request as JSON text,
 * or {@code null} if the record can't be read
 * @param protocolVersion the negotiated protocol version, or {@code null} as above
 * @param owner the name of whoever created the session, or {@code null} for nobody, or as
 * above
 * @param server the name of the MCP server, or {@code null} if the record doesn't say so
 * @param node the ID of the node that created it or put off its expiry last, or
 * {@code null} if no others have this store, or the record doesn't say so
 * @param age how long ago it was stored first, or {@code null} if the record doesn't say
 * so
 * @param idle how long ago it was created, changed or renewed. Whoever uses a session
 * renews it every {@link SessionStore#renewalInterval()}, so that it may have been used
 * since, and was not used for much longer
 */
public record StoredSession(String sessionName, @Nullable String initializeRequest, @Nullable String protocolVersion,
		@Nullable String owner, @Nullable String server, @Nullable String node, @Nullable Duration age, Duration idle) {

	public StoredSession {
		StreamKey.requireSessionName(sessionName);
		Objects.requireNonNull(idle, "idle must not be null");
	}

	/**
	 * Return how old it is; the rest is the client's own.
	 */
	@Override
	public String toString() {
		return "session of protocol version " + this.protocolVersion + ", idle for " + this.idle;
	}

}

package io.github.mcppersist.session;

import java.util.Objects;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.StreamKey;

/**
 * What a node has to know of a session to carry it on.
 *
 * @param sessionName the {@linkplain SessionNames name} of the session
 * @param initializeRequest the parameters of the {@code initialize} request as JSON text:
 * the client's capabilities and who it is
 * @param protocolVersion the negotiated protocol version
 * @param owner the name of whoever created the session, or {@code null} if that was
 * nobody
 * @param server the name of the MCP server that it was created at, or {@code null} in a
 * record that was stored before records said so
 * @param logLevel the level of {@code logging/setLevel} as the specification spells it,
 * or {@code null} if none was set
 * @param subscriptions the URIs of {@code resources/subscribe}
 * @param standaloneCursor the last event of the standalone stream that a connection was
 * sent, as far as that was noted, or {@code null}
 * @param resuming whether the client is known to resume the streams of its requests: it
 * has done so, or is trusted to
 * @param revision is raised by each change of log level, subscriptions and
 * {@code resuming}
 */
public record SessionRecord(String sessionName, String initializeRequest, String protocolVersion,
		@Nullable String owner, @Nullable String server, @Nullable String logLevel, Set<String> subscriptions,
		@Nullable EventId standaloneCursor, boolean resuming, Revision revision) {

	public SessionRecord {
		StreamKey.requireSessionName(sessionName);
		Objects.requireNonNull(initializeRequest, "initializeRequest must not be null");
		Objects.requireNonNull(protocolVersion, "protocolVersion must not be null");
		subscriptions = Set.copyOf(subscriptions);
		Objects.requireNonNull(revision, "revision must not be null");
	}

	/**
	 * Return the record of a session that was just initialized.
	 * @param sessionName the {@linkplain SessionNames name} of the session
	 * @param initializeRequest the parameters of the request as JSON text
	 * @param protocolVersion the negotiated protocol version
	 * @param owner the name of whoever creates the session, or {@code null} for nobody
	 * @param server the name of the MCP server
	 * @return a record with the first revision
	 */
	public static SessionRecord initialized(String sessionName, String initializeRequest, String protocolVersion,
			@Nullable String owner, String server) {
		return new SessionRecord(sessionName, initializeRequest, protocolVersion, owner, server, null, Set.of(), null,
				false, Revision.FIRST);
	}

	/**
	 * Return this record as that of a client that is known to resume.
	 * @return a record that is the same but for this, with the same revision
	 */
	public SessionRecord asResuming() {
		return new SessionRecord(this.sessionName, this.initializeRequest, this.protocolVersion, this.owner,
				this.server, this.logLevel, this.subscriptions, this.standaloneCursor, true, this.revision);
	}

	/**
	 * Return the protocol version and the revision; the rest is the client's own.
	 */
	@Override
	public String toString() {
		return "session of protocol version " + this.protocolVersion + ", revision " + this.revision;
	}

}

package io.github.mcppersist.autoconfigure.actuate;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.spec.McpSchema.Implementation;
import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.annotation.WebEndpoint;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.MonitoredEventStore;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StoredStream;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.StreamDescription;
import io.github.mcppersist.payload.EncodedEventStore;
import io.github.mcppersist.payload.EncodedSessionStore;
import io.github.mcppersist.payload.Payloads;
import io.github.mcppersist.session.MonitoredSessionStore;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionNotFoundException;
import io.github.mcppersist.session.SessionPage;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.session.StoredSession;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Actuator endpoint that shows the sessions of all nodes, and ends one. Sessions go by
 * their {@linkplain SessionNames names}, with which nobody is let in. It shows no message
 * and no owner. Ending needs {@code management.endpoint.mcpsessions.access=unrestricted}.
 */
@WebEndpoint(id = "mcpsessions", defaultAccess = Access.READ_ONLY)
public final class McpSessionsEndpoint {

	private static final Logger logger = LoggerFactory.getLogger(McpSessionsEndpoint.class);

	/**
	 * The stores' calls end in time by themselves; this is for stores that don't.
	 */
	private static final Duration LIMIT = Duration.ofSeconds(10);

	private static final int DEFAULT_SIZE = 50;

	/**
	 * Of what a client says of itself.
	 */
	private static final int MAX_TEXT = 100;

	private final StreamableHttpEndpoint endpoint;

	private final MonitoredEventStore eventStore;

	private final MonitoredSessionStore sessionStore;

	private final boolean listing;

	private final @Nullable String nodeId;

	McpSessionsEndpoint(StreamableHttpEndpoint endpoint, EventStore eventStore, SessionStore sessionStore,
			@Nullable NodeRegistry nodeRegistry) {
		// What can't be read the MCP endpoint reports
		Payloads payloads = new Payloads(endpoint.payloadCodec(), (place, failure) -> {
		});
		this.endpoint = endpoint;
		this.eventStore = new EncodedEventStore(eventStore, payloads);
		this.sessionStore = new EncodedSessionStore(sessionStore, payloads);
		this.listing = sessionStore instanceof MonitoredSessionStore;
		this.nodeId = (nodeRegistry != null) ? nodeRegistry.nodeId() : null;
	}

	/**
	 * List the sessions, the one that was used last in front.
	 * @param after {@code next} of the page before, or nothing for the first page
	 * @param size how many at most, 50 if nothing is said, and up to 200
	 * @return the page; 404 if the store is one that doesn't list sessions, and 503 if it
	 * is out of reach
	 */
	@ReadOperation
	public WebEndpointResponse<SessionsDescriptor> sessions(@Nullable String after, @Nullable Integer size) {
		if (!this.listing) {
			return new WebEndpointResponse<>(WebEndpointResponse.STATUS_NOT_FOUND);
		}
		try {
			SessionPage page = this.sessionStore.findSessions(after, (size != null) ? size : DEFAULT_SIZE).block(LIMIT);
			List<StoredSession> sessions = (page != null) ? page.sessions() : List.of();
			return new WebEndpointResponse<>(new SessionsDescriptor(sessions.stream().map(SessionSummary::of).toList(),
					(page != null) ? page.next() : null, null));
		}
		catch (IllegalArgumentException ex) {
			String reason = String.valueOf(ex.getMessage());
			throw new InvalidEndpointRequestException(reason, reason);
		}
		catch (SessionStoreUnavailableException ex) {
			return new WebEndpointResponse<>(new SessionsDescriptor(List.of(), null, ex.getMessage()),
					WebEndpointResponse.STATUS_SERVICE_UNAVAILABLE);
		}
	}

	/**
	 * Show a session and its streams: those on whichever node, and those of which this
	 * node has a connection.
	 * @param session the name of the session, or the ID by which its client knows it
	 * @return the session, 404 if there is none, and 503 if that can't be known
	 */
	@ReadOperation
	public WebEndpointResponse<SessionDescriptor> session(@Selector String session) {
		SessionDescriptor found = describe(nameOf(session));
		if (found.isKnown()) {
			return new WebEndpointResponse<>(found);
		}
		return (found.outage() != null)
				? new WebEndpointResponse<>(found, WebEndpointResponse.STATUS_SERVICE_UNAVAILABLE)
				: new WebEndpointResponse<>(WebEndpointResponse.STATUS_NOT_FOUND);
	}

	// No name is an ID of the MCP SDK's, and the other way round
	private static String nameOf(String session) {
		return StreamKey.isSessionName(session) ? session : SessionNames.of(session);
	}

	private SessionDescriptor describe(String name) {
		Map<String, StreamDescriptor> streams = new TreeMap<>();
		String outage = null;
		StoredSession stored = null;
		SessionRecord session = null;
		try {
			stored = this.listing ? this.sessionStore.describeSession(name).block(LIMIT) : null;
			session = this.sessionStore.findSession(name).block(LIMIT);
			List<StoredStream> found = this.eventStore.findStreams(name).block(LIMIT);
			for (StoredStream stream : (found != null) ? found : List.<StoredStream>of()) {
				streams.put(stream.streamId(), StreamDescriptor.of(stream));
			}
		}
		catch (EventStoreUnavailableException | SessionStoreUnavailableException ex) {
			outage = ex.getMessage();
		}
		List<StreamDescription> here = this.endpoint.describeStreams(name);
		for (StreamDescription stream : here) {
			streams.merge(stream.streamId(), StreamDescriptor.of(stream, this.nodeId), StreamDescriptor::here);
		}
		List<StreamDescriptor> sorted = streams.values()
			.stream()
			.sorted(Comparator.comparing(StreamDescriptor::complete).thenComparing(StreamDescriptor::streamId))
			.toList();
		return new SessionDescriptor(name, SessionSummary.of(stored, session),
				(session != null) ? session.logLevel() : null,
				(session != null) ? session.subscriptions().size() : null, outage, sorted);
	}

	/**
	 * End a session for good, on all nodes, as its client's own DELETE does.
	 * @param session the name of the session, or the ID by which its client knows it
	 * @return 204 if it is ended, 404 if there is none, and 503 if a store is out of
	 * reach: then it may be ended or not, and the request can be made again
	 */
	@DeleteOperation
	public WebEndpointResponse<OutageDescriptor> end(@Selector String session) {
		try {
			return new WebEndpointResponse<>(ended(nameOf(session)) ? WebEndpointResponse.STATUS_NO_CONTENT
					: WebEndpointResponse.STATUS_NOT_FOUND);
		}
		catch (EventStoreUnavailableException | SessionStoreUnavailableException ex) {
			return new WebEndpointResponse<>(new OutageDescriptor(ex.getMessage()),
					WebEndpointResponse.STATUS_SERVICE_UNAVAILABLE);
		}
	}

	private boolean ended(String name) {
		try {
			this.endpoint.endSession(name).block(LIMIT);
		}
		catch (SessionNotFoundException ex) {
			return false;
		}
		logger.info("Session {} was ended through the Actuator endpoint", name);
		return true;
	}

	/**
	 * Some of the sessions.
	 *
	 * @param sessions the sessions
	 * @param next the parameter {@code after} of the next page, if there is one
	 * @param outage why the store couldn't be asked, if it couldn't
	 */
	public record SessionsDescriptor(List<SessionSummary> sessions, @Nullable String next, @Nullable String outage) {

	}

	/**
	 * Why a session could not be ended.
	 *
	 * @param outage why the store is out of reach
	 */
	public record OutageDescriptor(@Nullable String outage) {

	}

	/**
	 * What is known of a session from its record.
	 *
	 * @param session its name
	 * @param clientName what its client calls itself, a hundred characters at most
	 * @param clientVersion the version that its client says it has, as above
	 * @param protocolVersion the negotiated protocol version
	 * @param server the name of the MCP server
	 * @param owner a hash of the owner's name: the first 16 hexadecimal digits of its
	 * SHA-256; {@code null} if it is nobody's
	 * @param node the ID of the node that noted its use last, if there may be several
	 * @param ageSeconds how long ago it began, if the store knows
	 * @param idleSeconds how long ago its use was noted last, if the store knows
	 */
	public record SessionSummary(String session, @Nullable String clientName, @Nullable String clientVersion,
			@Nullable String protocolVersion, @Nullable String server, @Nullable String owner, @Nullable String node,
			@Nullable Long ageSeconds, @Nullable Long idleSeconds) {

		static SessionSummary of(StoredSession session) {
			return of(session.sessionName(), session.initializeRequest(), session.protocolVersion(), session.server(),
					session.owner(), session.node(), session.age(), session.idle());
		}

		/**
		 * Return what is known of a session.
		 * @param stored what a store that lists sessions has of it
		 * @param session what any store has of it
		 * @return the summary, or {@code null} of neither
		 */
		static @Nullable SessionSummary of(@Nullable StoredSession stored, @Nullable SessionRecord session) {
			if (stored != null) {
				return of(stored);
			}
			return (session != null) ? of(session.sessionName(), session.initializeRequest(), session.protocolVersion(),
					session.server(), session.owner(), null, null, null) : null;
		}

		private static SessionSummary of(String session, @Nullable String initializeRequest,
				@Nullable String protocolVersion, @Nullable String server, @Nullable String owner,
				@Nullable String node, @Nullable Duration age, @Nullable Duration idle) {
			Implementation client = client(initializeRequest);
			return new SessionSummary(session, (client != null) ? shortened(client.name()) : null,
					(client != null) ? shortened(client.version()) : null, protocolVersion, server,
					(owner != null) ? hash(owner) : null, node, (age != null) ? age.toSeconds() : null,
					(idle != null) ? idle.toSeconds() : null);
		}

		private static @Nullable Implementation client(@Nullable String initializeRequest) {
			if (initializeRequest == null) {
				return null;
			}
			try {
				return McpJsonDefaults.getMapper().readValue(initializeRequest, InitializeRequest.class).clientInfo();
			}
			catch (IOException | RuntimeException ex) {
				logger.debug("What a client said of itself can't be read", ex);
				return null;
			}
		}

		private static @Nullable String shortened(@Nullable String text) {
			return (text != null && text.length() > MAX_TEXT) ? text.substring(0, MAX_TEXT) : text;
		}

		private static String hash(String owner) {
			try {
				byte[] hash = MessageDigest.getInstance("SHA-256").digest(owner.getBytes(StandardCharsets.UTF_8));
				return HexFormat.of().formatHex(hash, 0, 8);
			}
			catch (NoSuchAlgorithmException ex) {
				throw new IllegalStateException(ex);
			}
		}

	}

	/**
	 * A session and its streams.
	 *
	 * @param session its name
	 * @param summary what the list has of it, if it is stored
	 * @param logLevel the log level that the client asked for, if it did
	 * @param subscriptions to how many resources it is subscribed, if it is stored
	 * @param outage why the store couldn't be asked, if it couldn't: then only this
	 * node's streams are shown
	 * @param streams the streams, running ones first
	 */
	public record SessionDescriptor(String session, @Nullable SessionSummary summary, @Nullable String logLevel,
			@Nullable Integer subscriptions, @Nullable String outage, List<StreamDescriptor> streams) {

		private boolean isKnown() {
			return this.summary != null || !this.streams.isEmpty();
		}

	}

	/**
	 * A stream.
	 *
	 * @param streamId the stream ID
	 * @param requestId the JSON text of the ID of the request that it answers, or of the
	 * array of those of a batch; {@code null} if it answers nothing, or runs elsewhere
	 * @param complete whether its response is stored
	 * @param owner the ID of the node that runs or ran it, if there may be several
	 * @param lastSequence the sequence of the newest event that is stored
	 * @param connection what its open connection is for, if this node has one
	 */
	public record StreamDescriptor(String streamId, @Nullable String requestId, boolean complete,
			@Nullable String owner, long lastSequence, @Nullable ConnectionKind connection) {

		static StreamDescriptor of(StoredStream stream) {
			return new StreamDescriptor(stream.streamId(), text(stream.head().requestIds()), stream.complete(),
					stream.head().owner(), stream.lastSequence(), null);
		}

		static StreamDescriptor of(StreamDescription stream, @Nullable String nodeId) {
			return new StreamDescriptor(stream.streamId(), text(stream.requestIds()), false,
					stream.runsHere() ? nodeId : null, stream.lastSequence(), stream.connection());
		}

		private static @Nullable String text(@Nullable RequestIds requestIds) {
			return (requestIds != null) ? requestIds.toString() : null;
		}

		/**
		 * Add what this node knows of a stream to what the store says.
		 * @param here what this node knows
		 * @return both
		 */
		StreamDescriptor here(StreamDescriptor here) {
			return new StreamDescriptor(this.streamId, this.requestId, this.complete, this.owner,
					Math.max(this.lastSequence, here.lastSequence), here.connection);
		}

	}

}

package io.github.mcppersist.autoconfigure.actuate;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.MonitoredEventStore;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StoreOutage;
import io.github.mcppersist.event.StoredStream;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.EndpointStatistics;
import io.github.mcppersist.observe.StreamDescription;
import io.github.mcppersist.payload.EncodedEventStore;
import io.github.mcppersist.payload.EncodedSessionStore;
import io.github.mcppersist.payload.PayloadCodec;
import io.github.mcppersist.payload.Payloads;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Actuator endpoint that shows what this node holds, and the streams of one session on
 * all nodes. It shows no message, no principal and nothing that a client said of itself.
 */
@Endpoint(id = "mcppersist")
public final class McpPersistEndpoint {

	/**
	 * The stores' calls end in time by themselves; this is for stores that don't.
	 */
	private static final Duration LIMIT = Duration.ofSeconds(10);

	private final StreamableHttpEndpoint endpoint;

	private final EventStore eventStore;

	private final SessionStore sessionStore;

	private final MonitoredEventStore readable;

	private final @Nullable String nodeId;

	McpPersistEndpoint(StreamableHttpEndpoint endpoint, EventStore eventStore, SessionStore sessionStore,
			@Nullable NodeRegistry nodeRegistry, PayloadCodec payloadCodec) {
		// What can't be read the MCP endpoint reports
		Payloads payloads = new Payloads(payloadCodec, (place, failure) -> {
		});
		this.endpoint = endpoint;
		this.eventStore = eventStore;
		this.readable = new EncodedEventStore(eventStore, payloads);
		this.sessionStore = new EncodedSessionStore(sessionStore, payloads);
		this.nodeId = (nodeRegistry != null) ? nodeRegistry.nodeId() : null;
	}

	/**
	 * Show what this node holds.
	 * @return the counts
	 */
	@ReadOperation
	public NodeDescriptor node() {
		StoreOutage outage = this.readable.outage();
		return new NodeDescriptor(this.nodeId, this.eventStore.getClass().getSimpleName(),
				(outage != null) ? outage.reason() : null, this.endpoint.statistics());
	}

	/**
	 * Show the streams of a session: those that run, on whichever node, and those of
	 * which this node has a connection.
	 * @param sessionId the session
	 * @return the session, or {@code null} if there is none
	 */
	@ReadOperation
	public @Nullable SessionDescriptor session(@Selector String sessionId) {
		if (!StreamKey.isSessionId(sessionId)) {
			return null;
		}
		String name = SessionNames.of(sessionId);
		Map<String, StreamDescriptor> streams = new TreeMap<>();
		String outage = null;
		SessionRecord session = null;
		try {
			session = this.sessionStore.findSession(name).block(LIMIT);
			List<StoredStream> stored = this.readable.findStreams(name).block(LIMIT);
			for (StoredStream stream : (stored != null) ? stored : List.<StoredStream>of()) {
				streams.put(stream.streamId(), StreamDescriptor.of(stream));
			}
		}
		catch (EventStoreUnavailableException | SessionStoreUnavailableException ex) {
			outage = ex.getMessage();
		}
		for (StreamDescription stream : this.endpoint.describeStreams(sessionId)) {
			streams.merge(stream.streamId(), StreamDescriptor.of(stream, this.nodeId), StreamDescriptor::here);
		}
		if (session == null && outage == null && streams.isEmpty()) {
			return null;
		}
		List<StreamDescriptor> sorted = streams.values()
			.stream()
			.sorted(Comparator.comparing(StreamDescriptor::complete).thenComparing(StreamDescriptor::streamId))
			.toList();
		return new SessionDescriptor((session != null) ? session.protocolVersion() : null,
				(session != null) ? session.logLevel() : null,
				(session != null) ? session.subscriptions().size() : null, outage, sorted);
	}

	/**
	 * What a node holds.
	 *
	 * @param nodeId the ID of this node, if there may be others
	 * @param store the class of the event store
	 * @param outage why the store is out of reach, if it is
	 * @param statistics the counts
	 */
	public record NodeDescriptor(@Nullable String nodeId, String store, @Nullable String outage,
			EndpointStatistics statistics) {

	}

	/**
	 * A session.
	 *
	 * @param protocolVersion the negotiated protocol version, if the session is stored
	 * @param logLevel the log level that the client asked for, if it did
	 * @param subscriptions to how many resources it is subscribed, if it is stored
	 * @param outage why the store couldn't be asked, if it couldn't: then only this
	 * node's streams are shown
	 * @param streams the streams, running ones first
	 */
	public record SessionDescriptor(@Nullable String protocolVersion, @Nullable String logLevel,
			@Nullable Integer subscriptions, @Nullable String outage, List<StreamDescriptor> streams) {

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

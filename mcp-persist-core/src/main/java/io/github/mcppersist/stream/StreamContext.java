package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.payload.PayloadPlace;
import io.github.mcppersist.payload.Payloads;
import io.github.mcppersist.payload.UnreadablePayloadException;

/**
 * What all streams of one endpoint share: the store, the other nodes, the settings and
 * the threads, and what is counted of them all.
 */
public final class StreamContext {

	private static final Logger logger = LoggerFactory.getLogger(StreamContext.class);

	/**
	 * How soon a call that has failed is made again.
	 */
	public static final Duration RETRY_PAUSE = Duration.ofMillis(300);

	private static final Duration CENTURY = Duration.ofDays(36_500);

	/**
	 * How many streams' worth of events that the store doesn't take the whole endpoint
	 * keeps in memory.
	 */
	private static final int MAX_STRANDED_STREAMS = 16;

	private final EventStore store;

	private final NodeRegistry nodes;

	private final boolean shared;

	private final StreamSettings settings;

	private final EndpointObserver observer;

	private final Threads threads;

	private final Supplier<String> serverName;

	private final Payloads payloads;

	private final Set<SseConnection> connections = ConcurrentHashMap.newKeySet();

	private final Openings openings;

	private final Retries retries;

	private final LogLimit gaps;

	private final AtomicLong unstoredBytes = new AtomicLong();

	private final AtomicLong strandedBytes = new AtomicLong();

	private final AtomicInteger strandedTails = new AtomicInteger();

	/**
	 * Create the context.
	 * @param store where events are stored; its signals come on delivery threads
	 * @param nodes the nodes that share the store, this one among them; their registry's
	 * answers come on delivery threads
	 * @param shared whether there may be others than this one
	 * @param settings what the options say
	 * @param observer is told what happens
	 * @param threads the endpoint's threads
	 * @param serverName returns the name of the MCP server, for which alone what nodes
	 * tell each other is meant
	 * @param payloads encodes what nodes tell each other
	 */
	public StreamContext(EventStore store, NodeRegistry nodes, boolean shared, StreamSettings settings,
			EndpointObserver observer, Threads threads, Supplier<String> serverName, Payloads payloads) {
		this.store = store;
		this.nodes = nodes;
		this.shared = shared;
		this.settings = settings;
		this.observer = observer;
		this.threads = threads;
		this.serverName = serverName;
		this.payloads = payloads;
		this.openings = new Openings(threads);
		this.retries = new Retries(threads);
		this.gaps = new LogLimit(threads::nanoTime);
	}

	/**
	 * Return a duration in nanoseconds, and a century for one that is longer.
	 * @param duration the duration
	 * @return the nanoseconds
	 */
	public static long nanos(Duration duration) {
		return (duration.compareTo(CENTURY) < 0) ? duration.toNanos() : CENTURY.toNanos();
	}

	public EventStore store() {
		return this.store;
	}

	public NodeRegistry nodes() {
		return this.nodes;
	}

	/**
	 * Say whether other nodes may serve the same sessions.
	 * @return whether streams and sessions can change without this node's doing
	 */
	public boolean isShared() {
		return this.shared;
	}

	public boolean isThisNode(String nodeId) {
		return this.nodes.nodeId().equals(nodeId);
	}

	/**
	 * Tell another node something that it would find out by itself, only later.
	 * @param nodeId the other node
	 * @param message what happened
	 */
	public void tell(String nodeId, NodeMessage message) {
		send(nodeId, message).subscribe((received) -> {
		}, (ex) -> logger.debug("Another node was not told: {}", ex.getMessage()));
	}

	/**
	 * Send a message to another node, for the endpoint of this MCP server alone.
	 * @param nodeId the other node
	 * @param message the message
	 * @return whether that node has received it; fails if it can't be sent, or encoded
	 */
	public Mono<Boolean> send(String nodeId, NodeMessage message) {
		return Mono.defer(() -> this.nodes.send(nodeId, text(message)));
	}

	/**
	 * Send a message to all other nodes, for the endpoints of this MCP server alone.
	 * @param message the message
	 * @return completes when it is sent; fails if it can't be, or can't be encoded
	 */
	public Mono<Void> broadcast(NodeMessage message) {
		return Mono.defer(() -> this.nodes.broadcast(text(message)));
	}

	private String text(NodeMessage message) {
		String server = this.serverName.get();
		String plain = message.toText(server);
		String encoded = this.payloads.encode(messageOf(server), plain);
		return encoded.equals(plain) ? plain : NodeMessage.wrap(encoded, server);
	}

	/**
	 * Read what another node has told.
	 * @param text the text of its message
	 * @return the message, or {@code null} if it is for another server, or of a kind that
	 * this version doesn't know, or can't be decoded
	 */
	public @Nullable NodeMessage message(String text) {
		String server = this.serverName.get();
		String encoded = NodeMessage.unwrap(text, server);
		try {
			return (encoded != null) ? NodeMessage.parse(this.payloads.decode(messageOf(server), encoded), server)
					: null;
		}
		catch (UnreadablePayloadException ex) {
			return null;
		}
	}

	private static PayloadPlace messageOf(String server) {
		return new PayloadPlace(PayloadPlace.Kind.NODE_MESSAGE, "", server);
	}

	public StreamSettings settings() {
		return this.settings;
	}

	public EndpointObserver observer() {
		return this.observer;
	}

	public Threads threads() {
		return this.threads;
	}

	/**
	 * A reader misses events that aren't kept any more, or can't be read.
	 * @param stream their stream
	 */
	public void gapFound(StreamKey stream) {
		this.observer.gapFound();
		this.gaps.log((before) -> logger.atInfo()
			.addKeyValue("mcp.stream.id", stream.streamId())
			.log("A client has missed events of stream {} that are no longer kept, or can't be read. {} more since the "
					+ "last line; logged once a minute", stream.streamId(), before));
	}

	/**
	 * A reader on another node may wait for what will never be stored, and the store may
	 * have lost who reads: have it look.
	 * @param stream the stream
	 */
	void tellOfLoss(StreamKey stream) {
		if (this.shared) {
			broadcast(new NodeMessage(NodeMessage.Kind.LOST, stream.sessionName(), stream.streamId()))
				.subscribe((nothing) -> {
				}, (ex) -> logger.debug("Other nodes were not told of lost events: {}", ex.getMessage()));
		}
	}

	/**
	 * Return the connections that are open now.
	 * @return the live set, for any thread
	 */
	public Set<SseConnection> connections() {
		return this.connections;
	}

	Openings openings() {
		return this.openings;
	}

	Retries retries() {
		return this.retries;
	}

	/**
	 * Count bytes of events that the store hasn't acknowledged.
	 * @param bytes how many more, or fewer if negative
	 */
	void countUnstored(long bytes) {
		this.unstoredBytes.addAndGet(bytes);
	}

	/**
	 * Count tails of streams for which the store is away, and their bytes. What is only
	 * on its way to the store doesn't count: it may be much for a moment, and no stream
	 * is to lose events for it.
	 * @param tails how many more, or fewer if negative
	 * @param bytes how many more, or fewer if negative
	 */
	void countStranded(int tails, long bytes) {
		this.strandedTails.addAndGet(tails);
		this.strandedBytes.addAndGet(bytes);
	}

	/**
	 * Return how many bytes such a tail may hold for the sake of the endpoint as a whole:
	 * an equal share of what all may, once they hold more than that. So what is too much
	 * goes where most of it is, and a stream of a few events keeps them.
	 * @return the limit, which changes at any time
	 */
	long maxStrandedBytes() {
		return !isStrandedFull() ? Long.MAX_VALUE
				: MAX_STRANDED_STREAMS * this.settings.maxUnstoredBytes() / Math.max(1, this.strandedTails.get());
	}

	/**
	 * Say whether such tails hold more than all of them may.
	 * @return whether some of it has to go
	 */
	boolean isStrandedFull() {
		return this.strandedBytes.get() > MAX_STRANDED_STREAMS * this.settings.maxUnstoredBytes();
	}

	/**
	 * Say whether such tails hold so much that what nobody needs should go, before
	 * anything else has to.
	 * @return whether it is three quarters of what all of them may hold
	 */
	boolean isStrandedNearlyFull() {
		return this.strandedBytes.get() / 3 * 4 > MAX_STRANDED_STREAMS * this.settings.maxUnstoredBytes();
	}

	/**
	 * Say whether they hold so much more that it doesn't go by itself.
	 * @return whether what would be missed has to go, too
	 */
	boolean isStrandedOverfull() {
		return this.strandedBytes.get() / 5 * 4 > MAX_STRANDED_STREAMS * this.settings.maxUnstoredBytes();
	}

	public long unstoredBytes() {
		return this.unstoredBytes.get();
	}

}

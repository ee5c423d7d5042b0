package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeRegistry;

/**
 * Keeps signs of life of all nodes in one sorted set in Redis, and sends messages through
 * Pub/Sub. A node has gone when it gave none for the timeout, by the clock of the node
 * that looks, while that one could give them all along: an outage of Redis, however long,
 * makes no node look gone. What that costs each node doesn't depend on how many there
 * are.
 * <p>
 * It shares the connections and the node ID of a {@link RedisEventStore}, and works until
 * that store is closed.
 */
public final class RedisNodeRegistry implements NodeRegistry {

	private static final Logger logger = LoggerFactory.getLogger(RedisNodeRegistry.class);

	/**
	 * How often a node beats within the timeout. How long it takes until all see that one
	 * has gone is the timeout and two of these.
	 */
	private static final int BEATS = 10;

	/**
	 * So many intervals after the one before a beat of this node's own may be answered.
	 * If it is later than that, or fails, the time of the others starts again.
	 */
	private static final int MAX_GAP = 6;

	/**
	 * After this many timeouts what is left of a node is removed.
	 */
	private static final int REMOVAL = 30;

	private static final byte[] KEPT_BEATS = RedisNode.number(REMOVAL * BEATS);

	private final RedisNode node;

	private final Duration interval;

	private final byte[] ttl;

	private final NodeSightings sightings;

	private final AtomicBoolean beating = new AtomicBoolean();

	/**
	 * Those that have joined. Also the lock for joining and leaving.
	 */
	private final Map<Listener, Messages> listeners = new HashMap<>();

	private boolean joined;

	private volatile boolean left;

	private RedisNodeRegistry(RedisNode node, Duration timeout) {
		this.node = node;
		this.interval = timeout.dividedBy(BEATS);
		this.ttl = RedisNode.number(REMOVAL * timeout.toMillis());
		this.sightings = new NodeSightings(node.id(), timeout, this.interval.multipliedBy(MAX_GAP), System::nanoTime);
	}

	/**
	 * Return a registry that shares the connections of an event store.
	 * @param eventStore the event store
	 * @param timeout after which time without a sign of life a node has gone, at least
	 * ten milliseconds
	 * @return a new registry
	 */
	public static RedisNodeRegistry of(RedisEventStore eventStore, Duration timeout) {
		if (timeout.toMillis() < 10 || timeout.toDays() > 1) {
			throw new IllegalArgumentException(
					"timeout must be at least ten milliseconds and at most a day, not " + timeout);
		}
		return new RedisNodeRegistry(eventStore.node(), timeout);
	}

	@Override
	public String nodeId() {
		return this.node.id();
	}

	@Override
	public void join(Listener listener) {
		boolean first;
		synchronized (this.listeners) {
			if (this.left) {
				throw new IllegalStateException(
						"This node has left, and doesn't come back: create another event store and registry");
			}
			Messages messages = new Messages(listener);
			if (this.listeners.putIfAbsent(listener, messages) != null) {
				throw new IllegalStateException("This listener has joined already");
			}
			first = !this.joined;
			this.joined = true;
			this.node.listen(messages);
		}
		if (first) {
			beat();
			this.node.every(this.interval, this::beat);
		}
	}

	private void beat() {
		if (this.left || !this.beating.compareAndSet(false, true)) {
			return;
		}
		NodeSightings.Look look = this.sightings.look();
		byte[][] arguments = look.arguments(RedisKeys.bytes(this.node.id()), this.ttl, KEPT_BEATS);
		this.node.write(LuaScript.BEAT, 0, keys(), arguments, (reply, failure) -> {
			try {
				if (reply != null) {
					beaten(look, reply);
				}
				else {
					this.sightings.failed();
				}
			}
			finally {
				// Only now: the next one tells the number of this one
				this.beating.set(false);
			}
		});
	}

	private void beaten(NodeSightings.Look look, List<Object> reply) {
		List<String> lost = this.sightings.answered(look, NodeSightings.Answer.parse(look, reply));
		for (String nodeId : lost) {
			logger.atWarn()
				.addKeyValue("mcp.node.id", nodeId)
				.log("Node {} has gone without a word: its requests end with an error when their clients come back",
						nodeId);
		}
	}

	private byte[][] keys() {
		return new byte[][] { RedisKeys.bytes(this.node.keys().beats()) };
	}

	@Override
	public Mono<Void> leave(Listener listener) {
		return Mono.defer(() -> {
			synchronized (this.listeners) {
				Messages messages = this.listeners.remove(listener);
				if (messages == null) {
					return Mono.empty();
				}
				this.node.unlisten(messages);
				if (!this.listeners.isEmpty()) {
					return Mono.empty();
				}
				this.left = true;
			}
			return Mono
				.whenDelayError(this.node.write(LuaScript.LEAVE, 0, keys(), RedisKeys.bytes(this.node.id()), this.ttl),
						this.node.publish(this.node.keys().allNodes(), RedisNode.LEFT + this.node.id()))
				.onErrorComplete();
		});
	}

	@Override
	public boolean isGone(String nodeId) {
		return this.sightings.isGone(nodeId);
	}

	@Override
	public Mono<Boolean> isPresent(String nodeId) {
		return Mono.defer(() -> {
			if (nodeId.equals(this.node.id())) {
				return Mono.just(true);
			}
			if (!NodeRegistry.isNodeId(nodeId)) {
				return Mono.just(false);
			}
			NodeSightings.Presence seen = this.sightings.presence(nodeId);
			return (seen != NodeSightings.Presence.UNKNOWN) ? Mono.just(seen == NodeSightings.Presence.PRESENT)
					: isStored(nodeId);
		});
	}

	// One that has just joined, or come back, may not have been seen yet
	private Mono<Boolean> isStored(String nodeId) {
		return this.node.read(LuaScript.FIND_NODE, keys(), RedisKeys.bytes(nodeId))
			.map((reply) -> RedisNode.code(reply) == 1);
	}

	@Override
	public Mono<Boolean> send(String nodeId, String message) {
		return Mono.defer(() -> {
			if (nodeId.equals(this.node.id())) {
				return Mono.just(true);
			}
			if (!NodeRegistry.isNodeId(nodeId) || isGone(nodeId)) {
				return Mono.just(false);
			}
			return this.node.publish(this.node.keys().channel(nodeId), RedisNode.MESSAGE + this.node.id() + message)
				.map((receivers) -> receivers != 0);
		});
	}

	@Override
	public Mono<Void> broadcast(String message) {
		return this.node.publish(this.node.keys().allNodes(), RedisNode.MESSAGE + this.node.id() + message).then();
	}

	private final class Messages implements RedisNode.Listener {

		private final Listener listener;

		Messages(Listener listener) {
			this.listener = listener;
		}

		@Override
		public void subscribed() {
			this.listener.missed();
		}

		@Override
		public void published(char kind, String body) {
			if (kind == RedisNode.LEFT) {
				RedisNodeRegistry.this.sightings.left(body);
			}
			else if (kind == RedisNode.MESSAGE && !body.startsWith(nodeId())) {
				this.listener.received(body.substring(NodeRegistry.ID_LENGTH));
			}
		}

		@Override
		public void closed() {
			// The beats have ended with the node
		}

	}

}

package io.github.mcppersist.simulation;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;

import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeRegistry;

/**
 * The nodes of a simulation, as they know of each other.
 */
final class SimulatedNodes {

	/**
	 * After so long without a sign of life a node has gone.
	 */
	static final Duration TIMEOUT = Duration.ofSeconds(12);

	private final World world;

	private final SimulatedDatabase database;

	private final Map<String, Member> members = new LinkedHashMap<>();

	SimulatedNodes(World world, SimulatedDatabase database) {
		this.world = world;
		this.database = database;
	}

	NodeRegistry register(Place place, String nodeId) {
		Member member = new Member(place, nodeId, this.world.nanoTime());
		this.members.put(nodeId, member);
		return member;
	}

	/**
	 * Note what the nodes see of each other now; to be called often.
	 */
	void look() {
		long now = this.world.nanoTime();
		boolean readable = !this.database.faults().reads && !this.database.faults().writes;
		for (Member member : this.members.values()) {
			if (!readable || !member.place.isRunning()) {
				member.watchingSince = now;
			}
			if (member.place.isRunning() && readable) {
				member.seen = now;
			}
		}
	}

	/**
	 * Messages may have been lost: the nodes are told so.
	 */
	void missed() {
		for (Member member : this.members.values()) {
			for (NodeRegistry.Listener listener : List.copyOf(member.listeners)) {
				this.world.soon(member.place, "may have missed messages", listener::missed);
			}
		}
	}

	private final class Member implements NodeRegistry {

		private final Place place;

		private final String nodeId;

		private final List<Listener> listeners = new ArrayList<>();

		/**
		 * What is on its way from here, by what it is sent through.
		 */
		private final Map<String, Queue<String>> sent = new HashMap<>();

		private boolean left;

		/**
		 * When it gave its last sign of life.
		 */
		private long seen;

		/**
		 * Since when it could have seen those of others.
		 */
		private long watchingSince;

		Member(Place place, String nodeId, long now) {
			this.place = place;
			this.nodeId = nodeId;
			this.seen = now;
			this.watchingSince = now;
		}

		@Override
		public String nodeId() {
			return this.nodeId;
		}

		@Override
		public void join(Listener listener) {
			this.listeners.add(listener);
		}

		@Override
		public Mono<Void> leave(Listener listener) {
			return SimulatedNodes.this.database.<Void>call(this.place, "leave", true, () -> {
				this.left = true;
				return null;
			}).doOnSubscribe((subscription) -> this.listeners.remove(listener)).onErrorComplete();
		}

		@Override
		public boolean isGone(String id) {
			Member other = SimulatedNodes.this.members.get(id);
			if (other == null || other == this) {
				return false;
			}
			long silent = SimulatedNodes.this.world.nanoTime() - Math.max(other.seen, this.watchingSince);
			return other.left || silent > TIMEOUT.toNanos();
		}

		@Override
		public Mono<Boolean> isPresent(String id) {
			return Mono.fromSupplier(() -> SimulatedNodes.this.members.containsKey(id) && !isGone(id));
		}

		@Override
		public Mono<Boolean> send(String id, String message) {
			return SimulatedNodes.this.database.call(this.place, "tell " + id + " something", true,
					() -> id.equals(this.nodeId) || tell(id, id, message));
		}

		@Override
		public Mono<Void> broadcast(String message) {
			return SimulatedNodes.this.database.call(this.place, "tell all something", true, () -> {
				for (String id : List.copyOf(SimulatedNodes.this.members.keySet())) {
					if (!id.equals(this.nodeId)) {
						tell(id, "all, at " + id, message);
					}
				}
				return null;
			});
		}

		private boolean tell(String id, String channel, String message) {
			Member other = SimulatedNodes.this.members.get(id);
			if (other == null || other.place.isDead() || other.listeners.isEmpty()) {
				return false;
			}
			World world = SimulatedNodes.this.world;
			if (world.chance(SimulatedNodes.this.database.faults().hintsLost)) {
				return true;
			}
			Duration delay = world.millis(0, SimulatedNodes.this.database.faults().slowMillis);
			Queue<String> inOrder = this.sent.computeIfAbsent(channel, (key) -> new ArrayDeque<>());
			inOrder.add(message);
			world.later(other.place, "is told something by " + this.place, delay, () -> {
				String next = inOrder.remove();
				List.copyOf(other.listeners).forEach((listener) -> listener.received(next));
			});
			return true;
		}

	}

}

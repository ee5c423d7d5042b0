package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;

/**
 * What one node has seen of the others' signs of life, by its own clock. A node has gone
 * when its value stayed as it was for the timeout while this node could read all along: a
 * read that failed, or came late, starts that time again for all of them, since the
 * others could not write then either. What one node has found out it leaves for the
 * others, which may have started later.
 */
final class NodeSightings {

	/**
	 * After this many timeouts what is left of a node is removed.
	 */
	static final int REMOVAL = 30;

	/**
	 * The value of a node that another node has given up.
	 */
	static final String GIVEN_UP = "-";

	private static final int MAX_KNOWN = 10_000;

	private static final int MAX_UNKNOWN = 1000;

	private final String self;

	private final long timeout;

	private final long maxGap;

	private final LongSupplier nanoTime;

	/**
	 * Nodes that have given signs of life.
	 */
	private final Map<String, Sighting> known = bounded(MAX_KNOWN);

	/**
	 * Nodes that were only asked about: since when.
	 */
	private final Map<String, Long> unknown = bounded(MAX_UNKNOWN);

	private boolean reading;

	/**
	 * When the last read that succeeded was sent, and what it is worth is from before.
	 */
	private long lastSent;

	private long lastReceived;

	/**
	 * Watch the other nodes.
	 * @param self this node
	 * @param timeout how long a node's value may stay as it is
	 * @param maxGap how late a read may come after the one before
	 * @param nanoTime the clock
	 */
	NodeSightings(String self, Duration timeout, Duration maxGap, LongSupplier nanoTime) {
		this.self = self;
		this.timeout = timeout.toNanos();
		this.maxGap = maxGap.toNanos();
		this.nanoTime = nanoTime;
	}

	/**
	 * A read has succeeded.
	 * @param sentAt when it was sent
	 * @param values the value of each node
	 */
	synchronized void read(long sentAt, Map<String, String> values) {
		long now = this.nanoTime.getAsLong();
		if (!this.reading || now - this.lastReceived > this.maxGap) {
			startAgain(now);
		}
		this.known.values().forEach((sighting) -> sighting.stored = false);
		values.forEach((nodeId, value) -> {
			if (!nodeId.equals(this.self)) {
				this.unknown.remove(nodeId);
				this.known.computeIfAbsent(nodeId, (unused) -> new Sighting()).see(value, now);
			}
		});
		this.reading = true;
		this.lastSent = sentAt;
		this.lastReceived = now;
	}

	/**
	 * A read has failed.
	 */
	synchronized void failed() {
		this.reading = false;
		startAgain(this.nanoTime.getAsLong());
	}

	private void startAgain(long now) {
		this.known.values().forEach((sighting) -> sighting.since = now);
		this.unknown.replaceAll((nodeId, since) -> now);
	}

	/**
	 * A node says that it has left.
	 * @param nodeId the node
	 */
	synchronized void left(String nodeId) {
		this.unknown.remove(nodeId);
		this.known.computeIfAbsent(nodeId, (unused) -> new Sighting()).left = true;
	}

	synchronized boolean isGone(String nodeId) {
		if (nodeId.equals(this.self)) {
			return false;
		}
		Sighting sighting = this.known.get(nodeId);
		if (sighting != null) {
			return sighting.left || GIVEN_UP.equals(sighting.value) || isSilentFor(sighting.since, this.timeout);
		}
		Long since = this.unknown.computeIfAbsent(nodeId, (unused) -> this.nanoTime.getAsLong());
		return isSilentFor(since, this.timeout);
	}

	/**
	 * Say what this node has seen of another one.
	 * @param nodeId the other node
	 * @return whether it is present or has gone, as far as that was seen
	 */
	synchronized Presence presence(String nodeId) {
		Sighting sighting = this.known.get(nodeId);
		if (sighting == null) {
			return Presence.UNKNOWN;
		}
		if (isGone(nodeId)) {
			return Presence.GONE;
		}
		return sighting.stored ? Presence.PRESENT : Presence.UNKNOWN;
	}

	private boolean isSilentFor(long since, long nanos) {
		return this.reading && this.lastSent - since >= nanos;
	}

	/**
	 * Return which nodes the others should know to be gone, and which ones nobody will
	 * ask for any more.
	 * @return silent nodes that are stored, each followed by its last value
	 */
	synchronized List<String> silent() {
		List<String> silent = new ArrayList<>(0);
		this.known.forEach((nodeId, sighting) -> {
			String value = sighting.value;
			long nanos = GIVEN_UP.equals(value) ? REMOVAL * this.timeout : this.timeout;
			if (sighting.stored && value != null && isSilentFor(sighting.since, nanos)) {
				silent.add(nodeId);
				silent.add(value);
			}
		});
		return silent;
	}

	/**
	 * Return which nodes have gone without a word since this was last asked, while this
	 * node watched.
	 * @return the IDs of the nodes
	 */
	synchronized List<String> lost() {
		List<String> lost = new ArrayList<>(0);
		this.known.forEach((nodeId, sighting) -> {
			if (!sighting.left && !sighting.lost
					&& (GIVEN_UP.equals(sighting.value) || isSilentFor(sighting.since, this.timeout))) {
				sighting.lost = true;
				lost.add(nodeId);
			}
		});
		return lost;
	}

	private static <V> Map<String, V> bounded(int max) {
		return new LinkedHashMap<>() {

			@Override
			protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
				return size() > max;
			}

		};
	}

	/**
	 * What was seen of a node.
	 */
	enum Presence {

		PRESENT, GONE, UNKNOWN

	}

	private static final class Sighting {

		private @Nullable String value;

		private long since;

		private boolean stored;

		private boolean left;

		private boolean lost;

		void see(String value, long now) {
			if (!value.equals(this.value)) {
				// Given up before this node came is no news
				this.lost = GIVEN_UP.equals(value) && (this.lost || this.value == null);
				this.value = value;
				this.since = now;
			}
			this.stored = true;
		}

	}

}

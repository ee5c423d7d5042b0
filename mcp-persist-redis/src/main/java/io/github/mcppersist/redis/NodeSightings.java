package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * What one node has seen of the others. The beats of all nodes are numbered in one row,
 * so that the number of an own beat divides the others' into those before and those after
 * it. A node has gone when its last beat is from before an own one of the timeout ago, by
 * the clock of this node, while this node could beat all along: a beat that failed, or
 * came late, starts that time again, since the others could not beat then either.
 * <p>
 * Whoever finds that out gives the node up, and all learn that with their next beat, as
 * they learn who has come or left. So a beat brings nothing while nothing changes,
 * however many nodes there are. What was learnt holds until the next change, unless this
 * node's own last beat isn't as it was: then it is forgotten, since changes may be as
 * well.
 */
final class NodeSightings {

	/**
	 * How many changes are kept, and brought by one beat at most. If there are as many,
	 * others may be missing.
	 */
	static final int MAX_CHANGES = 1000;

	private static final char CAME = '+';

	private static final char LEFT = '-';

	// The third kind is '!', given up

	private static final int MAX_KNOWN = 10_000;

	private static final int MAX_UNKNOWN = 1000;

	private static final int MAX_LOOKED_UP = 100;

	private final String self;

	private final long timeout;

	private final long maxGap;

	private final LongSupplier nanoTime;

	/**
	 * Nodes of which a change or an answer has told.
	 */
	private final Map<String, Sighting> known = bounded(MAX_KNOWN);

	/**
	 * Nodes that were only asked about.
	 */
	private final Map<String, Question> unknown = bounded(MAX_UNKNOWN);

	/**
	 * The beats without a break until now, from the last one that is older than the
	 * timeout on.
	 */
	private final Deque<Beat> beats = new ArrayDeque<>();

	private long lastBeat;

	/**
	 * Watch the other nodes.
	 * @param self this node
	 * @param timeout how long a node may give no sign of life
	 * @param maxGap how late a beat may be answered after the one before
	 * @param nanoTime the clock
	 */
	NodeSightings(String self, Duration timeout, Duration maxGap, LongSupplier nanoTime) {
		this.self = self;
		this.timeout = timeout.toNanos();
		this.maxGap = maxGap.toNanos();
		this.nanoTime = nanoTime;
	}

	/**
	 * Return what the next beat has to say and to ask.
	 * @return the look
	 */
	synchronized Look look() {
		long now = this.nanoTime.getAsLong();
		startAgainAfterGap(now);
		while (this.beats.size() > 1 && now - second().receivedAt >= this.timeout) {
			this.beats.removeFirst();
		}
		Beat oldest = this.beats.peekFirst();
		long givenUpBefore = (oldest != null && now - oldest.receivedAt >= this.timeout) ? oldest.number : 0;
		List<String> lookedUp = new ArrayList<>(0);
		this.unknown.forEach((nodeId, question) -> {
			if (lookedUp.size() < MAX_LOOKED_UP && (!question.absent || now - question.since >= this.timeout)) {
				lookedUp.add(nodeId);
			}
		});
		return new Look(now, this.lastBeat, givenUpBefore, lookedUp);
	}

	private void startAgainAfterGap(long now) {
		Beat newest = this.beats.peekLast();
		if (newest != null && now - newest.receivedAt > this.maxGap) {
			startAgain(now);
		}
	}

	/**
	 * A beat was answered.
	 * @param look what it said and asked
	 * @param answer the answer
	 * @return the nodes that have gone without a word, as this one learns now
	 */
	synchronized List<String> answered(Look look, Answer answer) {
		long now = this.nanoTime.getAsLong();
		startAgainAfterGap(now);
		if (!answer.continues()) {
			startAgain(now);
		}
		if (!answer.continues() || answer.changes().size() >= MAX_CHANGES) {
			forget();
		}
		List<String> lost = new ArrayList<>(0);
		answer.changes().forEach((change) -> {
			if (changed(change) && this.lastBeat != 0 && change.number() > this.lastBeat) {
				lost.add(change.nodeId());
			}
		});
		for (int i = 0; i < look.lookedUp().size(); i++) {
			lookedUp(look.lookedUp().get(i), answer.present().get(i), look.at());
		}
		this.beats.addLast(new Beat(answer.beat(), now));
		this.lastBeat = answer.beat();
		return lost;
	}

	private Beat second() {
		var beats = this.beats.iterator();
		beats.next();
		return beats.next();
	}

	// Returns whether the node was lost
	private boolean changed(Change change) {
		Sighting before = this.known.get(change.nodeId());
		if (change.nodeId().equals(this.self) || before == Sighting.LEFT) {
			return false;
		}
		Sighting sighting = switch (change.kind()) {
			case CAME -> Sighting.PRESENT;
			case LEFT -> Sighting.LEFT;
			default -> Sighting.LOST;
		};
		this.unknown.remove(change.nodeId());
		this.known.put(change.nodeId(), sighting);
		return sighting == Sighting.LOST;
	}

	private void lookedUp(String nodeId, boolean present, long askedAt) {
		Question question = this.unknown.get(nodeId);
		if (question == null) {
			return;
		}
		question.absent = !present;
		if (present || askedAt - question.since >= this.timeout) {
			this.unknown.remove(nodeId);
			this.known.put(nodeId, present ? Sighting.PRESENT : Sighting.LOST);
		}
	}

	/**
	 * A beat has failed.
	 */
	synchronized void failed() {
		startAgain(this.nanoTime.getAsLong());
	}

	private void startAgain(long now) {
		this.beats.clear();
		this.unknown.values().forEach((question) -> question.since = now);
	}

	private void forget() {
		this.known.values().removeIf((sighting) -> sighting != Sighting.LEFT);
		this.unknown.values().forEach((question) -> question.absent = false);
	}

	/**
	 * A node says that it has left.
	 * @param nodeId the node
	 */
	synchronized void left(String nodeId) {
		this.unknown.remove(nodeId);
		this.known.put(nodeId, Sighting.LEFT);
	}

	synchronized boolean isGone(String nodeId) {
		if (nodeId.equals(this.self)) {
			return false;
		}
		Sighting sighting = this.known.get(nodeId);
		if (sighting == null) {
			this.unknown.computeIfAbsent(nodeId, (unused) -> new Question(this.nanoTime.getAsLong()));
		}
		return sighting != null && sighting != Sighting.PRESENT;
	}

	/**
	 * Say what this node has seen of another one.
	 * @param nodeId the other node
	 * @return whether it is present, or has gone and won't come back, as far as that was
	 * seen
	 */
	synchronized Presence presence(String nodeId) {
		Sighting sighting = this.known.get(nodeId);
		if (sighting == null || sighting == Sighting.LOST) {
			// It may have come, or come back, since the last beat
			return Presence.UNKNOWN;
		}
		return (sighting == Sighting.PRESENT) ? Presence.PRESENT : Presence.GONE;
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

	/**
	 * What a beat says and asks.
	 *
	 * @param at when it is sent
	 * @param lastBeat the number of the last one that was answered, or 0
	 * @param givenUpBefore nodes whose last beat has a lower number have gone, or 0
	 * @param lookedUp the nodes to look up
	 */
	record Look(long at, long lastBeat, long givenUpBefore, List<String> lookedUp) {

		/**
		 * Return the arguments of the script.
		 * @param self this node
		 * @param ttl for how many milliseconds all is kept
		 * @param keptBeats for how many beats of each node changes are kept
		 * @return the arguments
		 */
		byte[][] arguments(byte[] self, byte[] ttl, byte[] keptBeats) {
			List<byte[]> arguments = new ArrayList<>(List.of(self, RedisNode.number(this.lastBeat), ttl,
					RedisNode.number(this.givenUpBefore), keptBeats, RedisNode.number(MAX_CHANGES)));
			this.lookedUp.forEach((nodeId) -> arguments.add(RedisKeys.bytes(nodeId)));
			return arguments.toArray(byte[][]::new);
		}

	}

	/**
	 * What a beat brings.
	 *
	 * @param beat its number
	 * @param continues whether the beat before it was there as this node knows it
	 * @param present whether each of the nodes to look up is there
	 * @param changes what has changed since the beat before it, or all changes that are
	 * kept if it doesn't continue
	 */
	record Answer(long beat, boolean continues, List<Boolean> present, List<Change> changes) {

		static Answer parse(Look look, List<Object> reply) {
			int changesFrom = 2 + look.lookedUp().size();
			List<Boolean> present = reply.subList(2, changesFrom).stream().map(Answer::isOne).toList();
			List<Change> changes = new ArrayList<>(0);
			for (int i = changesFrom; i + 1 < reply.size(); i += 2) {
				String member = SessionFields.text(reply.get(i));
				double score = Double.parseDouble(SessionFields.text(reply.get(i + 1)));
				changes.add(new Change(member.charAt(0), member.substring(1), -(long) score));
			}
			return new Answer((Long) reply.get(0), isOne(reply.get(1)), present, changes);
		}

		private static boolean isOne(Object number) {
			return Long.valueOf(1).equals(number);
		}

	}

	/**
	 * What happened to a node last.
	 *
	 * @param kind what it was
	 * @param nodeId the node
	 * @param number when it was, in the row of beats
	 */
	record Change(char kind, String nodeId, long number) {
	}

	private enum Sighting {

		PRESENT, LEFT, LOST

	}

	private record Beat(long number, long receivedAt) {
	}

	private static final class Question {

		private long since;

		/**
		 * Whether it wasn't there when this node looked first.
		 */
		private boolean absent;

		Question(long since) {
			this.since = since;
		}

	}

}

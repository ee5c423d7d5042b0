package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.stream.Threads;

/**
 * Calls that look as if they ran, though the node that ran them has ended them: a store
 * that has failed over may have lost the end. Whoever sees such a call for longer asks
 * that node, which knows all that it runs, and ends in the store what it doesn't. Of all
 * who end a call the first wins, so one that ends just now is not harmed. Thread-safe.
 */
final class LostEnds {

	/**
	 * Of how many calls it is known since when they are followed. Beyond that all is
	 * forgotten, which has their nodes asked a little later.
	 */
	private static final int MAX_CALLS = 20_000;

	private final Threads threads;

	private final long intervalNanos;

	private final BiConsumer<String, NodeMessage> tellNode;

	private final Consumer<String> toEnd;

	/**
	 * When the owner of each call was asked last, or the call seen first.
	 */
	private final Map<String, Long> asked = new ConcurrentHashMap<>();

	/**
	 * Create it.
	 * @param threads the endpoint's threads
	 * @param interval how often the owner of a call is asked
	 * @param tellNode tells another node
	 * @param toEnd is given the name of each call that others follow here, and ends it
	 * unless it runs
	 */
	LostEnds(Threads threads, Duration interval, BiConsumer<String, NodeMessage> tellNode, Consumer<String> toEnd) {
		this.threads = threads;
		this.intervalNanos = interval.toNanos();
		this.tellNode = tellNode;
		this.toEnd = toEnd;
	}

	/**
	 * A call of another node was seen that hasn't ended. Costs nothing but a message now
	 * and then, for which nobody waits.
	 * @param owner the node
	 * @param name the call's name
	 */
	void seen(String owner, String name) {
		long now = this.threads.nanoTime();
		if (this.asked.size() >= MAX_CALLS) {
			this.asked.clear();
		}
		Long before = this.asked.putIfAbsent(name, now);
		if (before != null && now - before >= this.intervalNanos && this.asked.replace(name, before, now)) {
			this.tellNode.accept(owner, new NodeMessage(NodeMessage.Kind.CALL_FOLLOWED, name, ""));
		}
	}

	/**
	 * Another node follows a call of this one's.
	 * @param message says which
	 */
	void told(NodeMessage message) {
		this.toEnd.accept(message.subject());
	}

}

package io.github.mcppersist.node;

import reactor.core.publisher.Mono;

import io.github.mcppersist.event.StreamKey;

/**
 * The nodes that serve the same sessions. Each has an ID that is drawn at random when it
 * starts, so that a node which was started anew is another one. A node is
 * <em>present</em> from {@link #join} on for as long as it gives signs of life, and
 * <em>gone</em> when it has left, or has given none for a time of the registry's own
 * choice while the registry could have seen them.
 * <p>
 * Messages are hints. They may be lost, and then {@link Listener#missed()} says so,
 * sooner or later; whoever sends one has stored what it is about before. What a node
 * broadcasts comes in the order in which it is sent, if each is sent when the one before
 * it was said to be, and so does what it sends to one node.
 * <p>
 * Signals come on any thread: one of the registry's own, or of whoever subscribes.
 * Thread-safe.
 */
public interface NodeRegistry {

	/**
	 * How many characters the ID of a node has.
	 */
	int ID_LENGTH = 11;

	/**
	 * Return the registry of a node that shares its sessions with no other.
	 * @return a new registry, without threads
	 */
	static NodeRegistry single() {
		return new SingleNodeRegistry();
	}

	/**
	 * Draw the ID of a node that starts.
	 * @return an ID that no other node has
	 */
	static String randomNodeId() {
		return StreamKey.random("node").streamId().substring(0, ID_LENGTH);
	}

	/**
	 * Say whether a text can be the ID of a node.
	 * @param text what somebody sent
	 * @return whether it has {@link #ID_LENGTH} characters out of {@code A-Z a-z 0-9}
	 */
	static boolean isNodeId(String text) {
		return text.length() == ID_LENGTH && StreamKey.isStreamId(text);
	}

	/**
	 * Return the ID of this node. It must be the one under which the event store opens
	 * and watches streams: see {@link io.github.mcppersist.event.StreamHead}.
	 * @return {@link #ID_LENGTH} characters out of {@code A-Z a-z 0-9}
	 */
	String nodeId();

	/**
	 * Begin to receive messages and, with the first listener, to give signs of life. A
	 * node has a listener for each endpoint, and each is told all that comes.
	 * @param listener is told what comes
	 * @throws IllegalStateException if this listener has joined already, or the node has
	 * left
	 */
	void join(Listener listener);

	/**
	 * End to receive messages. With the last listener that has joined, tell the others
	 * that this node has gone; it doesn't come back.
	 * @param listener is told nothing more; one that has not joined is passed over
	 * @return completes when that is done, or couldn't be done in time; never fails
	 */
	Mono<Void> leave(Listener listener);

	/**
	 * Say whether another node has gone. Costs nothing: what this node has seen so far
	 * answers it, and a node that it hasn't heard of is watched from now on.
	 * @param nodeId the other node, or this one
	 * @return {@code true} only if it is certain
	 */
	boolean isGone(String nodeId);

	/**
	 * Say whether a node is present that a client names: unlike {@link #isGone} this
	 * doesn't take a node for present that nobody has ever heard of. If this node hasn't
	 * heard of the other one yet, or has heard only that it gave no signs of life,
	 * whoever keeps these is asked: it may have come just now, or come back.
	 * @param nodeId the other node, or this one
	 * @return emits whether it is present; fails, with whatever the registry's own means
	 * say, if that can't be told
	 */
	Mono<Boolean> isPresent(String nodeId);

	/**
	 * Send a message to a node.
	 * @param nodeId the node; if it is this one, nothing is sent
	 * @param message the message, up to about 64 kilobytes
	 * @return {@code false} if the node has certainly not got it, since it has gone or
	 * isn't listening; fails, with whatever the registry's own means say, if that can't
	 * be told
	 */
	Mono<Boolean> send(String nodeId, String message);

	/**
	 * Send a message to all other nodes.
	 * @param message the message, up to about 64 kilobytes
	 * @return completes when it is sent; fails, with whatever the registry's own means
	 * say, if it may not be
	 */
	Mono<Void> broadcast(String message);

	/**
	 * Is told what comes, on a thread of the registry's own, which it neither blocks nor
	 * uses for a user's code.
	 */
	interface Listener {

		/**
		 * A message has come.
		 * @param message the message
		 */
		void received(String message);

		/**
		 * Messages may have been lost until now.
		 */
		void missed();

	}

}

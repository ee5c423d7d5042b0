package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.stream.StreamContext;
import io.github.mcppersist.stream.Threads;

/**
 * Calls for which nobody waits on this node any more, since their clients have closed the
 * requests that did. That cancels a call only if nobody waits for it anywhere: whoever
 * has lost a connection makes the same request again, and to any node. Nothing is stored
 * of who waits where, so the other nodes are asked, and say so if somebody comes a moment
 * later. Whoever was just told that the call is a task counts as if it waited.
 * Thread-safe.
 */
final class LeftCalls {

	private static final Logger logger = LoggerFactory.getLogger(LeftCalls.class);

	/**
	 * In which a client that has lost its connection makes its request again.
	 */
	private static final Duration GRACE = Duration.ofSeconds(1);

	/**
	 * In which other nodes say that somebody waits there.
	 */
	private static final Duration ANSWER_LIMIT = Duration.ofSeconds(1);

	/**
	 * The longest that {@link #isAbandoned} takes, but for a node that can't be told.
	 */
	static final Duration LIMIT = GRACE.plus(ANSWER_LIMIT);

	/**
	 * Of how many tasks it is known for long that a client was told of them.
	 */
	private static final int MAX_TOLD_TASKS = 10_000;

	private final Threads threads;

	private final Function<NodeMessage, Mono<Void>> tellNodes;

	private final Predicate<String> waitedForHere;

	private final Set<Inquiry> inquiries = ConcurrentHashMap.newKeySet();

	/**
	 * For which calls other nodes have asked just now, and until when that is remembered.
	 */
	private final Map<String, Long> askedFor = new ConcurrentHashMap<>();

	/**
	 * Of which calls clients here were told that they are tasks, and until when that is
	 * remembered.
	 */
	private final Map<String, Long> toldTasks = new ConcurrentHashMap<>();

	/**
	 * Create it.
	 * @param threads the endpoint's threads
	 * @param tellNodes tells all other nodes
	 * @param waitedForHere says whether somebody waits on this node for a call
	 */
	LeftCalls(Threads threads, Function<NodeMessage, Mono<Void>> tellNodes, Predicate<String> waitedForHere) {
		this.threads = threads;
		this.tellNodes = tellNodes;
		this.waitedForHere = waitedForHere;
	}

	/**
	 * Find out whether anybody waits for a call.
	 * @param name the call
	 * @return emits whether nobody does, after a while; fails if that can't be found out
	 */
	Mono<Boolean> isAbandoned(String name) {
		return this.threads.after(GRACE).then(Mono.defer(() -> isAwaited(name) ? Mono.just(false) : inquire(name)));
	}

	private boolean isAwaited(String name) {
		return this.waitedForHere.test(name) || this.toldTasks.containsKey(name);
	}

	private Mono<Boolean> inquire(String name) {
		Inquiry inquiry = new Inquiry(name);
		this.inquiries.add(inquiry);
		return this.tellNodes.apply(new NodeMessage(NodeMessage.Kind.CALL_LEFT, name, ""))
			.then(this.threads.after(ANSWER_LIMIT))
			.then(Mono.fromSupplier(() -> !inquiry.waitedFor && !isAwaited(name)))
			.doFinally((signal) -> this.inquiries.remove(inquiry));
	}

	/**
	 * A client waits on this node for a call, since a moment ago.
	 * @param name the call
	 */
	void arrived(String name) {
		if (this.askedFor.containsKey(name)) {
			tellAwaited(name);
		}
	}

	/**
	 * A client on this node is told that a call is a task: for another one, which leaves
	 * and wasn't told, it isn't to be cancelled.
	 * @param name the call
	 * @param kept how long the task is kept
	 */
	void toldTask(String name, Duration kept) {
		// Messages take their time
		Duration least = LIMIT.multipliedBy(2);
		boolean remembered = kept.compareTo(least) > 0 && this.toldTasks.size() < MAX_TOLD_TASKS;
		remember(name, this.toldTasks, remembered ? kept : least);
	}

	// With one timer for each call, however often it is to be remembered
	private void remember(String name, Map<String, Long> calls, Duration duration) {
		long nanos = StreamContext.nanos(duration);
		long until = this.threads.nanoTime() + nanos;
		while (calls.computeIfPresent(name, (key, known) -> (known - until >= 0) ? known : until) == null) {
			if (calls.putIfAbsent(name, until) == null) {
				forgetLater(name, calls, nanos);
				return;
			}
		}
	}

	private void forgetLater(String name, Map<String, Long> calls, long nanos) {
		this.threads.deliverLater(Duration.ofNanos(nanos), () -> {
			long now = this.threads.nanoTime();
			Long until = calls.computeIfPresent(name, (key, known) -> (known - now > 0) ? known : null);
			if (until != null) {
				forgetLater(name, calls, until - now);
			}
		});
	}

	/**
	 * Another node has told something.
	 * @param message what
	 */
	void told(NodeMessage message) {
		String name = message.subject();
		if (message.kind() == NodeMessage.Kind.CALL_AWAITED) {
			this.inquiries.stream().filter((inquiry) -> inquiry.name.equals(name)).forEach(Inquiry::answered);
		}
		else {
			remember(name, this.askedFor, ANSWER_LIMIT);
			// Whoever arrives from now on sees that
			if (isAwaited(name)) {
				tellAwaited(name);
			}
		}
	}

	private void tellAwaited(String name) {
		this.tellNodes.apply(new NodeMessage(NodeMessage.Kind.CALL_AWAITED, name, "")).subscribe((nothing) -> {
		}, (ex) -> logger.debug("Other nodes don't know that a client waits here: {}", ex.getMessage()));
	}

	/**
	 * A question to all other nodes.
	 */
	private static final class Inquiry {

		private final String name;

		private volatile boolean waitedFor;

		Inquiry(String name) {
			this.name = name;
		}

		void answered() {
			this.waitedFor = true;
		}

	}

}

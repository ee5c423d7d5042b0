package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.stream.StreamContext;

/**
 * The requests that this node has sent to clients, and that wait for an answer. On the
 * wire each has the ID {@code <node ID>.<random>}: the SDK counts its own from zero again
 * when a session is restored, and an answer that is posted to another node must find the
 * one that asked. Thread-safe; an entry goes with its answer, or when its asker has
 * ended, or when the SDK has given up on it.
 */
final class ServerRequests {

	private static final Pattern ID = Pattern.compile("[0-9A-Za-z]{" + NodeRegistry.ID_LENGTH + "}\\.[0-9A-Za-z]{16}");

	private static final long MARGIN_NANOS = Duration.ofSeconds(10).toNanos();

	private final String nodeId;

	private final LongSupplier nanoTime;

	/**
	 * By session, and by the ID that its client saw. A session that has none isn't here.
	 */
	private final Map<String, Map<String, Pending>> pending = new ConcurrentHashMap<>();

	private volatile long timeoutNanos = Duration.ofMinutes(1).toNanos();

	ServerRequests(String nodeId, LongSupplier nanoTime) {
		this.nanoTime = nanoTime;
		this.nodeId = nodeId;
	}

	void setTimeout(Duration timeout) {
		this.timeoutNanos = StreamContext.nanos(timeout);
	}

	/**
	 * Note a request that is about to be sent.
	 * @param sessionName the session of the client
	 * @param sdkId the ID that the SDK gave it
	 * @param asker the request whose handler asks, or {@code null} on the standalone
	 * stream
	 * @return the ID that the client gets to see
	 */
	String add(String sessionName, Object sdkId, @Nullable Asker asker) {
		String id = this.nodeId + '.' + StreamKey.random(sessionName).streamId();
		Pending request = new Pending(sdkId, asker, this.nanoTime.getAsLong());
		this.pending.compute(sessionName, (session, requests) -> {
			Map<String, Pending> all = (requests != null) ? requests : new ConcurrentHashMap<>();
			all.put(id, request);
			return all;
		});
		return id;
	}

	/**
	 * Find a request that is being answered.
	 * @param sessionName the session that answers
	 * @param id the ID that the client saw
	 * @return the request, or {@code null} if nobody waits for it (any more), or not in
	 * this session
	 */
	@Nullable Pending find(String sessionName, @Nullable Object id) {
		return (id instanceof String text) ? this.pending.getOrDefault(sessionName, Map.of()).get(text) : null;
	}

	/**
	 * Take a request that was answered.
	 * @param sessionName the session that answers
	 * @param id the ID that the client saw
	 * @return the request, or {@code null} if nobody waits for it (any more), or not in
	 * this session
	 */
	@Nullable Pending take(String sessionName, String id) {
		Pending request = this.pending.getOrDefault(sessionName, Map.of()).get(id);
		return (request != null && !remove(sessionName, (other) -> other == request).isEmpty()) ? request : null;
	}

	/**
	 * Forget what a request has asked: nobody waits for the answers any more.
	 * @param sessionName the session of the client
	 * @param asker the request
	 * @return what it has asked
	 */
	List<Pending> release(String sessionName, Asker asker) {
		return remove(sessionName, (request) -> request.asker == asker);
	}

	private List<Pending> remove(String sessionName, Predicate<Pending> which) {
		List<Pending> removed = new ArrayList<>();
		this.pending.computeIfPresent(sessionName, (session, requests) -> {
			requests.values().removeIf((request) -> which.test(request) && removed.add(request));
			return requests.isEmpty() ? null : requests;
		});
		return removed;
	}

	/**
	 * Return what of a session waits for answers.
	 * @param sessionName the session
	 * @return the IDs of its requests
	 */
	List<String> pending(String sessionName) {
		return List.copyOf(this.pending.getOrDefault(sessionName, Map.of()).keySet());
	}

	boolean isPending(String sessionName, String id) {
		return this.pending.getOrDefault(sessionName, Map.of()).containsKey(id);
	}

	/**
	 * Say whether a session waits for an answer here.
	 * @param sessionName the session
	 * @return whether any of its requests is pending
	 */
	boolean isAnyPending(String sessionName) {
		return this.pending.containsKey(sessionName);
	}

	/**
	 * Return what waits for answers, and forget what the SDK has given up on.
	 * @return request IDs by the ID of their session
	 */
	Map<String, List<String>> pending() {
		Map<String, List<String>> bySession = new HashMap<>();
		long now = this.nanoTime.getAsLong();
		for (String sessionName : this.pending.keySet()) {
			remove(sessionName, (request) -> now - request.sentNanos - MARGIN_NANOS > this.timeoutNanos);
			List<String> ids = pending(sessionName);
			if (!ids.isEmpty()) {
				bySession.put(sessionName, ids);
			}
		}
		return bySession;
	}

	/**
	 * Return the node that has sent a request.
	 * @param id the ID of the request that a client answers
	 * @return the node's ID, or {@code null} if no node has ever sent such a request
	 */
	static @Nullable String nodeOf(Object id) {
		return (id instanceof String text && ID.matcher(text).matches()) ? text.substring(0, NodeRegistry.ID_LENGTH)
				: null;
	}

	/**
	 * A request that waits for its answer.
	 *
	 * @param sdkId the ID that the SDK gave it
	 * @param asker the request whose handler asks, or {@code null} on the standalone
	 * stream
	 * @param sentNanos when it was sent
	 */
	record Pending(Object sdkId, @Nullable Asker asker, long sentNanos) {
	}

	/**
	 * A request whose handler asks its client. Thread-safe.
	 */
	interface Asker {

		/**
		 * Carry on what an answer of the client sets off.
		 * @param task hands the answer over
		 */
		void carryOn(Runnable task);

		/**
		 * What the handler does with an answer has failed, and nobody else is told.
		 * @param ex what it has thrown
		 */
		void failed(Throwable ex);

	}

}

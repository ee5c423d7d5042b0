package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.stream.StreamContext;

/**
 * The requests that this node has sent to clients, and that wait for an answer. On the
 * wire each has the ID {@code <node ID>.<random>}: the SDK counts its own from zero again
 * when a session is restored, and an answer that is posted to another node must find the
 * one that asked. Thread-safe; an entry goes with its answer, or when the SDK has given
 * up on it.
 */
final class ServerRequests {

	private static final Pattern ID = Pattern.compile("[0-9A-Za-z]{" + NodeRegistry.ID_LENGTH + "}\\.[0-9A-Za-z]{16}");

	private static final long MARGIN_NANOS = Duration.ofSeconds(10).toNanos();

	private final String nodeId;

	private final LongSupplier nanoTime;

	private final Map<String, Pending> pending = new ConcurrentHashMap<>();

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
	 * @param sessionId the session of the client
	 * @param sdkId the ID that the SDK gave it
	 * @return the ID that the client gets to see
	 */
	String add(String sessionId, Object sdkId) {
		String id = this.nodeId + '.' + StreamKey.random(sessionId).streamId();
		this.pending.put(id, new Pending(sessionId, sdkId, this.nanoTime.getAsLong()));
		return id;
	}

	/**
	 * Take a request that was answered.
	 * @param sessionId the session that answers
	 * @param id the ID that the client saw
	 * @return the SDK's ID, or {@code null} if nobody waits for it (any more), or not in
	 * this session
	 */
	@Nullable Object take(String sessionId, String id) {
		Pending request = this.pending.get(id);
		boolean taken = request != null && request.sessionId.equals(sessionId) && this.pending.remove(id, request);
		return (taken && request != null) ? request.sdkId : null;
	}

	boolean isPending(String id) {
		return this.pending.containsKey(id);
	}

	/**
	 * Say whether a session waits for an answer here.
	 * @param sessionId the session
	 * @return whether any of its requests is pending
	 */
	boolean isAnyPending(String sessionId) {
		return this.pending.values().stream().anyMatch((request) -> request.sessionId.equals(sessionId));
	}

	/**
	 * Return what waits for answers, and forget what the SDK has given up on.
	 * @return request IDs by the ID of their session
	 */
	Map<String, List<String>> pending() {
		Map<String, List<String>> bySession = new HashMap<>();
		long now = this.nanoTime.getAsLong();
		this.pending.forEach((id, request) -> {
			if (now - request.sentNanos - MARGIN_NANOS > this.timeoutNanos) {
				this.pending.remove(id, request);
			}
			else {
				bySession.computeIfAbsent(request.sessionId, (session) -> new ArrayList<>()).add(id);
			}
		});
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
	 * @param sessionId the session of the client
	 * @param sdkId the ID that the SDK gave it
	 * @param sentNanos when it was sent
	 */
	private record Pending(String sessionId, Object sdkId, long sentNanos) {
	}

}

package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.StreamKey;

/**
 * The sessions that this node holds. Thread-safe. A session leaves the table before it
 * ends, so that no request finds one that has ended.
 */
final class Sessions {

	private static final Logger logger = LoggerFactory.getLogger(Sessions.class);

	private static final int RENEWAL_BATCH = 1000;

	private final EndpointRuntime runtime;

	private final Map<String, Session> sessions = new ConcurrentHashMap<>();

	Sessions(EndpointRuntime runtime) {
		this.runtime = runtime;
	}

	void add(Session session) {
		this.sessions.put(session.id(), session);
	}

	@Nullable Session find(String sessionId) {
		return this.sessions.get(sessionId);
	}

	/**
	 * Find the session that a request names.
	 * @param request the request
	 * @return the session, or {@code null}: see {@link #notFound}
	 */
	@Nullable Session find(EndpointRequest request) {
		String sessionId = request.header(HeaderRules.SESSION_ID);
		return (sessionId != null) ? this.sessions.get(sessionId) : null;
	}

	/**
	 * Return the refusal of a request that names no session of ours.
	 * @param request the request
	 * @return 400 if it names none at all, or else 404
	 */
	static Rejection notFound(EndpointRequest request) {
		String sessionId = request.header(HeaderRules.SESSION_ID);
		return (sessionId == null || sessionId.isBlank())
				? Rejection.of(400, "Bad Request: the " + HeaderRules.SESSION_ID + " header is missing")
				: Rejection.UNKNOWN_SESSION;
	}

	Collection<Session> all() {
		return this.sessions.values();
	}

	boolean anyRunning() {
		return this.sessions.values().stream().anyMatch((session) -> !session.running().isEmpty());
	}

	/**
	 * End a session for good, here and in the store.
	 * @param session the session
	 * @return completes when its streams are deleted; fails if they could not be, and are
	 * left to expire
	 */
	Mono<Void> delete(Session session) {
		this.sessions.remove(session.id());
		session.end();
		return this.runtime.store().deleteSession(session.id());
	}

	void endIdle(Duration timeout) {
		for (Session session : this.sessions.values()) {
			if (session.isIdle(timeout) && this.sessions.remove(session.id(), session)) {
				logger.debug("A session ended, since it was not used");
				session.end();
			}
		}
	}

	void endAll() {
		this.sessions.values().forEach(Session::end);
		this.sessions.clear();
	}

	void renewStreams() {
		List<StreamKey> streams = new ArrayList<>();
		this.sessions.values().forEach((session) -> streams.addAll(session.streamsToRenew()));
		for (int from = 0; from < streams.size(); from += RENEWAL_BATCH) {
			List<StreamKey> batch = streams.subList(from, Math.min(from + RENEWAL_BATCH, streams.size()));
			this.runtime.store().renewStreams(List.copyOf(batch)).subscribe((nothing) -> {
			}, (ex) -> logger.debug("Streams were not renewed; trying again later", ex));
		}
	}

}

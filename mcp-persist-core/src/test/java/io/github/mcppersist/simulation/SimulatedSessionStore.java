package io.github.mcppersist.simulation;

import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.session.SessionAlreadyDeletedException;
import io.github.mcppersist.session.SessionNotFoundException;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.session.SubscribedUris;

/**
 * The session store of one node.
 */
final class SimulatedSessionStore implements SessionStore {

	private final SimulatedDatabase database;

	private final Place node;

	SimulatedSessionStore(SimulatedDatabase database, Place node) {
		this.database = database;
		this.node = node;
	}

	@Override
	public Mono<Void> createSession(SessionRecord session) {
		String sessionId = session.sessionId();
		this.database.name(sessionId, clientOf(session));
		return call("create", sessionId, true, () -> {
			if (this.database.isDeleted(sessionId)) {
				throw new SessionAlreadyDeletedException();
			}
			if (this.database.session(sessionId) == null) {
				this.database.put(sessionId, session);
			}
			return null;
		});
	}

	/**
	 * Return what the client of a session calls itself, which is what the session is
	 * called in the trace.
	 */
	private static String clientOf(SessionRecord session) {
		String request = session.initializeRequest();
		int name = request.indexOf(SimulatedClient.NAME_PREFIX);
		return request.substring(name, request.indexOf('"', name));
	}

	@Override
	public Mono<SessionRecord> findSession(String sessionId) {
		return call("find", sessionId, false, () -> this.database.session(sessionId));
	}

	@Override
	public Mono<Revision> setLogLevel(String sessionId, String logLevel) {
		return change("set the log level of", sessionId, logLevel, false, Set.of(), Set.of());
	}

	@Override
	public Mono<Revision> setResuming(String sessionId) {
		return change("mark as resuming", sessionId, null, true, Set.of(), Set.of());
	}

	@Override
	public Mono<Revision> subscribe(String sessionId, String uri) {
		return change("subscribe", sessionId, null, false, Set.of(uri), Set.of());
	}

	@Override
	public Mono<Revision> unsubscribe(String sessionId, String uri) {
		return change("unsubscribe", sessionId, null, false, Set.of(), Set.of(uri));
	}

	private Mono<Revision> change(String what, String sessionId, @Nullable String logLevel, boolean resuming,
			Set<String> more, Set<String> less) {
		return call(what, sessionId, true, () -> {
			SessionRecord before = this.database.session(sessionId);
			if (before == null) {
				throw new SessionNotFoundException();
			}
			Set<String> uris = new LinkedHashSet<>(before.subscriptions());
			uris.addAll(more);
			uris.removeAll(less);
			SessionRecord after = copy(before, (logLevel != null) ? logLevel : before.logLevel(), uris,
					before.standaloneCursor(), resuming || before.resuming(), before.revision().next());
			this.database.put(sessionId, after);
			return after.revision();
		});
	}

	private static SessionRecord copy(SessionRecord session, @Nullable String logLevel, Set<String> subscriptions,
			@Nullable EventId cursor, boolean resuming, Revision revision) {
		return new SessionRecord(session.sessionId(), session.initializeRequest(), session.protocolVersion(),
				session.owner(), session.server(), logLevel, subscriptions, cursor, resuming, revision);
	}

	@Override
	public Mono<Set<String>> findSubscribers(String uri) {
		return this.database.call(this.node, "find subscribers", false, () -> {
			Set<String> found = new LinkedHashSet<>();
			for (SessionRecord session : this.database.sessions()) {
				if (session.subscriptions().contains(uri)) {
					found.add(session.sessionId());
				}
			}
			return found;
		});
	}

	@Override
	public Mono<SubscribedUris> findSubscribedUris(long after) {
		return this.database.call(this.node, "find what is subscribed to", false, () -> {
			// There are few: all of them are new each time
			Set<String> found = new LinkedHashSet<>();
			this.database.sessions().forEach((session) -> found.addAll(session.subscriptions()));
			return new SubscribedUris(List.copyOf(found), after, false, found.size());
		});
	}

	@Override
	public Mono<Void> moveStandaloneCursor(String sessionId, EventId cursor) {
		return call("note cursor " + cursor.sequence() + " of", sessionId, true, () -> {
			SessionRecord session = this.database.session(sessionId);
			EventId noted = (session != null) ? session.standaloneCursor() : null;
			if (session != null && (noted == null || cursor.sequence() > noted.sequence())) {
				this.database.put(sessionId, copy(session, session.logLevel(), session.subscriptions(), cursor,
						session.resuming(), session.revision()));
			}
			return null;
		});
	}

	@Override
	public Mono<Void> renewSessions(Collection<String> sessionIds) {
		return this.database.call(this.node, "renew " + sessionIds.size() + " sessions", true, () -> null);
	}

	@Override
	public Mono<Void> storeAnswer(String sessionId, String requestId, byte[] answer) {
		return call("store an answer of", sessionId, true, () -> {
			if (this.database.isDeleted(sessionId)) {
				throw new SessionAlreadyDeletedException();
			}
			this.database.answers(sessionId).putIfAbsent(requestId, answer);
			return null;
		});
	}

	@Override
	public Mono<Map<String, byte[]>> findAnswers(String sessionId, Collection<String> requestIds) {
		return call("find answers of", sessionId, false, () -> {
			Map<String, byte[]> found = new LinkedHashMap<>(this.database.answers(sessionId));
			found.keySet().retainAll(List.copyOf(requestIds));
			return found;
		});
	}

	@Override
	public Mono<Void> removeAnswers(String sessionId, Collection<String> requestIds) {
		return call("remove answers of", sessionId, true, () -> {
			this.database.answers(sessionId).keySet().removeAll(List.copyOf(requestIds));
			return null;
		});
	}

	@Override
	public Mono<Void> deleteSession(String sessionId) {
		return call("delete", sessionId, true, () -> {
			this.database.delete(sessionId);
			this.database.put(sessionId, null);
			return null;
		});
	}

	@Override
	public Duration timeToLive() {
		return Duration.ofHours(24);
	}

	private <T> Mono<T> call(String what, String sessionId, boolean write, Supplier<@Nullable T> operation) {
		return this.database.call(this.node, what + " " + this.database.nameOf(sessionId), write, operation)
			.onErrorMap(EventStoreUnavailableException.class,
					(ex) -> new SessionStoreUnavailableException("The simulated store is out of reach", ex));
	}

}

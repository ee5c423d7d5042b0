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
		String sessionName = session.sessionName();
		this.database.name(sessionName, clientOf(session));
		return call("create", sessionName, true, () -> {
			if (this.database.isDeleted(sessionName)) {
				throw new SessionAlreadyDeletedException();
			}
			if (this.database.session(sessionName) == null) {
				this.database.put(sessionName, session);
			}
			return null;
		});
	}

	/**
	 * Return what the client of a session calls itself, which is what the session is
	 * called in the trace.
	 */
	private static String clientOf(SessionRecord session) {
		String request = PlaceCodec.text(session.initializeRequest());
		int name = request.indexOf(SimulatedClient.NAME_PREFIX);
		return request.substring(name, request.indexOf('"', name));
	}

	@Override
	public Mono<SessionRecord> findSession(String sessionName) {
		return call("find", sessionName, false, () -> this.database.session(sessionName));
	}

	@Override
	public Mono<Revision> setLogLevel(String sessionName, String logLevel) {
		return change("set the log level of", sessionName, logLevel, false, Set.of(), Set.of());
	}

	@Override
	public Mono<Revision> setResuming(String sessionName) {
		return change("mark as resuming", sessionName, null, true, Set.of(), Set.of());
	}

	@Override
	public Mono<Revision> subscribe(String sessionName, String uri) {
		return change("subscribe", sessionName, null, false, Set.of(uri), Set.of());
	}

	@Override
	public Mono<Revision> unsubscribe(String sessionName, String uri) {
		return change("unsubscribe", sessionName, null, false, Set.of(), Set.of(uri));
	}

	private Mono<Revision> change(String what, String sessionName, @Nullable String logLevel, boolean resuming,
			Set<String> more, Set<String> less) {
		return call(what, sessionName, true, () -> {
			SessionRecord before = this.database.session(sessionName);
			if (before == null) {
				throw new SessionNotFoundException();
			}
			Set<String> uris = new LinkedHashSet<>(before.subscriptions());
			uris.addAll(more);
			uris.removeAll(less);
			SessionRecord after = copy(before, (logLevel != null) ? logLevel : before.logLevel(), uris,
					before.standaloneCursor(), resuming || before.resuming(), before.revision().next());
			this.database.put(sessionName, after);
			return after.revision();
		});
	}

	private static SessionRecord copy(SessionRecord session, @Nullable String logLevel, Set<String> subscriptions,
			@Nullable EventId cursor, boolean resuming, Revision revision) {
		return new SessionRecord(session.sessionName(), session.initializeRequest(), session.protocolVersion(),
				session.owner(), session.server(), logLevel, subscriptions, cursor, resuming, revision);
	}

	@Override
	public Mono<Set<String>> findSubscribers(String uri) {
		return this.database.call(this.node, "find subscribers", false, () -> {
			Set<String> found = new LinkedHashSet<>();
			for (SessionRecord session : this.database.sessions()) {
				if (session.subscriptions().contains(uri)) {
					found.add(session.sessionName());
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
	public Mono<Void> moveStandaloneCursor(String sessionName, EventId cursor, @Nullable EventId gone) {
		return call("note cursor " + cursor.sequence() + " of", sessionName, true, () -> {
			SessionRecord session = this.database.session(sessionName);
			EventId noted = (session != null) ? session.standaloneCursor() : null;
			if (session != null && (noted == null || noted.equals(gone) || cursor.sequence() > noted.sequence())) {
				this.database.put(sessionName, copy(session, session.logLevel(), session.subscriptions(), cursor,
						session.resuming(), session.revision()));
			}
			return null;
		});
	}

	@Override
	public Mono<Void> renewSessions(Collection<String> sessionNames) {
		return this.database.call(this.node, "renew " + sessionNames.size() + " sessions", true, () -> null);
	}

	@Override
	public Mono<Void> storeAnswer(String sessionName, String requestId, byte[] answer) {
		return call("store an answer of", sessionName, true, () -> {
			if (this.database.isDeleted(sessionName)) {
				throw new SessionAlreadyDeletedException();
			}
			this.database.answers(sessionName).putIfAbsent(requestId, answer);
			return null;
		});
	}

	@Override
	public Mono<Map<String, byte[]>> findAnswers(String sessionName, Collection<String> requestIds) {
		return call("find answers of", sessionName, false, () -> {
			Map<String, byte[]> found = new LinkedHashMap<>(this.database.answers(sessionName));
			found.keySet().retainAll(List.copyOf(requestIds));
			return found;
		});
	}

	@Override
	public Mono<Void> removeAnswers(String sessionName, Collection<String> requestIds) {
		return call("remove answers of", sessionName, true, () -> {
			this.database.answers(sessionName).keySet().removeAll(List.copyOf(requestIds));
			return null;
		});
	}

	@Override
	public Mono<Void> deleteSession(String sessionName) {
		return call("delete", sessionName, true, () -> {
			this.database.delete(sessionName);
			this.database.put(sessionName, null);
			return null;
		});
	}

	@Override
	public Duration timeToLive() {
		return Duration.ofHours(24);
	}

	private <T> Mono<T> call(String what, String sessionName, boolean write, Supplier<@Nullable T> operation) {
		return this.database.call(this.node, what + " " + this.database.nameOf(sessionName), write, operation)
			.onErrorMap(EventStoreUnavailableException.class,
					(ex) -> new SessionStoreUnavailableException("The simulated store is out of reach", ex));
	}

}

package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;

import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;

/**
 * A session store whose calls are observed.
 */
final class ObservedSessionStore implements SessionStore {

	private final SessionStore store;

	private final EndpointObserver observer;

	ObservedSessionStore(SessionStore store, EndpointObserver observer) {
		this.store = store;
		this.observer = observer;
	}

	private <T> Mono<T> timed(StoreOperation operation, Mono<T> call) {
		return new TimedCall<>(this.observer, operation, call);
	}

	@Override
	public Mono<Void> createSession(SessionRecord session) {
		return timed(StoreOperation.CREATE_SESSION, this.store.createSession(session));
	}

	@Override
	public Mono<SessionRecord> findSession(String sessionId) {
		return timed(StoreOperation.FIND_SESSION, this.store.findSession(sessionId));
	}

	@Override
	public Mono<Long> setLogLevel(String sessionId, String logLevel) {
		return timed(StoreOperation.SET_LOG_LEVEL, this.store.setLogLevel(sessionId, logLevel));
	}

	@Override
	public Mono<Long> setResuming(String sessionId) {
		return timed(StoreOperation.SET_RESUMING, this.store.setResuming(sessionId));
	}

	@Override
	public Mono<Long> subscribe(String sessionId, String uri) {
		return timed(StoreOperation.SUBSCRIBE, this.store.subscribe(sessionId, uri));
	}

	@Override
	public Mono<Long> unsubscribe(String sessionId, String uri) {
		return timed(StoreOperation.UNSUBSCRIBE, this.store.unsubscribe(sessionId, uri));
	}

	@Override
	public Mono<Set<String>> findSubscribers(String uri) {
		return timed(StoreOperation.FIND_SUBSCRIBERS, this.store.findSubscribers(uri));
	}

	@Override
	public Mono<Set<String>> findSubscribedUris() {
		return timed(StoreOperation.FIND_SUBSCRIBED_URIS, this.store.findSubscribedUris());
	}

	@Override
	public Mono<Void> moveStandaloneCursor(String sessionId, EventId cursor) {
		return timed(StoreOperation.MOVE_STANDALONE_CURSOR, this.store.moveStandaloneCursor(sessionId, cursor));
	}

	@Override
	public Mono<Void> renewSessions(Collection<String> sessionIds) {
		return timed(StoreOperation.RENEW_SESSIONS, this.store.renewSessions(sessionIds));
	}

	@Override
	public Mono<Void> storeAnswer(String sessionId, String requestId, byte[] answer) {
		return timed(StoreOperation.STORE_ANSWER, this.store.storeAnswer(sessionId, requestId, answer));
	}

	@Override
	public Mono<Map<String, byte[]>> findAnswers(String sessionId, Collection<String> requestIds) {
		return timed(StoreOperation.FIND_ANSWERS, this.store.findAnswers(sessionId, requestIds));
	}

	@Override
	public Mono<Void> removeAnswers(String sessionId, Collection<String> requestIds) {
		return timed(StoreOperation.REMOVE_ANSWERS, this.store.removeAnswers(sessionId, requestIds));
	}

	@Override
	public Mono<Void> deleteSession(String sessionId) {
		return timed(StoreOperation.DELETE_SESSION, this.store.deleteSession(sessionId));
	}

	@Override
	public Duration timeToLive() {
		return this.store.timeToLive();
	}

}

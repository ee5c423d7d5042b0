package io.github.mcppersist.observe;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.session.SubscribedUris;

/**
 * A session store as an endpoint calls it: each call is observed, and its answer arrives
 * on a delivery thread. Whatever the store throws is an answer, too.
 */
public final class ObservedSessionStore implements SessionStore {

	private final SessionStore store;

	private final EndpointObserver observer;

	private final Executor delivery;

	private final StoreErrors errors;

	/**
	 * Wrap a store.
	 * @param store the store
	 * @param observer is told of each call
	 * @param delivery runs what its answers set off
	 */
	public ObservedSessionStore(SessionStore store, EndpointObserver observer, Executor delivery) {
		this.store = store;
		this.observer = observer;
		this.delivery = delivery;
		this.errors = new StoreErrors(store.getClass(), SessionStoreUnavailableException::new);
	}

	private <T> Mono<T> called(StoreOperation operation, Supplier<Mono<T>> call) {
		return new StoreCall<>(this.observer, operation, this.delivery, call, this.errors);
	}

	@Override
	public Mono<Void> createSession(SessionRecord session) {
		return called(StoreOperation.CREATE_SESSION, () -> this.store.createSession(session));
	}

	@Override
	public Mono<SessionRecord> findSession(String sessionId) {
		return called(StoreOperation.FIND_SESSION, () -> this.store.findSession(sessionId));
	}

	@Override
	public Mono<Revision> setLogLevel(String sessionId, String logLevel) {
		return called(StoreOperation.SET_LOG_LEVEL, () -> this.store.setLogLevel(sessionId, logLevel));
	}

	@Override
	public Mono<Revision> setResuming(String sessionId) {
		return called(StoreOperation.SET_RESUMING, () -> this.store.setResuming(sessionId));
	}

	@Override
	public Mono<Revision> subscribe(String sessionId, String uri) {
		return called(StoreOperation.SUBSCRIBE, () -> this.store.subscribe(sessionId, uri));
	}

	@Override
	public Mono<Revision> unsubscribe(String sessionId, String uri) {
		return called(StoreOperation.UNSUBSCRIBE, () -> this.store.unsubscribe(sessionId, uri));
	}

	@Override
	public Mono<Set<String>> findSubscribers(String uri) {
		return called(StoreOperation.FIND_SUBSCRIBERS, () -> this.store.findSubscribers(uri));
	}

	@Override
	public Mono<SubscribedUris> findSubscribedUris(long after) {
		return called(StoreOperation.FIND_SUBSCRIBED_URIS, () -> this.store.findSubscribedUris(after));
	}

	@Override
	public Mono<Void> moveStandaloneCursor(String sessionId, EventId cursor) {
		return called(StoreOperation.MOVE_STANDALONE_CURSOR, () -> this.store.moveStandaloneCursor(sessionId, cursor));
	}

	@Override
	public Mono<Void> renewSessions(Collection<String> sessionIds) {
		return called(StoreOperation.RENEW_SESSIONS, () -> this.store.renewSessions(sessionIds));
	}

	@Override
	public Mono<Void> storeAnswer(String sessionId, String requestId, byte[] answer) {
		return called(StoreOperation.STORE_ANSWER, () -> this.store.storeAnswer(sessionId, requestId, answer));
	}

	@Override
	public Mono<Map<String, byte[]>> findAnswers(String sessionId, Collection<String> requestIds) {
		return called(StoreOperation.FIND_ANSWERS, () -> this.store.findAnswers(sessionId, requestIds));
	}

	@Override
	public Mono<Void> removeAnswers(String sessionId, Collection<String> requestIds) {
		return called(StoreOperation.REMOVE_ANSWERS, () -> this.store.removeAnswers(sessionId, requestIds));
	}

	@Override
	public Mono<Void> deleteSession(String sessionId) {
		return called(StoreOperation.DELETE_SESSION, () -> this.store.deleteSession(sessionId));
	}

	@Override
	public Duration timeToLive() {
		return this.store.timeToLive();
	}

}

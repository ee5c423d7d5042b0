package io.github.mcppersist.observe;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
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
	public Mono<SessionRecord> findSession(String sessionName) {
		return called(StoreOperation.FIND_SESSION, () -> this.store.findSession(sessionName));
	}

	@Override
	public Mono<Revision> setLogLevel(String sessionName, String logLevel) {
		return called(StoreOperation.SET_LOG_LEVEL, () -> this.store.setLogLevel(sessionName, logLevel));
	}

	@Override
	public Mono<Revision> setResuming(String sessionName) {
		return called(StoreOperation.SET_RESUMING, () -> this.store.setResuming(sessionName));
	}

	@Override
	public Mono<Revision> subscribe(String sessionName, String uri) {
		return called(StoreOperation.SUBSCRIBE, () -> this.store.subscribe(sessionName, uri));
	}

	@Override
	public Mono<Revision> unsubscribe(String sessionName, String uri) {
		return called(StoreOperation.UNSUBSCRIBE, () -> this.store.unsubscribe(sessionName, uri));
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
	public Mono<Void> moveStandaloneCursor(String sessionName, EventId cursor, @Nullable EventId gone) {
		return called(StoreOperation.MOVE_STANDALONE_CURSOR,
				() -> this.store.moveStandaloneCursor(sessionName, cursor, gone));
	}

	@Override
	public Mono<Void> renewSessions(Collection<String> sessionNames) {
		return called(StoreOperation.RENEW_SESSIONS, () -> this.store.renewSessions(sessionNames));
	}

	@Override
	public Mono<Void> storeAnswer(String sessionName, String requestId, byte[] answer) {
		return called(StoreOperation.STORE_ANSWER, () -> this.store.storeAnswer(sessionName, requestId, answer));
	}

	@Override
	public Mono<Map<String, byte[]>> findAnswers(String sessionName, Collection<String> requestIds) {
		return called(StoreOperation.FIND_ANSWERS, () -> this.store.findAnswers(sessionName, requestIds));
	}

	@Override
	public Mono<Void> removeAnswers(String sessionName, Collection<String> requestIds) {
		return called(StoreOperation.REMOVE_ANSWERS, () -> this.store.removeAnswers(sessionName, requestIds));
	}

	@Override
	public Mono<Void> deleteSession(String sessionName) {
		return called(StoreOperation.DELETE_SESSION, () -> this.store.deleteSession(sessionName));
	}

	@Override
	public Duration timeToLive() {
		return this.store.timeToLive();
	}

	@Override
	public Duration renewalInterval() {
		return this.store.renewalInterval();
	}

}

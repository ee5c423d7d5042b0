package io.github.mcppersist.transport;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.TooManySubscribedResourcesException;

/**
 * What an outage has kept from being stored of a session: first the session itself, if
 * the store doesn't have it, and then its changes, in order. Each is idempotent, so that
 * one whose outcome is unknown is made again. Thread-safe.
 */
final class SessionChanges {

	private static final Logger logger = LoggerFactory.getLogger(SessionChanges.class);

	private final SessionRecord record;

	private final Queue<Change> changes = new ConcurrentLinkedQueue<>();

	private final AtomicBoolean storing = new AtomicBoolean();

	SessionChanges(SessionRecord record) {
		this.record = record;
	}

	void add(Change change) {
		this.changes.add(change);
	}

	boolean isEmpty() {
		return this.changes.isEmpty();
	}

	/**
	 * Store what there is, unless that is being done already.
	 * @param store the store
	 * @return completes when it is stored; fails with what the store says
	 */
	Mono<Void> storeIn(SessionStore store) {
		return Mono.defer(() -> {
			if (!this.storing.compareAndSet(false, true)) {
				return Mono.empty();
			}
			return store.createSession(this.record)
				.then(Mono.defer(() -> storeNext(store)))
				.doFinally((signal) -> this.storing.set(false));
		});
	}

	private Mono<Void> storeNext(SessionStore store) {
		Change next = this.changes.peek();
		if (next == null) {
			return Mono.empty();
		}
		return next.storeIn(store).onErrorResume(TooManySubscribedResourcesException.class, (ex) -> {
			// Its client can't be told any more
			logger.warn("A subscription that could not be stored during an outage is given up: {}", ex.getMessage());
			return Mono.empty();
		}).then(Mono.defer(() -> {
			this.changes.remove(next);
			return storeNext(store);
		}));
	}

	/**
	 * Makes a change to a session in the store.
	 */
	@FunctionalInterface
	interface Change {

		/**
		 * Make the change.
		 * @param store the store
		 * @return the new revision
		 */
		Mono<Revision> storeIn(SessionStore store);

	}

}

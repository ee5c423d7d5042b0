package io.github.mcppersist.transport;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.TooManySubscribedResourcesException;
import io.github.mcppersist.stream.LogLimit;

/**
 * What an outage has kept from being stored of a session: first the session itself, if
 * the store doesn't have it, and then its changes. Of those that change the same thing
 * only the last one counts, so that they are no more than the things that a client has
 * changed; these are bounded. Each is idempotent, so that one whose outcome is unknown is
 * made again. Thread-safe.
 */
final class SessionChanges {

	/**
	 * How many things a client may change in an outage.
	 */
	static final int MAX_CHANGES = 1000;

	private static final Logger logger = LoggerFactory.getLogger(SessionChanges.class);

	private final SessionRecord record;

	private final LogLimit givenUp;

	/**
	 * By what they change; guarded by itself.
	 */
	private final Map<Object, SessionChange> changes = new LinkedHashMap<>();

	private volatile boolean created;

	/**
	 * Create an empty collection.
	 * @param record the session as it began, or is known
	 * @param givenUp limits the log of what is given up, for all sessions
	 */
	SessionChanges(SessionRecord record, LogLimit givenUp) {
		this.record = record;
		this.givenUp = givenUp;
	}

	/**
	 * Add a change, in place of an earlier one of the same thing.
	 * @param change the change
	 * @return whether there was room for it
	 */
	boolean add(SessionChange change) {
		synchronized (this.changes) {
			if (this.changes.size() >= MAX_CHANGES && !this.changes.containsKey(change.subject())) {
				return false;
			}
			this.changes.put(change.subject(), change);
			return true;
		}
	}

	/**
	 * Return the resources that the session will be subscribed to.
	 * @param stored those that it is subscribed to in the store
	 * @return their URIs when all is stored
	 */
	Set<String> subscriptions(Set<String> stored) {
		Set<String> uris = new HashSet<>(stored);
		synchronized (this.changes) {
			this.changes.values().forEach((change) -> change.applyTo(uris));
		}
		return uris;
	}

	/**
	 * Say whether nothing is left to be stored.
	 * @return whether the session is stored, with all changes
	 */
	boolean isStored() {
		return this.created && next() == null;
	}

	private @Nullable SessionChange next() {
		synchronized (this.changes) {
			return this.changes.isEmpty() ? null : this.changes.values().iterator().next();
		}
	}

	/**
	 * Store what there is. Not to be called while that is being done.
	 * @param store the store
	 * @return completes when it is stored; fails with what the store says
	 */
	Mono<Void> storeIn(SessionStore store) {
		return store.createSession(this.record)
			.doOnSuccess((nothing) -> this.created = true)
			.then(Mono.defer(() -> storeNext(store)).repeat(() -> next() != null).then());
	}

	private Mono<Void> storeNext(SessionStore store) {
		SessionChange next = next();
		if (next == null) {
			return Mono.empty();
		}
		return next.storeIn(store, this.record.sessionName())
			.onErrorResume(TooManySubscribedResourcesException.class, (ex) -> {
				// Its client can't be told any more
				this.givenUp.log((unlogged) -> logger
					.warn("A subscription that could not be stored during an outage is given up: {}. {} more since the "
							+ "last line; logged once a minute", ex.getMessage(), unlogged));
				return Mono.empty();
			})
			.then(Mono.fromRunnable(() -> stored(next)));
	}

	private void stored(SessionChange change) {
		synchronized (this.changes) {
			// Not a later one that has taken its place meanwhile
			this.changes.remove(change.subject(), change);
		}
	}

}

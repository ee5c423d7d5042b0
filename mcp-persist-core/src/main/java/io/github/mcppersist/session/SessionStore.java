package io.github.mcppersist.session;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;

import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.Revision;

/**
 * Keeps what a node has to know of a session to carry it on, so that a client may send
 * each request to another node, and a node need not hold what it isn't asked for.
 * <p>
 * For every store these hold, and {@code SessionStoreContractTests} tests them:
 * <ul>
 * <li>Nothing is done before subscription. Every {@link Mono} ends within the store's own
 * time limit; one that fails with {@link SessionStoreUnavailableException} may have been
 * carried out or not, and can be repeated.</li>
 * <li>Signals come on a thread of the store's own: a subscriber neither blocks it nor
 * runs a user's code on it.</li>
 * <li>A session expires {@link #timeToLive()} after it was created, changed or renewed.
 * It may be kept for up to an eighth of that longer.</li>
 * <li>A deleted session is not found, not changed and not created again, however the
 * calls race, for longer than any node goes on using it.</li>
 * <li>What is no session ID is an {@link IllegalArgumentException}.</li>
 * </ul>
 */
public interface SessionStore {

	/**
	 * Store a session: a new one, or one that a node still uses although the store has
	 * lost it. A session that is stored already is left as it is.
	 * @param session the session
	 * @return completes when it is stored; fails with
	 * {@link SessionAlreadyDeletedException}
	 */
	Mono<Void> createSession(SessionRecord session);

	/**
	 * Find a session.
	 * @param sessionId the session
	 * @return the session, or nothing if it isn't stored
	 */
	Mono<SessionRecord> findSession(String sessionId);

	/**
	 * Note the log level of a session.
	 * @param sessionId the session
	 * @param logLevel the level, as the specification spells it
	 * @return the new revision; fails with {@link SessionNotFoundException}
	 */
	Mono<Revision> setLogLevel(String sessionId, String logLevel);

	/**
	 * Note that the client of a session resumes the streams of its requests. Noting it
	 * twice is noting it once.
	 * @param sessionId the session
	 * @return the new revision; fails with {@link SessionNotFoundException}
	 */
	Mono<Revision> setResuming(String sessionId);

	/**
	 * Subscribe a session to a resource. Subscribing twice is subscribing once.
	 * @param sessionId the session
	 * @param uri the resource
	 * @return the new revision; fails with {@link SessionNotFoundException}
	 */
	Mono<Revision> subscribe(String sessionId, String uri);

	/**
	 * End the subscription of a session to a resource, if there is one. A session that
	 * isn't stored any more is taken off the subscribers of the resource all the same.
	 * @param sessionId the session
	 * @param uri the resource
	 * @return the new revision; fails with {@link SessionNotFoundException}
	 */
	Mono<Revision> unsubscribe(String sessionId, String uri);

	/**
	 * Find the subscribers of a resource. Sessions that have expired may be among them.
	 * @param uri the resource
	 * @return their session IDs
	 */
	Mono<Set<String>> findSubscribers(String uri);

	/**
	 * Find all resources that may have subscribers.
	 * @return their URIs
	 */
	Mono<Set<String>> findSubscribedUris();

	/**
	 * Note what a connection of the standalone stream was sent. This is no change of the
	 * session: its revision stays. A session that isn't stored is passed over.
	 * @param sessionId the session
	 * @param cursor the last event that was sent
	 * @return completes when it is noted
	 */
	Mono<Void> moveStandaloneCursor(String sessionId, EventId cursor);

	/**
	 * Put off the expiry of sessions. Those that aren't stored are passed over.
	 * @param sessionIds the sessions
	 * @return completes when it is done
	 */
	Mono<Void> renewSessions(Collection<String> sessionIds);

	/**
	 * Keep a client's answer to a server's request for the node that waits for it. Of two
	 * answers to one request the first is kept, until it is removed or expires. A store
	 * bounds how many it keeps.
	 * @param sessionId the session
	 * @param requestId the ID of the server's request, 1 to 64 characters out of
	 * {@code A-Z a-z 0-9 . _ -}
	 * @param answer the JSON-RPC response as UTF-8 JSON
	 * @return completes when it is kept; fails with
	 * {@link SessionAlreadyDeletedException}
	 */
	Mono<Void> storeAnswer(String sessionId, String requestId, byte[] answer);

	/**
	 * Find the answers to some requests.
	 * @param sessionId the session
	 * @param requestIds the IDs of the requests
	 * @return the answers that are there, by the ID of their request
	 */
	Mono<Map<String, byte[]>> findAnswers(String sessionId, Collection<String> requestIds);

	/**
	 * Remove the answers to some requests, since they have reached whoever waited.
	 * @param sessionId the session
	 * @param requestIds the IDs of the requests
	 * @return completes when they are removed
	 */
	Mono<Void> removeAnswers(String sessionId, Collection<String> requestIds);

	/**
	 * Delete a session with its subscriptions and answers. It can't be created again.
	 * @param sessionId the session
	 * @return completes when it is deleted, also if it was unknown
	 */
	Mono<Void> deleteSession(String sessionId);

	/**
	 * Return how long a session is kept without being created, changed or renewed.
	 * Whoever uses a session renews it at an eighth of this.
	 * @return a positive duration
	 */
	Duration timeToLive();

}

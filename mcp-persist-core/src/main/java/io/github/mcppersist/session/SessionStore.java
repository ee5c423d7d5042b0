package io.github.mcppersist.session;

import java.time.Duration;
import java.util.Collection;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.Revision;

/**
 * Keeps what a node has to know of a session to carry it on, so that a client may send
 * each request to another node, and a node need not hold what it isn't asked for. A store
 * knows sessions by their {@linkplain SessionNames names}, and never learns the IDs that
 * their clients send.
 * <p>
 * For every store these hold, and {@code SessionStoreContractTests} tests them:
 * <ul>
 * <li>Nothing is done before subscription. Every {@link Mono} ends within the store's own
 * time limit; one that fails with {@link SessionStoreUnavailableException} may have been
 * carried out or not, and can be repeated.</li>
 * <li>Signals come on any thread: one of the store's own, or of whoever subscribes or
 * stores. A subscriber neither blocks it nor runs a user's code on it.</li>
 * <li>A session expires {@link #timeToLive()} after it was created, changed or renewed.
 * It may be kept for up to {@link #renewalInterval()} longer.</li>
 * <li>A deleted session is not found, not changed and not created again, however the
 * calls race, for longer than any node goes on using it.</li>
 * <li>What is no session's name is an {@link IllegalArgumentException}.</li>
 * </ul>
 * <p>
 * A session's subscriptions are part of its record and its revision, and they and its
 * clients' answers end with it, in one step. So it is one store that keeps all three;
 * what it has to do for subscriptions and answers {@link SubscriptionStore} and
 * {@link AnswerStore} say.
 */
public interface SessionStore extends SubscriptionStore, AnswerStore {

	/**
	 * Store a session: a new one, or one that a node still uses although the store has
	 * lost it. A session that is stored already is left as it is.
	 * @param session the session
	 * @return completes when it is stored; fails with
	 * {@link SessionAlreadyDeletedException}, or with {@link TooManySessionsException} if
	 * it isn't stored and there are as many as the store keeps
	 */
	Mono<Void> createSession(SessionRecord session);

	/**
	 * Find a session.
	 * @param sessionName the session
	 * @return the session, or nothing if it isn't stored
	 */
	Mono<SessionRecord> findSession(String sessionName);

	/**
	 * Note the log level of a session.
	 * @param sessionName the session
	 * @param logLevel the level, as the specification spells it
	 * @return the new revision; fails with {@link SessionNotFoundException}
	 */
	Mono<Revision> setLogLevel(String sessionName, String logLevel);

	/**
	 * Note that the client of a session resumes the streams of its requests. Noting it
	 * twice is noting it once.
	 * @param sessionName the session
	 * @return the new revision; fails with {@link SessionNotFoundException}
	 */
	Mono<Revision> setResuming(String sessionName);

	/**
	 * Note what a connection of the standalone stream was sent. This is no change of the
	 * session: its revision stays. A session that isn't stored is passed over, and so is
	 * an event that isn't behind the one that is noted already: nodes note what they have
	 * sent in any order.
	 * @param sessionName the session
	 * @param cursor the last event that was sent
	 * @param gone an event that the stream has lost, or {@code null}: if that is noted,
	 * the cursor takes its place wherever it is
	 * @return completes when it is noted
	 */
	Mono<Void> moveStandaloneCursor(String sessionName, EventId cursor, @Nullable EventId gone);

	/**
	 * Put off the expiry of sessions. Those that aren't stored are passed over.
	 * @param sessionNames the sessions
	 * @return completes when it is done
	 */
	Mono<Void> renewSessions(Collection<String> sessionNames);

	/**
	 * Delete a session with its subscriptions and answers, in one step. It can't be
	 * created again.
	 * @param sessionName the session
	 * @return completes when it is deleted, also if it was unknown
	 */
	Mono<Void> deleteSession(String sessionName);

	/**
	 * Return how long a session is kept without being created, changed or renewed.
	 * @return a positive duration
	 */
	Duration timeToLive();

	/**
	 * Return how often whoever uses a session renews it.
	 * @return an eighth of {@link #timeToLive()}
	 */
	default Duration renewalInterval() {
		return timeToLive().dividedBy(8);
	}

}

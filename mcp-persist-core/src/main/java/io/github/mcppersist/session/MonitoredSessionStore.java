package io.github.mcppersist.session;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * A {@link SessionStore} that shows operators what it holds. What it shows is for people:
 * no request asks for it, and nothing is written for it but what is written anyway.
 */
public interface MonitoredSessionStore extends SessionStore {

	/**
	 * How many sessions a page may have.
	 */
	int MAX_PAGE_SIZE = 200;

	/**
	 * Find the sessions that are stored, page by page, the one that was created, changed
	 * or renewed last in front. What a page costs depends on its size, and hardly on how
	 * many sessions there are. A session that is renewed while somebody pages moves to
	 * the front, and may be on no further page or on two.
	 * @param cursor where the page before ended, or {@code null} for the first page
	 * @param size how many sessions at most, up to {@link #MAX_PAGE_SIZE}
	 * @return the page; fails with {@link SessionStoreUnavailableException}
	 * @throws IllegalArgumentException if this is no cursor of this store, or no such
	 * size
	 */
	Mono<SessionPage> findSessions(@Nullable String cursor, int size);

	/**
	 * Find out what is known of one session.
	 * @param sessionName the session
	 * @return what is known, or nothing if it isn't stored; fails with
	 * {@link SessionStoreUnavailableException}
	 */
	Mono<StoredSession> describeSession(String sessionName);

	/**
	 * Check the size of a page.
	 * @param size the size
	 * @return the same
	 * @throws IllegalArgumentException if a page can't have it
	 */
	static int requirePageSize(int size) {
		if (size < 1 || size > MAX_PAGE_SIZE) {
			throw new IllegalArgumentException("A page has 1 to " + MAX_PAGE_SIZE + " sessions, not " + size);
		}
		return size;
	}

}

package io.github.mcppersist.session;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * Some of the sessions that are stored.
 *
 * @param sessions the sessions, the one that was used last in front. There may be fewer
 * than were asked for although others follow
 * @param next where the next page begins, or {@code null} if this is the last one: opaque
 * printable ASCII, from which nothing follows but a place
 */
public record SessionPage(List<StoredSession> sessions, @Nullable String next) {

	public SessionPage {
		sessions = List.copyOf(sessions);
	}

}

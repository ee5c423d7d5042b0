package io.github.mcppersist.transport;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

import io.github.mcppersist.session.SessionStore;

/**
 * The place of an endpoint among those of this process that have the same session store.
 * Their sessions are kept apart by the names of their MCP servers, so two of one name
 * must not start. Thread-safe.
 */
final class SharedSessions {

	// The one thing that all endpoints of a process have in common, and stores may be
	// anybody's
	private static final List<WeakReference<SharedSessions>> joined = new ArrayList<>();

	private final SessionStore store;

	private final Supplier<String> serverName;

	/**
	 * Create a place that is not taken yet.
	 * @param store the session store
	 * @param serverName returns the name of the endpoint's MCP server; only called if
	 * there are others with this store
	 */
	SharedSessions(SessionStore store, Supplier<String> serverName) {
		this.store = store;
		this.serverName = serverName;
	}

	/**
	 * Take the place.
	 * @throws IllegalStateException if an endpoint with this store is for a server of the
	 * same name
	 */
	void join() {
		synchronized (joined) {
			leave();
			for (WeakReference<SharedSessions> reference : joined) {
				SharedSessions other = reference.get();
				if (other != null && other.store == this.store
						&& other.serverName.get().equals(this.serverName.get())) {
					throw new IllegalStateException("Two MCP servers of the name '" + this.serverName.get()
							+ "' have the same session store, and would take each other's sessions for their own. "
							+ "Give each server a name of its own with serverInfo(..), "
							+ "or each endpoint with serverName(..) of StreamableHttpOptions");
				}
			}
			joined.add(new WeakReference<>(this));
		}
	}

	/**
	 * Give the place up.
	 */
	void leave() {
		synchronized (joined) {
			joined.removeIf((reference) -> reference.get() == null || reference.get() == this);
		}
	}

}

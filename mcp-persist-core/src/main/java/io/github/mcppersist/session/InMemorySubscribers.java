package io.github.mcppersist.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import org.jspecify.annotations.Nullable;

/**
 * Who is subscribed to what, in memory. It is owned by {@link InMemorySessionStore} and
 * used under its lock only.
 */
final class InMemorySubscribers {

	/**
	 * What one answer brings, so that the lock isn't held for long.
	 */
	private static final int URIS_PER_ANSWER = 1000;

	private final Map<String, Resource> resources = new HashMap<>();

	/**
	 * The URIs of the resources by their numbers.
	 */
	private final TreeMap<Long, String> uris = new TreeMap<>();

	/**
	 * The number of the last resource that got its first subscriber.
	 */
	private long last;

	/**
	 * Subscribe a session to a resource.
	 * @param uri the resource
	 * @param sessionName the session
	 * @return whether there is room for it
	 */
	boolean add(String uri, String sessionName) {
		Resource resource = this.resources.get(uri);
		if (resource == null) {
			if (this.resources.size() >= SubscriptionStore.MAX_SUBSCRIBED_URIS) {
				return false;
			}
			this.last++;
			resource = new Resource(this.last, new HashSet<>());
			this.resources.put(uri, resource);
			this.uris.put(this.last, uri);
		}
		resource.sessionNames.add(sessionName);
		return true;
	}

	void remove(String uri, String sessionName) {
		Resource resource = this.resources.get(uri);
		if (resource != null && resource.sessionNames.remove(sessionName) && resource.sessionNames.isEmpty()) {
			this.resources.remove(uri);
			this.uris.remove(resource.number);
		}
	}

	Set<String> of(String uri) {
		Resource resource = this.resources.get(uri);
		return (resource != null) ? Set.copyOf(resource.sessionNames) : Set.of();
	}

	SubscribedUris uris(long after) {
		List<String> found = new ArrayList<>();
		long reached = this.last;
		Map.@Nullable Entry<Long, String> next = this.uris.higherEntry(after);
		while (next != null && found.size() < URIS_PER_ANSWER) {
			found.add(next.getValue());
			reached = next.getKey();
			next = this.uris.higherEntry(reached);
		}
		return new SubscribedUris(found, (next != null) ? reached : this.last, next != null, this.resources.size());
	}

	private record Resource(long number, Set<String> sessionNames) {
	}

}

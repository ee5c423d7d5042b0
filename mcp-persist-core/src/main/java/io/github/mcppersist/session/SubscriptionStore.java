package io.github.mcppersist.session;

import java.util.Set;

import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Revision;

/**
 * Keeps who is subscribed to which resource, so that whichever node a resource is updated
 * on can tell its subscribers (MCP 2025-11-25, "Resources", "Subscriptions").
 * {@link SessionStore}, which is one, says what holds for every call.
 * <p>
 * A session is subscribed until it unsubscribes, is deleted or expires. Its record names
 * what it is subscribed to; it is subscribed to that again when it is created with such a
 * record, as far as there is room, and stays subscribed when it is renewed.
 */
public interface SubscriptionStore {

	/**
	 * How many resources may have subscribers, of all sessions together. Every node knows
	 * them all.
	 */
	int MAX_SUBSCRIBED_URIS = 100_000;

	/**
	 * Refuse what can't be the URI of a resource.
	 * @param uri the URI that a caller has given
	 * @throws IllegalArgumentException if it is empty
	 */
	static void requireUri(String uri) {
		if (uri.isEmpty()) {
			throw new IllegalArgumentException("The URI of a resource must not be empty");
		}
	}

	/**
	 * Subscribe a session to a resource. Subscribing twice is subscribing once.
	 * @param sessionName the session
	 * @param uri the resource, not empty
	 * @return the new revision; fails with {@link SessionNotFoundException}, or with
	 * {@link TooManySubscribedResourcesException} if the resource would be one more than
	 * {@value #MAX_SUBSCRIBED_URIS}: the session isn't subscribed to it then
	 */
	Mono<Revision> subscribe(String sessionName, String uri);

	/**
	 * End the subscription of a session to a resource, if there is one. A session that
	 * isn't stored any more is taken off the subscribers of the resource all the same.
	 * @param sessionName the session
	 * @param uri the resource, not empty
	 * @return the new revision; fails with {@link SessionNotFoundException}
	 */
	Mono<Revision> unsubscribe(String sessionName, String uri);

	/**
	 * Find the subscribers of a resource. Sessions that have expired may be among them.
	 * @param uri the resource
	 * @return the names of their sessions
	 */
	Mono<Set<String>> findSubscribers(String uri);

	/**
	 * Find resources that may have subscribers, a bounded number at a time: those that
	 * got their first one after others. One that has lost its last subscriber isn't among
	 * them, nor in their total; if it gets one again it comes behind all others. So
	 * whoever has read all of them, and goes on from there, is told of each new one, and
	 * knows by the total whether others have gone. If nothing has changed that is one
	 * small answer.
	 * @param after 0 for all, or what {@link SubscribedUris#after()} of the last answer
	 * was
	 * @return the resources that come next
	 */
	Mono<SubscribedUris> findSubscribedUris(long after);

}

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
 * record, and stays subscribed when it is renewed.
 */
public interface SubscriptionStore {

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

}

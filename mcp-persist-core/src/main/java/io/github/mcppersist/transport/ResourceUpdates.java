package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

import io.modelcontextprotocol.spec.McpSchema;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.session.SessionStoreUnavailableException;

/**
 * Tells the subscribers of a resource that it was updated: those that the session store
 * has, and those whose subscription is yet to be stored here. While the store can't be
 * asked, the subscribers whose sessions this node holds are told at once, and all of them
 * as soon as it can be, within an hour. Thread-safe.
 */
final class ResourceUpdates {

	private static final Logger logger = LoggerFactory.getLogger(ResourceUpdates.class);

	private static final int SESSIONS_AT_ONCE = 32;

	/**
	 * How long an outage may take after which all subscribers are told.
	 */
	static final Duration MAX_OUTAGE = Duration.ofHours(1);

	private final EndpointRuntime runtime;

	private final Sessions sessions;

	private final Notifier notifier;

	/**
	 * Updates of which not all subscribers were told.
	 */
	private final MessageQueue untold;

	/**
	 * Create what tells subscribers.
	 * @param runtime what all streams share
	 * @param sessions the sessions that this node holds
	 * @param notifier notifies one session
	 */
	ResourceUpdates(EndpointRuntime runtime, Sessions sessions, Notifier notifier) {
		this.runtime = runtime;
		this.sessions = sessions;
		this.notifier = notifier;
		this.untold = new MessageQueue(runtime.threads(), (message) -> tellAll(message.subject()),
				(ex) -> ex instanceof SessionStoreUnavailableException, MAX_OUTAGE);
	}

	/**
	 * Tell the subscribers of an update.
	 * @param uri the resource
	 * @param params the parameters of the notification
	 * @return completes when all that can be asked for now are told; fails if one can't
	 * be notified for a reason that isn't its session's
	 */
	Mono<Void> tell(String uri, Object params) {
		return subscribers(uri).onErrorResume(SessionStoreUnavailableException.class, (ex) -> {
			logger.debug("The subscribers of a resource can't be found; those of this node are told alone", ex);
			this.untold.add(new NodeMessage(NodeMessage.Kind.UPDATED, uri, ""));
			return Mono.just(this.sessions.subscribersHere(uri));
		}).flatMap((names) -> tell(uri, names, params));
	}

	// An update says no more than that there was one: twice is better than never
	private Mono<Void> tellAll(String uri) {
		return subscribers(uri).flatMap((names) -> tell(uri, names, Map.of("uri", uri)));
	}

	private Mono<Collection<String>> subscribers(String uri) {
		return this.runtime.sessionStore().findSubscribers(uri).map((stored) -> {
			Set<String> names = new LinkedHashSet<>(stored);
			names.addAll(this.sessions.unsavedSubscribers(uri));
			return names;
		});
	}

	private Mono<Void> tell(String uri, Collection<String> names, Object params) {
		return this.runtime.threads()
			.onCallbacks(Mono.just(names))
			.flatMapIterable((all) -> all)
			.flatMap((name) -> this.notifier.notify(name, McpSchema.METHOD_NOTIFICATION_RESOURCES_UPDATED, params)
				.onErrorResume((ex) -> this.sessions.notNotified(name, uri, ex)), SESSIONS_AT_ONCE)
			.then();
	}

	/**
	 * Notifies a session.
	 */
	@FunctionalInterface
	interface Notifier {

		/**
		 * Notify a session's client, wherever it listens.
		 * @param sessionName the name of the session
		 * @param method the method of the notification
		 * @param params its parameters
		 * @return completes when it is sent or stored
		 */
		Mono<Void> notify(String sessionName, String method, Object params);

	}

}

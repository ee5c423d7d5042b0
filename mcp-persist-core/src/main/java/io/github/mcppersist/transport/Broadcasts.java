package io.github.mcppersist.transport;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.modern.ModernHandler;
import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.session.SessionStoreUnavailableException;

/**
 * Notifications for whoever listens, on whichever node. Each node tells those that listen
 * there. Thread-safe.
 */
final class Broadcasts {

	/**
	 * How many characters a notification may have that other nodes are told.
	 */
	static final int MAX_CHARACTERS = 16_384;

	private static final Logger logger = LoggerFactory.getLogger(Broadcasts.class);

	private static final TypeRef<LinkedHashMap<String, Object>> OBJECT = new TypeRef<>() {
	};

	private static final int SESSIONS_AT_ONCE = 32;

	private static final int NAMES_AT_ONCE = 500;

	/**
	 * How long a client waits until it is told what it has missed.
	 */
	private static final Duration TOLD_WITHIN = Duration.ofSeconds(1);

	/**
	 * How long a node that says that it stops may have told its clients nothing.
	 */
	private static final Duration STOPS_WITHIN = Duration.ofSeconds(1);

	/**
	 * What says no more if it is said twice.
	 */
	private static final Set<String> LIST_CHANGES = Set.of(McpSchema.METHOD_NOTIFICATION_TOOLS_LIST_CHANGED,
			McpSchema.METHOD_NOTIFICATION_PROMPTS_LIST_CHANGED, McpSchema.METHOD_NOTIFICATION_RESOURCES_LIST_CHANGED);

	private final EndpointRuntime runtime;

	private final Sessions sessions;

	private final @Nullable ModernHandler modern;

	private final McpJsonMapper jsonMapper;

	private final ReturningClients returning;

	private final MessageQueue toNodes;

	private final MessageQueue fromNodes;

	/**
	 * The last change of each list, by the method that says so.
	 */
	private final Map<String, ListChange> listChanges = new ConcurrentHashMap<>();

	/**
	 * The last messages of other nodes that are no others, though they say the same. Used
	 * by one turn of the queue after the other.
	 */
	private final Set<String> handled = Collections.newSetFromMap(new LinkedHashMap<>() {

		@Override
		protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
			return size() > MessageQueue.MAX_WAITING;
		}

	});

	/**
	 * Who is yet to be told of such a message. Used in the same way.
	 */
	private @Nullable Telling telling;

	/**
	 * Create what broadcasts.
	 * @param runtime what all streams share
	 * @param sessions the sessions that this node holds
	 * @param modern whose clients listen to changes, if that era is served
	 * @param jsonMapper reads and writes JSON
	 */
	Broadcasts(EndpointRuntime runtime, Sessions sessions, @Nullable ModernHandler modern, McpJsonMapper jsonMapper) {
		this.runtime = runtime;
		this.sessions = sessions;
		this.modern = modern;
		this.jsonMapper = jsonMapper;
		this.returning = new ReturningClients(runtime.threads(), Listening.timeToReturn(runtime.options()));
		// A registry says by whatever it likes that it is out of reach
		this.toNodes = new MessageQueue(runtime.threads(), runtime.streams()::broadcast, (ex) -> true,
				MessageQueue.MAX_TRIED);
		this.fromNodes = new MessageQueue(runtime.threads(), this::handle,
				(ex) -> ex instanceof SessionStoreUnavailableException || ex instanceof EventStoreUnavailableException,
				MessageQueue.MAX_TRIED);
	}

	/**
	 * Notify all clients that listen.
	 * @param method the method
	 * @param params the parameters, if any
	 * @return completes when those on this node were notified; the others are told a
	 * moment later, or as soon as they can be
	 */
	Mono<Void> notifyAll(String method, @Nullable Object params) {
		return Mono.defer(() -> {
			noteListChange(method, params);
			tellModern(method, params);
			tellNodes(NodeMessage.Kind.NOTIFIED, method, params);
			return notifySessions(method, params, (session) -> true);
		});
	}

	/**
	 * Notify those of an updated resource who listen to it without a session. Subscribers
	 * with one are in the session store.
	 * @param method the method
	 * @param params the parameters
	 */
	void resourceUpdated(String method, Object params) {
		if (this.modern != null) {
			tellModern(method, params);
			tellNodes(NodeMessage.Kind.UPDATED, method, params);
		}
	}

	private void tellModern(String method, @Nullable Object params) {
		if (this.modern != null) {
			this.modern.tell(method, (params != null) ? this.jsonMapper.convertValue(params, OBJECT) : Map.of());
		}
	}

	private void tellNodes(NodeMessage.Kind kind, String method, @Nullable Object params) {
		if (!this.runtime.isShared()) {
			return;
		}
		String text = write(new JSONRPCNotification(method, params));
		if (text.length() > MAX_CHARACTERS) {
			logger.warn("A broadcast reaches only clients that listen on this node: a {} has more than {} characters",
					method, MAX_CHARACTERS);
			return;
		}
		boolean same = kind == NodeMessage.Kind.UPDATED || LIST_CHANGES.contains(method);
		this.toNodes.add(new NodeMessage(kind, text, same ? "" : StreamKey.random("broadcast").streamId()));
	}

	/**
	 * Do what another node tells: it has notified those that listen there.
	 * @param message the message
	 */
	void received(NodeMessage message) {
		this.fromNodes.add(message);
	}

	private Mono<Void> handle(NodeMessage message) {
		JSONRPCNotification notification = read(message.subject());
		if (notification == null) {
			logger.debug("A notification of another node can't be read");
			return Mono.empty();
		}
		String id = message.detail();
		if (this.handled.contains(id)) {
			// It was told again, since it wasn't known that it had arrived
			return Mono.empty();
		}
		Telling before = this.telling;
		Set<String> left = (before != null && before.id().equals(id)) ? before.untold() : null;
		if (left == null) {
			tellModern(notification.method(), notification.params());
		}
		if (message.kind() != NodeMessage.Kind.NOTIFIED) {
			return Mono.empty();
		}
		noteListChange(notification.method(), notification.params());
		if (id.isEmpty()) {
			return notifySessions(notification.method(), notification.params(), (session) -> true);
		}
		// Whoever is told isn't told again, also if others can't be for now
		Set<String> untold = (left != null) ? left : begin(id);
		return notifySessions(notification.method(), notification.params(), (session) -> untold.remove(session.name()))
			.doOnSuccess((nothing) -> this.handled.add(id));
	}

	private Set<String> begin(String id) {
		if (this.telling != null) {
			// Given up, or done
			this.handled.add(this.telling.id());
		}
		Set<String> untold = ConcurrentHashMap.newKeySet();
		this.sessions.all().forEach((session) -> untold.add(session.name()));
		this.telling = new Telling(id, untold);
		return untold;
	}

	private void noteListChange(String method, @Nullable Object params) {
		if (LIST_CHANGES.contains(method)) {
			this.listChanges.put(method, new ListChange(method, params, this.runtime.threads().nanoTime()));
		}
	}

	/**
	 * Tell other nodes of the clients that listened here, since this node stops: it can't
	 * store any more what is broadcast before they are back.
	 * @return completes when the others are told, and when they can't be
	 */
	Mono<Void> tellOfReturning() {
		List<String> names = this.sessions.all()
			.stream()
			.filter((session) -> session.listening().isHere() || session.listening().wasHere())
			.map(Session::name)
			.toList();
		if (!this.runtime.isShared()) {
			return Mono.empty();
		}
		return Flux.fromIterable(names)
			.buffer(NAMES_AT_ONCE)
			.map((some) -> new NodeMessage(NodeMessage.Kind.RETURNING, String.join(" ", some), ""))
			.concatMap(this.runtime.streams()::broadcast)
			.then()
			.onErrorResume((ex) -> {
				logger.debug("Clients that come back elsewhere may miss that a list has changed", ex);
				return Mono.empty();
			});
	}

	/**
	 * Another node stops, and tells whose clients listened there.
	 * @param sessionNames the names of their sessions, with spaces in between
	 */
	void expect(String sessionNames) {
		this.returning.expect(List.of(sessionNames.split(" ")));
	}

	/**
	 * Tell a client that comes back from a node that has stopped which lists have changed
	 * meanwhile.
	 * @param session its session, which is used meanwhile
	 * @return completes when it is told, and when it can't be or takes longer than a
	 * second: then it is told once its connection is open
	 */
	Mono<Void> tellReturned(Session session) {
		Long left = this.returning.returned(session.name());
		if (left == null) {
			return Mono.empty();
		}
		session.listening().expect();
		// Twice is better than never
		long since = left - STOPS_WITHIN.toNanos();
		List<ListChange> missed = this.listChanges.values()
			.stream()
			.filter((change) -> change.nanos() - since > 0)
			.sorted(Comparator.comparingLong((change) -> change.nanos() - since))
			.toList();
		return Flux.fromIterable(missed)
			.concatMap((change) -> notifySessions(Mono.just(List.of(session)), change.method(), change.params(),
					(returned) -> true))
			.then()
			.timeout(this.runtime.threads().after(TOLD_WITHIN))
			.onErrorResume((ex) -> {
				logger.debug("A client may have missed that a list has changed", ex);
				return Mono.empty();
			});
	}

	private Mono<Void> notifySessions(String method, @Nullable Object params, Predicate<Session> isToBeTold) {
		return Flux.defer(() -> {
			List<Session> listening = new ArrayList<>();
			List<Session> silent = new ArrayList<>();
			this.sessions.all().forEach((session) -> (session.listening().isHere() ? listening : silent).add(session));
			Mono<List<Session>> others = Flux.fromIterable(silent)
				.flatMap((
						session) -> session.listening().isAudience().filter(Boolean::booleanValue).map((is) -> session),
						SESSIONS_AT_ONCE)
				.collectList();
			// The store is asked for those, and may be slow
			return Flux.concat(notifySessions(Mono.just(listening), method, params, isToBeTold),
					notifySessions(others, method, params, isToBeTold));
		}).then();
	}

	private Mono<Void> notifySessions(Mono<List<Session>> audience, String method, @Nullable Object params,
			Predicate<Session> isToBeTold) {
		// The parameters are the caller's, and so is what makes JSON of them
		return this.runtime.threads()
			.onCallbacks(audience)
			.flatMapIterable((sessions) -> sessions)
			.filter(isToBeTold)
			.flatMap((session) -> session.sdkSession().sendNotification(method, params).onErrorResume((ex) -> {
				logger.debug("A session could not be notified of {}", method, ex);
				return Mono.empty();
			}), SESSIONS_AT_ONCE)
			.then();
	}

	private String write(Object message) {
		try {
			return this.jsonMapper.writeValueAsString(message);
		}
		catch (IOException ex) {
			throw new IllegalArgumentException("A notification can't be written as JSON", ex);
		}
	}

	private @Nullable JSONRPCNotification read(String text) {
		try {
			return this.jsonMapper.readValue(text, JSONRPCNotification.class);
		}
		catch (IOException | RuntimeException ex) {
			return null;
		}
	}

	/**
	 * A message of another node that is told here, or was last.
	 *
	 * @param id by which it is known
	 * @param untold the names of the sessions that it may be for, and that it wasn't sent
	 * to
	 */
	private record Telling(String id, Set<String> untold) {
	}

	private record ListChange(String method, @Nullable Object params, long nanos) {
	}

}

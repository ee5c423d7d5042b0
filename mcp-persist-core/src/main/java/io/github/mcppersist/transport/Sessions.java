package io.github.mcppersist.transport;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.session.SessionAlreadyDeletedException;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionNotFoundException;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.session.TooManySessionsException;
import io.github.mcppersist.stream.LogLimit;

/**
 * The sessions: those that this node holds, and the way to all others. Thread-safe. A
 * session is in the table while it is held; two requests that restore it at once get one
 * and the same.
 */
final class Sessions {

	private static final Logger logger = LoggerFactory.getLogger(Sessions.class);

	private static final int RENEWAL_BATCH = 1000;

	private static final int STORED_AT_ONCE = 64;

	private static final int MAX_OTHER_SERVERS = 16;

	private static final int MAX_UNDELETED = 10_000;

	/**
	 * How long a full node doesn't look for sessions to let go, once it has found few.
	 */
	private static final long LET_GO_INTERVAL_NANOS = 1_000_000_000L;

	/**
	 * Few are less than one out of so many.
	 */
	private static final int WORTHWHILE_SHARE = 16;

	private final EndpointRuntime runtime;

	private final McpJsonMapper jsonMapper;

	private final ResourceSubscriptions subscriptions;

	private final Map<String, Session> held = new ConcurrentHashMap<>();

	/**
	 * About what they take.
	 */
	private final AtomicLong heldBytes = new AtomicLong();

	private final Object lettingGo = new Object();

	/**
	 * Guarded by {@link #lettingGo}.
	 */
	private long letGoNotBefore;

	private final Map<String, Mono<Session>> restoring = new ConcurrentHashMap<>();

	/**
	 * The sessions whose deletion is under way: nobody restores them meanwhile.
	 */
	private final Set<String> deleting = ConcurrentHashMap.newKeySet();

	/**
	 * The sessions whose deletion an outage has broken off.
	 */
	private final Set<String> undeleted = ConcurrentHashMap.newKeySet();

	/**
	 * What could not be stored yet, by session.
	 */
	private final Map<String, SessionChanges> unsaved = new ConcurrentHashMap<>();

	/**
	 * How often all is to be stored again, with that which is under way.
	 */
	private final AtomicInteger storingAgain = new AtomicInteger();

	/**
	 * The servers whose sessions were asked for here, as far as that was logged.
	 */
	private final Set<String> otherServers = ConcurrentHashMap.newKeySet();

	/**
	 * The sessions whose expiry could not be put off, held or let go.
	 */
	private final Set<String> unrenewed = ConcurrentHashMap.newKeySet();

	private final UnsavedSessions unsavedSessions;

	private final LogLimit notStored;

	private final LogLimit changesGivenUp;

	private volatile @Nullable SdkSessions sdkSessions;

	Sessions(EndpointRuntime runtime, McpJsonMapper jsonMapper, ResourceSubscriptions subscriptions) {
		this.runtime = runtime;
		this.jsonMapper = jsonMapper;
		this.subscriptions = subscriptions;
		this.letGoNotBefore = runtime.threads().nanoTime();
		this.unsavedSessions = new UnsavedSessions(runtime::writesFail, runtime.threads()::nanoTime);
		this.notStored = new LogLimit(runtime.threads()::nanoTime);
		this.changesGivenUp = new LogLimit(runtime.threads()::nanoTime);
	}

	void start(SdkSessions sdkSessions) {
		this.sdkSessions = sdkSessions;
	}

	// Finding

	/**
	 * Find the session that a request names, on this node or in the store.
	 * @param sessionId the session that it names, if any
	 * @param caller who sends it
	 * @param current whether to ask the store even about a session that this node holds:
	 * it may have been changed or deleted elsewhere
	 * @return the session, which the caller {@linkplain Session#release() releases};
	 * fails with {@link RejectedRequestException}
	 */
	Mono<Session> acquire(@Nullable String sessionId, Caller caller, boolean current) {
		if (sessionId == null || sessionId.isBlank()) {
			return rejected(Rejection.of(400, "Bad Request: the " + HeaderRules.SESSION_ID + " header is missing"));
		}
		if (sessionId.indexOf(',') >= 0) {
			// Not 404, on which a client drops a session that may be there
			return rejected(
					Rejection.of(400, "Bad Request: there is more than one " + HeaderRules.SESSION_ID + " header"));
		}
		if (!HeaderRules.isSessionId(sessionId)) {
			return rejected(Rejection.UNKNOWN_SESSION);
		}
		return use(SessionNames.of(sessionId), sessionId, current)
			.doOnError(OtherServersSessionException.class, this::foundElsewhere)
			.flatMap((session) -> {
				String owner = session.record().owner();
				if (caller.owns(owner)) {
					return Mono.just(session);
				}
				if (session.isFirstStranger()) {
					logger.warn("A request isn't of the owner of its session, and was told that there is none. {}. "
							+ "If both are one and the same, declare a SessionOwnerResolver that gives them one name. "
							+ "Logged once a session", caller.differenceFrom(owner));
				}
				session.release();
				return rejected(Rejection.UNKNOWN_SESSION);
			});
	}

	private void foundElsewhere(OtherServersSessionException ex) {
		if (this.otherServers.size() < MAX_OTHER_SERVERS && this.otherServers.add(ex.server())) {
			logger.warn("A session of the MCP server '{}' was asked for at '{}', where there is none. "
					+ "If these are one server, give it one name on all nodes, by its serverInfo or by "
					+ "StreamableHttpOptions. Logged once a server", ex.server(), this.runtime.serverName());
		}
	}

	/**
	 * Find a session, on this node or in the store.
	 * @param name the name of the session
	 * @param current as above
	 * @return as above
	 */
	Mono<Session> acquire(String name, boolean current) {
		return use(name, null, current);
	}

	private Mono<Session> use(String name, @Nullable String sessionId, boolean current) {
		if (this.deleting.contains(name)) {
			return rejected(Rejection.UNKNOWN_SESSION);
		}
		Session session = this.held.get(name);
		if (session == null || !session.acquire()) {
			return restore(name, sessionId).filter(Session::acquire)
				.doOnNext((restored) -> restored.identify(sessionId))
				// Let go again already
				.repeatWhenEmpty((again) -> again.take(3))
				.switchIfEmpty(rejected(Rejection.SESSIONS_AWAY));
		}
		session.identify(sessionId);
		return current ? refresh(session).thenReturn(session).onErrorResume((ex) -> {
			session.release();
			return Mono.error(ex);
		}) : Mono.just(session);
	}

	private static <T> Mono<T> rejected(Rejection rejection) {
		return Mono.error(new RejectedRequestException(rejection));
	}

	/**
	 * Return a session that this node holds.
	 * @param name the name of the session
	 * @return the session, or {@code null}
	 */
	@Nullable Session held(String name) {
		return this.held.get(name);
	}

	Collection<Session> all() {
		return this.held.values();
	}

	boolean anyRunning() {
		return this.held.values().stream().anyMatch((session) -> !session.running().isEmpty());
	}

	/**
	 * Bring what this node holds of a session up to date.
	 * @param session the session
	 * @return completes when it is, or when the store is out of reach; fails with
	 * {@link RejectedRequestException} if the session was deleted
	 */
	Mono<Void> refresh(Session session) {
		return this.runtime.isShared() ? reload(session) : Mono.empty();
	}

	private Mono<Void> reload(Session session) {
		return session.reloads().next(read(session));
	}

	private Mono<Void> read(Session session) {
		return this.runtime.sessionStore().findSession(session.name()).<SessionRecord>handle((stored, sink) -> {
			try {
				session.update(stored);
				this.subscriptions.add(stored.subscriptions());
				sink.next(stored);
			}
			catch (LinkageError | VirtualMachineError ex) {
				// Reactor would throw it, and whoever waits would wait for ever
				sink.error(new IllegalStateException("A session could not be brought up to date", ex));
			}
		})
			// Without a place in the store it goes on as this node holds it
			.switchIfEmpty(Mono.defer(() -> createAgain(session).onErrorComplete(TooManySessionsException.class)))
			.then()
			.doOnSuccess((nothing) -> session.outOfDate(false))
			.onErrorResume(SessionStoreUnavailableException.class, (ex) -> {
				logger.debug("A session is used as this node holds it", ex);
				this.unsavedSessions.seen();
				session.outOfDate(true);
				return Mono.empty();
			});
	}

	/**
	 * Find out where the last standalone connection of a session left off, on whichever
	 * node it was.
	 * @param session the session
	 * @return the last event that the client was sent, or empty for none; fails with an
	 * {@link EventStoreUnavailableException} while it can't be known
	 */
	Mono<EventId> leftOff(Session session) {
		Mono<Void> known = session.isOutOfDate() ? reload(session) : Mono.empty();
		return known.then(Mono.defer(() -> session.isOutOfDate()
				? Mono.error(new EventStoreUnavailableException("It can't be read where a stream was left off"))
				: Mono.justOrEmpty(session.record().standaloneCursor())));
	}

	/**
	 * Store a session again that this node uses although the store has lost it, and only
	 * if it wasn't deleted.
	 * @param session the session
	 * @return completes empty when it is stored; fails with
	 * {@link TooManySessionsException} if there is no place for it
	 */
	private Mono<SessionRecord> createAgain(Session session) {
		return this.runtime.sessionStore()
			.createSession(session.record())
			.doOnError(TooManySessionsException.class, (ex) -> notStored())
			.then(Mono.<SessionRecord>empty())
			.onErrorResume(SessionAlreadyDeletedException.class, (ex) -> {
				drop(session);
				return rejected(Rejection.UNKNOWN_SESSION);
			});
	}

	private void notStored() {
		this.runtime.observer().sessionNotStored();
		this.notStored.log((unlogged) -> logger
			.warn("A session that is in use can't be stored, since there are as many as there may be: it goes on, "
					+ "but only on this instance, and what its client changes of it is refused. Raise the number of "
					+ "sessions, such as by mcp.persist.max-sessions. {} more since the last line; logged once a minute",
					unlogged));
	}

	private Mono<Session> restore(String name, @Nullable String sessionId) {
		return Mono.defer(() -> this.restoring.computeIfAbsent(name,
				(id) -> this.runtime.sessionStore().findSession(id).<Session>handle((stored, sink) -> {
					try {
						sink.next(restored(stored, (sessionId != null) ? sessionId : id));
					}
					catch (LinkageError | VirtualMachineError ex) {
						// Reactor would throw it, and nobody would hear of the session
						sink.error(new IllegalStateException("A session could not be restored", ex));
					}
				})
					.switchIfEmpty(Mono.defer(() -> rejected(notFound())))
					.doOnError(SessionStoreUnavailableException.class, (ex) -> this.unsavedSessions.seen())
					.onErrorMap(SessionStoreUnavailableException.class,
							(ex) -> new RejectedRequestException(Rejection.SESSIONS_AWAY))
					.doFinally((signal) -> this.restoring.remove(id))
					.cache()));
	}

	/**
	 * Say what to answer for a session that the store doesn't have.
	 * @return that it is unknown, unless it may be another node's that isn't stored yet
	 */
	private Rejection notFound() {
		boolean storedLater = this.runtime.isShared()
				&& this.runtime.options().onStoreFailure() == StoreFailurePolicy.CONTINUE;
		return (storedLater && this.unsavedSessions.arePossible()) ? Rejection.SESSION_UNSAVED
				: Rejection.UNKNOWN_SESSION;
	}

	/**
	 * A session has begun on another node that could not be stored.
	 */
	void unsavedElsewhere() {
		this.unsavedSessions.seen();
	}

	/**
	 * Check that a record is of this endpoint's MCP server, or was stored before records
	 * said of which.
	 * @param stored the record
	 * @throws OtherServersSessionException if it is another server's
	 */
	private void requireOfThisServer(SessionRecord stored) {
		String server = stored.server();
		if (server != null && !server.equals(this.runtime.serverName())) {
			throw new OtherServersSessionException(server);
		}
	}

	private Session restored(SessionRecord stored, String sessionId) {
		Session known = this.held.get(stored.sessionName());
		if (known != null && known.acquire()) {
			known.release();
			return known;
		}
		SdkSessions sdkSessions = this.sdkSessions;
		if (sdkSessions == null) {
			throw new RejectedRequestException(Rejection.unavailable("the MCP server has not started yet"));
		}
		requireOfThisServer(stored);
		InitializeRequest request;
		try {
			request = this.jsonMapper.readValue(stored.initializeRequest(), InitializeRequest.class);
		}
		catch (IOException ex) {
			throw new IllegalArgumentException("A stored session can't be read", ex);
		}
		logger.debug("Restoring a session: {}", stored);
		// It begins all the same, since its client is here already
		makeRoomFor(stored);
		this.runtime.observer().sessionRestored();
		Session session = create((id) -> sdkSessions.restore(id, request), sdkSessions.restore(sessionId, request),
				stored, false);
		this.subscriptions.add(stored.subscriptions());
		return session;
	}

	// Beginning

	/**
	 * Begin a session that a client has just initialized.
	 * @param sdkSession the SDK's session
	 * @param record what is known of it
	 * @return completes when it is stored, or when it will be later because the store is
	 * out of reach; fails where sessions that can't be stored are refused
	 */
	Mono<Void> begin(McpStreamableServerSession sdkSession, SessionRecord record) {
		if (!makeRoomFor(record)) {
			return rejected(Rejection.TOO_MANY_SESSIONS);
		}
		// It has its ID already
		Session session = create((id) -> sdkSession, sdkSession, record, true);
		return Mono.defer(() -> this.runtime.sessionStore().createSession(record))
			.onErrorResume(SessionStoreUnavailableException.class, (ex) -> {
				if (this.runtime.options().onStoreFailure() == StoreFailurePolicy.REJECT) {
					return rejected(Rejection.SESSIONS_AWAY);
				}
				unsaved(session, (changes) -> {
				});
				// Its client may turn to another node next
				this.runtime.streams()
					.broadcast(new NodeMessage(NodeMessage.Kind.UNSAVED, "", ""))
					.subscribe((nothing) -> {
					}, (failure) -> logger.debug("Other nodes don't learn that a session isn't stored yet", failure));
				return Mono.<Void>empty();
			})
			// Its client is told that there is none
			.doOnError((ex) -> drop(session))
			.doFinally((signal) -> session.release());
	}

	private Session create(Function<String, McpStreamableServerSession> sdkSessions,
			McpStreamableServerSession sdkSession, SessionRecord record, boolean first) {
		Session session = new Session(this.runtime, this.jsonMapper, sdkSessions, sdkSession, record, first);
		if (first) {
			// Until it is stored, or noted that it is to be, it can't be let go
			session.acquire();
		}
		Session replaced = this.held.put(session.name(), session);
		this.heldBytes.addAndGet(session.heldBytes() - ((replaced != null) ? replaced.heldBytes() : 0));
		return session;
	}

	/**
	 * See that what this node holds stays within its share of the heap when a session
	 * begins or comes back: what isn't used is let go early.
	 * @param record what begins
	 * @return whether there is room for it
	 */
	private boolean makeRoomFor(SessionRecord record) {
		long bytes = Session.heldBytes(record);
		if (!fits(bytes)) {
			synchronized (this.lettingGo) {
				if (!fits(bytes) && this.runtime.threads().nanoTime() - this.letGoNotBefore >= 0) {
					letGoEarly();
				}
			}
		}
		return fits(bytes);
	}

	private boolean fits(long bytes) {
		return this.heldBytes.get() + bytes <= this.runtime.options().maxHeldSessionBytes();
	}

	// All are looked through: that has to be worth it, or it isn't done again at once
	private void letGoEarly() {
		int before = this.held.size();
		if (letGoUnused(Duration.ZERO) * WORTHWHILE_SHARE < before) {
			this.letGoNotBefore = this.runtime.threads().nanoTime() + LET_GO_INTERVAL_NANOS;
		}
	}

	private void remove(Session session) {
		if (this.held.remove(session.name(), session)) {
			this.heldBytes.addAndGet(-session.heldBytes());
		}
	}

	// Changing

	/**
	 * Store a change that a client has made to its session.
	 * @param session the session, used by the caller
	 * @param change the change
	 * @return completes when it is stored, or when it will be later because the store is
	 * out of reach; fails only if the session was deleted, or is stored no more and with
	 * {@link TooManySessionsException} can't be, or with
	 * {@link SessionStoreUnavailableException} if too much is to be stored later
	 */
	Mono<Void> change(Session session, SessionChange change) {
		// Not before subscription: a request that fails changes nothing
		return Mono
			.defer(() -> this.unsaved.containsKey(session.name()) ? later(session, change) : store(session, change));
	}

	/**
	 * Return the resources that a session is subscribed to.
	 * @param session the session
	 * @return their URIs, with what is yet to be stored
	 */
	Set<String> subscriptions(Session session) {
		SessionChanges changes = this.unsaved.get(session.name());
		Set<String> stored = session.record().subscriptions();
		return (changes != null) ? changes.subscriptions(stored) : stored;
	}

	/**
	 * Return which sessions here are subscribed to a resource.
	 * @param uri the resource
	 * @return their names
	 */
	List<String> subscribersHere(String uri) {
		return all().stream().filter((session) -> subscriptions(session).contains(uri)).map(Session::name).toList();
	}

	/**
	 * Return which sessions are subscribed to a resource though the store may not know.
	 * @param uri the resource
	 * @return their names
	 */
	List<String> unsavedSubscribers(String uri) {
		return unsavedSessions().filter((session) -> subscriptions(session).contains(uri)).map(Session::name).toList();
	}

	/**
	 * Return what resources sessions are subscribed to though the store may not know.
	 * @return their URIs
	 */
	Set<String> unsavedSubscriptions() {
		return unsavedSessions().flatMap((session) -> subscriptions(session).stream()).collect(Collectors.toSet());
	}

	private Stream<Session> unsavedSessions() {
		return this.unsaved.keySet().stream().map(this::held).filter(Objects::nonNull);
	}

	private Mono<Void> store(Session session, SessionChange change) {
		Mono<Revision> stored = Mono.defer(() -> change.storeIn(this.runtime.sessionStore(), session.name()));
		return stored.onErrorResume(SessionNotFoundException.class, (ex) -> createAgain(session).then(stored))
			.then(reload(session))
			.onErrorResume(SessionStoreUnavailableException.class, (ex) -> later(session, change));
	}

	/**
	 * Note on all nodes that a client has resumed the stream of a request.
	 * @param session the session, used by the caller
	 */
	void noteResumed(Session session) {
		if (session.noteResumed()) {
			change(session, SessionChange.resuming()).subscribe((nothing) -> {
			}, (ex) -> {
				session.forgetResumed();
				logger.debug("Other nodes don't learn that a client has resumed, until it does again", ex);
			});
		}
	}

	/**
	 * A subscriber could not be notified of an update: if it isn't there any more, it is
	 * taken off the subscribers.
	 * @param name the name of the session
	 * @param uri the resource
	 * @param cause why it could not be notified
	 * @return completes when it is done; never fails
	 */
	Mono<Void> notNotified(String name, String uri, Throwable cause) {
		boolean unknown = cause instanceof RejectedRequestException ex && ex.rejection() == Rejection.UNKNOWN_SESSION
				&& !(cause instanceof OtherServersSessionException);
		logger.debug("A subscriber was not notified: {}", cause.getMessage());
		return unknown ? this.runtime.sessionStore().unsubscribe(name, uri).onErrorComplete().then() : Mono.empty();
	}

	private Mono<Void> later(Session session, SessionChange change) {
		AtomicBoolean added = new AtomicBoolean();
		unsaved(session, (changes) -> added.set(changes.add(change)));
		return added.get() ? Mono.empty()
				: Mono.error(new SessionStoreUnavailableException("The session store is out of reach, and "
						+ SessionChanges.MAX_CHANGES + " changes of a session wait for it already", null));
	}

	/**
	 * Note that a session is to be stored later, and maybe changes of it.
	 * @param session the session
	 * @param add adds the changes, before they can be stored
	 */
	private void unsaved(Session session, Consumer<SessionChanges> add) {
		this.unsavedSessions.seen();
		this.unsaved.compute(session.name(), (id, known) -> {
			SessionChanges changes = (known != null) ? known
					: new SessionChanges(session.record(), this.changesGivenUp);
			add.accept(changes);
			return changes;
		});
	}

	/**
	 * Note whether there is something that is yet to be stored, here or elsewhere.
	 */
	void noteUnsaved() {
		if (!this.unsaved.isEmpty()) {
			this.unsavedSessions.seen();
		}
		this.unsavedSessions.look();
	}

	/**
	 * Store what could not be stored before, of a few sessions at once: an outage may
	 * leave many.
	 * @return completes when that was tried; never fails
	 */
	Mono<Void> save() {
		return Flux.defer(() -> Flux.fromIterable(this.unsaved.entrySet()))
			.flatMap((entry) -> save(entry.getKey(), entry.getValue()), STORED_AT_ONCE)
			.then();
	}

	private Mono<Void> save(String name, SessionChanges changes) {
		return changes.storeIn(this.runtime.sessionStore())
			.doOnSuccess(
					(nothing) -> this.unsaved.computeIfPresent(name, (id, known) -> known.isStored() ? null : known))
			.onErrorResume((ex) -> {
				if (ex instanceof TooManySessionsException) {
					notStored();
				}
				if (!(ex instanceof SessionStoreUnavailableException)) {
					logger.debug("What an outage kept from being stored of a session is given up", ex);
					this.unsaved.remove(name, changes);
				}
				return Mono.empty();
			});
	}

	// Ending

	/**
	 * End a session for good, on all nodes and in the stores.
	 * @param session the session
	 * @return completes when it is deleted; fails with
	 * {@link SessionStoreUnavailableException} or {@link EventStoreUnavailableException},
	 * and then this node goes on trying
	 */
	Mono<Void> delete(Session session) {
		drop(session);
		return delete(session.name());
	}

	/**
	 * End a session for good, whether anybody holds it, and whether it can be decoded.
	 * @param name the name of the session
	 * @return as for one that is held; fails with {@link RejectedRequestException} if
	 * this MCP server has none
	 */
	Mono<Void> end(String name) {
		return Mono.defer(() -> {
			Session held = this.held.get(name);
			if (held != null) {
				return delete(held);
			}
			return this.runtime.sessionStore()
				.findUndecoded(name)
				.switchIfEmpty(Mono.defer(() -> rejected(notFound())))
				.doOnNext(this::requireOfThisServer)
				.flatMap((stored) -> delete(name));
		});
	}

	private Mono<Void> delete(String name) {
		this.deleting.add(name);
		// The tombstone comes first: it forbids what is under way elsewhere
		return this.runtime.sessionStore()
			.deleteSession(name)
			.then(this.runtime.store().deleteSession(name))
			.then(this.runtime.streams()
				.broadcast(new NodeMessage(NodeMessage.Kind.DELETED, name, ""))
				.onErrorComplete())
			.doOnSuccess((nothing) -> this.undeleted.remove(name))
			.doOnError((ex) -> notDeleted(name, ex))
			.doFinally((signal) -> deleted(name));
	}

	// It may be deleted in one store and not in the other: then nobody finds it to delete
	// it again
	private void notDeleted(String name, Throwable ex) {
		if (!(ex instanceof SessionStoreUnavailableException) && !(ex instanceof EventStoreUnavailableException)) {
			this.undeleted.remove(name);
		}
		else if (this.undeleted.size() < MAX_UNDELETED) {
			this.undeleted.add(name);
		}
	}

	/**
	 * Delete the sessions whose deletion an outage has broken off.
	 * @return completes when that was tried; never fails
	 */
	Mono<Void> finishDeletions() {
		return Flux.defer(() -> Flux.fromIterable(this.undeleted))
			.flatMap((name) -> Mono.defer(() -> delete(name)).onErrorResume((ex) -> {
				logger.debug("A session was not deleted", ex);
				return Mono.empty();
			}), STORED_AT_ONCE)
			.then();
	}

	/**
	 * Let requests look for a session again whose deletion is over. A restore that read
	 * its record before that has put it back into the table, or is about to.
	 * @param name the name of the session
	 */
	private void deleted(String name) {
		Mono<Session> restore = this.restoring.getOrDefault(name, Mono.empty());
		restore.onErrorComplete().doFinally((signal) -> {
			Session restored = this.held.get(name);
			if (restored != null) {
				drop(restored);
			}
			this.deleting.remove(name);
		}).subscribe();
	}

	/**
	 * Hold a session no more, since it was deleted.
	 * @param session the session
	 */
	void drop(Session session) {
		remove(session);
		this.unsaved.remove(session.name());
		this.unrenewed.remove(session.name());
		session.end();
	}

	/**
	 * Store what this node holds again, in case the store has lost it. If that is being
	 * done already, it is done once more then.
	 */
	void storeAgain() {
		if (this.storingAgain.getAndIncrement() == 0) {
			Flux.defer(() -> Flux.fromIterable(this.held.values()))
				.flatMap((session) -> Mono.defer(() -> createAgain(session)).onErrorComplete(), STORED_AT_ONCE)
				.then()
				.repeat(() -> this.storingAgain.updateAndGet((times) -> Math.min(times - 1, 1)) > 0)
				.subscribe();
		}
	}

	/**
	 * Let go what isn't used; it comes back when it is asked for. Its expiry is put off
	 * if that hasn't been done since it was used.
	 * @param timeout how long a session may be held without being used
	 * @return how many were let go
	 */
	int letGoUnused(Duration timeout) {
		List<String> used = new ArrayList<>();
		int count = 0;
		for (Session session : this.held.values()) {
			if (!this.unsaved.containsKey(session.name()) && session.letGo(timeout)) {
				count++;
				remove(session);
				if (session.takeUsed()) {
					used.add(session.name());
				}
				session.end();
			}
		}
		renew(used).subscribe();
		return count;
	}

	void endAll() {
		this.held.values().forEach(Session::end);
		this.held.clear();
		this.heldBytes.set(0);
	}

	// Keeping

	Mono<Void> renewStreams() {
		List<StreamKey> streams = new ArrayList<>();
		this.held.values().forEach((session) -> streams.addAll(session.streamsToRenew()));
		return Flux.fromIterable(streams)
			.buffer(RENEWAL_BATCH)
			.concatMap((batch) -> this.runtime.store().renewStreams(batch).onErrorResume((ex) -> {
				logger.debug("Streams were not renewed; trying again later", ex);
				return Mono.empty();
			}))
			.then();
	}

	/**
	 * Put off the expiry of the sessions that were used since the last time.
	 * @return completes when it is done; never fails
	 */
	Mono<Void> renewSessions() {
		return Mono.defer(() -> {
			Set<String> names = new HashSet<>(this.unrenewed);
			this.held.values().stream().filter(Session::takeUsed).map(Session::name).forEach(names::add);
			return renew(names);
		});
	}

	private Mono<Void> renew(Collection<String> names) {
		return Flux.fromIterable(names)
			.buffer(RENEWAL_BATCH)
			.concatMap((batch) -> this.runtime.sessionStore()
				.renewSessions(batch)
				.doOnSuccess((nothing) -> batch.forEach(this.unrenewed::remove))
				.onErrorResume((ex) -> {
					logger.debug("Sessions were not renewed; trying again later", ex);
					this.unrenewed.addAll(batch);
					return Mono.empty();
				}))
			.then();
	}

	/**
	 * Note how far clients have got on their standalone streams, for a connection that
	 * begins on another node.
	 * @return completes when it is noted; never fails
	 */
	Mono<Void> noteCursors() {
		return Flux.fromIterable(this.held.values()).flatMap(this::noteCursor, STORED_AT_ONCE).then();
	}

	/**
	 * Note how far a client has got on its standalone stream.
	 * @param session the session
	 * @return completes when it is noted; never fails
	 */
	Mono<Void> noteCursor(Session session) {
		EventId cursor = session.cursorToNote();
		if (cursor == null) {
			return Mono.empty();
		}
		SessionStore store = this.runtime.sessionStore();
		return store.moveStandaloneCursor(session.name(), cursor, session.standalone().lastGone())
			.doOnSuccess((nothing) -> session.cursorNoted(cursor))
			.onErrorComplete();
	}

}

package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.ResourcesUpdatedNotification;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.modern.ModernHandler;
import io.github.mcppersist.modern.ModernSettings;
import io.github.mcppersist.modern.ModernStore;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.EndpointStatistics;
import io.github.mcppersist.observe.Era;
import io.github.mcppersist.observe.Observers;
import io.github.mcppersist.observe.StreamDescription;
import io.github.mcppersist.payload.PayloadCodec;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionNotFoundException;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.stream.JsonRpcError;
import io.github.mcppersist.stream.SseConnection;
import io.github.mcppersist.stream.StreamContext;
import io.github.mcppersist.stream.StreamLog;
import io.github.mcppersist.stream.ThreadPools;
import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.task.InMemoryTaskStore;
import io.github.mcppersist.task.MonitoredTaskStore;
import io.github.mcppersist.task.TaskNames;
import io.github.mcppersist.task.TaskNotFoundException;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.task.TaskStoreUnavailableException;

/**
 * The Streamable HTTP endpoint of an MCP server (MCP 2025-03-26, 2025-06-18 and
 * 2025-11-25) whose streams survive the loss of a connection: every message is stored
 * before it is written to a connection, and a client that comes back with
 * {@code Last-Event-ID} gets what it missed, once and in order, and then what follows.
 * <p>
 * It holds the rules of the protocol and knows nothing of a web framework; an adapter
 * such as {@code StreamableHttpServlet} hands it requests. To the MCP SDK it is a
 * transport provider: {@code McpServer.sync(endpoint)}. Thread-safe.
 * {@link #closeGracefully()}, which the MCP server's own close calls, ends its
 * connections and threads; the stores are the caller's to close.
 * <p>
 * Clients of revision 2026-07-28 are served beside those if there are
 * {@link StreamableHttpOptions.Builder#modern(ModernOptions) options for them}. Of their
 * requests nothing is stored, and one ends with its connection, unless it asks its client
 * for input or becomes a task.
 * <p>
 * With a {@link NodeRegistry}, and stores that several nodes share, a client may send
 * each of its requests to any of them.
 */
public final class StreamableHttpEndpoint implements McpStreamableServerTransportProvider {

	private static final Logger logger = LoggerFactory.getLogger(StreamableHttpEndpoint.class);

	private static final String SHUT_DOWN = "The server shut down; the outcome of the request is unknown";

	private static final String ENDED = "An operator of the server has ended the task";

	private static final Duration ABANDONED_LIMIT = Duration.ofSeconds(2);

	private static final Duration SHUTDOWN_TICK = Duration.ofMillis(20);

	private static final Duration LEAVE_LIMIT = Duration.ofSeconds(1);

	private static final Duration CLOSE_LIMIT = Duration.ofSeconds(1);

	private static final Duration HAND_OVER_LIMIT = Duration.ofSeconds(1);

	/**
	 * Waking a thread for each thing that is told would cost more than to tell it.
	 */
	private static final Duration OBSERVED_WITHIN = Duration.ofMillis(10);

	private final PayloadCodec payloadCodec;

	private final EndpointRuntime runtime;

	private final OriginRules originRules;

	private final Sessions sessions;

	private final SharedSessions sharedSessions;

	private final ResourceSubscriptions subscriptions;

	private final ClientAnswers answers;

	private final InitializeHandler initializes;

	private final PostHandler posts;

	private final GetHandler gets;

	/**
	 * Serves the modern era, if that is served.
	 */
	private final @Nullable ModernHandler modern;

	private final Broadcasts broadcasts;

	private final ResourceUpdates updates;

	private final ListenedResources listened;

	private final NodeListener nodeListener;

	private volatile boolean hasServer;

	private StreamableHttpEndpoint(Builder builder) {
		StreamableHttpOptions options = builder.options;
		SessionStore sessionStore = (builder.sessionStore != null) ? builder.sessionStore : new InMemorySessionStore();
		McpJsonMapper jsonMapper = (builder.jsonMapper != null) ? builder.jsonMapper : McpJsonDefaults.getMapper();
		SdkVersion.check(jsonMapper);
		this.payloadCodec = builder.payloadCodec;
		Threads threads = (builder.threads != null) ? builder.threads : new ThreadPools(builder.executor);
		Observers observers = new Observers(builder.observers,
				(task) -> threads.deliverLater(OBSERVED_WITHIN, () -> threads.release(task)));
		this.runtime = new EndpointRuntime(builder.eventStore, sessionStore, builder.nodeRegistry, builder.payloadCodec,
				builder.sessionOwnerResolver, options, builder.contextCapture, observers, threads);
		this.sharedSessions = new SharedSessions(sessionStore, this.runtime::serverName);
		this.originRules = new OriginRules(options);
		this.subscriptions = new ResourceSubscriptions(this.runtime.sessionStore());
		this.sessions = new Sessions(this.runtime, jsonMapper, this.subscriptions);
		this.answers = new ClientAnswers(this.runtime, this.sessions, jsonMapper);
		this.listened = new ListenedResources(this.runtime, this.subscriptions, jsonMapper);
		this.modern = (options.modern() != null)
				? modernHandler(this.runtime, options.modern(), builder.taskStore, jsonMapper, this.listened) : null;
		this.broadcasts = new Broadcasts(this.runtime, this.sessions, this.modern, jsonMapper);
		this.updates = new ResourceUpdates(this.runtime, this.sessions, this::notify);
		this.initializes = new InitializeHandler(this.runtime, this.sessions, jsonMapper);
		this.posts = new PostHandler(this.runtime, this.sessions, this.initializes,
				new CallHandler(this.runtime, this.sessions, this.subscriptions, jsonMapper), this.answers,
				(this.modern != null) ? new EraFork(this.modern) : null, jsonMapper);
		this.gets = new GetHandler(this.runtime, this.sessions, this.broadcasts);
		this.nodeListener = new NodeListener(this.runtime, this.sessions, this.answers, this.subscriptions,
				this.broadcasts, this.listened, this.modern, this::catchUp);
		new Upkeep(this.runtime, this.sessions, this::look).start();
	}

	private static ModernHandler modernHandler(EndpointRuntime runtime, ModernOptions options,
			@Nullable TaskStore taskStore, McpJsonMapper jsonMapper, ListenedResources listened) {
		ModernSettings settings = new ModernSettings(options.heartbeatInterval(),
				runtime.options().maxConnectionBytes(), Runtime.getRuntime().maxMemory() / 8, options.maxCalls(),
				options.maxCallsPerPrincipal(), options.maxSubscriptions(), options.maxSubscriptionsPerPrincipal(),
				options.cacheTtl().toMillis(), options.cacheScope().toString(), options.inputTimeout(),
				options.maxParkedCalls(), options.maxParkedCallsPerPrincipal(), options.requestStateKeys(),
				runtime.options().lookInterval(), options.tasks());
		TaskStore tasks = runtime.observed((taskStore != null) ? taskStore : new InMemoryTaskStore());
		ModernHandler handler = new ModernHandler(
				runtime.threads(), runtime.observer(), jsonMapper, settings, new ModernStore(tasks, runtime.nodes(),
						runtime::serverName, runtime.streams()::broadcast, runtime.streams()::tell),
				ParameterRules::check, runtime::isRefusing, listened::add);
		listened.start(handler);
		return handler;
	}

	/**
	 * Return a builder.
	 * @param eventStore where the events are stored
	 * @return the builder
	 */
	public static Builder builder(EventStore eventStore) {
		return new Builder(eventStore);
	}

	@Override
	public List<String> protocolVersions() {
		return HeaderRules.PROTOCOL_VERSIONS;
	}

	@Override
	public void setSessionFactory(McpStreamableServerSession.Factory sessionFactory) {
		SdkSessions sdkSessions = new SdkSessions(sessionFactory);
		this.runtime.setServer(sdkSessions::serverName);
		this.sharedSessions.join();
		this.runtime.serverRequests().setTimeout(sdkSessions.requestTimeout());
		this.subscriptions.start(sdkSessions);
		this.sessions.start(sdkSessions);
		this.initializes.start(sdkSessions);
		if (this.modern != null) {
			this.modern.start(sdkSessions);
		}
		this.hasServer = true;
		if (this.runtime.isShared()) {
			String nodeId = this.runtime.nodes().nodeId();
			logger.atDebug()
				.addKeyValue("mcp.node.id", nodeId)
				.log("This is node {} of those that share MCP sessions", nodeId);
		}
		this.runtime.nodes().join(this.nodeListener);
		catchUp();
	}

	/**
	 * Return whether an MCP server has been built on this endpoint.
	 * @return {@code false} as long as every request is answered with 503
	 */
	public boolean hasServer() {
		return this.hasServer;
	}

	/**
	 * Return what says what of a payload is stored, for those who look into the stores.
	 * @return what {@link Builder#payloadCodec} was given
	 */
	public PayloadCodec payloadCodec() {
		return this.payloadCodec;
	}

	Sessions sessions() {
		return this.sessions;
	}

	/**
	 * Find out what other nodes have told while this one didn't hear it.
	 */
	private void catchUp() {
		look();
		this.listened.ask();
	}

	/**
	 * Find out by looking what messages of other nodes may have told.
	 */
	private void look() {
		this.listened.look();
		// What is yet to be stored isn't found there
		this.subscriptions.add(this.sessions.unsavedSubscriptions());
		this.subscriptions.refresh().subscribe();
		this.answers.takeAnswers();
	}

	/**
	 * Send a notification to every client that listens, on whichever node. It is stored
	 * for a session whose standalone connection closed a moment ago (ten seconds and the
	 * retry interval): its client may be about to come back, here or elsewhere. Clients
	 * of revision 2026-07-28 are told of changes only, as they have asked for.
	 * <p>
	 * Completes when those that listen on this node were notified. Other nodes are told a
	 * moment later, or as soon as they can be, and several changes of the same list may
	 * then be told as one. They aren't told of a notification of more than 16,384
	 * characters, nor of one more while a thousand wait, which is logged.
	 */
	@Override
	public Mono<Void> notifyClients(String method, @Nullable Object params) {
		return this.broadcasts.notifyAll(method, params);
	}

	/**
	 * Send a notification to a session, whichever node holds its connection. It is stored
	 * if no connection is open, and sent when one is. One to a session that isn't there
	 * goes nowhere, and doesn't fail; it fails as long as that session may be one of
	 * another node that isn't stored yet.
	 */
	@Override
	public Mono<Void> notifyClient(String sessionId, String method, @Nullable Object params) {
		return Mono.defer(() -> {
			if (ResourceSubscriptions.SUBSCRIBER.equals(sessionId)) {
				return (params instanceof ResourcesUpdatedNotification updated)
						? resourceUpdated(updated.uri(), method, params) : Mono.empty();
			}
			if (!HeaderRules.isSessionId(sessionId)) {
				return Mono.empty();
			}
			return this.runtime.threads()
				.onCallbacks(notify(SessionNames.of(sessionId), method, params))
				.onErrorResume(RejectedRequestException.class, (ex) -> {
					logger.debug("A session was not notified of {}: {}", method, ex.getMessage());
					return (ex.rejection() == Rejection.UNKNOWN_SESSION) ? Mono.empty() : Mono.error(ex);
				});
		});
	}

	private Mono<Void> notify(String name, String method, @Nullable Object params) {
		// The parameters are the caller's, and so is what makes JSON of them
		return this.sessions.acquire(name, false)
			.flatMap((session) -> this.runtime.threads()
				.onCallbacks(Mono.just(session))
				.flatMap((held) -> held.sdkSession().sendNotification(method, params))
				.doFinally((signal) -> session.release()));
	}

	private Mono<Void> resourceUpdated(String uri, String method, Object params) {
		this.broadcasts.resourceUpdated(method, params);
		return this.updates.tell(uri, params);
	}

	/**
	 * Handle one request. Returns at once, but for the time that the adapter takes to
	 * read the body, if it does that on the calling thread; everything else that it needs
	 * of the request it reads before it returns.
	 * @param request the request
	 * @param response the response, which is answered now or later
	 */
	public void handle(EndpointRequest request, EndpointResponse response) {
		HttpReply reply = new HttpReply(request.method(), response);
		try {
			Rejection rejection = this.originRules.check(request);
			if (rejection != null) {
				reply.refuse(rejection);
				return;
			}
			if (this.modern != null && !request.method().equals("POST") && EraFork.isModern(request)) {
				methodNotAllowed("POST", reply);
				return;
			}
			switch (request.method()) {
				case "POST" -> this.posts.handle(request, reply);
				case "GET" -> this.gets.handle(request, reply);
				case "DELETE" -> delete(request, reply);
				default -> methodNotAllowed(reply);
			}
		}
		catch (Throwable ex) {
			// Errors too: nobody else would answer
			reply.refuse(Rejection.failed(ex));
		}
	}

	private void delete(EndpointRequest request, HttpReply reply) {
		if (!this.runtime.options().deleteAllowed()) {
			methodNotAllowed(reply);
			return;
		}
		Rejection rejection = HeaderRules.checkProtocolVersion(request.header(HeaderRules.PROTOCOL_VERSION));
		if (rejection != null) {
			reply.refuse(rejection);
			return;
		}
		Caller caller = this.runtime.callers().of(request);
		this.sessions.acquire(request.header(HeaderRules.SESSION_ID), caller, true)
			.flatMap((session) -> this.sessions.delete(session).doFinally((signal) -> session.release()))
			.subscribe((nothing) -> {
			}, (ex) -> reply.refuse(Rejection.failed(ex)), () -> reply.send(200));
	}

	/**
	 * Count what this node holds now. It looks at each session and connection: for
	 * metrics and people, not for every request.
	 * @return the counts
	 */
	public EndpointStatistics statistics() {
		Map<ConnectionKind, Integer> connections = new EnumMap<>(ConnectionKind.class);
		for (ConnectionKind kind : ConnectionKind.values()) {
			connections.put(kind, 0);
		}
		this.runtime.streams()
			.connections()
			.forEach((connection) -> connections.merge(connection.kind(), 1, Integer::sum));
		connections.put(ConnectionKind.SUBSCRIPTION, subscriptions());
		Collection<Session> sessions = this.sessions.all();
		int running = sessions.stream().mapToInt((session) -> session.running().size()).sum();
		ModernHandler modern = this.modern;
		return new EndpointStatistics(sessions.size(), Map.of(Era.LEGACY, running, Era.MODERN, runningModern()),
				(modern != null) ? modern.parked() : 0, (modern != null) ? modern.tasks() : 0,
				(modern != null) ? modern.tasksWithInputRequired() : 0,
				(modern != null) ? modern.ageOfOldestTask() : Duration.ZERO, connections,
				this.runtime.streams().unstoredBytes());
	}

	private int runningModern() {
		return (this.modern != null) ? this.modern.running() : 0;
	}

	private int subscriptions() {
		return (this.modern != null) ? this.modern.listening() : 0;
	}

	/**
	 * Describe the streams of a session that this node runs, or has connections of. For
	 * people, not for every request.
	 * @param name the {@linkplain SessionNames name} of the session
	 * @return the streams, in no order; none if this node doesn't hold the session
	 */
	public List<StreamDescription> describeStreams(String name) {
		Session session = this.sessions.held(name);
		if (session == null) {
			return List.of();
		}
		Map<String, ConnectionKind> connections = new HashMap<>();
		for (SseConnection connection : this.runtime.streams().connections()) {
			if (connection.stream().sessionName().equals(name)) {
				connections.put(connection.stream().streamId(), connection.kind());
			}
		}
		List<StreamDescription> streams = new ArrayList<>();
		for (StreamLog log : session.logs()) {
			streams.add(log.describe(connections.remove(log.stream().streamId())));
		}
		connections.forEach((streamId, kind) -> streams.add(new StreamDescription(streamId, null, false, 0, kind)));
		return streams;
	}

	/**
	 * End a session for good, as its client does with DELETE, whatever
	 * {@link StreamableHttpOptions#deleteAllowed()} says: its connections are closed, and
	 * every node answers 404 from then on. A handler that runs is not stopped; what it
	 * sends is dropped. A session that this node can't decode is ended as well.
	 * @param name the {@linkplain SessionNames name} of the session
	 * @return completes when it is deleted in the stores and the other nodes have been
	 * told; fails with {@link SessionNotFoundException} if this MCP server has no such
	 * session, and with {@link SessionStoreUnavailableException} or
	 * {@link EventStoreUnavailableException} if a store is out of reach: then it may be
	 * ended or not, and this node goes on trying
	 */
	public Mono<Void> endSession(String name) {
		StreamKey.requireSessionName(name);
		return this.runtime.threads()
			.onCallbacks(this.sessions.end(name))
			.onErrorMap(RejectedRequestException.class, (ex) -> (ex.rejection() == Rejection.UNKNOWN_SESSION)
					? new SessionNotFoundException() : new SessionStoreUnavailableException(ex.rejection().message()));
	}

	/**
	 * End a task for good, as its client does with {@code tasks/cancel} (MCP extension
	 * {@code io.modelcontextprotocol/tasks}): it is cancelled, which a status message
	 * says to be an operator's doing, and its tool is stopped on whichever node it runs.
	 * One that has ended stays as it is.
	 * @param name the {@linkplain TaskNames name} of a task, as a
	 * {@link MonitoredTaskStore} shows it. Whatever else the task store keeps under a
	 * name is ended, too
	 * @return whether it was this call that ended it; fails with
	 * {@link TaskNotFoundException} if there is no such task, or revision 2026-07-28
	 * isn't served, and with {@link TaskStoreUnavailableException} if the store is out of
	 * reach: then it may be ended or not, and the call can be made again
	 */
	public Mono<Boolean> endTask(String name) {
		TaskRecord.requireTaskId(name);
		ModernHandler modern = this.modern;
		return this.runtime.threads()
			.onCallbacks((modern != null) ? modern.endTask(name, ENDED) : Mono.error(TaskNotFoundException::new));
	}

	private void methodNotAllowed(HttpReply reply) {
		methodNotAllowed(this.runtime.options().deleteAllowed() ? "GET, POST, DELETE" : "GET, POST", reply);
	}

	private static void methodNotAllowed(String allowed, HttpReply reply) {
		reply.refuse(
				new Rejection(405, JsonRpcError.INVALID_REQUEST, "Method Not Allowed", null, Map.of("Allow", allowed)));
	}

	/**
	 * Shut down in order: close the connections that other nodes can take over for their
	 * clients to come back there, and let running requests end on their own connections.
	 * New ones are served meanwhile, since a load balancer may not know yet. What still
	 * runs after the grace period ends with an error. Then leave the other nodes, close
	 * all connections and stop all threads. Only the first call of this or
	 * {@link #closeGracefully()} does anything.
	 * @param grace how long running requests may take to end
	 * @return completes when all is closed, five seconds after the grace period at the
	 * latest
	 */
	public Mono<Void> shutDown(Duration grace) {
		return Mono.defer(() -> {
			if (!this.runtime.leave()) {
				return Mono.empty();
			}
			this.runtime.streams().connections().forEach(SseConnection::leave);
			if (this.modern != null) {
				this.modern.endSubscriptions();
			}
			return whenNothingRuns(grace).then(Mono.defer(() -> {
				this.runtime.refuseRequests();
				for (Session session : this.sessions.all()) {
					session.running().forEach((log) -> log.abandon(SHUT_DOWN));
				}
				if (this.modern != null) {
					this.modern.abandon(SHUT_DOWN);
				}
				return until(() -> nothingRuns() && subscriptions() == 0, ABANDONED_LIMIT);
			}))
				.then(Mono.defer(() -> Mono
					.when(this.sessions.noteCursors(), this.sessions.renewSessions(), this.sessions.finishDeletions(),
							this.broadcasts.tellOfReturning()
								.timeout(this.runtime.threads().after(LEAVE_LIMIT.dividedBy(2)))
								.onErrorComplete()
								.then(this.runtime.nodes().leave(this.nodeListener)))
					.timeout(this.runtime.threads().after(LEAVE_LIMIT))
					.onErrorComplete()))
				.then(Mono.defer(() -> {
					this.sessions.endAll();
					if (this.modern != null) {
						this.modern.close();
					}
					this.runtime.streams().connections().forEach(SseConnection::close);
					return until(() -> this.runtime.streams().connections().isEmpty(), CLOSE_LIMIT);
				}))
				// Whoever waits for this may block
				.then(Mono.firstWithSignal(Mono.create((sink) -> this.runtime.threads().release(sink::success)),
						this.runtime.threads().after(HAND_OVER_LIMIT)))
				.then(Mono.fromRunnable(() -> {
					this.runtime.streams().connections().forEach(SseConnection::abort);
					this.sharedSessions.leave();
					this.runtime.close();
				}));
		});
	}

	private Mono<Void> whenNothingRuns(Duration limit) {
		return until(this::nothingRuns, limit);
	}

	private boolean nothingRuns() {
		return !this.sessions.anyRunning() && runningModern() == 0;
	}

	private Mono<Void> until(BooleanSupplier done, Duration limit) {
		Threads threads = this.runtime.threads();
		return Mono.defer(() -> {
			long start = threads.nanoTime();
			BooleanSupplier goOn = () -> !done.getAsBoolean()
					&& threads.nanoTime() - start < StreamContext.nanos(limit);
			return goOn.getAsBoolean() ? threads.after(SHUTDOWN_TICK).repeat(goOn).then() : Mono.empty();
		});
	}

	/**
	 * Shut down at once: what still runs ends with an error.
	 */
	@Override
	public Mono<Void> closeGracefully() {
		return shutDown(Duration.ZERO);
	}

	/**
	 * Builds a {@link StreamableHttpEndpoint}.
	 */
	public static final class Builder {

		private final EventStore eventStore;

		private @Nullable SessionStore sessionStore;

		private @Nullable TaskStore taskStore;

		private @Nullable NodeRegistry nodeRegistry;

		private PayloadCodec payloadCodec = PayloadCodec.none();

		private SessionOwnerResolver sessionOwnerResolver = SessionOwnerResolver.principalName();

		private @Nullable McpJsonMapper jsonMapper;

		private StreamableHttpOptions options = StreamableHttpOptions.defaults();

		private ContextCapture contextCapture = (reactorContext) -> UnaryOperator.identity();

		private final List<EndpointObserver> observers = new ArrayList<>();

		private @Nullable Executor executor;

		private @Nullable Threads threads;

		private Builder(EventStore eventStore) {
			this.eventStore = Objects.requireNonNull(eventStore, "eventStore must not be null");
		}

		/**
		 * Set where sessions are stored. Endpoints may share a store if their MCP servers
		 * have different names: a session exists at the server alone that created it.
		 * @param sessionStore by default the memory of this node
		 * @return this builder
		 */
		public Builder sessionStore(SessionStore sessionStore) {
			this.sessionStore = sessionStore;
			return this;
		}

		/**
		 * Set where calls of clients of revision 2026-07-28 are kept that have asked for
		 * input, until these come back with it, to whichever node, and calls that have
		 * become tasks, with their results.
		 * @param taskStore by default the memory of this node
		 * @return this builder
		 */
		public Builder taskStore(TaskStore taskStore) {
			this.taskStore = taskStore;
			return this;
		}

		/**
		 * Set the nodes that share the event store and the session store. The endpoint
		 * joins them when its MCP server is built, and leaves them when it is shut down.
		 * Endpoints that share an event store share this as well.
		 * @param nodeRegistry by default this node is the only one
		 * @return this builder
		 */
		public Builder nodeRegistry(NodeRegistry nodeRegistry) {
			this.nodeRegistry = nodeRegistry;
			return this;
		}

		/**
		 * Set what of a payload is stored, in whichever store, and sent to other nodes:
		 * encrypted, compressed, or as it is. It must read what any node of those that
		 * share the stores has written.
		 * @param payloadCodec {@link PayloadCodec#none()} by default
		 * @return this builder
		 */
		public Builder payloadCodec(PayloadCodec payloadCodec) {
			this.payloadCodec = Objects.requireNonNull(payloadCodec, "payloadCodec must not be null");
			return this;
		}

		/**
		 * Set what names the owner of a session.
		 * @param sessionOwnerResolver {@link SessionOwnerResolver#principalName()} by
		 * default
		 * @return this builder
		 */
		public Builder sessionOwnerResolver(SessionOwnerResolver sessionOwnerResolver) {
			this.sessionOwnerResolver = Objects.requireNonNull(sessionOwnerResolver,
					"sessionOwnerResolver must not be null");
			return this;
		}

		/**
		 * Set what reads and writes JSON.
		 * @param jsonMapper the SDK's default by default
		 * @return this builder
		 */
		public Builder jsonMapper(McpJsonMapper jsonMapper) {
			this.jsonMapper = jsonMapper;
			return this;
		}

		/**
		 * Set the options.
		 * @param options {@link StreamableHttpOptions#defaults()} by default
		 * @return this builder
		 */
		public Builder options(StreamableHttpOptions options) {
			this.options = options;
			return this;
		}

		/**
		 * Set what takes along what belongs to a request to the threads that run its
		 * handlers, and what answers and notifications set off.
		 * @param contextCapture nothing by default
		 * @return this builder
		 */
		public Builder contextCapture(ContextCapture contextCapture) {
			this.contextCapture = contextCapture;
			return this;
		}

		/**
		 * Add who is told what happens. Without any, nothing is measured.
		 * @param observer one more observer
		 * @return this builder
		 */
		public Builder observer(EndpointObserver observer) {
			this.observers.add(Objects.requireNonNull(observer, "observer must not be null"));
			return this;
		}

		/**
		 * Set what runs the request handlers, which may block: one task for each request,
		 * never on the thread that brings it. The endpoint doesn't shut it down.
		 * @param executor by default a pool of up to 500 threads of the endpoint's own
		 * @return this builder
		 */
		public Builder executor(Executor executor) {
			this.executor = executor;
			return this;
		}

		/**
		 * Set all threads, and the time: for tests that decide what comes next.
		 * @param threads instead of those of the endpoint's own
		 * @return this builder
		 */
		Builder threads(Threads threads) {
			this.threads = threads;
			return this;
		}

		/**
		 * Build the endpoint and start its threads.
		 * @return the endpoint
		 * @throws IncompatibleSdkException if the MCP SDK on the class path is too old
		 * @throws IllegalStateException if there is a node registry and no session store,
		 * or no task store where revision 2026-07-28 is served: that of this node's
		 * memory isn't shared
		 */
		public StreamableHttpEndpoint build() {
			SdkVersion.check();
			if (this.nodeRegistry != null && this.sessionStore == null) {
				throw new IllegalStateException("There is a node registry, and sessions would be in the memory of "
						+ "this node, where the other nodes don't find them. Set sessionStore(..) to a store that all "
						+ "nodes share, or no nodeRegistry(..) if this node is the only one");
			}
			if (this.nodeRegistry != null && this.taskStore == null && this.options.modern() != null) {
				throw new IllegalStateException("There is a node registry, and calls that wait for their clients would "
						+ "be in the memory of this node, where the other nodes don't find them. Set taskStore(..) to "
						+ "a store that all nodes share, or no nodeRegistry(..) if this node is the only one");
			}
			return new StreamableHttpEndpoint(this);
		}

	}

}

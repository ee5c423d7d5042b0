package io.github.mcppersist.transport;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.SessionDeletedException;
import io.github.mcppersist.event.StreamKey;

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
 * connections and threads; the event store is the caller's to close.
 */
public final class StreamableHttpEndpoint implements McpStreamableServerTransportProvider {

	private static final Logger logger = LoggerFactory.getLogger(StreamableHttpEndpoint.class);

	private static final Map<String, String> SSE_HEADERS = Map.of("Content-Type", "text/event-stream", "Cache-Control",
			"no-cache, no-transform", "X-Accel-Buffering", "no");

	private static final Duration MAX_TICK = Duration.ofSeconds(1);

	private static final Duration SHUTDOWN_LIMIT = Duration.ofSeconds(2);

	private static final int RENEWAL_BATCH = 1000;

	private final EndpointRuntime runtime;

	private final McpJsonMapper jsonMapper;

	private final OriginRules originRules;

	private final Map<String, Session> sessions = new ConcurrentHashMap<>();

	private final AtomicBoolean closing = new AtomicBoolean();

	private volatile McpStreamableServerSession.@Nullable Factory sessionFactory;

	private StreamableHttpEndpoint(Builder builder) {
		StreamableHttpOptions options = builder.options;
		this.runtime = new EndpointRuntime(builder.eventStore, options, builder.executor);
		this.jsonMapper = (builder.jsonMapper != null) ? builder.jsonMapper : McpJsonDefaults.getMapper();
		this.originRules = new OriginRules(options);
		this.runtime.repeat(tick(options), () -> this.runtime.connections().forEach(SseConnection::tick));
		this.runtime.repeat(atMost(options.sessionTimeout().dividedBy(4), Duration.ofSeconds(10)),
				this::endIdleSessions);
		this.runtime.repeat(atLeast(builder.eventStore.timeToLive().dividedBy(3), Duration.ofMillis(100)),
				this::renewStreams);
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
		this.sessionFactory = sessionFactory;
	}

	/**
	 * Send a notification to every session whose standalone connection is open.
	 */
	@Override
	public Mono<Void> notifyClients(String method, @Nullable Object params) {
		return Flux.defer(() -> Flux.fromIterable(this.sessions.values()))
			.filter((session) -> session.standalone().isConnected())
			.flatMap((session) -> session.sdkSession().sendNotification(method, params).onErrorResume((ex) -> {
				logger.debug("A session could not be notified of {}", method, ex);
				return Mono.empty();
			}))
			.then();
	}

	/**
	 * Send a notification to a session. It is stored if no connection is open, and sent
	 * when one is.
	 */
	@Override
	public Mono<Void> notifyClient(String sessionId, String method, @Nullable Object params) {
		return Mono.defer(() -> {
			Session session = this.sessions.get(sessionId);
			if (session == null) {
				logger.debug("No session to notify of {}", method);
				return Mono.empty();
			}
			return session.sdkSession().sendNotification(method, params);
		});
	}

	/**
	 * Handle one request. Returns at once, but for the time that the adapter takes to
	 * read the body; everything that it needs of the request it reads before it returns.
	 * @param request the request
	 * @param response the response, which is answered now or later
	 */
	public void handle(EndpointRequest request, EndpointResponse response) {
		try {
			Rejection rejection = this.originRules.check(request);
			if (rejection == null && this.closing.get()) {
				rejection = Rejection.SHUTTING_DOWN;
			}
			if (rejection != null) {
				rejection.sendTo(response);
				return;
			}
			switch (request.method()) {
				case "POST" -> post(request, response);
				case "GET" -> get(request, response);
				case "DELETE" -> delete(request, response);
				default -> methodNotAllowed(response);
			}
		}
		catch (RuntimeException ex) {
			failed(ex, response);
		}
	}

	private void failed(Throwable ex, EndpointResponse response) {
		logger.error("A request could not be handled", ex);
		new Rejection(500, JsonRpcError.INTERNAL_ERROR, "Internal error", null, Map.of()).sendTo(response);
	}

	private void methodNotAllowed(EndpointResponse response) {
		String allowed = this.runtime.options().deleteAllowed() ? "GET, POST, DELETE" : "GET, POST";
		new Rejection(405, JsonRpcError.INVALID_REQUEST, "Method Not Allowed", null, Map.of("Allow", allowed))
			.sendTo(response);
	}

	private void post(EndpointRequest request, EndpointResponse response) {
		Rejection rejection = HeaderRules.checkPost(request);
		if (rejection != null) {
			rejection.sendTo(response);
			return;
		}
		request.body(this.runtime.options().maxRequestBytes()).subscribe((body) -> {
			try {
				accept(IncomingMessage.read(this.jsonMapper, body), request, response);
			}
			catch (RuntimeException ex) {
				failed(ex, response);
			}
		}, (ex) -> {
			if (ex instanceof RequestTooLargeException) {
				Rejection
					.of(413, "Content Too Large: a request may have " + this.runtime.options().maxRequestBytes()
							+ " bytes")
					.sendTo(response);
			}
			else {
				logger.debug("The body of a request could not be read", ex);
				Rejection.of(400, "Bad Request: the body could not be read").sendTo(response);
			}
		});
	}

	private void accept(IncomingMessage incoming, EndpointRequest request, EndpointResponse response) {
		if (incoming.rejection() != null) {
			incoming.rejection().sendTo(response);
		}
		else if (incoming.message() instanceof JSONRPCRequest message && "initialize".equals(message.method())) {
			initialize(message, response);
		}
		else {
			String requestId = (incoming.message() instanceof JSONRPCRequest message) ? json(message.id()) : null;
			Rejection rejection = HeaderRules.checkProtocolVersion(request);
			Session session = (rejection != null) ? null : session(request);
			if (session == null) {
				((rejection != null) ? rejection : noSession(request)).withRequestId(requestId).sendTo(response);
			}
			else if (incoming.message() instanceof JSONRPCRequest message) {
				call(session, message, Objects.requireNonNull(requestId), request.transportContext(), response);
			}
			else if (incoming.message() instanceof JSONRPCNotification message) {
				notification(session, message, request.transportContext(), response);
			}
			else if (incoming.message() instanceof JSONRPCResponse message) {
				answer(session, message, request.transportContext(), response);
			}
		}
	}

	private void initialize(JSONRPCRequest message, EndpointResponse response) {
		String requestId = json(message.id());
		McpStreamableServerSession.Factory factory = this.sessionFactory;
		if (factory == null) {
			Rejection.unavailable("the MCP server has not started yet").withRequestId(requestId).sendTo(response);
			return;
		}
		InitializeRequest initializeRequest;
		try {
			initializeRequest = this.jsonMapper.convertValue(message.params(), InitializeRequest.class);
			Objects.requireNonNull(initializeRequest);
		}
		catch (RuntimeException ex) {
			new Rejection(400, -32602, "Invalid params: not those of initialize", requestId, Map.of()).sendTo(response);
			return;
		}
		McpStreamableServerSession.McpStreamableServerSessionInit init = factory.startSession(initializeRequest);
		init.initResult()
			.subscribe((result) -> initialized(init.session(), message, result, response),
					(ex) -> failed(ex, response));
	}

	private void initialized(McpStreamableServerSession sdkSession, JSONRPCRequest message, InitializeResult result,
			EndpointResponse response) {
		Session session = new Session(this.runtime, this.jsonMapper, sdkSession, result.protocolVersion());
		byte[] body = jsonBytes(JSONRPCResponse.result(message.id(), result));
		this.sessions.put(session.id(), session);
		Map<String, String> headers = new LinkedHashMap<>();
		headers.put("Content-Type", "application/json");
		headers.put(HeaderRules.SESSION_ID, session.id());
		response.send(200, headers, body);
	}

	private void call(Session session, JSONRPCRequest message, String requestId, McpTransportContext context,
			EndpointResponse response) {
		StreamLog log = session.begin(requestId);
		SseConnection connection = new SseConnection(this.runtime, log.mailbox(), log.stream(), session.isPriming(),
				log);
		log.mailbox().execute(() -> log.attach(connection));
		Runnable run = () -> {
			response.stream(SSE_HEADERS, connection);
			run(session, message, log, context);
		};
		log.open().subscribe((nothing) -> {
		}, (ex) -> {
			if (ex instanceof SessionDeletedException) {
				log.discard();
				Rejection.UNKNOWN_SESSION.withRequestId(requestId).sendTo(response);
			}
			else if (this.runtime.options().onStoreFailure() == StoreFailurePolicy.REJECT) {
				log.discard();
				Rejection.unavailable("the event store is out of reach").withRequestId(requestId).sendTo(response);
			}
			else {
				run.run();
			}
		}, run);
	}

	private void run(Session session, JSONRPCRequest message, StreamLog log, McpTransportContext context) {
		McpTransportContext exchangeContext = new StreamTransportContext(context,
				() -> session.isPriming() && log.closeConnection());
		LogTransport transport = new LogTransport(this.jsonMapper, () -> log);
		try {
			this.runtime.handle(() -> session.sdkSession()
				.responseStream(transport)
				.handle(message)
				.contextWrite((ctx) -> ctx.put(McpTransportContext.KEY, exchangeContext))
				.subscribe((nothing) -> {
				}, (ex) -> {
					logger.warn("A request could not be answered; its client gets an error", ex);
					log.handled("Internal error: the request could not be answered");
				}, () -> log.handled("Internal error: the request was handled without a result")));
		}
		catch (RejectedExecutionException ex) {
			logger.warn("A request was refused: {}", ex.getMessage());
			log.handled("The server is busy: too many requests are running");
		}
	}

	private void notification(Session session, JSONRPCNotification message, McpTransportContext context,
			EndpointResponse response) {
		session.touch();
		// The SDK can't cancel a request and would warn of each attempt
		if (!"notifications/cancelled".equals(message.method())) {
			inBackground(session.sdkSession().accept(message), context);
		}
		response.send(202, Map.of(), new byte[0]);
	}

	private void answer(Session session, JSONRPCResponse message, McpTransportContext context,
			EndpointResponse response) {
		session.touch();
		inBackground(session.sdkSession().accept(message), context);
		response.send(202, Map.of(), new byte[0]);
	}

	private void inBackground(Mono<Void> work, McpTransportContext context) {
		this.runtime
			.answer(() -> work.contextWrite((ctx) -> ctx.put(McpTransportContext.KEY, context)).subscribe((nothing) -> {
			}, (ex) -> logger.debug("A client's answer or notification was not handled", ex)));
	}

	private void get(EndpointRequest request, EndpointResponse response) {
		Rejection rejection = HeaderRules.checkGet(request);
		Session session = (rejection != null) ? null : session(request);
		if (session == null) {
			((rejection != null) ? rejection : noSession(request)).sendTo(response);
			return;
		}
		session.touch();
		String lastEventId = request.header(HeaderRules.LAST_EVENT_ID);
		if (lastEventId == null || lastEventId.isEmpty()) {
			listen(session, response);
			return;
		}
		EventId cursor;
		try {
			cursor = EventId.parse(lastEventId);
		}
		catch (IllegalArgumentException ex) {
			Rejection.UNKNOWN_EVENT_ID.sendTo(response);
			return;
		}
		resume(session, cursor, response);
	}

	private void listen(Session session, EndpointResponse response) {
		StreamLog log = session.standalone();
		SseConnection connection = new SseConnection(this.runtime, log.mailbox(), log.stream(), session.isPriming(),
				log);
		log.mailbox().execute(() -> log.begin(connection));
		response.stream(SSE_HEADERS, connection);
	}

	private void resume(Session session, EventId cursor, EndpointResponse response) {
		StreamKey stream = new StreamKey(session.id(), cursor.streamId());
		int maxBytes = Math.max(1, this.runtime.options().maxConnectionBytes() / 2);
		Mailbox turn = new Mailbox();
		this.runtime.store()
			.replayEventsAfter(stream, cursor, maxBytes)
			.subscribe((page) -> this.runtime.deliver(turn, () -> resume(session, stream, cursor, page, response)),
					(ex) -> this.runtime.deliver(turn, () -> notReplayed(session, stream, cursor, ex, response)));
	}

	private void resume(Session session, StreamKey stream, EventId cursor, @Nullable EventPage page,
			EndpointResponse response) {
		if (page != null && page.events().isEmpty() && page.rest() == EventPage.Rest.NONE) {
			// Not 200: clients that don't take an error for the response would come back
			// for
			// ever
			response.send(204, Map.of(), new byte[0]);
			return;
		}
		StreamLog log = session.log(stream.streamId());
		Mailbox mailbox = (log != null) ? log.mailbox() : new Mailbox();
		SseConnection connection = new SseConnection(this.runtime, mailbox, stream, session.isPriming(), log);
		mailbox.execute(() -> {
			if (log != null) {
				log.attach(connection);
			}
			connection.resume(cursor, page);
		});
		response.stream(SSE_HEADERS, connection);
	}

	private void notReplayed(Session session, StreamKey stream, EventId cursor, Throwable ex,
			EndpointResponse response) {
		if (ex instanceof EventStoreUnavailableException) {
			if (session.log(stream.streamId()) != null) {
				resume(session, stream, cursor, null, response);
			}
			else {
				Rejection.unavailable("the event store is out of reach").sendTo(response);
			}
		}
		else if (ex instanceof EventsTrimmedException trimmed && trimmed.requestId() != null) {
			// Not 400: the client would wait for the response until its own timeout
			byte[] error = JsonRpcError.of(trimmed.requestId(), JsonRpcError.SERVER_ERROR,
					"Messages of this request are no longer kept, its response may be among them");
			response.stream(SSE_HEADERS, Flux.just(new SseFrame(null, error, null).toBytes()));
		}
		else {
			logger.debug("A resume was refused: {}", ex.getMessage());
			Rejection.UNKNOWN_EVENT_ID.sendTo(response);
		}
	}

	private void delete(EndpointRequest request, EndpointResponse response) {
		if (!this.runtime.options().deleteAllowed()) {
			methodNotAllowed(response);
			return;
		}
		Rejection rejection = HeaderRules.checkProtocolVersion(request);
		Session session = (rejection != null) ? null : session(request);
		if (session == null) {
			((rejection != null) ? rejection : noSession(request)).sendTo(response);
			return;
		}
		this.sessions.remove(session.id());
		session.end();
		Runnable done = () -> this.runtime.deliver(new Mailbox(), () -> response.send(200, Map.of(), new byte[0]));
		this.runtime.store().deleteSession(session.id()).subscribe((nothing) -> {
		}, (ex) -> {
			logger.debug("A deleted session's streams are left to expire", ex);
			done.run();
		}, done);
	}

	private @Nullable Session session(EndpointRequest request) {
		String sessionId = request.header(HeaderRules.SESSION_ID);
		return (sessionId != null) ? this.sessions.get(sessionId) : null;
	}

	private static Rejection noSession(EndpointRequest request) {
		String sessionId = request.header(HeaderRules.SESSION_ID);
		return (sessionId == null || sessionId.isBlank())
				? Rejection.of(400, "Bad Request: the " + HeaderRules.SESSION_ID + " header is missing")
				: Rejection.UNKNOWN_SESSION;
	}

	private String json(Object value) {
		try {
			return this.jsonMapper.writeValueAsString(value);
		}
		catch (IOException ex) {
			throw new IllegalArgumentException("A request ID can't be written as JSON", ex);
		}
	}

	private byte[] jsonBytes(Object value) {
		try {
			return this.jsonMapper.writeValueAsBytes(value);
		}
		catch (IOException ex) {
			throw new IllegalStateException("A response can't be written as JSON", ex);
		}
	}

	private void endIdleSessions() {
		for (Session session : this.sessions.values()) {
			if (session.isIdle(this.runtime.options().sessionTimeout())
					&& this.sessions.remove(session.id(), session)) {
				logger.debug("A session ended, since it was not used");
				session.end();
			}
		}
	}

	private void renewStreams() {
		List<StreamKey> streams = new ArrayList<>();
		this.sessions.values().forEach((session) -> streams.addAll(session.streamsToRenew()));
		for (int from = 0; from < streams.size(); from += RENEWAL_BATCH) {
			List<StreamKey> batch = streams.subList(from, Math.min(from + RENEWAL_BATCH, streams.size()));
			this.runtime.store().renewStreams(List.copyOf(batch)).subscribe((nothing) -> {
			}, (ex) -> logger.debug("Streams were not renewed; trying again later", ex));
		}
	}

	/**
	 * Refuse new requests, end what still runs with an error, close all connections and
	 * stop all threads. Takes two seconds at most.
	 */
	@Override
	public Mono<Void> closeGracefully() {
		return Mono.defer(() -> {
			if (!this.closing.compareAndSet(false, true)) {
				return Mono.empty();
			}
			for (Session session : this.sessions.values()) {
				session.running()
					.forEach((log) -> log.handled("The server shut down; the outcome of the request is unknown"));
			}
			return Flux.interval(Duration.ZERO, Duration.ofMillis(20))
				.takeUntil((tick) -> this.sessions.values().stream().allMatch((session) -> session.running().isEmpty()))
				.take(SHUTDOWN_LIMIT)
				.then(Mono.fromRunnable(() -> {
					this.sessions.values().forEach(Session::end);
					this.sessions.clear();
					this.runtime.connections().forEach(SseConnection::close);
					this.runtime.close();
				}));
		});
	}

	private static Duration tick(StreamableHttpOptions options) {
		Duration tick = atMost(options.heartbeatInterval().dividedBy(2), MAX_TICK);
		Duration maxAge = options.maxConnectionAge();
		return atLeast((maxAge != null) ? atMost(maxAge.dividedBy(2), tick) : tick, Duration.ofMillis(10));
	}

	private static Duration atMost(Duration value, Duration limit) {
		return (value.compareTo(limit) > 0) ? limit : atLeast(value, Duration.ofMillis(10));
	}

	private static Duration atLeast(Duration value, Duration limit) {
		return (value.compareTo(limit) < 0) ? limit : value;
	}

	/**
	 * Builds a {@link StreamableHttpEndpoint}.
	 */
	public static final class Builder {

		private final EventStore eventStore;

		private @Nullable McpJsonMapper jsonMapper;

		private StreamableHttpOptions options = StreamableHttpOptions.defaults();

		private @Nullable Executor executor;

		private Builder(EventStore eventStore) {
			this.eventStore = Objects.requireNonNull(eventStore, "eventStore must not be null");
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
		 * Set what runs the request handlers, which may block: one task for each request.
		 * The endpoint doesn't shut it down.
		 * @param executor by default a pool of up to 500 threads of the endpoint's own
		 * @return this builder
		 */
		public Builder executor(Executor executor) {
			this.executor = executor;
			return this;
		}

		/**
		 * Build the endpoint and start its threads.
		 * @return the endpoint
		 */
		public StreamableHttpEndpoint build() {
			return new StreamableHttpEndpoint(this);
		}

	}

}

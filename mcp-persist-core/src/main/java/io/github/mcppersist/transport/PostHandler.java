package io.github.mcppersist.transport;

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Predicate;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.SessionDeletedException;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;

/**
 * Handles POST: requests, and a client's answers and notifications (MCP 2025-11-25,
 * "Sending Messages to the Server").
 */
final class PostHandler {

	private static final Logger logger = LoggerFactory.getLogger(PostHandler.class);

	private static final Duration ANSWER_RETRY = Duration.ofMillis(300);

	private final EndpointRuntime runtime;

	private final Sessions sessions;

	private final McpJsonMapper jsonMapper;

	private final ResourceSubscriptions subscriptions;

	private volatile @Nullable SdkSessions sdkSessions;

	private volatile boolean closing;

	PostHandler(EndpointRuntime runtime, Sessions sessions, ResourceSubscriptions subscriptions,
			McpJsonMapper jsonMapper) {
		this.runtime = runtime;
		this.sessions = sessions;
		this.subscriptions = subscriptions;
		this.jsonMapper = jsonMapper;
	}

	void start(SdkSessions sdkSessions) {
		this.sdkSessions = sdkSessions;
	}

	/**
	 * Refuse requests from now on. Answers are still taken: running requests wait for
	 * them.
	 */
	void close() {
		this.closing = true;
	}

	void handle(EndpointRequest request, EndpointResponse response) {
		Rejection rejection = HeaderRules.checkPost(request);
		if (rejection != null) {
			rejection.sendTo(response);
			return;
		}
		CallerContext context = CallerContext.of(request, this.runtime.contextCapture());
		request.body(this.runtime.options().maxRequestBytes()).subscribe((body) -> {
			try {
				accept(IncomingMessage.read(this.jsonMapper, body), context, response);
			}
			catch (RuntimeException ex) {
				Rejection.failed(ex).sendTo(response);
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

	private void accept(IncomingMessage incoming, CallerContext context, EndpointResponse response) {
		if (incoming.rejection() != null) {
			incoming.rejection().sendTo(response);
		}
		else if (this.closing && incoming.message() instanceof JSONRPCRequest message) {
			Rejection.SHUTTING_DOWN.withRequestId(json(message.id())).sendTo(response);
		}
		else if (incoming.message() instanceof JSONRPCRequest message && "initialize".equals(message.method())) {
			initialize(message, context.principal(), response);
		}
		else {
			accept(Objects.requireNonNull(incoming.message()), context, response);
		}
	}

	private void accept(JSONRPCMessage message, CallerContext context, EndpointResponse response) {
		String requestId = (message instanceof JSONRPCRequest call) ? json(call.id()) : null;
		Rejection rejection = HeaderRules.checkProtocolVersion(context.protocolVersion());
		if (rejection != null) {
			rejection.withRequestId(requestId).sendTo(response);
			return;
		}
		// A call needn't ask for the session's state: opening its stream tells
		this.sessions.acquire(context.sessionId(), context.principal(), requestId == null).subscribe((session) -> {
			try {
				accept(session, message, requestId, context, response);
			}
			catch (RuntimeException ex) {
				Rejection.failed(ex).withRequestId(requestId).sendTo(response);
			}
			finally {
				session.release();
			}
		}, (ex) -> Rejection.failed(ex).withRequestId(requestId).sendTo(response));
	}

	private void accept(Session session, JSONRPCMessage message, @Nullable String requestId, CallerContext context,
			EndpointResponse response) {
		if (message instanceof JSONRPCRequest request) {
			Rejection rejection = SessionRules.check(request, session.record());
			if (rejection != null) {
				rejection.withRequestId(requestId).sendTo(response);
				return;
			}
			call(session, request, Objects.requireNonNull(requestId), context, response);
		}
		else if (message instanceof JSONRPCNotification notification) {
			notification(session, notification, context, response);
		}
		else if (message instanceof JSONRPCResponse answer) {
			answer(session, answer, context, response);
		}
	}

	private void initialize(JSONRPCRequest message, @Nullable String principal, EndpointResponse response) {
		String requestId = json(message.id());
		SdkSessions sdkSessions = this.sdkSessions;
		if (sdkSessions == null) {
			Rejection.unavailable("the MCP server has not started yet").withRequestId(requestId).sendTo(response);
			return;
		}
		InitializeRequest initializeRequest;
		try {
			initializeRequest = this.jsonMapper.convertValue(message.params(), InitializeRequest.class);
			Objects.requireNonNull(initializeRequest);
		}
		catch (RuntimeException ex) {
			new Rejection(400, JsonRpcError.INVALID_PARAMS, "Invalid params: not those of initialize", requestId,
					Map.of())
				.sendTo(response);
			return;
		}
		String parameters = json(message.params());
		if (parameters.length() > SessionRules.MAX_INITIALIZE_LENGTH) {
			Rejection
				.of(413, "Content Too Large: the parameters of initialize may have "
						+ SessionRules.MAX_INITIALIZE_LENGTH + " characters")
				.withRequestId(requestId)
				.sendTo(response);
			return;
		}
		McpStreamableServerSession.McpStreamableServerSessionInit init = sdkSessions.initialize(initializeRequest);
		init.initResult().flatMap((result) -> isTrusted(initializeRequest).map((trusted) -> {
			SessionRecord record = SessionRecord.initialized(init.session().getId(), parameters,
					result.protocolVersion(), principal);
			return trusted ? record.asResuming() : record;
		}).flatMap((record) -> this.sessions.begin(init.session(), record)).thenReturn(result))
			.subscribe((result) -> initialized(init.session().getId(), message, result, response),
					(ex) -> Rejection.failed(ex).withRequestId(requestId).sendTo(response));
	}

	/**
	 * Ask the application whether a client can be trusted to resume, where its code may
	 * block.
	 * @param initializeRequest what the client said of itself
	 * @return whether it is trusted; not, if the application's code fails
	 */
	private Mono<Boolean> isTrusted(InitializeRequest initializeRequest) {
		Predicate<InitializeRequest> resumingClients = this.runtime.options().resumingClients();
		if (resumingClients == null) {
			return Mono.just(false);
		}
		return Mono.create((sink) -> this.runtime.handle(() -> {
			boolean trusted = false;
			try {
				trusted = resumingClients.test(initializeRequest);
			}
			catch (Throwable ex) {
				logger.warn("resumingClients failed for a client, which is not trusted to resume; mend the predicate",
						ex);
			}
			sink.success(trusted);
		}));
	}

	private void initialized(String sessionId, JSONRPCRequest message, InitializeResult result,
			EndpointResponse response) {
		byte[] body = jsonBytes(JSONRPCResponse.result(message.id(), result));
		Map<String, String> headers = new LinkedHashMap<>();
		headers.put("Content-Type", "application/json");
		headers.put(HeaderRules.SESSION_ID, sessionId);
		response.send(200, headers, body);
	}

	private void call(Session session, JSONRPCRequest message, String requestId, CallerContext context,
			EndpointResponse response) {
		StreamLog log = session.begin(requestId);
		ReconnectRules reconnects = new ReconnectRules(session, context.userAgent(), false, this.runtime.options());
		SseConnection connection = new SseConnection(this.runtime, ConnectionKind.REQUEST, log.mailbox(), log.stream(),
				reconnects, log, (gone) -> {
				});
		log.mailbox().execute(() -> log.attach(connection));
		Runnable run = () -> {
			connection.open(response);
			run(session, message, log, reconnects, context);
		};
		Consumer<Throwable> refuse = (ex) -> {
			log.discard();
			Rejection.failed(ex).withRequestId(requestId).sendTo(response);
		};
		log.open().defaultIfEmpty(-1L).subscribe((revision) -> {
			if (revision == session.revision()) {
				run.run();
			}
			else {
				this.sessions.refresh(session).subscribe((nothing) -> {
				}, refuse, run);
			}
		}, (ex) -> {
			if (ex instanceof SessionDeletedException) {
				this.sessions.drop(session);
				refuse.accept(new RejectedRequestException(
						this.closing ? Rejection.SHUTTING_DOWN : Rejection.UNKNOWN_SESSION));
			}
			else if (this.runtime.options().onStoreFailure() == StoreFailurePolicy.REJECT) {
				refuse.accept(new RejectedRequestException(Rejection.unavailable("the event store is out of reach")));
			}
			else {
				run.run();
			}
		});
	}

	private void run(Session session, JSONRPCRequest message, StreamLog log, ReconnectRules reconnects,
			CallerContext context) {
		McpTransportContext exchangeContext = new StreamTransportContext(context.transportContext(),
				() -> reconnects.comesBack() && log.closeConnection());
		LogTransport transport = new LogTransport(this.jsonMapper, this.runtime.serverRequests(), session.id(),
				() -> log, noteChange(session, message));
		McpStreamableServerSession sdkSession = this.subscriptions.sessionFor(message, session.sdkSession());
		Mono<Void> handling = Mono.defer(() -> sdkSession.responseStream(transport).handle(message))
			.contextWrite((ctx) -> context.addTo(ctx, exchangeContext));
		try {
			Runnable task = context.carrier().apply(() -> subscribe(handling, log));
			this.runtime.handle(() -> handle(task, log));
		}
		catch (RejectedExecutionException ex) {
			logger.warn("A request was refused: {}", ex.getMessage());
			log.handled("The server is busy: too many requests are running");
		}
		catch (RuntimeException ex) {
			logger.error("A request could not be run; its client gets an error", ex);
			log.handled("Internal error: the request could not be run");
		}
	}

	private static void subscribe(Mono<Void> handling, StreamLog log) {
		handling.contextCapture().subscribe((nothing) -> {
		}, (ex) -> {
			logger.warn("A request could not be answered; its client gets an error", ex);
			log.handled("Internal error: the request could not be answered");
		}, () -> log.handled("Internal error: the request was handled without a result"));
	}

	private static void handle(Runnable task, StreamLog log) {
		try {
			task.run();
		}
		catch (Throwable ex) {
			// Reactor throws what it takes for fatal, and signals nothing
			log.handled("Internal error: the request could not be answered");
			throw ex;
		}
	}

	/**
	 * Return what has to be stored of a request before its client may rely on it on
	 * another node.
	 * @param session the session
	 * @param message the request
	 * @return stores what the request has changed in its session
	 */
	private Mono<Void> noteChange(Session session, JSONRPCRequest message) {
		return switch (message.method()) {
			case SessionRules.SET_LEVEL -> this.sessions.change(session,
					(store) -> store.setLogLevel(session.id(), SessionRules.parameter(message, "level")));
			case ResourceSubscriptions.SUBSCRIBE -> {
				String uri = SessionRules.parameter(message, "uri");
				yield this.sessions.change(session, (store) -> store.subscribe(session.id(), uri))
					.then(Mono.defer(() -> {
						this.subscriptions.add(List.of(uri));
						return this.runtime.nodes()
							.broadcast(new NodeMessage(NodeMessage.Kind.SUBSCRIBED, uri, "").toText())
							.onErrorComplete();
					}));
			}
			case ResourceSubscriptions.UNSUBSCRIBE -> this.sessions.change(session,
					(store) -> store.unsubscribe(session.id(), SessionRules.parameter(message, "uri")));
			default -> Mono.empty();
		};
	}

	private void notification(Session session, JSONRPCNotification message, CallerContext context,
			EndpointResponse response) {
		// The SDK can't cancel a request and would warn of each attempt
		boolean ignored = "notifications/cancelled".equals(message.method());
		accept(ignored ? Mono.empty() : session.sdkSession().accept(message), context, response);
	}

	private void answer(Session session, JSONRPCResponse message, CallerContext context, EndpointResponse response) {
		String node = ServerRequests.nodeOf(message.id());
		if (node == null || this.runtime.isThisNode(node)) {
			accept(Mono.defer(() -> take(session, message)), context, response);
			return;
		}
		NodeMessage answered = new NodeMessage(NodeMessage.Kind.ANSWERED, session.id(), (String) message.id());
		Mono<Boolean> handedOn = this.runtime.nodes().isGone(node) ? Mono.just(false)
				: this.runtime.sessionStore()
					.storeAnswer(session.id(), answered.detail(), jsonBytes(message))
					.then(this.runtime.nodes().send(node, answered.toText()));
		this.runtime.onDelivery(handedOn).subscribe((received) -> {
			if (received) {
				response.send(202, Map.of(), new byte[0]);
			}
			else {
				this.runtime.sessionStore()
					.removeAnswers(session.id(), List.of(answered.detail()))
					.onErrorComplete()
					.subscribe();
				Rejection.ASKER_GONE.withRequestId(json(message.id())).sendTo(response);
			}
		}, (ex) -> {
			Rejection rejection = (ex instanceof SessionDeletedException) ? Rejection.UNKNOWN_SESSION
					: Rejection.unavailable("the session store is out of reach");
			rejection.withRequestId(json(message.id())).sendTo(response);
		});
	}

	/**
	 * Take whatever answers other nodes were given to requests of this one.
	 */
	void takeAnswers() {
		// Even on a single node: what the SDK has given up on is forgotten here
		Map<String, List<String>> pending = this.runtime.serverRequests().pending();
		if (this.runtime.isShared()) {
			pending.forEach((sessionId, requestIds) -> {
				Session session = this.sessions.held(sessionId);
				if (session != null) {
					takeAnswers(session, requestIds);
				}
			});
		}
	}

	/**
	 * Take the answers to some requests that another node was given. They are removed
	 * once they are taken, so that none is lost with a call of the store.
	 * @param session the session
	 * @param requestIds the IDs of the requests
	 */
	void takeAnswers(Session session, Collection<String> requestIds) {
		SessionStore store = this.runtime.sessionStore();
		this.runtime.onDelivery(store.findAnswers(session.id(), requestIds)).subscribe((answers) -> {
			answers.values().forEach((answer) -> takeAnswer(session, answer));
			if (!answers.isEmpty()) {
				store.removeAnswers(session.id(), answers.keySet()).subscribe((nothing) -> {
				}, (ex) -> logger.debug("Answers that were taken are left to expire", ex));
			}
		}, (ex) -> {
			logger.debug("Answers could not be read; trying again", ex);
			this.runtime.deliverLater(new Mailbox(), ANSWER_RETRY, () -> {
				List<String> waiting = requestIds.stream().filter(this.runtime.serverRequests()::isPending).toList();
				if (!waiting.isEmpty()) {
					takeAnswers(session, waiting);
				}
			});
		});
	}

	private void takeAnswer(Session session, byte[] answer) {
		try {
			JSONRPCResponse message = this.jsonMapper.readValue(answer, JSONRPCResponse.class);
			this.runtime.answer(() -> take(session, message).subscribe((nothing) -> {
			}, (ex) -> logger.debug("A client's answer was not handled", ex)));
		}
		catch (IOException | RuntimeException ex) {
			logger.warn("A client's answer, which another node was given, can't be handled", ex);
		}
	}

	/**
	 * Hand an answer to whoever waits for it. If nobody does, because it was given twice
	 * or too late, that is no error of the client's.
	 * @param session the session
	 * @param message the answer
	 * @return completes when it is handed over
	 */
	private Mono<Void> take(Session session, JSONRPCResponse message) {
		Object sdkId = (message.id() instanceof String id) ? this.runtime.serverRequests().take(session.id(), id)
				: null;
		if (sdkId == null) {
			logger.debug("A client's answer came twice, or too late");
			return Mono.empty();
		}
		return session.sdkSession()
			.accept(new JSONRPCResponse(message.jsonrpc(), sdkId, message.result(), message.error()));
	}

	private void accept(Mono<Void> work, CallerContext context, EndpointResponse response) {
		try {
			this.runtime.answer(context.carrier()
				.apply(() -> work.contextWrite((ctx) -> context.addTo(ctx, context.transportContext()))
					.contextCapture()
					.subscribe((nothing) -> {
					}, (ex) -> logger.debug("A client's answer or notification was not handled", ex))));
		}
		catch (RejectedExecutionException ex) {
			Rejection.unavailable("too many answers are being handled").sendTo(response);
			return;
		}
		response.send(202, Map.of(), new byte[0]);
	}

	private String json(@Nullable Object value) {
		try {
			return this.jsonMapper.writeValueAsString(value);
		}
		catch (IOException ex) {
			throw new IllegalArgumentException("A part of a request can't be written as JSON", ex);
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

}

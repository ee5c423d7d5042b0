package io.github.mcppersist.transport;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.SessionDeletedException;

/**
 * Handles POST: requests, and a client's answers and notifications (MCP 2025-11-25,
 * "Sending Messages to the Server").
 */
final class PostHandler {

	private static final Logger logger = LoggerFactory.getLogger(PostHandler.class);

	private final EndpointRuntime runtime;

	private final Sessions sessions;

	private final McpJsonMapper jsonMapper;

	private volatile McpStreamableServerSession.@Nullable Factory sessionFactory;

	private volatile boolean closing;

	PostHandler(EndpointRuntime runtime, Sessions sessions, McpJsonMapper jsonMapper) {
		this.runtime = runtime;
		this.sessions = sessions;
		this.jsonMapper = jsonMapper;
	}

	void setSessionFactory(McpStreamableServerSession.Factory sessionFactory) {
		this.sessionFactory = sessionFactory;
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
		request.body(this.runtime.options().maxRequestBytes()).subscribe((body) -> {
			try {
				accept(IncomingMessage.read(this.jsonMapper, body), request, response);
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

	private void accept(IncomingMessage incoming, EndpointRequest request, EndpointResponse response) {
		if (incoming.rejection() != null) {
			incoming.rejection().sendTo(response);
		}
		else if (this.closing && incoming.message() instanceof JSONRPCRequest message) {
			Rejection.SHUTTING_DOWN.withRequestId(json(message.id())).sendTo(response);
		}
		else if (incoming.message() instanceof JSONRPCRequest message && "initialize".equals(message.method())) {
			initialize(message, response);
		}
		else {
			String requestId = (incoming.message() instanceof JSONRPCRequest message) ? json(message.id()) : null;
			Rejection rejection = HeaderRules.checkProtocolVersion(request);
			Session session = (rejection != null) ? null : this.sessions.find(request);
			if (session == null) {
				((rejection != null) ? rejection : Sessions.notFound(request)).withRequestId(requestId)
					.sendTo(response);
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
					(ex) -> Rejection.failed(ex).sendTo(response));
	}

	private void initialized(McpStreamableServerSession sdkSession, JSONRPCRequest message, InitializeResult result,
			EndpointResponse response) {
		Session session = new Session(this.runtime, this.jsonMapper, sdkSession, result.protocolVersion());
		byte[] body = jsonBytes(JSONRPCResponse.result(message.id(), result));
		this.sessions.add(session);
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
			connection.open(response);
			run(session, message, log, context);
		};
		log.open().subscribe((nothing) -> {
		}, (ex) -> {
			if (ex instanceof SessionDeletedException) {
				log.discard();
				Rejection rejection = this.closing ? Rejection.SHUTTING_DOWN : Rejection.UNKNOWN_SESSION;
				rejection.withRequestId(requestId).sendTo(response);
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
		Mono<Void> handling = Mono.defer(() -> session.sdkSession().responseStream(transport).handle(message))
			.contextWrite((ctx) -> ctx.put(McpTransportContext.KEY, exchangeContext));
		try {
			this.runtime.handle(() -> handle(handling, log));
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

	private static void handle(Mono<Void> handling, StreamLog log) {
		try {
			handling.subscribe((nothing) -> {
			}, (ex) -> {
				logger.warn("A request could not be answered; its client gets an error", ex);
				log.handled("Internal error: the request could not be answered");
			}, () -> log.handled("Internal error: the request was handled without a result"));
		}
		catch (Throwable ex) {
			// Reactor throws what it takes for fatal, and signals nothing
			log.handled("Internal error: the request could not be answered");
			throw ex;
		}
	}

	private void notification(Session session, JSONRPCNotification message, McpTransportContext context,
			EndpointResponse response) {
		session.touch();
		// The SDK can't cancel a request and would warn of each attempt
		boolean ignored = "notifications/cancelled".equals(message.method());
		accept(ignored ? Mono.empty() : session.sdkSession().accept(message), context, response);
	}

	private void answer(Session session, JSONRPCResponse message, McpTransportContext context,
			EndpointResponse response) {
		session.touch();
		accept(session.sdkSession().accept(message), context, response);
	}

	private void accept(Mono<Void> work, McpTransportContext context, EndpointResponse response) {
		try {
			this.runtime.answer(
					() -> work.contextWrite((ctx) -> ctx.put(McpTransportContext.KEY, context)).subscribe((nothing) -> {
					}, (ex) -> logger.debug("A client's answer or notification was not handled", ex)));
		}
		catch (RejectedExecutionException ex) {
			Rejection.unavailable("too many answers are being handled").sendTo(response);
			return;
		}
		response.send(202, Map.of(), new byte[0]);
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

}

package io.github.mcppersist.transport;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.SessionDeletedException;
import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.stream.JsonRpcError;
import io.github.mcppersist.stream.SseConnection;
import io.github.mcppersist.stream.SseOutput;
import io.github.mcppersist.stream.StreamLog;

/**
 * Answers requests: what needs no handler at once, and all else on a stream of its own. A
 * batch has one stream, with each response as an event.
 */
final class CallHandler {

	private static final Logger logger = LoggerFactory.getLogger(CallHandler.class);

	private final EndpointRuntime runtime;

	private final Sessions sessions;

	private final ResourceSubscriptions subscriptions;

	private final McpJsonMapper jsonMapper;

	private volatile boolean closing;

	CallHandler(EndpointRuntime runtime, Sessions sessions, ResourceSubscriptions subscriptions,
			McpJsonMapper jsonMapper) {
		this.runtime = runtime;
		this.sessions = sessions;
		this.subscriptions = subscriptions;
		this.jsonMapper = jsonMapper;
	}

	/**
	 * Note that requests are refused from now on.
	 */
	void close() {
		this.closing = true;
	}

	boolean isClosing() {
		return this.closing;
	}

	/**
	 * Handle a request.
	 * @param session the session, used by the caller
	 * @param call the request
	 * @param context what it came with
	 * @param reply answers it
	 */
	void handle(Session session, Call call, CallerContext context, HttpReply reply) {
		byte[] answer = answerAtOnce(session, call);
		if (answer != null) {
			reply.send(answer);
			return;
		}
		handle(session, List.of(call), RequestIds.of(call.id()), context, reply);
	}

	/**
	 * Handle a batch of requests.
	 * @param session the session, used by the caller
	 * @param calls the requests
	 * @param context what they came with
	 * @param reply answers them
	 */
	void handle(Session session, List<Call> calls, CallerContext context, HttpReply reply) {
		RequestIds requestIds = RequestIds.ofBatch(calls.stream().map(Call::id).toList());
		handle(session, calls, requestIds, context, reply);
	}

	private void handle(Session session, List<Call> calls, RequestIds requestIds, CallerContext context,
			HttpReply reply) {
		StreamLog log = session.begin(requestIds);
		ReconnectRules reconnects = new ReconnectRules(session, context.userAgent(), false, this.runtime.options());
		SseConnection connection = new SseConnection(this.runtime.streams(), ConnectionKind.REQUEST, log.mailbox(),
				log.stream(), reconnects, log, (gone) -> {
				});
		log.mailbox().execute(() -> log.attach(connection));
		Runnable run = () -> {
			connection.open((chunks) -> reply.stream(SseOutput.HEADERS, chunks));
			calls.forEach((call) -> run(session, call, log, reconnects, context));
		};
		Consumer<Throwable> refuse = (ex) -> {
			log.discard();
			reply.refuse(Rejection.failed(ex).withRequestId((calls.size() == 1) ? calls.get(0).id() : null));
		};
		log.open().map((revision) -> revision.equals(session.revision())).defaultIfEmpty(false).subscribe((current) -> {
			if (current) {
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
				refuse.accept(new RejectedRequestException(Rejection.EVENTS_AWAY));
			}
			else {
				run.run();
			}
		});
	}

	/**
	 * Answer a request that needs no handler: a ping, which is to say whether the server
	 * is there and not whether its threads are free, and what can't be handled.
	 * @param session the session
	 * @param call the request
	 * @return the response, or {@code null} if the request has to be handled
	 */
	private static byte @Nullable [] answerAtOnce(Session session, Call call) {
		JSONRPCRequest request = call.request();
		String wrong = ParameterRules.check(request);
		if (wrong == null) {
			wrong = SessionRules.check(request, session.record());
		}
		if (wrong != null) {
			logger.debug("A request was answered with an error, its parameters are invalid: {}", wrong);
			return JsonRpcError.of(call.id(), JsonRpcError.INVALID_PARAMS, "Invalid params: " + wrong);
		}
		if (McpSchema.METHOD_PING.equals(request.method())) {
			return ("{\"jsonrpc\":\"2.0\",\"id\":" + call.id() + ",\"result\":{}}").getBytes(StandardCharsets.UTF_8);
		}
		return null;
	}

	private void run(Session session, Call call, StreamLog log, ReconnectRules reconnects, CallerContext context) {
		byte[] answer = answerAtOnce(session, call);
		if (answer != null) {
			log.send(call.id(), answer, true).subscribe();
			return;
		}
		JSONRPCRequest message = call.request();
		McpTransportContext exchangeContext = new StreamTransportContext(context.transportContext(),
				() -> reconnects.comesBack() && log.closeConnection());
		LogTransport transport = new LogTransport(this.jsonMapper, this.runtime.serverRequests(), session.id(),
				() -> log, call.id(), noteChange(session, message));
		McpStreamableServerSession sdkSession = this.subscriptions.sessionFor(message, session.sdkSession());
		Mono<Void> handling = Mono.defer(() -> sdkSession.responseStream(transport).handle(message))
			.contextWrite((ctx) -> context.addTo(ctx, exchangeContext));
		Consumer<String> handled = (error) -> log.handled(call.id(), error);
		try {
			Runnable task = context.carrier().apply(() -> subscribe(handling, handled));
			this.runtime.threads().handle(() -> handle(task, handled), (ex) -> refused(ex, handled));
		}
		catch (RejectedExecutionException ex) {
			refused(ex, handled);
		}
		catch (RuntimeException ex) {
			logger.error("A request could not be run; its client gets an error", ex);
			handled.accept("Internal error: the request could not be run");
		}
	}

	private static void refused(RejectedExecutionException ex, Consumer<String> handled) {
		logger.warn("A request was refused: {}", ex.getMessage());
		handled.accept("The server is busy: too many requests are running");
	}

	private static void subscribe(Mono<Void> handling, Consumer<String> handled) {
		handling.contextCapture().subscribe((nothing) -> {
		}, (ex) -> {
			logger.warn("A request could not be answered; its client gets an error", ex);
			handled.accept("Internal error: the request could not be answered");
		}, () -> handled.accept("Internal error: the request was handled without a result"));
	}

	private static void handle(Runnable task, Consumer<String> handled) {
		try {
			task.run();
		}
		catch (Throwable ex) {
			// Reactor throws what it takes for fatal, and signals nothing
			handled.accept("Internal error: the request could not be answered");
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
			case McpSchema.METHOD_LOGGING_SET_LEVEL -> this.sessions.change(session,
					(store) -> store.setLogLevel(session.id(), SessionRules.parameter(message, "level")));
			case McpSchema.METHOD_RESOURCES_SUBSCRIBE -> {
				String uri = SessionRules.parameter(message, "uri");
				yield this.sessions.change(session, (store) -> store.subscribe(session.id(), uri))
					.then(Mono.defer(() -> {
						this.subscriptions.add(List.of(uri));
						return this.runtime.nodes()
							.broadcast(
									this.runtime.streams().text(new NodeMessage(NodeMessage.Kind.SUBSCRIBED, uri, "")))
							.onErrorComplete();
					}));
			}
			case McpSchema.METHOD_RESOURCES_UNSUBSCRIBE -> this.sessions.change(session,
					(store) -> store.unsubscribe(session.id(), SessionRules.parameter(message, "uri")));
			default -> Mono.empty();
		};
	}

}

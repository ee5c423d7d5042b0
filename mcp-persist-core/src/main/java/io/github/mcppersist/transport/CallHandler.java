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
import io.modelcontextprotocol.spec.McpStreamableServerSession.McpStreamableServerSessionStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.SessionDeletedException;
import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.Era;
import io.github.mcppersist.session.TooManySubscribedResourcesException;
import io.github.mcppersist.stream.JsonRpcError;
import io.github.mcppersist.stream.PageReader;
import io.github.mcppersist.stream.RequestLog;
import io.github.mcppersist.stream.SseConnection;

/**
 * Answers requests: what needs no handler at once, and all else on a stream of its own. A
 * batch has one stream, with each response as an event.
 */
final class CallHandler {

	private static final Logger logger = LoggerFactory.getLogger(CallHandler.class);

	private static final Rejection TOO_MANY = Rejection.unavailable("too many requests are running and waiting");

	private static final Rejection TOO_MANY_OF_SESSION = Rejection
		.unavailable("too many requests of this session are running");

	/**
	 * Where Reactor looks, in the context of a chain, for whom to tell of an error that
	 * the chain has no place for any more.
	 */
	private static final String ON_ERROR_DROPPED = "reactor.onErrorDropped.local";

	private final EndpointRuntime runtime;

	private final Sessions sessions;

	private final ResourceSubscriptions subscriptions;

	private final McpJsonMapper jsonMapper;

	CallHandler(EndpointRuntime runtime, Sessions sessions, ResourceSubscriptions subscriptions,
			McpJsonMapper jsonMapper) {
		this.runtime = runtime;
		this.sessions = sessions;
		this.subscriptions = subscriptions;
		this.jsonMapper = jsonMapper;
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
		RequestId requestId = (calls.size() == 1) ? calls.get(0).id() : null;
		Rejection rejection = admit(session, calls);
		if (rejection != null) {
			reply.refuse(rejection.withRequestId(requestId));
			return;
		}
		RequestLog log = session.begin(requestIds);
		List<RunningCall> running = calls.stream().map((call) -> session.begin(call, log)).toList();
		ReconnectRules reconnects = new ReconnectRules(session, context.userAgent(), false, this.runtime.options());
		SseConnection connection = new SseConnection(this.runtime.streams(), ConnectionKind.REQUEST, log.mailbox(),
				new PageReader(this.runtime.streams(), log.stream(), null), reconnects, log, (gone) -> {
				});
		log.mailbox().execute(() -> log.begin(connection));
		Consumer<Throwable> refuse = (ex) -> {
			log.discard();
			running.forEach(session::ended);
			reply.refuse(Rejection.failed(ex).withRequestId(requestId));
		};
		Admission admission = new Admission(calls.size(),
				() -> connection.openSoon(reply.events(() -> whyEnded(session, running, requestId))), (ex) -> {
					connection.close();
					running.forEach(RunningCall::refuse);
					reply.refuse(TOO_MANY.withRequestId(requestId));
				});
		Runnable run = () -> running.forEach((call) -> run(session, call, reconnects, context, admission));
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
						this.runtime.isRefusing() ? Rejection.SHUTTING_DOWN : Rejection.UNKNOWN_SESSION));
			}
			else if (this.runtime.options().onStoreFailure() == StoreFailurePolicy.REJECT) {
				refuse.accept(new RejectedRequestException(Rejection.EVENTS_AWAY));
			}
			else {
				run.run();
			}
		});
	}

	// A client that has cancelled its requests is told nothing of them
	private static @Nullable Rejection whyEnded(Session session, List<RunningCall> calls,
			@Nullable RequestId requestId) {
		return calls.stream().allMatch(RunningCall::isCancelled) ? null : session.whyEnded().withRequestId(requestId);
	}

	/**
	 * Count requests in, before anything is done for them.
	 * @param session their session
	 * @param calls the requests of one POST
	 * @return why they are refused, or {@code null}
	 */
	private @Nullable Rejection admit(Session session, List<Call> calls) {
		int handled = (int) calls.stream().filter(Call::runsUserCode).count();
		if (handled > 0 && this.runtime.threads().isFull()) {
			return TOO_MANY;
		}
		return session.admit(handled, this.runtime.options().maxCallsPerSession()) ? null : TOO_MANY_OF_SESSION;
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

	private void run(Session session, RunningCall call, ReconnectRules reconnects, CallerContext context,
			Admission admission) {
		byte[] answer = answerAtOnce(session, call.call());
		if (answer != null) {
			if (call.answers()) {
				call.log().send(call.call().id(), answer, true).subscribe();
			}
			session.ended(call);
			admission.accepted();
			return;
		}
		this.runtime.observer().requestStarted(Era.LEGACY);
		JSONRPCRequest message = call.call().request();
		McpTransportContext exchangeContext = new StreamTransportContext(context.transportContext(),
				() -> reconnects.comesBack() && call.log().closeConnection());
		LogTransport transport = new LogTransport(this.jsonMapper, this.runtime.serverRequests(), session.name(), call,
				noteChange(session, message));
		McpStreamableServerSession sdkSession = this.subscriptions.sessionFor(message, session.sdkSession());
		try {
			Runnable task = context.carried(() -> {
				McpStreamableServerSessionStream stream = sdkSession.responseStream(transport);
				call.handle(stream,
						Mono.defer(() -> stream.handle(message))
							.contextWrite((ctx) -> context.addTo(ctx, exchangeContext)
								.put(ON_ERROR_DROPPED, (Consumer<Throwable>) call::dropped))
							.contextCapture());
			});
			Runnable handle = () -> call.begins(task);
			if (call.call().runsUserCode()) {
				this.runtime.threads().handle(handle, admission::accepted, (ex) -> refused(ex, call, admission));
			}
			else {
				this.runtime.threads().answer(handle);
				admission.accepted();
			}
		}
		catch (RejectedExecutionException ex) {
			refused(ex, call, admission);
		}
		catch (RuntimeException ex) {
			logger.error("A request could not be run; its client gets an error", ex);
			call.fail("Internal error: the request could not be run");
			admission.accepted();
		}
	}

	private static void refused(Throwable ex, RunningCall call, Admission admission) {
		admission.refused(call, ex);
		if (ex instanceof RejectedExecutionException) {
			logger.warn("A request was refused: {}", ex.getMessage());
		}
		else {
			logger.error("A request was refused, since the executor for requests has failed; mend it", ex);
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
					(store) -> store.setLogLevel(session.name(), SessionRules.parameter(message, "level")));
			case McpSchema.METHOD_RESOURCES_SUBSCRIBE -> {
				String uri = SessionRules.parameter(message, "uri");
				yield this.sessions.change(session, (store) -> store.subscribe(session.name(), uri))
					.doOnError(TooManySubscribedResourcesException.class, (ex) -> this.subscriptions.refused(uri))
					.then(Mono.defer(() -> {
						this.subscriptions.add(List.of(uri));
						return this.runtime.streams()
							.broadcast(new NodeMessage(NodeMessage.Kind.SUBSCRIBED, uri, ""))
							.onErrorComplete();
					}));
			}
			case McpSchema.METHOD_RESOURCES_UNSUBSCRIBE -> this.sessions.change(session,
					(store) -> store.unsubscribe(session.name(), SessionRules.parameter(message, "uri")));
			default -> Mono.empty();
		};
	}

}

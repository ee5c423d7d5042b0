package io.github.mcppersist.transport;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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
import io.github.mcppersist.stream.LogLimit;
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

	private final LogLimit full;

	private final LogLimit failing;

	CallHandler(EndpointRuntime runtime, Sessions sessions, ResourceSubscriptions subscriptions,
			McpJsonMapper jsonMapper) {
		this.runtime = runtime;
		this.sessions = sessions;
		this.subscriptions = subscriptions;
		this.jsonMapper = jsonMapper;
		this.full = new LogLimit(runtime.threads()::nanoTime);
		this.failing = new LogLimit(runtime.threads()::nanoTime);
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
		Begun begun = new Begun(session, calls);
		try {
			begin(begun, requestIds, requestId, context, reply);
		}
		catch (Throwable ex) {
			// Whoever answers it knows nothing of what was begun
			begun.undo();
			throw ex;
		}
	}

	private void begin(Begun begun, RequestIds requestIds, @Nullable RequestId requestId, CallerContext context,
			HttpReply reply) {
		Session session = begun.session;
		RequestLog log = begun.begin(requestIds);
		List<RunningCall> running = begun.running;
		ReconnectRules reconnects = new ReconnectRules(session, context.userAgent(), false, this.runtime.options());
		SseConnection connection = begun.connect(new SseConnection(this.runtime.streams(), ConnectionKind.REQUEST,
				log.mailbox(), new PageReader(this.runtime.streams(), log.stream(), null), reconnects, log,
				(gone) -> session.unregister(gone.stream(), gone)));
		log.mailbox().execute(() -> log.begin(connection));
		Consumer<Throwable> refuse = (ex) -> {
			begun.undo();
			reply.refuse(Rejection.failed(ex).withRequestId(requestId));
		};
		Admission admission = new Admission(running.size(),
				() -> connection.openSoon(reply.events(() -> whyEnded(session, running, requestId))), (ex) -> {
					connection.close();
					running.forEach(RunningCall::refuse);
					reply.refuse(TOO_MANY.withRequestId(requestId));
				});
		Runnable run = () -> running.forEach((call) -> run(session, call, reconnects, context, admission));
		log.open()
			.map((revision) -> revision.equals(session.revision()))
			.defaultIfEmpty(false)
			.subscribe((current) -> orElse(refuse, () -> {
				if (current) {
					run.run();
				}
				else {
					this.sessions.refresh(session).subscribe((nothing) -> {
					}, refuse, run);
				}
			}), (ex) -> orElse(refuse, () -> {
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
			}));
	}

	// Reactor throws errors on, to where nobody would answer
	private static void orElse(Consumer<Throwable> refuse, Runnable task) {
		try {
			task.run();
		}
		catch (Throwable ex) {
			refuse.accept(ex);
		}
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
	private byte @Nullable [] answerAtOnce(Session session, Call call) {
		JSONRPCRequest request = call.request();
		String wrong = ParameterRules.check(request);
		if (wrong == null) {
			wrong = SessionRules.check(request, () -> this.sessions.subscriptions(session));
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
		try {
			byte[] answer = answerAtOnce(session, call.call());
			if (answer == null) {
				handle(session, call, reconnects, context, admission);
				return;
			}
			if (call.answers()) {
				call.log().send(call.call().id(), answer, true).subscribe();
			}
			session.ended(call);
			admission.accepted();
		}
		catch (RejectedExecutionException ex) {
			refused(ex, call, admission);
		}
		catch (Throwable ex) {
			logger.error("A request could not be run; its client gets an error", ex);
			call.fail("Internal error: the request could not be run");
			admission.accepted();
		}
	}

	private void handle(Session session, RunningCall call, ReconnectRules reconnects, CallerContext context,
			Admission admission) {
		JSONRPCRequest message = call.call().request();
		McpTransportContext exchangeContext = new StreamTransportContext(context.transportContext(),
				() -> reconnects.comesBack() && call.log().closeConnection());
		LogTransport transport = new LogTransport(this.jsonMapper, this.runtime.serverRequests(), session.name(), call,
				noteChange(session, message));
		McpStreamableServerSession sdkSession = this.subscriptions.sessionFor(message, session.sdkSession());
		Runnable task = context.carried(() -> {
			McpStreamableServerSessionStream stream = sdkSession.responseStream(transport);
			call.handle(stream,
					Mono.defer(() -> stream.handle(message))
						.contextWrite((ctx) -> context.addTo(ctx, exchangeContext)
							.put(ON_ERROR_DROPPED, (Consumer<Throwable>) call::dropped))
						.contextCapture());
		});
		Runnable handle = () -> call.begins(() -> {
			this.runtime.observer().requestStarted(Era.LEGACY);
			task.run();
		});
		if (call.call().runsUserCode()) {
			this.runtime.threads().handle(handle, admission::accepted, (ex) -> refused(ex, call, admission));
		}
		else {
			this.runtime.threads().answer(handle);
			admission.accepted();
		}
	}

	private void refused(Throwable ex, RunningCall call, Admission admission) {
		admission.refused(call, ex);
		boolean full = ex instanceof RejectedExecutionException;
		if (full) {
			this.full.log((before) -> logger.warn(
					"A request was refused: {}. {} more since the last line; logged once a minute", ex.getMessage(),
					before));
		}
		else {
			this.failing.log(
					(before) -> logger.error(
							"A request was refused, since the executor for requests has "
									+ "failed; mend it. {} more since the last line; logged once a minute",
							before, ex));
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
			case McpSchema.METHOD_LOGGING_SET_LEVEL ->
				this.sessions.change(session, SessionChange.logLevel(SessionRules.parameter(message, "level")));
			case McpSchema.METHOD_RESOURCES_SUBSCRIBE -> {
				String uri = SessionRules.parameter(message, "uri");
				yield this.sessions.change(session, SessionChange.subscribed(uri))
					.doOnError(TooManySubscribedResourcesException.class, (ex) -> this.subscriptions.refused(uri))
					.then(Mono.defer(() -> {
						this.subscriptions.add(List.of(uri));
						return this.runtime.streams()
							.broadcast(new NodeMessage(NodeMessage.Kind.SUBSCRIBED, uri, ""))
							.onErrorComplete();
					}));
			}
			case McpSchema.METHOD_RESOURCES_UNSUBSCRIBE ->
				this.sessions.change(session, SessionChange.unsubscribed(SessionRules.parameter(message, "uri")));
			default -> Mono.empty();
		};
	}

	/**
	 * What is begun for the requests of one POST once they are counted in.
	 */
	private static final class Begun {

		private final Session session;

		private final List<Call> calls;

		private final List<RunningCall> running = new ArrayList<>();

		private @Nullable RequestLog log;

		private @Nullable SseConnection connection;

		Begun(Session session, List<Call> calls) {
			this.session = session;
			this.calls = calls;
		}

		RequestLog begin(RequestIds requestIds) {
			RequestLog log = this.session.begin(requestIds);
			this.log = log;
			this.calls.forEach((call) -> this.running.add(this.session.begin(call, log)));
			return log;
		}

		SseConnection connect(SseConnection connection) {
			this.connection = connection;
			this.session.register(connection.stream(), connection);
			return connection;
		}

		void undo() {
			if (this.log != null) {
				this.log.discard();
			}
			if (this.connection != null) {
				this.connection.abort();
			}
			this.running.forEach(this.session::ended);
			List<Call> others = this.calls.subList(this.running.size(), this.calls.size());
			this.session.countOut((int) others.stream().filter(Call::runsUserCode).count());
		}

	}

}

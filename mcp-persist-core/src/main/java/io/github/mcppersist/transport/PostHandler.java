package io.github.mcppersist.transport;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.HttpHeaders;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.stream.JsonRpcError;

/**
 * Handles POST: requests, and a client's answers and notifications (MCP 2025-11-25,
 * "Sending Messages to the Server").
 */
final class PostHandler {

	private static final Logger logger = LoggerFactory.getLogger(PostHandler.class);

	/**
	 * How long a client that begins waits for the application's word on it.
	 */
	private static final Duration TRUST_LIMIT = Duration.ofSeconds(2);

	private final EndpointRuntime runtime;

	private final Sessions sessions;

	private final McpJsonMapper jsonMapper;

	private final CallHandler calls;

	private final ClientAnswers answers;

	/**
	 * Where modern requests go another way, if they are served.
	 */
	private final @Nullable EraFork fork;

	private volatile @Nullable SdkSessions sdkSessions;

	PostHandler(EndpointRuntime runtime, Sessions sessions, CallHandler calls, ClientAnswers answers,
			@Nullable EraFork fork, McpJsonMapper jsonMapper) {
		this.runtime = runtime;
		this.sessions = sessions;
		this.calls = calls;
		this.answers = answers;
		this.fork = fork;
		this.jsonMapper = jsonMapper;
	}

	void start(SdkSessions sdkSessions) {
		this.sdkSessions = sdkSessions;
	}

	void handle(EndpointRequest request, HttpReply reply) {
		Rejection rejection = HeaderRules.checkPost(request);
		if (rejection != null) {
			reply.refuse(rejection);
			return;
		}
		CallerContext context = CallerContext.of(request, this.runtime.callers(), this.runtime.contextCapture());
		EraFork.Arrival arrival = (this.fork != null) ? this.fork.arrive(request, context) : null;
		request.body(this.runtime.options().maxRequestBytes()).subscribe((body) -> {
			try {
				PostBody read = PostBody.read(this.jsonMapper, body);
				if (arrival == null || !arrival.take(read, reply)) {
					accept(read, context, reply);
				}
			}
			catch (Throwable ex) {
				reply.refuse(Rejection.failed(ex));
			}
		}, (ex) -> {
			if (ex instanceof RequestTooLargeException) {
				reply.refuse(Rejection.of(413, "Content Too Large: a request may have "
						+ this.runtime.options().maxRequestBytes() + " bytes"));
			}
			else {
				logger.debug("The body of a request could not be read", ex);
				reply.refuse(Rejection.of(400, "Bad Request: the body could not be read"));
			}
		});
	}

	private void accept(PostBody body, CallerContext context, HttpReply reply) {
		if (body.rejection() != null) {
			reply.refuse(body.rejection());
			return;
		}
		RequestId requestId = body.requestId();
		List<Call> requests = body.requests();
		if (this.runtime.isRefusing() && !requests.isEmpty()) {
			reply.refuse(Rejection.SHUTTING_DOWN.withRequestId(requestId));
			return;
		}
		if (!body.batch() && body.messages().get(0).message() instanceof JSONRPCRequest request
				&& McpSchema.METHOD_INITIALIZE.equals(request.method())) {
			initialize(request, requestId, context.caller(), reply);
			return;
		}
		Rejection rejection = HeaderRules.checkProtocolVersion(context.protocolVersion());
		if (rejection != null) {
			reply.refuse(rejection.withRequestId(requestId));
			return;
		}
		// A call needn't ask for the session's state: opening its stream tells
		this.sessions.acquire(context.sessionId(), context.caller(), requests.isEmpty()).subscribe((session) -> {
			try {
				accept(session, body, requests, context, reply);
			}
			catch (Throwable ex) {
				reply.refuse(Rejection.failed(ex).withRequestId(requestId));
			}
			finally {
				session.release();
			}
		}, (ex) -> reply.refuse(Rejection.failed(ex).withRequestId(requestId)));
	}

	private void accept(Session session, PostBody body, List<Call> requests, CallerContext context, HttpReply reply) {
		if (!body.batch() && !requests.isEmpty()) {
			this.calls.handle(session, requests.get(0), context, reply);
			return;
		}
		if (body.batch() && !Batch.PROTOCOL_VERSION.equals(session.record().protocolVersion())) {
			reply.refuse(Batch.NOT_SUPPORTED);
			return;
		}
		// Other threads go on with it, and only then begin to handle requests
		session.acquire();
		Flux.fromIterable(body.messages())
			.filter((message) -> !(message.message() instanceof JSONRPCRequest))
			.flatMapSequential((message) -> tell(session, message, context))
			.collectList()
			.doFinally((signal) -> session.release())
			.subscribe((rejections) -> {
				if (!rejections.isEmpty()) {
					reply.refuse(rejections.get(0));
				}
				else if (requests.isEmpty()) {
					reply.send(202);
				}
				else {
					orRefuse(reply, () -> this.calls.handle(session, requests, context, reply));
				}
			}, (ex) -> reply.refuse(Rejection.failed(ex)));
	}

	// Reactor throws errors on, to where nobody would answer
	private static void orRefuse(HttpReply reply, Runnable task) {
		try {
			task.run();
		}
		catch (Throwable ex) {
			reply.refuse(Rejection.failed(ex));
		}
	}

	/**
	 * Pass on what a client tells without waiting for a response.
	 * @param session the session
	 * @param incoming a notification or an answer
	 * @param context what it came with
	 * @return the refusal, if it is refused; never fails
	 */
	private Mono<Rejection> tell(Session session, IncomingMessage incoming, CallerContext context) {
		if (incoming.message() instanceof JSONRPCNotification notification) {
			if (Cancellation.METHOD.equals(notification.method())) {
				return cancel(session, notification);
			}
			return this.answers.accept(session, notification, context)
				.cast(Rejection.class)
				.onErrorResume((ex) -> Mono.just(Rejection.failed(ex)));
		}
		JSONRPCResponse answer = (JSONRPCResponse) Objects.requireNonNull(incoming.message());
		Mono<Rejection> refused = this.answers.accept(session, answer, context)
			.cast(Rejection.class)
			.onErrorResume((ex) -> Mono.just(Rejection.failed(ex).withRequestId(id(answer))));
		// One that is malformed is refused, whatever became of the error in its place
		return (incoming.rejection() != null) ? refused.then(Mono.just(incoming.rejection())) : refused;
	}

	/**
	 * Cancel a request, on whichever node it runs. The SDK can't, and would warn of each
	 * attempt.
	 * @param session the session
	 * @param notification names the request
	 * @return completes empty, whether there is such a request or not
	 */
	private Mono<Rejection> cancel(Session session, JSONRPCNotification notification) {
		RequestId requestId = Cancellation.requestId(notification, this.jsonMapper);
		if (requestId == null || session.cancel(requestId) || !this.runtime.isShared()) {
			return Mono.empty();
		}
		return this.runtime.streams()
			.broadcast(Cancellation.message(session.name(), requestId))
			.doOnError((ex) -> logger.debug("Other nodes were not told of a cancellation", ex))
			.onErrorComplete()
			.cast(Rejection.class);
	}

	private void initialize(JSONRPCRequest message, @Nullable RequestId requestId, Caller caller, HttpReply reply) {
		SdkSessions sdkSessions = this.sdkSessions;
		if (sdkSessions == null) {
			reply.refuse(Rejection.unavailable("the MCP server has not started yet").withRequestId(requestId));
			return;
		}
		InitializeRequest initializeRequest;
		try {
			initializeRequest = this.jsonMapper.convertValue(message.params(), InitializeRequest.class);
			Objects.requireNonNull(initializeRequest);
		}
		catch (RuntimeException ex) {
			reply.refuse(new Rejection(400, JsonRpcError.INVALID_PARAMS, "Invalid params: not those of initialize",
					requestId, Map.of()));
			return;
		}
		String parameters = json(message.params());
		if (parameters.length() > SessionRules.MAX_INITIALIZE_LENGTH) {
			reply.refuse(
					Rejection
						.of(413, "Content Too Large: the parameters of initialize may have "
								+ SessionRules.MAX_INITIALIZE_LENGTH + " characters")
						.withRequestId(requestId));
			return;
		}
		McpStreamableServerSession.McpStreamableServerSessionInit init = sdkSessions.initialize(initializeRequest);
		init.initResult().flatMap((result) -> isTrusted(initializeRequest).map((trusted) -> {
			SessionRecord record = SessionRecord.initialized(SessionNames.of(init.session().getId()), parameters,
					result.protocolVersion(), caller.owner(), this.runtime.serverName());
			return trusted ? record.asResuming() : record;
		}).flatMap((record) -> this.sessions.begin(init.session(), record)).thenReturn(result))
			.subscribe((result) -> orRefuse(reply, () -> initialized(init.session().getId(), message, result, reply)),
					(ex) -> reply.refuse(Rejection.failed(ex).withRequestId(requestId)));
	}

	/**
	 * Ask the application whether a client can be trusted to resume, where its code may
	 * block, and where no tools run: a client isn't kept out because they take all
	 * threads.
	 * @param initializeRequest what the client said of itself
	 * @return whether it is trusted; not, if the application's code fails or takes too
	 * long
	 */
	private Mono<Boolean> isTrusted(InitializeRequest initializeRequest) {
		Predicate<InitializeRequest> resumingClients = this.runtime.options().resumingClients();
		if (resumingClients == null) {
			return Mono.just(false);
		}
		return Mono.<Boolean>create((sink) -> this.runtime.threads().callBack(() -> {
			try {
				sink.success(resumingClients.test(initializeRequest));
			}
			catch (Throwable ex) {
				sink.error(ex);
			}
		})).timeout(this.runtime.threads().after(TRUST_LIMIT)).onErrorResume((ex) -> {
			logger.warn("resumingClients failed for a client, or took longer than {} ms, and so the client is not "
					+ "trusted to resume; mend the predicate", TRUST_LIMIT.toMillis(), ex);
			return Mono.just(false);
		});
	}

	private void initialized(String sessionId, JSONRPCRequest message, InitializeResult result, HttpReply reply) {
		byte[] body = jsonBytes(JSONRPCResponse.result(message.id(), result));
		Map<String, String> headers = new LinkedHashMap<>();
		headers.put(HttpHeaders.CONTENT_TYPE, "application/json");
		headers.put(HeaderRules.SESSION_ID, sessionId);
		reply.send(200, headers, body);
	}

	private @Nullable RequestId id(JSONRPCResponse answer) {
		try {
			return new RequestId(json(answer.id()));
		}
		catch (IllegalArgumentException ex) {
			// None that this server has given out
			return null;
		}
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

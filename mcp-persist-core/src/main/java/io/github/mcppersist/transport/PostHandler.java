package io.github.mcppersist.transport;

import java.io.IOException;
import java.util.List;
import java.util.Objects;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.RequestId;

/**
 * Handles POST: requests, and a client's answers and notifications (MCP 2025-11-25,
 * "Sending Messages to the Server").
 */
final class PostHandler {

	private static final Logger logger = LoggerFactory.getLogger(PostHandler.class);

	private final EndpointRuntime runtime;

	private final Sessions sessions;

	private final McpJsonMapper jsonMapper;

	private final InitializeHandler initializes;

	private final CallHandler calls;

	private final ClientAnswers answers;

	/**
	 * Where modern requests go another way, if they are served.
	 */
	private final @Nullable EraFork fork;

	PostHandler(EndpointRuntime runtime, Sessions sessions, InitializeHandler initializes, CallHandler calls,
			ClientAnswers answers, @Nullable EraFork fork, McpJsonMapper jsonMapper) {
		this.runtime = runtime;
		this.sessions = sessions;
		this.initializes = initializes;
		this.calls = calls;
		this.answers = answers;
		this.fork = fork;
		this.jsonMapper = jsonMapper;
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
			this.initializes.handle(request, requestId, context.caller(), reply);
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
					reply.orRefuse(() -> this.calls.handle(session, requests, context, reply));
				}
			}, (ex) -> reply.refuse(Rejection.failed(ex)));
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

	private @Nullable RequestId id(JSONRPCResponse answer) {
		try {
			return new RequestId(this.jsonMapper.writeValueAsString(answer.id()));
		}
		catch (IOException | IllegalArgumentException ex) {
			// None that this server has given out
			return null;
		}
	}

}

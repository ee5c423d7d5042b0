package io.github.mcppersist.transport;

import java.io.IOException;
import java.util.function.Supplier;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse.JSONRPCError;
import io.modelcontextprotocol.spec.McpStreamableServerTransport;
import io.modelcontextprotocol.spec.McpTransportException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.session.TooManySessionsException;
import io.github.mcppersist.session.TooManySubscribedResourcesException;
import io.github.mcppersist.stream.JsonRpcError;
import io.github.mcppersist.stream.StreamLog;

/**
 * What the SDK sees of a stream: a transport that writes to the stream's log, whether a
 * connection is open or not.
 */
final class LogTransport implements McpStreamableServerTransport {

	private final McpJsonMapper jsonMapper;

	private final ServerRequests serverRequests;

	private final String sessionName;

	private final Supplier<StreamLog> log;

	private final @Nullable RunningCall call;

	private final Mono<Void> beforeResult;

	/**
	 * Create the transport of a standalone stream.
	 * @param jsonMapper as below
	 * @param serverRequests as below
	 * @param sessionName as below
	 * @param log the log of the stream
	 */
	LogTransport(McpJsonMapper jsonMapper, ServerRequests serverRequests, String sessionName, Supplier<StreamLog> log) {
		this(jsonMapper, serverRequests, sessionName, log, null, Mono.empty());
	}

	/**
	 * Create the transport of a request.
	 * @param jsonMapper writes JSON
	 * @param serverRequests where requests to the client are noted
	 * @param sessionName the session of the client
	 * @param call the request
	 * @param beforeResult what has to be done before the result of the request is sent
	 */
	LogTransport(McpJsonMapper jsonMapper, ServerRequests serverRequests, String sessionName, RunningCall call,
			Mono<Void> beforeResult) {
		this(jsonMapper, serverRequests, sessionName, call::log, call, beforeResult);
	}

	private LogTransport(McpJsonMapper jsonMapper, ServerRequests serverRequests, String sessionName,
			Supplier<StreamLog> log, @Nullable RunningCall call, Mono<Void> beforeResult) {
		this.jsonMapper = jsonMapper;
		this.serverRequests = serverRequests;
		this.sessionName = sessionName;
		this.log = log;
		this.call = call;
		this.beforeResult = beforeResult;
	}

	@Override
	public Mono<Void> sendMessage(JSONRPCMessage message) {
		return Mono.defer(() -> {
			if (message instanceof JSONRPCRequest request) {
				return ask(request);
			}
			if (message instanceof JSONRPCResponse response) {
				return (response.error() == null) ? answerAfterChange(response) : answer(message);
			}
			return isCancelled() ? Mono.empty() : carryOn(send(message, false));
		});
	}

	/**
	 * Send a request to the client, if it can ever be answered.
	 * @param request the SDK's request
	 * @return as for any message
	 */
	private Mono<Void> ask(JSONRPCRequest request) {
		if (this.call != null) {
			this.call.asks();
		}
		String id = this.serverRequests.add(this.sessionName, request.id(), this.call);
		// Only now: what ends from now on finds it
		String reason = whyNotAsked();
		if (reason != null) {
			this.serverRequests.take(this.sessionName, id);
			return Mono.error(new McpTransportException("The client can't be asked: " + reason));
		}
		return send(new JSONRPCRequest(request.method(), id, request.params()), false);
	}

	/**
	 * Let the handler go on as what it is, whatever thread it is that had to wait for the
	 * store.
	 * @param sending sends a message
	 * @return the same
	 */
	private Mono<Void> carryOn(Mono<Void> sending) {
		RunningCall call = this.call;
		return (call != null) ? Mono.create((sink) -> sending.subscribe((nothing) -> {
		}, (ex) -> call.carryOn(() -> sink.error(ex)), () -> call.carryOn(sink::success))) : sending;
	}

	private @Nullable String whyNotAsked() {
		if (isCancelled()) {
			return "it has cancelled the request";
		}
		if (this.call != null && this.call.isAnswered()) {
			return "its request has been answered";
		}
		return this.log.get().isEnded() ? "the stream of its request, or its session, has ended" : null;
	}

	private Mono<Void> answerAfterChange(JSONRPCResponse response) {
		Mono<JSONRPCMessage> answer = this.beforeResult.<JSONRPCMessage>thenReturn(response).onErrorResume((ex) -> {
			String reason = whyNotKept(ex);
			return (reason != null)
					? Mono.just(JSONRPCResponse.error(response.id(),
							new JSONRPCError(JsonRpcError.SERVER_ERROR, reason + ": try again later")))
					: Mono.error(ex);
		});
		return answer.flatMap(this::answer);
	}

	private static @Nullable String whyNotKept(Throwable ex) {
		if (ex instanceof TooManySubscribedResourcesException) {
			return "Too many resources have subscribers";
		}
		if (ex instanceof TooManySessionsException) {
			return "There are as many sessions as there may be, so that this can't be kept of yours";
		}
		return (ex instanceof SessionStoreUnavailableException)
				? "Sessions can't be stored for now, and too much of yours waits for that already" : null;
	}

	private Mono<Void> answer(JSONRPCMessage response) {
		return (this.call == null || this.call.answers()) ? send(response, true) : Mono.empty();
	}

	private boolean isCancelled() {
		return this.call != null && this.call.isCancelled();
	}

	private Mono<Void> send(JSONRPCMessage message, boolean response) {
		byte[] json;
		try {
			json = this.jsonMapper.writeValueAsBytes(message);
		}
		catch (IOException | RuntimeException ex) {
			return Mono.error(new McpTransportException("The message can't be written as JSON", ex));
		}
		return this.log.get().send((this.call != null) ? this.call.call().id() : null, json, response);
	}

	/**
	 * Send a message; the SDK's message ID is no cursor, so the log gives the event ID.
	 */
	@Override
	public Mono<Void> sendMessage(JSONRPCMessage message, @Nullable String messageId) {
		return sendMessage(message);
	}

	@Override
	public <T> T unmarshalFrom(Object data, TypeRef<T> typeRef) {
		return this.jsonMapper.convertValue(data, typeRef);
	}

	/**
	 * Do nothing: a stream ends when its request was handled, and the connection with it.
	 */
	@Override
	public Mono<Void> closeGracefully() {
		return Mono.empty();
	}

	@Override
	public void close() {
	}

}

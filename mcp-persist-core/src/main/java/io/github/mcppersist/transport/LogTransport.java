package io.github.mcppersist.transport;

import java.io.IOException;
import java.util.function.Supplier;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpStreamableServerTransport;
import io.modelcontextprotocol.spec.McpTransportException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.stream.Outgoing;
import io.github.mcppersist.stream.StreamEndedException;
import io.github.mcppersist.stream.StreamLog;

/**
 * What the SDK sees of a stream: a transport that writes to the stream's log, whether a
 * connection is open or not.
 */
final class LogTransport implements McpStreamableServerTransport {

	private final McpJsonMapper jsonMapper;

	private final ServerRequests serverRequests;

	private final String sessionId;

	private final Supplier<StreamLog> log;

	private final @Nullable RequestId requestId;

	private final Mono<Void> beforeResult;

	/**
	 * Create the transport of a standalone stream.
	 * @param jsonMapper as below
	 * @param serverRequests as below
	 * @param sessionId as below
	 * @param log as below
	 */
	LogTransport(McpJsonMapper jsonMapper, ServerRequests serverRequests, String sessionId, Supplier<StreamLog> log) {
		this(jsonMapper, serverRequests, sessionId, log, null, Mono.empty());
	}

	/**
	 * Create the transport of a request.
	 * @param jsonMapper writes JSON
	 * @param serverRequests where requests to the client are noted
	 * @param sessionId the session of the client
	 * @param log the log of the stream
	 * @param requestId the request, or {@code null} on the standalone stream
	 * @param beforeResult what has to be done before the result of the request is sent
	 */
	LogTransport(McpJsonMapper jsonMapper, ServerRequests serverRequests, String sessionId, Supplier<StreamLog> log,
			@Nullable RequestId requestId, Mono<Void> beforeResult) {
		this.jsonMapper = jsonMapper;
		this.serverRequests = serverRequests;
		this.sessionId = sessionId;
		this.log = log;
		this.requestId = requestId;
		this.beforeResult = beforeResult;
	}

	@Override
	public Mono<Void> sendMessage(JSONRPCMessage message) {
		return Mono.defer(() -> {
			if (message instanceof JSONRPCRequest request) {
				String id = this.serverRequests.add(this.sessionId, request.id());
				return send(new JSONRPCRequest(request.method(), id, request.params()), Outgoing.Kind.REQUEST)
					.doOnError(StreamEndedException.class, (ex) -> this.serverRequests.take(this.sessionId, id));
			}
			if (message instanceof JSONRPCResponse response) {
				return (response.error() == null)
						? this.beforeResult.then(Mono.defer(() -> send(message, Outgoing.Kind.RESPONSE)))
						: send(message, Outgoing.Kind.RESPONSE);
			}
			return send(message, Outgoing.Kind.NOTIFICATION);
		});
	}

	private Mono<Void> send(JSONRPCMessage message, Outgoing.Kind kind) {
		byte[] json;
		try {
			json = this.jsonMapper.writeValueAsBytes(message);
		}
		catch (IOException | RuntimeException ex) {
			return Mono.error(new McpTransportException("The message can't be written as JSON", ex));
		}
		return this.log.get().send(new Outgoing(this.requestId, json, kind));
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

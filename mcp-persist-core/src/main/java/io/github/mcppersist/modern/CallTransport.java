package io.github.mcppersist.modern;

import java.util.Map;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.TypeRef;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse.JSONRPCError;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.LoggingMessageNotification;
import io.modelcontextprotocol.spec.McpSchema.ProgressNotification;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.McpStreamableServerTransport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.stream.Threads;

/**
 * What the SDK sees of the client of one request: of what the handler sends, it lets
 * through what this revision has on the response to a request.
 */
final class CallTransport implements McpStreamableServerTransport {

	private static final Logger logger = LoggerFactory.getLogger(CallTransport.class);

	private static final JSONRPCError NOT_ASKED = new JSONRPCError(McpSchema.ErrorCodes.INTERNAL_ERROR,
			"The client can't be asked for input: this server doesn't do that in requests of revision 2026-07-28 yet");

	private final McpJsonMapper jsonMapper;

	private final Messages messages;

	private final Threads threads;

	private final Call call;

	private final RequestMetadata metadata;

	private final McpStreamableServerSession session;

	/**
	 * Create the transport of a request.
	 * @param jsonMapper reads JSON
	 * @param messages write JSON
	 * @param threads the endpoint's threads
	 * @param call the request
	 * @param metadata what it says of its client
	 * @param session the SDK's session, which has no other request
	 */
	CallTransport(McpJsonMapper jsonMapper, Messages messages, Threads threads, Call call, RequestMetadata metadata,
			McpStreamableServerSession session) {
		this.jsonMapper = jsonMapper;
		this.messages = messages;
		this.threads = threads;
		this.call = call;
		this.metadata = metadata;
		this.session = session;
	}

	@Override
	public Mono<Void> sendMessage(JSONRPCMessage message) {
		return Mono.defer(() -> {
			if (message instanceof JSONRPCRequest request) {
				return ask(request);
			}
			if (message instanceof JSONRPCResponse response) {
				return Mono.fromRunnable(() -> answer(response));
			}
			return this.call.isCancelled() ? Mono.empty() : notify((JSONRPCNotification) message);
		});
	}

	// Requests to the client never leave on the response: a ping is answered here, and
	// what the client is to be asked for isn't served yet
	private Mono<Void> ask(JSONRPCRequest request) {
		if (!McpSchema.METHOD_PING.equals(request.method())) {
			return Mono.error(new McpError(NOT_ASKED));
		}
		this.threads.release(() -> this.call
			.carryOn(() -> this.session.accept(JSONRPCResponse.result(request.id(), Map.of())).subscribe((nothing) -> {
			}, (ex) -> logger.debug("Nobody waits for a ping any more", ex))));
		return Mono.empty();
	}

	private void answer(JSONRPCResponse response) {
		if (response.error() != null) {
			this.call.fail(Messages.translate(response.error(), this.metadata));
			return;
		}
		Map<String, ?> missing = MissingCapability.inResult(response.result(), this.metadata.capabilities());
		if (missing != null) {
			this.call.fail(ErrorResponse.missingCapability(missing));
			return;
		}
		byte[] message;
		try {
			message = this.messages.result(this.call.request(), response.result());
		}
		catch (RuntimeException ex) {
			logger.warn("A result can't be written as JSON; its client gets an error", ex);
			this.call.fail(ErrorResponse.internal("Internal error: the result can't be written as JSON"));
			return;
		}
		this.call.answer(message);
	}

	private Mono<Void> notify(JSONRPCNotification notification) {
		return switch (notification.method()) {
			case McpSchema.METHOD_NOTIFICATION_PROGRESS -> progress(notification);
			case McpSchema.METHOD_NOTIFICATION_MESSAGE -> log(notification);
			default -> drop(notification, "it isn't of its request");
		};
	}

	private Mono<Void> progress(JSONRPCNotification notification) {
		ProgressNotification progress = convert(notification, ProgressNotification.class);
		if (progress == null || progress.progress() == null
				|| !this.metadata.isProgressToken(progress.progressToken())) {
			return drop(notification, "its client hasn't asked for it");
		}
		return send(notification, progress.progress());
	}

	private Mono<Void> log(JSONRPCNotification notification) {
		LoggingLevel lowest = this.metadata.logLevel();
		LoggingMessageNotification message = convert(notification, LoggingMessageNotification.class);
		if (lowest == null || message == null || message.level() == null || message.level().level() < lowest.level()) {
			return drop(notification, "its client hasn't asked for it");
		}
		return send(notification, null);
	}

	private <T> @Nullable T convert(JSONRPCNotification notification, Class<T> type) {
		Object params = notification.params();
		try {
			return type.isInstance(params) ? type.cast(params) : this.jsonMapper.convertValue(params, type);
		}
		catch (RuntimeException ex) {
			return null;
		}
	}

	private Mono<Void> send(JSONRPCNotification notification, @Nullable Double progress) {
		return this.call.response().send(this.messages.notification(notification), progress);
	}

	private static Mono<Void> drop(JSONRPCNotification notification, String reason) {
		logger.trace("A {} of a handler was dropped: {}", notification.method(), reason);
		return Mono.empty();
	}

	/**
	 * Send a message; the SDK's message ID says nothing to clients of this revision.
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
	 * Do nothing: the response ends when the request was handled.
	 */
	@Override
	public Mono<Void> closeGracefully() {
		return Mono.empty();
	}

	@Override
	public void close() {
	}

}

package io.github.mcppersist.modern;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

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
import io.github.mcppersist.task.TaskChange;

/**
 * What the SDK sees of the client of one request: of what the handler sends, it lets
 * through what this revision has on the response to a request.
 */
final class CallTransport implements McpStreamableServerTransport {

	private static final Logger logger = LoggerFactory.getLogger(CallTransport.class);

	private static final JSONRPCError NOT_ASKED = new JSONRPCError(McpSchema.ErrorCodes.INTERNAL_ERROR,
			"The client can't be asked for that by this request: in revision 2026-07-28 tools, prompts and resources "
					+ "can ask for elicitation, sampling and roots");

	/**
	 * What a client can be asked for.
	 */
	private static final Set<String> INPUT = Set.of(McpSchema.METHOD_ELICITATION_CREATE,
			McpSchema.METHOD_SAMPLING_CREATE_MESSAGE, McpSchema.METHOD_ROOTS_LIST);

	/**
	 * Where a handler says by which key its client is to be asked.
	 */
	private static final String INPUT_KEY = "io.github.mcppersist/inputKey";

	private static final int MAX_KEY_LENGTH = 64;

	/**
	 * By which key a client is asked to open a URL before the handler begins anew: what
	 * it answers is the answer to nothing that the handler asks then.
	 */
	private static final String URL_KEY = "url-elicitation";

	/**
	 * What such a request has in older revisions only.
	 */
	private static final Set<String> LEGACY_PARAMS = Set.of(RequestMetadata.META, "elicitationId");

	private static final TypeRef<LinkedHashMap<String, Object>> OBJECT = new TypeRef<>() {
	};

	private final McpJsonMapper jsonMapper;

	private final Messages messages;

	private final Threads threads;

	private final Rounds rounds;

	private final Call call;

	private final RequestMetadata metadata;

	private final McpStreamableServerSession session;

	/**
	 * Create the transport of a request.
	 * @param jsonMapper reads JSON
	 * @param messages write JSON
	 * @param threads the endpoint's threads
	 * @param rounds the request
	 * @param session the SDK's session, which has no other request
	 */
	CallTransport(McpJsonMapper jsonMapper, Messages messages, Threads threads, Rounds rounds,
			McpStreamableServerSession session) {
		this.jsonMapper = jsonMapper;
		this.messages = messages;
		this.threads = threads;
		this.rounds = rounds;
		this.call = rounds.call();
		this.metadata = rounds.metadata();
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
	// what the client is asked for ends a round
	private Mono<Void> ask(JSONRPCRequest request) {
		if (McpSchema.METHOD_PING.equals(request.method())) {
			this.threads
				.release(() -> this.call.carryOn(() -> answered(JSONRPCResponse.result(request.id(), Map.of()))));
			return Mono.empty();
		}
		if (!INPUT.contains(request.method()) || !ModernHandler.HAS_ROUNDS.contains(this.rounds.request().method())) {
			return Mono.error(new McpError(NOT_ASKED));
		}
		String key = request.method().substring(0, request.method().indexOf('/'));
		Map<String, Object> json = new LinkedHashMap<>();
		json.put("method", request.method());
		if (request.params() != null) {
			Map<String, Object> params = this.jsonMapper.convertValue(request.params(), OBJECT);
			if (params.get(RequestMetadata.META) instanceof Map<?, ?> meta
					&& meta.get(INPUT_KEY) instanceof String wanted && wanted.length() <= MAX_KEY_LENGTH
					&& TaskChange.isKey(wanted) && !wanted.startsWith(URL_KEY)) {
				key = wanted;
			}
			params.keySet().removeAll(LEGACY_PARAMS);
			if (!params.isEmpty()) {
				json.put("params", params);
			}
		}
		Map<String, ?> missing = MissingCapability.forRequests(List.of(json), this.metadata.capabilities());
		if (missing != null) {
			return Mono.error(McpError.builder(ErrorResponse.MISSING_CLIENT_CAPABILITY)
				.message(MissingCapability.message(missing))
				.data(Map.of("requiredCapabilities", missing))
				.build());
		}
		this.rounds.ask(key, new Question(request.id(), this.messages.write(json), this::answered));
		return Mono.empty();
	}

	private void answered(JSONRPCResponse answer) {
		this.session.accept(answer).subscribe((nothing) -> {
		}, (ex) -> logger.debug("Nobody waits for an answer any more", ex));
	}

	private void answer(JSONRPCResponse response) {
		if (response.error() != null) {
			ErrorResponse error = Messages.translate(response.error(), this.metadata);
			byte[] urls = urlsToOpen(response.error());
			this.call.end((urls != null) ? Outcome.unlessTask(urls, error) : Outcome.of(error));
			return;
		}
		Map<String, ?> missing = MissingCapability.inResult(response.result(), this.metadata.capabilities());
		if (missing != null) {
			this.call.fail(ErrorResponse.missingCapability(missing));
			return;
		}
		byte[] message;
		try {
			message = this.messages.result(this.rounds.request().method(), response.result());
		}
		catch (RuntimeException ex) {
			logger.warn("A result can't be written as JSON; its client gets an error", ex);
			this.call.fail(ErrorResponse.internal("Internal error: the result can't be written as JSON"));
			return;
		}
		this.call.end(Outcome.of(message));
	}

	/**
	 * A handler of older revisions may end with the URLs that its client is to open
	 * before it makes the request again. That is what this revision asks its client for,
	 * and the next round begins the handler anew: there is no state. A task ends with the
	 * error.
	 * @param error the handler's error
	 * @return the result that asks the client, or {@code null} if it is another error, or
	 * the client opens no URLs
	 */
	private byte @Nullable [] urlsToOpen(JSONRPCError error) {
		if (error.code() != McpSchema.ErrorCodes.URL_ELICITATION_REQUIRED || this.rounds.given().isDeclined(URL_KEY)
				|| !ModernHandler.HAS_ROUNDS.contains(this.rounds.request().method())
				|| MissingCapability.forUrls(this.metadata.capabilities()) != null || error.data() == null) {
			return null;
		}
		Map<String, byte[]> requests = new LinkedHashMap<>();
		try {
			Map<String, Object> data = this.jsonMapper.convertValue(error.data(), OBJECT);
			for (Object elicitation : (Collection<?>) data.getOrDefault("elicitations", List.of())) {
				Map<Object, Object> params = new LinkedHashMap<>((Map<?, ?>) elicitation);
				params.keySet().removeAll(LEGACY_PARAMS);
				String key = requests.isEmpty() ? URL_KEY : URL_KEY + '-' + (requests.size() + 1);
				requests.put(key,
						this.messages.write(Map.of("method", McpSchema.METHOD_ELICITATION_CREATE, "params", params)));
			}
		}
		catch (RuntimeException ex) {
			logger.debug("A handler's error doesn't name the URLs that are to be opened", ex);
			return null;
		}
		return requests.isEmpty() ? null : this.messages.inputRequired(this.messages.inputRequests(requests), null);
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
		if (progress != null && progress.message() != null && isOwn(progress.progressToken())) {
			// A task has no connection for it, but a state; and the call may be about to
			// become one
			this.rounds.setStatusMessage(progress.message());
		}
		Round round = this.rounds.current();
		// The handler knows the token of the first round
		Object token = (round != null) ? round.metadata().progressToken() : null;
		if (round == null || progress == null || progress.progress() == null || token == null
				|| !this.metadata.isProgressToken(progress.progressToken())) {
			return drop(notification, "nobody who is connected has asked for it");
		}
		ProgressNotification own = new ProgressNotification(token, progress.progress(), progress.total(),
				progress.message(), progress.meta());
		return send(round, new JSONRPCNotification(notification.method(), own), progress.progress());
	}

	// Who hasn't asked for progress may still ask for the state
	private boolean isOwn(@Nullable Object token) {
		return this.metadata.progressToken() == null || this.metadata.isProgressToken(token);
	}

	private Mono<Void> log(JSONRPCNotification notification) {
		Round round = this.rounds.current();
		LoggingLevel lowest = (round != null) ? round.metadata().logLevel() : null;
		LoggingMessageNotification message = convert(notification, LoggingMessageNotification.class);
		if (round == null || lowest == null || message == null || message.level() == null
				|| message.level().level() < lowest.level()) {
			return drop(notification, "its client hasn't asked for it");
		}
		return send(round, notification, null);
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

	private Mono<Void> send(Round round, JSONRPCNotification notification, @Nullable Double progress) {
		return round.response().send(this.messages.notification(notification), progress);
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

package io.github.mcppersist.transport;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.HttpHeaders;
import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.stream.JsonRpcError;

/**
 * Handles {@code initialize}: has the SDK begin a session, stores what is known of it,
 * and tells its client the session ID (MCP 2025-11-25, "Session Management").
 */
final class InitializeHandler {

	private static final Logger logger = LoggerFactory.getLogger(InitializeHandler.class);

	/**
	 * How long a client that begins waits for the application's word on it.
	 */
	private static final Duration TRUST_LIMIT = Duration.ofSeconds(2);

	private final EndpointRuntime runtime;

	private final Sessions sessions;

	private final McpJsonMapper jsonMapper;

	private volatile @Nullable SdkSessions sdkSessions;

	InitializeHandler(EndpointRuntime runtime, Sessions sessions, McpJsonMapper jsonMapper) {
		this.runtime = runtime;
		this.sessions = sessions;
		this.jsonMapper = jsonMapper;
	}

	void start(SdkSessions sdkSessions) {
		this.sdkSessions = sdkSessions;
	}

	/**
	 * Begin a session.
	 * @param message the request
	 * @param requestId its ID
	 * @param caller who sends it, and owns the session
	 * @param reply answers it
	 */
	void handle(JSONRPCRequest message, @Nullable RequestId requestId, Caller caller, HttpReply reply) {
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
			.subscribe((result) -> reply.orRefuse(() -> initialized(init.session().getId(), message, result, reply)),
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

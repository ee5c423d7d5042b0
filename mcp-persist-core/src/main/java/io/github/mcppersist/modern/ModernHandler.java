package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;

import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.HttpHeaders;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCNotification;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.ListToolsResult;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.McpStreamableServerSession.McpStreamableServerSessionStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.stream.Threads;

/**
 * Handles what is POSTed in revision 2026-07-28. Each request is handled by itself, by
 * the same handlers as those of older revisions, and nothing of it is stored.
 * Thread-safe.
 */
public final class ModernHandler {

	private static final Logger logger = LoggerFactory.getLogger(ModernHandler.class);

	private static final byte[] NOTHING = new byte[0];

	private static final Duration MAX_TICK = Duration.ofSeconds(1);

	private static final Duration MIN_TICK = Duration.ofMillis(10);

	private static final ErrorResponse BUSY = ErrorResponse.unavailable("too many requests are running and waiting");

	/**
	 * What the SDK answers from what it knows.
	 */
	private static final Set<String> ANSWERED_BY_SDK = Set.of(McpSchema.METHOD_TOOLS_LIST, McpSchema.METHOD_PROMPT_LIST,
			McpSchema.METHOD_RESOURCES_LIST, McpSchema.METHOD_RESOURCES_TEMPLATES_LIST);

	/**
	 * What runs code of the user's, which may wait for whatever it likes.
	 */
	private static final Set<String> RUN_BY_USER = Set.of(McpSchema.METHOD_TOOLS_CALL, McpSchema.METHOD_PROMPT_GET,
			McpSchema.METHOD_RESOURCES_READ, McpSchema.METHOD_COMPLETION_COMPLETE);

	/**
	 * What belongs to a request that is made again with the client's input.
	 */
	private static final Set<String> OF_ROUNDS = Set.of("inputResponses", "requestState");

	/**
	 * Where Reactor looks, in the context of a chain, for whom to tell of an error that
	 * the chain has no place for any more.
	 */
	private static final String ON_ERROR_DROPPED = "reactor.onErrorDropped.local";

	private final Threads threads;

	private final EndpointObserver observer;

	private final McpJsonMapper jsonMapper;

	private final ModernSettings settings;

	private final Function<JSONRPCRequest, @Nullable String> parameterRules;

	private final BooleanSupplier refusing;

	private final ToolParameters toolParameters;

	private final Set<Call> calls = ConcurrentHashMap.newKeySet();

	private final Messages messages;

	private final Subscriptions subscriptions;

	private volatile @Nullable ModernServer server;

	/**
	 * Create a handler.
	 * @param threads the endpoint's threads
	 * @param observer is told what happens
	 * @param jsonMapper reads and writes JSON
	 * @param settings the settings
	 * @param parameterRules says what is wrong with the parameters of a request, if
	 * anything is
	 * @param refusing says whether the endpoint takes no more requests
	 * @param tellNodes tells all nodes that clients listen to resources; completes when
	 * they are told
	 */
	public ModernHandler(Threads threads, EndpointObserver observer, McpJsonMapper jsonMapper, ModernSettings settings,
			Function<JSONRPCRequest, @Nullable String> parameterRules, BooleanSupplier refusing,
			Function<Collection<String>, Mono<Void>> tellNodes) {
		this.threads = threads;
		this.observer = observer;
		this.jsonMapper = jsonMapper;
		this.settings = settings;
		this.parameterRules = parameterRules;
		this.refusing = refusing;
		this.toolParameters = new ToolParameters(threads);
		this.messages = new Messages(jsonMapper, settings, this::description);
		this.subscriptions = new Subscriptions(threads, this.messages, settings, tellNodes);
		threads.repeat(tick(settings.heartbeatInterval()), () -> {
			this.calls.forEach((call) -> call.response().tick());
			this.subscriptions.tick();
			return Mono.empty();
		});
	}

	private static Duration tick(Duration heartbeatInterval) {
		Duration half = heartbeatInterval.dividedBy(2);
		if (half.compareTo(MAX_TICK) > 0) {
			return MAX_TICK;
		}
		return (half.compareTo(MIN_TICK) < 0) ? MIN_TICK : half;
	}

	/**
	 * Take requests for a server from now on.
	 * @param server the server
	 */
	public void start(ModernServer server) {
		this.server = server;
	}

	/**
	 * Tell clients that listen here of a change.
	 * @param method the method of the notification
	 * @param params its parameters
	 */
	public void tell(String method, Map<String, ?> params) {
		if (McpSchema.METHOD_NOTIFICATION_TOOLS_LIST_CHANGED.equals(method)) {
			this.toolParameters.forget();
		}
		this.subscriptions.tell(method, params);
	}

	/**
	 * Count the subscriptions of clients that listen here.
	 * @return how many
	 */
	public int listening() {
		return this.subscriptions.size();
	}

	/**
	 * Return the resources that clients listen to here.
	 * @return their URIs
	 */
	public Collection<String> listenedResources() {
		return this.subscriptions.resources();
	}

	/**
	 * End all subscriptions, so that their clients listen to another node, and refuse new
	 * ones.
	 */
	public void endSubscriptions() {
		this.subscriptions.end();
	}

	/**
	 * Count the requests that run here, or whose responses have yet to leave.
	 * @return how many
	 */
	public int running() {
		return this.calls.size();
	}

	/**
	 * End all requests that run here with an error.
	 * @param message what happened
	 */
	public void abandon(String message) {
		this.calls.forEach((call) -> call.abandon(ErrorResponse.internal(message)));
	}

	/**
	 * Close all connections.
	 */
	public void close() {
		this.calls.forEach((call) -> call.response().abort());
		this.subscriptions.close();
	}

	/**
	 * Handle what was POSTed.
	 * @param request what came with it
	 * @param message the message, or {@code null} if the body isn't a single one
	 * @param reply answers it
	 */
	public void handle(ModernRequest request, @Nullable JSONRPCMessage message, ModernReply reply) {
		if (message instanceof JSONRPCNotification) {
			// This revision has none that a server acts on
			reply.send(202, Map.of(), NOTHING);
			return;
		}
		if (!(message instanceof JSONRPCRequest call)) {
			refuse(ErrorResponse.invalidRequest("the body must be one request or notification"), null, reply);
			return;
		}
		try {
			accept(request, call, reply);
		}
		catch (RuntimeException ex) {
			refuse(failure(ex), call.id(), reply);
		}
	}

	/**
	 * Refuse a body that is no message.
	 * @param status the HTTP status
	 * @param code the JSON-RPC error code
	 * @param message what is wrong
	 * @param reply answers it
	 */
	public void refuse(int status, int code, String message, ModernReply reply) {
		refuse(new ErrorResponse(status, code, message, null), null, reply);
	}

	private void refuse(ErrorResponse error, @Nullable Object requestId, ModernReply reply) {
		logger.debug("A request was refused with {}: {}", error.status(), error.message());
		Map<String, String> headers = new LinkedHashMap<>();
		headers.put(HttpHeaders.CONTENT_TYPE, "application/json");
		if (error.status() == 503) {
			headers.put("Retry-After", "1");
		}
		reply.send(error.status(), headers, this.messages.error(requestId, error));
	}

	private static ErrorResponse failure(Throwable ex) {
		if (ex instanceof RefusedException refused) {
			return refused.error();
		}
		if (ex instanceof RejectedExecutionException) {
			return BUSY;
		}
		logger.error("A request could not be handled; please report this", ex);
		return ErrorResponse.failed();
	}

	private void accept(ModernRequest request, JSONRPCRequest call, ModernReply reply) {
		ModernServer server = this.server;
		if (server == null) {
			throw new RefusedException(ErrorResponse.unavailable("the MCP server has not started yet"));
		}
		if (this.refusing.getAsBoolean()) {
			throw new RefusedException(ErrorResponse.unavailable("the server is shutting down"));
		}
		request.headers().checkVersion(RequestMetadata.protocolVersion(call.params()));
		request.headers().check(call);
		RequestMetadata metadata = RequestMetadata.of(call.params(), this.jsonMapper);
		boolean user = RUN_BY_USER.contains(call.method());
		if (Messages.DISCOVER.equals(call.method())) {
			reply.send(200, Map.of(HttpHeaders.CONTENT_TYPE, "application/json"), this.messages.discovered(call));
			return;
		}
		if (Subscriptions.LISTEN.equals(call.method())) {
			this.subscriptions.open(call, server.description().capabilities(), reply);
			return;
		}
		if (!user && !ANSWERED_BY_SDK.contains(call.method())) {
			throw new RefusedException(ErrorResponse.methodNotFound(call.method()));
		}
		String wrong = this.parameterRules.apply(call);
		if (wrong != null) {
			throw new RefusedException(ErrorResponse.invalidParams(wrong));
		}
		if (user && this.threads.isFull()) {
			throw new RefusedException(BUSY);
		}
		run(server, request, withoutRounds(call), metadata, user, reply);
	}

	// No request state is known yet, so whichever comes is a foreign one
	private static JSONRPCRequest withoutRounds(JSONRPCRequest call) {
		if (!(call.params() instanceof Map<?, ?> params) || OF_ROUNDS.stream().noneMatch(params::containsKey)) {
			return call;
		}
		if (params.containsKey("requestState")) {
			throw new RefusedException(ErrorResponse.invalidParams("requestState is unknown, or has expired"));
		}
		Map<?, ?> kept = new LinkedHashMap<>(params);
		kept.keySet().removeAll(OF_ROUNDS);
		return new JSONRPCRequest(call.jsonrpc(), call.method(), call.id(), kept);
	}

	private void run(ModernServer server, ModernRequest request, JSONRPCRequest message, RequestMetadata metadata,
			boolean user, ModernReply reply) {
		McpStreamableServerSession session = session(server, metadata);
		boolean tellsChanges = tellsChanges(server.description());
		Call call = new Call(this.threads, this.observer, this.messages, this.settings, message, reply,
				this.calls::remove);
		this.calls.add(call);
		Runnable run = () -> run(session, request, metadata, call, user);
		if (!McpSchema.METHOD_TOOLS_CALL.equals(message.method())) {
			run.run();
			return;
		}
		Map<?, ?> params = (Map<?, ?>) message.params();
		this.toolParameters
			.of(String.valueOf(params.get("name")), tellsChanges,
					(cursor) -> page(session(server, metadata), cursor, request))
			.doOnNext((parameters) -> parameters
				.forEach((parameter) -> parameter.check(request.headers(), params.get("arguments"))))
			.subscribe((parameters) -> run.run(), (ex) -> call.refuse(toolsFailure(ex)));
	}

	private static McpStreamableServerSession session(ModernServer server, RequestMetadata metadata) {
		McpStreamableServerSession session = server.sessionOfOneRequest(metadata.capabilities(), metadata.clientInfo());
		LoggingLevel level = metadata.logLevel();
		if (level != null) {
			session.setMinLoggingLevel(level);
		}
		return session;
	}

	private static boolean tellsChanges(InitializeResult description) {
		return description.capabilities().tools() != null
				&& Boolean.TRUE.equals(description.capabilities().tools().listChanged());
	}

	private Mono<ListToolsResult> page(McpStreamableServerSession session, @Nullable String cursor,
			ModernRequest request) {
		return Mono.create((sink) -> {
			Runnable ask = request.carried(() -> ListedTools.ask(session, cursor, request, this.jsonMapper, sink));
			this.threads.answer(ask);
		});
	}

	private ErrorResponse toolsFailure(Throwable ex) {
		if (ex instanceof McpError error && error.getJsonRpcError() != null
				&& error.getJsonRpcError().code() == McpSchema.ErrorCodes.METHOD_NOT_FOUND) {
			return ErrorResponse.methodNotFound(McpSchema.METHOD_TOOLS_CALL);
		}
		return failure(ex);
	}

	private void run(McpStreamableServerSession session, ModernRequest request, RequestMetadata metadata, Call call,
			boolean user) {
		CallTransport transport = new CallTransport(this.jsonMapper, this.messages, this.threads, call, metadata,
				session);
		try {
			Runnable task = request.carried(() -> {
				McpStreamableServerSessionStream stream = session.responseStream(transport);
				call.handle(stream,
						Mono.defer(() -> stream.handle(call.request()))
							.contextWrite((context) -> request.addTo(context)
								.put(ON_ERROR_DROPPED, (Consumer<Throwable>) call::dropped))
							.contextCapture());
			});
			Runnable handle = () -> call.begins(task);
			if (user) {
				this.threads.handle(handle, () -> {
				}, (ex) -> refused(ex, call));
			}
			else {
				this.threads.answer(handle);
			}
		}
		catch (RejectedExecutionException ex) {
			refused(ex, call);
		}
		catch (RuntimeException ex) {
			logger.error("A request could not be run; its client gets an error", ex);
			call.refuse(ErrorResponse.failed());
		}
	}

	private static void refused(Throwable ex, Call call) {
		if (ex instanceof RejectedExecutionException) {
			logger.warn("A request was refused: {}", ex.getMessage());
		}
		else {
			logger.error("A request was refused, since the executor for requests has failed; mend it", ex);
		}
		call.refuse(BUSY);
	}

	private InitializeResult description() {
		ModernServer server = this.server;
		if (server == null) {
			throw new IllegalStateException("The endpoint has no MCP server yet");
		}
		return server.description();
	}

}

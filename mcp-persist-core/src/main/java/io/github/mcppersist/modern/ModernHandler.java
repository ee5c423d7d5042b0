package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.Collection;
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

import io.github.mcppersist.node.NodeMessage;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.Era;
import io.github.mcppersist.observe.RequestStateRejection;
import io.github.mcppersist.stream.LogLimit;
import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskPolicy;
import io.github.mcppersist.task.TaskStoreUnavailableException;

/**
 * Handles what is POSTed in revision 2026-07-28. Each request is handled by itself, by
 * the same handlers as those of older revisions, and nothing of it is stored.
 * Thread-safe.
 */
public final class ModernHandler {

	private static final Logger logger = LoggerFactory.getLogger(ModernHandler.class);

	private static final byte[] NOTHING = new byte[0];

	private static final Map<String, String> JSON = Map.of(HttpHeaders.CONTENT_TYPE, "application/json");

	private static final Duration MAX_TICK = Duration.ofSeconds(1);

	private static final Duration MIN_TICK = Duration.ofMillis(10);

	/**
	 * How long the SDK waits for an answer: for longer than any call.
	 */
	private static final Duration NO_TIMEOUT = Duration.ofDays(3650);

	private static final ErrorResponse BUSY = ErrorResponse.unavailable("too many requests are running and waiting");

	private static final ErrorResponse BUSY_WITH_ONE = ErrorResponse
		.unavailable("too many requests of one principal are running and waiting");

	private static final ErrorResponse SHUTTING_DOWN = ErrorResponse.unavailable("the server is shutting down");

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
	 * What may ask its client for input (MCP 2026-07-28, "Supported Requests").
	 */
	static final Set<String> HAS_ROUNDS = Set.of(McpSchema.METHOD_TOOLS_CALL, McpSchema.METHOD_PROMPT_GET,
			McpSchema.METHOD_RESOURCES_READ);

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

	private final LogLimit refusals;

	private final Set<Rounds> calls = ConcurrentHashMap.newKeySet();

	private final Set<Retry> retries = ConcurrentHashMap.newKeySet();

	private final Set<LargeAnswer> answers = ConcurrentHashMap.newKeySet();

	/**
	 * Those of requests that run the user's code, until nothing of them is left.
	 */
	private final Places running;

	private final Messages messages;

	private final Parking parking;

	private final TaskRequests taskRequests;

	private final Subscriptions subscriptions;

	private volatile @Nullable ModernServer server;

	/**
	 * Create a handler.
	 * @param threads the endpoint's threads
	 * @param observer is told what happens
	 * @param jsonMapper reads and writes JSON
	 * @param settings the settings
	 * @param store where calls are kept that wait for their clients
	 * @param parameterRules says what is wrong with the parameters of a request, if
	 * anything is
	 * @param refusing says whether the endpoint takes no more requests
	 * @param tellNodes tells all nodes that clients listen to resources; completes when
	 * they are told
	 */
	public ModernHandler(Threads threads, EndpointObserver observer, McpJsonMapper jsonMapper, ModernSettings settings,
			ModernStore store, Function<JSONRPCRequest, @Nullable String> parameterRules, BooleanSupplier refusing,
			Function<Collection<String>, Mono<Void>> tellNodes) {
		this.threads = threads;
		this.observer = observer;
		this.jsonMapper = jsonMapper;
		this.settings = settings;
		this.parameterRules = parameterRules;
		this.refusing = refusing;
		this.toolParameters = new ToolParameters(threads);
		this.refusals = new LogLimit(threads::nanoTime);
		this.messages = new Messages(jsonMapper, settings, this::description);
		this.running = new Places(settings.maxCalls(), settings.maxCallsPerPrincipal());
		this.parking = new Parking(threads, observer, store, settings, this.messages);
		this.taskRequests = new TaskRequests(this.parking);
		this.subscriptions = new Subscriptions(this.parking, tellNodes);
		threads.repeat(tick(settings.heartbeatInterval()), () -> {
			this.calls.forEach(Rounds::tick);
			this.retries.forEach(Retry::tick);
			this.answers.forEach(LargeAnswer::tick);
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
	 * Another node has told something of a call.
	 * @param message what
	 */
	public void told(NodeMessage message) {
		if (message.kind() == NodeMessage.Kind.CALL_FOLLOWED) {
			this.parking.lostEnds().told(message);
		}
		else {
			this.parking.leftCalls().told(message);
		}
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
	 * Count the requests that run here, wait for their clients, or whose responses have
	 * yet to leave.
	 * @return how many
	 */
	public int running() {
		return this.calls.size() + this.retries.size() + this.answers.size();
	}

	/**
	 * Count the calls of this node that have asked their clients for input.
	 * @return how many aren't over yet
	 */
	public int parked() {
		return this.parking.taken();
	}

	/**
	 * Count the tasks of this node.
	 * @return how many aren't over yet
	 */
	public int tasks() {
		return this.parking.runningTasks();
	}

	/**
	 * Count the tasks of this node whose clients are asked something.
	 * @return how many there are
	 */
	public int tasksWithInputRequired() {
		return this.parking.tasksWithInputRequired();
	}

	/**
	 * Say for how long the oldest task of this node is one.
	 * @return the time, or zero if there is none
	 */
	public Duration ageOfOldestTask() {
		return this.parking.ageOfOldestTask();
	}

	/**
	 * Cancel a task as its client does, on whichever node it runs.
	 * @param name the task's name
	 * @param statusMessage what its client is told of that
	 * @return whether it was this that ended it; fails as the store does
	 */
	public Mono<Boolean> endTask(String name, String statusMessage) {
		return this.parking.tasks().endTask(name, TaskEnd.cancelled(statusMessage));
	}

	/**
	 * End all requests that run here with an error.
	 * @param message what happened
	 */
	public void abandon(String message) {
		this.calls.forEach((call) -> call.abandon(ErrorResponse.internal(message)));
		this.retries.forEach((retry) -> retry.abandon(SHUTTING_DOWN));
	}

	/**
	 * Close all connections.
	 */
	public void close() {
		this.calls.forEach(Rounds::abort);
		this.retries.forEach(Retry::abort);
		this.answers.forEach(LargeAnswer::abort);
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
			notified(request, reply);
			return;
		}
		if (!(message instanceof JSONRPCRequest call)) {
			refuse(ErrorResponse.invalidRequest("the body must be one request or notification"), null, reply);
			return;
		}
		try {
			accept(request, call, reply);
		}
		catch (Throwable ex) {
			// Errors too: nobody else would answer in the terms of this revision
			refuse(failure(ex), call.id(), reply);
		}
	}

	private void notified(ModernRequest request, ModernReply reply) {
		String version = request.headers().protocolVersion();
		if (version != null && !EraRules.PROTOCOL_VERSIONS.contains(version)) {
			refuse(ErrorResponse.unsupportedVersion(version), null, reply);
			return;
		}
		// This revision has none that a server acts on
		reply.send(202, Map.of(), NOTHING);
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
		reply.send(error.status(), ErrorResponse.headers(error.status()), this.messages.error(requestId, error));
	}

	private void answer(Outcome outcome, Object requestId, @Nullable String principal, ModernReply reply) {
		if (outcome.error() != null) {
			refuse(outcome.error(), requestId, reply);
		}
		else if (outcome.result() != null) {
			answer(this.messages.response(requestId, outcome.result()), requestId, principal, reply);
		}
	}

	private void answer(byte[] message, Object requestId, @Nullable String principal, ModernReply reply) {
		if (message.length <= RoundResponse.MAX_WHOLE_BYTES) {
			reply.send(200, JSON, message);
			return;
		}
		Outgoing.Answer kept = this.parking.outgoing().answer(principal);
		ErrorResponse noRoom = kept.keep(message.length);
		if (noRoom != null) {
			refuse(noRoom, requestId, reply);
			return;
		}
		LargeAnswer answer = new LargeAnswer(this.parking, reply, kept, this.answers::remove);
		this.answers.add(answer);
		answer.send(message);
	}

	private static ErrorResponse failure(Throwable ex) {
		if (ex instanceof RefusedException refused) {
			return refused.error();
		}
		if (ex instanceof RejectedExecutionException) {
			return BUSY;
		}
		if (ex instanceof McpError error && error.getJsonRpcError() != null
				&& error.getJsonRpcError().code() == McpSchema.ErrorCodes.METHOD_NOT_FOUND) {
			// The server has no tools to list
			return ErrorResponse.methodNotFound(McpSchema.METHOD_TOOLS_CALL);
		}
		if (ex instanceof TaskStoreUnavailableException) {
			return Retry.UNAVAILABLE;
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
			throw new RefusedException(SHUTTING_DOWN);
		}
		request.headers().checkVersion(RequestMetadata.protocolVersion(call.params()));
		request.headers().check(call);
		RequestMetadata metadata = RequestMetadata.of(call.params(), this.jsonMapper);
		boolean user = RUN_BY_USER.contains(call.method());
		if (Messages.DISCOVER.equals(call.method())) {
			reply.send(200, JSON, this.messages.discovered(call));
			return;
		}
		if (Subscriptions.LISTEN.equals(call.method())) {
			this.subscriptions.open(call, metadata, request.principal(), server.description().capabilities(), reply,
					(error) -> refuse(error, call.id(), reply));
			return;
		}
		// A node that makes none may be asked for one of another node's
		if (TaskRequests.METHODS.contains(call.method()) && (this.settings.tasks().isServed() || metadata.hasTasks())) {
			this.taskRequests.handle(call, metadata, request.principal(),
					(outcome) -> answer(outcome, call.id(), request.principal(), reply));
			return;
		}
		if (!user && !ANSWERED_BY_SDK.contains(call.method())) {
			throw new RefusedException(ErrorResponse.methodNotFound(call.method()));
		}
		String wrong = this.parameterRules.apply(call);
		if (wrong != null) {
			throw new RefusedException(ErrorResponse.invalidParams(wrong));
		}
		InputResponses given = InputResponses.of(call.params());
		if (call.params() instanceof Map<?, ?> params && params.get(RequestBinding.REQUEST_STATE) != null) {
			resume(server, request, call, metadata, given, reply);
			return;
		}
		if (user && this.threads.isFull()) {
			throw new RefusedException(BUSY);
		}
		run(server, request, RequestBinding.withoutRound(call), metadata, given, user, reply);
	}

	private void resume(ModernServer server, ModernRequest request, JSONRPCRequest message, RequestMetadata metadata,
			InputResponses given, ModernReply reply) {
		Map<?, ?> params = (Map<?, ?>) message.params();
		if (!HAS_ROUNDS.contains(message.method())
				|| !(params.get(RequestBinding.REQUEST_STATE) instanceof String text)) {
			throw rejectedState();
		}
		byte[] boundTo = this.messages.binding(message, request.principal(), this.parking.serverName());
		checkParameters(server, request, message, metadata).then(this.parking.keys().open(text, boundTo))
			.switchIfEmpty(Mono.error(this::rejectedState))
			.subscribe((state) -> {
				Retry retry = new Retry(this.parking, this.observer,
						new Retry.Opened(state, boundTo, request.principal()), given, message.id(), metadata, reply,
						this.retries::remove);
				this.retries.add(retry);
				retry.begin();
			}, (ex) -> refuse(failure(ex), message.id(), reply));
	}

	private RefusedException rejectedState() {
		this.observer.requestStateRejected(RequestStateRejection.INVALID);
		return new RefusedException(Retry.UNKNOWN);
	}

	private void run(ModernServer server, ModernRequest request, JSONRPCRequest message, RequestMetadata metadata,
			InputResponses given, boolean user, ModernReply reply) {
		TaskPolicy policy = taskPolicy(message, metadata);
		McpStreamableServerSession session = session(server, metadata);
		Rounds rounds = new Rounds(this.parking, this.observer, request, message, given, metadata, policy, reply,
				(over) -> {
					this.calls.remove(over);
					if (user) {
						this.running.giveBack(request.principal());
					}
				});
		if (user) {
			admit(request.principal());
		}
		this.calls.add(rounds);
		try {
			checkParameters(server, request, message, metadata).subscribe((nothing) -> {
			}, (ex) -> rounds.call().refuse(failure(ex)),
					() -> rounds.begin((accepted) -> run(session, request, rounds, user, accepted)));
		}
		catch (Throwable ex) {
			// Its place is given back with it
			rounds.call().refuse(failure(ex));
		}
	}

	private TaskPolicy taskPolicy(JSONRPCRequest message, RequestMetadata metadata) {
		if (!McpSchema.METHOD_TOOLS_CALL.equals(message.method())) {
			return TaskPolicy.NEVER;
		}
		TaskPolicy policy = this.settings.tasks().policy(String.valueOf(((Map<?, ?>) message.params()).get("name")));
		if (policy == TaskPolicy.REQUIRED && !metadata.hasTasks()) {
			throw new RefusedException(ErrorResponse.missingCapability(MissingCapability.TASKS));
		}
		return metadata.hasTasks() ? policy : TaskPolicy.NEVER;
	}

	private void admit(@Nullable String principal) {
		switch (this.running.take(principal)) {
			case FULL -> throw new RefusedException(BUSY);
			case ENOUGH -> throw new RefusedException(BUSY_WITH_ONE);
			case TAKEN -> {
			}
		}
	}

	/**
	 * Compare the arguments of a tool with the headers that mirror them.
	 * @param server the server that has the tool
	 * @param request the request
	 * @param message its body
	 * @param metadata what it says of its client
	 * @return completes if they are equal, and for all that isn't a tool
	 */
	private Mono<Void> checkParameters(ModernServer server, ModernRequest request, JSONRPCRequest message,
			RequestMetadata metadata) {
		if (!McpSchema.METHOD_TOOLS_CALL.equals(message.method())) {
			return Mono.empty();
		}
		Map<?, ?> params = (Map<?, ?>) message.params();
		return this.toolParameters
			.of(String.valueOf(params.get("name")), tellsChanges(server.description()),
					(cursor) -> page(session(server, metadata), cursor, request))
			.doOnNext((parameters) -> parameters
				.forEach((parameter) -> parameter.check(request.headers(), params.get("arguments"))))
			.then();
	}

	private McpStreamableServerSession session(ModernServer server, RequestMetadata metadata) {
		// A call that waits for too long is ended as a whole
		McpStreamableServerSession session = server.sessionOfOneRequest(metadata.capabilities(), metadata.clientInfo(),
				NO_TIMEOUT);
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

	private void run(McpStreamableServerSession session, ModernRequest request, Rounds rounds, boolean user,
			Runnable accepted) {
		CallTransport transport = new CallTransport(this.jsonMapper, this.messages, this.threads, rounds, session);
		Call call = rounds.call();
		try {
			Runnable task = request.carried(() -> {
				McpStreamableServerSessionStream stream = session.responseStream(transport);
				call.handle(stream,
						Mono.defer(() -> stream.handle(rounds.request()))
							.contextWrite((context) -> request.addTo(context, rounds)
								.put(ON_ERROR_DROPPED, (Consumer<Throwable>) call::dropped))
							.contextCapture());
			});
			Runnable handle = () -> call.begins(() -> {
				this.observer.requestStarted(Era.MODERN);
				task.run();
			});
			if (user) {
				this.threads.handle(handle, accepted, (ex) -> refused(ex, rounds));
			}
			else {
				this.threads.answer(handle);
			}
		}
		catch (RejectedExecutionException ex) {
			refused(ex, rounds);
		}
		catch (RuntimeException | Error ex) {
			logger.error("A request could not be run; its client gets an error", ex);
			rounds.refuse(ErrorResponse.failed());
		}
	}

	private void refused(Throwable ex, Rounds rounds) {
		this.refusals.log((before) -> {
			if (ex instanceof RejectedExecutionException) {
				logger.warn("A request was refused: {}. {} more since the last line; logged once a minute",
						ex.getMessage(), before);
			}
			else {
				logger
					.error("A request was refused, since the executor for requests has failed; mend it. {} more since "
							+ "the last line; logged once a minute", before, ex);
			}
		});
		rounds.refuse(BUSY);
	}

	private InitializeResult description() {
		ModernServer server = this.server;
		if (server == null) {
			throw new IllegalStateException("The endpoint has no MCP server yet");
		}
		return server.description();
	}

}

package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpStreamableServerSession;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventStore;

/**
 * The Streamable HTTP endpoint of an MCP server (MCP 2025-03-26, 2025-06-18 and
 * 2025-11-25) whose streams survive the loss of a connection: every message is stored
 * before it is written to a connection, and a client that comes back with
 * {@code Last-Event-ID} gets what it missed, once and in order, and then what follows.
 * <p>
 * It holds the rules of the protocol and knows nothing of a web framework; an adapter
 * such as {@code StreamableHttpServlet} hands it requests. To the MCP SDK it is a
 * transport provider: {@code McpServer.sync(endpoint)}. Thread-safe.
 * {@link #closeGracefully()}, which the MCP server's own close calls, ends its
 * connections and threads; the event store is the caller's to close.
 */
public final class StreamableHttpEndpoint implements McpStreamableServerTransportProvider {

	private static final Logger logger = LoggerFactory.getLogger(StreamableHttpEndpoint.class);

	private static final Duration MAX_TICK = Duration.ofSeconds(1);

	private static final Duration SHUTDOWN_LIMIT = Duration.ofSeconds(2);

	private final EndpointRuntime runtime;

	private final OriginRules originRules;

	private final Sessions sessions;

	private final PostHandler posts;

	private final GetHandler gets;

	private final AtomicBoolean closing = new AtomicBoolean();

	private StreamableHttpEndpoint(Builder builder) {
		StreamableHttpOptions options = builder.options;
		this.runtime = new EndpointRuntime(builder.eventStore, options, builder.executor);
		this.originRules = new OriginRules(options);
		this.sessions = new Sessions(this.runtime);
		this.posts = new PostHandler(this.runtime, this.sessions,
				(builder.jsonMapper != null) ? builder.jsonMapper : McpJsonDefaults.getMapper());
		this.gets = new GetHandler(this.runtime, this.sessions);
		this.runtime.repeat(tick(options), () -> this.runtime.connections().forEach(SseConnection::tick));
		this.runtime.repeat(atMost(options.sessionTimeout().dividedBy(4), Duration.ofSeconds(10)),
				() -> this.sessions.endIdle(options.sessionTimeout()));
		this.runtime.repeat(atLeast(builder.eventStore.timeToLive().dividedBy(3), Duration.ofMillis(100)),
				this.sessions::renewStreams);
	}

	/**
	 * Return a builder.
	 * @param eventStore where the events are stored
	 * @return the builder
	 */
	public static Builder builder(EventStore eventStore) {
		return new Builder(eventStore);
	}

	@Override
	public List<String> protocolVersions() {
		return HeaderRules.PROTOCOL_VERSIONS;
	}

	@Override
	public void setSessionFactory(McpStreamableServerSession.Factory sessionFactory) {
		this.posts.setSessionFactory(sessionFactory);
	}

	/**
	 * Send a notification to every session whose standalone connection is open.
	 */
	@Override
	public Mono<Void> notifyClients(String method, @Nullable Object params) {
		return Flux.defer(() -> Flux.fromIterable(this.sessions.all()))
			.filter((session) -> session.standalone().isConnected())
			.flatMap((session) -> session.sdkSession().sendNotification(method, params).onErrorResume((ex) -> {
				logger.debug("A session could not be notified of {}", method, ex);
				return Mono.empty();
			}))
			.then();
	}

	/**
	 * Send a notification to a session. It is stored if no connection is open, and sent
	 * when one is.
	 */
	@Override
	public Mono<Void> notifyClient(String sessionId, String method, @Nullable Object params) {
		return Mono.defer(() -> {
			Session session = this.sessions.find(sessionId);
			if (session == null) {
				logger.debug("No session to notify of {}", method);
				return Mono.empty();
			}
			return session.sdkSession().sendNotification(method, params);
		});
	}

	/**
	 * Handle one request. Returns at once, but for the time that the adapter takes to
	 * read the body; everything that it needs of the request it reads before it returns.
	 * @param request the request
	 * @param response the response, which is answered now or later
	 */
	public void handle(EndpointRequest request, EndpointResponse response) {
		try {
			Rejection rejection = this.originRules.check(request);
			if (rejection != null) {
				rejection.sendTo(response);
				return;
			}
			switch (request.method()) {
				case "POST" -> this.posts.handle(request, response);
				case "GET" -> get(request, response);
				case "DELETE" -> delete(request, response);
				default -> methodNotAllowed(response);
			}
		}
		catch (RuntimeException ex) {
			Rejection.failed(ex).sendTo(response);
		}
	}

	private void get(EndpointRequest request, EndpointResponse response) {
		if (this.closing.get()) {
			Rejection.SHUTTING_DOWN.sendTo(response);
		}
		else {
			this.gets.handle(request, response);
		}
	}

	private void delete(EndpointRequest request, EndpointResponse response) {
		if (!this.runtime.options().deleteAllowed()) {
			methodNotAllowed(response);
			return;
		}
		Rejection rejection = HeaderRules.checkProtocolVersion(request);
		Session session = (rejection != null) ? null : this.sessions.find(request);
		if (session == null) {
			((rejection != null) ? rejection : Sessions.notFound(request)).sendTo(response);
			return;
		}
		Runnable done = () -> this.runtime.deliver(new Mailbox(), () -> response.send(200, Map.of(), new byte[0]));
		this.sessions.delete(session).subscribe((nothing) -> {
		}, (ex) -> {
			logger.debug("A deleted session's streams are left to expire", ex);
			done.run();
		}, done);
	}

	private void methodNotAllowed(EndpointResponse response) {
		String allowed = this.runtime.options().deleteAllowed() ? "GET, POST, DELETE" : "GET, POST";
		new Rejection(405, JsonRpcError.INVALID_REQUEST, "Method Not Allowed", null, Map.of("Allow", allowed))
			.sendTo(response);
	}

	/**
	 * Shut down in order: refuse new requests, close the standalone connections for their
	 * clients to come back elsewhere, and let running requests end on their own
	 * connections. What still runs after the grace period ends with an error. Then close
	 * all connections and stop all threads. Only the first call of this or
	 * {@link #closeGracefully()} does anything.
	 * @param grace how long running requests may take to end
	 * @return completes when all is closed, four seconds after the grace period at the
	 * latest
	 */
	public Mono<Void> shutDown(Duration grace) {
		return Mono.defer(() -> {
			if (!this.closing.compareAndSet(false, true)) {
				return Mono.empty();
			}
			this.posts.close();
			this.sessions.all().forEach((session) -> session.standalone().closeConnection());
			return whenNothingRuns(grace).then(Mono.defer(() -> {
				for (Session session : this.sessions.all()) {
					session.running()
						.forEach((log) -> log.handled("The server shut down; the outcome of the request is unknown"));
				}
				return whenNothingRuns(SHUTDOWN_LIMIT);
			})).then(Mono.defer(() -> {
				this.sessions.endAll();
				this.runtime.connections().forEach(SseConnection::close);
				return until(() -> this.runtime.connections().isEmpty(), SHUTDOWN_LIMIT);
			})).then(Mono.fromRunnable(() -> {
				this.runtime.connections().forEach(SseConnection::abort);
				this.runtime.close();
			}));
		});
	}

	private Mono<Void> whenNothingRuns(Duration limit) {
		return until(() -> !this.sessions.anyRunning(), limit);
	}

	private static Mono<Void> until(BooleanSupplier done, Duration limit) {
		return Flux.interval(Duration.ZERO, Duration.ofMillis(20))
			.onBackpressureDrop()
			.takeWhile((tick) -> !done.getAsBoolean())
			.take(limit)
			.then();
	}

	/**
	 * Shut down at once: what still runs ends with an error.
	 */
	@Override
	public Mono<Void> closeGracefully() {
		return shutDown(Duration.ZERO);
	}

	private static Duration tick(StreamableHttpOptions options) {
		Duration tick = atMost(options.heartbeatInterval().dividedBy(2), MAX_TICK);
		Duration maxAge = options.maxConnectionAge();
		return atLeast((maxAge != null) ? atMost(maxAge.dividedBy(2), tick) : tick, Duration.ofMillis(10));
	}

	private static Duration atMost(Duration value, Duration limit) {
		return (value.compareTo(limit) > 0) ? limit : atLeast(value, Duration.ofMillis(10));
	}

	private static Duration atLeast(Duration value, Duration limit) {
		return (value.compareTo(limit) < 0) ? limit : value;
	}

	/**
	 * Builds a {@link StreamableHttpEndpoint}.
	 */
	public static final class Builder {

		private final EventStore eventStore;

		private @Nullable McpJsonMapper jsonMapper;

		private StreamableHttpOptions options = StreamableHttpOptions.defaults();

		private @Nullable Executor executor;

		private Builder(EventStore eventStore) {
			this.eventStore = Objects.requireNonNull(eventStore, "eventStore must not be null");
		}

		/**
		 * Set what reads and writes JSON.
		 * @param jsonMapper the SDK's default by default
		 * @return this builder
		 */
		public Builder jsonMapper(McpJsonMapper jsonMapper) {
			this.jsonMapper = jsonMapper;
			return this;
		}

		/**
		 * Set the options.
		 * @param options {@link StreamableHttpOptions#defaults()} by default
		 * @return this builder
		 */
		public Builder options(StreamableHttpOptions options) {
			this.options = options;
			return this;
		}

		/**
		 * Set what runs the request handlers, which may block: one task for each request,
		 * never on the thread that brings it. The endpoint doesn't shut it down.
		 * @param executor by default a pool of up to 500 threads of the endpoint's own
		 * @return this builder
		 */
		public Builder executor(Executor executor) {
			this.executor = executor;
			return this;
		}

		/**
		 * Build the endpoint and start its threads.
		 * @return the endpoint
		 */
		public StreamableHttpEndpoint build() {
			return new StreamableHttpEndpoint(this);
		}

	}

}

package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;

import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import org.jspecify.annotations.Nullable;

/**
 * What can be set on a {@link StreamableHttpEndpoint}. Immutable.
 */
public final class StreamableHttpOptions {

	private final Duration retryInterval;

	private final Duration heartbeatInterval;

	private final @Nullable Duration maxConnectionAge;

	private final Duration sessionCacheTimeout;

	private final int maxRequestBytes;

	private final int maxUnstoredBytes;

	private final int maxConnectionBytes;

	private final int maxCallsPerSession;

	private final long maxHeldSessionBytes;

	private final Set<String> allowedOrigins;

	private final Set<String> allowedHosts;

	private final boolean deleteAllowed;

	private final StoreFailurePolicy onStoreFailure;

	private final @Nullable String serverName;

	private final @Nullable Predicate<InitializeRequest> resumingClients;

	private final @Nullable ModernOptions modern;

	private final Duration lookInterval;

	private StreamableHttpOptions(Builder builder) {
		this.retryInterval = builder.retryInterval;
		this.heartbeatInterval = builder.heartbeatInterval;
		this.maxConnectionAge = builder.maxConnectionAge;
		this.sessionCacheTimeout = builder.sessionCacheTimeout;
		this.maxRequestBytes = builder.maxRequestBytes;
		this.maxUnstoredBytes = builder.maxUnstoredBytes;
		this.maxConnectionBytes = builder.maxConnectionBytes;
		this.maxCallsPerSession = builder.maxCallsPerSession;
		this.maxHeldSessionBytes = builder.maxHeldSessionBytes;
		this.allowedOrigins = Set.copyOf(builder.allowedOrigins);
		this.allowedHosts = Set.copyOf(builder.allowedHosts);
		this.deleteAllowed = builder.deleteAllowed;
		this.onStoreFailure = builder.onStoreFailure;
		this.serverName = builder.serverName;
		this.resumingClients = builder.resumingClients;
		this.modern = builder.modern;
		this.lookInterval = builder.lookInterval;
	}

	/**
	 * Return the defaults.
	 * @return options as a new {@link #builder()} builds them
	 */
	public static StreamableHttpOptions defaults() {
		return builder().build();
	}

	/**
	 * Return a builder that starts from the defaults.
	 * @return the builder
	 */
	public static Builder builder() {
		return new Builder();
	}

	Duration retryInterval() {
		return this.retryInterval;
	}

	Duration heartbeatInterval() {
		return this.heartbeatInterval;
	}

	@Nullable Duration maxConnectionAge() {
		return this.maxConnectionAge;
	}

	Duration sessionCacheTimeout() {
		return this.sessionCacheTimeout;
	}

	int maxRequestBytes() {
		return this.maxRequestBytes;
	}

	int maxUnstoredBytes() {
		return this.maxUnstoredBytes;
	}

	int maxConnectionBytes() {
		return this.maxConnectionBytes;
	}

	int maxCallsPerSession() {
		return this.maxCallsPerSession;
	}

	long maxHeldSessionBytes() {
		return this.maxHeldSessionBytes;
	}

	Set<String> allowedOrigins() {
		return this.allowedOrigins;
	}

	Set<String> allowedHosts() {
		return this.allowedHosts;
	}

	boolean deleteAllowed() {
		return this.deleteAllowed;
	}

	StoreFailurePolicy onStoreFailure() {
		return this.onStoreFailure;
	}

	@Nullable String serverName() {
		return this.serverName;
	}

	@Nullable Predicate<InitializeRequest> resumingClients() {
		return this.resumingClients;
	}

	@Nullable ModernOptions modern() {
		return this.modern;
	}

	/**
	 * Return how often what hints of other nodes tell is found out without them. Looking
	 * costs a read for each connection.
	 * @return the interval
	 */
	Duration lookInterval() {
		return this.lookInterval;
	}

	/**
	 * Builds {@link StreamableHttpOptions}. Each setter refuses a value that can't work
	 * with an {@link IllegalArgumentException} that names it.
	 */
	public static final class Builder {

		private Duration retryInterval = Duration.ofSeconds(1);

		private Duration heartbeatInterval = Duration.ofSeconds(15);

		private @Nullable Duration maxConnectionAge;

		private Duration sessionCacheTimeout = Duration.ofMinutes(1);

		private int maxRequestBytes = 16 * 1024 * 1024;

		private int maxUnstoredBytes = 8 * 1024 * 1024;

		private int maxConnectionBytes = 512 * 1024;

		private int maxCallsPerSession = 100;

		private long maxHeldSessionBytes = Runtime.getRuntime().maxMemory() / 8;

		private Set<String> allowedOrigins = Set.of();

		private Set<String> allowedHosts = Set.of();

		private boolean deleteAllowed = true;

		private StoreFailurePolicy onStoreFailure = StoreFailurePolicy.CONTINUE;

		private @Nullable String serverName;

		private @Nullable Predicate<InitializeRequest> resumingClients;

		private @Nullable ModernOptions modern;

		private Duration lookInterval = Duration.ofSeconds(30);

		private Builder() {
		}

		/**
		 * Set how long a client waits before it reconnects. It is sent as {@code retry:}
		 * with the first event of a connection and with the last one before the server
		 * closes it, to clients of revision 2025-11-25 or later that are known to bear
		 * it.
		 * @param retryInterval one second by default
		 * @return this builder
		 */
		public Builder retryInterval(Duration retryInterval) {
			this.retryInterval = positive("retryInterval", retryInterval);
			return this;
		}

		/**
		 * Set how long a connection may be silent before a comment is sent, so that
		 * proxies keep it open and a connection that is gone is noticed.
		 * @param heartbeatInterval 15 seconds by default
		 * @return this builder
		 */
		public Builder heartbeatInterval(Duration heartbeatInterval) {
			this.heartbeatInterval = positive("heartbeatInterval", heartbeatInterval);
			return this;
		}

		/**
		 * Set the age at which the server closes a connection, for the client to
		 * reconnect and go on. Applies to clients of revision 2025-11-25 or later that
		 * have received an event ID, if they are known to come back: they have come back
		 * with that connection, or to the stream of a request in its session, or are
		 * {@linkplain #resumingClients trusted to}.
		 * @param maxConnectionAge the age, or {@code null}, the default, for none
		 * @return this builder
		 */
		public Builder maxConnectionAge(@Nullable Duration maxConnectionAge) {
			this.maxConnectionAge = (maxConnectionAge != null) ? positive("maxConnectionAge", maxConnectionAge) : null;
			return this;
		}

		/**
		 * Set how long this node keeps a session in memory that it isn't asked for. The
		 * session store keeps it for longer, and it comes back from there. An open
		 * connection and a running request are use.
		 * @param sessionCacheTimeout one minute by default
		 * @return this builder
		 */
		public Builder sessionCacheTimeout(Duration sessionCacheTimeout) {
			this.sessionCacheTimeout = positive("sessionCacheTimeout", sessionCacheTimeout);
			return this;
		}

		/**
		 * Set the largest request body that is read; a larger one is answered with 413.
		 * @param maxRequestBytes 16 MB by default
		 * @return this builder
		 */
		public Builder maxRequestBytes(int maxRequestBytes) {
			this.maxRequestBytes = positive("maxRequestBytes", maxRequestBytes);
			return this;
		}

		/**
		 * Set how many bytes of events a stream keeps in memory that the store hasn't
		 * acknowledged. When the store is out of reach for longer than that, the oldest
		 * go, which a later resume reports as a gap.
		 * @param maxUnstoredBytes 8 MB by default
		 * @return this builder
		 */
		public Builder maxUnstoredBytes(int maxUnstoredBytes) {
			this.maxUnstoredBytes = positive("maxUnstoredBytes", maxUnstoredBytes);
			return this;
		}

		/**
		 * Set how many bytes of events wait in memory for a client that reads slowly.
		 * Beyond that its connection is served from the store, at its own pace.
		 * @param maxConnectionBytes 512 KB by default
		 * @return this builder
		 */
		public Builder maxConnectionBytes(int maxConnectionBytes) {
			this.maxConnectionBytes = positive("maxConnectionBytes", maxConnectionBytes);
			return this;
		}

		/**
		 * Set how many requests of one session may run and wait on this node, so that a
		 * client that leaves many open doesn't take the threads of all others. Further
		 * ones are answered with 503. What runs none of the application's code, such as
		 * {@code tools/list}, doesn't count, and a batch of more is run alone.
		 * @param maxCallsPerSession 100 by default, which is how many a batch may have
		 * @return this builder
		 */
		public Builder maxCallsPerSession(int maxCallsPerSession) {
			this.maxCallsPerSession = positive("maxCallsPerSession", maxCallsPerSession);
			return this;
		}

		/**
		 * Set about how much heap the sessions may take that are in memory when one
		 * begins. Those that aren't used are let go before, and come back from the store;
		 * if all are used, a new one is answered with 503. What an {@code initialize}
		 * says counts sixteenfold, for what it becomes in memory, and a session four
		 * kilobytes.
		 * @param maxHeldSessionBytes the bytes, at least 1; an eighth of the heap by
		 * default
		 * @return this builder
		 */
		public Builder maxHeldSessionBytes(long maxHeldSessionBytes) {
			if (maxHeldSessionBytes < 1) {
				throw new IllegalArgumentException(
						"maxHeldSessionBytes must be at least 1, not " + maxHeldSessionBytes);
			}
			this.maxHeldSessionBytes = maxHeldSessionBytes;
			return this;
		}

		/**
		 * Set the values of the {@code Origin} header that are accepted beside the
		 * server's own.
		 * @param allowedOrigins such as {@code https://app.example.com}; {@code *}
		 * accepts any. None by default
		 * @return this builder
		 */
		public Builder allowedOrigins(Set<String> allowedOrigins) {
			this.allowedOrigins = Set.copyOf(allowedOrigins);
			return this;
		}

		/**
		 * Set the values of the {@code Host} header that are accepted on a loopback
		 * address, beside {@code localhost} and the loopback addresses themselves; if any
		 * are set they are the only ones accepted elsewhere.
		 * @param allowedHosts such as {@code mcp.example.com} or
		 * {@code mcp.example.com:8443}; {@code *} accepts any. None by default
		 * @return this builder
		 */
		public Builder allowedHosts(Set<String> allowedHosts) {
			for (String host : allowedHosts) {
				if (host.isEmpty() || host.chars().anyMatch((c) -> c == '/' || Character.isWhitespace(c))) {
					throw new IllegalArgumentException(
							"allowedHosts must be names of hosts alone, such as mcp.example.com, but has '" + host
									+ "'");
				}
			}
			this.allowedHosts = Set.copyOf(allowedHosts);
			return this;
		}

		/**
		 * Set whether a client may end its session with DELETE; if not, it gets 405.
		 * @param deleteAllowed {@code true} by default
		 * @return this builder
		 */
		public Builder deleteAllowed(boolean deleteAllowed) {
			this.deleteAllowed = deleteAllowed;
			return this;
		}

		/**
		 * Set what happens to requests while the store is out of reach.
		 * @param onStoreFailure {@link StoreFailurePolicy#CONTINUE} by default
		 * @return this builder
		 */
		public Builder onStoreFailure(StoreFailurePolicy onStoreFailure) {
			this.onStoreFailure = onStoreFailure;
			return this;
		}

		/**
		 * Set under which name sessions are kept apart from those of other MCP servers
		 * that have the same stores. It must be the same on all nodes. Sessions that were
		 * created under another name don't exist any more.
		 * @param serverName the name, or {@code null}, the default, for the one that the
		 * MCP server tells its clients in its {@code serverInfo}
		 * @return this builder
		 */
		public Builder serverName(@Nullable String serverName) {
			if (serverName != null && serverName.isBlank()) {
				throw new IllegalArgumentException("serverName must not be blank");
			}
			this.serverName = serverName;
			return this;
		}

		/**
		 * Trust clients to resume, before they have shown that they do: when the server
		 * closes a connection in good order they come back with {@code Last-Event-ID}. A
		 * client that is trusted and doesn't loses the results of requests whose
		 * connection a tool or {@link #maxConnectionAge} closes.
		 * @param resumingClients is asked once a session, by the node that initializes
		 * it, on a thread that may be blocked for up to two seconds; after that the
		 * client isn't trusted. By default nobody is
		 * @return this builder
		 */
		public Builder resumingClients(Predicate<InitializeRequest> resumingClients) {
			this.resumingClients = Objects.requireNonNull(resumingClients, "resumingClients must not be null");
			return this;
		}

		/**
		 * Serve clients of the <em>modern</em> era, revision 2026-07-28, as well, with
		 * the same handlers and at the same path. They have neither sessions nor streams
		 * to resume: a request ends with its connection, unless it asks for input or
		 * becomes a {@linkplain io.github.mcppersist.task.TaskOptions task}.
		 * @param modern the options for them, or {@code null}, the default, to answer
		 * them as a server that knows of no revision after 2025-11-25, so that they fall
		 * back to it
		 * @return this builder
		 */
		public Builder modern(@Nullable ModernOptions modern) {
			this.modern = modern;
			return this;
		}

		// For tests: nobody else has a reason to change it
		Builder lookInterval(Duration lookInterval) {
			this.lookInterval = positive("lookInterval", lookInterval);
			return this;
		}

		/**
		 * Build the options.
		 * @return the options
		 */
		public StreamableHttpOptions build() {
			return new StreamableHttpOptions(this);
		}

		private static Duration positive(String name, Duration value) {
			if (value.isNegative() || value.isZero()) {
				throw new IllegalArgumentException(name + " must be positive, but is " + value);
			}
			return value;
		}

		private static int positive(String name, int value) {
			if (value <= 0) {
				throw new IllegalArgumentException(name + " must be positive, but is " + value);
			}
			return value;
		}

	}

}

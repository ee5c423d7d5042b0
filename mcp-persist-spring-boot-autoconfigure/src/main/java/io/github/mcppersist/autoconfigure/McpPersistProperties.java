package io.github.mcppersist.autoconfigure;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

import io.github.mcppersist.task.TaskOptions;
import io.github.mcppersist.task.TaskPolicy;
import io.github.mcppersist.transport.CacheScope;
import io.github.mcppersist.transport.ModernOptions;
import io.github.mcppersist.transport.StoreFailurePolicy;

/**
 * The {@code mcp.persist.*} properties.
 *
 * @param enabled whether to configure anything at all
 * @param store where events and sessions are kept; by default in Redis if there is a
 * connection factory for it, and otherwise in memory
 * @param keyPrefix first part of every key in Redis; keeps servers that share a Redis
 * apart
 * @param ttl how long a running stream is kept after the last sign of life of the
 * instance that runs it
 * @param completedTtl how long a stream is kept after its response was stored; the time
 * that a client has to come back for it
 * @param timeout longest wait for an answer from Redis
 * @param maxEventsPerStream how many events of a stream are kept; beyond that the oldest
 * go
 * @param maxBytesPerStream how many bytes of events of a stream are kept; beyond that the
 * oldest go
 * @param maxBytesPerSession how many bytes of events of a session are kept, of those that
 * one instance wrote; beyond that the oldest go
 * @param memory settings of the store in memory
 * @param encryption settings of the encryption of what is stored
 * @param compression settings of the compression of what is stored
 * @param onStoreFailure what happens to requests while the store is out of reach
 * @param endpoint path at which the MCP endpoint is served
 * @param retryInterval how long a client waits before it reconnects, if it is known to
 * bear being told
 * @param heartbeatInterval how long a connection is silent before a comment is sent to
 * keep it open
 * @param maxConnectionAge age at which the server closes a connection, if its client is
 * known to come back; connections aren't closed for their age by default
 * @param sessionTimeout how long a session is kept without being used
 * @param sessionCacheTimeout how long an instance keeps a session in its memory that it
 * isn't asked for; it comes back from the store
 * @param maxSessions how many sessions are stored in all, on whichever instance they
 * began; beyond that a new one gets 503
 * @param maxHeldSessionBytes about how many bytes of heap the sessions take that an
 * instance holds in its memory when one begins; beyond that those that aren't used are
 * let go, and if all are, a new one gets 503; an eighth of the heap by default
 * @param nodeTimeout how long an instance gives no sign of life before the others take it
 * for dead, and end what ran on it with an error
 * @param deleteAllowed whether a client may end its session with DELETE
 * @param maxRequestSize largest request body that is read
 * @param maxUnstoredBytes how many bytes of a stream's events wait in memory for a store
 * that is out of reach; beyond that the oldest go
 * @param maxConnectionBuffer how many bytes of events wait in memory for a client that
 * reads slowly; beyond that its connection is served from the store
 * @param maxCallsPerSession how many requests of one session run and wait on an instance
 * before further ones get 503; what runs no tool or other code of the application doesn't
 * count
 * @param allowedOrigins values of the Origin header to accept beside the server's own; *
 * accepts any
 * @param allowedHosts values of the Host header to accept; * accepts any. By default only
 * local ones on a loopback address, and any elsewhere
 * @param modern settings for clients of revision 2026-07-28
 * @param tasks settings of calls that outlive their connection, for those clients
 */
@ConfigurationProperties("mcp.persist")
public record McpPersistProperties(@DefaultValue("true") boolean enabled, @DefaultValue("auto") Store store,
		@DefaultValue("mcp") String keyPrefix, @DefaultValue("1h") Duration ttl,
		@DefaultValue("5m") Duration completedTtl, @DefaultValue("500ms") Duration timeout,
		@DefaultValue("100000") int maxEventsPerStream, @DefaultValue("64MB") DataSize maxBytesPerStream,
		@DefaultValue("256MB") DataSize maxBytesPerSession, @DefaultValue Memory memory,
		@DefaultValue Encryption encryption, @DefaultValue Compression compression,
		@DefaultValue("continue") StoreFailurePolicy onStoreFailure, @DefaultValue("/mcp") String endpoint,
		@DefaultValue("1s") Duration retryInterval, @DefaultValue("15s") Duration heartbeatInterval,
		@Nullable Duration maxConnectionAge, @DefaultValue("24h") Duration sessionTimeout,
		@DefaultValue("1m") Duration sessionCacheTimeout, @DefaultValue("100000") int maxSessions,
		@Nullable DataSize maxHeldSessionBytes, @DefaultValue("10s") Duration nodeTimeout,
		@DefaultValue("true") boolean deleteAllowed, @DefaultValue("16MB") DataSize maxRequestSize,
		@DefaultValue("8MB") DataSize maxUnstoredBytes, @DefaultValue("512KB") DataSize maxConnectionBuffer,
		@DefaultValue("100") int maxCallsPerSession, @DefaultValue Set<String> allowedOrigins,
		@DefaultValue Set<String> allowedHosts, @DefaultValue Modern modern, @DefaultValue Tasks tasks) {

	public McpPersistProperties {
		positive("ttl", ttl);
		positive("completed-ttl", completedTtl);
		positive("timeout", timeout);
		check(maxEventsPerStream > 0, "max-events-per-stream", "be positive", maxEventsPerStream);
		positive("max-bytes-per-stream", maxBytesPerStream);
		positive("max-bytes-per-session", maxBytesPerSession);
		check(endpoint.startsWith("/") && endpoint.length() > 1 && !endpoint.contains("*"), "endpoint",
				"be a path such as /mcp, without a pattern", endpoint);
		positive("retry-interval", retryInterval);
		positive("heartbeat-interval", heartbeatInterval);
		if (maxConnectionAge != null) {
			positive("max-connection-age", maxConnectionAge);
		}
		positive("session-timeout", sessionTimeout);
		positive("session-cache-timeout", sessionCacheTimeout);
		check(maxSessions > 0, "max-sessions", "be positive", maxSessions);
		if (maxHeldSessionBytes != null) {
			positive("max-held-session-bytes", maxHeldSessionBytes);
		}
		check(nodeTimeout.compareTo(Duration.ofSeconds(1)) >= 0, "node-timeout", "be at least a second", nodeTimeout);
		positiveInt("max-request-size", maxRequestSize);
		positiveInt("max-unstored-bytes", maxUnstoredBytes);
		positiveInt("max-connection-buffer", maxConnectionBuffer);
		check(maxCallsPerSession > 0, "max-calls-per-session", "be positive", maxCallsPerSession);
	}

	/**
	 * Return how long a call is kept at least while it runs, or waits for its client,
	 * from each renewal on. It is as long as for a stream, unless tasks are to be kept
	 * for less.
	 * @return the time
	 */
	public Duration callTtl() {
		return (this.tasks.ttl().compareTo(this.ttl) < 0) ? this.tasks.ttl() : this.ttl;
	}

	private static void positive(String property, Duration value) {
		check(value.toMillis() > 0, property, "be at least a millisecond", value);
	}

	private static void positive(String property, DataSize value) {
		check(value.toBytes() > 0, property, "be positive", value);
	}

	private static void positiveInt(String property, DataSize value) {
		positive(property, value);
		check(value.toBytes() <= Integer.MAX_VALUE, property, "be less than 2GB", value);
	}

	private static void notNegative(String property, int value) {
		check(value >= 0, property, "not be negative", value);
	}

	private static void check(boolean valid, String property, String rule, Object value) {
		if (!valid) {
			throw new IllegalArgumentException("mcp.persist." + property + " must " + rule + ", but is " + value);
		}
	}

	/**
	 * Where events and sessions are kept.
	 */
	public enum Store {

		/**
		 * In Redis if there is a connection factory for it, and otherwise in memory.
		 */
		AUTO,

		/**
		 * In Redis; without a connection factory the application doesn't start.
		 */
		REDIS,

		/**
		 * In this instance's memory.
		 */
		MEMORY

	}

	/**
	 * Settings of the encryption of what is stored.
	 *
	 * @param keys keys that what is stored is encrypted with, each as its ID, a colon,
	 * and 32 random bytes in Base64; the first one encrypts, all of them decrypt. Without
	 * any, nothing is encrypted
	 * @param enabled whether what is stored from now on is encrypted, if there are keys;
	 * what is encrypted is read in any case
	 * @param acceptPlain whether what isn't encrypted is read although there are keys
	 */
	public record Encryption(@DefaultValue List<String> keys, @DefaultValue("true") boolean enabled,
			@DefaultValue("true") boolean acceptPlain) {

		public Encryption {
			keys = List.copyOf(keys);
		}

		/**
		 * Return the number of keys, and none of them.
		 */
		@Override
		public String toString() {
			return "Encryption[keys=" + this.keys.size() + ", enabled=" + this.enabled + ", acceptPlain="
					+ this.acceptPlain + "]";
		}

	}

	/**
	 * Settings of the compression of what is stored.
	 *
	 * @param enabled whether what is stored from now on is compressed
	 * @param minSize size from which on a message is compressed
	 */
	public record Compression(@DefaultValue("false") boolean enabled, @DefaultValue("1KB") DataSize minSize) {

		public Compression {
			positiveInt("compression.min-size", minSize);
		}

	}

	/**
	 * Settings of the store in memory.
	 *
	 * @param maxBytes how many bytes of events are kept in all; beyond that the oldest
	 * completed streams go first
	 */
	public record Memory(@DefaultValue("64MB") DataSize maxBytes) {

		public Memory {
			positive("memory.max-bytes", maxBytes);
		}

	}

	/**
	 * Settings for clients of revision 2026-07-28, which has no sessions.
	 *
	 * @param enabled whether to serve that revision; if not, its clients fall back to one
	 * before it
	 * @param inputTimeout how long a call that has asked its client for input waits for
	 * it to come back, at most 30 days
	 * @param maxParkedCalls how many calls of an instance may have asked their clients
	 * for input and not be over yet; beyond that a call that asks gets 503
	 * @param maxParkedCallsPerPrincipal how many of these may be one principal's, of
	 * those that are authenticated
	 * @param maxCalls how many requests of tools, prompts, resources and completions run
	 * and wait on an instance; beyond that they get 503
	 * @param maxCallsPerPrincipal how many of these may be one principal's, of those that
	 * are authenticated
	 * @param maxSubscriptions how many clients may listen to changes on an instance;
	 * beyond that they get 503
	 * @param maxSubscriptionsPerPrincipal how many of these may be one principal's, of
	 * those that are authenticated
	 * @param heartbeatInterval how long a response is silent before a comment is sent, by
	 * which a client is noticed that has gone
	 * @param requestState settings of the state that clients bring back with their input
	 * @param cache what clients are told about caching lists and resources
	 */
	public record Modern(@DefaultValue("true") boolean enabled, @DefaultValue("10m") Duration inputTimeout,
			@DefaultValue("200") int maxParkedCalls, @DefaultValue("50") int maxParkedCallsPerPrincipal,
			@DefaultValue("5000") int maxCalls, @DefaultValue("500") int maxCallsPerPrincipal,
			@DefaultValue("5000") int maxSubscriptions, @DefaultValue("500") int maxSubscriptionsPerPrincipal,
			@DefaultValue("5s") Duration heartbeatInterval, @DefaultValue RequestState requestState,
			@DefaultValue Cache cache) {

		public Modern {
			positive("modern.input-timeout", inputTimeout);
			check(inputTimeout.compareTo(ModernOptions.MAX_INPUT_TIMEOUT) <= 0, "modern.input-timeout",
					"be at most 30 days", inputTimeout);
			notNegative("modern.max-parked-calls", maxParkedCalls);
			notNegative("modern.max-parked-calls-per-principal", maxParkedCallsPerPrincipal);
			check(maxCalls > 0, "modern.max-calls", "be at least 1", maxCalls);
			check(maxCallsPerPrincipal > 0, "modern.max-calls-per-principal", "be at least 1", maxCallsPerPrincipal);
			notNegative("modern.max-subscriptions", maxSubscriptions);
			notNegative("modern.max-subscriptions-per-principal", maxSubscriptionsPerPrincipal);
			positive("modern.heartbeat-interval", heartbeatInterval);
		}

		/**
		 * Settings of the state that clients bring back with their input.
		 *
		 * @param keys keys that the state is sealed with, each 32 random bytes in Base64,
		 * the same on all instances; the first one seals, all of them open. Without any,
		 * the instances agree on one
		 */
		public record RequestState(@DefaultValue List<String> keys) {

			public RequestState {
				keys = List.copyOf(keys);
			}

			/**
			 * Return the number of keys, and none of them.
			 */
			@Override
			public String toString() {
				return "RequestState[keys=" + this.keys.size() + "]";
			}

		}

		/**
		 * What clients are told about caching lists, resources and what the server says
		 * of itself.
		 *
		 * @param ttl for how long they may take them for fresh
		 * @param scope who may share what is cached: whoever has the same authorization,
		 * or anybody
		 */
		public record Cache(@DefaultValue("0s") Duration ttl, @DefaultValue("private") CacheScope scope) {

			public Cache {
				check(!ttl.isNegative(), "modern.cache.ttl", "not be negative", ttl);
			}

		}

	}

	/**
	 * Settings of tasks: calls of tools that outlive their connection, for clients of
	 * revision 2026-07-28 that can deal with them.
	 *
	 * @param when when calls become tasks: never, from their beginning if the client
	 * supports it, after they have run for some time, or from their beginning as it is
	 * required, so that they are refused to other clients
	 * @param after how long a call may run before it becomes a task
	 * @param tools when the calls of single tools become tasks, by the tool's name
	 * @param ttl how long a task is kept at least, from its creation on, at most a year;
	 * one that waits for its client's input for as long is cancelled
	 * @param pollInterval how often clients are to ask for the state of a task; those
	 * that ask ten times as often get 429
	 * @param maxTasks how many tasks of an instance may not be over yet; beyond that a
	 * call stays on its connection, or gets 503 if it must be a task
	 * @param maxTasksPerPrincipal how many of these may be one principal's, of those that
	 * are authenticated
	 */
	public record Tasks(@DefaultValue("after") TaskPolicy when, @DefaultValue("5s") Duration after,
			@DefaultValue Map<String, TaskPolicy> tools, @DefaultValue("1h") Duration ttl,
			@DefaultValue("1s") Duration pollInterval, @DefaultValue("250") int maxTasks,
			@DefaultValue("100") int maxTasksPerPrincipal) {

		public Tasks {
			tools = Map.copyOf(tools);
			positive("tasks.after", after);
			positive("tasks.ttl", ttl);
			check(ttl.compareTo(TaskOptions.MAX_TIME_TO_LIVE) <= 0, "tasks.ttl", "be at most a year", ttl);
			positive("tasks.poll-interval", pollInterval);
			notNegative("tasks.max-tasks", maxTasks);
			notNegative("tasks.max-tasks-per-principal", maxTasksPerPrincipal);
		}

	}

}

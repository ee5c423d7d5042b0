package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.List;
import java.util.Objects;

import io.github.mcppersist.modern.ModernSettings;
import io.github.mcppersist.task.TaskOptions;

/**
 * What can be set for clients of the <em>modern</em> era, those of revision 2026-07-28.
 * Immutable.
 */
public final class ModernOptions {

	/**
	 * How long a call may wait for input at most: 30 days.
	 */
	public static final Duration MAX_INPUT_TIMEOUT = Duration.ofDays(30);

	private final Duration heartbeatInterval;

	private final int maxCalls;

	private final int maxCallsPerPrincipal;

	private final int maxSubscriptions;

	private final int maxSubscriptionsPerPrincipal;

	private final Duration cacheTtl;

	private final CacheScope cacheScope;

	private final Duration inputTimeout;

	private final int maxParkedCalls;

	private final int maxParkedCallsPerPrincipal;

	private final List<byte[]> requestStateKeys;

	private final TaskOptions tasks;

	private ModernOptions(Builder builder) {
		this.heartbeatInterval = builder.heartbeatInterval;
		this.maxCalls = builder.maxCalls;
		this.maxCallsPerPrincipal = builder.maxCallsPerPrincipal;
		this.maxSubscriptions = builder.maxSubscriptions;
		this.maxSubscriptionsPerPrincipal = builder.maxSubscriptionsPerPrincipal;
		this.cacheTtl = builder.cacheTtl;
		this.cacheScope = builder.cacheScope;
		this.inputTimeout = builder.inputTimeout;
		this.maxParkedCalls = builder.maxParkedCalls;
		this.maxParkedCallsPerPrincipal = builder.maxParkedCallsPerPrincipal;
		this.requestStateKeys = builder.requestStateKeys;
		this.tasks = builder.tasks;
	}

	/**
	 * Return the defaults.
	 * @return options as a new {@link #builder()} builds them
	 */
	public static ModernOptions defaults() {
		return builder().build();
	}

	/**
	 * Return a builder that starts from the defaults.
	 * @return the builder
	 */
	public static Builder builder() {
		return new Builder();
	}

	Duration heartbeatInterval() {
		return this.heartbeatInterval;
	}

	int maxCalls() {
		return this.maxCalls;
	}

	int maxCallsPerPrincipal() {
		return this.maxCallsPerPrincipal;
	}

	int maxSubscriptions() {
		return this.maxSubscriptions;
	}

	int maxSubscriptionsPerPrincipal() {
		return this.maxSubscriptionsPerPrincipal;
	}

	Duration cacheTtl() {
		return this.cacheTtl;
	}

	CacheScope cacheScope() {
		return this.cacheScope;
	}

	Duration inputTimeout() {
		return this.inputTimeout;
	}

	int maxParkedCalls() {
		return this.maxParkedCalls;
	}

	int maxParkedCallsPerPrincipal() {
		return this.maxParkedCallsPerPrincipal;
	}

	List<byte[]> requestStateKeys() {
		return this.requestStateKeys;
	}

	TaskOptions tasks() {
		return this.tasks;
	}

	/**
	 * Builds {@link ModernOptions}. Each setter refuses a value that can't work with an
	 * {@link IllegalArgumentException} that names it.
	 */
	public static final class Builder {

		private Duration heartbeatInterval = Duration.ofSeconds(5);

		private int maxCalls = 5000;

		private int maxCallsPerPrincipal = 500;

		private int maxSubscriptions = 5000;

		private int maxSubscriptionsPerPrincipal = 500;

		private Duration cacheTtl = Duration.ZERO;

		private CacheScope cacheScope = CacheScope.PRIVATE;

		private Duration inputTimeout = Duration.ofMinutes(10);

		private int maxParkedCalls = 200;

		private int maxParkedCallsPerPrincipal = 50;

		private List<byte[]> requestStateKeys = List.of();

		private TaskOptions tasks = TaskOptions.defaults();

		private Builder() {
		}

		/**
		 * Set how long the response to a request may be silent before a comment is sent.
		 * By it a client is noticed that has closed the response, which cancels the
		 * request: some servers see that at the second comment only. Until the first one
		 * an error has its own HTTP status.
		 * @param heartbeatInterval five seconds by default
		 * @return this builder
		 */
		public Builder heartbeatInterval(Duration heartbeatInterval) {
			if (heartbeatInterval.isNegative() || heartbeatInterval.isZero()) {
				throw new IllegalArgumentException("heartbeatInterval must be positive, but is " + heartbeatInterval);
			}
			this.heartbeatInterval = heartbeatInterval;
			return this;
		}

		/**
		 * Set how many requests of tools, prompts, resources and completions may run and
		 * wait on this node at once, parked calls included. Further ones are answered
		 * with 503.
		 * @param maxCalls 5,000 by default, at least 1
		 * @return this builder
		 */
		public Builder maxCalls(int maxCalls) {
			if (maxCalls < 1) {
				throw new IllegalArgumentException("maxCalls must be at least 1, but is " + maxCalls);
			}
			this.maxCalls = maxCalls;
			return this;
		}

		/**
		 * Set how many of these one principal may have, so that it doesn't keep all
		 * others out. Further ones are answered with 503. Clients that nobody has
		 * authenticated can't be told from each other: they aren't bounded by this, but
		 * leave a quarter of all places free once there are others.
		 * @param maxCallsPerPrincipal 500 by default, at least 1
		 * @return this builder
		 */
		public Builder maxCallsPerPrincipal(int maxCallsPerPrincipal) {
			if (maxCallsPerPrincipal < 1) {
				throw new IllegalArgumentException(
						"maxCallsPerPrincipal must be at least 1, but is " + maxCallsPerPrincipal);
			}
			this.maxCallsPerPrincipal = maxCallsPerPrincipal;
			return this;
		}

		/**
		 * Set how many clients may listen to changes on this node at once, with
		 * {@code subscriptions/listen}. Each has its connection open all the time, and
		 * further ones are answered with 503.
		 * @param maxSubscriptions 5,000 by default
		 * @return this builder
		 */
		public Builder maxSubscriptions(int maxSubscriptions) {
			if (maxSubscriptions < 0) {
				throw new IllegalArgumentException("maxSubscriptions must not be negative, but is " + maxSubscriptions);
			}
			this.maxSubscriptions = maxSubscriptions;
			return this;
		}

		/**
		 * Set how many of these one principal may have, so that it doesn't keep all
		 * others out. Further ones are answered with 503. Clients that nobody has
		 * authenticated leave a quarter of all places free once there are others.
		 * @param maxSubscriptionsPerPrincipal 500 by default
		 * @return this builder
		 */
		public Builder maxSubscriptionsPerPrincipal(int maxSubscriptionsPerPrincipal) {
			if (maxSubscriptionsPerPrincipal < 0) {
				throw new IllegalArgumentException(
						"maxSubscriptionsPerPrincipal must not be negative, but is " + maxSubscriptionsPerPrincipal);
			}
			this.maxSubscriptionsPerPrincipal = maxSubscriptionsPerPrincipal;
			return this;
		}

		/**
		 * Set for how long clients may take lists, resources and what the server says of
		 * itself for fresh. A handler that returns {@code ttlMs} itself has the last
		 * word.
		 * @param cacheTtl not at all by default
		 * @return this builder
		 */
		public Builder cacheTtl(Duration cacheTtl) {
			if (cacheTtl.isNegative()) {
				throw new IllegalArgumentException("cacheTtl must not be negative, but is " + cacheTtl);
			}
			this.cacheTtl = cacheTtl;
			return this;
		}

		/**
		 * Set who may share what a client has cached.
		 * @param cacheScope {@link CacheScope#PRIVATE} by default
		 * @return this builder
		 */
		public Builder cacheScope(CacheScope cacheScope) {
			this.cacheScope = Objects.requireNonNull(cacheScope, "cacheScope must not be null");
			return this;
		}

		/**
		 * Set how long a call that has asked its client for input waits for it to come
		 * back. Then the call is cancelled: its handler is interrupted, and its client is
		 * told that the state it brings has expired.
		 * @param inputTimeout ten minutes by default, and at most
		 * {@link #MAX_INPUT_TIMEOUT}
		 * @return this builder
		 */
		public Builder inputTimeout(Duration inputTimeout) {
			if (inputTimeout.toMillis() < 1 || inputTimeout.compareTo(MAX_INPUT_TIMEOUT) > 0) {
				throw new IllegalArgumentException(
						"inputTimeout must be at least a millisecond and at most 30 days, but is " + inputTimeout);
			}
			this.inputTimeout = inputTimeout;
			return this;
		}

		/**
		 * Set how many calls of this node may have asked their clients for input and not
		 * be over yet. Each holds the thread of its handler while that blocks. What would
		 * be one more gets an error that its client can repeat it after.
		 * @param maxParkedCalls 200 by default
		 * @return this builder
		 */
		public Builder maxParkedCalls(int maxParkedCalls) {
			if (maxParkedCalls < 0) {
				throw new IllegalArgumentException("maxParkedCalls must not be negative, but is " + maxParkedCalls);
			}
			this.maxParkedCalls = maxParkedCalls;
			return this;
		}

		/**
		 * Set how many of these may be one principal's, so that it doesn't keep all
		 * others out. What would be one more gets the same error. Clients that nobody has
		 * authenticated leave a quarter of all places free once there are others.
		 * @param maxParkedCallsPerPrincipal 50 by default
		 * @return this builder
		 */
		public Builder maxParkedCallsPerPrincipal(int maxParkedCallsPerPrincipal) {
			if (maxParkedCallsPerPrincipal < 0) {
				throw new IllegalArgumentException(
						"maxParkedCallsPerPrincipal must not be negative, but is " + maxParkedCallsPerPrincipal);
			}
			this.maxParkedCallsPerPrincipal = maxParkedCallsPerPrincipal;
			return this;
		}

		/**
		 * Set what the state is sealed with that a client brings back with its input
		 * (AES-256-GCM). All nodes need the same keys. To replace one, add the new one at
		 * the end on all nodes, then move it to the front, and leave out the old one once
		 * {@linkplain #inputTimeout(Duration) the states are old}.
		 * @param requestStateKeys keys of 32 random bytes each, the first of which seals
		 * while all open; by default the nodes draw one, which is kept in the task store
		 * @return this builder
		 */
		public Builder requestStateKeys(List<byte[]> requestStateKeys) {
			this.requestStateKeys = ModernSettings.requireKeys(requestStateKeys);
			return this;
		}

		/**
		 * Set which calls of tools become tasks, for clients that can deal with these.
		 * @param tasks {@link TaskOptions#defaults()} by default
		 * @return this builder
		 */
		public Builder tasks(TaskOptions tasks) {
			this.tasks = Objects.requireNonNull(tasks, "tasks must not be null");
			return this;
		}

		/**
		 * Build the options.
		 * @return the options
		 */
		public ModernOptions build() {
			return new ModernOptions(this);
		}

	}

}

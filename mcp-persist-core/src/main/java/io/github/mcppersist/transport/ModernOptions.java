package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.Objects;

/**
 * What can be set for clients of the <em>modern</em> era, those of revision 2026-07-28.
 * Immutable.
 */
public final class ModernOptions {

	private final Duration heartbeatInterval;

	private final int maxSubscriptions;

	private final Duration cacheTtl;

	private final CacheScope cacheScope;

	private ModernOptions(Builder builder) {
		this.heartbeatInterval = builder.heartbeatInterval;
		this.maxSubscriptions = builder.maxSubscriptions;
		this.cacheTtl = builder.cacheTtl;
		this.cacheScope = builder.cacheScope;
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

	int maxSubscriptions() {
		return this.maxSubscriptions;
	}

	Duration cacheTtl() {
		return this.cacheTtl;
	}

	CacheScope cacheScope() {
		return this.cacheScope;
	}

	/**
	 * Builds {@link ModernOptions}. Each setter refuses a value that can't work with an
	 * {@link IllegalArgumentException} that names it.
	 */
	public static final class Builder {

		private Duration heartbeatInterval = Duration.ofSeconds(5);

		private int maxSubscriptions = 5000;

		private Duration cacheTtl = Duration.ZERO;

		private CacheScope cacheScope = CacheScope.PRIVATE;

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
		 * Build the options.
		 * @return the options
		 */
		public ModernOptions build() {
			return new ModernOptions(this);
		}

	}

}

package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.event.StoreOutage;

/**
 * Two circuit breakers, one for reads and one for writes: while Redis can't be reached
 * both are open, while it refuses writes the second one is. An open breaker lets through
 * one probe at a time, at most four a second. An outage is logged once when it begins and
 * once when it ends. A first answer that is long in coming is none: a JVM that has just
 * started takes its time to open a connection.
 */
final class RedisHealth {

	private static final long PROBE_INTERVAL = 250_000_000L;

	private static final long START = 15_000_000_000L;

	private static final Logger logger = LoggerFactory.getLogger(RedisEventStore.class);

	private final LongSupplier nanoTime;

	private final Breaker reads = new Breaker();

	private final Breaker writes = new Breaker();

	private volatile boolean outage;

	private final long createdAt;

	private volatile long lastSuccess;

	private @Nullable RedisFailure failure;

	private long outageStart;

	RedisHealth(LongSupplier nanoTime) {
		this.nanoTime = nanoTime;
		this.createdAt = nanoTime.getAsLong();
		this.lastSuccess = this.createdAt - 1;
	}

	boolean isOutage() {
		return this.outage;
	}

	/**
	 * Say whether a call may be made now.
	 * @param write whether the call is a write
	 * @return whether, and in what role
	 */
	Admission admit(boolean write) {
		if (!this.outage) {
			return Admission.ADMITTED;
		}
		synchronized (this) {
			return breaker(write).admit(this.nanoTime.getAsLong());
		}
	}

	/**
	 * A call was answered.
	 * @param write whether the call was a write
	 * @param probe whether the call was let through by an open breaker
	 */
	void succeeded(boolean write, boolean probe) {
		this.lastSuccess = this.nanoTime.getAsLong();
		if (this.outage || probe) {
			recover(write, probe);
		}
	}

	/**
	 * A call failed.
	 * @param write whether the call was a write
	 * @param probe whether the call was let through by an open breaker
	 * @param startedAt when the call was sent
	 * @param cause why it failed
	 */
	synchronized void failed(boolean write, boolean probe, long startedAt, RedisFailure cause) {
		if (probe) {
			breaker(write).probed(this.nanoTime.getAsLong());
		}
		switch (cause.kind()) {
			case WRITES_REFUSED -> {
				open(this.writes, cause);
				// It was answered, so reads are worth a try again.
				this.reads.close();
			}
			case NO_ACCESS -> open(cause);
			case CONNECTION, PASSING -> {
				// One shard of a Cluster being away must not shut off the others, and one
				// slow call is no outage: what counts is that nothing at all is answered.
				if (this.lastSuccess - startedAt <= 0 && !(isTimeout(cause) && isStarting())) {
					open(cause);
				}
			}
			case NOSCRIPT, REFUSED -> {
			}
		}
	}

	/**
	 * A call ended that says nothing about Redis.
	 * @param write whether the call was a write
	 * @param probe whether the call was let through by an open breaker
	 */
	synchronized void ended(boolean write, boolean probe) {
		if (probe) {
			breaker(write).probed(this.nanoTime.getAsLong());
		}
	}

	@Nullable StoreOutage outage() {
		if (!this.outage) {
			return null;
		}
		synchronized (this) {
			RedisFailure failure = this.failure;
			return (failure != null) ? new StoreOutage(this.reads.isOpen(), this.writes.isOpen(), failure.message(),
					Duration.ofNanos(this.nanoTime.getAsLong() - this.outageStart)) : null;
		}
	}

	synchronized @Nullable RedisFailure failure() {
		return this.failure;
	}

	private static boolean isTimeout(RedisFailure failure) {
		return failure.cause() == null;
	}

	private boolean isStarting() {
		return this.lastSuccess - this.createdAt < 0 && this.nanoTime.getAsLong() - this.createdAt < START;
	}

	private void open(RedisFailure cause) {
		open(this.reads, cause);
		open(this.writes, cause);
	}

	private void open(Breaker breaker, RedisFailure cause) {
		breaker.open(this.nanoTime.getAsLong(), cause.kind());
		this.failure = cause;
		if (!this.outage) {
			this.outage = true;
			this.outageStart = this.nanoTime.getAsLong();
			logger.atWarn()
				.addKeyValue("mcp.outage.kind", cause.kind())
				.log("Events aren't stored for now, and clients can't resume fully until they are. {}",
						cause.message());
		}
	}

	private synchronized void recover(boolean write, boolean probe) {
		if (probe) {
			breaker(write).probed(this.nanoTime.getAsLong());
		}
		if (!this.outage) {
			return;
		}
		breaker(write).close();
		// An answer of any kind proves the connection, but a read doesn't prove that
		// writes are taken again.
		Breaker other = breaker(!write);
		if (write || other.cause != RedisFailure.Kind.WRITES_REFUSED) {
			other.close();
		}
		if (!this.reads.isOpen() && !this.writes.isOpen()) {
			this.outage = false;
			this.failure = null;
			long millis = (this.nanoTime.getAsLong() - this.outageStart) / 1_000_000;
			logger.atInfo().addKeyValue("mcp.outage.ms", millis).log("Redis works again after {} ms", millis);
		}
	}

	private Breaker breaker(boolean write) {
		return write ? this.writes : this.reads;
	}

	/**
	 * Whether a call may be made.
	 */
	enum Admission {

		/**
		 * The call is made.
		 */
		ADMITTED,

		/**
		 * The call is made to see whether Redis works again.
		 */
		PROBE,

		/**
		 * The call fails at once.
		 */
		REFUSED

	}

	private static final class Breaker {

		private RedisFailure.@Nullable Kind cause;

		private boolean probing;

		private long lastProbe;

		boolean isOpen() {
			return this.cause != null;
		}

		void open(long now, RedisFailure.Kind cause) {
			if (this.cause == null) {
				this.lastProbe = now;
			}
			this.cause = cause;
		}

		// The next probe waits from now on, so that a caller who makes one call after the
		// other doesn't make a probe of every second one.
		void probed(long now) {
			this.probing = false;
			this.lastProbe = now;
		}

		void close() {
			this.cause = null;
		}

		Admission admit(long now) {
			if (this.cause == null) {
				return Admission.ADMITTED;
			}
			if (this.probing || now - this.lastProbe < PROBE_INTERVAL) {
				return Admission.REFUSED;
			}
			this.probing = true;
			this.lastProbe = now;
			return Admission.PROBE;
		}

	}

}

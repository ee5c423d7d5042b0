package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Knows whether there may be sessions that the store doesn't have: while it takes no
 * writes, a session begins on its own node and is stored later. A client drops its
 * session on a 404, so what isn't found meanwhile is not called unknown.
 * <p>
 * It is known from the store itself, within a second or two, at once from a call of this
 * node that it doesn't take, and from the node where such a session begins. Thread-safe.
 */
final class UnsavedSessions {

	/**
	 * How long other nodes may take to store their sessions once the store takes writes
	 * again: each tries once a second.
	 */
	private static final Duration SAVING = Duration.ofSeconds(5);

	private final BooleanSupplier writesFail;

	private final LongSupplier nanoTime;

	private volatile long lastSeen;

	/**
	 * Create an instance that knows of none.
	 * @param writesFail says whether the store takes no writes now, as far as it knows
	 * @param nanoTime tells the time
	 */
	UnsavedSessions(BooleanSupplier writesFail, LongSupplier nanoTime) {
		this.writesFail = writesFail;
		this.nanoTime = nanoTime;
		this.lastSeen = nanoTime.getAsLong() - SAVING.toNanos();
	}

	/**
	 * Note that a session could not be stored, on this node or another, or that another
	 * node may have failed to, since the store was out of reach of this one.
	 */
	void seen() {
		this.lastSeen = this.nanoTime.getAsLong();
	}

	/**
	 * Look whether the store takes writes; to be called once a second, so that an outage
	 * isn't missed in which nobody asks.
	 */
	void look() {
		if (this.writesFail.getAsBoolean()) {
			seen();
		}
	}

	/**
	 * Say whether a session may have begun that isn't stored yet.
	 * @return whether what isn't found may be there all the same
	 */
	boolean arePossible() {
		look();
		return this.nanoTime.getAsLong() - this.lastSeen < SAVING.toNanos();
	}

}

package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

import io.github.mcppersist.stream.StreamContext;

/**
 * Who uses a session, so that it isn't let go meanwhile; and when it was used last. It is
 * held, and then used any number of times at once, until it is let go, for good.
 * Thread-safe.
 */
final class Uses {

	private final LongSupplier nanoTime;

	private final AtomicReference<State> state = new AtomicReference<>(new Held(0));

	private volatile long lastUsedNanos;

	private volatile long renewedNanos;

	/**
	 * Begin with a session that is held, and was used just now.
	 * @param nanoTime returns the time, for differences
	 */
	Uses(LongSupplier nanoTime) {
		this.nanoTime = nanoTime;
		this.lastUsedNanos = nanoTime.getAsLong();
		this.renewedNanos = this.lastUsedNanos;
	}

	/**
	 * Begin a use.
	 * @return whether the session is held; always, for who uses it already
	 */
	boolean acquire() {
		State before = this.state
			.getAndUpdate((state) -> (state instanceof Held held) ? new Held(held.uses() + 1) : state);
		return before instanceof Held;
	}

	/**
	 * End a use.
	 */
	void release() {
		// First, for whoever finds that it isn't used any more
		this.lastUsedNanos = this.nanoTime.getAsLong();
		this.state.updateAndGet((state) -> (state instanceof Held held) ? new Held(held.uses() - 1) : state);
	}

	/**
	 * Say whether the session has been used since its expiry was put off, and note that
	 * it is put off now. No use is overlooked: what is under way counts, and one that
	 * begins meanwhile counts the next time.
	 * @return whether it has to be put off
	 */
	boolean takeUsed() {
		long now = this.nanoTime.getAsLong();
		boolean inUse = this.state.get() instanceof Held held && held.uses() > 0;
		boolean used = inUse || this.lastUsedNanos - this.renewedNanos > 0;
		this.renewedNanos = now;
		return used;
	}

	/**
	 * Let the session go if it isn't used, and hasn't been for a time. Until then it is
	 * held: nobody is refused a session that isn't let go after all.
	 * @param timeout how long it may be held without being used
	 * @param idle says whether it may be let go. What it says must hold for as long as
	 * nobody begins to use the session
	 * @return whether the session was let go by this call
	 */
	boolean letGo(Duration timeout, BooleanSupplier idle) {
		State seen = this.state.get();
		return seen instanceof Held held && held.uses() == 0
				&& this.nanoTime.getAsLong() - this.lastUsedNanos > StreamContext.nanos(timeout) && idle.getAsBoolean()
				&& this.state.compareAndSet(seen, new LetGo());
	}

	/**
	 * What becomes of a session. Each change makes a new one, so that the same one means
	 * that nobody has used the session meanwhile.
	 */
	private sealed interface State {

	}

	private record Held(int uses) implements State {
	}

	private record LetGo() implements State {
	}

}

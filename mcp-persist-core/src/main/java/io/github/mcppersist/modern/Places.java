package io.github.mcppersist.modern;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;

/**
 * So many places, of which one principal may have only some: it must not keep all others
 * out. Who isn't known isn't told from others, and has a place as long as there is one.
 * Thread-safe.
 */
final class Places {

	private final int max;

	private final int maxPerPrincipal;

	private final AtomicInteger taken = new AtomicInteger();

	private final Map<String, Integer> takenBy = new ConcurrentHashMap<>();

	Places(int max, int maxPerPrincipal) {
		this.max = max;
		this.maxPerPrincipal = maxPerPrincipal;
	}

	/**
	 * Take a place.
	 * @param principal who takes it, or {@code null} if that isn't known
	 * @return whether there was one
	 */
	Answer take(@Nullable String principal) {
		if (principal != null && this.takenBy.merge(principal, 1, Integer::sum) > this.maxPerPrincipal) {
			giveBackOf(principal);
			return Answer.ENOUGH;
		}
		if (this.taken.getAndUpdate((taken) -> (taken < this.max) ? taken + 1 : taken) >= this.max) {
			giveBackOf(principal);
			return Answer.FULL;
		}
		return Answer.TAKEN;
	}

	/**
	 * Give a place back that was taken.
	 * @param principal who has taken it
	 * @return whether that is known, and has no other one
	 */
	boolean giveBack(@Nullable String principal) {
		this.taken.decrementAndGet();
		return giveBackOf(principal);
	}

	private boolean giveBackOf(@Nullable String principal) {
		return principal != null
				&& this.takenBy.computeIfPresent(principal, (key, count) -> (count > 1) ? count - 1 : null) == null;
	}

	/**
	 * Count the places that are taken.
	 * @return how many
	 */
	int taken() {
		return this.taken.get();
	}

	/**
	 * Whether there was a place.
	 */
	enum Answer {

		/**
		 * There was one, and it is taken.
		 */
		TAKEN,

		/**
		 * The principal has as many as it may have.
		 */
		ENOUGH,

		/**
		 * There is none.
		 */
		FULL

	}

}

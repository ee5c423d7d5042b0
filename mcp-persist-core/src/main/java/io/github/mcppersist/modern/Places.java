package io.github.mcppersist.modern;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import org.jspecify.annotations.Nullable;

/**
 * So many places, of which one principal may have only some: it must not keep all others
 * out. Those who aren't known can't be told from each other. They may take all places,
 * but once anybody was known, they leave a quarter to those who are. Thread-safe.
 */
final class Places {

	private final int max;

	private final int maxPerPrincipal;

	private final int maxUnknown;

	private volatile boolean anyKnown;

	private final AtomicInteger taken = new AtomicInteger();

	private final AtomicInteger takenByUnknown = new AtomicInteger();

	private final Map<String, Integer> takenBy = new ConcurrentHashMap<>();

	Places(int max, int maxPerPrincipal) {
		this.max = max;
		this.maxPerPrincipal = maxPerPrincipal;
		this.maxUnknown = max - max / 4;
	}

	/**
	 * Take a place.
	 * @param principal who takes it, or {@code null} if that isn't known
	 * @return whether there was one
	 */
	Answer take(@Nullable String principal) {
		return take(principal, 1);
	}

	/**
	 * Take places: all or none.
	 * @param principal who takes them, or {@code null} if that isn't known
	 * @param count how many
	 * @return whether there were so many
	 */
	Answer take(@Nullable String principal, int count) {
		if (count == 0) {
			return Answer.TAKEN;
		}
		if (principal == null) {
			if (!take(this.takenByUnknown, count, max(null))) {
				return Answer.FULL;
			}
		}
		else {
			this.anyKnown = true;
			if (this.takenBy.merge(principal, count, Integer::sum) > this.maxPerPrincipal) {
				giveBackOf(principal, count);
				return Answer.ENOUGH;
			}
		}
		if (!take(this.taken, count, this.max)) {
			giveBackOf(principal, count);
			return Answer.FULL;
		}
		return Answer.TAKEN;
	}

	private int max(@Nullable String principal) {
		if (principal != null) {
			return this.maxPerPrincipal;
		}
		return this.anyKnown ? this.maxUnknown : this.max;
	}

	private static boolean take(AtomicInteger taken, int count, int max) {
		return taken.getAndUpdate((before) -> (before <= max - count) ? before + count : before) <= max - count;
	}

	/**
	 * Say whether there are places. They may have been taken by the next moment.
	 * @param principal who would take them, or {@code null} if that isn't known
	 * @param count how many
	 * @return whether there are so many
	 */
	boolean has(@Nullable String principal, int count) {
		int own = (principal != null) ? this.takenBy.getOrDefault(principal, 0) : this.takenByUnknown.get();
		return own <= max(principal) - count && this.taken.get() <= this.max - count;
	}

	/**
	 * Give a place back that was taken.
	 * @param principal who has taken it
	 * @return whether that is known, and has no other one
	 */
	boolean giveBack(@Nullable String principal) {
		return giveBack(principal, 1);
	}

	/**
	 * Give places back that were taken.
	 * @param principal who has taken them
	 * @param count how many
	 * @return whether that is known, and has no other one
	 */
	boolean giveBack(@Nullable String principal, int count) {
		this.taken.addAndGet(-count);
		return giveBackOf(principal, count);
	}

	private boolean giveBackOf(@Nullable String principal, int count) {
		if (principal == null) {
			this.takenByUnknown.addAndGet(-count);
			return false;
		}
		return this.takenBy.computeIfPresent(principal, (key, taken) -> (taken > count) ? taken - count : null) == null;
	}

	/**
	 * Say whether somebody has a place.
	 * @param principal who
	 * @return whether it has one
	 */
	boolean isTakenBy(String principal) {
		return this.takenBy.containsKey(principal);
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

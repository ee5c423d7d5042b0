package io.github.mcppersist.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongSupplier;

import org.springframework.data.redis.connection.ClusterSlotHashUtil;

/**
 * Slots of a Cluster that are on their way to another node for longer than a call waits
 * for that. A resharding that was broken off leaves such a slot for good: calls of one
 * key are carried out, and those of several are asked to come again, for ever. Only the
 * first of each kind waits; a trial of its own finds out when it is over.
 */
final class StuckSlots {

	/**
	 * Beyond that, calls just wait.
	 */
	private static final int MAX_KNOWN = 100;

	private static final long TRIAL_INTERVAL = 1_000_000_000L;

	private final LongSupplier nanoTime;

	private final Map<Integer, Stuck> known = new TreeMap<>();

	/**
	 * Mirrors whether any are known: each call looks.
	 */
	private volatile boolean any;

	StuckSlots(LongSupplier nanoTime) {
		this.nanoTime = nanoTime;
	}

	/**
	 * Note that a call has waited in vain.
	 * @param key its key
	 * @param operation what it was to do
	 */
	synchronized void waited(byte[] key, Operation operation) {
		int slot = ClusterSlotHashUtil.calculateSlot(key);
		Stuck stuck = this.known.get(slot);
		if (stuck == null && this.known.size() < MAX_KNOWN) {
			stuck = new Stuck(this.nanoTime.getAsLong());
			this.known.put(slot, stuck);
			this.any = true;
		}
		if (stuck != null) {
			stuck.operations.add(operation.name());
		}
	}

	/**
	 * Say whether a call would wait in vain.
	 * @param key its key
	 * @param operation what it is to do
	 * @return whether another one like it did, and no trial has succeeded since
	 */
	boolean hinder(byte[] key, Operation operation) {
		return this.any && isStuck(key, operation);
	}

	private synchronized boolean isStuck(byte[] key, Operation operation) {
		Stuck stuck = this.known.get(ClusterSlotHashUtil.calculateSlot(key));
		return stuck != null && stuck.operations.contains(operation.name());
	}

	/**
	 * Say which slots are to be tried now. Each is to be {@link #tried} before it is due
	 * again.
	 * @return the slots
	 */
	List<Integer> due() {
		if (!this.any) {
			return List.of();
		}
		synchronized (this) {
			List<Integer> due = new ArrayList<>();
			long now = this.nanoTime.getAsLong();
			this.known.forEach((slot, stuck) -> {
				if (!stuck.underTrial && now - stuck.lastTrial >= TRIAL_INTERVAL) {
					stuck.underTrial = true;
					due.add(slot);
				}
			});
			return due;
		}
	}

	/**
	 * A trial has ended.
	 * @param slot the slot
	 * @param carriedOut whether its call of several new keys was carried out
	 */
	synchronized void tried(int slot, boolean carriedOut) {
		if (carriedOut) {
			this.known.remove(slot);
		}
		Stuck stuck = this.known.get(slot);
		if (stuck != null) {
			stuck.underTrial = false;
			stuck.lastTrial = this.nanoTime.getAsLong();
		}
		this.any = !this.known.isEmpty();
	}

	/**
	 * Do something if no slot is stuck, before one can be {@link #waited noted}.
	 * @param task what, which doesn't block
	 */
	synchronized void ifNone(Runnable task) {
		if (this.known.isEmpty()) {
			task.run();
		}
	}

	/**
	 * Name the slots.
	 * @return their numbers, or nothing if there are none
	 */
	@Override
	public synchronized String toString() {
		return String.join(", ", this.known.keySet().stream().map(String::valueOf).toList());
	}

	private static final class Stuck {

		private final Set<String> operations = new TreeSet<>();

		private long lastTrial;

		private boolean underTrial;

		Stuck(long now) {
			this.lastTrial = now;
		}

	}

}

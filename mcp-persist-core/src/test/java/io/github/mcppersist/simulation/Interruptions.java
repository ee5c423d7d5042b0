package io.github.mcppersist.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * When something didn't work: a store that was away, a node that stood still.
 */
final class Interruptions {

	private final World world;

	private final List<Interruption> all = new ArrayList<>();

	Interruptions(World world) {
		this.world = world;
	}

	void begin() {
		if (this.all.isEmpty() || this.all.get(this.all.size() - 1).end != Long.MAX_VALUE) {
			this.all.add(new Interruption(this.world.nanoTime()));
		}
	}

	void end() {
		if (!this.all.isEmpty()) {
			Interruption last = this.all.get(this.all.size() - 1);
			last.end = Math.min(last.end, this.world.nanoTime());
		}
	}

	/**
	 * Say whether all worked for some time.
	 * @param from when that time began
	 * @param to when it ended
	 * @param needed how long it has to be
	 * @param others what has to have worked as well
	 * @return whether there was no interruption for so long in between
	 */
	boolean leave(long from, long to, Duration needed, Interruptions others) {
		List<Interruption> both = new ArrayList<>(this.all);
		both.addAll(others.all);
		both.sort(Comparator.comparingLong((interruption) -> interruption.start));
		long start = from;
		for (Interruption interruption : both) {
			if (Math.min(interruption.start, to) - start >= needed.toNanos()) {
				return true;
			}
			start = Math.max(start, interruption.end);
		}
		return to - start >= needed.toNanos();
	}

	private static final class Interruption {

		private final long start;

		private long end = Long.MAX_VALUE;

		Interruption(long start) {
			this.start = start;
		}

	}

}

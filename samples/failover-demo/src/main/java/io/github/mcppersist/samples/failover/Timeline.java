package io.github.mcppersist.samples.failover;

import java.io.PrintStream;
import java.util.Locale;

/**
 * Prints what happened when and where, a line each. Time begins with the first line.
 */
final class Timeline {

	private final PrintStream out;

	private long start;

	Timeline(PrintStream out) {
		this.out = out;
	}

	double seconds() {
		return (System.nanoTime() - this.start) / 1e9;
	}

	void say(String where, String what) {
		if (this.start == 0) {
			this.start = System.nanoTime();
		}
		this.out.printf(Locale.ROOT, "%6.2f s  %-1s  %s%n", seconds(), where, what);
	}

}

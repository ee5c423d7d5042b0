package io.github.mcppersist.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/**
 * Runs a few threads in every order that their steps can have. A step ends where a thread
 * comes to a {@linkplain #step() point} that its program marks; from one point to the
 * next no other thread runs.
 */
public final class Interleavings implements AutoCloseable {

	private static final int MAX_STEPS = 1000;

	private final ExecutorService executor = Executors.newCachedThreadPool();

	private final ThreadLocal<Turns> turns = new ThreadLocal<>();

	/**
	 * Which thread ran at each point, of how many that could.
	 */
	private final List<int[]> path = new ArrayList<>();

	/**
	 * Mark a point at which any other thread may go on first. Nothing, on a thread that
	 * isn't one of those that are explored.
	 */
	public void step() {
		Turns mine = this.turns.get();
		if (mine != null) {
			mine.pass();
		}
	}

	/**
	 * Run programs in all orders.
	 * @param programs creates the programs for one order, one for each thread, and what
	 * is to be checked when all have ended
	 * @return how many orders there are
	 */
	public int explore(Supplier<Programs> programs) {
		int orders = 0;
		do {
			run(programs.get());
			orders++;
		}
		while (next());
		return orders;
	}

	private void run(Programs programs) {
		List<Turns> waiting = new ArrayList<>();
		for (Runnable program : programs.threads()) {
			Turns turns = new Turns();
			waiting.add(turns);
			this.executor.execute(() -> {
				this.turns.set(turns);
				turns.mine.acquireUninterruptibly();
				try {
					program.run();
				}
				finally {
					this.turns.remove();
					turns.ended = true;
					turns.others.release();
				}
			});
		}
		for (int step = 0; !waiting.isEmpty(); step++) {
			if (step == MAX_STEPS) {
				throw new AssertionError("Still running after " + MAX_STEPS + " steps");
			}
			if (step == this.path.size()) {
				this.path.add(new int[] { 0, waiting.size() });
			}
			Turns turns = waiting.get(this.path.get(step)[0]);
			turns.mine.release();
			turns.others.acquireUninterruptibly();
			if (turns.ended) {
				waiting.remove(turns);
			}
		}
		programs.check().run();
	}

	private boolean next() {
		while (!this.path.isEmpty()) {
			int[] last = this.path.get(this.path.size() - 1);
			if (++last[0] < last[1]) {
				return true;
			}
			this.path.remove(this.path.size() - 1);
		}
		return false;
	}

	@Override
	public void close() {
		this.executor.shutdownNow();
	}

	/**
	 * What is run in one order.
	 *
	 * @param threads what each thread does
	 * @param check fails if the outcome is wrong
	 */
	public record Programs(List<Runnable> threads, Runnable check) {
	}

	private static final class Turns {

		private final Semaphore mine = new Semaphore(0);

		private final Semaphore others = new Semaphore(0);

		private volatile boolean ended;

		void pass() {
			this.others.release();
			this.mine.acquireUninterruptibly();
		}

	}

}

package io.github.mcppersist.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

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
		await(() -> true);
	}

	/**
	 * Wait, on one of the threads that are explored, for what others do.
	 * @param condition holds when this thread can go on
	 * @return whether it holds; not, if none of the threads could go on, so that time has
	 * passed
	 */
	public boolean await(BooleanSupplier condition) {
		Turns mine = this.turns.get();
		if (mine != null) {
			mine.pass(condition);
		}
		return condition.getAsBoolean();
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
		Order order = new Order();
		for (Runnable program : programs.threads()) {
			Turns turns = new Turns(order);
			order.running.add(turns);
			this.executor.execute(() -> {
				this.turns.set(turns);
				turns.mine.acquireUninterruptibly();
				try {
					program.run();
				}
				finally {
					this.turns.remove();
					turns.end();
				}
			});
		}
		order.goOn(order.next());
		order.ended.acquireUninterruptibly();
		if (!order.running.isEmpty()) {
			throw new AssertionError("Still running after " + MAX_STEPS + " steps");
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

	/**
	 * One order. Its state belongs to whichever thread has the turn.
	 */
	private final class Order {

		private final List<Turns> running = new ArrayList<>();

		private final Semaphore ended = new Semaphore(0);

		private int step;

		/**
		 * Say whose turn it is: of one that can go on, or else of any, since time passes.
		 * @return the thread, or {@code null} if all have ended, or never do
		 */
		@Nullable Turns next() {
			if (this.running.isEmpty() || this.step == MAX_STEPS) {
				return null;
			}
			List<Turns> able = this.running.stream().filter(Turns::isAble).toList();
			if (able.isEmpty()) {
				able = this.running;
			}
			if (this.step == Interleavings.this.path.size()) {
				Interleavings.this.path.add(new int[] { 0, able.size() });
			}
			return able.get(Interleavings.this.path.get(this.step++)[0]);
		}

		void goOn(@Nullable Turns next) {
			((next != null) ? next.mine : this.ended).release();
		}

	}

	private static final class Turns {

		private final Order order;

		private final Semaphore mine = new Semaphore(0);

		private BooleanSupplier condition = () -> true;

		Turns(Order order) {
			this.order = order;
		}

		boolean isAble() {
			return this.condition.getAsBoolean();
		}

		void pass(BooleanSupplier condition) {
			this.condition = condition;
			Turns next = this.order.next();
			if (next != this) {
				this.order.goOn(next);
				this.mine.acquireUninterruptibly();
			}
		}

		void end() {
			this.order.running.remove(this);
			this.order.goOn(this.order.next());
		}

	}

}

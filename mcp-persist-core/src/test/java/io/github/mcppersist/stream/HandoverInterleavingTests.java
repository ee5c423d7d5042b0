package io.github.mcppersist.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * What a {@link ThreadPools.Handover} promises, in every order that the steps of a few
 * threads can have: each task that it takes is run, once, by a thread that asks, and none
 * lies there while a thread waits, whatever other tasks block.
 */
class HandoverInterleavingTests {

	private static final int ASKS_ONCE = 1;

	private static final int ASKS_TWICE = 2;

	/**
	 * Goes as soon as it finds nothing.
	 */
	private static final int GIVES_UP = 0;

	private final Interleavings interleavings = new Interleavings();

	@AfterEach
	void close() {
		this.interleavings.close();
	}

	@Test
	void wakesAThreadForATask() {
		assertThat(explore(Handover::new, List.of("a"), ASKS_ONCE)).isGreaterThan(5);
	}

	@Test
	void wakesAThreadForEachOfTwoTasksThatBlock() {
		assertThat(explore(Handover::new, List.of("ab"), ASKS_ONCE, ASKS_ONCE)).isGreaterThan(1000);
	}

	@Test
	void wakesAThreadForTheTasksThatTwoThreadsBring() {
		assertThat(explore(Handover::new, List.of("a", "b"), ASKS_TWICE)).isGreaterThan(100);
	}

	@Test
	void letsAThreadTakeWhatItFindsWhileAnotherOneIsWoken() {
		assertThat(explore(Handover::new, List.of("a"), ASKS_TWICE, ASKS_ONCE)).isGreaterThan(1000);
	}

	@Test
	void givesWhatWaitsToTheThreadsThatAsk() {
		// Upper case: a task that waits, whether a thread asks or not
		assertThat(explore(Handover::new, List.of("AB"), ASKS_TWICE)).isGreaterThan(100);
		assertThat(explore(Handover::new, List.of("A"), ASKS_ONCE, ASKS_ONCE)).isGreaterThan(100);
	}

	@Test
	void takesNoTaskThatNoThreadAsksFor() {
		assertThat(explore(Handover::new, List.of("ab"), ASKS_ONCE)).isGreaterThan(5);
	}

	@Test
	void losesNoTaskToAThreadThatGivesUp() {
		assertThat(explore(Handover::new, List.of("a"), GIVES_UP)).isGreaterThan(5);
		assertThat(explore(Handover::new, List.of("a"), ASKS_ONCE, GIVES_UP)).isGreaterThan(100);
	}

	@Test
	void findsATaskThatLiesThereWhileAThreadWaits() {
		assertThatExceptionOfType(AssertionError.class)
			.isThrownBy(() -> explore(ForgetfulHandover::new, List.of("ab"), ASKS_ONCE, ASKS_ONCE))
			.withMessageContaining("lay there");
	}

	/**
	 * Bring tasks and ask for them in all orders.
	 * @param handover creates the handover
	 * @param tasks what each thread brings that brings some, a letter each
	 * @param askers how often each thread asks that asks
	 * @return how many orders there are
	 */
	private int explore(Function<Trial, ThreadPools.Handover> handover, List<String> tasks, int... askers) {
		return this.interleavings.explore(() -> new Trial(handover, tasks, askers).programs());
	}

	/**
	 * One order of the steps.
	 */
	private final class Trial {

		private final Set<Thread> impatient = ConcurrentHashMap.newKeySet();

		private final Set<Thread> woken = ConcurrentHashMap.newKeySet();

		private final List<String> taken = new ArrayList<>();

		private final List<String> ran = new ArrayList<>();

		private final List<String> overlooked = new ArrayList<>();

		private final List<Runnable> programs = new ArrayList<>();

		private final ThreadPools.Handover handover;

		Trial(Function<Trial, ThreadPools.Handover> handover, List<String> tasks, int... askers) {
			this.handover = handover.apply(this);
			for (int times : askers) {
				this.programs.add(() -> ask(times));
			}
			for (String brought : tasks) {
				this.programs.add(() -> brought.chars().forEach((task) -> bring(Character.toString(task))));
			}
		}

		Interleavings.Programs programs() {
			return new Interleavings.Programs(this.programs, () -> {
				assertThat(this.ran).as("ran").containsExactlyInAnyOrderElementsOf(this.taken);
				assertThat(this.overlooked).as("lay there while a thread waited").isEmpty();
			});
		}

		private void bring(String task) {
			Runnable run = () -> this.ran.add(task);
			if (Character.isUpperCase(task.charAt(0))) {
				this.taken.add(task);
				this.handover.put(run);
			}
			else if (this.handover.offer(run)) {
				this.taken.add(task);
			}
		}

		private void ask(int times) {
			boolean found = true;
			for (int i = 0; found && i < Math.max(1, times); i++) {
				Runnable task = poll(times == GIVES_UP);
				found = task != null;
				if (task != null) {
					task.run();
				}
			}
		}

		private @Nullable Runnable poll(boolean givesUp) {
			try {
				return this.handover.poll(givesUp ? 0 : 1, TimeUnit.DAYS);
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
		}

		void step() {
			HandoverInterleavingTests.this.interleavings.step();
		}

		boolean awaitPermit(Semaphore woken, long timeout) {
			if (timeout == 0 && this.impatient.add(Thread.currentThread())) {
				step();
				return woken.tryAcquire();
			}
			if (!HandoverInterleavingTests.this.interleavings.await(() -> woken.availablePermits() > 0)) {
				// Nobody does anything any more, and so much time passes that it gives up
				this.handover.forEach((task) -> this.overlooked.add("a task"));
			}
			boolean acquired = woken.tryAcquire();
			if (acquired) {
				this.woken.add(Thread.currentThread());
			}
			return acquired;
		}

	}

	/**
	 * One whose steps are marked, but for those that no other thread can tell from the
	 * one before.
	 */
	private static class Handover extends ThreadPools.Handover {

		private final Trial trial;

		Handover(Trial trial) {
			super(new Semaphore(0) {

				@Override
				public boolean tryAcquire(long timeout, TimeUnit unit) {
					return trial.awaitPermit(this, timeout);
				}

			});
			this.trial = trial;
		}

		@Override
		void append(Runnable task) {
			this.trial.step();
			super.append(task);
			this.trial.step();
		}

		@Override
		public @Nullable Runnable poll() {
			this.trial.step();
			Runnable task = super.poll();
			if (task == null && this.trial.woken.contains(Thread.currentThread())) {
				this.trial.step();
			}
			return task;
		}

		@Override
		public boolean isEmpty() {
			this.trial.step();
			return super.isEmpty();
		}

	}

	/**
	 * One as one would write it at first: a thread that was woken for two tasks takes one
	 * of them, and nobody comes for the other.
	 */
	private static final class ForgetfulHandover extends Handover {

		ForgetfulHandover(Trial trial) {
			super(trial);
		}

		@Override
		public boolean isEmpty() {
			super.isEmpty();
			return true;
		}

	}

}

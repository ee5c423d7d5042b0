package io.github.mcppersist.observe;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.stream.Interleavings;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What observers are told of what came before their endpoint was closed, in every order
 * that the steps of two threads can have: the one that has something to tell and then
 * closes, and the one that tells it, until the endpoint's threads are stopped.
 */
class ObserversInterleavingTests {

	private final Interleavings interleavings = new Interleavings();

	@AfterEach
	void close() {
		this.interleavings.close();
	}

	@ParameterizedTest
	@ValueSource(ints = { 1, 2 })
	void areToldAllOfItOnceAndInOrder(int count) {
		int orders = this.interleavings.explore(() -> new Trial(count).programs());

		assertThat(orders).isGreaterThan(count * 10);
	}

	/**
	 * One order of the steps.
	 */
	private final class Trial {

		private final List<Integer> told = new ArrayList<>();

		private final Queue<Runnable> pool = new ConcurrentLinkedQueue<>();

		private final Observers observers = new Observers(List.of(new EndpointObserver() {

			@Override
			public void eventsStored(int messages) {
				Trial.this.told.add(messages);
			}

		}), this.pool::add, new SteppedQueue());

		private final int count;

		private boolean closed;

		Trial(int count) {
			this.count = count;
		}

		Interleavings.Programs programs() {
			return new Interleavings.Programs(List.of(this::tellAndClose, this::runPool), () -> assertThat(this.told)
				.containsExactly(IntStream.rangeClosed(1, this.count).boxed().toArray(Integer[]::new)));
		}

		private void tellAndClose() {
			for (int messages = 1; messages <= this.count; messages++) {
				this.observers.eventsStored(messages);
				ObserversInterleavingTests.this.interleavings.step();
			}
			this.closed = true;
			this.observers.tellRest();
		}

		private void runPool() {
			for (int turn = 0; turn < this.count; turn++) {
				ObserversInterleavingTests.this.interleavings.step();
				Runnable task = this.closed ? null : this.pool.poll();
				if (task != null) {
					task.run();
				}
			}
		}

	}

	private final class SteppedQueue extends ConcurrentLinkedQueue<Runnable> {

		@Override
		public boolean add(Runnable task) {
			super.add(task);
			ObserversInterleavingTests.this.interleavings.step();
			return true;
		}

		@Override
		public Runnable poll() {
			ObserversInterleavingTests.this.interleavings.step();
			Runnable task = super.poll();
			if (task == null) {
				ObserversInterleavingTests.this.interleavings.step();
			}
			return task;
		}

		@Override
		public boolean isEmpty() {
			boolean empty = super.isEmpty();
			ObserversInterleavingTests.this.interleavings.step();
			return empty;
		}

	}

}

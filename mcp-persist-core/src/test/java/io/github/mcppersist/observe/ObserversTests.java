package io.github.mcppersist.observe;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * When observers are told.
 */
class ObserversTests {

	private final List<Integer> stored = new ArrayList<>();

	private final List<Runnable> soon = new ArrayList<>();

	@Test
	void tellsInOrderOnAnotherThreadsTime() {
		Observers observers = observers(this.soon::add);

		observers.eventsStored(1);
		observers.eventsStored(2);
		assertThat(this.stored).isEmpty();
		assertThat(this.soon).hasSize(1);

		this.soon.get(0).run();
		assertThat(this.stored).containsExactly(1, 2);
	}

	@Test
	void tellsTheRestOnceItsThreadsAreGone() {
		Observers observers = observers((task) -> {
			// Closed: never run
		});

		observers.eventsStored(1);
		observers.tellRest();

		assertThat(this.stored).containsExactly(1);
	}

	@Test
	void tellsNothingTwiceIfTheThreadComesAfterTheRest() {
		Observers observers = observers(this.soon::add);

		observers.eventsStored(1);
		observers.tellRest();
		this.soon.get(0).run();
		observers.eventsStored(2);
		this.soon.get(1).run();

		assertThat(this.stored).containsExactly(1, 2);
	}

	private Observers observers(Executor soon) {
		return new Observers(List.of(new EndpointObserver() {

			@Override
			public void eventsStored(int messages) {
				ObserversTests.this.stored.add(messages);
			}

		}), soon);
	}

}

package io.github.mcppersist.transport;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link Lane}, on threads that run when the test says so.
 */
class LaneTests {

	private final Queue<Runnable> threads = new ArrayDeque<>();

	private final List<String> told = new ArrayList<>();

	private final List<Runnable> ends = new ArrayList<>();

	private boolean full;

	private final Lane lane = new Lane((task) -> {
		if (this.full) {
			throw new RejectedExecutionException("told to be full");
		}
		this.threads.add(task);
	}, 2, 2);

	@Test
	void runsAFewAtATimeAndOthersInOrder() {
		tell("1", "2", "3", "4");
		assertThat(this.threads).hasSize(2);

		this.threads.remove().run();
		assertThat(this.threads).hasSize(2);
		runAll();

		assertThat(this.told).containsExactly("1", "2", "3", "4");
	}

	@Test
	void refusesWhatIsTooMuch() {
		tell("1", "2", "3", "4");

		assertThatExceptionOfType(RejectedExecutionException.class).isThrownBy(() -> tell("5"));

		runAll();
		tell("6");
		runAll();
		assertThat(this.told).containsExactly("1", "2", "3", "4", "6");
	}

	@Test
	void endsATurnWhenItIsToldTo() {
		for (int i = 0; i < 3; i++) {
			this.lane.executeUntil((done) -> () -> this.ends.add(done));
		}
		runAll();
		assertThat(this.ends).hasSize(2);

		this.ends.get(0).run();
		this.ends.get(0).run();
		runAll();

		assertThat(this.ends).hasSize(3);
		tell("4");
		runAll();
		assertThat(this.told).isEmpty();
	}

	@Test
	void goesOnAfterATaskThatFails() {
		for (int i = 0; i < 3; i++) {
			this.lane.execute(() -> {
				throw new NoClassDefFoundError("told to be missing");
			});
		}
		runAll();

		tell("4", "5");
		runAll();

		assertThat(this.told).containsExactly("4", "5");
	}

	@Test
	void hasRoomAgainAfterItsThreadsWereFull() {
		this.full = true;
		for (int i = 0; i < 3; i++) {
			assertThatExceptionOfType(RejectedExecutionException.class).isThrownBy(() -> tell("1"));
		}
		this.full = false;

		tell("2", "3");
		runAll();

		assertThat(this.told).containsExactly("2", "3");
	}

	private void tell(String... names) {
		for (String name : names) {
			this.lane.execute(() -> this.told.add(name));
		}
	}

	private void runAll() {
		for (Runnable task = this.threads.poll(); task != null; task = this.threads.poll()) {
			task.run();
		}
	}

}

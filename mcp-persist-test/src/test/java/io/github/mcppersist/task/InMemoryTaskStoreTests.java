package io.github.mcppersist.task;

import java.time.Duration;
import java.util.Map;
import java.util.Set;

import org.junit.jupiter.api.Test;
import reactor.core.Disposable;

import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.test.event.MutableClock;
import io.github.mcppersist.test.task.MonitoredTaskStoreContractTests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class InMemoryTaskStoreTests extends MonitoredTaskStoreContractTests {

	private static final String NODE = NodeRegistry.randomNodeId();

	private final MutableClock clock = new MutableClock();

	private final InMemoryTaskStore store = builder().build();

	@Override
	protected MonitoredTaskStore store() {
		return this.store;
	}

	@Override
	protected MonitoredTaskStore secondNode() {
		return this.store;
	}

	@Override
	protected String nodeId() {
		return NODE;
	}

	@Override
	protected Duration unit() {
		return Duration.ofMinutes(1);
	}

	@Override
	protected void elapse(Duration duration) {
		this.clock.advance(duration);
	}

	private InMemoryTaskStore.Builder builder() {
		return InMemoryTaskStore.builder()
			.clock(this.clock)
			.minTimeToLive(Duration.ofMinutes(2))
			.timeToLive(Duration.ofMinutes(3));
	}

	private static NewTask task(String id) {
		return NewTask.working(id, NODE, null, Duration.ofMinutes(10));
	}

	@Test
	void createsNoTaskBeyondTheBoundAndLosesNone() {
		InMemoryTaskStore bounded = builder().maxTasks(2).build();
		block(bounded.createTask(task("one")));
		block(bounded.createTask(task("two")));

		assertThatExceptionOfType(TooManyTasksException.class)
			.isThrownBy(() -> block(bounded.createTask(task("three"))));

		assertThat(blockOrNull(bounded.findTask("one"))).isNotNull();
		elapse(Duration.ofMinutes(11));
		block(bounded.createTask(task("three")));
		assertThat(blockOrNull(bounded.findTask("one"))).isNull();
	}

	@Test
	void takesNothingMoreOnceItIsFullUntilTasksHaveExpired() {
		InMemoryTaskStore bounded = builder().maxBytes(100_000).build();
		block(bounded.createTask(task("one")));
		block(bounded.createTask(
				new NewTask("two", NODE, null, null, Duration.ofMinutes(20), null, Map.of("asked", bytes("{}")))));
		assertThat(block(bounded.endTask("one", TaskEnd.completed(new byte[100_000])))).isTrue();

		assertThatExceptionOfType(TooManyTasksException.class)
			.isThrownBy(() -> block(bounded.createTask(task("three"))));
		assertThatExceptionOfType(TaskStoreUnavailableException.class)
			.isThrownBy(() -> block(bounded.endTask("two", TaskEnd.completed(new byte[1000]))));
		assertThatExceptionOfType(TaskStoreUnavailableException.class)
			.isThrownBy(() -> block(bounded.answerInput("two", Map.of("asked", bytes("1")))));
		// What makes nothing larger goes on
		block(bounded.updateTask("two", TaskChange.none().withSettled(Set.of("asked"))));

		elapse(Duration.ofMinutes(11));
		assertThat(block(bounded.endTask("two", TaskEnd.completed(new byte[1000])))).isTrue();
	}

	@Test
	void countsTheBytesThatItHolds() {
		InMemoryTaskStore bounded = builder().maxBytes(20_000).build();
		for (int i = 0; i < 100; i++) {
			String id = "task" + i;
			block(bounded.createTask(task(id)));
			block(bounded.updateTask(id,
					TaskChange.none()
						.withInputRequests(Map.of("asked", new byte[1000]))
						.withRound(1, new byte[1000])
						.withStatusMessage("message")));
			block(bounded.answerInput(id, Map.of("asked", new byte[2000])));
			assertThat(block(bounded.endTask(id, TaskEnd.completed(new byte[3000])))).isTrue();
			elapse(Duration.ofMinutes(11));
		}
	}

	@Test
	void endsTheWatchOfATaskThatExpires() {
		block(this.store.createTask(task("one")));
		Disposable watch = this.store.watch("one").subscribe();

		elapse(Duration.ofMinutes(11));
		blockOrNull(this.store.findTask("another"));

		assertThat(watch.isDisposed()).isTrue();
	}

	@Test
	void tellsTheTimeOfDayUnlessItHasAClock() {
		InMemoryTaskStore plain = new InMemoryTaskStore();
		long before = System.currentTimeMillis();

		TaskRecord created = block(plain.createTask(task("one")));

		assertThat(created.createdAt().toEpochMilli()).isBetween(before - 10_000, before + 60_000);
		assertThat(plain.renewalInterval()).isEqualTo(Duration.ofSeconds(100));
	}

	@Test
	void refusesBoundsThatAreNone() {
		InMemoryTaskStore.Builder builder = InMemoryTaskStore.builder();

		assertThatIllegalArgumentException().isThrownBy(() -> builder.maxTasks(0));
		assertThatIllegalArgumentException().isThrownBy(() -> builder.maxBytes(0));
		assertThatIllegalArgumentException().isThrownBy(() -> builder.minTimeToLive(Duration.ZERO));
	}

}

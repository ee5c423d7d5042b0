package io.github.mcppersist.test.task;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.task.MonitoredTaskStore;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.StoredTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskPage;
import io.github.mcppersist.task.TaskStatus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * What every {@link MonitoredTaskStore} must do beside what every task store must.
 */
public abstract class MonitoredTaskStoreContractTests extends TaskStoreContractTests {

	private static final String TOOL = "report \u20ac";

	// Others may be there, of tests that ran before
	private final String tag = UUID.randomUUID().toString().substring(0, 8);

	@Override
	protected abstract MonitoredTaskStore store();

	@Override
	protected abstract MonitoredTaskStore secondNode();

	@Test
	void describesATaskOnAnyNode() {
		String task = create("a", 10);
		elapse(unit().multipliedBy(3));

		StoredTask found = block(secondNode().describeTask(task));

		assertThat(found.taskId()).isEqualTo(task);
		assertThat(found.node()).isEqualTo(nodeId());
		assertThat(found.principal()).isEqualTo("alice");
		assertThat(found.tool()).isEqualTo(TOOL);
		assertThat(found.status()).isEqualTo(TaskStatus.WORKING);
		assertThat(found.statusMessage()).isNull();
		assertThat(found.inputRequests()).isZero();
		assertThat(found.left()).isBetween(unit().multipliedBy(6), unit().multipliedBy(10));
		assertThat(found.toString()).doesNotContain(task, "alice", "report");
	}

	@Test
	void describesHowATaskGoesOn() {
		String task = create("a", 10);

		block(store().updateTask(task,
				TaskChange.none()
					.withStatusMessage("half of it")
					.withInputRequests(Map.of("one", bytes("{}"), "two", bytes("{}"), "three", bytes("{}")))));
		assertThat(block(secondNode().describeTask(task))).satisfies((asking) -> {
			assertThat(asking.status()).isEqualTo(TaskStatus.INPUT_REQUIRED);
			assertThat(asking.statusMessage()).isEqualTo("half of it");
			assertThat(asking.inputRequests()).isEqualTo(3);
		});

		block(secondNode().answerInput(task, Map.of("one", bytes("1"))));
		block(store().updateTask(task, TaskChange.none().withSettled(Set.of("two"))));
		assertThat(block(secondNode().describeTask(task)).inputRequests()).isEqualTo(1);

		block(store().endTask(task, TaskEnd.failed("It broke", bytes("{}"))));
		assertThat(block(secondNode().describeTask(task))).satisfies((ended) -> {
			assertThat(ended.status()).isEqualTo(TaskStatus.FAILED);
			assertThat(ended.statusMessage()).isEqualTo("It broke");
			assertThat(ended.inputRequests()).isZero();
			assertThat(ended.age()).isBetween(Duration.ZERO, TIMEOUT);
			assertThat(ended.idle()).isBetween(Duration.ZERO, TIMEOUT);
		});
	}

	@Test
	void showsWhatIsNoTaskOnceItIsOne() {
		String parked = this.tag + "-a";
		block(store().createTask(NewTask.working(parked, nodeId(), "alice", units(10))));
		String task = create("b", 5);
		awaitNames(task);
		assertThat(blockOrNull(store().describeTask(parked))).isNull();
		assertThat(blockOrNull(store().describeTask(this.tag + "-unknown"))).isNull();

		block(store().updateTask(parked, TaskChange.none().withTool(TOOL)));

		awaitNames(parked, task);
		assertThat(block(store().describeTask(parked)).tool()).isEqualTo(TOOL);
	}

	@Test
	void findsTasksByTheirExpiryPageByPage() {
		List<String> tasks = new ArrayList<>();
		for (String name : List.of("a", "b", "c", "d", "e")) {
			tasks.add(0, create(name, 10));
			// It is listed a moment later, for as long as it is kept from then on
			awaitNames(tasks.toArray(String[]::new));
			elapse(unit());
		}

		for (int size : List.of(1, 2, 5, 200)) {
			assertThat(names(secondNode(), size)).isEqualTo(tasks);
		}
		block(store().updateTask(tasks.get(4), TaskChange.none().withTimeToLive(units(20))));
		tasks.add(0, tasks.remove(4));
		awaitNames(tasks.toArray(String[]::new));
		assertThat(names(secondNode(), 2)).isEqualTo(tasks);
	}

	@Test
	void findsEachTaskOnceOfThoseThatExpireAtTheSameMoment() {
		List<String> tasks = IntStream.range(0, 45).mapToObj((i) -> create("t" + i, 1)).toList();
		block(store().renewTasks(tasks).thenReturn(true));

		for (int size : List.of(1, 7, 45)) {
			// One that is listed again while somebody pages moves to the front
			awaiting().untilAsserted(() -> assertThat(names(store(), size)).containsExactlyInAnyOrderElementsOf(tasks));
		}
	}

	@Test
	void findsATaskForAsLongAsItIsKept() {
		String renewed = create("a", 2);
		String ended = create("b", 2);
		String left = create("c", 2);
		awaiting()
			.untilAsserted(() -> assertThat(names(secondNode(), 10)).containsExactlyInAnyOrder(renewed, ended, left));
		elapse(unit().multipliedBy(3).dividedBy(2));
		block(store().endTask(ended, TaskEnd.completed(bytes("{}"))));
		renew(List.of(renewed, ended));

		elapse(unit());
		awaiting().untilAsserted(() -> assertThat(names(secondNode(), 10)).containsExactlyInAnyOrder(renewed, ended));
		assertThat(blockOrNull(store().describeTask(left))).isNull();
		renew(List.of(renewed, ended));

		elapse(unit().multipliedBy(3).dividedBy(2));
		awaitNames(renewed);
	}

	private void renew(Collection<String> tasks) {
		blockOrNull(store().renewTasks(tasks));
		// What is written for the list is written before what is asked for next
		tasks.forEach((task) -> block(store().describeTask(task)));
	}

	@Test
	void endsWithoutACursor() {
		create("a", 10);
		String cursor = null;
		do {
			TaskPage page = block(store().findTasks(cursor, MonitoredTaskStore.MAX_PAGE_SIZE));
			assertThat(page.next()).isNotEqualTo((cursor != null) ? cursor : "");
			cursor = page.next();
		}
		while (cursor != null);
	}

	@Test
	void refusesWhatIsNoCursorAndNoSize() {
		for (String cursor : List.of("", "a", "-1", "1.", "1.a b", "1.{a}", "1.2.3\n", "1e3.a", "9".repeat(40),
				"+inf.a")) {
			assertThatIllegalArgumentException().as(cursor).isThrownBy(() -> store().findTasks(cursor, 10));
		}
		for (int size : List.of(-1, 0, MonitoredTaskStore.MAX_PAGE_SIZE + 1)) {
			assertThatIllegalArgumentException().isThrownBy(() -> store().findTasks(null, size));
		}
		assertThatIllegalArgumentException().isThrownBy(() -> store().describeTask("a b"));
	}

	private String create(String name, int units) {
		String task = this.tag + '-' + name;
		block(store().createTask(NewTask.working(task, nodeId(), "alice", units(units)).withTool(TOOL)));
		return task;
	}

	private Duration units(int count) {
		return unit().multipliedBy(count);
	}

	// A task is listed a moment after it has become one
	private void awaitNames(String... tasks) {
		awaiting().untilAsserted(() -> assertThat(names(secondNode(), 10)).containsExactly(tasks));
	}

	private List<String> names(MonitoredTaskStore store, int size) {
		List<String> names = new ArrayList<>();
		@Nullable String cursor = null;
		do {
			TaskPage page = block(store.findTasks(cursor, size));
			assertThat(page.tasks()).hasSizeLessThanOrEqualTo(size);
			page.tasks()
				.stream()
				.map(StoredTask::taskId)
				.filter((task) -> task.startsWith(this.tag))
				.forEach(names::add);
			cursor = page.next();
		}
		while (cursor != null);
		return names;
	}

}

package io.github.mcppersist.observe;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.task.InMemoryTaskStore;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.test.event.MutableClock;
import io.github.mcppersist.test.task.TaskStoreContractTests;

import static org.assertj.core.api.Assertions.assertThat;

class ObservedTaskStoreTests extends TaskStoreContractTests {

	private static final String NODE = NodeRegistry.randomNodeId();

	private final MutableClock clock = new MutableClock();

	private final ExecutorService delivery = Executors.newSingleThreadExecutor((task) -> new Thread(task, "delivery"));

	private final Queue<StoreOperation> called = new ConcurrentLinkedQueue<>();

	private final TaskStore store = new ObservedTaskStore(InMemoryTaskStore.builder()
		.clock(this.clock)
		.minTimeToLive(Duration.ofMinutes(2))
		.timeToLive(Duration.ofMinutes(3))
		.build(), new EndpointObserver() {
			@Override
			public void storeCalled(StoreOperation operation, long nanos, @Nullable Throwable failure) {
				ObservedTaskStoreTests.this.called.add(operation);
			}
		}, this.delivery);

	@AfterEach
	void stop() {
		this.delivery.shutdown();
	}

	@Override
	protected TaskStore store() {
		return this.store;
	}

	@Override
	protected TaskStore secondNode() {
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

	@Test
	void tellsOfEachCallAndDeliversItsAnswer() {
		Queue<String> threads = new ConcurrentLinkedQueue<>();
		List<Mono<?>> calls = List.of(this.store.createTask(NewTask.working("id", NODE, null, Duration.ofMinutes(10))),
				this.store.findTask("id"), this.store.updateTask("id", TaskChange.none()),
				this.store.answerInput("id", Map.of()), this.store.renewTasks(List.of("id")),
				this.store.endTask("id", TaskEnd.cancelled(null)));

		calls.forEach((call) -> blockOrNull(call.doOnTerminate(() -> threads.add(Thread.currentThread().getName()))));

		assertThat(threads).hasSize(6).containsOnly("delivery");
		assertThat(this.called).containsExactlyInAnyOrderElementsOf(
				Stream.of(StoreOperation.values()).filter((each) -> each.store().equals("tasks")).toList());
		assertThat(this.store.minTimeToLive()).isEqualTo(Duration.ofMinutes(2));
	}

}

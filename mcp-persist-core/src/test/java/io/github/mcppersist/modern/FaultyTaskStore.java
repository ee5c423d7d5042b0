package io.github.mcppersist.modern;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.task.InMemoryTaskStore;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskState;
import io.github.mcppersist.task.TaskStore;

/**
 * A store whose calls fail when a test wants it, and are counted.
 */
final class FaultyTaskStore implements TaskStore {

	/**
	 * What calls fail with, but those that renew.
	 */
	@Nullable RuntimeException failure;

	/**
	 * How many more calls fail.
	 */
	int failures = Integer.MAX_VALUE;

	int calls;

	/**
	 * What calls wait for, but those that renew.
	 */
	Mono<Void> gate = Mono.empty();

	private final Clock clock;

	private TaskStore store;

	/**
	 * Create an empty store.
	 * @param threads have the time by which tasks expire
	 */
	FaultyTaskStore(Threads threads) {
		this.clock = new Clock() {

			@Override
			public ZoneId getZone() {
				return ZoneOffset.UTC;
			}

			@Override
			public Clock withZone(ZoneId zone) {
				return this;
			}

			@Override
			public Instant instant() {
				return Instant.EPOCH.plusNanos(threads.nanoTime());
			}

		};
		this.store = store();
	}

	private TaskStore store() {
		return InMemoryTaskStore.builder().clock(this.clock).build();
	}

	/**
	 * Forget everything, without a word to anybody.
	 */
	void lose() {
		this.store = store();
	}

	private <T> Mono<T> called(Mono<T> call) {
		return Mono.defer(() -> {
			this.calls++;
			if (this.failure == null || this.failures == 0) {
				return this.gate.then(call);
			}
			this.failures--;
			return Mono.error(this.failure);
		});
	}

	@Override
	public Mono<TaskRecord> createTask(NewTask task) {
		return called(this.store.createTask(task));
	}

	@Override
	public Mono<TaskRecord> findTask(String taskId) {
		return called(this.store.findTask(taskId));
	}

	@Override
	public Mono<TaskState> updateTask(String taskId, TaskChange change) {
		return called(this.store.updateTask(taskId, change));
	}

	@Override
	public Mono<TaskState> answerInput(String taskId, Map<String, byte[]> answers) {
		return called(this.store.answerInput(taskId, answers));
	}

	@Override
	public Mono<Boolean> endTask(String taskId, TaskEnd end) {
		return called(this.store.endTask(taskId, end));
	}

	@Override
	public Mono<Void> renewTasks(Collection<String> taskIds) {
		return this.store.renewTasks(taskIds);
	}

	@Override
	public Flux<Revision> watch(String taskId) {
		return this.store.watch(taskId);
	}

	@Override
	public Duration minTimeToLive() {
		return this.store.minTimeToLive();
	}

}

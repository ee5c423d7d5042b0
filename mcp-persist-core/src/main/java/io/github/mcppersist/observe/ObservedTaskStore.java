package io.github.mcppersist.observe;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskState;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.task.TaskStoreUnavailableException;

/**
 * A task store as an endpoint calls it: each call is observed, and its answer arrives on
 * a delivery thread. Whatever the store throws is an answer, too.
 */
public final class ObservedTaskStore implements TaskStore {

	private final TaskStore store;

	private final EndpointObserver observer;

	private final Executor delivery;

	private final StoreErrors errors;

	/**
	 * Wrap a store.
	 * @param store the store
	 * @param observer is told of each call
	 * @param delivery runs what its answers set off
	 */
	public ObservedTaskStore(TaskStore store, EndpointObserver observer, Executor delivery) {
		this.store = store;
		this.observer = observer;
		this.delivery = delivery;
		this.errors = new StoreErrors(store.getClass(), TaskStoreUnavailableException::new);
	}

	private <T> Mono<T> called(StoreOperation operation, Supplier<Mono<T>> call) {
		return new StoreCall<>(this.observer, operation, this.delivery, once(call), this.errors);
	}

	// Whoever subscribes again repeats the same call, and the store knows it again
	private static <T> Supplier<Mono<T>> once(Supplier<Mono<T>> call) {
		AtomicReference<@Nullable Mono<T>> made = new AtomicReference<>();
		return () -> Objects.requireNonNull(made.updateAndGet((known) -> (known != null) ? known : call.get()),
				"it was made");
	}

	@Override
	public Mono<TaskRecord> createTask(NewTask task) {
		return called(StoreOperation.CREATE_TASK, () -> this.store.createTask(task));
	}

	@Override
	public Mono<TaskRecord> findTask(String taskId) {
		return called(StoreOperation.FIND_TASK, () -> this.store.findTask(taskId));
	}

	@Override
	public Mono<TaskRecord> findRequests(String taskId) {
		return called(StoreOperation.FIND_TASK, () -> this.store.findRequests(taskId));
	}

	@Override
	public Mono<TaskState> updateTask(String taskId, TaskChange change) {
		return called(StoreOperation.UPDATE_TASK, () -> this.store.updateTask(taskId, change));
	}

	@Override
	public Mono<TaskState> answerInput(String taskId, Map<String, byte[]> answers) {
		return called(StoreOperation.ANSWER_INPUT, () -> this.store.answerInput(taskId, answers));
	}

	@Override
	public Mono<Boolean> endTask(String taskId, TaskEnd end) {
		return called(StoreOperation.END_TASK, () -> this.store.endTask(taskId, end));
	}

	@Override
	public Mono<Void> renewTasks(Collection<String> taskIds) {
		return called(StoreOperation.RENEW_TASKS, () -> this.store.renewTasks(taskIds));
	}

	/**
	 * Not timed, since it goes on for as long as somebody watches; and the revisions come
	 * on the store's threads, from which whoever watches hands them over.
	 */
	@Override
	public Flux<Revision> watch(String taskId) {
		return Flux.create((sink) -> {
			try {
				sink.onDispose(this.store.watch(taskId).subscribe(sink::next, sink::error, sink::complete));
			}
			catch (Throwable ex) {
				sink.error(ex);
			}
		}, FluxSink.OverflowStrategy.LATEST);
	}

	@Override
	public Duration minTimeToLive() {
		return this.store.minTimeToLive();
	}

	@Override
	public Duration timeToLive() {
		return this.store.timeToLive();
	}

}

package io.github.mcppersist.modern;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.task.InMemoryTaskStore;
import io.github.mcppersist.task.MonitoredTaskStore;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.StoredTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskState;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.task.TaskStoreUnavailableException;
import io.github.mcppersist.task.TaskUnreadableException;

/**
 * A store whose calls fail when a test wants it, and are counted, and that loses what it
 * has acknowledged, as a failover to a replica does.
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

	/**
	 * What calls fail with that bring answers, besides.
	 */
	@Nullable RuntimeException answerFailure;

	int calls;

	/**
	 * How many tasks were read with all that there is.
	 */
	int reads;

	/**
	 * What reads wait for, besides.
	 */
	Mono<Void> reading = Mono.empty();

	/**
	 * Whether it reads and takes nothing that is written.
	 */
	boolean readOnly;

	/**
	 * Tasks that are there and can't be opened.
	 */
	final Set<String> unreadable = new HashSet<>();

	final List<TaskChange> changes = new ArrayList<>();

	/**
	 * What calls wait for, but those that renew.
	 */
	Mono<Void> gate = Mono.empty();

	/**
	 * What their answers wait for, behind what they have done.
	 */
	Mono<Void> way = Mono.empty();

	private final Threads threads;

	private @Nullable String lastCreated;

	/**
	 * What the store has acknowledged, in the order in which it was done.
	 */
	private final List<Write<?>> writes = new ArrayList<>();

	private final Sinks.Many<Failover> failovers = Sinks.many().multicast().directBestEffort();

	/**
	 * When a write was made that is made again, or -1.
	 */
	private long writtenNanos = -1;

	private InMemoryTaskStore store;

	/**
	 * Create an empty store.
	 * @param threads have the time by which tasks expire
	 */
	FaultyTaskStore(Threads threads) {
		this.threads = threads;
		this.store = store();
	}

	private InMemoryTaskStore store() {
		return InMemoryTaskStore.builder().clock(new Clock() {

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
				return Instant.EPOCH.plusNanos((FaultyTaskStore.this.writtenNanos >= 0)
						? FaultyTaskStore.this.writtenNanos : FaultyTaskStore.this.threads.nanoTime());
			}

		}).build();
	}

	/**
	 * Return what operators are shown.
	 * @return the tasks
	 */
	List<StoredTask> shown() {
		return this.store.findTasks(null, MonitoredTaskStore.MAX_PAGE_SIZE).block().tasks();
	}

	/**
	 * Return the task that was to be created last, whoever may see it.
	 * @return the task, or {@code null} if it isn't there
	 */
	@Nullable TaskRecord lastCreated() {
		return this.store.findTask(Objects.requireNonNull(this.lastCreated)).block();
	}

	/**
	 * Forget everything, without a word to anybody.
	 */
	void lose() {
		this.writes.clear();
		this.store = store();
	}

	/**
	 * Go on without the writes that were acknowledged last, without a word to anybody.
	 * @param count how many
	 */
	void loseLast(int count) {
		loseLast(count, false);
	}

	/**
	 * Go on without the writes that were acknowledged last. Whoever watches a task is
	 * told of the revision that it has now, as by a connection that is made anew.
	 * @param count how many
	 */
	void failOver(int count) {
		loseLast(count, true);
	}

	private void loseLast(int count, boolean told) {
		this.writes.subList(Math.max(0, this.writes.size() - count), this.writes.size()).clear();
		InMemoryTaskStore replica = store();
		this.writes.forEach((write) -> {
			this.writtenNanos = write.nanos();
			write.to(replica).block();
		});
		this.writtenNanos = -1;
		this.store = replica;
		this.failovers.tryEmitNext(new Failover(replica, told));
	}

	// The same call however often it is made, and by whichever server
	private <T> Mono<T> written(Function<TaskStore, Mono<T>> call) {
		Map<TaskStore, Mono<T>> calls = new IdentityHashMap<>();
		return Mono.defer(() -> {
			if (this.readOnly) {
				return Mono.error(new TaskStoreUnavailableException("It takes nothing"));
			}
			Write<T> write = new Write<>(calls, call, this.threads.nanoTime());
			// Before whatever comes of it
			this.writes.add(write);
			return write.to(this.store).doOnError((ex) -> this.writes.remove(write));
		});
	}

	private <T> Mono<T> called(Mono<T> call) {
		return Mono.defer(() -> {
			this.calls++;
			if (this.failure == null || this.failures == 0) {
				return this.gate.then(call).delayUntil((answer) -> this.way);
			}
			this.failures--;
			return Mono.error(this.failure);
		});
	}

	@Override
	public Mono<TaskRecord> createTask(NewTask task) {
		this.lastCreated = task.taskId();
		return called(written((store) -> store.createTask(task)));
	}

	@Override
	public Mono<TaskRecord> findTask(String taskId) {
		return called(Mono.defer(() -> {
			this.reads++;
			return found(taskId, this.store.findTask(taskId));
		}));
	}

	@Override
	public Mono<TaskRecord> findRequests(String taskId) {
		return called(Mono.defer(() -> found(taskId, this.store.findRequests(taskId))));
	}

	private Mono<TaskRecord> found(String taskId, Mono<TaskRecord> task) {
		return this.unreadable.contains(taskId) ? Mono.error(new TaskUnreadableException("It can't be opened", null))
				: this.reading.then(task);
	}

	@Override
	public Mono<TaskState> updateTask(String taskId, TaskChange change) {
		this.changes.add(change);
		return called(written((store) -> store.updateTask(taskId, change)));
	}

	@Override
	public Mono<TaskState> answerInput(String taskId, Map<String, byte[]> answers) {
		return called(Mono.defer(() -> (this.answerFailure != null) ? Mono.error(this.answerFailure)
				: written((store) -> store.answerInput(taskId, answers))));
	}

	@Override
	public Mono<Boolean> endTask(String taskId, TaskEnd end) {
		return called(written((store) -> store.endTask(taskId, end)));
	}

	@Override
	public Mono<Void> renewTasks(Collection<String> taskIds) {
		return written((store) -> store.renewTasks(taskIds));
	}

	@Override
	public Flux<Revision> watch(String taskId) {
		return Flux.defer(() -> this.failovers.asFlux()
			.startWith(new Failover(this.store, true))
			.switchMap((failover) -> failover.store().watch(taskId).skip(failover.told() ? 0 : 1).materialize())
			// Ends as the one does that goes on
			.dematerialize());
	}

	@Override
	public Duration minTimeToLive() {
		return this.store.minTimeToLive();
	}

	@Override
	public Duration timeToLive() {
		return this.store.timeToLive();
	}

	/**
	 * Another server goes on.
	 *
	 * @param store what it has
	 * @param told whether those who watch are told
	 */
	private record Failover(TaskStore store, boolean told) {
	}

	/**
	 * What the store has done.
	 *
	 * @param calls the call of each server that was made
	 * @param call makes it
	 * @param nanos when it was done
	 * @param <T> what the store answers
	 */
	private record Write<T>(Map<TaskStore, Mono<T>> calls, Function<TaskStore, Mono<T>> call, long nanos) {

		Mono<T> to(TaskStore store) {
			return this.calls.computeIfAbsent(store, this.call);
		}

	}

}

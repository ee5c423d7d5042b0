package io.github.mcppersist.task;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.StreamKey;

/**
 * Keeps tasks in the memory of this JVM: for one instance, and until it stops.
 * <p>
 * It is bounded by age, and by the number of tasks and their bytes: beyond these no new
 * one is taken, what would make one larger fails with
 * {@link TaskStoreUnavailableException} until others have expired, and those that are
 * there stay.
 * <p>
 * The store has no thread: signals come on the thread that subscribes, and revisions on
 * the thread that makes the change. What has expired is dropped by the next call,
 * whichever it is.
 */
public final class InMemoryTaskStore implements MonitoredTaskStore {

	private static final Object SIGNAL = new Object();

	private static final Pattern CURSOR = Pattern.compile("([0-9]{1,15})\\.(.+)");

	// One lock owns everything. Under it nothing waits and no code of others runs, and
	// each call touches the task that it names, plus what it drops: so it is held for
	// microseconds.

	private final ReentrantLock lock = new ReentrantLock();

	private final Map<String, InMemoryTask> tasks = new HashMap<>();

	/**
	 * The same, the one that expires first in front. A task is taken out before its
	 * expiry is changed.
	 */
	private final TreeMap<InMemoryTask.Place, InMemoryTask> tasksByExpiry = new TreeMap<>();

	/**
	 * What is to be told once the lock is free.
	 */
	private List<Runnable> signals = new ArrayList<>();

	/**
	 * About what the tasks take.
	 */
	private long bytes;

	private final int maxTasks;

	private final long maxBytes;

	private final Duration minTimeToLive;

	private final Duration timeToLive;

	private final LongSupplier millis;

	/**
	 * Create a store with the default bounds.
	 */
	public InMemoryTaskStore() {
		this(builder());
	}

	private InMemoryTaskStore(Builder builder) {
		this.maxTasks = builder.maxTasks;
		this.maxBytes = builder.maxBytes;
		this.minTimeToLive = builder.minTimeToLive;
		this.timeToLive = (builder.timeToLive.compareTo(builder.minTimeToLive) > 0) ? builder.timeToLive
				: builder.minTimeToLive;
		this.millis = builder.millis;
	}

	/**
	 * Return a builder with the default bounds.
	 * @return a new builder
	 */
	public static Builder builder() {
		return new Builder();
	}

	@Override
	public Mono<TaskRecord> createTask(NewTask task) {
		Object call = new Object();
		return Mono.fromSupplier(() -> locked(() -> create(task, call)));
	}

	@Override
	public Mono<TaskRecord> findTask(String taskId) {
		TaskRecord.requireTaskId(taskId);
		return Mono.fromSupplier(() -> locked(() -> {
			InMemoryTask task = this.tasks.get(taskId);
			return (task != null) ? task.toRecord() : null;
		}));
	}

	@Override
	public Mono<TaskRecord> findRequests(String taskId) {
		return findTask(taskId).map(TaskRecord::withoutOutcomes);
	}

	@Override
	public Mono<TaskPage> findTasks(@Nullable String cursor, int size) {
		MonitoredTaskStore.requirePageSize(size);
		InMemoryTask.Place before = (cursor != null) ? place(cursor) : null;
		return Mono.fromSupplier(() -> locked(() -> page(before, size)));
	}

	@Override
	public Mono<StoredTask> describeTask(String taskId) {
		TaskRecord.requireTaskId(taskId);
		return Mono.fromSupplier(() -> locked(() -> {
			InMemoryTask task = this.tasks.get(taskId);
			return (task != null && task.isOfTool()) ? task.describe(this.millis.getAsLong()) : null;
		}));
	}

	@Override
	public Mono<TaskState> updateTask(String taskId, TaskChange change) {
		TaskRecord.requireTaskId(taskId);
		return Mono.fromSupplier(() -> locked(() -> changed(taskId, change.inputRequests().size(), (task) -> {
			if (task.hasEnded()) {
				throw new TaskEndedException(task.status());
			}
			return task.change(change, this.millis.getAsLong());
		}).state()));
	}

	@Override
	public Mono<TaskState> answerInput(String taskId, Map<String, byte[]> answers) {
		TaskRecord.requireTaskId(taskId);
		Map<String, byte[]> given = requireAnswers(answers);
		return Mono.fromSupplier(() -> locked(
				() -> changed(taskId, given.size(), (task) -> task.answer(given, this.millis.getAsLong())).state()));
	}

	@Override
	public Mono<Boolean> endTask(String taskId, TaskEnd end) {
		TaskRecord.requireTaskId(taskId);
		Object call = new Object();
		byte[] outcome = end.outcome();
		int size = (outcome != null) ? outcome.length : 0;
		return Mono.fromSupplier(() -> locked(() -> changed(taskId, size, (task) -> {
			if (task.hasEnded()) {
				return false;
			}
			long now = this.millis.getAsLong();
			task.end(end, call, now);
			task.keepUntil(now + this.minTimeToLive.toMillis());
			return true;
		}).wasEndedBy(call)));
	}

	@Override
	public Mono<Void> renewTasks(Collection<String> taskIds) {
		List<String> ids = List.copyOf(taskIds);
		ids.forEach(TaskRecord::requireTaskId);
		return Mono.fromRunnable(() -> locked(() -> {
			for (String id : ids) {
				InMemoryTask task = this.tasks.get(id);
				if (task != null && !task.hasEnded()) {
					this.tasksByExpiry.remove(task.place());
					task.keepUntil(this.millis.getAsLong() + this.timeToLive.toMillis());
					this.tasksByExpiry.put(task.place(), task);
				}
			}
			return ids;
		}));
	}

	@Override
	public Flux<Revision> watch(String taskId) {
		TaskRecord.requireTaskId(taskId);
		return Flux.defer(() -> {
			InMemoryTask task = locked(() -> this.tasks.get(taskId));
			// What is emitted is looked up when it is, since a later one may have come
			// by another thread before it
			return (task != null)
					? Flux.create((FluxSink<Object> sink) -> watch(task, sink), FluxSink.OverflowStrategy.LATEST)
						.map((signal) -> task.revision())
					: Flux.empty();
		});
	}

	private void watch(InMemoryTask task, FluxSink<Object> watcher) {
		watcher.onDispose(() -> locked(() -> task.watchers().remove(watcher)));
		boolean there = locked(() -> this.tasks.get(task.taskId()) == task && task.watchers().add(watcher));
		if (there) {
			watcher.next(SIGNAL);
		}
		else {
			watcher.complete();
		}
	}

	@Override
	public Duration minTimeToLive() {
		return this.minTimeToLive;
	}

	@Override
	public Duration timeToLive() {
		return this.timeToLive;
	}

	static Map<String, byte[]> requireAnswers(Map<String, byte[]> answers) {
		answers.forEach((key, answer) -> {
			if (answer.length == 0) {
				throw new IllegalArgumentException("An answer is empty");
			}
		});
		return Map.copyOf(answers);
	}

	private <T extends @Nullable Object> T locked(Supplier<T> action) {
		List<Runnable> told = List.of();
		this.lock.lock();
		try {
			expire();
			return action.get();
		}
		finally {
			if (!this.signals.isEmpty()) {
				told = this.signals;
				this.signals = new ArrayList<>();
			}
			this.lock.unlock();
			told.forEach(Runnable::run);
		}
	}

	private static InMemoryTask.Place place(String cursor) {
		Matcher place = CURSOR.matcher(cursor);
		if (!place.matches() || !StreamKey.isSessionName(place.group(2))) {
			throw new IllegalArgumentException("Not a cursor of this store: '" + cursor + "'");
		}
		return new InMemoryTask.Place(Long.parseLong(place.group(1)), place.group(2));
	}

	private TaskPage page(InMemoryTask.@Nullable Place before, int size) {
		long now = this.millis.getAsLong();
		List<StoredTask> page = new ArrayList<>();
		InMemoryTask last = null;
		for (InMemoryTask task : ((before != null) ? this.tasksByExpiry.headMap(before, false) : this.tasksByExpiry)
			.descendingMap()
			.values()) {
			if (page.size() == size && last != null) {
				return new TaskPage(page, last.expiresAt() + "." + last.taskId());
			}
			if (task.isOfTool()) {
				page.add(task.describe(now));
				last = task;
			}
		}
		return new TaskPage(page, null);
	}

	private TaskRecord create(NewTask created, Object call) {
		InMemoryTask known = this.tasks.get(created.taskId());
		if (known != null) {
			if (!known.wasCreatedBy(call)) {
				throw new TaskExistsException();
			}
			return known.toRecord();
		}
		long now = this.millis.getAsLong();
		InMemoryTask task = new InMemoryTask(created, call, now);
		if (this.tasks.size() >= this.maxTasks || this.bytes + task.bytes() > this.maxBytes) {
			throw new TooManyTasksException();
		}
		task.keepUntil(now + this.minTimeToLive.toMillis());
		this.tasks.put(task.taskId(), task);
		this.tasksByExpiry.put(task.place(), task);
		this.bytes += task.bytes();
		return task.toRecord();
	}

	/**
	 * Change a task, and let those who watch it know.
	 * @param taskId the task
	 * @param size whether it may become larger: if so, there must be room
	 * @param change makes the change, and says whether it is one
	 * @return the task
	 */
	private InMemoryTask changed(String taskId, int size, Function<InMemoryTask, Boolean> change) {
		InMemoryTask task = this.tasks.get(taskId);
		if (task == null) {
			throw new TaskNotFoundException();
		}
		if (size > 0 && !task.hasEnded() && this.bytes >= this.maxBytes) {
			throw new TaskStoreUnavailableException(
					"The tasks take as many bytes as they may: there is room when some have expired");
		}
		long before = task.bytes();
		this.tasksByExpiry.remove(task.place());
		try {
			if (change.apply(task)) {
				List<FluxSink<Object>> watchers = List.copyOf(task.watchers());
				this.signals.add(() -> watchers.forEach((watcher) -> watcher.next(SIGNAL)));
			}
		}
		finally {
			this.tasksByExpiry.put(task.place(), task);
			this.bytes += task.bytes() - before;
		}
		return task;
	}

	private void expire() {
		long now = this.millis.getAsLong();
		while (!this.tasksByExpiry.isEmpty() && this.tasksByExpiry.firstKey().expiresAt() <= now) {
			InMemoryTask task = this.tasksByExpiry.pollFirstEntry().getValue();
			this.tasks.remove(task.taskId());
			this.bytes -= task.bytes();
			List<FluxSink<Object>> watchers = List.copyOf(task.watchers());
			this.signals.add(() -> watchers.forEach(FluxSink::complete));
		}
	}

	/**
	 * Sets the bounds of an {@link InMemoryTaskStore}.
	 */
	public static final class Builder {

		private int maxTasks = 10_000;

		private long maxBytes = Runtime.getRuntime().maxMemory() / 8;

		private Duration minTimeToLive = Duration.ofMinutes(5);

		private Duration timeToLive = Duration.ofHours(1);

		private LongSupplier millis = steadyMillis();

		private Builder() {
		}

		// When the time of day is set, nothing expires for it
		private static LongSupplier steadyMillis() {
			long time = System.currentTimeMillis();
			long nanos = System.nanoTime();
			return () -> time + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
		}

		/**
		 * Set how many tasks are kept, running and ended ones (default 10,000).
		 * @param maxTasks the number of tasks, at least 1
		 * @return this builder
		 */
		public Builder maxTasks(int maxTasks) {
			this.maxTasks = (int) positive("maxTasks", maxTasks);
			return this;
		}

		/**
		 * Set about how many bytes of heap all tasks may take together when one is
		 * created, asks something, is answered or ends (default an eighth of the heap).
		 * They may take more by what came last.
		 * @param maxBytes the bytes, at least 1
		 * @return this builder
		 */
		public Builder maxBytes(long maxBytes) {
			this.maxBytes = positive("maxBytes", maxBytes);
			return this;
		}

		/**
		 * Set how long a task is kept at least after it was created or ended (default
		 * five minutes).
		 * @param minTimeToLive the time, at least a millisecond
		 * @return this builder
		 */
		public Builder minTimeToLive(Duration minTimeToLive) {
			positive("minTimeToLive in ms", minTimeToLive.toMillis());
			this.minTimeToLive = minTimeToLive;
			return this;
		}

		/**
		 * Set how long a task is kept at least after it was renewed (default one hour).
		 * @param timeToLive the time, at least a millisecond; what is shorter than the
		 * time above counts as that
		 * @return this builder
		 */
		public Builder timeToLive(Duration timeToLive) {
			positive("timeToLive in ms", timeToLive.toMillis());
			this.timeToLive = timeToLive;
			return this;
		}

		/**
		 * Set the clock that tasks' times and their expiry go by. By default they go by
		 * the time that passes, whatever the time of day is set to later.
		 * @param clock the clock
		 * @return this builder
		 */
		public Builder clock(Clock clock) {
			this.millis = Objects.requireNonNull(clock, "clock must not be null")::millis;
			return this;
		}

		/**
		 * Create a store with these bounds.
		 * @return a new store
		 */
		public InMemoryTaskStore build() {
			return new InMemoryTaskStore(this);
		}

		private static long positive(String name, long value) {
			if (value < 1) {
				throw new IllegalArgumentException(name + " must be at least 1: " + value);
			}
			return value;
		}

	}

}

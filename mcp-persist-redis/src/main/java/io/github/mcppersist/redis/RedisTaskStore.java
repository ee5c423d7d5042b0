package io.github.mcppersist.redis;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventStoreRefusedException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.task.MonitoredTaskStore;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.StoredTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskEndedException;
import io.github.mcppersist.task.TaskExistsException;
import io.github.mcppersist.task.TaskNotFoundException;
import io.github.mcppersist.task.TaskPage;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskState;
import io.github.mcppersist.task.TaskStatus;
import io.github.mcppersist.task.TaskStoreException;
import io.github.mcppersist.task.TaskStoreRefusedException;
import io.github.mcppersist.task.TaskStoreUnavailableException;

/**
 * Keeps tasks in Redis, beside the events of a {@link RedisEventStore}: one hash for each
 * task, see {@link RedisKeys}. It shares the event store's connections, time limit and
 * node ID, and works until that store is closed.
 * <p>
 * Each call is one round trip, and so is the beginning of a watch on a node that doesn't
 * own the task. To find a task of more than a megabyte takes two. The script that makes a
 * change also tells the owner and those who watch. The times are those of Redis' clock.
 * <p>
 * The list of tasks for operators is in a slot of its own. It is written after the task,
 * and nobody waits for that: it may say too little until the task is renewed, and too
 * much for a while once one has gone, which is passed over then.
 */
public final class RedisTaskStore implements MonitoredTaskStore {

	private static final Logger logger = LoggerFactory.getLogger(RedisTaskStore.class);

	private static final int RENEWALS_UNDER_WAY = 16;

	private static final int DESCRIPTIONS_UNDER_WAY = 16;

	/**
	 * How much longer than it has to be a task is kept, in ms: a script reads the clock a
	 * moment before or after Redis counts from.
	 */
	private static final long SLACK = 1000;

	/**
	 * How many bytes of a task are read without asking how many there are. For more the
	 * time limit has to be longer.
	 */
	private static final long READ_AT_ONCE = 1 << 20;

	/**
	 * Up to how many bytes of an error a full Redis takes, so that nobody has to wait for
	 * a task that nobody runs.
	 */
	private static final int SMALL_ERROR = 4096;

	/**
	 * How many bytes a task is taken to have before it is read: it is none of the small
	 * calls that pass large ones.
	 */
	private static final long EXPECTED = 8 * 1024;

	private static final byte[] SLACK_MILLIS = RedisNode.number(SLACK);

	private static final byte[] MAX_REQUESTS = RedisNode.number(MAX_INPUT_REQUESTS);

	private static final byte[] MAX_BYTES = RedisNode.number(MAX_INPUT_BYTES);

	private static final byte[] ROUNDS = RedisNode.number(KEPT_ROUNDS);

	private static final byte[] ROUND_BYTES = RedisNode.number(KEPT_ROUND_BYTES);

	private static final byte[] NOTHING = {};

	private static final byte[] NO = { '0' };

	private static final byte[] YES = { '1' };

	private final RedisNode node;

	private final TaskWatches watches;

	private final ListedTasks listed;

	private final Duration minTimeToLive;

	private final byte[] minMillis;

	private final Duration timeToLive;

	private RedisTaskStore(RedisNode node, TaskWatches watches, Duration minTimeToLive, Duration timeToLive) {
		this.node = node;
		this.watches = watches;
		this.listed = new ListedTasks(node);
		this.minTimeToLive = minTimeToLive;
		this.minMillis = RedisNode.number(minTimeToLive.toMillis());
		this.timeToLive = (timeToLive.compareTo(minTimeToLive) > 0) ? timeToLive : minTimeToLive;
	}

	/**
	 * Return a store that shares the connections of an event store. A task whose call
	 * runs is kept as long as a running stream.
	 * @param eventStore the event store
	 * @param minTimeToLive how long a task is kept at least after it was created or
	 * ended, at least one millisecond
	 * @return a new store
	 */
	public static RedisTaskStore of(RedisEventStore eventStore, Duration minTimeToLive) {
		return of(eventStore, minTimeToLive, eventStore.timeToLive());
	}

	/**
	 * Return a store that shares the connections of an event store.
	 * @param eventStore the event store
	 * @param minTimeToLive how long a task is kept at least after it was created or
	 * ended, at least one millisecond
	 * @param timeToLive how long it is kept at least after it was renewed, at least one
	 * millisecond; what is shorter than {@code minTimeToLive} is that
	 * @return a new store
	 */
	public static RedisTaskStore of(RedisEventStore eventStore, Duration minTimeToLive, Duration timeToLive) {
		return new RedisTaskStore(eventStore.node(), eventStore.taskWatches(), required("minTimeToLive", minTimeToLive),
				required("timeToLive", timeToLive));
	}

	private static Duration required(String name, Duration timeToLive) {
		if (timeToLive.toMillis() < 1 || timeToLive.toDays() > 3650) {
			throw new IllegalArgumentException(
					name + " must be at least one millisecond and at most ten years, not " + timeToLive);
		}
		return timeToLive;
	}

	@Override
	public Mono<TaskRecord> createTask(NewTask task) {
		Map<String, byte[]> requests = task.inputRequests();
		if (requests.size() > MAX_INPUT_REQUESTS || TaskFields.bytes(requests) > MAX_INPUT_BYTES) {
			return Mono.error((requests.size() > MAX_INPUT_REQUESTS) ? tooManyRequests() : tooManyBytes());
		}
		String key = this.node.keys().task(task.taskId());
		Duration timeToLive = (task.timeToLive().compareTo(this.minTimeToLive) > 0) ? task.timeToLive()
				: this.minTimeToLive;
		List<byte[]> arguments = new ArrayList<>();
		arguments.add(RedisNode.number(timeToLive.toMillis()));
		arguments.add(SLACK_MILLIS);
		arguments.add(tag());
		arguments.addAll(TaskFields.of(task, timeToLive.toMillis()));
		return write(LuaScript.CREATE_TASK, key, arguments).map((reply) -> {
			if (RedisNode.code(reply) == 0) {
				throw new TaskExistsException();
			}
			this.watches.created(key);
			if (task.tool() != null) {
				list(List.of(task.taskId()), timeToLive.toMillis() + SLACK);
			}
			return TaskRecord.created(task, Instant.ofEpochMilli((Long) reply.get(1)),
					Duration.ofMillis(timeToLive.toMillis()));
		});
	}

	@Override
	public Mono<TaskRecord> findTask(String taskId) {
		return find(taskId, YES);
	}

	@Override
	public Mono<TaskRecord> findRequests(String taskId) {
		return find(taskId, NO);
	}

	private Mono<TaskRecord> find(String taskId, byte[] all) {
		String key = key(taskId);
		return read(key, EXPECTED, READ_AT_ONCE, all)
			.flatMap((reply) -> (!reply.isEmpty() && reply.get(0) instanceof Long bytes)
					? read(key, bytes, Long.MAX_VALUE, all) : Mono.just(reply))
			.doOnNext((fields) -> {
				if (fields.isEmpty()) {
					this.watches.ended(key);
				}
			})
			.filter((fields) -> !fields.isEmpty())
			.map((fields) -> TaskFields.parse(taskId, fields))
			.doOnNext((task) -> {
				if (task.status().isTerminal()) {
					this.watches.ended(key);
				}
			})
			.onErrorMap(RuntimeException.class, RedisTaskStore::unreadable);
	}

	private Mono<List<Object>> read(String key, long bytes, long atOnce, byte[] all) {
		return this.node.write(LuaScript.FIND_TASK, bytes, new byte[][] { RedisKeys.bytes(key) },
				RedisNode.number(atOnce), all);
	}

	private static Throwable unreadable(RuntimeException failure) {
		return (failure instanceof EventStoreUnavailableException) ? failed(failure)
				: new TaskStoreUnavailableException("Redis holds something else than a task of this version", failure);
	}

	@Override
	public Mono<TaskState> updateTask(String taskId, TaskChange change) {
		String key = key(taskId);
		Duration timeToLive = change.timeToLive();
		TaskChange.Round round = change.round();
		String message = change.statusMessage();
		List<byte[]> arguments = new ArrayList<>();
		arguments.add(this.node.channel());
		arguments.add(MAX_REQUESTS);
		arguments.add(MAX_BYTES);
		arguments.add((timeToLive != null) ? RedisNode.number(timeToLive.toMillis()) : NO);
		arguments.add(SLACK_MILLIS);
		arguments.add(ROUNDS);
		arguments.add(ROUND_BYTES);
		arguments.add((round != null) ? RedisNode.number(round.number()) : NO);
		arguments.add((round != null) ? round.outcome() : NOTHING);
		arguments.add(RedisNode.number(change.settled().size()));
		addText(arguments, message);
		addText(arguments, change.tool());
		change.settled().forEach((settled) -> arguments.add(RedisKeys.text(settled)));
		addPairs(arguments, change.inputRequests());
		return write(LuaScript.UPDATE_TASK, key, arguments).map((reply) -> {
			switch (RedisNode.code(reply)) {
				case 2 -> {
					this.watches.ended(key);
					throw new TaskEndedException(status(reply.get(1)));
				}
				case 3 ->
					throw new IllegalArgumentException("The request for input '" + SessionFields.text(reply.get(1))
							+ "' was asked before and is settled: a key is asked once in a task's life");
				case 4 -> throw tooManyRequests();
				case 5 -> throw tooManyBytes();
				default -> {
					long kept = (Long) reply.get(4);
					if (kept > 0) {
						list(List.of(taskId), kept);
					}
					return state(key, reply);
				}
			}
		});
	}

	@Override
	public Mono<TaskState> answerInput(String taskId, Map<String, byte[]> answers) {
		String key = key(taskId);
		List<byte[]> arguments = new ArrayList<>(List.of(this.node.channel(), MAX_BYTES));
		answers.forEach((request, answer) -> {
			if (answer.length == 0) {
				throw new IllegalArgumentException("An answer is empty");
			}
			if (TaskChange.isKey(request)) {
				arguments.add(RedisKeys.text(request));
				arguments.add(answer);
			}
		});
		return write(LuaScript.ANSWER_TASK, key, arguments).map((reply) -> {
			return switch (RedisNode.code(reply)) {
				case 5 ->
					throw new TaskStoreUnavailableException("Too many bytes of answers wait for the owner of the task");
				case 6 -> throw new TaskStoreRefusedException("The answers are larger than the task has room for");
				default -> state(key, reply);
			};
		});
	}

	@Override
	public Mono<Boolean> endTask(String taskId, TaskEnd end) {
		String key = key(taskId);
		List<byte[]> arguments = new ArrayList<>(List.of(this.node.channel(), this.minMillis, SLACK_MILLIS, tag(),
				RedisKeys.text(end.status().toString())));
		addText(arguments, end.statusMessage());
		byte[] outcome = end.outcome();
		int size = arguments.get(6).length + ((outcome != null) ? outcome.length : 0);
		boolean aborted = end.status() != TaskStatus.COMPLETED && size <= SMALL_ERROR;
		arguments.add(aborted ? YES : NO);
		arguments.add(ROUND_BYTES);
		if (outcome != null) {
			arguments.add(outcome);
		}
		Operation operation = aborted ? Operation.ABORT_TASK : LuaScript.END_TASK.operation();
		return write(LuaScript.END_TASK, operation, key, arguments).map((reply) -> {
			this.watches.ended(key);
			boolean ended = RedisNode.code(reply) == 1;
			if (ended) {
				this.watches.changed(key, (Long) reply.get(1));
			}
			return ended;
		});
	}

	@Override
	public Mono<Void> renewTasks(Collection<String> taskIds) {
		List<String> ids = List.copyOf(taskIds);
		ids.forEach(TaskRecord::requireTaskId);
		return Mono.defer(() -> {
			List<String> ofTools = new ArrayList<>();
			// One that can't be renewed keeps no other from that
			return Flux.fromIterable(ids)
				.flatMapDelayError((id) -> renew(id).map((code) -> (code == 2) ? id : ""), RENEWALS_UNDER_WAY, 1)
				.doOnNext((id) -> {
					if (!id.isEmpty()) {
						ofTools.add(id);
					}
				})
				.then()
				.doOnTerminate(() -> list(ofTools, this.timeToLive.toMillis() + SLACK));
		}).onErrorMap((failure) -> new TaskStoreUnavailableException("Tasks may not have been renewed", failure));
	}

	private Mono<Integer> renew(String taskId) {
		return this.node
			.write(LuaScript.RENEW_TASK, 0, new byte[][] { RedisKeys.bytes(key(taskId)) },
					RedisNode.number(this.timeToLive.toMillis()), SLACK_MILLIS)
			.map(RedisNode::code);
	}

	/**
	 * Have operators see tasks.
	 * @param taskIds the tasks
	 * @param kept how long they are kept in ms
	 */
	private void list(List<String> taskIds, long kept) {
		// A task that ends is kept for longer again, and isn't listed again for that
		this.listed.add(taskIds, kept + renewalInterval().toMillis());
	}

	@Override
	public Mono<TaskPage> findTasks(@Nullable String cursor, int size) {
		return NamePage.read(this.node, this.node.keys().tasks(), cursor, MonitoredTaskStore.requirePageSize(size))
			.onErrorMap(RedisTaskStore::failed)
			.flatMap((page) -> Flux.fromIterable(page.names())
				.flatMapSequential(this::describeTask, DESCRIPTIONS_UNDER_WAY, 1)
				.collectList()
				.map((tasks) -> new TaskPage(tasks, page.next())));
	}

	@Override
	public Mono<StoredTask> describeTask(String taskId) {
		byte[][] task = { RedisKeys.bytes(key(taskId)) };
		return this.node.read(LuaScript.DESCRIBE_TASK, task, TaskFields.described())
			.onErrorMap(RedisTaskStore::failed)
			.filter((reply) -> !reply.isEmpty())
			.mapNotNull((reply) -> describe(taskId, reply));
	}

	private static @Nullable StoredTask describe(String taskId, List<Object> reply) {
		try {
			return TaskFields.describe(taskId, (Long) reply.get(0), reply.subList(1, reply.size()));
		}
		catch (RuntimeException ex) {
			// One that can't be read doesn't hide the others
			logger.debug("A task can't be read", ex);
			return null;
		}
	}

	@Override
	public Flux<Revision> watch(String taskId) {
		return this.watches.watch(key(taskId));
	}

	@Override
	public Duration minTimeToLive() {
		return this.minTimeToLive;
	}

	@Override
	public Duration timeToLive() {
		return this.timeToLive;
	}

	private String key(String taskId) {
		TaskRecord.requireTaskId(taskId);
		return this.node.keys().task(taskId);
	}

	private static void addText(List<byte[]> arguments, @Nullable String text) {
		arguments.add((text != null) ? YES : NO);
		arguments.add((text != null) ? RedisKeys.text(text) : NOTHING);
	}

	private static void addPairs(List<byte[]> arguments, Map<String, byte[]> pairs) {
		pairs.forEach((key, value) -> {
			arguments.add(RedisKeys.text(key));
			arguments.add(value);
		});
	}

	private TaskState state(String key, List<Object> reply) {
		long revision = (Long) reply.get(3);
		this.watches.changed(key, revision);
		return new TaskState(SessionFields.text(reply.get(1)), status(reply.get(2)), new Revision(revision));
	}

	private static TaskStatus status(Object text) {
		return TaskStatus.parse(SessionFields.text(text));
	}

	private Mono<List<Object>> write(LuaScript script, String key, List<byte[]> arguments) {
		return write(script, script.operation(), key, arguments);
	}

	private Mono<List<Object>> write(LuaScript script, Operation operation, String key, List<byte[]> arguments) {
		byte[][] keys = { RedisKeys.bytes(key) };
		byte[][] values = arguments.toArray(byte[][]::new);
		long bytes = arguments.stream().mapToLong((argument) -> argument.length).sum();
		return Mono.<List<Object>>create(
				(sink) -> this.node.write(script, operation, bytes, keys, values, (reply, failure) -> {
					if (reply != null) {
						sink.success(reply);
					}
					else {
						this.watches.mayHaveChanged(key);
						sink.error(failed(RedisNode.refused(failure)));
					}
				}))
			.doOnNext((reply) -> {
				if (script != LuaScript.CREATE_TASK && RedisNode.code(reply) == 0) {
					this.watches.ended(key);
					throw new TaskNotFoundException();
				}
			});
	}

	// The connections are the event store's
	private static Throwable failed(Throwable failure) {
		String message = String.valueOf(failure.getMessage());
		if (failure instanceof EventStoreRefusedException) {
			return new TaskStoreRefusedException(message, failure.getCause());
		}
		return (failure instanceof EventStoreUnavailableException)
				? new TaskStoreUnavailableException(message, failure.getCause()) : failure;
	}

	private static TaskStoreException tooManyRequests() {
		return new TaskStoreRefusedException("A task may ask its client " + MAX_INPUT_REQUESTS + " things in its life");
	}

	private static TaskStoreException tooManyBytes() {
		return new TaskStoreRefusedException(
				"What a task asks its client may have " + MAX_INPUT_BYTES + " bytes, with the answers that wait");
	}

	/**
	 * Draw what tells a call from others: Redis may get it twice.
	 * @return up to thirteen characters
	 */
	private static byte[] tag() {
		return RedisKeys.bytes(Long.toString(ThreadLocalRandom.current().nextLong() >>> 1, 36));
	}

}

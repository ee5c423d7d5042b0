package io.github.mcppersist.redis;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventStoreRefusedException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskEndedException;
import io.github.mcppersist.task.TaskExistsException;
import io.github.mcppersist.task.TaskNotFoundException;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskState;
import io.github.mcppersist.task.TaskStatus;
import io.github.mcppersist.task.TaskStore;
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
 */
public final class RedisTaskStore implements TaskStore {

	private static final int RENEWALS_UNDER_WAY = 16;

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

	private static final byte[] SLACK_MILLIS = RedisNode.number(SLACK);

	private static final byte[] MAX_REQUESTS = RedisNode.number(MAX_INPUT_REQUESTS);

	private static final byte[] MAX_BYTES = RedisNode.number(MAX_INPUT_BYTES);

	private static final byte[] ROUNDS = RedisNode.number(KEPT_ROUNDS);

	private static final byte[] NOTHING = {};

	private static final byte[] NO = { '0' };

	private static final byte[] YES = { '1' };

	private final RedisNode node;

	private final TaskWatches watches;

	private final Duration minTimeToLive;

	private final byte[] minMillis;

	private RedisTaskStore(RedisNode node, TaskWatches watches, Duration minTimeToLive) {
		this.node = node;
		this.watches = watches;
		this.minTimeToLive = minTimeToLive;
		this.minMillis = RedisNode.number(minTimeToLive.toMillis());
	}

	/**
	 * Return a store that shares the connections of an event store.
	 * @param eventStore the event store
	 * @param minTimeToLive how long a task is kept at least after it was created, renewed
	 * or ended, at least one millisecond
	 * @return a new store
	 */
	public static RedisTaskStore of(RedisEventStore eventStore, Duration minTimeToLive) {
		if (minTimeToLive.toMillis() < 1 || minTimeToLive.toDays() > 3650) {
			throw new IllegalArgumentException(
					"minTimeToLive must be at least one millisecond and at most ten years, not " + minTimeToLive);
		}
		return new RedisTaskStore(eventStore.node(), eventStore.taskWatches(), minTimeToLive);
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
			return TaskRecord.created(task, Instant.ofEpochMilli((Long) reply.get(1)),
					Duration.ofMillis(timeToLive.toMillis()));
		});
	}

	@Override
	public Mono<TaskRecord> findTask(String taskId) {
		String key = key(taskId);
		return read(key, 0, READ_AT_ONCE)
			.flatMap((reply) -> (!reply.isEmpty() && reply.get(0) instanceof Long bytes)
					? read(key, bytes, Long.MAX_VALUE) : Mono.just(reply))
			.filter((fields) -> !fields.isEmpty())
			.map((fields) -> TaskFields.parse(taskId, fields))
			.doOnNext((task) -> {
				if (task.status().isTerminal()) {
					this.watches.ended(key);
				}
			})
			.onErrorMap(RuntimeException.class, RedisTaskStore::unreadable);
	}

	private Mono<List<Object>> read(String key, long bytes, long atOnce) {
		return this.node.write(LuaScript.FIND_TASK, bytes, new byte[][] { RedisKeys.bytes(key) },
				RedisNode.number(atOnce));
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
		arguments.add((round != null) ? RedisNode.number(round.number()) : NO);
		arguments.add((round != null) ? round.outcome() : NOTHING);
		arguments.add(RedisNode.number(change.settled().size()));
		addMessage(arguments, message);
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
			if (RedisNode.code(reply) == 5) {
				throw new TaskStoreUnavailableException("Too many bytes of answers wait for the owner of the task");
			}
			return state(key, reply);
		});
	}

	@Override
	public Mono<Boolean> endTask(String taskId, TaskEnd end) {
		String key = key(taskId);
		List<byte[]> arguments = new ArrayList<>(List.of(this.node.channel(), this.minMillis, SLACK_MILLIS, tag(),
				RedisKeys.text(end.status().toString())));
		addMessage(arguments, end.statusMessage());
		byte[] outcome = end.outcome();
		if (outcome != null) {
			arguments.add(outcome);
		}
		return write(LuaScript.END_TASK, key, arguments).map((reply) -> {
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
		List<String> keys = taskIds.stream().map(this::key).toList();
		// One that can't be renewed keeps no other from that
		return Flux.fromIterable(keys)
			.flatMapDelayError((key) -> this.node.write(LuaScript.RENEW_TASK, 0, new byte[][] { RedisKeys.bytes(key) },
					this.minMillis, SLACK_MILLIS), RENEWALS_UNDER_WAY, 1)
			.then()
			.onErrorMap((failure) -> new TaskStoreUnavailableException("Tasks may not have been renewed", failure));
	}

	@Override
	public Flux<Revision> watch(String taskId) {
		return this.watches.watch(key(taskId));
	}

	@Override
	public Duration minTimeToLive() {
		return this.minTimeToLive;
	}

	private String key(String taskId) {
		TaskRecord.requireTaskId(taskId);
		return this.node.keys().task(taskId);
	}

	private static void addMessage(List<byte[]> arguments, @Nullable String message) {
		arguments.add((message != null) ? YES : NO);
		arguments.add((message != null) ? RedisKeys.text(message) : NOTHING);
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
		byte[][] keys = { RedisKeys.bytes(key) };
		byte[][] values = arguments.toArray(byte[][]::new);
		long bytes = arguments.stream().mapToLong((argument) -> argument.length).sum();
		return Mono.<List<Object>>create((sink) -> this.node.write(script, bytes, keys, values, (reply, failure) -> {
			if (reply != null) {
				sink.success(reply);
			}
			else {
				sink.error(failed(RedisNode.refused(failure)));
			}
		})).doOnNext((reply) -> {
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

package io.github.mcppersist.task;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.FluxSink;

import io.github.mcppersist.event.Revision;

/**
 * One task in memory. It is owned by {@link InMemoryTaskStore} and used under its lock
 * only, but for its revision.
 */
final class InMemoryTask {

	/**
	 * About what a task takes beside its texts.
	 */
	private static final int TASK_OVERHEAD = 1024;

	/**
	 * About what a request takes beside its bytes and those of its answer.
	 */
	private static final int INPUT_OVERHEAD = 256;

	private static final byte[] NOTHING = {};

	private final NewTask created;

	/**
	 * Which call has created it.
	 */
	private final Object creation;

	private final long createdAt;

	private final Map<String, byte[]> outstanding = new HashMap<>();

	private final Map<String, byte[]> answers = new HashMap<>();

	private final Set<String> settled = new HashSet<>();

	private final TreeMap<Integer, byte[]> rounds = new TreeMap<>();

	private final Set<FluxSink<Object>> watchers = new HashSet<>();

	private long inputBytes;

	private int asked;

	private @Nullable String statusMessage;

	private @Nullable String tool;

	private @Nullable TaskEnd end;

	/**
	 * Which call has ended it.
	 */
	private @Nullable Object ending;

	private long updatedAt;

	private long expiresAt;

	private volatile Revision revision = Revision.FIRST;

	InMemoryTask(NewTask created, Object creation, long now) {
		this.created = created;
		this.creation = creation;
		this.createdAt = now;
		this.updatedAt = now;
		this.expiresAt = now + created.timeToLive().toMillis();
		this.statusMessage = created.statusMessage();
		this.tool = created.tool();
		requireRoom(created.inputRequests(), 0);
		created.inputRequests().forEach(this::ask);
	}

	String taskId() {
		return this.created.taskId();
	}

	boolean wasCreatedBy(Object call) {
		return this.creation == call;
	}

	boolean wasEndedBy(Object call) {
		return this.ending == call;
	}

	/**
	 * Return the revision, on any thread.
	 * @return the revision
	 */
	Revision revision() {
		return this.revision;
	}

	TaskStatus status() {
		TaskEnd end = this.end;
		if (end != null) {
			return end.status();
		}
		return this.outstanding.isEmpty() ? TaskStatus.WORKING : TaskStatus.INPUT_REQUIRED;
	}

	boolean hasEnded() {
		return this.end != null;
	}

	TaskState state() {
		return new TaskState(this.created.owner(), status(), this.revision);
	}

	/**
	 * Say whether it is a task to its client.
	 * @return whether operators are shown it
	 */
	boolean isOfTool() {
		return this.tool != null;
	}

	Set<FluxSink<Object>> watchers() {
		return this.watchers;
	}

	long expiresAt() {
		return this.expiresAt;
	}

	void keepUntil(long time) {
		this.expiresAt = Math.max(this.expiresAt, time);
	}

	/**
	 * Return about what this task takes.
	 * @return the bytes of heap
	 */
	long bytes() {
		long bytes = TASK_OVERHEAD + this.inputBytes + (long) INPUT_OVERHEAD * this.asked;
		if (this.statusMessage != null) {
			bytes += 2L * this.statusMessage.length();
		}
		if (this.tool != null) {
			bytes += 2L * this.tool.length();
		}
		for (byte[] round : this.rounds.values()) {
			bytes += round.length;
		}
		TaskEnd end = this.end;
		byte[] outcome = (end != null) ? end.outcome() : null;
		return (outcome != null) ? bytes + outcome.length : bytes;
	}

	/**
	 * Make a change.
	 * @param change the change
	 * @param now when
	 * @return whether it has changed what others see
	 */
	boolean change(TaskChange change, long now) {
		change.inputRequests().keySet().forEach((key) -> {
			if (this.settled.contains(key)) {
				throw new IllegalArgumentException("The request for input '" + key
						+ "' was asked before and is settled: a key is asked once in a task's life");
			}
		});
		Map<String, byte[]> added = new HashMap<>(change.inputRequests());
		added.keySet().removeAll(this.outstanding.keySet());
		added.keySet().removeAll(this.answers.keySet());
		requireRoom(added, change.settled().stream().mapToLong(this::inputBytes).sum());
		boolean changed = !added.isEmpty();
		added.forEach(this::ask);
		for (String key : change.settled()) {
			changed |= settle(key);
		}
		String message = change.statusMessage();
		if (message != null && !message.equals(this.statusMessage)) {
			this.statusMessage = message;
			changed = true;
		}
		TaskChange.Round round = change.round();
		if (round != null && this.rounds.putIfAbsent(round.number(), round.outcome()) == null) {
			this.rounds.headMap(this.rounds.lastKey() - TaskStore.KEPT_ROUNDS, true).clear();
			boundRounds(this.rounds.lastKey());
			changed = true;
		}
		if (change.tool() != null) {
			this.tool = change.tool();
		}
		Duration timeToLive = change.timeToLive();
		if (timeToLive != null && this.createdAt + timeToLive.toMillis() > this.expiresAt) {
			this.expiresAt = this.createdAt + timeToLive.toMillis();
			changed = true;
		}
		return changed && changed(now);
	}

	private void boundRounds(@Nullable Integer needed) {
		long bytes = 0;
		for (Integer number : List.copyOf(this.rounds.descendingKeySet())) {
			bytes += this.rounds.getOrDefault(number, NOTHING).length;
			if (bytes > TaskStore.KEPT_ROUND_BYTES && !number.equals(needed)) {
				this.rounds.remove(number);
			}
		}
	}

	private void requireRoom(Map<String, byte[]> requests, long freed) {
		if (this.asked + requests.size() > TaskStore.MAX_INPUT_REQUESTS) {
			throw new TaskStoreRefusedException(
					"A task may ask its client " + TaskStore.MAX_INPUT_REQUESTS + " things in its life");
		}
		long bytes = requests.values().stream().mapToLong((request) -> request.length).sum();
		if (this.inputBytes - freed + bytes > TaskStore.MAX_INPUT_BYTES && !requests.isEmpty()) {
			throw new TaskStoreRefusedException("What a task asks its client may have " + TaskStore.MAX_INPUT_BYTES
					+ " bytes, with the answers that wait");
		}
	}

	private long inputBytes(String key) {
		byte[] request = this.outstanding.get(key);
		byte[] answer = this.answers.get(key);
		return ((request != null) ? request.length : 0) + ((answer != null) ? answer.length : 0);
	}

	private void ask(String key, byte[] request) {
		this.outstanding.put(key, request);
		this.inputBytes += request.length;
		this.asked++;
	}

	private boolean settle(String key) {
		this.inputBytes -= inputBytes(key);
		byte[] request = this.outstanding.remove(key);
		byte[] answer = this.answers.remove(key);
		if (request == null && answer == null) {
			return false;
		}
		this.settled.add(key);
		return request != null;
	}

	boolean answer(Map<String, byte[]> given, long now) {
		Map<String, byte[]> taken = new HashMap<>();
		long bytes = this.inputBytes;
		for (Map.Entry<String, byte[]> answer : given.entrySet()) {
			byte[] request = this.outstanding.get(answer.getKey());
			if (request != null) {
				taken.put(answer.getKey(), answer.getValue());
				bytes += answer.getValue().length - request.length;
			}
		}
		if (bytes > TaskStore.MAX_INPUT_BYTES && bytes > this.inputBytes) {
			long waiting = this.answers.values().stream().mapToLong((answer) -> answer.length).sum();
			throw (bytes - waiting > TaskStore.MAX_INPUT_BYTES)
					? new TaskStoreRefusedException("The answers are larger than the task has room for")
					: new TaskStoreUnavailableException("Too many bytes of answers wait for the owner of the task");
		}
		this.inputBytes = bytes;
		this.answers.putAll(taken);
		this.outstanding.keySet().removeAll(taken.keySet());
		return !taken.isEmpty() && changed(now);
	}

	void end(TaskEnd end, Object ending, long now) {
		this.end = end;
		this.ending = ending;
		this.statusMessage = end.statusMessage();
		this.outstanding.clear();
		this.answers.clear();
		this.settled.clear();
		boundRounds(null);
		this.inputBytes = 0;
		this.asked = 0;
		changed(now);
	}

	private boolean changed(long now) {
		this.updatedAt = now;
		this.revision = this.revision.next();
		return true;
	}

	StoredTask describe(long now) {
		return new StoredTask(this.created.taskId(), this.created.owner(), this.created.principal(), this.tool,
				status(), this.statusMessage, this.outstanding.size(), Duration.ofMillis(now - this.createdAt),
				Duration.ofMillis(now - this.updatedAt), Duration.ofMillis(this.expiresAt - now));
	}

	/**
	 * Return its place among the others.
	 * @return the place, which changes with its expiry
	 */
	Place place() {
		return new Place(this.expiresAt, this.created.taskId());
	}

	TaskRecord toRecord() {
		TaskEnd end = this.end;
		return new TaskRecord(this.created.taskId(), this.created.owner(), this.created.principal(), status(),
				this.statusMessage, Instant.ofEpochMilli(this.createdAt), Instant.ofEpochMilli(this.updatedAt),
				Duration.ofMillis(this.expiresAt - this.createdAt), this.outstanding, this.answers, this.rounds,
				(end != null) ? end.outcome() : null, this.revision);
	}

	/**
	 * The place of a task among others: the one that expires first in front.
	 *
	 * @param expiresAt when it expires
	 * @param taskId the task
	 */
	record Place(long expiresAt, String taskId) implements Comparable<Place> {

		@Override
		public int compareTo(Place other) {
			int byExpiry = Long.compare(this.expiresAt, other.expiresAt);
			return (byExpiry != 0) ? byExpiry : this.taskId.compareTo(other.taskId);
		}

	}

}

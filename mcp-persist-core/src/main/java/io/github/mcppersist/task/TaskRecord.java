package io.github.mcppersist.task;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.StreamKey;

/**
 * All that is known of a task. Nobody may change its arrays.
 *
 * @param taskId the task ID; from an endpoint its {@linkplain TaskNames name}
 * @param owner the ID of the node that runs it, or ran it
 * @param principal whose it is, {@linkplain TaskNames#ofPrincipal hashed}, or
 * {@code null} if it is nobody's
 * @param status the state that it is in
 * @param statusMessage what a client is told of that, or {@code null}
 * @param createdAt when it was created, in milliseconds of the store's own clock
 * @param lastUpdatedAt when it changed last, by the same clock
 * @param timeToLive how long it is kept at least, from {@code createdAt} on
 * @param inputRequests what its client was asked and hasn't answered, by key; empty once
 * it has ended
 * @param answers what its client has answered, by key, and its owner hasn't
 * {@linkplain TaskChange#settled() settled}; empty once it has ended
 * @param rounds the outcomes of the last rounds, by number, but for the last round of
 * all, whose outcome is that of the task. How many there are is
 * {@linkplain TaskStore#KEPT_ROUND_BYTES bounded}
 * @param outcome the result if it completed, the JSON-RPC error if it failed, otherwise
 * {@code null}
 * @param revision is raised by each change; by a renewal, and by what is settled after it
 * was answered, it isn't
 */
public record TaskRecord(String taskId, String owner, @Nullable String principal, TaskStatus status,
		@Nullable String statusMessage, Instant createdAt, Instant lastUpdatedAt, Duration timeToLive,
		Map<String, byte[]> inputRequests, Map<String, byte[]> answers, Map<Integer, byte[]> rounds,
		byte @Nullable [] outcome, Revision revision) {

	static final int MAX_DAYS = 3650;

	// Not the short form: with it NullAway doesn't see that an array may be null
	public TaskRecord(String taskId, String owner, @Nullable String principal, TaskStatus status,
			@Nullable String statusMessage, Instant createdAt, Instant lastUpdatedAt, Duration timeToLive,
			Map<String, byte[]> inputRequests, Map<String, byte[]> answers, Map<Integer, byte[]> rounds,
			byte @Nullable [] outcome, Revision revision) {
		requireTaskId(taskId);
		this.taskId = taskId;
		this.owner = Objects.requireNonNull(owner, "owner must not be null");
		this.principal = principal;
		this.status = Objects.requireNonNull(status, "status must not be null");
		this.statusMessage = statusMessage;
		this.createdAt = Objects.requireNonNull(createdAt, "createdAt must not be null");
		this.lastUpdatedAt = Objects.requireNonNull(lastUpdatedAt, "lastUpdatedAt must not be null");
		this.timeToLive = Objects.requireNonNull(timeToLive, "timeToLive must not be null");
		this.inputRequests = Map.copyOf(inputRequests);
		this.answers = Map.copyOf(answers);
		this.rounds = Map.copyOf(rounds);
		this.outcome = outcome;
		this.revision = Objects.requireNonNull(revision, "revision must not be null");
	}

	/**
	 * Return the record of a task that was just created.
	 * @param task the task
	 * @param createdAt when it was created
	 * @param timeToLive how long it is kept at least
	 * @return a record with the first revision
	 */
	public static TaskRecord created(NewTask task, Instant createdAt, Duration timeToLive) {
		return new TaskRecord(task.taskId(), task.owner(), task.principal(), task.status(), task.statusMessage(),
				createdAt, createdAt, timeToLive, task.inputRequests(), Map.of(), Map.of(), null, Revision.FIRST);
	}

	/**
	 * Refuse what can't be a task ID to a store.
	 * @param taskId the task ID that a caller has given
	 * @throws IllegalArgumentException if it doesn't fit the grammar
	 */
	public static void requireTaskId(String taskId) {
		// The characters are those of a session's name
		if (!StreamKey.isSessionName(taskId)) {
			throw new IllegalArgumentException(
					"Not the name of a task. It must be 1 to 32 characters out of A-Z a-z 0-9 . _ -");
		}
	}

	TaskRecord withoutOutcomes() {
		return new TaskRecord(this.taskId, this.owner, this.principal, this.status, this.statusMessage, this.createdAt,
				this.lastUpdatedAt, this.timeToLive, this.inputRequests, Map.of(), Map.of(), null, this.revision);
	}

	static boolean equal(Map<?, byte[]> one, Map<?, byte[]> other) {
		return one.keySet().equals(other.keySet()) && one.entrySet()
			.stream()
			.allMatch((entry) -> Arrays.equals(entry.getValue(), other.get(entry.getKey())));
	}

	@Override
	public boolean equals(Object other) {
		return other instanceof TaskRecord record && this.taskId.equals(record.taskId)
				&& this.owner.equals(record.owner) && Objects.equals(this.principal, record.principal)
				&& this.status == record.status && Objects.equals(this.statusMessage, record.statusMessage)
				&& this.createdAt.equals(record.createdAt) && this.lastUpdatedAt.equals(record.lastUpdatedAt)
				&& this.timeToLive.equals(record.timeToLive) && equal(this.inputRequests, record.inputRequests)
				&& equal(this.answers, record.answers) && equal(this.rounds, record.rounds)
				&& Arrays.equals(this.outcome, record.outcome) && this.revision.equals(record.revision);
	}

	@Override
	public int hashCode() {
		return Objects.hash(this.taskId, this.revision);
	}

	/**
	 * Return the state and the revision; the rest is the user's.
	 */
	@Override
	public String toString() {
		return "task, " + this.status + ", revision " + this.revision + ", " + this.inputRequests.size()
				+ " requests for input, " + this.answers.size() + " answers";
	}

}

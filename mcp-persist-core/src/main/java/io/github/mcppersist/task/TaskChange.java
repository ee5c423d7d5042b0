package io.github.mcppersist.task;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * What the owner of a task changes in one step. Each part may be absent, and the same
 * change made twice is the same as made once.
 *
 * @param statusMessage what a client is told of the state from now on, or {@code null} to
 * leave it as it is
 * @param inputRequests what the client is asked besides, by key, as UTF-8 JSON. A key is
 * asked once in a task's life. The arrays are shared, not copied: nobody may change them
 * @param settled the keys of requests of which the owner needs nothing more: it has the
 * answer, or doesn't wait for it any more. What they hold is dropped; the keys stay used
 * @param round the outcome of a round, or {@code null}
 * @param timeToLive how long the task is kept at least, from its creation on, or
 * {@code null} to leave that as it is. It is never made shorter
 * @param tool the tool that runs as a task from now on, which operators are shown, or
 * {@code null} to leave that as it is. By itself it is no change that others are told, or
 * that is counted
 */
public record TaskChange(@Nullable String statusMessage, Map<String, byte[]> inputRequests, Set<String> settled,
		@Nullable Round round, @Nullable Duration timeToLive, @Nullable String tool) {

	private static final TaskChange NONE = new TaskChange(null, Map.of(), Set.of(), null, null, null);

	public TaskChange {
		inputRequests = requireRequests(inputRequests);
		settled = Set.copyOf(settled);
		if (settled.stream().anyMatch(inputRequests::containsKey)) {
			throw new IllegalArgumentException("A request can't be asked and settled by the same change");
		}
		if (timeToLive != null && (timeToLive.toMillis() < 1 || timeToLive.toDays() > TaskRecord.MAX_DAYS)) {
			throw new IllegalArgumentException(
					"timeToLive must be at least one millisecond and at most ten years, not " + timeToLive);
		}
	}

	/**
	 * Return a change that changes nothing, to begin with.
	 * @return the change
	 */
	public static TaskChange none() {
		return NONE;
	}

	/**
	 * Return this change with a status message.
	 * @param message what a client is told of the state
	 * @return a new change
	 */
	public TaskChange withStatusMessage(String message) {
		return new TaskChange(message, this.inputRequests, this.settled, this.round, this.timeToLive, this.tool);
	}

	/**
	 * Return this change with requests for input.
	 * @param requests what the client is asked, by key
	 * @return a new change
	 */
	public TaskChange withInputRequests(Map<String, byte[]> requests) {
		return new TaskChange(this.statusMessage, requests, this.settled, this.round, this.timeToLive, this.tool);
	}

	/**
	 * Return this change with keys that are settled.
	 * @param keys the keys
	 * @return a new change
	 */
	public TaskChange withSettled(Collection<String> keys) {
		return new TaskChange(this.statusMessage, this.inputRequests, new HashSet<>(keys), this.round, this.timeToLive,
				this.tool);
	}

	/**
	 * Return this change with the outcome of a round.
	 * @param number the number of the round
	 * @param outcome what whoever waits for it is answered
	 * @return a new change
	 */
	public TaskChange withRound(int number, byte[] outcome) {
		return new TaskChange(this.statusMessage, this.inputRequests, this.settled, new Round(number, outcome),
				this.timeToLive, this.tool);
	}

	/**
	 * Return this change with a time to live.
	 * @param duration how long the task is kept at least, from its creation on
	 * @return a new change
	 */
	public TaskChange withTimeToLive(Duration duration) {
		return new TaskChange(this.statusMessage, this.inputRequests, this.settled, this.round, duration, this.tool);
	}

	/**
	 * Return this change with a tool.
	 * @param name the tool that runs as a task from now on
	 * @return a new change
	 */
	public TaskChange withTool(String name) {
		return new TaskChange(this.statusMessage, this.inputRequests, this.settled, this.round, this.timeToLive, name);
	}

	/**
	 * Say whether a text can be the key of a request for input.
	 * @param key the text
	 * @return whether it has 1 to {@value TaskStore#MAX_KEY_BYTES} bytes of UTF-8, and no
	 * half of a pair of surrogates, which would come back as another key
	 */
	public static boolean isKey(String key) {
		return !key.isEmpty() && key.length() <= TaskStore.MAX_KEY_BYTES
				&& StandardCharsets.UTF_8.newEncoder().canEncode(key)
				&& key.getBytes(StandardCharsets.UTF_8).length <= TaskStore.MAX_KEY_BYTES;
	}

	static Map<String, byte[]> requireRequests(Map<String, byte[]> requests) {
		requests.forEach((key, request) -> {
			if (!isKey(key)) {
				throw new IllegalArgumentException("Not the key of a request for input: '" + key
						+ "'. It must have 1 to " + TaskStore.MAX_KEY_BYTES + " bytes of UTF-8");
			}
			if (request.length == 0) {
				throw new IllegalArgumentException("The request for input '" + key + "' is empty");
			}
		});
		return Map.copyOf(requests);
	}

	@Override
	public boolean equals(Object other) {
		return other instanceof TaskChange change && Objects.equals(this.statusMessage, change.statusMessage)
				&& TaskRecord.equal(this.inputRequests, change.inputRequests) && this.settled.equals(change.settled)
				&& Objects.equals(this.round, change.round) && Objects.equals(this.timeToLive, change.timeToLive)
				&& Objects.equals(this.tool, change.tool);
	}

	@Override
	public int hashCode() {
		return Objects.hash(this.inputRequests.keySet(), this.settled, this.timeToLive);
	}

	/**
	 * Return how much is changed; what it says is the user's.
	 */
	@Override
	public String toString() {
		return this.inputRequests.size() + " asked, " + this.settled.size() + " settled, round " + this.round;
	}

	/**
	 * The outcome of a round, which isn't the last one: what a retry that waits for it is
	 * answered, however often it comes, and on whichever node.
	 *
	 * @param number the number of the round, at least 1
	 * @param outcome what is answered, at least one byte. The array is shared, not
	 * copied: nobody may change it
	 */
	public record Round(int number, byte[] outcome) {

		public Round {
			if (number < 1) {
				throw new IllegalArgumentException("The number of a round must be at least 1, not " + number);
			}
			if (outcome.length == 0) {
				throw new IllegalArgumentException("The outcome of a round must not be empty");
			}
		}

		@Override
		public boolean equals(Object other) {
			return other instanceof Round that && this.number == that.number
					&& Arrays.equals(this.outcome, that.outcome);
		}

		@Override
		public int hashCode() {
			return this.number;
		}

		/**
		 * Return the number; the outcome is the user's.
		 */
		@Override
		public String toString() {
			return Integer.toString(this.number);
		}

	}

}

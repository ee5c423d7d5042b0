package io.github.mcppersist.task;

import java.util.Arrays;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * How a task ends.
 *
 * @param status the state in which it stays
 * @param statusMessage what a client is told of it, or {@code null}
 * @param outcome the result of a task that completed, the JSON-RPC error of one that
 * failed, as UTF-8 JSON, or {@code null} for one that was cancelled. The array is shared,
 * not copied: nobody may change it
 */
public record TaskEnd(TaskStatus status, @Nullable String statusMessage, byte @Nullable [] outcome) {

	// Not the short form: with it NullAway doesn't see that an array may be null
	public TaskEnd(TaskStatus status, @Nullable String statusMessage, byte @Nullable [] outcome) {
		if (!status.isTerminal()) {
			throw new IllegalArgumentException("A task doesn't end as " + status);
		}
		if ((outcome == null) != (status == TaskStatus.CANCELLED) || (outcome != null && outcome.length == 0)) {
			throw new IllegalArgumentException(
					"A task that completed has a result, one that failed an error, and one that was cancelled neither");
		}
		this.status = status;
		this.statusMessage = statusMessage;
		this.outcome = outcome;
	}

	/**
	 * Return the end of a call that has a result.
	 * @param result the result
	 * @return the end
	 */
	public static TaskEnd completed(byte[] result) {
		return new TaskEnd(TaskStatus.COMPLETED, null, result);
	}

	/**
	 * Return the end of a call that has an error.
	 * @param statusMessage what a client is told of it
	 * @param error the JSON-RPC error
	 * @return the end
	 */
	public static TaskEnd failed(String statusMessage, byte[] error) {
		return new TaskEnd(TaskStatus.FAILED, statusMessage, error);
	}

	/**
	 * Return the end of a call that is cancelled.
	 * @param statusMessage what a client is told of it, or {@code null}
	 * @return the end
	 */
	public static TaskEnd cancelled(@Nullable String statusMessage) {
		return new TaskEnd(TaskStatus.CANCELLED, statusMessage, null);
	}

	@Override
	public boolean equals(Object other) {
		return other instanceof TaskEnd end && this.status == end.status
				&& Objects.equals(this.statusMessage, end.statusMessage) && Arrays.equals(this.outcome, end.outcome);
	}

	@Override
	public int hashCode() {
		return this.status.hashCode();
	}

	/**
	 * Return the state and the size; the outcome is the user's.
	 */
	@Override
	public String toString() {
		return this.status + ((this.outcome != null) ? " (" + this.outcome.length + " bytes)" : "");
	}

}

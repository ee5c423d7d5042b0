package io.github.mcppersist.modern;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.observe.ParkedCallOutcome;
import io.github.mcppersist.observe.TaskOutcome;

/**
 * How a call ends.
 *
 * @param outcome what its client gets, or {@code null} if nobody needs it any more
 * @param observed what observers are told, if it has asked its client
 */
record Ending(@Nullable Outcome outcome, ParkedCallOutcome observed) {

	/**
	 * Return what observers are told, if it was a task.
	 * @return how it has ended
	 */
	TaskOutcome taskOutcome() {
		return switch (this.observed) {
			case COMPLETED ->
				(this.outcome != null && this.outcome.error() == null) ? TaskOutcome.COMPLETED : TaskOutcome.FAILED;
			case CANCELLED -> TaskOutcome.CANCELLED;
			case TIMED_OUT -> TaskOutcome.TIMED_OUT;
			case REFUSED, UNAVAILABLE -> TaskOutcome.FAILED;
			case LOST -> TaskOutcome.LOST;
			case SHUT_DOWN -> TaskOutcome.SHUT_DOWN;
		};
	}

}

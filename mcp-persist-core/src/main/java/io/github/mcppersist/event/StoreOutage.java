package io.github.mcppersist.event;

import java.time.Duration;
import java.util.Objects;

/**
 * What is known of an outage of an event store.
 *
 * @param readsFail whether there is something that can't be read: no resume of a finished
 * request
 * @param writesFail whether there is something that can't be stored
 * @param reason what happened, and what to do about it
 * @param duration how long it has lasted so far
 */
public record StoreOutage(boolean readsFail, boolean writesFail, String reason, Duration duration) {

	public StoreOutage {
		Objects.requireNonNull(reason, "reason must not be null");
		Objects.requireNonNull(duration, "duration must not be null");
	}

}

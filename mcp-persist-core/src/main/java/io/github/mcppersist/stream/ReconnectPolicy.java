package io.github.mcppersist.stream;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * What the client of a connection is told of coming back, and whether it can be sent away
 * in the belief that it does.
 */
public interface ReconnectPolicy {

	/**
	 * Say whether the client knows of events without data that move its cursor.
	 * @return whether it is sent priming events
	 */
	boolean isPriming();

	/**
	 * Say whether the client comes back when the server closes the connection.
	 * @return whether nothing is lost if the server closes it
	 */
	boolean comesBack();

	/**
	 * Return when the client is to come back.
	 * @return the reconnection time, or {@code null} for a client that may fail on it
	 */
	@Nullable Duration retry();

}

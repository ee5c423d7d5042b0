package io.github.mcppersist.stream;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * What the options of the endpoint say of streams and connections.
 *
 * @param maxConnectionBytes how many bytes wait for a slow client before its connection
 * reads from the store
 * @param maxUnstoredBytes how many bytes of a stream may wait for the store in an outage
 * @param heartbeatInterval the longest silence on a connection
 * @param maxConnectionAge after which a connection is closed for its client to come back,
 * or {@code null} for never
 * @param lookInterval how often a reader looks without being told to
 * @param unstoredRefused whether what can't be stored is refused instead of being
 * delivered without an ID
 */
public record StreamSettings(int maxConnectionBytes, long maxUnstoredBytes, Duration heartbeatInterval,
		@Nullable Duration maxConnectionAge, Duration lookInterval, boolean unstoredRefused) {

}

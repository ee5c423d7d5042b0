package io.github.mcppersist.transport;

import java.time.Duration;

import io.github.mcppersist.stream.Threads;

/**
 * Builds endpoints for the simulation, which lives in a package of its own.
 */
public final class SimulatedEndpoints {

	private SimulatedEndpoints() {
	}

	/**
	 * Replace an endpoint's threads and its time.
	 * @param builder the builder of the endpoint
	 * @param threads what it gets instead
	 * @return the builder
	 */
	public static StreamableHttpEndpoint.Builder on(StreamableHttpEndpoint.Builder builder, Threads threads) {
		return builder.threads(threads);
	}

	/**
	 * Return options of an endpoint that looks by itself more often than it would.
	 * @param interval how often it looks
	 * @return a builder with the defaults for the rest
	 */
	public static StreamableHttpOptions.Builder looking(Duration interval) {
		return StreamableHttpOptions.builder().lookInterval(interval);
	}

}

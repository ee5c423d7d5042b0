package io.github.mcppersist.transport;

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

}

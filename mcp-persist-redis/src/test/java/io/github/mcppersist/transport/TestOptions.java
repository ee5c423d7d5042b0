package io.github.mcppersist.transport;

import java.time.Duration;

/**
 * Options that only tests change.
 */
public final class TestOptions {

	private TestOptions() {
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

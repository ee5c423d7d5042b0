package io.github.mcppersist.autoconfigure.endpoint;

import io.github.mcppersist.transport.StreamableHttpOptions;

/**
 * Changes the options of the auto-configured endpoint, after the properties were applied.
 * Any number of beans may do so, in their order.
 */
@FunctionalInterface
public interface StreamableHttpOptionsCustomizer {

	/**
	 * Customize the options.
	 * @param builder the options' builder
	 */
	void customize(StreamableHttpOptions.Builder builder);

}

package io.github.mcppersist.autoconfigure.store;

import io.github.mcppersist.redis.RedisEventStore;

/**
 * Changes how the auto-configured {@link RedisEventStore} is built, after the properties
 * were applied. Any number of beans may do so, in their order.
 */
@FunctionalInterface
public interface RedisEventStoreCustomizer {

	/**
	 * Customize the store.
	 * @param builder the store's builder
	 */
	void customize(RedisEventStore.Builder builder);

}

package io.github.mcppersist.autoconfigure.store;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;

/**
 * Auto-configuration of an {@link EventStore} in memory, for want of any other.
 */
@AutoConfiguration(after = RedisEventStoreAutoConfiguration.class)
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@EnableConfigurationProperties(McpPersistProperties.class)
public final class InMemoryEventStoreAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean(EventStore.class)
	InMemoryEventStore inMemoryEventStore(McpPersistProperties properties) {
		if (properties.store() == McpPersistProperties.Store.REDIS) {
			throw new NoRedisConnectionFactoryException();
		}
		return InMemoryEventStore.builder()
			.maxBytes(properties.memory().maxBytes().toBytes())
			.maxEventsPerStream(properties.maxEventsPerStream())
			.maxBytesPerStream(properties.maxBytesPerStream().toBytes())
			.maxBytesPerSession(properties.maxBytesPerSession().toBytes())
			.timeToLive(properties.ttl())
			.completedTimeToLive(properties.completedTtl())
			.build();
	}

}

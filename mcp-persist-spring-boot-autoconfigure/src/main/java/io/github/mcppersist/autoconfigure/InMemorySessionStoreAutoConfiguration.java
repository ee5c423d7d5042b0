package io.github.mcppersist.autoconfigure;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionStore;

/**
 * Auto-configuration of a {@link SessionStore} in memory, for want of any other.
 */
@AutoConfiguration(after = { RedisSessionStoreAutoConfiguration.class, InMemoryEventStoreAutoConfiguration.class })
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@EnableConfigurationProperties(McpPersistProperties.class)
public final class InMemorySessionStoreAutoConfiguration {

	private static final Logger logger = LoggerFactory.getLogger(InMemorySessionStoreAutoConfiguration.class);

	@Bean
	@ConditionalOnMissingBean(SessionStore.class)
	InMemorySessionStore inMemorySessionStore(McpPersistProperties properties, EventStore eventStore) {
		if (!(eventStore instanceof InMemoryEventStore)) {
			logger.info("MCP sessions are kept in memory, although events are in {}: no other instance has them. "
					+ "Declare that bean by its class if it is a RedisEventStore, or a SessionStore and a NodeRegistry",
					eventStore.getClass().getSimpleName());
		}
		return InMemorySessionStore.builder().timeToLive(properties.sessionTimeout()).build();
	}

}

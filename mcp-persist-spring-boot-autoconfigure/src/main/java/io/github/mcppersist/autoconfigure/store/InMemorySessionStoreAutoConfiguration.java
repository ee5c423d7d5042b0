package io.github.mcppersist.autoconfigure.store;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionStore;

/**
 * Auto-configuration of a {@link SessionStore} in memory, for want of any other.
 */
@AutoConfiguration(after = { RedisSessionStoreAutoConfiguration.class, InMemoryEventStoreAutoConfiguration.class })
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@EnableConfigurationProperties(McpPersistProperties.class)
public final class InMemorySessionStoreAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean(SessionStore.class)
	InMemorySessionStore inMemorySessionStore(McpPersistProperties properties) {
		return InMemorySessionStore.builder()
			.timeToLive(properties.sessionTimeout())
			.maxSessions(properties.maxSessions())
			.build();
	}

}

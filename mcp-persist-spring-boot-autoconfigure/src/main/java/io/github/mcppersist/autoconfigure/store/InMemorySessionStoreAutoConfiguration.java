package io.github.mcppersist.autoconfigure.store;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.task.InMemoryTaskStore;
import io.github.mcppersist.task.TaskStore;

/**
 * Auto-configuration of a {@link SessionStore} and a {@link TaskStore} in memory, for
 * want of any other.
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

	// Of no use to nodes that share their sessions
	@Bean
	@ConditionalOnBooleanProperty(name = "mcp.persist.modern.enabled", matchIfMissing = true)
	@ConditionalOnMissingBean({ TaskStore.class, NodeRegistry.class })
	InMemoryTaskStore inMemoryTaskStore(McpPersistProperties properties) {
		return InMemoryTaskStore.builder()
			.minTimeToLive(properties.completedTtl())
			.timeToLive(properties.callTtl())
			.build();
	}

}

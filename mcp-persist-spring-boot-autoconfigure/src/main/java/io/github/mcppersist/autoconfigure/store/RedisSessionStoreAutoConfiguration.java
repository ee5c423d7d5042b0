package io.github.mcppersist.autoconfigure.store;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.redis.RedisNodeRegistry;
import io.github.mcppersist.redis.RedisSessionStore;
import io.github.mcppersist.redis.RedisTaskStore;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.task.TaskStore;

/**
 * Auto-configuration of a {@link SessionStore}, a {@link TaskStore} and a
 * {@link NodeRegistry} in the Redis of the {@link RedisEventStore}, whose connections
 * they share, and of the end of them all.
 */
@AutoConfiguration(after = RedisEventStoreAutoConfiguration.class)
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@ConditionalOnClass(RedisEventStore.class)
@ConditionalOnBean(RedisEventStore.class)
@EnableConfigurationProperties(McpPersistProperties.class)
public final class RedisSessionStoreAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean(SessionStore.class)
	RedisSessionStore redisSessionStore(RedisEventStore eventStore, McpPersistProperties properties) {
		return RedisSessionStore.of(eventStore, properties.sessionTimeout(), properties.maxSessions());
	}

	@Bean
	@ConditionalOnBooleanProperty(name = "mcp.persist.modern.enabled", matchIfMissing = true)
	@ConditionalOnMissingBean(TaskStore.class)
	RedisTaskStore redisTaskStore(RedisEventStore eventStore, McpPersistProperties properties) {
		return RedisTaskStore.of(eventStore, properties.completedTtl(), properties.callTtl());
	}

	@Bean
	@ConditionalOnMissingBean(NodeRegistry.class)
	RedisNodeRegistry redisNodeRegistry(RedisEventStore eventStore, McpPersistProperties properties) {
		return RedisNodeRegistry.of(eventStore, properties.nodeTimeout());
	}

	@Bean
	RedisEventStoreLifecycle redisEventStoreLifecycle(RedisEventStore eventStore) {
		return new RedisEventStoreLifecycle(eventStore);
	}

}

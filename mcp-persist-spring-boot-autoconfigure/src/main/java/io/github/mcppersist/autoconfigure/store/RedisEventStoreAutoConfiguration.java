package io.github.mcppersist.autoconfigure.store;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.AnyNestedCondition;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.NoneNestedConditions;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.data.redis.connection.RedisConnectionFactory;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.redis.RedisEventStore;

/**
 * Auto-configuration of an {@link EventStore} in the application's Redis.
 */
// By name: spring-boot-data-redis may be absent, the factory then being the user's own
@AutoConfiguration(afterName = RedisEventStoreAutoConfiguration.DATA_REDIS)
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@ConditionalOnClass({ RedisConnectionFactory.class, RedisEventStore.class })
@Conditional(RedisEventStoreAutoConfiguration.OnStoreNotMemory.class)
@EnableConfigurationProperties(McpPersistProperties.class)
public final class RedisEventStoreAutoConfiguration {

	static final String DATA_REDIS = "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration";

	// Several factories without a qualified or a primary one are an error, not a reason
	// to fall back
	@Bean
	@Conditional(OnConnectionFactory.class)
	@ConditionalOnMissingBean(EventStore.class)
	RedisEventStore redisEventStore(ObjectProvider<RedisConnectionFactory> connectionFactory,
			@McpPersistRedis ObjectProvider<RedisConnectionFactory> qualified, McpPersistProperties properties,
			ObjectProvider<RedisEventStoreCustomizer> customizers) {
		RedisEventStore.Builder builder = RedisEventStore
			.builder(qualified.getIfAvailable(connectionFactory::getObject))
			.keyPrefix(properties.keyPrefix())
			.timeToLive(properties.ttl())
			.completedTimeToLive(properties.completedTtl())
			.timeout(properties.timeout())
			.maxEventsPerStream(properties.maxEventsPerStream())
			.maxBytesPerStream(properties.maxBytesPerStream().toBytes())
			.maxBytesPerSession(properties.maxBytesPerSession().toBytes());
		customizers.orderedStream().forEach((customizer) -> customizer.customize(builder));
		return builder.build();
	}

	// What is no default candidate is no match for its type alone
	static final class OnConnectionFactory extends AnyNestedCondition {

		OnConnectionFactory() {
			super(ConfigurationPhase.REGISTER_BEAN);
		}

		@ConditionalOnBean(RedisConnectionFactory.class)
		static final class OnDefault {

		}

		@ConditionalOnBean(annotation = McpPersistRedis.class)
		static final class OnQualified {

		}

	}

	static final class OnStoreNotMemory extends NoneNestedConditions {

		OnStoreNotMemory() {
			super(ConfigurationPhase.PARSE_CONFIGURATION);
		}

		@ConditionalOnProperty(name = "mcp.persist.store", havingValue = "memory")
		static final class OnStoreMemory {

		}

	}

}

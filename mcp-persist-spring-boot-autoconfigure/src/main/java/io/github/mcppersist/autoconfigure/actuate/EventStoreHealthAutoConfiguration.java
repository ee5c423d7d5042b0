package io.github.mcppersist.autoconfigure.actuate;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

import io.github.mcppersist.autoconfigure.endpoint.ModernEra;
import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemoryEventStoreAutoConfiguration;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Auto-configuration of the health contributor {@code mcpPersist}, which
 * {@code management.health.mcppersist.enabled} switches off.
 */
@AutoConfiguration(after = { InMemoryEventStoreAutoConfiguration.class, StreamableHttpEndpointAutoConfiguration.class })
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@ConditionalOnClass({ HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class })
public final class EventStoreHealthAutoConfiguration {

	@Bean
	@ConditionalOnEnabledHealthIndicator("mcppersist")
	@ConditionalOnSingleCandidate(EventStore.class)
	@ConditionalOnMissingBean(name = "mcpPersistHealthIndicator")
	EventStoreHealthIndicator mcpPersistHealthIndicator(EventStore eventStore,
			ObjectProvider<StreamableHttpEndpoint> endpoint, ObjectProvider<ModernEra> modernEra) {
		ModernEra era = modernEra.getIfUnique();
		return new EventStoreHealthIndicator(eventStore,
				(era != null && era.isServed()) ? endpoint.getIfUnique() : null);
	}

}

package io.github.mcppersist.autoconfigure.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Auto-configuration of the metrics {@code mcp.persist.*} of a
 * {@link StreamableHttpEndpoint}. Spring Boot's
 * {@code management.metrics.enable.mcp.persist} switches them off.
 */
// By name: spring-boot-micrometer-metrics may be absent, the registry then being the
// user's own
@AutoConfiguration(after = StreamableHttpEndpointAutoConfiguration.class,
		afterName = EndpointMetricsAutoConfiguration.METER_REGISTRY)
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnSingleCandidate(StreamableHttpEndpoint.class)
public final class EndpointMetricsAutoConfiguration {

	static final String METER_REGISTRY = "org.springframework.boot.micrometer.metrics.autoconfigure"
			+ ".CompositeMeterRegistryAutoConfiguration";

	@Bean
	@ConditionalOnSingleCandidate(MeterRegistry.class)
	@ConditionalOnMissingBean(name = "mcpPersistMetrics")
	MetricsObserver mcpPersistMetrics(MeterRegistry registry) {
		return new MetricsObserver(registry);
	}

	// An endpoint of the application's own may have one of several stores
	@Bean
	@ConditionalOnSingleCandidate(MeterRegistry.class)
	@ConditionalOnMissingBean(name = "mcpPersistGauges")
	EndpointGauges mcpPersistGauges(StreamableHttpEndpoint endpoint, ObjectProvider<EventStore> eventStore) {
		return new EndpointGauges(endpoint, eventStore.getIfUnique());
	}

}

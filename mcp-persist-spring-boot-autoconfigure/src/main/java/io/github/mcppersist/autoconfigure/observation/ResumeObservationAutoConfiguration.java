package io.github.mcppersist.autoconfigure.observation;

import io.micrometer.observation.ObservationRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;

import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Auto-configuration of the observation {@code mcp.persist.resume}. Spring Boot's
 * {@code management.observations.enable.mcp.persist} switches it off.
 */
// By name: spring-boot-micrometer-observation may be absent, the registry then being the
// user's own
@AutoConfiguration(after = StreamableHttpEndpointAutoConfiguration.class,
		afterName = ResumeObservationAutoConfiguration.OBSERVATION_REGISTRY)
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@ConditionalOnClass(ObservationRegistry.class)
@ConditionalOnSingleCandidate(StreamableHttpEndpoint.class)
public final class ResumeObservationAutoConfiguration {

	static final String OBSERVATION_REGISTRY = "org.springframework.boot.micrometer.observation.autoconfigure"
			+ ".ObservationAutoConfiguration";

	@Bean
	@ConditionalOnSingleCandidate(ObservationRegistry.class)
	@ConditionalOnMissingBean(name = "mcpPersistResumeObserver")
	ResumeObserver mcpPersistResumeObserver(ObservationRegistry registry,
			ObjectProvider<ResumeObservationConvention> convention) {
		return new ResumeObserver(registry, convention.getIfAvailable());
	}

}

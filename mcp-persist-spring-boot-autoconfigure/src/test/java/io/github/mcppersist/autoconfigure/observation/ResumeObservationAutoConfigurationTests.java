package io.github.mcppersist.autoconfigure.observation;

import io.micrometer.observation.ObservationRegistry;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemoryEventStoreAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemorySessionStoreAutoConfiguration;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;

class ResumeObservationAutoConfigurationTests {

	private final ApplicationContextRunner unobserved = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(InMemoryEventStoreAutoConfiguration.class,
				InMemorySessionStoreAutoConfiguration.class, StreamableHttpEndpointAutoConfiguration.class,
				ResumeObservationAutoConfiguration.class));

	private final ApplicationContextRunner context = this.unobserved
		.withConfiguration(AutoConfigurations.of(ObservationAutoConfiguration.class));

	@Test
	void observesWhereThereIsAnObservationRegistry() {
		this.context.run((context) -> assertThat(context).hasSingleBean(ResumeObserver.class));
	}

	@Test
	void doesNotObserveWithoutAnObservationRegistry() {
		this.unobserved.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class)
			.doesNotHaveBean(EndpointObserver.class));
	}

	@Test
	void startsWithoutMicrometer() {
		this.unobserved.withClassLoader(new FilteredClassLoader("io.micrometer.observation"))
			.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class)
				.doesNotHaveBean(EndpointObserver.class));
	}

	@Test
	void leavesNoTraceWhenDisabled() {
		this.context.withPropertyValues("mcp.persist.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(EndpointObserver.class));
	}

	@Test
	void givesWayToABeanOfItsName() {
		this.context
			.withBean("mcpPersistResumeObserver", EndpointObserver.class,
					() -> new ResumeObserver(ObservationRegistry.NOOP))
			.run((context) -> assertThat(context).hasSingleBean(EndpointObserver.class));
	}

}

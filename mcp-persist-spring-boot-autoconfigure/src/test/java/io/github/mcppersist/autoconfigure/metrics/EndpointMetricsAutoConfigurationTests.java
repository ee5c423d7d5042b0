package io.github.mcppersist.autoconfigure.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemoryEventStoreAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemorySessionStoreAutoConfiguration;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;

class EndpointMetricsAutoConfigurationTests {

	private final ApplicationContextRunner context = new ApplicationContextRunner().withConfiguration(AutoConfigurations
		.of(InMemoryEventStoreAutoConfiguration.class, InMemorySessionStoreAutoConfiguration.class,
				StreamableHttpEndpointAutoConfiguration.class, EndpointMetricsAutoConfiguration.class,
				MetricsAutoConfiguration.class, CompositeMeterRegistryAutoConfiguration.class));

	private final ApplicationContextRunner measured = this.context.withBean(SimpleMeterRegistry.class);

	@Test
	void measuresWhereThereIsAMeterRegistry() {
		this.measured.run((context) -> {
			assertThat(context).hasSingleBean(MetricsObserver.class).hasSingleBean(EndpointGauges.class);
			MeterRegistry registry = context.getBean(MeterRegistry.class);
			assertThat(registry.find("mcp.persist.events.stored").counter()).isNotNull();
			assertThat(registry.find("mcp.persist.sessions").gauge()).isNotNull();
		});
	}

	@Test
	void doesNotMeasureWithoutAMeterRegistry() {
		new ApplicationContextRunner()
			.withConfiguration(AutoConfigurations.of(InMemoryEventStoreAutoConfiguration.class,
					InMemorySessionStoreAutoConfiguration.class, StreamableHttpEndpointAutoConfiguration.class,
					EndpointMetricsAutoConfiguration.class))
			.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class)
				.doesNotHaveBean(EndpointObserver.class));
	}

	@Test
	void startsWithoutMicrometer() {
		new ApplicationContextRunner().withClassLoader(new FilteredClassLoader("io.micrometer.core"))
			.withConfiguration(AutoConfigurations.of(InMemoryEventStoreAutoConfiguration.class,
					InMemorySessionStoreAutoConfiguration.class, StreamableHttpEndpointAutoConfiguration.class,
					EndpointMetricsAutoConfiguration.class))
			.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class)
				.doesNotHaveBean(EndpointObserver.class));
	}

	@Test
	void leavesNoTraceWhenDisabled() {
		this.measured.withPropertyValues("mcp.persist.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(EndpointObserver.class)
				.doesNotHaveBean(EndpointGauges.class));
	}

	@Test
	void measuresBesideAnObserverOfTheApplications() {
		this.measured.withBean("own", EndpointObserver.class, () -> new MetricsObserver(new SimpleMeterRegistry()))
			.run((context) -> assertThat(context.getBeansOfType(EndpointObserver.class)).containsOnlyKeys("own",
					"mcpPersistMetrics"));
	}

	@Test
	void givesWayToABeanOfItsName() {
		EndpointObserver own = new MetricsObserver(new SimpleMeterRegistry());

		this.measured.withBean("mcpPersistMetrics", EndpointObserver.class, () -> own)
			.run((context) -> assertThat(context).getBean(EndpointObserver.class).isSameAs(own));
	}

	@Test
	void startsBesideAnEndpointOfTheApplicationsAndSeveralStores() {
		this.measured.withBean("one", EventStore.class, () -> InMemoryEventStore.builder().build())
			.withBean("another", EventStore.class, () -> InMemoryEventStore.builder().build())
			.withBean(SessionStore.class, () -> InMemorySessionStore.builder().build())
			.withBean(StreamableHttpEndpoint.class,
					() -> StreamableHttpEndpoint.builder(InMemoryEventStore.builder().build()).build())
			.run((context) -> {
				MeterRegistry registry = context.getBean(MeterRegistry.class);
				assertThat(registry.find("mcp.persist.sessions").gauge()).isNotNull();
				assertThat(registry.find("mcp.persist.store.available").gauge()).isNull();
			});
	}

	@Test
	void isSwitchedOffAsAnyMetricIs() {
		this.measured.withPropertyValues("management.metrics.enable.mcp.persist=false")
			.run((context) -> assertThat(context.getBean(MeterRegistry.class).getMeters())
				.noneSatisfy((meter) -> assertThat(meter.getId().getName()).startsWith("mcp.persist")));
	}

}

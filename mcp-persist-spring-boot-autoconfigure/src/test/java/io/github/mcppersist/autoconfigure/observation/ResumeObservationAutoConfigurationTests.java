package io.github.mcppersist.autoconfigure.observation;

import java.util.ArrayList;
import java.util.List;

import io.micrometer.common.KeyValue;
import io.micrometer.common.KeyValues;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
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
import io.github.mcppersist.observe.ResumeOutcome;
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
					() -> new ResumeObserver(ObservationRegistry.NOOP, null))
			.run((context) -> assertThat(context).hasSingleBean(EndpointObserver.class));
	}

	@Test
	void usesTheConventionOfTheApplication() {
		List<Observation.Context> ended = new ArrayList<>();
		this.context.withBean(ResumeObservationConvention.class, OwnConvention::new).run((context) -> {
			ObservationRegistry registry = context.getBean(ObservationRegistry.class);
			registry.observationConfig().observationHandler(new ObservationHandler<>() {

				@Override
				public void onStop(Observation.Context observation) {
					ended.add(observation);
				}

				@Override
				public boolean supportsContext(Observation.Context observation) {
					return true;
				}

			});
			EndpointObserver.Resume resume = context.getBean(ResumeObserver.class).resumeStarted();
			resume.replayed(2);
			resume.replayed(1);
			resume.ended(ResumeOutcome.GAP, null);
		});

		assertThat(ended).singleElement().satisfies((observation) -> {
			assertThat(observation.getName()).isEqualTo("client.resume");
			assertThat(observation.getContextualName()).isEqualTo("client resumes");
			assertThat(observation.getLowCardinalityKeyValues()).containsExactlyInAnyOrder(
					KeyValue.of("outcome", "gap"), KeyValue.of("region", "eu"), KeyValue.of("lossless", "false"));
			assertThat(observation.getHighCardinalityKeyValues()).containsExactly(KeyValue.of("missed", "3"));
		});
	}

	/**
	 * One as an application writes it.
	 */
	static class OwnConvention extends DefaultResumeObservationConvention {

		OwnConvention() {
			super("client.resume");
		}

		@Override
		public String getContextualName(ResumeObservationContext context) {
			return "client resumes";
		}

		@Override
		public KeyValues getLowCardinalityKeyValues(ResumeObservationContext context) {
			return super.getLowCardinalityKeyValues(context).and("region", "eu")
				.and("lossless", Boolean.toString(context.getOutcome() != ResumeOutcome.GAP));
		}

		@Override
		public KeyValues getHighCardinalityKeyValues(ResumeObservationContext context) {
			return KeyValues.of("missed", Long.toString(context.getEventsReplayed()));
		}

	}

}

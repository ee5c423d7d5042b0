package io.github.mcppersist.autoconfigure.actuate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.annotation.ReflectiveRuntimeHintsRegistrar;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.annotation.AnnotatedElementUtils;

import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemoryEventStoreAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemorySessionStoreAutoConfiguration;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.task.InMemoryTaskStore;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;

class ActuateAutoConfigurationTests {

	private final ApplicationContextRunner context = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(InMemoryEventStoreAutoConfiguration.class,
				InMemorySessionStoreAutoConfiguration.class, StreamableHttpEndpointAutoConfiguration.class,
				EventStoreHealthAutoConfiguration.class, McpPersistEndpointAutoConfiguration.class));

	private final ApplicationContextRunner exposed = this.context
		.withPropertyValues("management.endpoints.web.exposure.include=mcppersist");

	@Test
	void aStoreInMemoryIsUp() {
		this.context.run((context) -> {
			Health health = context.getBean(HealthIndicator.class).health();

			assertThat(health.getStatus()).isEqualTo(Status.UP);
			assertThat(health.getDetails()).containsEntry("store", "InMemoryEventStore")
				.containsEntry("parkedCalls", 0)
				.containsEntry("tasks", 0)
				.containsEntry("subscriptions", 0)
				.hasSize(4);
		});
	}

	@Test
	void healthSaysNothingOfTheModernEraWhereItIsSwitchedOff() {
		this.context.withPropertyValues("mcp.persist.modern.enabled=false")
			.run((context) -> assertThat(context.getBean(HealthIndicator.class).health().getDetails())
				.containsOnlyKeys("store"));
	}

	@Test
	void healthIsSwitchedOffAsAnyContributorIs() {
		this.context.withPropertyValues("management.health.mcppersist.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(HealthIndicator.class));
		this.context.withPropertyValues("management.health.defaults.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(HealthIndicator.class));
	}

	@Test
	void healthGivesWayToABeanOfItsName() {
		HealthIndicator own = () -> Health.up().build();

		this.context.withBean("mcpPersistHealthIndicator", HealthIndicator.class, () -> own)
			.run((context) -> assertThat(context).getBean(HealthIndicator.class).isSameAs(own));
	}

	@Test
	void theEndpointIsThereOnlyWhereItIsExposed() {
		this.context.run((context) -> assertThat(context).doesNotHaveBean(McpPersistEndpoint.class));
		this.exposed.run((context) -> assertThat(context).hasSingleBean(McpPersistEndpoint.class));
		this.exposed.withPropertyValues("management.endpoint.mcppersist.access=NONE")
			.run((context) -> assertThat(context).doesNotHaveBean(McpPersistEndpoint.class));
	}

	@Test
	void theSessionsAreThereOnlyWhereTheyAreExposed() {
		this.exposed.run((context) -> assertThat(context).doesNotHaveBean(McpSessionsEndpoint.class));
		ApplicationContextRunner both = this.context
			.withPropertyValues("management.endpoints.web.exposure.include=mcppersist,mcpsessions");
		both.run((context) -> assertThat(context).hasSingleBean(McpPersistEndpoint.class)
			.hasSingleBean(McpSessionsEndpoint.class));
		both.withPropertyValues("management.endpoint.mcpsessions.access=NONE")
			.run((context) -> assertThat(context).doesNotHaveBean(McpSessionsEndpoint.class));
	}

	@Test
	void theTasksAreThereOnlyWhereTheyAreExposed() {
		this.exposed.run((context) -> assertThat(context).doesNotHaveBean(McpTasksEndpoint.class));
		ApplicationContextRunner all = this.context.withPropertyValues("management.endpoints.web.exposure.include=*");
		all.run((context) -> assertThat(context).hasSingleBean(McpTasksEndpoint.class));
		all.withPropertyValues("management.endpoint.mcptasks.access=NONE")
			.run((context) -> assertThat(context).doesNotHaveBean(McpTasksEndpoint.class)
				.hasSingleBean(McpSessionsEndpoint.class));
		all.withBean("one", TaskStore.class, InMemoryTaskStore::new)
			.withBean("another", TaskStore.class, InMemoryTaskStore::new)
			.withBean(StreamableHttpEndpoint.class,
					() -> StreamableHttpEndpoint.builder(InMemoryEventStore.builder().build()).build())
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(McpTasksEndpoint.class));
	}

	@Test
	void startBesideAnEndpointOfTheApplicationsAndSeveralStores() {
		this.exposed.withBean("one", EventStore.class, () -> InMemoryEventStore.builder().build())
			.withBean("another", EventStore.class, () -> InMemoryEventStore.builder().build())
			.withBean(SessionStore.class, () -> InMemorySessionStore.builder().build())
			.withBean(StreamableHttpEndpoint.class,
					() -> StreamableHttpEndpoint.builder(InMemoryEventStore.builder().build()).build())
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(McpPersistEndpoint.class)
				.doesNotHaveBean(HealthIndicator.class));
	}

	@Test
	void startsWithoutActuator() {
		this.exposed.withClassLoader(new FilteredClassLoader("org.springframework.boot.actuate"))
			.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class)
				.doesNotHaveBean("mcpPersistEndpoint"));
		this.exposed.withClassLoader(new FilteredClassLoader("org.springframework.boot.health"))
			.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class)
				.doesNotHaveBean("mcpPersistHealthIndicator"));
	}

	// Else a native image can't write them
	@Test
	void hintsNameWhatTheEndpointsShow() {
		RuntimeHints hints = new RuntimeHints();
		new ReflectiveRuntimeHintsRegistrar().registerRuntimeHints(hints, McpPersistEndpoint.class,
				McpSessionsEndpoint.class, McpTasksEndpoint.class);

		for (Class<?> shown : List.of(McpPersistEndpoint.NodeDescriptor.class,
				McpSessionsEndpoint.SessionsDescriptor.class, McpSessionsEndpoint.SessionSummary.class,
				McpSessionsEndpoint.SessionDescriptor.class, McpSessionsEndpoint.StreamDescriptor.class,
				McpSessionsEndpoint.OutageDescriptor.class, McpTasksEndpoint.TasksDescriptor.class,
				McpTasksEndpoint.TaskSummary.class, McpTasksEndpoint.TaskDescriptor.class,
				McpTasksEndpoint.OutageDescriptor.class)) {
			assertThat(RuntimeHintsPredicates.reflection()
				.onType(shown)
				.withMemberCategory(MemberCategory.INVOKE_DECLARED_CONSTRUCTORS)).accepts(hints);
		}
	}

	@Test
	void leaveNoTraceWhenDisabled() {
		this.exposed.withPropertyValues("mcp.persist.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(HealthIndicator.class)
				.doesNotHaveBean(McpPersistEndpoint.class));
	}

	@Test
	void theEndpointsHaveTheIdsOfTheDocument() throws IOException {
		String document = Files.readString(Path.of("..", "docs", "operations.md"));
		Matcher exposure = Pattern.compile("management\\.endpoints\\.web\\.exposure\\.include=health,([a-z,]+)")
			.matcher(document);
		assertThat(exposure.find()).isTrue();

		assertThat(exposure.group(1).split(",")).containsExactly(id(McpPersistEndpoint.class),
				id(McpSessionsEndpoint.class), id(McpTasksEndpoint.class));
		assertThat(exposure.group(1).split(","))
			.allSatisfy((id) -> assertThat(document).contains("`/actuator/" + id + "` shows"));
	}

	private static String id(Class<?> endpoint) {
		return AnnotatedElementUtils.getMergedAnnotation(endpoint, Endpoint.class).id();
	}

}

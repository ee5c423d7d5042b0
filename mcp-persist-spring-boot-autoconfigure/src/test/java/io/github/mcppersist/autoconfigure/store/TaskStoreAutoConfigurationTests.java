package io.github.mcppersist.autoconfigure.store;

import java.time.Duration;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.redis.RedisTaskStore;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.task.InMemoryTaskStore;
import io.github.mcppersist.task.TaskStore;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Calls that wait for their clients are where the sessions are, unless the application
 * says otherwise.
 */
class TaskStoreAutoConfigurationTests {

	// No Redis answers at the discard port: start-up never needs one
	private final ApplicationContextRunner context = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class,
				RedisEventStoreAutoConfiguration.class, RedisSessionStoreAutoConfiguration.class,
				InMemoryEventStoreAutoConfiguration.class, InMemorySessionStoreAutoConfiguration.class))
		.withPropertyValues("spring.data.redis.port=9");

	@ParameterizedTest
	@ValueSource(strings = { "mcp.persist.store=auto", "mcp.persist.store=redis", "unrelated=true" })
	void keepsCallsInRedisWhereTheEventsAre(String property) {
		this.context.withPropertyValues(property)
			.run((context) -> assertThat(context).hasSingleBean(TaskStore.class)
				.getBean(RedisTaskStore.class)
				.extracting(TaskStore::minTimeToLive)
				.isEqualTo(Duration.ofMinutes(5)));
	}

	@Test
	void keepsAnEndedCallInRedisForAsLongAsACompletedStream() {
		this.context.withPropertyValues("mcp.persist.completed-ttl=7m")
			.run((context) -> assertThat(context.getBean(RedisTaskStore.class).minTimeToLive())
				.isEqualTo(Duration.ofMinutes(7)));
	}

	@Test
	void keepsARunningCallInRedisForAsLongAsARunningStream() {
		this.context.withPropertyValues("mcp.persist.ttl=20m")
			.run((context) -> assertThat(context.getBean(RedisTaskStore.class).timeToLive())
				.isEqualTo(Duration.ofMinutes(20)));
	}

	@ParameterizedTest
	@ValueSource(strings = { "mcp.persist.store=redis", "mcp.persist.store=memory" })
	void keepsARunningCallForNoLongerThanTasksAreToBeKept(String property) {
		this.context.withPropertyValues(property, "mcp.persist.tasks.ttl=10m")
			.run((context) -> assertThat(context.getBean(TaskStore.class).timeToLive())
				.isEqualTo(Duration.ofMinutes(10)));
		this.context.withPropertyValues(property, "mcp.persist.tasks.ttl=10d")
			.run((context) -> assertThat(context.getBean(TaskStore.class).timeToLive()).isEqualTo(Duration.ofHours(1)));
	}

	@Test
	void keepsCallsInMemoryOnRequest() {
		this.context.withPropertyValues("mcp.persist.store=memory", "mcp.persist.completed-ttl=7m")
			.run((context) -> assertThat(context).hasSingleBean(TaskStore.class)
				.getBean(InMemoryTaskStore.class)
				.extracting(TaskStore::minTimeToLive, TaskStore::timeToLive)
				.containsExactly(Duration.ofMinutes(7), Duration.ofHours(1)));
	}

	@Test
	void keepsCallsInMemoryWithoutTheRedisModule() {
		this.context.withClassLoader(new FilteredClassLoader(RedisEventStore.class))
			.run((context) -> assertThat(context).hasSingleBean(InMemoryTaskStore.class));
	}

	@ParameterizedTest
	@ValueSource(strings = { "mcp.persist.store=redis", "mcp.persist.store=memory" })
	void givesWayToAnotherTaskStore(String property) {
		TaskStore own = new InMemoryTaskStore();

		this.context.withPropertyValues(property)
			.withBean("own", TaskStore.class, () -> own)
			.run((context) -> assertThat(context).getBean(TaskStore.class).isSameAs(own));
	}

	@Test
	void isNotInMemoryWhereNodesOfTheApplicationsOwnShareTheirSessions() {
		this.context.withBean(EventStore.class, InMemoryEventStore::new)
			.withBean(SessionStore.class, InMemorySessionStore::new)
			.withBean(NodeRegistry.class, NodeRegistry::single)
			.run((context) -> assertThat(context).doesNotHaveBean(TaskStore.class));
	}

	@ParameterizedTest
	@ValueSource(strings = { "mcp.persist.store=redis", "mcp.persist.store=memory" })
	void leavesNoTraceWhereNobodyNeedsIt(String property) {
		this.context.withPropertyValues(property, "mcp.persist.modern.enabled=false")
			.run((context) -> assertThat(context).hasSingleBean(SessionStore.class).doesNotHaveBean(TaskStore.class));
		this.context.withPropertyValues(property, "mcp.persist.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(TaskStore.class));
	}

}

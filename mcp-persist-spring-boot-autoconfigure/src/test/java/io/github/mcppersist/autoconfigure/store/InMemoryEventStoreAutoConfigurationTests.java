package io.github.mcppersist.autoconfigure.store;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.InMemoryEventStore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

@ExtendWith(OutputCaptureExtension.class)
class InMemoryEventStoreAutoConfigurationTests {

	private final ApplicationContextRunner context = new ApplicationContextRunner().withConfiguration(
			AutoConfigurations.of(RedisEventStoreAutoConfiguration.class, InMemoryEventStoreAutoConfiguration.class));

	@Test
	void keepsEventsInMemoryWithoutAConnectionFactory() {
		this.context.run((context) -> assertThat(context).hasSingleBean(EventStore.class)
			.hasSingleBean(InMemoryEventStore.class));
	}

	@Test
	void saysWhatToDoWhenRedisIsAskedForAndThereIsNone() {
		this.context.withPropertyValues("mcp.persist.store=redis").run((context) -> {
			assertThat(context).hasFailed();
			FailureAnalysis analysis = new NoRedisConnectionFactoryFailureAnalyzer()
				.analyze(context.getStartupFailure());
			assertThat(analysis).isNotNull();
			assertThat(analysis.getDescription()).contains("mcp.persist.store")
				.contains("no RedisConnectionFactory bean");
			assertThat(analysis.getAction()).contains("spring-boot-starter-data-redis")
				.contains("mcp.persist.store to 'memory'");
		});
	}

	@Test
	void leavesNoTraceWhenDisabled(CapturedOutput output) {
		this.context.withPropertyValues("mcp.persist.enabled=false").run((context) -> {
			assertThat(context).doesNotHaveBean(EventStore.class).doesNotHaveBean(McpPersistProperties.class);
			assertThat(output).doesNotContain("io.github.mcppersist");
		});
	}

	@Test
	void givesWayToAnotherEventStore() {
		EventStore own = InMemoryEventStore.builder().build();

		this.context.withBean("own", EventStore.class, () -> own)
			.run((context) -> assertThat(context).getBean(EventStore.class).isSameAs(own));
	}

	@ParameterizedTest
	@CsvSource({ "unrelated=true, true, true, true", "mcp.persist.max-events-per-stream=30, false, true, true",
			"mcp.persist.max-bytes-per-stream=30KB, false, true, true",
			"mcp.persist.max-bytes-per-session=30KB, false, false, true",
			"mcp.persist.memory.max-bytes=30KB, false, false, false" })
	void dropsTheOldestEventsBeyondEachBound(String property, boolean oneStreamIsKept, boolean oneSessionIsKept,
			boolean allSessionsAreKept) {
		assertThat(isKept(property, 1, 1)).isEqualTo(oneStreamIsKept);
		assertThat(isKept(property, 1, 6)).isEqualTo(oneSessionIsKept);
		assertThat(isKept(property, 6, 1)).isEqualTo(allSessionsAreKept);
	}

	@Test
	void dropsRunningStreamsAfterTheTimeToLive() {
		this.context.withPropertyValues("mcp.persist.ttl=2s").run((context) -> {
			EventStore store = context.getBean(EventStore.class);
			EventStoreWorkload running = new EventStoreWorkload(store, "s", 1, 6);

			assertThat(store.timeToLive()).isEqualTo(Duration.ofSeconds(2));
			await().until(() -> !running.isKept());
		});
	}

	@Test
	void dropsCompletedStreamsAfterATimeOfTheirOwn() {
		this.context.withPropertyValues("mcp.persist.completed-ttl=50ms").run((context) -> {
			EventStore store = context.getBean(EventStore.class);
			EventStoreWorkload running = new EventStoreWorkload(store, "r", 1, 6);
			EventStoreWorkload completed = new EventStoreWorkload(store, "c", 1, 6);

			completed.complete();

			await().until(() -> !completed.isKept());
			assertThat(running.isKept()).isTrue();
		});
	}

	private boolean isKept(String property, int sessions, int streamsPerSession) {
		AtomicBoolean kept = new AtomicBoolean();
		this.context.withPropertyValues(property)
			.run((context) -> kept
				.set(new EventStoreWorkload(context.getBean(EventStore.class), "s", sessions, streamsPerSession)
					.isKept()));
		return kept.get();
	}

}

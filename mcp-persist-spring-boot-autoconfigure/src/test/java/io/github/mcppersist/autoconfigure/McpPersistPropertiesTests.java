package io.github.mcppersist.autoconfigure;

import java.time.Duration;
import java.util.Map;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.util.unit.DataSize;

import io.github.mcppersist.task.TaskPolicy;
import io.github.mcppersist.transport.CacheScope;
import io.github.mcppersist.transport.StoreFailurePolicy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;

class McpPersistPropertiesTests {

	@Test
	void hasDefaultsForAllThatNeedsOne() {
		McpPersistProperties properties = bind(Map.of());

		assertThat(properties.enabled()).isTrue();
		assertThat(properties.store()).isEqualTo(McpPersistProperties.Store.AUTO);
		assertThat(properties.keyPrefix()).isEqualTo("mcp");
		assertThat(properties.ttl()).isEqualTo(Duration.ofHours(1));
		assertThat(properties.completedTtl()).isEqualTo(Duration.ofMinutes(5));
		assertThat(properties.timeout()).isEqualTo(Duration.ofMillis(500));
		assertThat(properties.maxEventsPerStream()).isEqualTo(100_000);
		assertThat(properties.maxBytesPerStream()).isEqualTo(DataSize.ofMegabytes(64));
		assertThat(properties.maxBytesPerSession()).isEqualTo(DataSize.ofMegabytes(256));
		assertThat(properties.memory().maxBytes()).isEqualTo(DataSize.ofMegabytes(64));
		assertThat(properties.onStoreFailure()).isEqualTo(StoreFailurePolicy.CONTINUE);
		assertThat(properties.endpoint()).isEqualTo("/mcp");
		assertThat(properties.maxConnectionAge()).isNull();
		assertThat(properties.allowedOrigins()).isEmpty();
		assertThat(properties.allowedHosts()).isEmpty();
		McpPersistProperties.Modern modern = properties.modern();
		assertThat(modern.enabled()).isTrue();
		assertThat(modern.inputTimeout()).isEqualTo(Duration.ofMinutes(10));
		assertThat(modern.maxParkedCalls()).isEqualTo(200);
		assertThat(modern.maxParkedCallsPerPrincipal()).isEqualTo(50);
		assertThat(modern.maxCalls()).isEqualTo(5000);
		assertThat(modern.maxCallsPerPrincipal()).isEqualTo(500);
		assertThat(modern.maxSubscriptions()).isEqualTo(5000);
		assertThat(modern.maxSubscriptionsPerPrincipal()).isEqualTo(500);
		assertThat(modern.heartbeatInterval()).isEqualTo(Duration.ofSeconds(5));
		assertThat(modern.requestState().keys()).isEmpty();
		assertThat(modern.cache().ttl()).isZero();
		assertThat(modern.cache().scope()).isEqualTo(CacheScope.PRIVATE);
		McpPersistProperties.Tasks tasks = properties.tasks();
		assertThat(tasks.when()).isEqualTo(TaskPolicy.AFTER);
		assertThat(tasks.after()).isEqualTo(Duration.ofSeconds(5));
		assertThat(tasks.tools()).isEmpty();
		assertThat(tasks.ttl()).isEqualTo(Duration.ofHours(1));
		assertThat(tasks.pollInterval()).isEqualTo(Duration.ofSeconds(1));
		assertThat(tasks.maxTasks()).isEqualTo(250);
		assertThat(tasks.maxTasksPerPrincipal()).isEqualTo(100);
	}

	@ParameterizedTest
	@CsvSource({ "ttl, 0s", "ttl, -1s", "ttl, 100ns", "completed-ttl, 0", "timeout, 0ms", "max-events-per-stream, 0",
			"max-bytes-per-stream, 0", "max-bytes-per-session, -1", "memory.max-bytes, 0", "endpoint, mcp",
			"endpoint, /", "endpoint, /mcp/*", "retry-interval, 0", "heartbeat-interval, 0", "max-connection-age, 0",
			"session-timeout, -24h", "session-cache-timeout, 0s", "max-sessions, 0", "max-held-session-bytes, 0",
			"node-timeout, 999ms", "max-request-size, 0", "max-request-size, 2GB", "max-unstored-bytes, 4GB",
			"max-connection-buffer, 0", "max-calls-per-session, 0", "compression.min-size, 0",
			"modern.input-timeout, 0s", "modern.input-timeout, 31d", "modern.max-parked-calls, -1",
			"modern.max-parked-calls-per-principal, -1", "modern.max-subscriptions-per-principal, -1",
			"modern.max-calls, 0", "modern.max-calls-per-principal, 0", "modern.max-subscriptions, -1",
			"modern.heartbeat-interval, 0s", "modern.cache.ttl, -1s", "tasks.after, 0s", "tasks.ttl, 0s",
			"tasks.ttl, 366d", "tasks.poll-interval, 0s", "tasks.max-tasks, -1", "tasks.max-tasks-per-principal, -1" })
	void refusesWhatCannotWorkAndNamesTheProperty(String property, String value) {
		assertThatException().isThrownBy(() -> bind(Map.of("mcp.persist." + property, value)))
			.havingRootCause()
			.isInstanceOf(IllegalArgumentException.class)
			.withMessageStartingWith("mcp.persist." + property + " must ");
	}

	private McpPersistProperties bind(Map<String, String> properties) {
		return new Binder(new MapConfigurationPropertySource(properties)).bindOrCreate("mcp.persist",
				McpPersistProperties.class);
	}

}

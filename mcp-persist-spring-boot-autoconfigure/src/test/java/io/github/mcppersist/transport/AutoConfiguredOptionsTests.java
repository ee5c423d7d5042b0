package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.Base64;
import java.util.Objects;
import java.util.function.Consumer;

import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;

import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpOptionsCustomizer;
import io.github.mcppersist.autoconfigure.store.InMemoryEventStoreAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemorySessionStoreAutoConfiguration;
import io.github.mcppersist.task.TaskOptions;
import io.github.mcppersist.task.TaskPolicy;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Here and not with the auto-configuration's other tests, because what the options hold
 * is for the transport alone.
 */
class AutoConfiguredOptionsTests {

	private final ApplicationContextRunner context = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(InMemoryEventStoreAutoConfiguration.class,
				InMemorySessionStoreAutoConfiguration.class, StreamableHttpEndpointAutoConfiguration.class));

	@Test
	void areTheTransportsOwnDefaultsWithoutAnyPropertyAndServeTheModernEra() {
		run((options) -> assertThat(options).usingRecursiveComparison()
			.isEqualTo(StreamableHttpOptions.builder().modern(ModernOptions.defaults()).build()));
	}

	@Test
	void areTheTransportsOwnDefaultsWhereTheModernEraIsSwitchedOff() {
		run((options) -> assertThat(options).usingRecursiveComparison().isEqualTo(StreamableHttpOptions.defaults()),
				"modern.enabled=false", "modern.input-timeout=1m", "modern.request-state.keys=no key");
	}

	@Test
	void followThePropertiesOfTheModernEra() {
		byte[] first = new byte[32];
		byte[] second = new byte[32];
		second[31] = (byte) 0xFF;
		Base64.Encoder base64 = Base64.getEncoder();

		run((options) -> {
			ModernOptions modern = Objects.requireNonNull(options.modern());
			assertThat(modern.inputTimeout()).isEqualTo(Duration.ofMinutes(2));
			assertThat(modern.maxParkedCalls()).isEqualTo(3);
			assertThat(modern.maxParkedCallsPerPrincipal()).isEqualTo(2);
			assertThat(modern.maxCalls()).isEqualTo(6);
			assertThat(modern.maxCallsPerPrincipal()).isEqualTo(5);
			assertThat(modern.maxSubscriptions()).isEqualTo(4);
			assertThat(modern.maxSubscriptionsPerPrincipal()).isEqualTo(1);
			assertThat(modern.heartbeatInterval()).isEqualTo(Duration.ofSeconds(6));
			assertThat(modern.requestStateKeys()).usingRecursiveFieldByFieldElementComparator()
				.containsExactly(first, second);
			assertThat(modern.cacheTtl()).isEqualTo(Duration.ofSeconds(7));
			assertThat(modern.cacheScope()).isEqualTo(CacheScope.PUBLIC);
			TaskOptions tasks = modern.tasks();
			assertThat(tasks.policy("any")).isEqualTo(TaskPolicy.SUPPORTED);
			assertThat(tasks.policy("quick.tool")).isEqualTo(TaskPolicy.NEVER);
			assertThat(tasks.after()).isEqualTo(Duration.ofSeconds(8));
			assertThat(tasks.timeToLive()).isEqualTo(Duration.ofHours(9));
			assertThat(tasks.pollInterval()).isEqualTo(Duration.ofMillis(10));
			assertThat(tasks.maxTasks()).isEqualTo(11);
			assertThat(tasks.maxTasksPerPrincipal()).isEqualTo(12);
		}, "modern.input-timeout=2m", "modern.max-parked-calls=3", "modern.max-subscriptions=4", "modern.max-calls=6",
				"modern.max-calls-per-principal=5", "modern.max-parked-calls-per-principal=2",
				"modern.max-subscriptions-per-principal=1", "modern.heartbeat-interval=6s",
				"modern.request-state.keys=" + base64.encodeToString(first) + ", " + base64.encodeToString(second),
				"modern.cache.ttl=7s", "modern.cache.scope=public", "tasks.when=supported",
				"tasks.tools[quick.tool]=never", "tasks.after=8s", "tasks.ttl=9h", "tasks.poll-interval=10ms",
				"tasks.max-tasks=11", "tasks.max-tasks-per-principal=12");
	}

	@Test
	void followTheProperties() {
		run((options) -> {
			assertThat(options.retryInterval()).isEqualTo(Duration.ofSeconds(2));
			assertThat(options.heartbeatInterval()).isEqualTo(Duration.ofSeconds(3));
			assertThat(options.maxConnectionAge()).isEqualTo(Duration.ofSeconds(4));
			assertThat(options.sessionCacheTimeout()).isEqualTo(Duration.ofSeconds(5));
			assertThat(options.deleteAllowed()).isFalse();
			assertThat(options.maxRequestBytes()).isEqualTo(6 * 1024);
			assertThat(options.maxUnstoredBytes()).isEqualTo(7 * 1024);
			assertThat(options.maxConnectionBytes()).isEqualTo(8 * 1024);
			assertThat(options.maxCallsPerSession()).isEqualTo(9);
			assertThat(options.maxHeldSessionBytes()).isEqualTo(10 * 1024);
			assertThat(options.allowedOrigins()).containsExactlyInAnyOrder("https://a.example", "https://b.example");
			assertThat(options.allowedHosts()).containsExactly("c.example");
			assertThat(options.onStoreFailure()).isEqualTo(StoreFailurePolicy.REJECT);
		}, "retry-interval=2s", "heartbeat-interval=3s", "max-connection-age=4s", "session-cache-timeout=5s",
				"delete-allowed=false", "max-request-size=6KB", "max-unstored-bytes=7KB", "max-connection-buffer=8KB",
				"max-calls-per-session=9", "max-held-session-bytes=10KB",
				"allowed-origins=https://a.example,https://b.example", "allowed-hosts=c.example",
				"on-store-failure=reject");
	}

	@Test
	void areCustomizedInOrderAfterTheProperties() {
		this.context.withUserConfiguration(Customizers.class)
			.withPropertyValues("mcp.persist.retry-interval=2s", "mcp.persist.heartbeat-interval=3s")
			.run((context) -> {
				StreamableHttpOptions options = context.getBean(StreamableHttpOptions.class);
				assertThat(options.retryInterval()).isEqualTo(Duration.ofMinutes(2));
				assertThat(options.heartbeatInterval()).isEqualTo(Duration.ofSeconds(3));
			});
	}

	private void run(Consumer<StreamableHttpOptions> assertions, String... properties) {
		ApplicationContextRunner runner = this.context;
		for (String property : properties) {
			runner = runner.withPropertyValues("mcp.persist." + property);
		}
		runner.run((context) -> assertions.accept(context.getBean(StreamableHttpOptions.class)));
	}

	@Configuration(proxyBeanMethods = false)
	static class Customizers {

		@Bean
		@Order(2)
		StreamableHttpOptionsCustomizer last() {
			return (builder) -> builder.retryInterval(Duration.ofMinutes(2));
		}

		@Bean
		@Order(1)
		StreamableHttpOptionsCustomizer first() {
			return (builder) -> builder.retryInterval(Duration.ofMinutes(1));
		}

	}

}

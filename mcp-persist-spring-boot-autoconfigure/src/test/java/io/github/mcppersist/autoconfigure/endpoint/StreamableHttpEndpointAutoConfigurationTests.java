package io.github.mcppersist.autoconfigure.endpoint;

import java.util.concurrent.Executor;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.jackson3.JacksonMcpJsonMapper;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.server.transport.HttpServletStreamableServerTransportProvider;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.task.AsyncTaskExecutor;
import org.springframework.core.task.VirtualThreadTaskExecutor;
import tools.jackson.databind.json.JsonMapper;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.autoconfigure.store.InMemoryEventStoreAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemorySessionStoreAutoConfiguration;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;

class StreamableHttpEndpointAutoConfigurationTests {

	private final ApplicationContextRunner context = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(InMemoryEventStoreAutoConfiguration.class,
				InMemorySessionStoreAutoConfiguration.class, StreamableHttpEndpointAutoConfiguration.class));

	@Test
	void suppliesTheTransportProvider() {
		this.context.run((context) -> {
			assertThat(context).hasSingleBean(McpStreamableServerTransportProvider.class);
			assertThat(context).hasSingleBean(StreamableHttpEndpoint.class);
		});
	}

	@Test
	void needsNoServletApi() {
		this.context.withClassLoader(new FilteredClassLoader("jakarta.servlet"))
			.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class));
	}

	@Test
	void leavesNoTraceWhenDisabled() {
		this.context.withPropertyValues("mcp.persist.enabled=false", "spring.threads.virtual.enabled=true")
			.run((context) -> assertThat(context).doesNotHaveBean(McpStreamableServerTransportProvider.class)
				.doesNotHaveBean(StreamableHttpOptions.class)
				.doesNotHaveBean(StreamableHttpEndpointLifecycle.class)
				.doesNotHaveBean(Executor.class)
				.doesNotHaveBean(McpPersistProperties.class));
	}

	@Test
	void givesWayToAnotherTransportProvider() {
		this.context
			.withBean("own", McpStreamableServerTransportProvider.class,
					() -> HttpServletStreamableServerTransportProvider.builder().build())
			.run((context) -> assertThat(context).hasSingleBean(McpStreamableServerTransportProvider.class)
				.hasBean("own")
				.doesNotHaveBean(StreamableHttpEndpointLifecycle.class));
	}

	@Test
	void givesWayToAnotherEndpoint() {
		this.context
			.withBean("own", StreamableHttpEndpoint.class,
					() -> StreamableHttpEndpoint.builder(InMemoryEventStore.builder().build())
						.jsonMapper(McpJsonDefaults.getMapper())
						.build())
			.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class).hasBean("own"));
	}

	@Test
	void givesEachServerOfAnApplicationABuilderOfItsOwnAndShutsAllDown() {
		this.context.withUserConfiguration(TwoServers.class).run((context) -> {
			assertThat(context).hasNotFailed().hasSingleBean(StreamableHttpEndpointLifecycle.class);
			assertThat(context.getBeansOfType(StreamableHttpEndpoint.class)).containsOnlyKeys("weather", "billing");
			assertThat(context.getBean(StreamableHttpEndpoint.Builder.class))
				.isNotSameAs(context.getBean(StreamableHttpEndpoint.Builder.class));
		});
	}

	@Test
	void saysWhichServersHaveOneName() {
		this.context.withUserConfiguration(TwoServers.class)
			.withPropertyValues("billing-name=weather")
			.run((context) -> assertThat(context).getFailure()
				.hasStackTraceContaining("Two MCP servers of the name 'weather' have the same session store"));
	}

	@Test
	void givesWayToOtherOptions() {
		StreamableHttpOptions own = StreamableHttpOptions.defaults();

		this.context.withBean(StreamableHttpOptions.class, () -> own)
			.run((context) -> assertThat(context).getBean(StreamableHttpOptions.class).isSameAs(own));
	}

	@Test
	void shutsDownTogetherWithTheWebServer() {
		this.context.run((context) -> assertThat(context.getBean(StreamableHttpEndpointLifecycle.class).getPhase())
			.isEqualTo(WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE));
	}

	@Test
	void saysWhatIsMissingWithoutAJsonMapper() {
		forgetDefaultJsonMapper();
		try {
			this.context.withClassLoader(new FilteredClassLoader(JacksonMcpJsonMapper.class.getPackageName()))
				.run((context) -> assertThat(context).getFailure()
					.hasStackTraceContaining("add io.modelcontextprotocol.sdk:mcp-json-jackson3 to the class path"));
		}
		finally {
			forgetDefaultJsonMapper();
		}
	}

	@Test
	void usesTheJsonMapperBeanRatherThanTheDefault() {
		forgetDefaultJsonMapper();
		try {
			this.context.withClassLoader(new FilteredClassLoader(JacksonMcpJsonMapper.class.getPackageName()))
				.withBean(McpJsonMapper.class, () -> new JacksonMcpJsonMapper(new JsonMapper()))
				.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class));
		}
		finally {
			forgetDefaultJsonMapper();
		}
	}

	// A new instance replaces what the SDK keeps in static fields
	private static void forgetDefaultJsonMapper() {
		new McpJsonDefaults();
	}

	@Configuration(proxyBeanMethods = false)
	static class TwoServers {

		@Bean
		StreamableHttpEndpoint weather(StreamableHttpEndpoint.Builder builder) {
			return builder.build();
		}

		@Bean
		StreamableHttpEndpoint billing(StreamableHttpEndpoint.Builder builder) {
			return builder.build();
		}

		@Bean
		McpSyncServer weatherServer(@Qualifier("weather") StreamableHttpEndpoint endpoint) {
			return McpServer.sync(endpoint).serverInfo("weather", "1").build();
		}

		@Bean
		McpSyncServer billingServer(@Qualifier("billing") StreamableHttpEndpoint endpoint,
				@Value("${billing-name:billing}") String name) {
			return McpServer.sync(endpoint).serverInfo(name, "1").build();
		}

	}

	@Nested
	class OnVirtualThreads {

		private static final boolean SUPPORTED = Runtime.version().feature() >= 21;

		private final ApplicationContextRunner context = StreamableHttpEndpointAutoConfigurationTests.this.context
			.withConfiguration(AutoConfigurations.of(TaskExecutionAutoConfiguration.class))
			.withPropertyValues("spring.threads.virtual.enabled=true");

		@Test
		void handlesRequestsOnThemWhereTheyAreOnAndSupported() {
			this.context.run((context) -> assertThat(context.getBeansOfType(VirtualThreadTaskExecutor.class))
				.hasSize((SUPPORTED) ? 1 : 0));
		}

		@Test
		void doesNotUseThemWhereTheyAreOff() {
			this.context.withPropertyValues("spring.threads.virtual.enabled=false")
				.run((context) -> assertThat(context).doesNotHaveBean(VirtualThreadTaskExecutor.class));
		}

		@Test
		void leavesTheApplicationItsOwnExecutor() {
			this.context.run((context) -> assertThat(context.getBean(AsyncTaskExecutor.class))
				.isSameAs(context.getBean("applicationTaskExecutor")));
		}

		@Test
		void givesWayToAnExecutorOfTheSameName() {
			this.context.withBean(StreamableHttpEndpointAutoConfiguration.EXECUTOR, Executor.class, () -> Runnable::run)
				.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class)
					.doesNotHaveBean(VirtualThreadTaskExecutor.class));
		}

	}

}

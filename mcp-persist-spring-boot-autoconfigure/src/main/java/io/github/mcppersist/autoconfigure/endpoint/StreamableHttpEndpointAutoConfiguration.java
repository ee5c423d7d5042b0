package io.github.mcppersist.autoconfigure.endpoint;

import java.time.Duration;
import java.util.ServiceConfigurationError;
import java.util.concurrent.Executor;

import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnThreading;
import org.springframework.boot.autoconfigure.context.LifecycleProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.thread.Threading;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ImportRuntimeHints;
import org.springframework.context.annotation.Scope;
import org.springframework.core.env.Environment;
import org.springframework.core.task.VirtualThreadTaskExecutor;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.autoconfigure.context.ContextCaptureAutoConfiguration;
import io.github.mcppersist.autoconfigure.payload.PayloadCodecAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemoryEventStoreAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemorySessionStoreAutoConfiguration;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.payload.PayloadCodec;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.transport.ContextCapture;
import io.github.mcppersist.transport.SessionOwnerResolver;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.transport.StreamableHttpOptions;

/**
 * Auto-configuration of a {@link StreamableHttpEndpoint}, to be passed to
 * {@code McpServer.sync(..)} or {@code McpServer.async(..)}, and of a builder for
 * applications that have several: each injection point gets a new one, with everything
 * that the application has to do with it filled in.
 * <p>
 * Requests are handled on an {@link Executor} bean named {@value #EXECUTOR} if there is
 * one, on virtual threads if {@code spring.threads.virtual.enabled} is set, and otherwise
 * on the endpoint's own threads.
 */
// By name: Spring AI may be absent. Its server takes the transport that is there, and
// one on standard input and output for want of any
@AutoConfiguration(
		after = { InMemoryEventStoreAutoConfiguration.class, InMemorySessionStoreAutoConfiguration.class,
				PayloadCodecAutoConfiguration.class, ContextCaptureAutoConfiguration.class },
		afterName = {
				"org.springframework.ai.mcp.server.webmvc.autoconfigure.McpServerStreamableHttpWebMvcAutoConfiguration",
				"org.springframework.ai.mcp.server.webflux.autoconfigure.McpServerStreamableHttpWebFluxAutoConfiguration" },
		beforeName = "org.springframework.ai.mcp.server.common.autoconfigure.McpServerAutoConfiguration")
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@EnableConfigurationProperties(McpPersistProperties.class)
@ImportRuntimeHints(McpSchemaRuntimeHints.class)
public final class StreamableHttpEndpointAutoConfiguration {

	private static final Duration ERROR_MARGIN = Duration.ofSeconds(3);

	/**
	 * Name of the bean that runs the tools, if the application has one.
	 */
	public static final String EXECUTOR = "mcpPersistExecutor";

	/**
	 * The JSON mapper that goes before any other, for use by the auto-configuration of
	 * MCP servers that have one.
	 */
	public static final String JSON_MAPPER = "mcpPersistJsonMapper";

	// Not a default candidate, or the application's own executor would give way to it
	@Bean(name = EXECUTOR, defaultCandidate = false)
	@ConditionalOnMissingBean(name = EXECUTOR)
	@ConditionalOnThreading(Threading.VIRTUAL)
	VirtualThreadTaskExecutor mcpPersistExecutor() {
		return new VirtualThreadTaskExecutor("mcp-persist-");
	}

	@Bean
	ModernEra mcpPersistModernEra(McpPersistProperties properties, Environment environment,
			ConfigurableListableBeanFactory beanFactory) {
		return new ModernEra(properties, environment, beanFactory);
	}

	@Bean
	@ConditionalOnMissingBean
	StreamableHttpOptions streamableHttpOptions(McpPersistProperties properties, ModernEra modernEra,
			ObjectProvider<StreamableHttpOptionsCustomizer> customizers) {
		StreamableHttpOptions.Builder builder = StreamableHttpOptions.builder()
			.retryInterval(properties.retryInterval())
			.heartbeatInterval(properties.heartbeatInterval())
			.maxConnectionAge(properties.maxConnectionAge())
			.sessionCacheTimeout(properties.sessionCacheTimeout())
			.maxRequestBytes((int) properties.maxRequestSize().toBytes())
			.maxUnstoredBytes((int) properties.maxUnstoredBytes().toBytes())
			.maxConnectionBytes((int) properties.maxConnectionBuffer().toBytes())
			.maxCallsPerSession(properties.maxCallsPerSession())
			.allowedOrigins(properties.allowedOrigins())
			.allowedHosts(properties.allowedHosts())
			.deleteAllowed(properties.deleteAllowed())
			.onStoreFailure(properties.onStoreFailure())
			.modern(modernEra.options());
		if (properties.maxHeldSessionBytes() != null) {
			builder.maxHeldSessionBytes(properties.maxHeldSessionBytes().toBytes());
		}
		customizers.orderedStream().forEach((customizer) -> customizer.customize(builder));
		return builder.build();
	}

	@Bean
	@Scope(BeanDefinition.SCOPE_PROTOTYPE)
	@ConditionalOnMissingBean
	StreamableHttpEndpoint.Builder streamableHttpEndpointBuilder(EventStore eventStore, SessionStore sessionStore,
			ObjectProvider<TaskStore> taskStore, ObjectProvider<NodeRegistry> nodeRegistry,
			ObjectProvider<PayloadCodec> payloadCodec, StreamableHttpOptions options,
			@Qualifier(JSON_MAPPER) ObjectProvider<McpJsonMapper> serverJsonMapper,
			ObjectProvider<McpJsonMapper> jsonMapper, ObjectProvider<SessionOwnerResolver> sessionOwnerResolver,
			ObjectProvider<ContextCapture> contextCapture, ObjectProvider<EndpointObserver> observers,
			@Qualifier(EXECUTOR) ObjectProvider<Executor> executor) {
		StreamableHttpEndpoint.Builder builder = StreamableHttpEndpoint.builder(eventStore)
			.sessionStore(sessionStore)
			.options(options)
			.jsonMapper(serverJsonMapper.getIfAvailable(
					() -> jsonMapper.getIfUnique(StreamableHttpEndpointAutoConfiguration::defaultJsonMapper)));
		sessionOwnerResolver.ifAvailable(builder::sessionOwnerResolver);
		contextCapture.ifAvailable(builder::contextCapture);
		taskStore.ifAvailable(builder::taskStore);
		nodeRegistry.ifAvailable(builder::nodeRegistry);
		payloadCodec.ifAvailable(builder::payloadCodec);
		observers.orderedStream().forEach(builder::observer);
		executor.ifAvailable(builder::executor);
		return builder;
	}

	@Bean
	@ConditionalOnMissingBean(McpStreamableServerTransportProvider.class)
	StreamableHttpEndpoint streamableHttpEndpoint(StreamableHttpEndpoint.Builder builder) {
		return builder.build();
	}

	@Bean
	@ConditionalOnBean(StreamableHttpEndpoint.class)
	StreamableHttpEndpointLifecycle streamableHttpEndpointLifecycle(ObjectProvider<StreamableHttpEndpoint> endpoints,
			ObjectProvider<LifecycleProperties> lifecycle, Environment environment) {
		boolean immediate = "immediate".equalsIgnoreCase(environment.getProperty("server.shutdown"));
		return new StreamableHttpEndpointLifecycle(endpoints.stream().toList(),
				immediate ? Duration.ZERO : shutdownGrace(lifecycle.getIfAvailable(LifecycleProperties::new)));
	}

	/**
	 * Running requests get what the web server's own graceful shutdown would give them,
	 * less what it takes to end the others with an error.
	 * @param lifecycle has how long a phase of the shutdown may take
	 * @return zero or more
	 */
	private static Duration shutdownGrace(LifecycleProperties lifecycle) {
		Duration grace = lifecycle.getTimeoutPerShutdownPhase().minus(ERROR_MARGIN);
		return grace.isNegative() ? Duration.ZERO : grace;
	}

	private static McpJsonMapper defaultJsonMapper() {
		try {
			return McpJsonDefaults.getMapper();
		}
		catch (ServiceConfigurationError ex) {
			throw new IllegalStateException("There is no JSON mapper for MCP: add "
					+ "io.modelcontextprotocol.sdk:mcp-json-jackson3 to the class path, or declare a McpJsonMapper bean",
					ex);
		}
	}

}

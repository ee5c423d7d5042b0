package io.github.mcppersist.autoconfigure.springai;

import io.modelcontextprotocol.json.jackson3.JacksonMcpJsonMapper;
import org.springframework.ai.mcp.server.common.autoconfigure.properties.McpServerStreamableHttpProperties;
import org.springframework.ai.mcp.server.webflux.transport.WebFluxStreamableServerTransportProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.Environment;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerResponse;

import io.github.mcppersist.autoconfigure.endpoint.EndpointPath;
import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.webflux.StreamableHttpWebFluxAutoConfiguration;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.webflux.StreamableHttpHandlerFunction;

/**
 * Auto-configuration that serves the {@link StreamableHttpEndpoint} in place of Spring
 * AI's WebFlux transport, with its properties and its JSON mapper. A
 * {@link WebFluxStreamableServerTransportProvider} of the application's own is served as
 * Spring AI would serve it.
 */
@AutoConfiguration(after = StreamableHttpEndpointAutoConfiguration.class,
		before = StreamableHttpWebFluxAutoConfiguration.class)
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@Conditional(SpringAiServerCondition.class)
@ConditionalOnClass({ WebFluxStreamableServerTransportProvider.class, McpServerStreamableHttpProperties.class,
		JacksonMcpJsonMapper.class })
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
@Import(SpringAiServerConfiguration.class)
public final class SpringAiWebFluxAutoConfiguration {

	/**
	 * Spring AI's name: who declares one of his own wins here as there.
	 */
	static final String ROUTER_FUNCTION = StreamableHttpWebFluxAutoConfiguration.SPRING_AI_ROUTER_FUNCTION;

	// Before the router function, on the same conditions: where one of the application's
	// own is, nobody here knows
	@Bean
	@ConditionalOnSingleCandidate(StreamableHttpEndpoint.class)
	@ConditionalOnMissingBean(name = ROUTER_FUNCTION)
	EndpointPath mcpPersistEndpointPath(McpServerStreamableHttpProperties properties, Environment environment) {
		return EndpointPath.of(environment.getProperty("spring.webflux.base-path", ""), properties.getMcpEndpoint());
	}

	@Bean(ROUTER_FUNCTION)
	@ConditionalOnSingleCandidate(StreamableHttpEndpoint.class)
	@ConditionalOnMissingBean(name = ROUTER_FUNCTION)
	RouterFunction<ServerResponse> streamableHttpRouterFunction(StreamableHttpHandlerFunction handlerFunction,
			McpServerStreamableHttpProperties properties) {
		return handlerFunction.at(properties.getMcpEndpoint());
	}

	@Bean(ROUTER_FUNCTION)
	@ConditionalOnBean(WebFluxStreamableServerTransportProvider.class)
	@ConditionalOnMissingBean(name = ROUTER_FUNCTION)
	RouterFunction<?> springAiRouterFunction(WebFluxStreamableServerTransportProvider transportProvider) {
		return transportProvider.getRouterFunction();
	}

}

package io.github.mcppersist.autoconfigure.webflux;

import io.modelcontextprotocol.server.McpTransportContextExtractor;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;
import org.springframework.web.reactive.DispatcherHandler;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.autoconfigure.endpoint.EndpointPath;
import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.webflux.StreamableHttpHandlerFunction;

/**
 * Auto-configuration of a handler function that serves the {@link StreamableHttpEndpoint}
 * in a reactive application, and of its route, unless Spring AI's takes its place.
 */
@AutoConfiguration(after = StreamableHttpEndpointAutoConfiguration.class)
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@ConditionalOnClass(DispatcherHandler.class)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
@ConditionalOnSingleCandidate(StreamableHttpEndpoint.class)
@EnableConfigurationProperties(McpPersistProperties.class)
public final class StreamableHttpWebFluxAutoConfiguration {

	/**
	 * Name of the bean that routes to the endpoint.
	 */
	public static final String ROUTER_FUNCTION = "streamableHttpRouterFunction";

	/**
	 * Name of the bean that routes to it in place of Spring AI's transport.
	 */
	public static final String SPRING_AI_ROUTER_FUNCTION = "webFluxStreamableServerRouterFunction";

	@Bean
	@ConditionalOnMissingBean
	StreamableHttpHandlerFunction streamableHttpHandlerFunction(StreamableHttpEndpoint endpoint,
			ObjectProvider<McpTransportContextExtractor<ServerRequest>> contextExtractor) {
		McpTransportContextExtractor<ServerRequest> extractor = contextExtractor.getIfUnique();
		return (extractor != null) ? new StreamableHttpHandlerFunction(endpoint, extractor)
				: new StreamableHttpHandlerFunction(endpoint);
	}

	// Before the router function, on the same conditions: where one of the application's
	// own is, nobody here knows
	@Bean
	@ConditionalOnMissingBean(name = { ROUTER_FUNCTION, SPRING_AI_ROUTER_FUNCTION })
	EndpointPath mcpPersistEndpointPath(McpPersistProperties properties, Environment environment) {
		return EndpointPath.of(environment.getProperty("spring.webflux.base-path", ""), properties.endpoint());
	}

	@Bean(ROUTER_FUNCTION)
	@ConditionalOnMissingBean(name = { ROUTER_FUNCTION, SPRING_AI_ROUTER_FUNCTION })
	RouterFunction<ServerResponse> streamableHttpRouterFunction(StreamableHttpHandlerFunction handlerFunction,
			McpPersistProperties properties) {
		return handlerFunction.at(properties.endpoint());
	}

}

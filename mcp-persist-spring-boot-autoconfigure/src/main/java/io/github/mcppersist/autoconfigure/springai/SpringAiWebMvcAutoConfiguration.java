package io.github.mcppersist.autoconfigure.springai;

import io.modelcontextprotocol.json.jackson3.JacksonMcpJsonMapper;
import io.modelcontextprotocol.server.McpTransportContextExtractor;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServletRequest;
import org.springframework.ai.mcp.server.common.autoconfigure.properties.McpServerStreamableHttpProperties;
import org.springframework.ai.mcp.server.webmvc.transport.WebMvcStreamableServerTransportProvider;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.Environment;
import org.springframework.util.StringUtils;
import org.springframework.web.servlet.function.RequestPredicates;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.RouterFunctions;
import org.springframework.web.servlet.function.ServerResponse;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;

import io.github.mcppersist.autoconfigure.endpoint.EndpointPath;
import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.servlet.StreamableHttpFilterRegistration;
import io.github.mcppersist.autoconfigure.servlet.StreamableHttpServletAutoConfiguration;
import io.github.mcppersist.servlet.StreamableHttpFilter;
import io.github.mcppersist.servlet.StreamableHttpServlet;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Auto-configuration that serves the {@link StreamableHttpEndpoint} in place of Spring
 * AI's WebMVC transport, with its properties, its JSON mapper, and through the
 * {@code DispatcherServlet}. A {@link WebMvcStreamableServerTransportProvider} of the
 * application's own is served as Spring AI would serve it.
 */
@AutoConfiguration(after = StreamableHttpEndpointAutoConfiguration.class,
		before = StreamableHttpServletAutoConfiguration.class)
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@Conditional(SpringAiServerCondition.class)
@ConditionalOnClass({ WebMvcStreamableServerTransportProvider.class, McpServerStreamableHttpProperties.class,
		JacksonMcpJsonMapper.class })
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@Import(SpringAiServerConfiguration.class)
public final class SpringAiWebMvcAutoConfiguration {

	/**
	 * Spring AI's name: who declares one of his own wins here as there.
	 */
	static final String ROUTER_FUNCTION = StreamableHttpServletAutoConfiguration.SPRING_AI_ROUTER_FUNCTION;

	// Before the router function, on the same conditions: where one of the application's
	// own is, nobody here knows
	@Bean
	@ConditionalOnSingleCandidate(StreamableHttpEndpoint.class)
	@ConditionalOnMissingBean(name = ROUTER_FUNCTION)
	EndpointPath mcpPersistEndpointPath(McpServerStreamableHttpProperties properties, Environment environment,
			ObjectProvider<ServletContext> servletContext) {
		ServletContext servlets = servletContext.getIfAvailable();
		return EndpointPath.of((servlets != null) ? servlets.getContextPath() : "",
				environment.getProperty("spring.mvc.servlet.path", ""), properties.getMcpEndpoint());
	}

	@Bean(ROUTER_FUNCTION)
	@ConditionalOnSingleCandidate(StreamableHttpEndpoint.class)
	@ConditionalOnMissingBean(name = ROUTER_FUNCTION)
	RouterFunction<ServerResponse> streamableHttpRouterFunction(StreamableHttpEndpoint endpoint,
			McpServerStreamableHttpProperties properties,
			ObjectProvider<McpTransportContextExtractor<HttpServletRequest>> contextExtractor) {
		McpTransportContextExtractor<HttpServletRequest> extractor = contextExtractor.getIfUnique();
		StreamableHttpServlet servlet = (extractor != null) ? new StreamableHttpServlet(endpoint, extractor)
				: new StreamableHttpServlet(endpoint);
		return RouterFunctions.route(RequestPredicates.path(properties.getMcpEndpoint()),
				(request) -> new ServletServerResponse(servlet));
	}

	@Bean
	@ConditionalOnSingleCandidate(StreamableHttpEndpoint.class)
	@ConditionalOnMissingBean(value = StreamableHttpFilter.class, parameterizedContainer = FilterRegistrationBean.class)
	FilterRegistrationBean<StreamableHttpFilter> streamableHttpFilter(McpServerStreamableHttpProperties properties,
			@Value("${spring.mvc.servlet.path:/}") String servletPath) {
		PathPatternParser parser = PathPatternParser.defaultInstance;
		// As a route takes it: the slash in front may be left out
		PathPattern endpoint = parser.parse(parser.initFullPathPattern(properties.getMcpEndpoint()));
		// A pattern of Spring's is none of the container's
		return new StreamableHttpFilterRegistration(endpoint.hasPatternSyntax() ? "/*"
				: StringUtils.trimTrailingCharacter(servletPath, '/') + endpoint.getPatternString());
	}

	@Bean(ROUTER_FUNCTION)
	@ConditionalOnBean(WebMvcStreamableServerTransportProvider.class)
	@ConditionalOnMissingBean(name = ROUTER_FUNCTION)
	RouterFunction<ServerResponse> springAiRouterFunction(WebMvcStreamableServerTransportProvider transportProvider) {
		return transportProvider.getRouterFunction();
	}

}

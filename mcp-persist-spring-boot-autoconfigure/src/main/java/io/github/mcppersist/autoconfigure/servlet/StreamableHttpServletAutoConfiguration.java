package io.github.mcppersist.autoconfigure.servlet;

import java.util.stream.Collectors;

import io.modelcontextprotocol.server.McpTransportContextExtractor;
import jakarta.servlet.Servlet;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServletRequest;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.autoconfigure.endpoint.EndpointPath;
import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.servlet.StreamableHttpFilter;
import io.github.mcppersist.servlet.StreamableHttpServlet;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * Auto-configuration of a servlet that serves the {@link StreamableHttpEndpoint}, unless
 * the {@code DispatcherServlet} does, and of a filter in front of it, and of those that
 * an application with several endpoints declares.
 */
@AutoConfiguration(after = StreamableHttpEndpointAutoConfiguration.class)
@ConditionalOnBooleanProperty(name = "mcp.persist.enabled", matchIfMissing = true)
@ConditionalOnClass(Servlet.class)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
@ConditionalOnMissingBean(name = StreamableHttpServletAutoConfiguration.SPRING_AI_ROUTER_FUNCTION)
@EnableConfigurationProperties(McpPersistProperties.class)
public final class StreamableHttpServletAutoConfiguration {

	/**
	 * Name of the bean by which Spring AI has the {@code DispatcherServlet} serve MCP.
	 */
	public static final String SPRING_AI_ROUTER_FUNCTION = "webMvcStreamableServerRouterFunction";

	@Bean
	@ConditionalOnSingleCandidate(StreamableHttpEndpoint.class)
	@ConditionalOnMissingBean(value = StreamableHttpServlet.class,
			parameterizedContainer = ServletRegistrationBean.class)
	ServletRegistrationBean<StreamableHttpServlet> streamableHttpServlet(StreamableHttpEndpoint endpoint,
			McpPersistProperties properties,
			ObjectProvider<McpTransportContextExtractor<HttpServletRequest>> contextExtractor) {
		McpTransportContextExtractor<HttpServletRequest> extractor = contextExtractor.getIfUnique();
		StreamableHttpServlet servlet = (extractor != null) ? new StreamableHttpServlet(endpoint, extractor)
				: new StreamableHttpServlet(endpoint);
		ServletRegistrationBean<StreamableHttpServlet> registration = new ServletRegistrationBean<>(servlet,
				properties.endpoint());
		registration.setAsyncSupported(true);
		registration.setLoadOnStartup(1);
		return registration;
	}

	@Bean
	@ConditionalOnBean(value = StreamableHttpServlet.class, parameterizedContainer = ServletRegistrationBean.class)
	@ConditionalOnMissingBean(value = StreamableHttpFilter.class, parameterizedContainer = FilterRegistrationBean.class)
	FilterRegistrationBean<StreamableHttpFilter> streamableHttpFilter(
			ObjectProvider<ServletRegistrationBean<StreamableHttpServlet>> servlets) {
		String[] patterns = servlets.stream()
			.flatMap((servlet) -> servlet.getUrlMappings().stream())
			.toArray(String[]::new);
		// A servlet without a registration is where Spring Boot puts it
		return new StreamableHttpFilterRegistration((patterns.length > 0) ? patterns : new String[] { "/*" });
	}

	@Bean
	@ConditionalOnBean(value = StreamableHttpServlet.class, parameterizedContainer = ServletRegistrationBean.class)
	EndpointPath mcpPersistEndpointPath(ObjectProvider<ServletRegistrationBean<StreamableHttpServlet>> registrations,
			ObjectProvider<ServletContext> servletContext) {
		ServletContext servlets = servletContext.getIfAvailable();
		String contextPath = (servlets != null) ? servlets.getContextPath() : "";
		return new EndpointPath(registrations.orderedStream()
			.flatMap((registration) -> registration.getUrlMappings().stream())
			.map((mapping) -> contextPath + mapping)
			.collect(Collectors.joining(", ")));
	}

}

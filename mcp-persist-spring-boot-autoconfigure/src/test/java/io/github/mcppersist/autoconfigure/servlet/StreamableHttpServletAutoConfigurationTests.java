package io.github.mcppersist.autoconfigure.servlet;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

import io.modelcontextprotocol.server.transport.HttpServletStreamableServerTransportProvider;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableWebApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.tomcat.autoconfigure.servlet.TomcatServletWebServerAutoConfiguration;
import org.springframework.boot.web.server.servlet.context.AnnotationConfigServletWebServerApplicationContext;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.autoconfigure.endpoint.EndpointPath;
import io.github.mcppersist.autoconfigure.endpoint.SeveralServersApplication;
import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemoryEventStoreAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemorySessionStoreAutoConfiguration;
import io.github.mcppersist.servlet.StreamableHttpFilter;
import io.github.mcppersist.servlet.StreamableHttpServlet;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;

class StreamableHttpServletAutoConfigurationTests {

	private static final AutoConfigurations AUTO_CONFIGURATIONS = AutoConfigurations.of(
			InMemoryEventStoreAutoConfiguration.class, InMemorySessionStoreAutoConfiguration.class,
			StreamableHttpEndpointAutoConfiguration.class, StreamableHttpServletAutoConfiguration.class);

	private final WebApplicationContextRunner context = new WebApplicationContextRunner()
		.withConfiguration(AUTO_CONFIGURATIONS);

	@Test
	void servesTheEndpointAtItsPath() {
		this.context.run((context) -> {
			ServletRegistrationBean<?> registration = context.getBean(ServletRegistrationBean.class);
			assertThat(registration.getServlet()).isInstanceOf(StreamableHttpServlet.class);
			assertThat(registration.getUrlMappings()).containsExactly("/mcp");
			assertThat(registration.isAsyncSupported()).isTrue();
		});
	}

	@Test
	void guardsTheResponseBeforeAllOtherFilters() {
		this.context.withPropertyValues("mcp.persist.endpoint=/tools/mcp").run((context) -> {
			FilterRegistrationBean<?> guard = context.getBean(FilterRegistrationBean.class);
			assertThat(guard.getFilter()).isInstanceOf(StreamableHttpFilter.class);
			assertThat(guard.getUrlPatterns()).containsExactly("/tools/mcp");
			assertThat(guard.getOrder()).isEqualTo(Ordered.HIGHEST_PRECEDENCE);
			assertThat(guard.isAsyncSupported()).isTrue();
		});
		this.context.withUserConfiguration(OwnRegistration.class)
			.run((context) -> assertThat(context.getBean(FilterRegistrationBean.class).getUrlPatterns()).asString()
				.isEqualTo("[/own]"));
		this.context.withUserConfiguration(OwnServlet.class)
			.run((context) -> assertThat(context.getBean(FilterRegistrationBean.class).getUrlPatterns()).asString()
				.isEqualTo("[/*]"));
	}

	@Test
	void guardsTheServletsOfSeveralEndpointsAndSaysWhereTheyAre() {
		this.context
			.withUserConfiguration(SeveralServersApplication.Servers.class, SeveralServersApplication.Servlets.class)
			.run((context) -> {
				assertThat(context).hasNotFailed().doesNotHaveBean("streamableHttpServlet");
				assertThat(context.getBean(FilterRegistrationBean.class).getUrlPatterns()).asString()
					.isEqualTo("[/weather/mcp, /billing/mcp]");
				assertThat(context.getBean(EndpointPath.class).value()).isEqualTo("/weather/mcp, /billing/mcp");
			});
	}

	@Test
	void givesWayToAnotherGuard() {
		this.context.withBean(StreamableHttpFilter.class)
			.run((context) -> assertThat(context).hasSingleBean(StreamableHttpFilter.class)
				.doesNotHaveBean(FilterRegistrationBean.class));
	}

	@Test
	void answersAtTheConfiguredPathOnlyOnARealServer() {
		new WebApplicationContextRunner(AnnotationConfigServletWebServerApplicationContext::new)
			.withConfiguration(AUTO_CONFIGURATIONS)
			.withConfiguration(AutoConfigurations.of(TomcatServletWebServerAutoConfiguration.class))
			.withPropertyValues("server.port=0", "server.address=127.0.0.1", "mcp.persist.endpoint=/tools/mcp")
			.run((context) -> {
				assertThat(get(context, "/tools/mcp")).isNotEqualTo(404);
				assertThat(get(context, "/mcp")).isEqualTo(404);
			});
	}

	@Test
	void leavesNoTraceWhenDisabled() {
		this.context.withPropertyValues("mcp.persist.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(ServletRegistrationBean.class)
				.doesNotHaveBean(McpPersistProperties.class));
	}

	@Test
	void servesNoServletWithoutTheServletApi() {
		new ApplicationContextRunner().withConfiguration(AUTO_CONFIGURATIONS)
			.withClassLoader(new FilteredClassLoader("jakarta.servlet"))
			.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class)
				.doesNotHaveBean("streamableHttpServlet")
				.doesNotHaveBean("streamableHttpFilter"));
	}

	@Test
	void servesNoServletOutsideAServletWebApplication() {
		new ApplicationContextRunner().withConfiguration(AUTO_CONFIGURATIONS)
			.run((context) -> assertThat(context).doesNotHaveBean(ServletRegistrationBean.class));
		new ReactiveWebApplicationContextRunner().withConfiguration(AUTO_CONFIGURATIONS)
			.run((context) -> assertThat(context).doesNotHaveBean(ServletRegistrationBean.class));
	}

	@Test
	void servesNoServletForAnotherTransportProvider() {
		this.context
			.withBean("own", McpStreamableServerTransportProvider.class,
					() -> HttpServletStreamableServerTransportProvider.builder().build())
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(ServletRegistrationBean.class));
	}

	@Test
	void givesWayToAnotherRegistration() {
		this.context.withUserConfiguration(OwnRegistration.class)
			.run((context) -> assertThat(context).hasSingleBean(ServletRegistrationBean.class)
				.getBean(ServletRegistrationBean.class)
				.extracting(ServletRegistrationBean::getUrlMappings)
				.asString()
				.isEqualTo("[/own]"));
	}

	@Test
	void givesWayToAnotherServlet() {
		this.context.withUserConfiguration(OwnServlet.class)
			.run((context) -> assertThat(context).hasSingleBean(StreamableHttpServlet.class)
				.doesNotHaveBean(ServletRegistrationBean.class));
	}

	private int get(AssertableWebApplicationContext context, String path) throws Exception {
		int port = context.getSourceApplicationContext(AnnotationConfigServletWebServerApplicationContext.class)
			.getWebServer()
			.getPort();
		HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build();
		return HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).statusCode();
	}

	@Configuration(proxyBeanMethods = false)
	static class OwnRegistration {

		@Bean
		ServletRegistrationBean<StreamableHttpServlet> own(StreamableHttpEndpoint endpoint) {
			return new ServletRegistrationBean<>(new StreamableHttpServlet(endpoint), "/own");
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OwnServlet {

		@Bean
		StreamableHttpServlet own(StreamableHttpEndpoint endpoint) {
			return new StreamableHttpServlet(endpoint);
		}

	}

}

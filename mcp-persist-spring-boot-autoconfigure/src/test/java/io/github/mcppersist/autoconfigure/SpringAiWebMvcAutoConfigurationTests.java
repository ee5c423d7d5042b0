package io.github.mcppersist.autoconfigure;

import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

import io.modelcontextprotocol.server.McpAsyncServer;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpServerTransportProviderBase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.ai.mcp.customizer.McpSyncServerCustomizer;
import org.springframework.ai.mcp.server.webmvc.transport.WebMvcStreamableServerTransportProvider;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.servlet.function.RouterFunction;

import io.github.mcppersist.servlet.StreamableHttpServlet;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Who is configured, beside all of Spring AI's own auto-configuration.
 */
class SpringAiWebMvcAutoConfigurationTests {

	private static final String STREAMABLE = "spring.ai.mcp.server.protocol=STREAMABLE";

	private final WebApplicationContextRunner context = new WebApplicationContextRunner()
		.withUserConfiguration(Application.class)
		.withPropertyValues("mcp.persist.store=memory");

	@Test
	void takesThePlaceOfSpringAisTransport() {
		this.context.withPropertyValues(STREAMABLE)
			.run((context) -> assertThat(context).hasSingleBean(McpSyncServer.class)
				.hasSingleBean(McpSyncServerCustomizer.class)
				.hasSingleBean(RouterFunction.class)
				.getBean(McpServerTransportProviderBase.class)
				.isInstanceOf(StreamableHttpEndpoint.class));
	}

	@Test
	void servesAnAsyncServerAlike() {
		this.context.withPropertyValues(STREAMABLE, "spring.ai.mcp.server.type=ASYNC")
			.run((context) -> assertThat(context).hasSingleBean(McpAsyncServer.class)
				.getBean(McpServerTransportProviderBase.class)
				.isInstanceOf(StreamableHttpEndpoint.class));
	}

	@Test
	void registersNoServletBesideTheRouterFunction() {
		this.context.withPropertyValues(STREAMABLE)
			.run((context) -> assertThat(context).doesNotHaveBean("streamableHttpServlet"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "spring.ai.mcp.server.protocol=SSE", "spring.ai.mcp.server.protocol=STATELESS",
			"spring.ai.mcp.server.stdio=true", "spring.ai.mcp.server.name=default" })
	void leavesOtherServersAsTheyWere(String property) {
		Set<String> before = new TreeSet<>();
		this.context.withPropertyValues(property, "mcp.persist.enabled=false")
			.run((context) -> before.addAll(beans(context)));

		this.context.withPropertyValues(property)
			.run((context) -> assertThat(beans(context)).hasSizeGreaterThan(10).isEqualTo(before));
	}

	@Test
	void leavesSpringAiAsItWasOutsideAServletApplication() {
		new ApplicationContextRunner().withUserConfiguration(Application.class)
			.withPropertyValues(STREAMABLE)
			.run((context) -> assertThat(context).hasNotFailed()
				.hasSingleBean(WebMvcStreamableServerTransportProvider.class)
				.doesNotHaveBean(StreamableHttpEndpoint.class));
	}

	@Test
	void leavesSpringAiAsItWasWhenDisabled() {
		this.context.withPropertyValues(STREAMABLE, "mcp.persist.enabled=false")
			.run((context) -> assertThat(context).hasSingleBean(WebMvcStreamableServerTransportProvider.class)
				.hasSingleBean(RouterFunction.class)
				.doesNotHaveBean(StreamableHttpEndpoint.class)
				.doesNotHaveBean(McpPersistProperties.class));
	}

	@Test
	void servesAPlainServerWhereSpringAisIsDisabled() {
		this.context.withPropertyValues(STREAMABLE, "spring.ai.mcp.server.enabled=false")
			.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class)
				.doesNotHaveBean(RouterFunction.class)
				.getBean("streamableHttpServlet", ServletRegistrationBean.class)
				.extracting(ServletRegistrationBean::getServlet)
				.isInstanceOf(StreamableHttpServlet.class));
	}

	@Test
	void givesWayToATransportOfTheApplicationsOwn() {
		this.context.withUserConfiguration(OwnTransport.class).withPropertyValues(STREAMABLE).run((context) -> {
			assertThat(context).hasSingleBean(McpSyncServer.class)
				.doesNotHaveBean(StreamableHttpEndpoint.class)
				.doesNotHaveBean("streamableHttpServlet")
				.hasSingleBean(McpServerTransportProviderBase.class);
			assertThat(context.getBean(RouterFunction.class))
				.isSameAs(context.getBean(WebMvcStreamableServerTransportProvider.class).getRouterFunction());
		});
	}

	@Test
	void givesWayToARouterFunctionOfSpringAisName() {
		RouterFunction<?> own = (request) -> Optional.empty();

		this.context.withBean(SpringAiWebMvcAutoConfiguration.ROUTER_FUNCTION, RouterFunction.class, () -> own)
			.withPropertyValues(STREAMABLE)
			.run((context) -> assertThat(context).doesNotHaveBean("streamableHttpServlet")
				.getBean(RouterFunction.class)
				.isSameAs(own));
	}

	private static Set<String> beans(ApplicationContext context) {
		return new TreeSet<>(Arrays.asList(context.getBeanDefinitionNames()));
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

	@Configuration(proxyBeanMethods = false)
	static class OwnTransport {

		@Bean
		WebMvcStreamableServerTransportProvider own() {
			return WebMvcStreamableServerTransportProvider.builder().build();
		}

	}

}

package io.github.mcppersist.autoconfigure.springai;

import java.util.Optional;

import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.junit.jupiter.api.Test;
import org.springframework.ai.mcp.customizer.McpSyncServerCustomizer;
import org.springframework.ai.mcp.server.webmvc.transport.WebMvcStreamableServerTransportProvider;
import org.springframework.boot.test.context.assertj.AssertableWebApplicationContext;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.context.ConfigurableWebApplicationContext;
import org.springframework.web.servlet.function.RouterFunction;

import static org.assertj.core.api.Assertions.assertThat;

class SpringAiWebMvcAutoConfigurationTests extends
		AbstractSpringAiAutoConfigurationTests<WebApplicationContextRunner, ConfigurableWebApplicationContext, AssertableWebApplicationContext> {

	SpringAiWebMvcAutoConfigurationTests() {
		super(new WebApplicationContextRunner(), SpringAiTransports.WEBMVC);
	}

	@Test
	void addsNoCustomizerBesideSpringAis() {
		new WebApplicationContextRunner().withUserConfiguration(Application.class)
			.withPropertyValues("spring.ai.mcp.server.protocol=STREAMABLE", "mcp.persist.store=memory")
			.run((context) -> assertThat(context).hasSingleBean(McpSyncServerCustomizer.class));
	}

	@Override
	String plainServer() {
		return "streamableHttpServlet";
	}

	@Override
	Class<?> ownTransport() {
		return OwnTransport.class;
	}

	@Override
	Object routerFunction(McpStreamableServerTransportProvider transport) {
		return ((WebMvcStreamableServerTransportProvider) transport).getRouterFunction();
	}

	@Override
	Class<?> ownRouterFunction() {
		return OwnRouterFunction.class;
	}

	@Configuration(proxyBeanMethods = false)
	static class OwnTransport {

		@Bean
		WebMvcStreamableServerTransportProvider own() {
			return WebMvcStreamableServerTransportProvider.builder().build();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OwnRouterFunction {

		@Bean({ SpringAiWebMvcAutoConfiguration.ROUTER_FUNCTION, "own" })
		RouterFunction<?> own() {
			return (request) -> Optional.empty();
		}

	}

}

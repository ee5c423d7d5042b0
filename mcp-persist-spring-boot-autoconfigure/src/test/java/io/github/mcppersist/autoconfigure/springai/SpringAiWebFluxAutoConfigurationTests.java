package io.github.mcppersist.autoconfigure.springai;

import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.springframework.ai.mcp.server.webflux.transport.WebFluxStreamableServerTransportProvider;
import org.springframework.boot.test.context.assertj.AssertableReactiveWebApplicationContext;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.web.context.reactive.ConfigurableReactiveWebApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.reactive.function.server.RouterFunction;
import reactor.core.publisher.Mono;

import io.github.mcppersist.autoconfigure.webflux.StreamableHttpWebFluxAutoConfiguration;

class SpringAiWebFluxAutoConfigurationTests extends
		AbstractSpringAiAutoConfigurationTests<ReactiveWebApplicationContextRunner, ConfigurableReactiveWebApplicationContext, AssertableReactiveWebApplicationContext> {

	SpringAiWebFluxAutoConfigurationTests() {
		super(new ReactiveWebApplicationContextRunner(), SpringAiTransports.WEBFLUX);
	}

	@Override
	String plainServer() {
		return StreamableHttpWebFluxAutoConfiguration.ROUTER_FUNCTION;
	}

	@Override
	Class<?> ownTransport() {
		return OwnTransport.class;
	}

	@Override
	Object routerFunction(McpStreamableServerTransportProvider transport) {
		return ((WebFluxStreamableServerTransportProvider) transport).getRouterFunction();
	}

	@Override
	Class<?> ownRouterFunction() {
		return OwnRouterFunction.class;
	}

	@Configuration(proxyBeanMethods = false)
	static class OwnTransport {

		@Bean
		WebFluxStreamableServerTransportProvider own() {
			return WebFluxStreamableServerTransportProvider.builder().build();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OwnRouterFunction {

		@Bean({ SpringAiWebFluxAutoConfiguration.ROUTER_FUNCTION, "own" })
		RouterFunction<?> own() {
			return (request) -> Mono.empty();
		}

	}

}

package io.github.mcppersist.autoconfigure.webflux;

import io.modelcontextprotocol.server.transport.HttpServletStreamableServerTransportProvider;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpMethod;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import org.springframework.web.reactive.function.server.HandlerStrategies;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;

import io.github.mcppersist.autoconfigure.McpPersistProperties;
import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpEndpointAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemoryEventStoreAutoConfiguration;
import io.github.mcppersist.autoconfigure.store.InMemorySessionStoreAutoConfiguration;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.webflux.StreamableHttpHandlerFunction;

import static org.assertj.core.api.Assertions.assertThat;

class StreamableHttpWebFluxAutoConfigurationTests {

	private static final AutoConfigurations AUTO_CONFIGURATIONS = AutoConfigurations.of(
			InMemoryEventStoreAutoConfiguration.class, InMemorySessionStoreAutoConfiguration.class,
			StreamableHttpEndpointAutoConfiguration.class, StreamableHttpWebFluxAutoConfiguration.class);

	private final ReactiveWebApplicationContextRunner context = new ReactiveWebApplicationContextRunner()
		.withConfiguration(AUTO_CONFIGURATIONS);

	@Test
	void routesAllMethodsOfThePathToTheEndpoint() {
		this.context.run((context) -> {
			for (HttpMethod method : HttpMethod.values()) {
				assertThat(isRouted(context, method, "/mcp")).isTrue();
			}
			assertThat(isRouted(context, HttpMethod.GET, "/mcp/other")).isFalse();
		});
	}

	@Test
	void routesTheConfiguredPath() {
		this.context.withPropertyValues("mcp.persist.endpoint=/tools/mcp").run((context) -> {
			assertThat(isRouted(context, HttpMethod.POST, "/tools/mcp")).isTrue();
			assertThat(isRouted(context, HttpMethod.POST, "/mcp")).isFalse();
		});
	}

	@Test
	void leavesNoTraceWhenDisabled() {
		this.context.withPropertyValues("mcp.persist.enabled=false")
			.run((context) -> assertThat(context).doesNotHaveBean(RouterFunction.class)
				.doesNotHaveBean(StreamableHttpHandlerFunction.class)
				.doesNotHaveBean(McpPersistProperties.class));
	}

	@Test
	void routesNothingWithoutWebFlux() {
		this.context.withClassLoader(new FilteredClassLoader("org.springframework.web.reactive"))
			.run((context) -> assertThat(context).hasSingleBean(StreamableHttpEndpoint.class)
				.doesNotHaveBean(StreamableHttpWebFluxAutoConfiguration.ROUTER_FUNCTION));
	}

	@Test
	void routesNothingOutsideAReactiveWebApplication() {
		new ApplicationContextRunner().withConfiguration(AUTO_CONFIGURATIONS)
			.run((context) -> assertThat(context).doesNotHaveBean(RouterFunction.class));
		new WebApplicationContextRunner().withConfiguration(AUTO_CONFIGURATIONS)
			.run((context) -> assertThat(context).doesNotHaveBean(RouterFunction.class));
	}

	@Test
	void routesNothingToAnotherTransportProvider() {
		this.context
			.withBean("own", McpStreamableServerTransportProvider.class,
					() -> HttpServletStreamableServerTransportProvider.builder().build())
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(RouterFunction.class));
	}

	@Test
	void routesToAHandlerFunctionOfTheApplicationsOwn() {
		this.context.withUserConfiguration(OwnHandler.class)
			.run((context) -> assertThat(
					context.getBean(RouterFunction.class).route(request(HttpMethod.GET, "/mcp")).block())
				.isSameAs(context.getBean("own")));
	}

	@Test
	void givesWayToARouterFunctionOfItsName() {
		this.context.withUserConfiguration(OwnRoute.class)
			.run((context) -> assertThat(isRouted(context, HttpMethod.POST, "/own")).isTrue());
	}

	private static boolean isRouted(ApplicationContext context, HttpMethod method, String path) {
		return context.getBean(RouterFunction.class).route(request(method, path)).block() != null;
	}

	private static ServerRequest request(HttpMethod method, String path) {
		return ServerRequest.create(MockServerWebExchange.from(MockServerHttpRequest.method(method, path)),
				HandlerStrategies.withDefaults().messageReaders());
	}

	@Configuration(proxyBeanMethods = false)
	static class OwnHandler {

		@Bean
		StreamableHttpHandlerFunction own(StreamableHttpEndpoint endpoint) {
			return new StreamableHttpHandlerFunction(endpoint);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OwnRoute {

		@Bean(StreamableHttpWebFluxAutoConfiguration.ROUTER_FUNCTION)
		RouterFunction<ServerResponse> own(StreamableHttpHandlerFunction handlerFunction) {
			return handlerFunction.at("/own");
		}

	}

}

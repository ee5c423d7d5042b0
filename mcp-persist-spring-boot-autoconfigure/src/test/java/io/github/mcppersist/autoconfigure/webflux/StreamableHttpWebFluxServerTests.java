package io.github.mcppersist.autoconfigure.webflux;

import java.util.concurrent.atomic.AtomicInteger;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.server.McpTransportContextExtractor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration;
import org.springframework.boot.test.context.assertj.AssertableReactiveWebApplicationContext;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.web.context.reactive.ConfigurableReactiveWebApplicationContext;
import org.springframework.boot.web.server.context.ServerPortInfoApplicationContextInitializer;
import org.springframework.boot.web.server.reactive.context.AnnotationConfigReactiveWebServerApplicationContext;
import org.springframework.boot.webflux.autoconfigure.HttpHandlerAutoConfiguration;
import org.springframework.boot.webflux.autoconfigure.WebFluxAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.reactive.function.server.ServerRequest;

import io.github.mcppersist.autoconfigure.AbstractStreamableHttpServerTests;

/**
 * An MCP server in a reactive application, on Netty.
 */
class StreamableHttpWebFluxServerTests extends
		AbstractStreamableHttpServerTests<ReactiveWebApplicationContextRunner, ConfigurableReactiveWebApplicationContext, AssertableReactiveWebApplicationContext> {

	private static final ReactiveWebApplicationContextRunner CONTEXT = new ReactiveWebApplicationContextRunner(
			AnnotationConfigReactiveWebServerApplicationContext::new)
		.withConfiguration(AutoConfigurations.of(StreamableHttpWebFluxAutoConfiguration.class,
				NettyReactiveWebServerAutoConfiguration.class, HttpHandlerAutoConfiguration.class,
				WebFluxAutoConfiguration.class))
		.withInitializer(new ServerPortInfoApplicationContextInitializer());

	StreamableHttpWebFluxServerTests() {
		super(CONTEXT, Extractor.class);
	}

	@Configuration(proxyBeanMethods = false)
	static class Extractor {

		@Bean
		AtomicInteger extractions() {
			return new AtomicInteger();
		}

		@Bean
		McpTransportContextExtractor<ServerRequest> contextExtractor(AtomicInteger extractions) {
			return (request) -> {
				extractions.incrementAndGet();
				return McpTransportContext.EMPTY;
			};
		}

	}

}

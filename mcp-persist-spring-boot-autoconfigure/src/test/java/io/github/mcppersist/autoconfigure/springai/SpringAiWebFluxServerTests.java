package io.github.mcppersist.autoconfigure.springai;

import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.server.McpTransportContextExtractor;
import org.junit.jupiter.api.Test;
import org.springframework.ai.mcp.annotation.McpTool;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.reactor.netty.NettyWebServer;
import org.springframework.boot.tomcat.TomcatWebServer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.reactive.config.CorsRegistry;
import org.springframework.web.reactive.config.WebFluxConfigurer;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.server.WebFilter;

import io.github.mcppersist.test.transport.RawMcpClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What clients get of Spring AI's WebFlux starter, on Netty.
 */
class SpringAiWebFluxServerTests extends AbstractSpringAiServerTests {

	SpringAiWebFluxServerTests() {
		super(WebApplicationType.REACTIVE);
	}

	@Override
	Class<?> cors() {
		return Cors.class;
	}

	@Test
	void runsOnNetty() {
		assertThat(start(AnnotatedTools.class).webServer()).isInstanceOf(NettyWebServer.class);
	}

	@Test
	void runsOnTomcatAlike() throws Exception {
		SpringAiServer server = start(AnnotatedTools.class, "spring.autoconfigure.exclude="
				+ "org.springframework.boot.reactor.netty.autoconfigure.NettyReactiveWebServerAutoConfiguration,"
				+ SpringAiTransports.WEBFLUX.others());
		assertThat(server.webServer()).isInstanceOf(TomcatWebServer.class);
		RawMcpClient client = server.client("ann").initialize();
		String cursor = cutAfterFirst(client, "count");

		server.bean(AnnotatedTools.class).open();

		assertThat(rest(client, cursor)).hasSize(3)
			.last()
			.satisfies((event) -> assertThat(event.data()).contains("counted"));
	}

	@Test
	void runsTheApplicationsFilters() throws Exception {
		SpringAiServer server = start(Filter.class);

		server.client("ann").initialize();

		assertThat(server.bean(Filter.class).before).hasValue(2);
		// Which they are after the client has its answer
		await().untilAsserted(() -> assertThat(server.bean(Filter.class).after).hasValue(2));
	}

	@Test
	void asksTheApplicationsContextExtractor() throws Exception {
		SpringAiServer server = start(Extractor.class);

		assertThat(call(server.client("ann").header("X-Tenant", "acme").initialize(), "tenant")).contains("acme");
	}

	@Configuration(proxyBeanMethods = false)
	static class Filter {

		private final AtomicInteger before = new AtomicInteger();

		private final AtomicInteger after = new AtomicInteger();

		@Bean
		WebFilter counting() {
			return (exchange, chain) -> {
				this.before.incrementAndGet();
				return chain.filter(exchange).doOnSuccess((nothing) -> {
					if (Objects.requireNonNull(exchange.getResponse().getStatusCode()).is2xxSuccessful()) {
						this.after.incrementAndGet();
					}
				});
			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Extractor {

		@Bean
		McpTransportContextExtractor<ServerRequest> extractor() {
			return (request) -> McpTransportContext
				.create(Map.of("tenant", Objects.requireNonNull(request.headers().firstHeader("X-Tenant"))));
		}

		@Bean
		Tenant tenant() {
			return new Tenant();
		}

	}

	static class Tenant {

		@McpTool(name = "tenant", description = "Tells the tenant")
		String tenant(McpTransportContext context) {
			return (String) context.get("tenant");
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Cors implements WebFluxConfigurer {

		@Override
		public void addCorsMappings(CorsRegistry registry) {
			registry.addMapping("/mcp").allowedOrigins("https://app.example").allowedMethods("*");
		}

	}

}

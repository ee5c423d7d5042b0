package io.github.mcppersist.autoconfigure.springai;

import java.io.IOException;
import java.util.List;
import java.util.zip.GZIPOutputStream;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.web.filter.OncePerRequestFilter;
import org.springframework.web.filter.ShallowEtagHeaderFilter;
import org.springframework.web.util.ContentCachingResponseWrapper;

import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Filters of an application in front of the {@code DispatcherServlet}, beside Spring
 * Security's.
 */
class SpringAiWebMvcFilterTests {

	@ParameterizedTest
	@ValueSource(strings = { "mcp.persist.enabled=false", "mcp.persist.enabled=true" })
	void answersBehindFiltersAsSpringAisTransportDoes(String property) throws Exception {
		try (SpringAiServer server = start(Etags.class, property)) {
			call(server, "/mcp");
		}
		try (SpringAiServer server = start(Copying.class, property)) {
			call(server, "/mcp");
		}
	}

	@Test
	void answersBehindAFilterThatClosesTheResponse() throws Exception {
		try (SpringAiServer server = start(Compressing.class)) {
			call(server, "/mcp");
		}
	}

	@Test
	void guardsTheEndpointBelowTheDispatcherServletsPath() throws Exception {
		try (SpringAiServer server = start(Compressing.class, "spring.mvc.servlet.path=/api",
				"spring.ai.mcp.server.streamable-http.mcp-endpoint=/tools/mcp")) {
			call(server, "/api/tools/mcp");
		}
	}

	@Test
	void guardsAnEndpointWhosePathLacksTheSlashInFront() throws Exception {
		try (SpringAiServer server = start(Compressing.class,
				"spring.ai.mcp.server.streamable-http.mcp-endpoint=tools/mcp")) {
			call(server, "/tools/mcp");
		}
	}

	@Test
	void guardsAnEndpointWithAVariableInItsPath() throws Exception {
		try (SpringAiServer server = start(Compressing.class,
				"spring.ai.mcp.server.streamable-http.mcp-endpoint=/{tenant}/mcp")) {
			call(server, "/acme/mcp");
		}
	}

	private static SpringAiServer start(Class<?> configuration, String... properties) {
		return SpringAiServer.start(WebApplicationType.SERVLET, List.of(AnnotatedTools.class, configuration),
				properties);
	}

	private static void call(SpringAiServer server, String path) throws IOException {
		server.bean(AnnotatedTools.class).open();
		RawMcpClient client = server.client(path, "ann").initialize();
		try (Exchange exchange = client.call(2, "count", "{}")) {
			assertThat(exchange.status()).isEqualTo(200);
			assertThat(exchange.header("X-Content-Type-Options")).isEqualTo("nosniff");
			assertThat(exchange.header("Content-Encoding")).isNull();
			assertThat(exchange.body()).contains("counted");
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Etags {

		@Bean
		FilterRegistrationBean<ShallowEtagHeaderFilter> etags() {
			FilterRegistrationBean<ShallowEtagHeaderFilter> registration = new FilterRegistrationBean<>(
					new ShallowEtagHeaderFilter());
			registration.addUrlPatterns("/*");
			registration.setOrder(Ordered.HIGHEST_PRECEDENCE + 10);
			return registration;
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Copying {

		@Bean
		OncePerRequestFilter copying() {
			return new OncePerRequestFilter() {

				@Override
				protected boolean shouldNotFilterAsyncDispatch() {
					return false;
				}

				@Override
				protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response,
						FilterChain chain) throws ServletException, IOException {
					ContentCachingResponseWrapper cache = new ContentCachingResponseWrapper(response);
					try {
						chain.doFilter(request, cache);
					}
					finally {
						cache.copyBodyToResponse();
					}
				}

			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Compressing {

		@Bean
		Filter compressing() {
			return (request, response, chain) -> {
				((HttpServletResponse) response).setHeader("Content-Encoding", "gzip");
				chain.doFilter(request, response);
				new GZIPOutputStream(response.getOutputStream()).close();
			};
		}

	}

}

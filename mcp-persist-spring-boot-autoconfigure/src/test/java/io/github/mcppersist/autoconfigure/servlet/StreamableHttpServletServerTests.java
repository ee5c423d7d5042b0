package io.github.mcppersist.autoconfigure.servlet;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.server.McpTransportContextExtractor;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.assertj.AssertableWebApplicationContext;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.tomcat.autoconfigure.servlet.TomcatServletWebServerAutoConfiguration;
import org.springframework.boot.web.server.context.ServerPortInfoApplicationContextInitializer;
import org.springframework.boot.web.server.servlet.context.AnnotationConfigServletWebServerApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.context.ConfigurableWebApplicationContext;

import io.github.mcppersist.autoconfigure.AbstractStreamableHttpServerTests;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An MCP server behind the servlet, on Tomcat.
 */
class StreamableHttpServletServerTests extends
		AbstractStreamableHttpServerTests<WebApplicationContextRunner, ConfigurableWebApplicationContext, AssertableWebApplicationContext> {

	private static final WebApplicationContextRunner CONTEXT = new WebApplicationContextRunner(
			AnnotationConfigServletWebServerApplicationContext::new)
		.withConfiguration(AutoConfigurations.of(StreamableHttpServletAutoConfiguration.class,
				TomcatServletWebServerAutoConfiguration.class))
		.withInitializer(new ServerPortInfoApplicationContextInitializer());

	StreamableHttpServletServerTests() {
		super(CONTEXT, Extractor.class);
	}

	@Test
	void leavesTheResponseToTheFiltersUntilTheyAreDone() {
		context().withUserConfiguration(LateFilter.class).run((context) -> {
			HttpResponse<String> response = put(context);

			assertThat(context.getBean(LateFilter.class).found).containsExactly("200 null");
			assertThat(response.statusCode()).isEqualTo(405);
			assertThat(response.headers().firstValue("X-Late")).hasValue("yes");
		});
	}

	/**
	 * A filter that looks what has become of the response when the endpoint has answered,
	 * which it does within the call if the method isn't allowed.
	 */
	static class LateFilter implements Filter {

		private final List<String> found = new CopyOnWriteArrayList<>();

		@Override
		public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
				throws IOException, ServletException {
			chain.doFilter(request, response);
			HttpServletResponse answer = (HttpServletResponse) response;
			this.found.add(answer.getStatus() + " " + answer.getHeader("Allow"));
			answer.setHeader("X-Late", "yes");
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Extractor {

		@Bean
		AtomicInteger extractions() {
			return new AtomicInteger();
		}

		@Bean
		McpTransportContextExtractor<HttpServletRequest> contextExtractor(AtomicInteger extractions) {
			return (request) -> {
				extractions.incrementAndGet();
				return McpTransportContext.EMPTY;
			};
		}

	}

}

package io.github.mcppersist.autoconfigure.servlet;

import java.io.IOException;
import java.time.Duration;
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
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
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
		context().withUserConfiguration(SlowFilter.class).run((context) -> {
			ping(context, initialize(context));

			assertThat(context.getBean(SlowFilter.class).touched).containsExactly(false, false);
		});
	}

	/**
	 * A filter that looks for a while whether somebody else sets headers.
	 */
	static class SlowFilter implements Filter {

		private final List<Boolean> touched = new CopyOnWriteArrayList<>();

		@Override
		public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
				throws IOException, ServletException {
			chain.doFilter(request, response);
			try {
				Awaitility.await()
					.atMost(Duration.ofMillis(300))
					.until(() -> ((HttpServletResponse) response).getContentType() != null);
				this.touched.add(true);
			}
			catch (ConditionTimeoutException ex) {
				this.touched.add(false);
			}
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

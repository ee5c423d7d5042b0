package io.github.mcppersist.autoconfigure.springai;

import java.util.concurrent.atomic.AtomicInteger;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.springframework.ai.mcp.annotation.McpTool;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.CorsRegistry;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What clients get of Spring AI's WebMVC starter, on Tomcat.
 */
class SpringAiWebMvcServerTests extends AbstractSpringAiServerTests {

	SpringAiWebMvcServerTests() {
		super(WebApplicationType.SERVLET);
	}

	@Override
	Class<?> cors() {
		return Cors.class;
	}

	@Test
	void runsTheApplicationsInterceptors() throws Exception {
		SpringAiServer server = start(Interceptors.class);

		server.client("ann").initialize();

		Interceptors interceptors = server.bean(Interceptors.class);
		assertThat(interceptors.before).hasValue(2);
		assertThat(interceptors.after).hasValue(2);
	}

	@Test
	@EnabledForJreRange(min = JRE.JAVA_21)
	void runsToolsOnVirtualThreadsWhereTheyAreOn() throws Exception {
		SpringAiServer on = start(ThreadTools.class, "spring.threads.virtual.enabled=true");
		SpringAiServer off = start(ThreadTools.class, "spring.threads.virtual.enabled=false");

		assertThat(call(on.client("ann").initialize(), "thread")).contains("VirtualThread[");
		assertThat(call(off.client("ann").initialize(), "thread")).contains("Thread[").doesNotContain("VirtualThread[");
	}

	static class ThreadTools {

		@McpTool(name = "thread", description = "Tells what it runs on")
		String thread() {
			return Thread.currentThread().toString();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Interceptors implements WebMvcConfigurer, HandlerInterceptor {

		private final AtomicInteger before = new AtomicInteger();

		private final AtomicInteger after = new AtomicInteger();

		@Override
		public void addInterceptors(InterceptorRegistry registry) {
			registry.addInterceptor(this).addPathPatterns("/mcp");
		}

		@Override
		public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
			this.before.incrementAndGet();
			return true;
		}

		@Override
		public void afterCompletion(HttpServletRequest request, HttpServletResponse response, Object handler,
				Exception ex) {
			this.after.incrementAndGet();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Cors implements WebMvcConfigurer {

		@Override
		public void addCorsMappings(CorsRegistry registry) {
			registry.addMapping("/mcp").allowedOrigins("https://app.example").allowedMethods("*");
		}

	}

}

package io.github.mcppersist.autoconfigure.springai;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.MDC;
import org.springframework.ai.mcp.annotation.McpTool;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.i18n.LocaleContextHolder;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.web.context.annotation.RequestScope;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;
import org.springframework.web.filter.OncePerRequestFilter;
import reactor.core.publisher.Hooks;

import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What tools see on their thread of the request that they are called for.
 */
class SpringAiWebMvcContextTests {

	private static final String SEEN = "ann tester, /mcp?x=1, present, value, de, http.test, passed on, scoped";

	@ParameterizedTest
	@ValueSource(strings = { "mcp.persist.enabled=false", "mcp.persist.enabled=true" })
	void toolsSeeWhatTheySeeWithSpringAisTransport(String property) throws Exception {
		try (SpringAiServer server = start(property)) {
			assertThat(call(client(server), "look")).contains(SEEN);
		}
	}

	@Test
	void toolsSeeItWhenTheRequestIsOver() throws Exception {
		try (SpringAiServer server = start("spring.ai.mcp.server.streamable-http.keep-alive-interval=50ms")) {
			RawMcpClient client = client(server);
			Exchange exchange = client.header("X-Cut", "yes").call(2, "lookLater", "{}");
			String cursor = Objects.requireNonNull(Objects.requireNonNull(exchange.next()).id());

			exchange.cut();

			try (Exchange resumed = client.get(cursor)) {
				assertThat(resumed.rest()).extracting(SseEvent::data)
					.last()
					.satisfies((data) -> assertThat(data).contains(SEEN));
			}
		}
	}

	@Test
	void toolsSeeItWithReactorsAutomaticContextPropagation() throws Exception {
		Hooks.enableAutomaticContextPropagation();
		try (SpringAiServer server = start()) {
			assertThat(call(client(server), "look")).contains(SEEN);
		}
		finally {
			Hooks.disableAutomaticContextPropagation();
		}
	}

	@Test
	void eachToolOfABatchSeesItAlsoWhenAnotherHasEnded() throws Exception {
		try (SpringAiServer server = SpringAiServer.start(WebApplicationType.SERVLET,
				List.of(Context.class, OneAfterTheOther.class))) {
			RawMcpClient client = client(server.client("/mcp?x=1", "ann").protocolVersion("2025-03-26"));
			String look = "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"tools/call\",\"params\":{\"name\":\"look\",\"arguments\":{}}}";

			try (Exchange batch = client.post("[" + look.formatted(1) + "," + look.formatted(2) + "]")) {
				assertThat(batch.rest()).extracting(SseEvent::data)
					.hasSize(2)
					.allSatisfy((data) -> assertThat(data).contains(SEEN));
			}
			AtomicInteger destroyed = server.bean(Context.class).destroyed;
			Awaitility.await().untilAsserted(() -> assertThat(destroyed).hasValue(2));
		}
	}

	@Test
	void threadsForgetItForTheNextRequest() throws Exception {
		try (SpringAiServer server = start()) {
			RawMcpClient client = client(server);
			call(client, "look");

			assertThat(call(client.header("X-Plain", "yes"), "look")).contains("absent")
				.doesNotContain("value", "http.test");
			AtomicInteger destroyed = server.bean(Context.class).destroyed;
			Awaitility.await().untilAsserted(() -> assertThat(destroyed).hasValue(2));
		}
	}

	private static SpringAiServer start(String... properties) {
		return SpringAiServer.start(WebApplicationType.SERVLET, List.of(Context.class), properties);
	}

	private static RawMcpClient client(SpringAiServer server) throws IOException {
		return client(server.client("/mcp?x=1", "ann"));
	}

	private static RawMcpClient client(RawMcpClient client) throws IOException {
		return client.header("Accept-Language", "de").header("X-Header", "passed on").initialize();
	}

	private static String call(RawMcpClient client, String tool) throws IOException {
		try (Exchange exchange = client.call(2, tool, "{}")) {
			return exchange.body();
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Context {

		private final ObservationRegistry observations = ObservationRegistry.create();

		private final CountDownLatch over = new CountDownLatch(1);

		private final AtomicInteger destroyed = new AtomicInteger();

		Context() {
			this.observations.observationConfig().observationHandler((context) -> true);
		}

		@Bean
		Looking looking(Scoped scoped) {
			return new Looking(this, scoped);
		}

		@Bean
		@RequestScope
		Scoped scoped() {
			return new Scoped() {

				@Override
				void end() {
					Context.this.destroyed.incrementAndGet();
				}

			};
		}

		@Bean
		OncePerRequestFilter binding() {
			return new OncePerRequestFilter() {

				@Override
				protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response,
						FilterChain chain) throws ServletException, IOException {
					if (request.getHeader("X-Plain") != null) {
						chain.doFilter(request, response);
						return;
					}
					request.setAttribute("attribute", "present");
					MDC.put("key", "value");
					Observation observation = Observation.start("http.test", Context.this.observations);
					try (Observation.Scope scope = observation.openScope()) {
						chain.doFilter(request, response);
					}
					finally {
						MDC.clear();
						observation.stop();
					}
					if (request.getHeader("X-Cut") != null) {
						request.getAsyncContext().addListener(new CompletionListener(Context.this.over));
					}
				}

			};
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class OneAfterTheOther {

		@Bean(destroyMethod = "shutdown")
		ExecutorService mcpPersistExecutor() {
			return Executors.newSingleThreadExecutor();
		}

	}

	static class Looking {

		private final Context context;

		private final Scoped scoped;

		Looking(Context context, Scoped scoped) {
			this.context = context;
			this.scoped = scoped;
		}

		@McpTool(name = "look", description = "Tells what it sees")
		String look() {
			var authentication = SecurityContextHolder.getContext().getAuthentication();
			var attributes = (ServletRequestAttributes) RequestContextHolder.currentRequestAttributes();
			HttpServletRequest request = attributes.getRequest();
			Observation observation = this.context.observations.getCurrentObservation();
			Object attribute = attributes.getAttribute("attribute", ServletRequestAttributes.SCOPE_REQUEST);
			return authentication.getName() + " " + authentication.getAuthorities().iterator().next() + ", "
					+ request.getRequestURI() + "?" + request.getQueryString() + ", "
					+ ((attribute != null) ? attribute : "absent") + ", " + MDC.get("key") + ", "
					+ LocaleContextHolder.getLocale() + ", "
					+ ((observation != null) ? observation.getContext().getName() : null) + ", "
					+ request.getHeader("x-header") + ", " + this.scoped.name();
		}

		@McpTool(name = "lookLater", description = "Tells what it sees when its request is over")
		String lookLater() throws InterruptedException {
			if (!this.context.over.await(60, TimeUnit.SECONDS)) {
				throw new IllegalStateException("The request isn't over");
			}
			return look();
		}

	}

	static class Scoped implements DisposableBean {

		String name() {
			return "scoped";
		}

		void end() {
		}

		@Override
		public void destroy() {
			end();
		}

	}

	private static final class CompletionListener implements AsyncListener {

		private final CountDownLatch latch;

		CompletionListener(CountDownLatch latch) {
			this.latch = latch;
		}

		@Override
		public void onComplete(AsyncEvent event) {
			this.latch.countDown();
		}

		@Override
		public void onTimeout(AsyncEvent event) {
		}

		@Override
		public void onError(AsyncEvent event) {
		}

		@Override
		public void onStartAsync(AsyncEvent event) {
		}

	}

}

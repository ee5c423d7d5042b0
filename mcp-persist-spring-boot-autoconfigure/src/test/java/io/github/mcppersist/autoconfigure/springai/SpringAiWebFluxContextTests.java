package io.github.mcppersist.autoconfigure.springai;

import java.io.IOException;
import java.util.List;
import java.util.Objects;

import io.micrometer.context.ContextRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.contextpropagation.ObservationThreadLocalAccessor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.ai.mcp.annotation.McpTool;
import org.springframework.ai.mcp.customizer.McpSyncServerCustomizer;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.security.core.context.ReactiveSecurityContextHolder;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.web.server.WebFilter;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What tools of a reactive application see of the request that they are called for, in
 * their Reactor context and on their thread.
 */
class SpringAiWebFluxContextTests {

	private static final String SEEN = "ann, value, http.test";

	private static final ThreadLocal<String> THREAD_LOCAL = new ThreadLocal<>();

	@BeforeEach
	void register() {
		ContextRegistry.getInstance().registerThreadLocalAccessor("key", THREAD_LOCAL);
	}

	@AfterEach
	void unregister() {
		ContextRegistry.getInstance().removeThreadLocalAccessor("key");
	}

	@ParameterizedTest
	@ValueSource(strings = { "mcp.persist.enabled=false", "mcp.persist.enabled=true" })
	void asyncToolsSeeWhatTheySeeWithSpringAisTransport(String property) throws Exception {
		try (SpringAiServer server = start(AsyncTools.class, "spring.ai.mcp.server.type=ASYNC", property)) {
			server.bean(AsyncTools.class).gate.tryEmitEmpty();

			assertThat(call(server)).contains(SEEN);
		}
	}

	@Test
	void asyncToolsSeeItWhenTheRequestIsOver() throws Exception {
		try (SpringAiServer server = start(AsyncTools.class, "spring.ai.mcp.server.type=ASYNC")) {
			RawMcpClient client = server.client("ann").initialize();
			Exchange exchange = client.call(2, "look", "{}");
			String cursor = Objects.requireNonNull(Objects.requireNonNull(exchange.next()).id());

			exchange.cut();

			try (Exchange resumed = client.get(cursor)) {
				resumed.next();
				server.bean(AsyncTools.class).gate.tryEmitEmpty();
				assertThat(resumed.rest()).extracting(SseEvent::data)
					.singleElement()
					.satisfies((data) -> assertThat(data).contains(SEEN));
			}
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "mcp.persist.enabled=false", "mcp.persist.enabled=true" })
	void syncToolsSeeItOnTheirThreadWithReactorsAutomaticContextPropagation(String property) throws Exception {
		Hooks.enableAutomaticContextPropagation();
		try (SpringAiServer server = start(SyncTools.class, property)) {
			assertThat(call(server)).contains(SEEN).contains("boundedElastic");
		}
		finally {
			Hooks.disableAutomaticContextPropagation();
		}
	}

	@Test
	void syncToolsSeeItOnTheEndpointsThread() throws Exception {
		try (SpringAiServer server = start(ImmediateTools.class)) {
			assertThat(call(server)).contains(SEEN).contains("mcp-persist-handler");
		}
	}

	@Test
	void threadsForgetItForTheNextRequest() throws Exception {
		try (SpringAiServer server = start(ImmediateTools.class)) {
			call(server);

			RawMcpClient other = server.client("ann").header("X-Plain", "yes").initialize();
			try (Exchange exchange = other.call(2, "look", "{}")) {
				assertThat(exchange.body()).contains("ann, null, ").doesNotContain("http.test");
			}
		}
	}

	private static SpringAiServer start(Class<?> tools, String... properties) {
		return SpringAiServer.start(WebApplicationType.REACTIVE, List.of(Context.class, tools), properties);
	}

	private static String call(SpringAiServer server) throws IOException {
		try (Exchange exchange = server.client("ann").initialize().call(2, "look", "{}")) {
			return exchange.body();
		}
	}

	@Configuration(proxyBeanMethods = false)
	static class Context {

		private final ObservationRegistry observations = ObservationRegistry.create();

		Context() {
			this.observations.observationConfig().observationHandler((context) -> true);
		}

		@Bean
		WebFilter binding() {
			return (exchange, chain) -> {
				if (exchange.getRequest().getHeaders().containsHeader("X-Plain")) {
					return chain.filter(exchange);
				}
				Observation observation = Observation.start("http.test", this.observations);
				return chain.filter(exchange)
					.contextWrite((context) -> context.put("key", "value")
						.put(ObservationThreadLocalAccessor.KEY, observation));
			};
		}

		@Bean
		ObservationRegistry observationRegistry() {
			return this.observations;
		}

	}

	static class AsyncTools {

		private final Sinks.Empty<Void> gate = Sinks.empty();

		@McpTool(name = "look", description = "Tells what it sees")
		Mono<String> look() {
			Mono<String> user = ReactiveSecurityContextHolder.getContext()
				.map((context) -> Objects.requireNonNull(context.getAuthentication()).getName());
			return this.gate.asMono().then(user).flatMap((name) -> Mono.deferContextual((context) -> {
				Observation observation = context.get(ObservationThreadLocalAccessor.KEY);
				return Mono.just(name + ", " + context.get("key") + ", " + observation.getContext().getName());
			}));
		}

	}

	static class SyncTools {

		private final ObservationRegistry observations;

		SyncTools(ObservationRegistry observations) {
			this.observations = observations;
		}

		@McpTool(name = "look", description = "Tells what it sees")
		String look() {
			SecurityContext security = ReactiveSecurityContextHolder.getContext().contextCapture().block();
			Observation observation = this.observations.getCurrentObservation();
			return Objects.requireNonNull(Objects.requireNonNull(security).getAuthentication()).getName() + ", "
					+ THREAD_LOCAL.get() + ", " + ((observation != null) ? observation.getContext().getName() : null)
					+ " on " + Thread.currentThread().getName();
		}

	}

	@Configuration(proxyBeanMethods = false)
	@Import(SyncTools.class)
	static class ImmediateTools {

		@Bean
		McpSyncServerCustomizer immediate() {
			return (server) -> server.immediateExecution(true);
		}

	}

}

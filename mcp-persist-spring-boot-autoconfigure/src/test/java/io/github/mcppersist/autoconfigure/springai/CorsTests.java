package io.github.mcppersist.autoconfigure.springai;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a browser is told that runs a page of another origin, with the recipes of the
 * documents and without. That it does what it is told is tried in
 * {@code verification/browser}.
 */
class CorsTests {

	private static final String ORIGIN = "https://app.example";

	private static final Set<String> SENT = Set.of("authorization", "content-type", "last-event-id", "mcp-method",
			"mcp-name", "mcp-protocol-version", "mcp-session-id");

	static Stream<Arguments> recipes() {
		return Stream.of(Arguments.of(WebApplicationType.SERVLET, CorsRecipes.ServletFilter.class, true),
				Arguments.of(WebApplicationType.SERVLET, CorsRecipes.ServletFilter.class, false),
				Arguments.of(WebApplicationType.SERVLET, CorsRecipes.SpringMvc.class, true),
				Arguments.of(WebApplicationType.REACTIVE, CorsRecipes.ReactiveFilter.class, true),
				Arguments.of(WebApplicationType.REACTIVE, CorsRecipes.ReactiveFilter.class, false));
	}

	@ParameterizedTest
	@MethodSource("recipes")
	void letsPagesOfAnAllowedOriginCallAndReadTheSessionId(WebApplicationType type, Class<?> recipe, boolean springAi)
			throws IOException {
		try (SpringAiServer server = start(type, recipe, springAi)) {
			for (String method : List.of("POST", "GET", "DELETE")) {
				try (Exchange preflight = preflight(new RawMcpClient(server.port(), "/mcp"), method)) {
					assertThat(preflight.status()).isEqualTo(200);
					assertThat(preflight.header("Access-Control-Allow-Origin")).isEqualTo(ORIGIN);
					assertThat(names(preflight.header("Access-Control-Allow-Methods"))).contains(method.toLowerCase());
					assertThat(names(preflight.header("Access-Control-Allow-Headers"))).containsAll(SENT);
				}
			}
			RawMcpClient client = server.client("ann").header("Origin", ORIGIN);
			try (Exchange initialize = client.send("POST", client.postHeaders(),
					AbstractSpringAiServerTests.INITIALIZE)) {
				assertThat(initialize.status()).isEqualTo(200);
				assertThat(initialize.header("Access-Control-Allow-Origin")).isEqualTo(ORIGIN);
				assertThat(names(initialize.header("Access-Control-Expose-Headers"))).contains("mcp-session-id");
				assertThat(initialize.header("Mcp-Session-Id")).isNotNull();
			}
		}
	}

	@ParameterizedTest
	@MethodSource("recipes")
	void keepsPagesOfOtherOriginsAway(WebApplicationType type, Class<?> recipe, boolean springAi) throws IOException {
		try (SpringAiServer server = start(type, recipe, springAi)) {
			RawMcpClient client = server.client("ann").header("Origin", "https://other.example");

			try (Exchange initialize = client.send("POST", client.postHeaders(),
					AbstractSpringAiServerTests.INITIALIZE)) {
				assertThat(initialize.status()).isEqualTo(403);
			}
		}
	}

	@Test
	void grantsNothingWhereCorsIsNotConfigured() throws IOException {
		try (SpringAiServer server = start(WebApplicationType.SERVLET, PlainServer.class, false);
				Exchange preflight = preflight(server.client("ann"), "POST");
				Exchange options = server.client("ann").send("OPTIONS", server.client("ann").sessionHeaders(), null)) {
			assertThat(preflight.header("Access-Control-Allow-Origin")).isNull();
			assertThat(preflight.header("Access-Control-Allow-Methods")).isNull();
			assertThat(options.status()).isEqualTo(405);
		}
	}

	private static SpringAiServer start(WebApplicationType type, Class<?> recipe, boolean springAi) {
		return springAi ? SpringAiServer.start(type, List.of(recipe))
				: SpringAiServer.start(type, List.of(recipe, PlainServer.class), "spring.ai.mcp.server.enabled=false",
						"mcp.persist.allowed-origins=" + ORIGIN);
	}

	/**
	 * As a browser asks. It has no credentials, although the request itself will.
	 */
	private static Exchange preflight(RawMcpClient client, String method) throws IOException {
		return client.header("Origin", ORIGIN)
			.header("Access-Control-Request-Method", method)
			.header("Access-Control-Request-Headers", String.join(",", SENT))
			.send("OPTIONS", client.sessionHeaders(), null);
	}

	private static Set<String> names(String header) {
		return Stream.of(Objects.requireNonNull(header).toLowerCase().split(",\\s*")).collect(Collectors.toSet());
	}

	@Configuration(proxyBeanMethods = false)
	static class PlainServer {

		@Bean(destroyMethod = "closeGracefully")
		McpSyncServer mcpServer(McpStreamableServerTransportProvider transportProvider) {
			return McpServer.sync(transportProvider).serverInfo("plain", "1").build();
		}

	}

}

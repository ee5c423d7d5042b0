package io.github.mcppersist.autoconfigure.endpoint;

import java.util.List;
import java.util.Map;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerResponse;

import io.github.mcppersist.servlet.StreamableHttpServlet;
import io.github.mcppersist.transport.SessionOwnerResolver;
import io.github.mcppersist.transport.StreamableHttpEndpoint;
import io.github.mcppersist.webflux.StreamableHttpHandlerFunction;

/**
 * Two MCP servers in one application, as the documents have it.
 */
public class SeveralServersApplication {

	private static SyncToolSpecification tool(String name) {
		return SyncToolSpecification.builder()
			.tool(Tool.builder(name, Map.of("type", "object")).build())
			.callHandler((exchange, request) -> CallToolResult.builder().addTextContent("this is " + name).build())
			.build();
	}

	@Configuration(proxyBeanMethods = false)
	public static class Servers {

		private final List<SyncToolSpecification> weatherTools = List.of(tool("weather"));

		private final List<SyncToolSpecification> billingTools = List.of(tool("billing"));

		@Bean
		StreamableHttpEndpoint weatherEndpoint(StreamableHttpEndpoint.Builder builder) {
			return builder.build();
		}

		@Bean
		StreamableHttpEndpoint billingEndpoint(StreamableHttpEndpoint.Builder builder) {
			return builder.build();
		}

		@Bean
		McpSyncServer weatherServer(@Qualifier("weatherEndpoint") StreamableHttpEndpoint endpoint) {
			return McpServer.sync(endpoint)
				.serverInfo("weather", "1.0")
				.immediateExecution(true)
				.tools(this.weatherTools)
				.build();
		}

		@Bean
		McpSyncServer billingServer(@Qualifier("billingEndpoint") StreamableHttpEndpoint endpoint) {
			return McpServer.sync(endpoint)
				.serverInfo("billing", "1.0")
				.immediateExecution(true)
				.tools(this.billingTools)
				.build();
		}

	}

	@Configuration(proxyBeanMethods = false)
	public static class NobodyOwnsSessions {

		@Bean
		SessionOwnerResolver sessionOwnerResolver() {
			return (principal) -> null;
		}

	}

	@Configuration(proxyBeanMethods = false)
	public static class Servlets {

		@Bean
		ServletRegistrationBean<StreamableHttpServlet> weatherServlet(
				@Qualifier("weatherEndpoint") StreamableHttpEndpoint endpoint) {
			return servlet("weather", endpoint);
		}

		@Bean
		ServletRegistrationBean<StreamableHttpServlet> billingServlet(
				@Qualifier("billingEndpoint") StreamableHttpEndpoint endpoint) {
			return servlet("billing", endpoint);
		}

		private static ServletRegistrationBean<StreamableHttpServlet> servlet(String name,
				StreamableHttpEndpoint endpoint) {
			ServletRegistrationBean<StreamableHttpServlet> registration = new ServletRegistrationBean<>(
					new StreamableHttpServlet(endpoint), "/" + name + "/mcp");
			registration.setName(name);
			registration.setAsyncSupported(true);
			return registration;
		}

	}

	@Configuration(proxyBeanMethods = false)
	public static class Routes {

		@Bean
		RouterFunction<ServerResponse> weatherRoute(@Qualifier("weatherEndpoint") StreamableHttpEndpoint endpoint) {
			return new StreamableHttpHandlerFunction(endpoint).at("/weather/mcp");
		}

		@Bean
		RouterFunction<ServerResponse> billingRoute(@Qualifier("billingEndpoint") StreamableHttpEndpoint endpoint) {
			return new StreamableHttpHandlerFunction(endpoint).at("/billing/mcp");
		}

	}

}

package io.github.mcppersist.samples.conformance;

import java.time.Duration;
import java.util.List;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncToolSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncCompletionSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncPromptSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncResourceSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncResourceTemplateSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

import io.github.mcppersist.autoconfigure.endpoint.StreamableHttpOptionsCustomizer;

/**
 * An MCP server whose transport comes from the starter. All it adds is the server itself.
 * It runs on Tomcat, and on Netty with {@code spring.main.web-application-type=reactive}.
 */
@SpringBootApplication(proxyBeanMethods = false)
public class ConformanceServerApplication {

	public static void main(String[] args) {
		SpringApplication.run(ConformanceServerApplication.class, args);
	}

	// The suite's client comes back when a tool has closed its connection, and has no
	// occasion to show that before
	@Bean
	StreamableHttpOptionsCustomizer trustInTheSuite() {
		return (options) -> options.resumingClients((client) -> client.clientInfo().name().startsWith("conformance"));
	}

	// Immediate execution runs the tools on the endpoint's executor, which has room for
	// many that wait. Otherwise they share Reactor's bounded elastic threads, ten a core.
	@Bean(destroyMethod = "closeGracefully")
	McpSyncServer mcpServer(McpStreamableServerTransportProvider transportProvider, List<SyncToolSpecification> tools,
			List<AsyncToolSpecification> asyncTools, List<SyncPromptSpecification> prompts,
			List<SyncResourceSpecification> resources, List<SyncResourceTemplateSpecification> resourceTemplates,
			List<SyncCompletionSpecification> completions) {
		McpSyncServer server = McpServer.sync(transportProvider)
			.serverInfo("mcp-persist-conformance-server", "1.0.0")
			.capabilities(ServerCapabilities.builder()
				.tools(true)
				.prompts(true)
				.resources(true, true)
				.logging()
				.completions()
				.build())
			.requestTimeout(Duration.ofSeconds(30))
			.immediateExecution(true)
			.tools(tools)
			.prompts(prompts)
			.resources(resources)
			.resourceTemplates(resourceTemplates)
			.completions(completions)
			.build();
		asyncTools.forEach((tool) -> server.getAsyncServer().addTool(tool).block());
		return server;
	}

}

package io.github.mcppersist.autoconfigure.springai;

import java.util.ArrayList;
import java.util.List;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.spec.McpStreamableServerTransportProvider;
import org.springframework.boot.Banner;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * An MCP server that starts and stops, in a JVM of its own with its own class path.
 */
public final class SdkVersionsApplication {

	private SdkVersionsApplication() {
	}

	/**
	 * Start and stop.
	 * @param args whether the server is Spring AI's, or that of the plain SDK
	 */
	public static void main(String[] args) {
		boolean springAi = Boolean.parseBoolean(args[0]);
		List<Class<?>> sources = new ArrayList<>(List.of(SpringAiServer.ServletApplication.class));
		if (!springAi) {
			sources.add(PlainServer.class);
		}
		new SpringApplicationBuilder(sources.toArray(Class<?>[]::new)).bannerMode(Banner.Mode.OFF)
			.properties("server.port=0", "server.address=127.0.0.1", "mcp.persist.store=memory",
					"spring.ai.mcp.server.protocol=STREAMABLE", "spring.ai.mcp.server.enabled=" + springAi,
					"logging.level.io.github.mcppersist=INFO", SpringAiTransports.WEBMVC.alone())
			.run()
			.close();
	}

	@Configuration(proxyBeanMethods = false)
	static class PlainServer {

		@Bean(destroyMethod = "close")
		McpSyncServer mcpServer(McpStreamableServerTransportProvider transport) {
			return McpServer.sync(transport).serverInfo("plain", "1").build();
		}

	}

}

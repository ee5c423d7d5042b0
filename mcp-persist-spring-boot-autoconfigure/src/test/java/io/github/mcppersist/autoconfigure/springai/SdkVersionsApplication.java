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
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.expression.spel.standard.SpelExpressionParser;
import org.springframework.util.ClassUtils;

/**
 * An MCP server that starts and stops, in a JVM of its own with its own class path.
 */
public final class SdkVersionsApplication {

	private SdkVersionsApplication() {
	}

	/**
	 * Start and stop.
	 * @param args whether the server is Spring AI's, or that of the plain SDK; and
	 * whether there is a server of the SDK's for revision 2026-07-28 beside it
	 */
	public static void main(String[] args) {
		boolean springAi = Boolean.parseBoolean(args[0]);
		boolean modern = args.length > 1 && Boolean.parseBoolean(args[1]);
		List<Class<?>> sources = new ArrayList<>(List.of(SpringAiServer.ServletApplication.class));
		if (!springAi) {
			sources.add(PlainServer.class);
		}
		new SpringApplicationBuilder(sources.toArray(Class<?>[]::new)).bannerMode(Banner.Mode.OFF)
			.properties("server.port=0", "server.address=127.0.0.1", "mcp.persist.store=memory",
					"spring.ai.mcp.server.protocol=STREAMABLE", "spring.ai.mcp.server.enabled=" + springAi,
					"logging.level.io.github.mcppersist=INFO", SpringAiTransports.WEBMVC.alone())
			.initializers((context) -> {
				if (modern) {
					registerModernServer((GenericApplicationContext) context);
				}
			})
			.run()
			.close();
	}

	// The build's SDK doesn't have it
	@SuppressWarnings("unchecked")
	private static <T> void registerModernServer(GenericApplicationContext context) {
		String name = "io.modelcontextprotocol.modern.server.McpServer";
		Class<T> type = (Class<T>) ClassUtils.resolveClassName(name, null);
		context.registerBean("modernServer", type,
				() -> new SpelExpressionParser().parseExpression("T(" + name + ").builder().serverInfo("
						+ "T(io.modelcontextprotocol.modern.McpSchema$Implementation).builder('modern', '1').build())"
						+ ".build()")
					.getValue(type));
	}

	@Configuration(proxyBeanMethods = false)
	static class PlainServer {

		@Bean(destroyMethod = "close")
		McpSyncServer mcpServer(McpStreamableServerTransportProvider transport) {
			return McpServer.sync(transport).serverInfo("plain", "1").build();
		}

	}

}

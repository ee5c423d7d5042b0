package io.github.mcppersist.autoconfigure;

import java.util.ArrayList;
import java.util.List;

import io.modelcontextprotocol.server.McpSyncServer;
import org.springframework.boot.Banner;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.security.autoconfigure.actuate.web.reactive.ReactiveManagementWebSecurityAutoConfiguration;
import org.springframework.boot.security.autoconfigure.actuate.web.servlet.ManagementWebSecurityAutoConfiguration;
import org.springframework.boot.security.autoconfigure.web.reactive.ReactiveWebSecurityAutoConfiguration;
import org.springframework.boot.security.autoconfigure.web.servlet.SecurityFilterAutoConfiguration;
import org.springframework.boot.security.autoconfigure.web.servlet.ServletWebSecurityAutoConfiguration;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.TestTools;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * A whole application with Actuator and metrics: an MCP server with {@link TestTools} on
 * Tomcat, or on Netty with {@code spring.main.web-application-type=reactive}.
 */
public final class ObservedServer implements AutoCloseable {

	private final ConfigurableApplicationContext context;

	private ObservedServer(ConfigurableApplicationContext context) {
		this.context = context;
	}

	public static ObservedServer start(List<String> properties, Class<?>... configurations) {
		List<String> all = new ArrayList<>(List.of("server.port=0", "server.address=127.0.0.1",
				"spring.ai.mcp.server.enabled=false", "spring.lifecycle.timeout-per-shutdown-phase=4s",
				"spring.reactor.netty.shutdown-quiet-period=0s"));
		all.addAll(properties);
		List<Class<?>> sources = new ArrayList<>(List.of(configurations));
		sources.add(Application.class);
		return new ObservedServer(
				new SpringApplicationBuilder(sources.toArray(Class<?>[]::new)).bannerMode(Banner.Mode.OFF)
					.logStartupInfo(false)
					.properties(all.toArray(String[]::new))
					.run());
	}

	public <T> T bean(Class<T> type) {
		return this.context.getBean(type);
	}

	public TestTools tools() {
		return bean(TestTools.class);
	}

	public int port() {
		return ((WebServerApplicationContext) this.context).getWebServer().getPort();
	}

	public RawMcpClient client() {
		return new RawMcpClient(port(), "/mcp");
	}

	/**
	 * Get another path than that of the MCP server.
	 * @param path the path
	 * @return the status, a space, and the body
	 * @throws Exception if the server doesn't answer
	 */
	public String get(String path) throws Exception {
		return send("GET", path);
	}

	/**
	 * Delete something else than a session of the MCP server.
	 * @param path the path
	 * @return the status, a space, and the body
	 * @throws Exception if the server doesn't answer
	 */
	public String delete(String path) throws Exception {
		return send("DELETE", path);
	}

	private String send(String method, String path) throws Exception {
		RawMcpClient client = new RawMcpClient(port(), path);
		try (RawMcpClient.Exchange exchange = client.send(method, client.sessionHeaders(), null)) {
			return exchange.status() + " " + exchange.body();
		}
	}

	@Override
	public void close() {
		tools().openAll();
		this.context.close();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration(exclude = { SecurityFilterAutoConfiguration.class,
			ServletWebSecurityAutoConfiguration.class, ManagementWebSecurityAutoConfiguration.class,
			ReactiveWebSecurityAutoConfiguration.class, ReactiveManagementWebSecurityAutoConfiguration.class })
	static class Application {

		@Bean
		TestTools testTools() {
			return new TestTools();
		}

		@Bean(destroyMethod = "close")
		McpSyncServer mcpServer(TestTools tools, StreamableHttpEndpoint endpoint) {
			return tools.server(endpoint);
		}

	}

}

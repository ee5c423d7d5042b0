import java.net.URI;
import java.util.List;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.ElicitResult;
import io.modelcontextprotocol.spec.McpSchema.ProgressNotification;
import org.slf4j.LoggerFactory;
import org.springframework.ai.mcp.annotation.McpElicitation;
import org.springframework.ai.mcp.annotation.McpProgress;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.logging.LoggingSystem;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Import;

/**
 * An application with Spring AI's client starter, configured by properties.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import(Client.Handlers.class)
class Client {

	public static void main(String[] args) throws InterruptedException {
		// Spring Boot sets up the logging of the whole process with each application, which fails at times
		// if several do so at once
		System.setProperty(LoggingSystem.SYSTEM_PROPERTY, LoggingSystem.NONE);
		((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.INFO);
		Driver.run(args[0], (url, timeout, listener) -> {
			URI uri = URI.create(url);
			ConfigurableApplicationContext context = new SpringApplicationBuilder(Client.class)
				.web(WebApplicationType.NONE)
				.initializers((started) -> started.getBeanFactory().registerSingleton("listener", listener))
				.properties("spring.ai.mcp.client.request-timeout=" + timeout.toMillis() + "ms",
						"spring.ai.mcp.client.streamable-http.connections.server.url=" + uri.resolve("/"),
						"spring.ai.mcp.client.streamable-http.connections.server.endpoint=" + uri.getPath(),
						"spring.main.banner-mode=off", "spring.jmx.enabled=false")
				.run();
			List<?> clients = context.getBean("mcpSyncClients", List.class);
			return new SyncClient((McpSyncClient) clients.get(0), context::close);
		});
	}

	static final class Handlers {

		private final Driver.Listener listener;

		Handlers(Driver.Listener listener) {
			this.listener = listener;
		}

		@McpElicitation(clients = "server")
		ElicitResult answer(ElicitRequest request) {
			return SyncClient.accept(this.listener);
		}

		@McpProgress(clients = "server")
		void progress(ProgressNotification notification) {
			this.listener.progressed(notification.progress());
		}

	}

}

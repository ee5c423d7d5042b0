package io.github.mcppersist.samples.conformance;

import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.LoggingMessageNotification;
import io.modelcontextprotocol.spec.McpSchema.ProgressNotification;
import io.modelcontextprotocol.spec.McpSchema.ResourcesUpdatedNotification;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import io.github.mcppersist.transport.StreamConnection;

/**
 * Tools that have something to say before they answer, or elsewhere than in the answer.
 */
@Configuration(proxyBeanMethods = false)
class NotificationTools {

	private static final long PAUSE_MS = 50;

	@Bean
	SyncToolSpecification countTool() {
		return CountTool.specification();
	}

	@Bean
	SyncToolSpecification loggingTool() {
		return loggingTool("test_tool_with_logging");
	}

	/**
	 * The same by the name that the suite has for it at revision 2026-07-28.
	 * @return the tool
	 */
	@Bean
	SyncToolSpecification levelledLoggingTool() {
		return loggingTool("test_logging_tool");
	}

	private static SyncToolSpecification loggingTool(String name) {
		return new SyncToolSpecification(SampleContent.toolWithoutArguments(name, "Sends three log messages"),
				(exchange, request) -> {
					log(exchange, "Tool execution started");
					pause(PAUSE_MS);
					log(exchange, "Tool processing data");
					pause(PAUSE_MS);
					log(exchange, "Tool execution completed");
					return SampleContent.textResult("Tool with logging executed successfully");
				});
	}

	@Bean
	SyncToolSpecification progressTool() {
		return new SyncToolSpecification(
				SampleContent.toolWithoutArguments("test_tool_with_progress",
						"Reports progress three times, if the request carries a progress token"),
				(exchange, request) -> {
					progress(exchange, request.progressToken(), 0);
					pause(PAUSE_MS);
					progress(exchange, request.progressToken(), 50);
					pause(PAUSE_MS);
					progress(exchange, request.progressToken(), 100);
					return SampleContent.textResult("Progress token: " + request.progressToken());
				});
	}

	@Bean
	SyncToolSpecification reconnectionTool() {
		return new SyncToolSpecification(
				SampleContent.toolWithoutArguments("test_reconnection",
						"Closes its own connection (SEP-1699) and answers after the client has come back"),
				(exchange, request) -> {
					StreamConnection.of(exchange).close();
					pause(2 * PAUSE_MS);
					return SampleContent.textResult("Reconnection test completed");
				});
	}

	// The server is looked up when the tool is called: it can't be had before its tools
	@Bean
	SyncToolSpecification updateResourceTool(ObjectProvider<McpSyncServer> server) {
		return new SyncToolSpecification(
				SampleContent.toolWithoutArguments("update_watched_resource",
						"Tells the subscribers of test://watched-resource that it was updated"),
				(exchange, request) -> {
					server.getObject()
						.notifyResourcesUpdated(new ResourcesUpdatedNotification(Resources.WATCHED_RESOURCE));
					return SampleContent.textResult("Updated " + Resources.WATCHED_RESOURCE);
				});
	}

	private static void log(McpSyncServerExchange exchange, String data) {
		exchange.loggingNotification(LoggingMessageNotification.builder(LoggingLevel.INFO, data).build());
	}

	private static void progress(McpSyncServerExchange exchange, Object progressToken, double progress) {
		if (progressToken != null) {
			exchange.progressNotification(ProgressNotification.builder(progressToken, progress).total(100.0).build());
		}
	}

	private static void pause(long milliseconds) {
		try {
			Thread.sleep(milliseconds);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted, most likely because the server stops", ex);
		}
	}

}

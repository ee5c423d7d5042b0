package io.github.mcppersist.autoconfigure.springai;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.LoggingMessageNotification;
import org.springframework.ai.mcp.annotation.McpArg;
import org.springframework.ai.mcp.annotation.McpComplete;
import org.springframework.ai.mcp.annotation.McpPrompt;
import org.springframework.ai.mcp.annotation.McpResource;
import org.springframework.ai.mcp.annotation.McpTool;
import org.springframework.ai.mcp.annotation.context.McpSyncRequestContext;

import io.github.mcppersist.transport.StreamConnection;

/**
 * Tools as users of Spring AI write them.
 */
class AnnotatedTools {

	private final CountDownLatch gate = new CountDownLatch(1);

	void open() {
		this.gate.countDown();
	}

	private void await() throws InterruptedException {
		if (!this.gate.await(60, TimeUnit.SECONDS)) {
			throw new IllegalStateException("The gate wasn't opened");
		}
	}

	@McpTool(name = "count", description = "Logs 1, waits, logs 2 and 3")
	String count(McpSyncServerExchange exchange) throws InterruptedException {
		log(exchange, 1);
		await();
		log(exchange, 2);
		log(exchange, 3);
		return "counted";
	}

	@McpTool(name = "closeByExchange", description = "Closes its connection")
	String closeByExchange(McpSyncServerExchange exchange) throws InterruptedException {
		boolean closed = StreamConnection.of(exchange).close();
		await();
		return "closed " + closed;
	}

	@McpTool(name = "closeByContext", description = "Closes its connection")
	String closeByContext(McpSyncRequestContext context) throws InterruptedException {
		boolean closed = StreamConnection.of(context.exchange()).close();
		await();
		return "closed " + closed;
	}

	@McpPrompt(name = "greeting")
	String greeting(@McpArg(name = "name") String name) {
		return "good morning, " + name;
	}

	@McpComplete(prompt = "greeting")
	List<String> names(String prefix) {
		return List.of(prefix + "na");
	}

	@McpResource(uri = "test://poem", name = "poem")
	String poem() {
		return "roses are red";
	}

	private static void log(McpSyncServerExchange exchange, int number) {
		exchange.loggingNotification(
				LoggingMessageNotification.builder(LoggingLevel.WARNING, Integer.toString(number)).build());
	}

}

package io.github.mcppersist.benchmarks;

import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.LoggingMessageNotification;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Tool;

import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * A server's tool {@value #NAME}, which sends {@code events} messages, one each
 * {@code micros}, once {@link #go()} says so.
 */
final class PulseTool {

	static final String NAME = "pulse";

	private static final long LIMIT_SECONDS = 10;

	/**
	 * For the client's connection to be all set up, and everything else quiet.
	 */
	private static final long SETTLING_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

	/**
	 * Makes a message about as long as those of the other benchmarks.
	 */
	private static final String TEXT = "-".repeat(200);

	private final Semaphore go = new Semaphore(0);

	/**
	 * Begin a server with this tool.
	 * @param endpoint what serves it
	 */
	void serve(StreamableHttpEndpoint endpoint) {
		McpServer.sync(endpoint)
			.serverInfo("benchmark", "1")
			.immediateExecution(true)
			.capabilities(ServerCapabilities.builder().tools(true).logging().build())
			.tools(SyncToolSpecification.builder()
				.tool(Tool.builder(NAME, Map.of("type", "object")).build())
				.callHandler(this::pulse)
				.build())
			.build();
	}

	/**
	 * Let one call of the tool begin.
	 */
	void go() {
		this.go.release();
	}

	private CallToolResult pulse(McpSyncServerExchange exchange, CallToolRequest request) {
		int events = number(request, "events");
		long interval = TimeUnit.MICROSECONDS.toNanos(number(request, "micros"));
		if (events > 0) {
			awaitGo();
			long due = System.nanoTime() + SETTLING_NANOS;
			for (int i = 0; i < events; i++) {
				for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
					LockSupport.parkNanos(left);
				}
				exchange.loggingNotification(LoggingMessageNotification.builder(LoggingLevel.INFO, TEXT).build());
				due += interval;
			}
		}
		return CallToolResult.builder().addTextContent("sent " + events).build();
	}

	private static int number(CallToolRequest request, String name) {
		return (request.arguments().get(name) instanceof Number number) ? number.intValue() : 0;
	}

	private void awaitGo() {
		try {
			if (!this.go.tryAcquire(LIMIT_SECONDS, TimeUnit.SECONDS)) {
				throw new IllegalStateException("The client did not come");
			}
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

}

package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.LoggingMessageNotification;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Tool;

/**
 * The tools that the transport is tested with. A tool that waits waits for a gate that
 * the test opens.
 */
public final class TestTools {

	private final Map<String, CountDownLatch> gates = new ConcurrentHashMap<>();

	private final Map<String, CountDownLatch> reached = new ConcurrentHashMap<>();

	/**
	 * Open a gate, for tools that wait for it now or later.
	 * @param gate the gate's name
	 */
	public void open(String gate) {
		this.gates.computeIfAbsent(gate, (name) -> new CountDownLatch(1)).countDown();
	}

	/**
	 * Wait until a tool waits at a gate.
	 * @param gate the gate's name
	 */
	public void awaitReached(String gate) {
		await(this.reached.computeIfAbsent(gate, (name) -> new CountDownLatch(1)));
	}

	private void pass(String gate) {
		this.reached.computeIfAbsent(gate, (name) -> new CountDownLatch(1)).countDown();
		await(this.gates.computeIfAbsent(gate, (name) -> new CountDownLatch(1)));
	}

	private static void await(CountDownLatch latch) {
		try {
			if (!latch.await(20, TimeUnit.SECONDS)) {
				throw new IllegalStateException("Nothing happened in 20 seconds");
			}
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * Build a server with all tools.
	 * @param endpoint the transport
	 * @return the server
	 */
	public McpSyncServer server(StreamableHttpEndpoint endpoint) {
		return McpServer.sync(endpoint)
			.serverInfo("test", "1")
			.requestTimeout(Duration.ofSeconds(10))
			.immediateExecution(true)
			.capabilities(ServerCapabilities.builder().tools(true).logging().build())
			.tools(List.of(tool("count", this::count), tool("gated", this::gated), tool("elicit", TestTools::elicit),
					tool("throws", (exchange, request) -> {
						throw new IllegalStateException("the tool failed");
					}), tool("nothing", (exchange, request) -> null), tool("large", TestTools::large),
					tool("threads", TestTools::threads), tool("hangup", this::hangup)))
			.build();
	}

	private static SyncToolSpecification tool(String name,
			BiFunction<McpSyncServerExchange, CallToolRequest, CallToolResult> handler) {
		return SyncToolSpecification.builder()
			.tool(Tool.builder(name, Map.of("type", "object")).build())
			.callHandler(handler)
			.build();
	}

	/**
	 * Sends {@code from} to {@code n} as log messages.
	 */
	private CallToolResult count(McpSyncServerExchange exchange, CallToolRequest request) {
		int n = number(request, "n", 3);
		for (int i = 1; i <= n; i++) {
			log(exchange, Integer.toString(i));
		}
		return text("counted " + n);
	}

	/**
	 * Sends {@code 1} to {@code before}, waits at the gate, and sends the rest up to
	 * {@code n}.
	 */
	private CallToolResult gated(McpSyncServerExchange exchange, CallToolRequest request) {
		int before = number(request, "before", 1);
		int n = number(request, "n", 3);
		for (int i = 1; i <= before; i++) {
			log(exchange, Integer.toString(i));
		}
		pass(request.arguments().get("gate").toString());
		for (int i = before + 1; i <= n; i++) {
			log(exchange, Integer.toString(i));
		}
		return text("counted " + n);
	}

	private CallToolResult hangup(McpSyncServerExchange exchange, CallToolRequest request) {
		log(exchange, "1");
		boolean closed = StreamConnection.of(exchange).close();
		pass(request.arguments().get("gate").toString());
		log(exchange, "2");
		return text("closed " + closed);
	}

	private static CallToolResult elicit(McpSyncServerExchange exchange, CallToolRequest request) {
		return text("user said " + exchange
			.createElicitation(
					ElicitRequest.builder("Go on?", Map.of("type", "object", "properties", Map.of())).build())
			.action());
	}

	private static CallToolResult large(McpSyncServerExchange exchange, CallToolRequest request) {
		return text("x".repeat(number(request, "bytes", 1)));
	}

	/**
	 * Sends from several threads at once, each its own numbers in order.
	 */
	private static CallToolResult threads(McpSyncServerExchange exchange, CallToolRequest request) {
		int threads = number(request, "threads", 4);
		int n = number(request, "n", 100);
		List<Thread> senders = IntStream.range(0, threads).mapToObj((t) -> new Thread(() -> {
			for (int i = 1; i <= n; i++) {
				log(exchange, t + ":" + i);
			}
		})).toList();
		senders.forEach(Thread::start);
		for (Thread sender : senders) {
			try {
				sender.join(20_000);
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
		}
		return text("sent");
	}

	private static int number(CallToolRequest request, String name, int otherwise) {
		return (request.arguments() != null && request.arguments().get(name) instanceof Number number)
				? number.intValue() : otherwise;
	}

	private static void log(McpSyncServerExchange exchange, String data) {
		exchange.loggingNotification(LoggingMessageNotification.builder(LoggingLevel.INFO, data).build());
	}

	private static CallToolResult text(String text) {
		return CallToolResult.builder().addTextContent(text).build();
	}

}

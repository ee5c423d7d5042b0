package io.github.mcppersist.test.transport;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

import io.modelcontextprotocol.server.McpAsyncServer;
import io.modelcontextprotocol.server.McpAsyncServerExchange;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpServerFeatures.AsyncToolSpecification;
import io.modelcontextprotocol.server.McpServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpSyncServer;
import io.modelcontextprotocol.server.McpSyncServerExchange;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitRequest;
import io.modelcontextprotocol.spec.McpSchema.LoggingLevel;
import io.modelcontextprotocol.spec.McpSchema.LoggingMessageNotification;
import io.modelcontextprotocol.spec.McpSchema.Root;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import io.github.mcppersist.transport.StreamConnection;
import io.github.mcppersist.transport.StreamableHttpEndpoint;

/**
 * The tools that the transport is tested with. A tool that waits waits for a gate that
 * the test opens.
 */
public final class TestTools {

	/**
	 * How long the server waits for what it asks clients of older revisions.
	 */
	public Duration requestTimeout = Duration.ofMinutes(1);

	/**
	 * Whether tools run on the endpoint's threads, and not on those of Reactor.
	 */
	public boolean immediateExecution = true;

	private final Map<String, CountDownLatch> gates = new ConcurrentHashMap<>();

	private final Map<String, CountDownLatch> reached = new ConcurrentHashMap<>();

	private volatile boolean allOpen;

	private final List<List<Root>> roots = new CopyOnWriteArrayList<>();

	private @Nullable McpSyncServer running;

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

	/**
	 * Let all tools go on that wait at a gate, and those that come to one.
	 */
	public void openAll() {
		this.allOpen = true;
		this.gates.values().forEach(CountDownLatch::countDown);
	}

	/**
	 * Return what a client said its roots are, after it was asked on its standalone
	 * stream.
	 * @return the roots, one entry for each answer
	 */
	public List<List<Root>> roots() {
		return this.roots;
	}

	private void reach(String gate) {
		this.reached.computeIfAbsent(gate, (name) -> new CountDownLatch(1)).countDown();
	}

	private void pass(String gate) {
		reach(gate);
		CountDownLatch latch = this.gates.computeIfAbsent(gate, (name) -> new CountDownLatch(1));
		if (!this.allOpen) {
			await(latch);
		}
	}

	private static void await(CountDownLatch latch) {
		try {
			if (!latch.await(60, TimeUnit.SECONDS)) {
				throw new IllegalStateException("Nothing happened in a minute");
			}
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * Wait until a gate is open.
	 * @param gate the gate's name
	 */
	public void awaitOpen(String gate) {
		await(this.gates.computeIfAbsent(gate, (name) -> new CountDownLatch(1)));
	}

	/**
	 * Say whether a gate is open, or is in a while.
	 * @param gate the gate's name
	 * @return whether it was opened within twenty seconds, less than any request timeout
	 * here
	 * @throws InterruptedException if the test is
	 */
	public boolean opensSoon(String gate) throws InterruptedException {
		return this.gates.computeIfAbsent(gate, (name) -> new CountDownLatch(1)).await(20, TimeUnit.SECONDS);
	}

	/**
	 * Build a server with all tools.
	 * @param endpoint the transport
	 * @return the server
	 */
	public McpSyncServer server(StreamableHttpEndpoint endpoint) {
		return server(endpoint, "test");
	}

	/**
	 * Build a server with all tools.
	 * @param endpoint the transport
	 * @param name what the server calls itself
	 * @return the server
	 */
	public McpSyncServer server(StreamableHttpEndpoint endpoint, String name) {
		this.running = build(endpoint, name);
		return this.running;
	}

	/**
	 * Return the server that was built last.
	 * @return the server
	 */
	McpSyncServer running() {
		return Objects.requireNonNull(this.running);
	}

	private McpSyncServer build(StreamableHttpEndpoint endpoint, String name) {
		return McpServer.sync(endpoint)
			.serverInfo(name, "1")
			.requestTimeout(this.requestTimeout)
			.immediateExecution(this.immediateExecution)
			.capabilities(ServerCapabilities.builder()
				.tools(true)
				.resources(true, true)
				.prompts(true)
				.completions()
				.logging()
				.build())
			.rootsChangeHandler((exchange, roots) -> this.roots.add(roots))
			.tools(List.of(tool("count", this::count), tool("gated", this::gated), tool("elicit", TestTools::elicit),
					tool("throws", (exchange, request) -> {
						throw new IllegalStateException("the tool failed");
					}), tool("nothing", (exchange, request) -> null), tool("large", TestTools::large),
					tool("threads", TestTools::threads), tool("hangup", this::hangup), tool("steps", this::steps),
					tool("pour", this::pour), tool("tries", this::tries), tool("breaks", (exchange, request) -> {
						throw new StackOverflowError();
					}), tool("levels", TestTools::levels), tool("whoami", TestTools::whoami),
					tool("stoppable", this::stoppable)))
			.build();
	}

	/**
	 * Build an asynchronous server. Its tool {@code hangup} does what the synchronous one
	 * does, {@code stoppable} waits for ever, {@code impatient} asks its client and
	 * doesn't wait for the answer, and {@code fails} throws what Reactor takes for fatal,
	 * on the thread that it is told.
	 * @param endpoint the transport
	 * @return the server
	 */
	public McpAsyncServer asyncServer(StreamableHttpEndpoint endpoint) {
		return McpServer.async(endpoint)
			.serverInfo("test", "1")
			.requestTimeout(Duration.ofMinutes(10))
			.capabilities(ServerCapabilities.builder().tools(true).logging().build())
			.tools(AsyncToolSpecification.builder()
				.tool(Tool.builder("hangup", Map.of("type", "object")).build())
				.callHandler((exchange, request) -> exchange.loggingNotification(message("1"))
					.then(Mono.fromCallable(() -> StreamConnection.of(exchange).close()))
					.flatMap((closed) -> Mono.fromRunnable(() -> pass(request.arguments().get("gate").toString()))
						.subscribeOn(Schedulers.boundedElastic())
						.then(exchange.loggingNotification(message("2")))
						.thenReturn(text("closed " + closed))))
				.build(),
					AsyncToolSpecification.builder()
						.tool(Tool.builder("stoppable", Map.of("type", "object")).build())
						.callHandler((exchange, request) -> Mono.<CallToolResult>never()
							.doOnSubscribe((subscription) -> reach("stoppable"))
							.doOnCancel(() -> open("cancelled")))
						.build(),
					AsyncToolSpecification.builder()
						.tool(Tool.builder("impatient", Map.of("type", "object")).build())
						.callHandler((exchange, request) -> exchange.createElicitation(goOn())
							.timeout(Duration.ofMillis(100))
							.map((answer) -> text("user said " + answer.action()))
							.onErrorReturn(text("no answer")))
						.build(),
					AsyncToolSpecification.builder()
						.tool(Tool.builder("fails", Map.of("type", "object")).build())
						.callHandler(TestTools::fails)
						.build())
			.build();
	}

	private static Mono<CallToolResult> fails(McpAsyncServerExchange exchange, CallToolRequest request) {
		boolean link = "link".equals(request.arguments().get("error"));
		Mono<CallToolResult> failure = Mono.fromCallable(() -> {
			throw link ? new NoClassDefFoundError("com/example/Driver") : new StackOverflowError();
		});
		return switch (request.arguments().get("thread").toString()) {
			case "elastic" -> failure.subscribeOn(Schedulers.boundedElastic());
			case "parallel" -> Mono.delay(Duration.ofMillis(1)).then(failure);
			case "sent" -> exchange.loggingNotification(message("1")).then(failure);
			case "answer" -> exchange.createElicitation(goOn()).then(failure);
			default -> failure;
		};
	}

	private static ElicitRequest goOn() {
		return ElicitRequest.builder("Go on?", Map.of("type", "object", "properties", Map.of())).build();
	}

	private static SyncToolSpecification tool(String name,
			BiFunction<McpSyncServerExchange, CallToolRequest, CallToolResult> handler) {
		return SyncToolSpecification.builder()
			.tool(Tool.builder(name, Map.of("type", "object")).build())
			.callHandler(handler)
			.build();
	}

	// Sends {@code from} to {@code n} as log messages
	private CallToolResult count(McpSyncServerExchange exchange, CallToolRequest request) {
		int n = number(request, "n", 3);
		for (int i = 1; i <= n; i++) {
			log(exchange, Integer.toString(i));
		}
		return text("counted " + n);
	}

	// Sends {@code 1} to {@code before}, waits at the gate, and sends the rest up to
	// {@code n}
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

	// Waits at the gate until it is interrupted, opens the gate "interrupted", and goes
	// on
	// sending, asking and answering as if nothing had happened
	private CallToolResult stoppable(McpSyncServerExchange exchange, CallToolRequest request) {
		String gate = request.arguments().get("gate").toString();
		reach(gate);
		try {
			this.gates.computeIfAbsent(gate, (name) -> new CountDownLatch(1)).await(60, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			open("interrupted");
		}
		log(exchange, "too late");
		try {
			elicit(exchange, request);
		}
		catch (RuntimeException ex) {
			open("not asked");
		}
		return text("too late");
	}

	private CallToolResult hangup(McpSyncServerExchange exchange, CallToolRequest request) {
		log(exchange, "1");
		boolean closed = StreamConnection.of(exchange).close();
		pass(request.arguments().get("gate").toString());
		log(exchange, "2");
		return text("closed " + closed);
	}

	// Sends {@code n} messages, waits at the first gate, sends {@code n} more, waits at
	// the next, and so on. Each message has {@code bytes} more bytes. Then it closes its
	// connection, if {@code close} says so
	private CallToolResult steps(McpSyncServerExchange exchange, CallToolRequest request) {
		int n = number(request, "n", 1);
		String padding = "-".repeat(number(request, "bytes", 0));
		int next = 1;
		for (Object gate : (List<?>) request.arguments().get("gates")) {
			for (int i = 0; i < n; i++) {
				log(exchange, next++ + padding);
			}
			pass(gate.toString());
		}
		return text("took all steps" + (request.arguments().containsKey("close")
				? ", closed " + StreamConnection.of(exchange).close() : ""));
	}

	// Sends the numbers from 1 on at a good pace until the gate is open
	private CallToolResult pour(McpSyncServerExchange exchange, CallToolRequest request) {
		CountDownLatch gate = this.gates.computeIfAbsent(request.arguments().get("gate").toString(),
				(name) -> new CountDownLatch(1));
		int i = 0;
		try {
			do {
				log(exchange, Integer.toString(++i));
			}
			while (!gate.await(number(request, "micros", 100), TimeUnit.MICROSECONDS));
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
		return text("poured " + i);
	}

	// Waits at the gate, sends {@code bytes} bytes from each of several threads at once,
	// and tells how many of them could not
	private CallToolResult tries(McpSyncServerExchange exchange, CallToolRequest request) {
		pass(request.arguments().get("gate").toString());
		String message = "-".repeat(number(request, "bytes", 1));
		AtomicInteger failed = new AtomicInteger();
		inThreads(number(request, "threads", 1), (t) -> {
			try {
				log(exchange, message);
			}
			catch (RuntimeException ex) {
				failed.incrementAndGet();
			}
		});
		return text("failed " + failed.get());
	}

	private static CallToolResult elicit(McpSyncServerExchange exchange, CallToolRequest request) {
		return text("user said " + exchange.createElicitation(goOn()).action());
	}

	// Sends a message at each level
	private static CallToolResult levels(McpSyncServerExchange exchange, CallToolRequest request) {
		for (LoggingLevel level : LoggingLevel.values()) {
			exchange.loggingNotification(LoggingMessageNotification.builder(level, level.name()).build());
		}
		return text("sent");
	}

	// Tells what a tool sees of its client
	private static CallToolResult whoami(McpSyncServerExchange exchange, CallToolRequest request) {
		return text(exchange.sessionId() + " " + exchange.getClientInfo().name() + " "
				+ (exchange.getClientCapabilities().elicitation() != null));
	}

	private static CallToolResult large(McpSyncServerExchange exchange, CallToolRequest request) {
		return text("x".repeat(number(request, "bytes", 1)));
	}

	// Sends from several threads at once, each its own numbers in order
	private static CallToolResult threads(McpSyncServerExchange exchange, CallToolRequest request) {
		int threads = number(request, "threads", 4);
		int n = number(request, "n", 100);
		inThreads(threads, (t) -> {
			for (int i = 1; i <= n; i++) {
				log(exchange, t + ":" + i);
			}
		});
		return text("sent");
	}

	private static void inThreads(int threads, IntConsumer task) {
		List<Thread> all = IntStream.range(0, threads).mapToObj((t) -> new Thread(() -> task.accept(t))).toList();
		all.forEach(Thread::start);
		for (Thread thread : all) {
			try {
				thread.join(20_000);
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
		}
	}

	private static int number(CallToolRequest request, String name, int otherwise) {
		return (request.arguments() != null && request.arguments().get(name) instanceof Number number)
				? number.intValue() : otherwise;
	}

	private static void log(McpSyncServerExchange exchange, String data) {
		exchange.loggingNotification(message(data));
	}

	private static LoggingMessageNotification message(String data) {
		return LoggingMessageNotification.builder(LoggingLevel.INFO, data).build();
	}

	private static CallToolResult text(String text) {
		return CallToolResult.builder().addTextContent(text).build();
	}

}

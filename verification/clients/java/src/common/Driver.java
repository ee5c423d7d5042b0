import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ElicitResult;
import io.modelcontextprotocol.spec.McpSchema.TextContent;

/**
 * What every Java client does here: the scenarios that its argument names, each in a session of its own
 * and several at once, and a line of JSON for what came of each.
 */
final class Driver {

	private static final Gson GSON = new Gson();

	/** So many sessions at once, so that a slow machine doesn't make all of them slow. */
	private static final int AT_ONCE = 12;

	private Driver() {
	}

	static void run(String argument, Connector connector) throws InterruptedException {
		Task task = GSON.fromJson(argument, Task.class);
		ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
		for (Scenario scenario : task.scenarios()) {
			threads.execute(() -> System.out.println("outcome "
					+ GSON.toJson(play(scenario, Duration.ofMillis(scenario.timeoutMs()), connector))));
		}
		threads.shutdown();
		threads.awaitTermination(10, TimeUnit.MINUTES);
		// Some of these clients leave threads behind that would keep the process alive
		System.exit(0);
	}

	private static Outcome play(Scenario scenario, Duration timeout, Connector connector) {
		List<CallOutcome> calls = new ArrayList<>();
		List<String> tools = null;
		String failure = null;
		Listener listener = new Listener();
		try (Connection connection = connector.connect(scenario.url(), timeout, listener)) {
			McpSyncClient client = connection.client();
			if (!client.isInitialized()) {
				client.initialize();
			}
			if (scenario.list()) {
				tools = client.listTools().tools().stream().map((tool) -> tool.name()).toList();
			}
			for (Call call : scenario.calls()) {
				calls.add(call(client, call, listener));
			}
		}
		catch (Exception | LinkageError ex) {
			failure = describe(ex);
		}
		return new Outcome(scenario.name(), tools, calls, failure);
	}

	private static CallOutcome call(McpSyncClient client, Call call, Listener listener) {
		listener.progress.clear();
		listener.questions.set(0);
		String text = null;
		String failure = null;
		try {
			CallToolResult result = client.callTool(CallToolRequest.builder()
				.name(call.tool())
				.arguments(GSON.fromJson(call.arguments(), Numbers.class).asMap())
				.progressToken(call.tool())
				.build());
			text = ((TextContent) result.content().get(0)).text();
		}
		catch (Exception | LinkageError ex) {
			failure = describe(ex);
		}
		return new CallOutcome(call.tool(), text, List.copyOf(listener.progress), listener.questions.get(), failure);
	}

	private static String describe(Throwable failure) {
		StringBuilder text = new StringBuilder();
		for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
			text.append(text.isEmpty() ? "" : ", caused by ").append(cause);
		}
		return text.toString();
	}

	/** Makes a client of its kind, which tells the listener what the server asks and reports. */
	interface Connector {

		Connection connect(String url, Duration timeout, Listener listener) throws Exception;

	}

	record Connection(McpSyncClient client, Runnable closing) implements AutoCloseable {

		@Override
		public void close() {
			this.closing.run();
		}

	}

	/** What a server sends in the middle of a call. */
	static final class Listener {

		private final List<Integer> progress = new CopyOnWriteArrayList<>();

		private final AtomicInteger questions = new AtomicInteger();

		void progressed(Double progress) {
			this.progress.add(progress.intValue());
		}

		ElicitResult asked() {
			this.questions.incrementAndGet();
			return new ElicitResult(ElicitResult.Action.ACCEPT, Map.of("name", "Ada"));
		}

	}

	record Task(List<Scenario> scenarios) {
	}

	record Scenario(String name, String url, long timeoutMs, boolean list, List<Call> calls) {
	}

	record Call(String tool, JsonElement arguments) {
	}

	/** The arguments of the tools that are called are whole numbers. */
	static final class Numbers extends java.util.LinkedHashMap<String, Long> {

		Map<String, Object> asMap() {
			return Map.copyOf(this);
		}

	}

	record Outcome(String scenario, List<String> tools, List<CallOutcome> calls, String failure) {
	}

	record CallOutcome(String tool, String text, List<Integer> progress, int questions, String failure) {
	}

}

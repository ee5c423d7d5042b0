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

/**
 * What every Java client does here: the scenarios that its argument names, each in a session of its own
 * and several at once, and a line of JSON for what came of each.
 */
final class Driver {

	private static final Gson GSON = new Gson();

	/** So many sessions at once, so that a slow machine doesn't make all of them slow. */
	private static final int AT_ONCE = 12;

	/** How long after a result its progress may be told. */
	private static final Duration PROGRESS_LIMIT = Duration.ofSeconds(5);

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
			connection.begin();
			if (scenario.list()) {
				tools = connection.listTools();
			}
			for (Call call : scenario.calls()) {
				calls.add(call(connection, call, listener));
			}
		}
		catch (Exception | LinkageError ex) {
			failure = describe(ex);
		}
		return new Outcome(scenario.name(), tools, calls, failure);
	}

	private static CallOutcome call(Connection connection, Call call, Listener listener) {
		listener.progress.clear();
		listener.questions.set(0);
		String text = null;
		String failure = null;
		try {
			text = connection.callTool(call.tool(), GSON.fromJson(call.arguments(), Numbers.class).asMap());
			listener.awaitProgress(call.progress());
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

	/** What there is to do with a client of either era. */
	interface Connection extends AutoCloseable {

		/** Say hello, if that hasn't happened and the client's era has such a thing. */
		void begin();

		List<String> listTools();

		/** The text of the result. */
		String callTool(String name, Map<String, Object> arguments);

		@Override
		void close();

	}

	/** What a server sends in the middle of a call. */
	static final class Listener {

		private final List<Integer> progress = new CopyOnWriteArrayList<>();

		private final AtomicInteger questions = new AtomicInteger();

		void progressed(Double progress) {
			this.progress.add(progress.intValue());
		}

		/** The SDK tells of progress on other threads than of the result, and maybe later. */
		void awaitProgress(int count) throws InterruptedException {
			for (long end = System.nanoTime() + PROGRESS_LIMIT.toNanos(); this.progress.size() < count
					&& System.nanoTime() < end;) {
				Thread.sleep(20);
			}
		}

		/** What the user answers, whatever the question. */
		Map<String, Object> asked() {
			this.questions.incrementAndGet();
			return Map.of("name", "Ada", "color", "green");
		}

	}

	record Task(List<Scenario> scenarios) {
	}

	record Scenario(String name, String url, long timeoutMs, boolean list, List<Call> calls) {
	}

	record Call(String tool, JsonElement arguments, int progress) {
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

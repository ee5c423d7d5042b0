package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.function.ToDoubleFunction;

import org.openjdk.jmh.util.ListStatistics;

import io.github.mcppersist.benchmarks.McpLoadClients.Calls;
import io.github.mcppersist.benchmarks.McpLoadClients.ToolCall;
import io.github.mcppersist.test.redis.RedisServer;

/**
 * Calls of tools over HTTP: the sample server with this starter on Redis, beside the same
 * application with Spring AI's own transport, which stores nothing. Both run all the time
 * and are called in turns, so that what disturbs the machine for a while hits both; the
 * ratios are those of neighbouring turns.
 */
final class LoadTest {

	static final Path SERVER_JAR = Path.of("samples/spring-ai-server/target/spring-ai-server.jar");

	private static final int QUICK_CLIENTS = 64;

	private static final int SLEEPING_CLIENTS = 500;

	private final RedisServer redis;

	private final ServerProcess ours;

	private final ServerProcess springAi;

	private LoadTest(RedisServer redis, ServerProcess ours, ServerProcess springAi) {
		this.redis = redis;
		this.ours = ours;
		this.springAi = springAi;
	}

	/**
	 * Measure and print tables.
	 * @param redis the Redis to use
	 * @param quick whether to show only that it runs
	 * @param out where to print
	 * @throws Exception if a server can't be started, or a call fails
	 */
	static void run(RedisServer redis, boolean quick, PrintStream out) throws Exception {
		long redisProcess = Long.parseLong(redis.info("process_id"));
		try (ProcessorShares shares = ProcessorShares.assign(redisProcess);
				ServerProcess ours = ServerProcess.start(shares, server(redis));
				ServerProcess springAi = ServerProcess.start(shares, server(redis, "--mcp.persist.enabled=false"))) {
			LoadTest test = new LoadTest(redis, ours, springAi);
			out.println("Calls of tools over HTTP; " + shares + ".");
			out.println();
			test.compare("quick tool", QUICK_CLIENTS,
					(n) -> new ToolCall("add", "{\"a\":%d,\"b\":1}".formatted(n), Integer.toString(n + 1)),
					quick ? 5 : 30, quick ? 3 : 10, quick ? 3 : 7)
				.print(out);
			test.compare("sleeps 1 s", SLEEPING_CLIENTS, (n) -> new ToolCall("sleep", "{\"ms\":1000}", "slept 1000 ms"),
					quick ? 2 : 10, quick ? 2 : 10, quick ? 1 : 3)
				.print(out);
		}
	}

	/**
	 * Return how the sample server is started.
	 * @param redis the Redis to use
	 * @param arguments more arguments
	 * @return arguments of the {@code java} command
	 */
	static List<String> server(RedisServer redis, String... arguments) {
		if (!Files.exists(SERVER_JAR)) {
			throw new IllegalStateException(SERVER_JAR + " is not there; benchmarks/run builds it");
		}
		List<String> java = new ArrayList<>(List.of("-jar", SERVER_JAR.toString(), "--server.port=%port%",
				"--server.address=127.0.0.1", "--spring.data.redis.port=" + redis.port(),
				// Clients wait for their next turn on the connections that they have
				"--server.tomcat.keep-alive-timeout=10m"));
		java.addAll(List.of(arguments));
		return java;
	}

	private Comparison compare(String what, int clients, IntFunction<ToolCall> call, int warmUpSeconds, int seconds,
			int rounds) throws IOException {
		List<Turn> oursTurns = new ArrayList<>();
		List<Turn> springAiTurns = new ArrayList<>();
		try (McpLoadClients oursClients = new McpLoadClients(this.ours.address(), clients);
				McpLoadClients springAiClients = new McpLoadClients(this.springAi.address(), clients)) {
			oursClients.initialize();
			springAiClients.initialize();
			turn(this.ours, oursClients, call, warmUpSeconds);
			turn(this.springAi, springAiClients, call, warmUpSeconds);
			for (int round = 0; round < rounds; round++) {
				boolean oursFirst = round % 2 == 0;
				if (oursFirst) {
					oursTurns.add(turn(this.ours, oursClients, call, seconds));
				}
				springAiTurns.add(turn(this.springAi, springAiClients, call, seconds));
				if (!oursFirst) {
					oursTurns.add(turn(this.ours, oursClients, call, seconds));
				}
			}
		}
		return new Comparison(what, clients, oursTurns, springAiTurns);
	}

	private Turn turn(ServerProcess server, McpLoadClients clients, IntFunction<ToolCall> call, int seconds)
			throws IOException {
		Duration serverBefore = server.processorTime();
		double redisBefore = processorSeconds(this.redis);
		Duration clientsBefore = ownTime();
		Calls calls = clients.call(call, Duration.ofSeconds(seconds));
		double clientsMicros = ownTime().minus(clientsBefore).toNanos() / 1e3;
		double redisMicros = (processorSeconds(this.redis) - redisBefore) * 1e6;
		double serverMicros = server.processorTime().minus(serverBefore).toNanos() / 1e3;
		int count = calls.count();
		return new Turn(count, calls.perSecond(), calls.percentile(50), calls.percentile(99), serverMicros / count,
				redisMicros / count, clientsMicros / count);
	}

	/**
	 * Return what Redis has used of its processors.
	 * @param redis the Redis
	 * @return the seconds since it was started
	 */
	static double processorSeconds(RedisServer redis) {
		return Double.parseDouble(redis.info("used_cpu_user")) + Double.parseDouble(redis.info("used_cpu_sys"));
	}

	private static Duration ownTime() {
		return ProcessHandle.current()
			.info()
			.totalCpuDuration()
			.orElseThrow(() -> new IllegalStateException("The clients' processor time is not known"));
	}

	/**
	 * What one turn of one server came to.
	 *
	 * @param calls how many calls were answered
	 * @param perSecond how many in a second
	 * @param median the median of the milliseconds that a call took
	 * @param late their 99th percentile
	 * @param serverMicros the server's processor time a call
	 * @param redisMicros that of Redis
	 * @param clientsMicros that of the clients
	 */
	private record Turn(int calls, double perSecond, double median, double late, double serverMicros,
			double redisMicros, double clientsMicros) {
	}

	/**
	 * The turns of both servers.
	 *
	 * @param what what was called
	 * @param clients by how many clients
	 * @param ours the turns of the starter
	 * @param springAi those of Spring AI's transport
	 */
	private record Comparison(String what, int clients, List<Turn> ours, List<Turn> springAi) {

		void print(PrintStream out) {
			out.printf("| %s, %d clients | calls/s | median, ms | 99th percentile, ms | server's CPU, µs | "
					+ "Redis' CPU, µs | clients' CPU, µs |%n", this.what, this.clients);
			out.println("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
			row(out, "Spring AI's transport, no store", this.springAi);
			row(out, "mcp-persist on Redis", this.ours);
			out.printf("| times | %s | %s | %s | %s | | |%n", ratio(Turn::perSecond), ratio(Turn::median),
					ratio(Turn::late), ratio(Turn::serverMicros));
			out.println();
			out.printf(Locale.ROOT, "%,d and %,d calls, none failed.%n", calls(this.springAi), calls(this.ours));
			out.println();
		}

		private static void row(PrintStream out, String name, List<Turn> turns) {
			out.printf(Locale.ROOT, "| %s | %,.0f | %.2f | %.2f | %.0f | %.0f | %.0f |%n", name,
					median(turns, Turn::perSecond), median(turns, Turn::median), median(turns, Turn::late),
					median(turns, Turn::serverMicros), median(turns, Turn::redisMicros),
					median(turns, Turn::clientsMicros));
		}

		private static int calls(List<Turn> turns) {
			return turns.stream().mapToInt(Turn::calls).sum();
		}

		private static double median(List<Turn> turns, ToDoubleFunction<Turn> value) {
			ListStatistics statistics = new ListStatistics();
			turns.forEach((turn) -> statistics.addValue(value.applyAsDouble(turn)));
			return statistics.getPercentile(50);
		}

		private String ratio(ToDoubleFunction<Turn> value) {
			ListStatistics statistics = new ListStatistics();
			for (int i = 0; i < this.ours.size(); i++) {
				statistics.addValue(value.applyAsDouble(this.ours.get(i)) / value.applyAsDouble(this.springAi.get(i)));
			}
			return String.format(Locale.ROOT, "%.2f (%.2f to %.2f)", statistics.getPercentile(50), statistics.getMin(),
					statistics.getMax());
		}

	}

}

package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

import io.github.mcppersist.benchmarks.LoadComparison.Turn;
import io.github.mcppersist.benchmarks.McpLoadClients.Calls;
import io.github.mcppersist.benchmarks.McpLoadClients.ToolCall;
import io.github.mcppersist.test.redis.RedisServer;

/**
 * Calls of tools over HTTP: the sample server with this starter on Redis, beside the same
 * application with Spring AI's own transport, which stores nothing. Both run all the time
 * and are called in turns, so that what disturbs the machine for a while hits both; the
 * ratios are those of neighbouring turns. Nothing counts before both are warm.
 */
final class LoadTest {

	static final Path SERVER_JAR = Path.of("samples/spring-ai-server/target/spring-ai-server.jar");

	private static final ToolCall QUICK = new ToolCall("add", "{\"a\":41,\"b\":1}", "\"text\":\"42\"");

	private static final ToolCall TWENTY = new ToolCall("count",
			"{\"n\":20,\"intervalMs\":0},\"_meta\":{\"progressToken\":1}", "\"progress\":1.0", "\"progress\":20.0",
			"counted 20");

	private static final ToolCall SLEEPING = new ToolCall("sleep", "{\"ms\":1000}", "slept 1000 ms");

	/**
	 * A server is warm when its compilers have had no more than this part of its
	 * processor time, in two turns in a row.
	 */
	private static final double COMPILED = 0.02;

	/**
	 * How long the compilers have the machine to themselves after each turn of the
	 * warm-up, at most: where there are few processors they come to nothing under load.
	 */
	private static final Duration REST = Duration.ofSeconds(10);

	/**
	 * The rest is over when the compilers have used less than this part of a second.
	 */
	private static final double AT_REST = 0.05;

	private final RedisServer redis;

	private final ProcessorShares shares;

	private final ServerProcess ours;

	private final ServerProcess springAi;

	private LoadTest(RedisServer redis, ProcessorShares shares, ServerProcess ours, ServerProcess springAi) {
		this.redis = redis;
		this.shares = shares;
		this.ours = ours;
		this.springAi = springAi;
	}

	/**
	 * Measure and print tables.
	 * @param redis the Redis to use
	 * @param quick whether to show only that it runs
	 * @param shared whether the servers share all processors with Redis and the clients
	 * @param out where to print
	 * @throws Exception if a server can't be started, or a call fails
	 */
	static void run(RedisServer redis, boolean quick, boolean shared, PrintStream out) throws Exception {
		long redisProcess = Long.parseLong(redis.info("process_id"));
		try (ProcessorShares shares = shared ? ProcessorShares.none() : ProcessorShares.assign(redisProcess);
				ServerProcess ours = ServerProcess.start(ProcessorShares.none(), server(redis));
				ServerProcess springAi = ServerProcess.start(ProcessorShares.none(),
						server(redis, "--mcp.persist.enabled=false"))) {
			LoadTest test = new LoadTest(redis, shares, ours, springAi);
			out.println("Calls of tools over HTTP; " + shares + ".");
			out.println();
			if (quick) {
				test.compare("quick tool", 64, QUICK, new Plan(1, 2, 2, 1), out);
				test.compare("twenty notifications", 64, TWENTY, new Plan(1, 2, 2, 1), out);
				test.compare("sleeps 1 s", 500, SLEEPING, new Plan(1, 2, 2, 1), out);
				return;
			}
			test.compare("quick tool", 64, QUICK, new Plan(4, 30, 3, 10), out);
			test.compare("twenty notifications", 64, TWENTY, new Plan(4, 30, 3, 8), out);
			test.compare("sleeps 1 s", 500, SLEEPING, new Plan(4, 6, 5, 3), out);
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

	private void compare(String what, int clients, ToolCall call, Plan plan, PrintStream out)
			throws IOException, InterruptedException {
		try (McpLoadClients oursClients = new McpLoadClients(this.ours.address(), clients);
				McpLoadClients springAiClients = new McpLoadClients(this.springAi.address(), clients)) {
			oursClients.initialize();
			springAiClients.initialize();
			WarmUp oursWarmUp = new WarmUp();
			WarmUp springAiWarmUp = new WarmUp();
			for (int i = 0; i < plan.warmUpTurns() && !(oursWarmUp.isOver() && springAiWarmUp.isOver()); i++) {
				warmUp(this.ours, oursClients, call, plan, oursWarmUp);
				warmUp(this.springAi, springAiClients, call, plan, springAiWarmUp);
			}
			out.println("Warm-up, " + what + ": Spring AI's transport " + springAiWarmUp + "; mcp-persist " + oursWarmUp
					+ ".");
			out.println();
			this.shares.confine(this.ours.pid());
			this.shares.confine(this.springAi.pid());
			List<Turn> oursTurns = new ArrayList<>();
			List<Turn> springAiTurns = new ArrayList<>();
			for (int round = 0; round < plan.rounds(); round++) {
				boolean oursFirst = round % 2 == 0;
				if (oursFirst) {
					oursTurns.add(turn(this.ours, oursClients, call, plan.seconds()));
				}
				springAiTurns.add(turn(this.springAi, springAiClients, call, plan.seconds()));
				if (!oursFirst) {
					oursTurns.add(turn(this.ours, oursClients, call, plan.seconds()));
				}
			}
			new LoadComparison(what + ", " + clients + " clients", oursTurns, springAiTurns).print(out);
			this.shares.release(this.ours.pid());
			this.shares.release(this.springAi.pid());
		}
	}

	private void warmUp(ServerProcess server, McpLoadClients clients, ToolCall call, Plan plan, WarmUp warmUp)
			throws IOException {
		Duration compilersBefore = server.compilerTime();
		Turn turn = turn(server, clients, call, plan.warmUpSeconds());
		rest(server);
		warmUp.add(turn, server.compilerTime().minus(compilersBefore).toNanos() / 1e3);
	}

	private static void rest(ServerProcess server) throws IOException {
		long end = System.nanoTime() + REST.toNanos();
		Duration before = server.compilerTime();
		for (boolean busy = true; busy && System.nanoTime() < end;) {
			LockSupport.parkNanos(Duration.ofSeconds(1).toNanos());
			Duration after = server.compilerTime();
			busy = after.minus(before).toNanos() > AT_REST * 1e9;
			before = after;
		}
	}

	private Turn turn(ServerProcess server, McpLoadClients clients, ToolCall call, int seconds) throws IOException {
		Duration serverBefore = server.processorTime();
		double redisBefore = processorSeconds(this.redis);
		long commandsBefore = commands();
		Duration clientsBefore = ownTime();
		Calls calls = clients.call(call, Duration.ofSeconds(seconds));
		double clientsMicros = ownTime().minus(clientsBefore).toNanos() / 1e3;
		double commands = commands() - commandsBefore;
		double redisMicros = (processorSeconds(this.redis) - redisBefore) * 1e6;
		double serverMicros = server.processorTime().minus(serverBefore).toNanos() / 1e3;
		int count = calls.count();
		return new Turn(count, calls.perSecond(), calls.percentile(50), calls.percentile(99), serverMicros / count,
				redisMicros / count, commands / count, clientsMicros / count);
	}

	/**
	 * Return what Redis has used of its processors.
	 * @param redis the Redis
	 * @return the seconds since it was started
	 */
	static double processorSeconds(RedisServer redis) {
		return Double.parseDouble(redis.info("used_cpu_user")) + Double.parseDouble(redis.info("used_cpu_sys"));
	}

	private long commands() {
		return Long.parseLong(this.redis.info("total_commands_processed"));
	}

	private static Duration ownTime() {
		return ProcessHandle.current()
			.info()
			.totalCpuDuration()
			.orElseThrow(() -> new IllegalStateException("The clients' processor time is not known"));
	}

	/**
	 * How long what is done.
	 *
	 * @param warmUpSeconds how long a turn of the warm-up is
	 * @param warmUpTurns how many there are for a server at most
	 * @param seconds how long a turn is that counts
	 * @param rounds how many of these a server has
	 */
	private record Plan(int warmUpSeconds, int warmUpTurns, int seconds, int rounds) {
	}

	/**
	 * What a server has been called before anything counts.
	 */
	private static final class WarmUp {

		private double serverMicros;

		private double compiled;

		private int calls;

		private int compiledTurns;

		void add(Turn turn, double compilerMicros) {
			this.calls += turn.calls();
			this.serverMicros = turn.serverMicros();
			this.compiled = compilerMicros / (turn.serverMicros() * turn.calls() + compilerMicros);
			this.compiledTurns = (this.compiled <= COMPILED) ? this.compiledTurns + 1 : 0;
		}

		boolean isOver() {
			return this.compiledTurns >= 2;
		}

		@Override
		public String toString() {
			return String.format(Locale.ROOT, "%,d calls, %s at %.0f µs of CPU a call, %.1f %% of it the compilers'",
					this.calls, isOver() ? "warm" : "stopped", this.serverMicros, 100 * this.compiled);
		}

	}

}

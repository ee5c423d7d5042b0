package io.github.mcppersist.benchmarks;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import io.github.mcppersist.benchmarks.AlternatingLoad.Contestant;
import io.github.mcppersist.benchmarks.AlternatingLoad.Plan;
import io.github.mcppersist.benchmarks.McpLoadClient.Era;
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

	private LoadTest() {
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
			AlternatingLoad test = new AlternatingLoad(redis, shares,
					new Contestant("mcp-persist on Redis", ours, Era.LEGACY),
					new Contestant("Spring AI's transport, no store", springAi, Era.LEGACY));
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

}

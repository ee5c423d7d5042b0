package io.github.mcppersist.benchmarks;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

import io.github.mcppersist.benchmarks.AlternatingLoad.Contestant;
import io.github.mcppersist.benchmarks.AlternatingLoad.Plan;
import io.github.mcppersist.benchmarks.LoadComparison.Turn;
import io.github.mcppersist.benchmarks.McpLoadClient.Era;
import io.github.mcppersist.test.redis.RedisServer;

/**
 * Calls of revision 2026-07-28, beside those of a session, and beside the MCP SDK's own
 * server of that revision, which has nothing but itself: all in a Tomcat with one
 * servlet. Then what such a call costs Redis, and what becomes of one that asks its
 * client something.
 */
final class Eras {

	private static final int CONNECTIONS = 2000;

	private static final int WAITING = 1000;

	private static final Plan QUICK = new Plan(1, 0, 1, 1);

	private Eras() {
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
				ServerProcess modern = start(redis, PlainTomcat.MCP)) {
			out.println("Calls of both eras; " + shares + ".");
			out.println();
			Contestant ours = new Contestant("mcp-persist on Redis, 2026-07-28", modern, Era.MODERN);
			try (ServerProcess legacy = start(redis, PlainTomcat.MCP)) {
				Contestant other = new Contestant("mcp-persist on Redis, 2025-11-25", legacy, Era.LEGACY);
				LoadComparison quickTool = new AlternatingLoad(redis, shares, ours, other).compare("quick tool", 64,
						PlainTools.QUICK, quick ? QUICK : new Plan(4, 12, 3, 10), out);
				target(out, "calls/s", quickTool.times(Turn::perSecond), "at least 1.30");
				target(out, "server's CPU", quickTool.times(Turn::serverMicros), "at most 0.80");
				roundTrips(redis, ours, other, quick, out);
			}
			try (ServerProcess sdk = start(redis, PlainTomcat.MODERN_SDK)) {
				Contestant other = new Contestant("the SDK's own, 2026-07-28", sdk, Era.MODERN);
				AlternatingLoad load = new AlternatingLoad(redis, shares, ours, other);
				LoadComparison quickTool = load.compare("quick tool", 64, PlainTools.QUICK,
						quick ? QUICK : new Plan(4, 12, 3, 10), out);
				target(out, "calls/s", quickTool.times(Turn::perSecond), "at least 0.90");
				LoadComparison sleeping = load.compare("sleeps 1 s", 500, PlainTools.SLEEPING,
						quick ? QUICK : new Plan(4, 4, 5, 3), out);
				target(out, "calls/s", sleeping.times(Turn::perSecond), "at least 2.00");
			}
		}
		// Or the nodes to come would miss those that were killed
		redis.cli("FLUSHALL");
		AnswerTimes.run(quick, out);
		out.println();
		ParkedMemory.run(quick, out);
	}

	private static ServerProcess start(RedisServer redis, String servlet) throws Exception {
		return ServerProcess.start(ProcessorShares.none(), PlainTomcat.command(redis, CONNECTIONS, WAITING, servlet));
	}

	private static void target(PrintStream out, String what, double times, String target) {
		out.printf(Locale.ROOT, "%s: %.2f times, target %s.%n%n", what, times, target);
	}

	private static void roundTrips(RedisServer redis, Contestant modern, Contestant legacy, boolean quick,
			PrintStream out) throws Exception {
		Duration duration = Duration.ofMillis(quick ? 500 : 3000);
		RoundTrips trips = new RoundTrips(redis, duration);
		trips.printHead(out);
		for (Contestant contestant : new Contestant[] { legacy, modern }) {
			try (McpLoadClients clients = contestant.clients(64)) {
				clients.initialize();
				trips.count(contestant.name(), (contestant == modern) ? "0" : "",
						() -> clients.call(PlainTools.QUICK, duration).count(), out);
			}
		}
		out.println();
	}

}

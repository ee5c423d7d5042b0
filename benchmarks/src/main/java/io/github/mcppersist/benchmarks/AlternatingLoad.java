package io.github.mcppersist.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

import io.github.mcppersist.benchmarks.LoadComparison.Turn;
import io.github.mcppersist.benchmarks.McpLoadClient.Era;
import io.github.mcppersist.benchmarks.McpLoadClients.Calls;
import io.github.mcppersist.benchmarks.McpLoadClients.ToolCall;
import io.github.mcppersist.test.redis.RedisServer;

/**
 * Calls two servers in turns, so that what disturbs the machine for a while hits both.
 * Nothing counts before both are warm.
 */
final class AlternatingLoad {

	/**
	 * A server is warm when its compilers have had no more than this part of its
	 * processor time, in two turns in a row.
	 */
	private static final double COMPILED = 0.05;

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

	private final Contestant ours;

	private final Contestant other;

	AlternatingLoad(RedisServer redis, ProcessorShares shares, Contestant ours, Contestant other) {
		this.redis = redis;
		this.shares = shares;
		this.ours = ours;
		this.other = other;
	}

	/**
	 * Measure and print a table.
	 * @param what what is called
	 * @param clients how many clients each server has
	 * @param call what they call
	 * @param plan how long
	 * @param out where to print
	 * @return the turns of both
	 */
	LoadComparison compare(String what, int clients, ToolCall call, Plan plan, PrintStream out)
			throws IOException, InterruptedException {
		try (McpLoadClients oursClients = this.ours.clients(clients);
				McpLoadClients otherClients = this.other.clients(clients)) {
			oursClients.initialize();
			otherClients.initialize();
			WarmUp oursWarmUp = new WarmUp();
			WarmUp otherWarmUp = new WarmUp();
			for (int i = 0; i < plan.warmUpTurns() && !(oursWarmUp.isOver() && otherWarmUp.isOver()); i++) {
				warmUp(this.ours, oursClients, call, plan, oursWarmUp);
				warmUp(this.other, otherClients, call, plan, otherWarmUp);
			}
			out.println("Warm-up, " + what + ": " + this.other.name() + " " + otherWarmUp + "; " + this.ours.name()
					+ " " + oursWarmUp + ".");
			out.println();
			this.shares.confine(this.ours.server().pid());
			this.shares.confine(this.other.server().pid());
			List<Turn> oursTurns = new ArrayList<>();
			List<Turn> otherTurns = new ArrayList<>();
			for (int round = 0; round < plan.rounds(); round++) {
				boolean oursFirst = round % 2 == 0;
				if (oursFirst) {
					oursTurns.add(turn(this.ours, oursClients, call, plan.seconds()));
				}
				otherTurns.add(turn(this.other, otherClients, call, plan.seconds()));
				if (!oursFirst) {
					oursTurns.add(turn(this.ours, oursClients, call, plan.seconds()));
				}
			}
			LoadComparison comparison = new LoadComparison(what + ", " + clients + " clients", this.ours.name(),
					oursTurns, this.other.name(), otherTurns);
			comparison.print(out);
			this.shares.release(this.ours.server().pid());
			this.shares.release(this.other.server().pid());
			return comparison;
		}
	}

	private void warmUp(Contestant contestant, McpLoadClients clients, ToolCall call, Plan plan, WarmUp warmUp)
			throws IOException {
		ServerProcess server = contestant.server();
		Duration compilersBefore = server.compilerTime();
		Turn turn = turn(contestant, clients, call, plan.warmUpSeconds());
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

	private Turn turn(Contestant contestant, McpLoadClients clients, ToolCall call, int seconds) throws IOException {
		ServerProcess server = contestant.server();
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
	 * A server, and who calls it.
	 *
	 * @param name what it is called in the table
	 * @param server the server
	 * @param era how its clients talk to it
	 */
	record Contestant(String name, ServerProcess server, Era era) {

		McpLoadClients clients(int count) throws IOException {
			return new McpLoadClients(this.server.address(), this.era, count);
		}

	}

	/**
	 * How long what is done.
	 *
	 * @param warmUpSeconds how long a turn of the warm-up is
	 * @param warmUpTurns how many there are for a server at most
	 * @param seconds how long a turn is that counts
	 * @param rounds how many of these a server has
	 */
	record Plan(int warmUpSeconds, int warmUpTurns, int seconds, int rounds) {
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

package io.github.mcppersist.simulation;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * What a run is like, drawn once: a run that has some kinds of faults and not others
 * finds more than one that has a little of each.
 *
 * @param nodes how many nodes there are
 * @param shared whether they share sessions; one node may be on its own
 * @param order in which order the store carries out calls
 * @param clients how many clients there are
 * @param chaos how long things go wrong
 * @param outages whether the store is out of reach now and then
 * @param flaky whether single calls fail or are late
 * @param hintsLost whether hints and messages are lost
 * @param rollbacks whether the store loses its last writes, or everything
 * @param deaths whether nodes die
 * @param pauses whether nodes stand still for a while
 * @param stops whether nodes are stopped in order
 * @param cuts whether connections break
 * @param deletes whether clients delete their sessions meanwhile
 * @param asks whether tools ask their clients something
 * @param broadcasts whether nodes tell all that listen something
 * @param encoded whether what is stored is encoded
 * @param rejects whether what can't be stored is refused
 * @param refuses whether the store never takes what is large
 * @param cancels whether clients cancel what they have called
 * @param closes whether tools close their connections
 * @param maxConnectionAge as the option; {@code null} for none
 * @param maxConnectionBytes as the option
 * @param maxUnstoredBytes as the option
 * @param sessionCacheTimeout as the option
 * @param lookInterval as the option
 * @param maxMessageBytes how large messages are
 */
record Plan(int nodes, boolean shared, SimulatedDatabase.Order order, int clients, Duration chaos, boolean outages,
		boolean flaky, boolean hintsLost, boolean rollbacks, boolean deaths, boolean pauses, boolean stops,
		boolean cuts, boolean deletes, boolean asks, boolean broadcasts, boolean encoded, boolean rejects,
		boolean refuses, boolean cancels, boolean closes, @Nullable Duration maxConnectionAge, int maxConnectionBytes,
		int maxUnstoredBytes, Duration sessionCacheTimeout, Duration lookInterval, int maxMessageBytes) {

	/**
	 * Draw what a run is like. What came later than the others isn't drawn, so that all
	 * other seeds take the steps that they have taken before.
	 * @param world where
	 * @param seed the seed
	 * @return the plan
	 */
	static Plan draw(World world, long seed) {
		int nodes = world.pick(List.of(1, 1, 2, 2, 3));
		boolean shared = nodes > 1 || world.chance(50);
		SimulatedDatabase.Order order = world.pick(List.of(SimulatedDatabase.Order.values()));
		boolean faulty = order != SimulatedDatabase.Order.AT_ONCE;
		if (shared && !faulty) {
			order = SimulatedDatabase.Order.ONE_QUEUE;
		}
		boolean several = nodes > 1;
		return new Plan(nodes, shared, order, world.pick(List.of(1, 1, 1, 2, 3)), world.millis(1000, 20_000),
				faulty && world.chance(50), faulty && world.chance(30), several && world.chance(30),
				faulty && shared && world.chance(12), several && world.chance(15), several && world.chance(15),
				several && world.chance(15), world.chance(80), world.chance(20), world.chance(40), world.chance(30),
				world.chance(30), faulty && world.chance(15), seed % 16 == 5, seed % 8 == 2,
				seed % 16 == 7 || seed % 16 == 13, world.chance(20) ? world.millis(1000, 6000) : null,
				world.pick(List.of(2 * 1024, 8 * 1024, 64 * 1024)), world.chance(10) ? 16 * 1024 : 8 * 1024 * 1024,
				Duration.ofMillis(world.pick(List.of(500, 2000, 60_000))),
				Duration.ofSeconds(world.pick(List.of(5, 30))), world.pick(List.of(100, 3000, 40_000)));
	}

	/**
	 * Say whether an answer that was accepted reaches the tool that waits for it within
	 * seconds.
	 * @return whether nothing keeps a node from hearing of it, or from reading it
	 */
	boolean handsAnswersOn() {
		return !this.outages && !this.flaky && !this.hintsLost && !losesData();
	}

	/**
	 * Say whether something may be lost for good, which is told.
	 * @return whether more than connections and hints can be lost
	 */
	boolean losesData() {
		return this.refuses || losesMore();
	}

	/**
	 * Say whether something may be lost for good also to a client that stays connected to
	 * the node that runs its request.
	 * @return whether that is so whatever the store refuses
	 */
	boolean losesMore() {
		return this.rollbacks || this.deaths || this.pauses || this.stops || overflows();
	}

	/**
	 * Say whether an outage may leave more to store than a node keeps.
	 * @return whether events may be dropped for that
	 */
	boolean overflows() {
		return this.maxUnstoredBytes < 1024 * 1024;
	}

}

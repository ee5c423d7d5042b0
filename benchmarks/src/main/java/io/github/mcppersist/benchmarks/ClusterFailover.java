package io.github.mcppersist.benchmarks;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import io.lettuce.core.cluster.SlotHash;
import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.test.redis.RedisCluster;
import io.github.mcppersist.test.redis.RedisServer;

/**
 * How long after the promotion of a replica its shard is written again, and whether the
 * others were written all along: a Cluster of three primaries and their replicas, one of
 * which is killed while streams are opened on each, many or hardly any.
 */
final class ClusterFailover implements AutoCloseable {

	/**
	 * Milliseconds from one call to the next, on each primary.
	 */
	private static final List<Integer> INTERVALS = List.of(30, 2000);

	private static final int ROUNDS = 3;

	private static final int SHARDS = 3;

	private static final int LOST = 1;

	private static final double BEFORE_SECONDS = 3;

	private static final double AFTER_SECONDS = 5;

	private static final double LIMIT_SECONDS = 60;

	private final RedisCluster cluster = RedisCluster.startWithReplicas();

	private final LettuceConnectionFactory connectionFactory;

	private final RedisEventStore store;

	private final Queue<Answer> answers = new ConcurrentLinkedQueue<>();

	private int sessions;

	private ClusterFailover() {
		this.connectionFactory = new LettuceConnectionFactory(new RedisClusterConfiguration(this.cluster.addresses()));
		this.connectionFactory.afterPropertiesSet();
		this.connectionFactory.start();
		this.store = RedisEventStore.builder(this.connectionFactory).build();
	}

	/**
	 * Measure and print a table.
	 * @param quick whether to show only that it runs
	 * @param out where to print
	 */
	static void run(boolean quick, PrintStream out) {
		out.println("| calls/s on each primary | killed to promoted, s | promoted to first stored, s "
				+ "| promoted to last failed, s | failed there | failed on the others |");
		out.println("| ---: | ---: | ---: | ---: | ---: | ---: |");
		for (int interval : quick ? INTERVALS.subList(0, 1) : INTERVALS) {
			for (int round = 0; round < (quick ? 1 : ROUNDS); round++) {
				try (ClusterFailover failover = new ClusterFailover()) {
					failover.run(interval, out);
				}
			}
		}
	}

	private void run(int interval, PrintStream out) {
		await("a store that writes to all primaries", this::storesEverywhere);
		this.answers.clear();
		ScheduledExecutorService caller = Executors.newSingleThreadScheduledExecutor();
		try {
			caller.scheduleAtFixedRate(this::callEach, 0, interval, TimeUnit.MILLISECONDS);
			pause(BEFORE_SECONDS);
			RedisServer lost = this.cluster.nodes().get(LOST);
			RedisServer replica = this.cluster.replica(lost);
			double killedAt = now();
			lost.kill();
			await("the promotion of a replica",
					() -> replica.cli("ROLE") instanceof List<?> role && "master".equals(role.get(0)));
			double promotedAt = now();
			await("the promoted primary to store something", () -> firstStored(promotedAt) < Double.MAX_VALUE);
			pause(AFTER_SECONDS);
			row(1e3 / interval, killedAt, promotedAt, out);
		}
		finally {
			caller.shutdownNow();
		}
	}

	private void row(double rate, double killedAt, double promotedAt, PrintStream out) {
		double failed = this.answers.stream()
			.filter((answer) -> answer.shard() == LOST && answer.failure() != null)
			.mapToDouble(Answer::at)
			.max()
			.orElse(promotedAt);
		out.printf(Locale.ROOT, "| %.1f | %.1f | %.1f | %.1f | %d | %d |%n", rate, promotedAt - killedAt,
				firstStored(promotedAt) - promotedAt, failed - promotedAt, failures(LOST),
				this.answers.stream().filter((answer) -> answer.failure() != null).count() - failures(LOST));
	}

	private double firstStored(double promotedAt) {
		return this.answers.stream()
			.filter((answer) -> answer.shard() == LOST && answer.failure() == null && answer.at() >= promotedAt)
			.mapToDouble(Answer::at)
			.min()
			.orElse(Double.MAX_VALUE);
	}

	private long failures(int shard) {
		return this.answers.stream().filter((answer) -> answer.shard() == shard && answer.failure() != null).count();
	}

	private boolean storesEverywhere() {
		this.answers.clear();
		callEach();
		await("answers", () -> this.answers.size() == SHARDS);
		return this.answers.stream().allMatch((answer) -> answer.failure() == null);
	}

	private void callEach() {
		for (int shard = 0; shard < SHARDS; shard++) {
			call(shard);
		}
	}

	private void call(int shard) {
		StreamKey stream = StreamKey.random(session(shard));
		this.store.openStream(stream, RequestIds.parse("1"), List.of(Event.priming(EventId.next(stream.streamId(), 1))))
			.subscribe((revision) -> {
			}, (failure) -> this.answers.add(new Answer(shard, now(), failure)),
					() -> this.answers.add(new Answer(shard, now(), null)));
	}

	private String session(int shard) {
		String session;
		do {
			session = "session-" + ++this.sessions;
		}
		while (SlotHash.getSlot("{" + session + "}") * SHARDS / SlotHash.SLOT_COUNT != shard);
		return session;
	}

	private static double now() {
		return System.nanoTime() / 1e9;
	}

	private static void await(String what, BooleanSupplier condition) {
		double deadline = now() + LIMIT_SECONDS;
		while (!condition.getAsBoolean()) {
			if (now() > deadline) {
				throw new IllegalStateException("Waited in vain for " + what);
			}
			pause(0.02);
		}
	}

	private static void pause(double seconds) {
		double deadline = now() + seconds;
		for (double left = seconds; left > 0; left = deadline - now()) {
			LockSupport.parkNanos((long) (left * 1e9));
		}
	}

	@Override
	public void close() {
		this.store.close();
		this.connectionFactory.destroy();
		this.cluster.close();
	}

	/**
	 * What became of a call.
	 *
	 * @param shard where it was made
	 * @param at when it ended, in seconds
	 * @param failure why it failed, if it did
	 */
	private record Answer(int shard, double at, @Nullable Throwable failure) {

	}

}

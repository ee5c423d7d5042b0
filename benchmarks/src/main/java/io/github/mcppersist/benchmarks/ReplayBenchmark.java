package io.github.mcppersist.benchmarks;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

import io.github.mcppersist.event.StreamKey;

/**
 * Reads a stream from its priming event to its end.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init")
public class ReplayBenchmark {

	/**
	 * Who replays. Both forms of the seed's layout read it in the same way.
	 */
	@Param({ "STORE", "SEED_ONE_CALL" })
	public Contender contender;

	/**
	 * How many events the stream has after its priming event.
	 */
	@Param({ "100", "1000", "10000" })
	public int events;

	private final StreamKey stream = StreamKey.random("session");

	private BenchmarkRedis redis;

	private EventLog log;

	@Setup
	public void write() {
		this.redis = new BenchmarkRedis();
		this.redis.clear();
		this.log = this.redis.open(this.contender);
		this.log.open(this.stream);
		for (int i = 1; i <= this.events; i++) {
			CompletableFuture<Void> done = new CompletableFuture<>();
			this.log.append(this.stream, i + 1, EventLog.completing(done));
			done.join();
		}
	}

	@TearDown
	public void stop() {
		this.log.close();
		this.redis.close();
	}

	@Benchmark
	public int replay() {
		int count = this.log.replay(this.stream);
		if (count != this.events) {
			throw new IllegalStateException(count + " events were replayed of " + this.events);
		}
		return count;
	}

}

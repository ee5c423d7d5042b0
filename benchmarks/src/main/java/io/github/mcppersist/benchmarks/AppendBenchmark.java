package io.github.mcppersist.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

import io.github.mcppersist.event.StreamKey;

/**
 * Appends to as many streams as there are to be calls in flight, see
 * {@link AppendedStream}.
 */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init")
public class AppendBenchmark {

	private static final int APPENDS = 50;

	private static final int LIMIT_SECONDS = 60;

	/**
	 * Who appends.
	 */
	@Param
	public Contender contender;

	/**
	 * How many streams are written at a time.
	 */
	@Param({ "1", "64", "512" })
	public int inFlight;

	private BenchmarkRedis redis;

	private EventLog log;

	private List<AppendedStream> streams;

	private volatile @Nullable Throwable failure;

	@Setup
	public void start() {
		this.redis = new BenchmarkRedis();
		this.log = this.redis.open(this.contender);
	}

	/**
	 * Begin with an empty Redis, so that its memory stays bounded.
	 */
	@Setup(Level.Iteration)
	public void openStreams() {
		this.redis.clear();
		this.streams = new ArrayList<>(this.inFlight);
		for (int i = 0; i < this.inFlight; i++) {
			this.streams.add(new AppendedStream(this.log, StreamKey.random("session-" + i)));
		}
	}

	@TearDown
	public void stop() {
		this.log.close();
		this.redis.close();
	}

	@Benchmark
	public void append(Events events) throws InterruptedException {
		CountDownLatch done = new CountDownLatch(this.inFlight);
		for (AppendedStream stream : this.streams) {
			long last = stream.appended() + APPENDS;
			stream.start(() -> stream.appended() < last, (failure) -> {
				if (failure != null) {
					this.failure = failure;
				}
				done.countDown();
			});
		}
		if (!done.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
			throw new IllegalStateException("Redis does not answer any more");
		}
		if (this.failure != null) {
			throw new IllegalStateException("An append failed", this.failure);
		}
		events.events += (long) this.inFlight * APPENDS;
	}

	/**
	 * Counts events, which is what the rate is of.
	 */
	@AuxCounters
	@State(Scope.Thread)
	public static class Events {

		/**
		 * How many events were acknowledged.
		 */
		public long events;

	}

}

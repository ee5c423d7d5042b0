package io.github.mcppersist.benchmarks;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.results.RunResult;
import reactor.core.publisher.Flux;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.payload.EncodedEventStore;
import io.github.mcppersist.payload.Payloads;
import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.test.redis.RedisServer;

/**
 * What encryption and compression cost: events a second that are appended to many streams
 * at a time, what of it the codec takes, and the bytes of an event in Redis.
 */
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init")
public class EncodingBenchmark {

	private static final int STREAMS = 64;

	private static final int APPENDS = 50;

	private static final Duration LIMIT = Duration.ofMinutes(1);

	/**
	 * What is stored.
	 */
	@Param
	public Encoding encoding;

	/**
	 * How many bytes a message has.
	 */
	@Param({ "300", "4000" })
	public int bytes;

	private BenchmarkRedis redis;

	private RedisEventStore store;

	private EventStore encoded;

	private byte[] message;

	private List<StreamKey> streams;

	private long next;

	@Setup
	public void start() {
		this.redis = new BenchmarkRedis();
		this.store = store(this.redis);
		this.encoded = encoded(this.store, this.encoding);
		this.message = message(this.bytes);
	}

	private static RedisEventStore store(BenchmarkRedis redis) {
		return RedisEventStore.builder(redis.connectionFactory()).timeout(Duration.ofSeconds(5)).build();
	}

	private static EventStore encoded(EventStore store, Encoding encoding) {
		return new EncodedEventStore(store, new Payloads(encoding.codec(), (place, failure) -> {
			throw new IllegalStateException("A payload can't be opened", failure);
		}));
	}

	/**
	 * Return a message such as a tool sends that lists things: not all of it is new.
	 * @param bytes its length
	 * @return the message
	 */
	static byte[] message(int bytes) {
		StringBuilder text = new StringBuilder("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"content\":[");
		for (int i = 0; text.length() < bytes; i++) {
			text.append("{\"type\":\"text\",\"text\":\"file ")
				.append(Integer.toHexString(i * 0x9E3779B9))
				.append(".txt of ")
				.append(i * 7919 % 100_003)
				.append(" bytes\"},");
		}
		return text.substring(0, bytes).getBytes(StandardCharsets.US_ASCII);
	}

	/**
	 * Begin with an empty Redis, so that its memory stays bounded.
	 */
	@Setup(Level.Iteration)
	public void openStreams() {
		this.redis.clear();
		this.streams = new ArrayList<>(STREAMS);
		for (int i = 0; i < STREAMS; i++) {
			StreamKey stream = StreamKey.random("session-" + i);
			this.encoded.openStream(stream, null, List.of(Event.priming(EventId.next(stream.streamId(), 1))))
				.block(LIMIT);
			this.streams.add(stream);
		}
		this.next = 2;
	}

	@TearDown
	public void stop() {
		this.store.close();
		this.redis.close();
	}

	@Benchmark
	public void append(Events events) {
		long first = this.next;
		this.next += APPENDS;
		Flux.fromIterable(this.streams)
			.flatMap((stream) -> append(this.encoded, stream, first, this.message), STREAMS)
			.blockLast(LIMIT);
		events.events += (long) STREAMS * APPENDS;
	}

	private static Flux<Void> append(EventStore store, StreamKey stream, long first, byte[] message) {
		return Flux.range(0, APPENDS)
			.concatMap((i) -> store.storeEvents(stream,
					List.of(new Event(EventId.next(stream.streamId(), first + i), message))), 1);
	}

	/**
	 * Print a table.
	 * @param results what was measured
	 * @param server the Redis
	 * @param quick whether the times need to mean anything
	 * @param output where to print it
	 */
	static void print(Collection<RunResult> results, RedisServer server, boolean quick, PrintStream output) {
		output
			.println("| What is stored | bytes of a message | bytes in Redis | encode, µs | decode, µs | appends/s |");
		output.println("| --- | ---: | ---: | ---: | ---: | ---: |");
		for (RunResult result : results) {
			Encoding encoding = Encoding.valueOf(result.getParams().getParam("encoding"));
			int bytes = Integer.parseInt(result.getParams().getParam("bytes"));
			CodecTime.Times times = CodecTime.of(encoding.codec(), message(bytes), quick);
			output.printf(Locale.ROOT, "| %s | %,d | %,d | %.1f | %.1f | %,.0f |%n", encoding, bytes,
					elementBytes(server, encoding, bytes), times.encode(), times.decode(),
					Objects.requireNonNull(result.getSecondaryResults().get("events")).getScore());
		}
	}

	private static long elementBytes(RedisServer server, Encoding encoding, int bytes) {
		StreamKey stream = StreamKey.random("session");
		try (BenchmarkRedis redis = new BenchmarkRedis(); RedisEventStore store = store(redis)) {
			redis.clear();
			encoded(store, encoding)
				.openStream(stream, null, List.of(new Event(EventId.next(stream.streamId(), 1), message(bytes))))
				.block(LIMIT);
			String key = ((List<?>) server.cli("KEYS", "*:s:" + stream.streamId())).get(0).toString();
			String header = server.cli("LINDEX", key, "0").toString();
			return Long.parseLong(header.substring(39, 48));
		}
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

package io.github.mcppersist.benchmarks;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.redis.RedisEventStore;
import io.github.mcppersist.test.redis.RedisServer;

/**
 * What a plain call costs Redis, one request and one response: its stream is opened with
 * a priming event, and completed with the response. By how many are under way at once.
 */
final class PlainCalls {

	private static final List<Integer> IN_FLIGHT = List.of(1, 16, 256);

	private static final int CALLS = 20_000;

	private static final int QUICK_CALLS = 500;

	private static final int SESSIONS = 1000;

	private PlainCalls() {
	}

	/**
	 * Measure and print a table.
	 * @param redis the Redis to use
	 * @param quick whether to show only that it runs
	 * @param out where to print
	 */
	static void run(RedisServer redis, boolean quick, PrintStream out) {
		int calls = quick ? QUICK_CALLS : CALLS;
		List<String> sessions = IntStream.range(0, SESSIONS).mapToObj((i) -> "session-" + i).toList();
		out.println("| plain calls under way | Redis' processor a call, µs | received, bytes | sent, bytes |");
		out.println("| ---: | ---: | ---: | ---: |");
		try (BenchmarkRedis connections = new BenchmarkRedis();
				RedisEventStore store = RedisEventStore.builder(connections.connectionFactory())
					.timeout(Duration.ofSeconds(10))
					.build()) {
			for (int inFlight : IN_FLIGHT) {
				connections.clear();
				calls(store, sessions, calls / 10, inFlight);
				RedisUsage before = RedisUsage.of(redis);
				calls(store, sessions, calls, inFlight);
				RedisUsage used = RedisUsage.of(redis).since(before);
				out.printf(Locale.ROOT, "| %d | %.0f | %,d | %,d |%n", inFlight, used.processorSeconds() * 1e6 / calls,
						used.received() / calls, used.sent() / calls);
			}
		}
	}

	private static void calls(RedisEventStore store, List<String> sessions, int calls, int inFlight) {
		Flux.range(0, calls).flatMap((i) -> call(store, sessions.get(i % sessions.size())), inFlight).then().block();
	}

	private static Mono<Void> call(RedisEventStore store, String session) {
		StreamKey stream = StreamKey.random(session);
		List<Event> priming = List.of(Event.priming(EventId.next(stream.streamId(), 1)));
		List<Event> response = List.of(new Event(EventId.next(stream.streamId(), 2), EventLog.MESSAGE));
		return store.openStream(stream, RequestIds.parse("1"), priming).then(store.completeStream(stream, response));
	}

}

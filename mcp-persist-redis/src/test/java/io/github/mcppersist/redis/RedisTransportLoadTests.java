package io.github.mcppersist.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Many clients at once while Redis goes through the worst.
 */
@NeedsRedis
class RedisTransportLoadTests {

	private static final int LONG_CALLERS = 20;

	private static final int SHORT_CALLERS = 10;

	private static final int INTERVAL_MS = 100;

	private static final int LONG_CALL = 50;

	private static final int SHORT_CALL = 5;

	/**
	 * What each of the short callers has to get done while the outage lasts.
	 */
	private static final int CALLS_IN_OUTAGE = 2;

	private static final String GATE = "the outage is over";

	@Test
	@Timeout(600)
	void everyClientGetsEverythingInTimeWhileRedisIsPausedKilledAndStartedAgainEmpty() throws Exception {
		ExecutorService clients = Executors.newFixedThreadPool(LONG_CALLERS + SHORT_CALLERS);
		try (RedisServer redis = RedisServer.start()) {
			List<Call> calls = new ArrayList<>();
			try (RedisMcpServer server = RedisMcpServer.on(redis, RedisTransportOutageTests.TIMEOUT)) {
				AtomicBoolean paused = new AtomicBoolean();
				AtomicBoolean longCallsEnded = new AtomicBoolean();
				CountDownLatch running = new CountDownLatch(LONG_CALLERS);
				CountDownLatch counted = new CountDownLatch(LONG_CALLERS);
				CountDownLatch stored = new CountDownLatch(LONG_CALLERS);
				CountDownLatch called = new CountDownLatch(SHORT_CALLERS * CALLS_IN_OUTAGE);
				List<Future<Call>> longCalls = submit(clients, LONG_CALLERS, (caller) -> call(server,
						server.client().initialize(), "long-" + caller, LONG_CALL, (events) -> {
							if (events == 5) {
								running.countDown();
							}
							if (events == LONG_CALL) {
								counted.countDown();
							}
							// The priming event, the numbers, and the ID of the last of
							// them
							if (events == LONG_CALL + 2) {
								stored.countDown();
							}
						}));
				List<Future<List<Call>>> shortCalls = submit(clients, SHORT_CALLERS,
						(caller) -> callAgainAndAgain(server, caller, paused, called, longCallsEnded));

				assertThat(running.await(60, TimeUnit.SECONDS)).isTrue();
				redis.pause();
				paused.set(true);
				// While the outage lasts: nobody waits for its end
				assertThat(counted.await(60, TimeUnit.SECONDS)).isTrue();
				assertThat(called.await(60, TimeUnit.SECONDS)).isTrue();
				redis.kill();
				redis.startAgain();
				server.awaitStoring();
				assertThat(stored.await(60, TimeUnit.SECONDS)).isTrue();
				server.open(GATE);

				for (Future<Call> call : longCalls) {
					calls.add(call.get(60, TimeUnit.SECONDS));
				}
				longCallsEnded.set(true);
				for (Future<List<Call>> ofCaller : shortCalls) {
					calls.addAll(ofCaller.get(60, TimeUnit.SECONDS));
				}

				assertComplete(calls);
				assertThat(calls.stream().filter((call) -> call.n() == LONG_CALL))
					.allSatisfy((call) -> assertThat(call.last().id()).as("the ID of the result").isNotNull());
				assertThat(call(server, server.client().initialize(), "after", 3, (events) -> {
				}).events()).allSatisfy((event) -> assertThat(event.id()).isNotNull());
			}
			RedisMcpServer.assertNothingIsLeftIn(redis);
		}
		finally {
			clients.shutdownNow();
		}
	}

	private static void assertComplete(List<Call> calls) {
		long longest = calls.stream()
			.filter((call) -> call.n() == SHORT_CALL)
			.mapToLong(Call::waitedMillis)
			.max()
			.orElseThrow();
		long afterTool = calls.stream().mapToLong(Call::afterToolMillis).max().orElseThrow();
		System.out
			.printf("%d calls while Redis was paused, killed and started empty: at most %d ms longer than the counting "
					+ "takes, at most %d ms from the tool's end to the result%n", calls.size(), longest, afterTool);
		assertThat(calls).hasSizeGreaterThanOrEqualTo(LONG_CALLERS + CALLS_IN_OUTAGE * SHORT_CALLERS)
			.allSatisfy((call) -> {
				assertThat(SentNumbers.of(call.events()))
					.containsExactlyElementsOf(IntStream.rangeClosed(1, call.n()).boxed().toList());
				assertThat(call.last().data()).contains("counted " + call.n());
			});
	}

	private static List<Call> callAgainAndAgain(RedisMcpServer server, int caller, AtomicBoolean paused,
			CountDownLatch called, AtomicBoolean enough) throws Exception {
		RawMcpClient client = server.client().initialize();
		List<Call> calls = new ArrayList<>();
		int inOutage = 0;
		while (!enough.get()) {
			boolean began = paused.get();
			calls.add(call(server, client, "short-" + caller + "-" + calls.size(), SHORT_CALL, (events) -> {
			}));
			if (began && ++inOutage <= CALLS_IN_OUTAGE) {
				called.countDown();
			}
		}
		return calls;
	}

	private static Call call(RedisMcpServer server, RawMcpClient client, String run, int n, IntConsumer received)
			throws Exception {
		long start = System.nanoTime();
		List<SseEvent> events = new ArrayList<>();
		try (Exchange exchange = client.call(run, "paced", "{\"n\":" + n + ",\"intervalMs\":" + INTERVAL_MS
				+ ",\"run\":\"" + run + "\"" + ((n == LONG_CALL) ? ",\"gate\":\"" + GATE + "\"" : "") + "}")) {
			assertThat(exchange.status()).isEqualTo(200);
			for (SseEvent event = exchange.next(); event != null; event = exchange.next()) {
				events.add(event);
				received.accept(events.size());
			}
		}
		long end = System.nanoTime();
		return new Call(n, events, TimeUnit.NANOSECONDS.toMillis(end - start) - (long) n * INTERVAL_MS,
				TimeUnit.NANOSECONDS.toMillis(end - server.endOf(run)));
	}

	private static <T> List<Future<T>> submit(ExecutorService executor, int count, Caller<T> caller) {
		List<Future<T>> futures = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			int number = i;
			Callable<T> task = () -> caller.call(number);
			futures.add(executor.submit(task));
		}
		return futures;
	}

	/**
	 * One call as its client saw it.
	 *
	 * @param n how far the tool counted
	 * @param events what arrived
	 * @param waitedMillis how much longer the call took than the counting
	 * @param afterToolMillis how long after the tool's end the stream ended
	 */
	private record Call(int n, List<SseEvent> events, long waitedMillis, long afterToolMillis) {

		SseEvent last() {
			return this.events.get(this.events.size() - 1);
		}

	}

	private interface Caller<T> {

		T call(int number) throws Exception;

	}

}

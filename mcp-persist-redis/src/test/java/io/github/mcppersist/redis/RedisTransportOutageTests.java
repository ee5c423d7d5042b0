package io.github.mcppersist.redis;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;
import io.github.mcppersist.test.transport.RawMcpClient;
import io.github.mcppersist.test.transport.RawMcpClient.Exchange;
import io.github.mcppersist.test.transport.RawMcpClient.SseEvent;
import io.github.mcppersist.transport.StoreFailurePolicy;
import io.github.mcppersist.transport.StreamableHttpOptions;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What clients see while Redis fails, and afterwards.
 */
@Timeout(600)
@NeedsRedis
class RedisTransportOutageTests {

	/**
	 * Four times the default, for the sake of busy machines.
	 */
	static final Duration TIMEOUT = RedisMcpServer.DEFAULT_TIMEOUT.multipliedBy(4);

	private RedisServer redis;

	private RedisMcpServer server;

	@BeforeEach
	void start() {
		this.redis = RedisServer.start("maxmemory-policy noeviction");
	}

	@AfterEach
	void stop() throws IOException {
		try {
			if (this.server != null) {
				this.server.close();
				RedisMcpServer.assertNothingIsLeftIn(this.redis);
			}
		}
		finally {
			this.redis.close();
		}
	}

	@ParameterizedTest
	@EnumSource
	void aRunningCallGoesOnThroughAnOutageAndCanBeResumedAfterIt(RedisOutage outage) throws Exception {
		this.server = RedisMcpServer.on(this.redis, TIMEOUT);
		RawMcpClient client = this.server.client().initialize();
		List<SseEvent> before;
		List<SseEvent> during;
		SseEvent moved;
		List<SseEvent> after;

		try (Exchange call = client.call(1, "steps", "{\"each\":2,\"gates\":[\"a\",\"b\"]}")) {
			before = read(call, 3);
			outage.begin(this.redis);
			this.server.open("a");
			during = read(call, 2);
			outage.end(this.redis);
			moved = readToCursor(call, 5);
			this.server.open("b");
			after = call.rest();
		}

		assertThat(SentNumbers.of(before)).containsExactly(1, 2);
		assertThat(before).allSatisfy((event) -> assertThat(event.id()).isNotNull());
		assertThat(SentNumbers.of(during)).containsExactly(3, 4);
		assertThat(during).allSatisfy((event) -> assertThat(event.id()).isNull());
		assertThat(SentNumbers.of(after)).containsExactly(5, 6);
		assertThat(after).allSatisfy((event) -> assertThat(event.id()).isNotNull());
		assertThat(after.get(2).data()).contains("counted 6");
		try (Exchange resume = client.get(moved.id())) {
			assertThat(resume.rest()).isEqualTo(after);
		}
		try (Exchange resume = client.get(before.get(1).id())) {
			assertThat(resume.status()).isEqualTo(200);
			List<SseEvent> replayed = resume.rest();
			if (outage.losesData()) {
				assertThat(replayed).hasSize(1);
				assertThat(replayed.get(0).data()).contains("\"error\"").contains("\"id\":1");
			}
			else {
				assertThat(SentNumbers.of(replayed)).containsExactly(2, 3, 4, 5, 6);
				assertThat(replayed.subList(3, 6)).isEqualTo(after);
			}
		}
	}

	@ParameterizedTest
	@EnumSource
	void sessionsAndCallsThatBeginInAnOutageWorkAndAreStoredAfterIt(RedisOutage outage) throws Exception {
		this.server = RedisMcpServer.on(this.redis, TIMEOUT);
		outage.begin(this.redis);
		RawMcpClient client = this.server.client().initialize();

		List<SseEvent> whole;
		try (Exchange call = client.call(1, "paced", "{\"n\":3,\"intervalMs\":10,\"run\":\"r\"}")) {
			assertThat(call.status()).isEqualTo(200);
			// All of it while the outage lasts: nobody waits for Redis
			whole = call.rest();
		}
		SseEvent moved;
		List<SseEvent> after;
		try (Exchange call = client.call(2, "steps", "{\"each\":2,\"gates\":[\"g\"]}")) {
			assertThat(SentNumbers.of(read(call, 2))).containsExactly(1, 2);
			outage.end(this.redis);
			moved = readToCursor(call, 3);
			this.server.open("g");
			after = call.rest();
		}

		assertThat(SentNumbers.of(whole)).containsExactly(1, 2, 3);
		assertThat(whole).hasSize(4).allSatisfy((event) -> assertThat(event.id()).isNull());
		assertThat(whole.get(3).data()).contains("counted 3");
		assertThat(SentNumbers.of(after)).containsExactly(3, 4);
		assertThat(after).allSatisfy((event) -> assertThat(event.id()).isNotNull());
		try (Exchange resume = client.get(moved.id())) {
			assertThat(resume.rest()).isEqualTo(after);
		}
	}

	@ParameterizedTest
	@EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "KILLED_WITHOUT_DATA")
	void aClientThatComesBackInAnOutageGetsWhatItMissedOnceItIsOver(RedisOutage outage) throws Exception {
		this.server = RedisMcpServer.on(this.redis, TIMEOUT);
		RawMcpClient client = this.server.client().initialize();
		String cursor;
		try (Exchange call = client.call(1, "steps", "{\"each\":3,\"gates\":[\"a\",\"b\"]}")) {
			cursor = read(call, 2).get(1).id();
			// The store has acknowledged what the client has seen
			read(call, 2);
			call.cut();
		}
		outage.begin(this.redis);
		this.server.open("a");

		List<SseEvent> resumed = new ArrayList<>();
		try (Exchange resume = client.get(cursor)) {
			assertThat(resume.status()).isEqualTo(200);
			resumed.add(resume.next());
			outage.end(this.redis);
			this.server.open("b");
			resumed.addAll(resume.rest());
		}

		assertThat(SentNumbers.of(resumed)).containsExactly(2, 3, 4, 5, 6, 7, 8, 9);
		assertThat(resumed.get(resumed.size() - 1).data()).contains("counted 9");
	}

	@Test
	void scriptsThatRedisForgotAreNoOutage() throws Exception {
		this.server = RedisMcpServer.on(this.redis, RedisMcpServer.LONG_TIMEOUT);
		RawMcpClient client = this.server.client().initialize();

		List<SseEvent> all;
		try (Exchange call = client.call(1, "steps", "{\"each\":2,\"gates\":[\"a\",\"b\"]}")) {
			all = read(call, 3);
			this.redis.cli("SCRIPT", "FLUSH");
			this.server.open("a");
			all.addAll(read(call, 2));
			this.redis.cli("SCRIPT", "FLUSH");
			this.server.open("b");
			all.addAll(call.rest());
		}

		assertThat(SentNumbers.of(all)).containsExactly(1, 2, 3, 4, 5, 6);
		assertThat(all).hasSize(8).allSatisfy((event) -> assertThat(event.id()).isNotNull());
		try (Exchange resume = client.get(all.get(0).id())) {
			assertThat(resume.rest()).isEqualTo(all.subList(1, 8));
		}
	}

	@Test
	void startsWithoutRedisAndStoresOnceItIsThere() throws Exception {
		this.redis.kill();
		this.server = RedisMcpServer.on(RedisMcpServer.lettuce(this.redis), StreamableHttpOptions.defaults(), TIMEOUT);
		RawMcpClient client = this.server.client().initialize();

		try (Exchange call = client.call(1, "count", "{\"n\":3}")) {
			List<SseEvent> events = call.rest();
			assertThat(SentNumbers.of(events)).containsExactly(1, 2, 3);
			assertThat(events).hasSize(4).allSatisfy((event) -> assertThat(event.id()).isNull());
		}
		this.redis.startAgain();
		this.server.awaitStoring();

		try (Exchange call = client.call(2, "count", "{\"n\":3}")) {
			assertThat(call.rest()).hasSize(5).allSatisfy((event) -> assertThat(event.id()).isNotNull());
		}
	}

	@Test
	void refusesRequestsInAnOutageIfToldTo() throws Exception {
		this.server = RedisMcpServer
			.on(RedisMcpServer.lettuce(this.redis),
					StreamableHttpOptions.builder().onStoreFailure(StoreFailurePolicy.REJECT).build(), TIMEOUT)
			.awaitStoring();
		RawMcpClient client = this.server.client().initialize();

		List<SseEvent> running;
		try (Exchange call = client.call(1, "steps", "{\"each\":2,\"gates\":[\"g\"]}")) {
			running = read(call, 3);
			this.redis.pause();
			try (Exchange refused = client.call(2, "count", "{}")) {
				assertThat(refused.status()).isEqualTo(503);
				assertThat(refused.body()).startsWith("{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{");
			}
			this.server.open("g");
			running.addAll(call.rest());
			this.redis.resume();
		}

		assertThat(SentNumbers.of(running)).containsExactly(1, 2);
		assertThat(running).hasSize(4);
		assertThat(running.get(3).data()).contains("\"id\":1").doesNotContain("counted");
		this.server.awaitStoring();
	}

	/**
	 * Read the empty events that move a client's cursor on.
	 */
	private static SseEvent readToCursor(Exchange exchange, long sequence) throws IOException {
		SseEvent event;
		do {
			event = read(exchange, 1).get(0);
			assertThat(event.data()).isEmpty();
			assertThat(event.id()).isNotNull();
		}
		while (EventId.parse(event.id()).sequence() < sequence);
		return event;
	}

	private static List<SseEvent> read(Exchange exchange, int count) throws IOException {
		List<SseEvent> events = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			SseEvent event = exchange.next();
			assertThat(event).as("event " + (i + 1) + " after " + events).isNotNull();
			events.add(event);
		}
		return events;
	}

}

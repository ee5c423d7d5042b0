package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SubscribedUris;
import io.github.mcppersist.test.redis.NeedsRedis;
import io.github.mcppersist.test.redis.RedisServer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests that no call holds Redis up, however many resources have how many subscribers.
 */
@NeedsRedis
class RedisSubscriptionsTests {

	/**
	 * So many commands take Redis a few milliseconds.
	 */
	private static final int COMMANDS_PER_CALL = 1300;

	private static final String POPULAR = "file:///popular";

	private final RedisStores stores = new RedisStores();

	private final RedisServer redis = RedisServer.start();

	private final RedisSessionStore store = RedisSessionStore.of(this.stores
		.open(this.stores.builder(Driver.LETTUCE.open(new RedisStandaloneConfiguration("127.0.0.1", this.redis.port())))
			.timeout(Duration.ofSeconds(15))), Duration.ofHours(24));

	@AfterEach
	void close() throws Exception {
		this.stores.close();
		this.redis.close();
	}

	private List<String> createSessions(int sessions, int uris) {
		List<String> sessionIds = new ArrayList<>();
		for (int i = 0; i < sessions; i++) {
			String prefix = "file:///" + i + "/";
			Set<String> subscriptions = new HashSet<>(Set.of(POPULAR));
			IntStream.range(0, uris).forEach((n) -> subscriptions.add(prefix + n));
			String sessionId = SessionNames.of(UUID.randomUUID().toString());
			TestEvents.block(this.store.createSession(new SessionRecord(sessionId, "{}", "2025-11-25", null, "server",
					null, subscriptions, null, false, Revision.FIRST)));
			sessionIds.add(sessionId);
		}
		return sessionIds;
	}

	private static void assertBounded(List<List<String>> scripts) {
		assertThat(scripts).isNotEmpty();
		for (List<String> commands : scripts) {
			assertThat(commands.size()).isLessThanOrEqualTo(COMMANDS_PER_CALL);
			assertThat(commands).allSatisfy((command) -> {
				assertThat(command).doesNotStartWith("zremrangeby");
				if (command.startsWith("zrangebyscore") && command.contains(":u:{u}")) {
					assertThat(command).containsPattern("\"LIMIT\" \"0\" \"\\d{1,4}\"");
				}
			});
		}
	}

	@Test
	void noCallDoesMoreThanABoundedAmountForManyResources() throws Exception {
		try (RedisMonitor monitor = new RedisMonitor(this.redis)) {
			List<String> sessionIds = createSessions(10, 999);
			assertBounded(withoutIndexOfSessions(monitor));

			int calls = 0;
			SubscribedUris part = new SubscribedUris(List.of(), 0, true, 0);
			while (part.more()) {
				part = this.store.findSubscribedUris(part.after()).block(RedisStores.LIMIT);
				assertThat(part.uris()).hasSizeLessThanOrEqualTo(250);
				calls++;
			}
			assertThat(part.total()).isEqualTo(9991);
			assertThat(calls).isEqualTo(40);
			TestEvents.block(this.store.renewSessions(sessionIds));
			TestEvents.block(this.store.deleteSession(sessionIds.get(0)));

			assertBounded(withoutIndexOfSessions(monitor));
		}
	}

	@Test
	void noCallDoesMoreThanABoundedAmountForManySubscribersOrAllThatHaveExpired() throws Exception {
		String subscribers = new RedisKeys(this.stores.keyPrefix()).subscribers(POPULAR);
		String expiries = new RedisKeys(this.stores.keyPrefix()).uriExpiries();
		for (int i = 0; i < 5000; i += 100) {
			List<String> expired = new ArrayList<>(List.of("ZADD", subscribers));
			List<String> gone = new ArrayList<>(List.of("ZADD", expiries));
			for (int n = i; n < i + 100; n++) {
				expired.addAll(List.of("1", "expired-" + n));
				gone.addAll(List.of("1", "file:///gone/" + n));
			}
			this.redis.cli(expired.toArray(String[]::new));
			this.redis.cli(gone.toArray(String[]::new));
		}
		try (RedisMonitor monitor = new RedisMonitor(this.redis)) {
			List<String> sessionIds = createSessions(1100, 0);
			assertBounded(withoutIndexOfSessions(monitor));

			assertThat(TestEvents.block(this.store.findSubscribers(POPULAR)))
				.containsExactlyInAnyOrderElementsOf(sessionIds);

			assertBounded(withoutIndexOfSessions(monitor));
		}
		assertThat(this.redis.cli("ZCOUNT", subscribers, "-inf", "1")).isEqualTo(0L);
		assertThat(this.redis.cli("ZCOUNT", expiries, "-inf", "1")).isEqualTo(0L);
	}

	/**
	 * What keeps count of the sessions, or looks after the server, is none of this.
	 */
	private List<List<String>> withoutIndexOfSessions(RedisMonitor monitor) throws Exception {
		return monitor.scripts()
			.stream()
			.filter((commands) -> commands.stream().noneMatch((command) -> command.contains(":s:{s}")))
			.filter((commands) -> commands.stream().noneMatch((command) -> command.contains("}:p\"")))
			.toList();
	}

}

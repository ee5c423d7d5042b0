package io.github.mcppersist.session;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.Revision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class InMemorySessionStoreTests extends AbstractInMemorySessionStoreTests {

	@Test
	void saysHowOldASessionIs() {
		create(this.store, "first");

		this.clock.advance(Duration.ofHours(3));
		block(this.store.renewSessions(List.of("first")));
		this.clock.advance(Duration.ofHours(2));

		StoredSession session = Objects.requireNonNull(block(this.store.describeSession("first")));
		assertThat(session.age()).isEqualTo(Duration.ofHours(5));
		assertThat(session.idle()).isEqualTo(Duration.ofHours(2));
		assertThat(session.node()).isNull();
	}

	@Test
	void refusesANewSessionBeyondItsBytes() {
		InMemorySessionStore store = builder().maxBytes(10_000).build();
		create(store, "first");
		block(store.subscribe("first", "file:///" + "a".repeat(4000)));

		assertThatExceptionOfType(TooManySessionsException.class).isThrownBy(() -> create(store, "second"));
		find(store, "first");

		block(store.unsubscribe("first", "file:///" + "a".repeat(4000)));
		create(store, "second");
		block(store.subscribe("second", "file:///" + "a".repeat(4000)));
		block(store.deleteSession("second"));
		create(store, "third");
	}

	@Test
	void takesANewSessionWhenOneHasExpired() {
		InMemorySessionStore store = builder().maxSessions(1).timeToLive(Duration.ofHours(1)).build();
		create(store, "first");

		this.clock.advance(Duration.ofHours(1));

		create(store, "second");
		find(store, "second");
	}

	@Test
	void takesASessionAgainThatItHasAlready() {
		InMemorySessionStore store = builder().maxSessions(2).build();
		create(store, "first");
		create(store, "second");

		create(store, "second");
		create(store, "first");

		find(store, "first");
		find(store, "second");
	}

	@Test
	void expiresWithoutBeingAskedForTheSession() {
		create(this.store, "first");
		block(this.store.subscribe("first", "file:///a"));

		this.clock.advance(Duration.ofHours(24).minusMillis(1));
		assertThat(subscribedUris(this.store)).containsExactly("file:///a");
		this.clock.advance(Duration.ofMillis(1));

		assertThat(subscribedUris(this.store)).isEmpty();
		assertThat(subscribers(this.store, "file:///a")).isEmpty();
		assertNotFound(this.store, "first");
	}

	@Test
	void expiresInTheOrderInWhichSessionsWereUsed() {
		for (int i = 0; i < 10; i++) {
			create(this.store, "session-" + i);
			this.clock.advance(Duration.ofHours(1));
		}
		block(this.store.renewSessions(List.of("session-0")));

		// 9 hours after the last of them
		this.clock.advance(Duration.ofHours(16).plusMinutes(30));

		find(this.store, "session-0");
		for (int i = 1; i <= 2; i++) {
			assertNotFound(this.store, "session-" + i);
		}
		for (int i = 3; i < 10; i++) {
			find(this.store, "session-" + i);
		}
	}

	@Test
	void forgetsTheResourcesThatHaveNoSubscriberLeft() {
		create(this.store, "first");
		create(this.store, "second");
		block(this.store.subscribe("first", "file:///a"));
		block(this.store.subscribe("second", "file:///a"));
		block(this.store.subscribe("second", "file:///b"));

		block(this.store.unsubscribe("first", "file:///a"));
		assertThat(subscribedUris(this.store)).containsExactlyInAnyOrder("file:///a", "file:///b");
		block(this.store.unsubscribe("second", "file:///a"));
		assertThat(subscribedUris(this.store)).containsExactly("file:///b");
		block(this.store.deleteSession("second"));

		assertThat(subscribedUris(this.store)).isEmpty();
	}

	@Test
	void doesNotIndexTheSubscriptionsOfASessionThatItLeavesAsItIs() {
		create(this.store, "first");

		block(this.store.createSession(new SessionRecord("first", "{}", "1", null, "server", null, Set.of("file:///a"),
				null, false, new Revision(5))));

		assertThat(subscribedUris(this.store)).isEmpty();
	}

	@Test
	void countsOnlyChangesInTheRevision() {
		create(this.store, "first");

		assertThat(block(this.store.unsubscribe("first", "file:///a"))).isEqualTo(Revision.FIRST);
		assertThat(block(this.store.subscribe("first", "file:///a"))).isEqualTo(new Revision(2));
		assertThat(block(this.store.subscribe("first", "file:///a"))).isEqualTo(new Revision(2));
		assertThat(block(this.store.setLogLevel("first", "debug"))).isEqualTo(new Revision(3));
		assertThat(block(this.store.setLogLevel("first", "debug"))).isEqualTo(new Revision(3));
	}

	@Test
	void keepsAnAnswerForFiveMinutes() {
		create(this.store, "first");
		block(this.store.storeAnswer("first", "early", bytes("1")));
		this.clock.advance(Duration.ofMinutes(1));
		block(this.store.storeAnswer("first", "late", bytes("2")));
		block(this.store.storeAnswer("first", "taken", bytes("3")));

		this.clock.advance(Duration.ofMinutes(4).minusMillis(1));
		assertThat(take(this.store, "first", "taken")).hasSize(1);
		this.clock.advance(Duration.ofMillis(1));

		assertThat(take(this.store, "first", "early", "late", "taken")).containsOnlyKeys("late");
	}

	@Test
	void dropsTheOldestAnswersBeyondTheirBytes() {
		byte[] answer = new byte[1024 * 1024];
		for (int i = 0; i < 100; i++) {
			block(this.store.storeAnswer("session-" + (i % 7), "r-" + i, answer));
		}

		assertThat(take(this.store, "session-" + (36 % 7), "r-36")).isEmpty();
		for (int i = 37; i < 100; i++) {
			assertThat(take(this.store, "session-" + (i % 7), "r-" + i)).hasSize(1);
		}
		// What was taken has made room
		for (int i = 0; i < 63; i++) {
			block(this.store.storeAnswer("more-" + (i % 7), "r-" + i, answer));
		}
		assertThat(take(this.store, "more-0", "r-0")).hasSize(1);
	}

	@Test
	void keepsTheAnswerThatWasJustStoredHoweverLarge() {
		block(this.store.storeAnswer("first", "small", bytes("1")));
		block(this.store.storeAnswer("second", "large", new byte[65 * 1024 * 1024]));

		assertThat(take(this.store, "first", "small")).isEmpty();
		assertThat(take(this.store, "second", "large")).containsOnlyKeys("large");
	}

	@Test
	void remembersDeletedSessionsUpToABound() {
		String first = SessionNames.of(UUID.randomUUID().toString());
		block(this.store.deleteSession(first));
		String second = SessionNames.of(UUID.randomUUID().toString());
		block(this.store.deleteSession(second));
		for (int i = 0; i < 9_999; i++) {
			block(this.store.deleteSession("session-" + i));
		}

		create(this.store, first);
		assertSessionDeleted(
				this.store.createSession(SessionRecord.initialized(second, "{}", "2025-11-25", null, "server")));
	}

	@Test
	void remembersADeletedSessionFromItsLastDeletionOn() {
		String first = SessionNames.of(UUID.randomUUID().toString());
		block(this.store.deleteSession(first));
		for (int i = 0; i < 9_999; i++) {
			block(this.store.deleteSession("session-" + i));
		}
		block(this.store.deleteSession(first));
		block(this.store.deleteSession("session-9999"));

		assertSessionDeleted(
				this.store.createSession(SessionRecord.initialized(first, "{}", "2025-11-25", null, "server")));
		create(this.store, "session-0");
	}

	@Test
	void hasDefaultBounds() {
		assertThat(new InMemorySessionStore().timeToLive()).isEqualTo(Duration.ofHours(24));
		InMemorySessionStore store = InMemorySessionStore.builder().maxBytes(Long.MAX_VALUE).build();
		for (int i = 0; i < 100_000; i++) {
			block(store.createSession(SessionRecord.initialized("session-" + i, "{}", "2025-11-25", null, "server")));
		}

		assertThatExceptionOfType(TooManySessionsException.class).isThrownBy(() -> create(store, "one-more"));
		find(store, "session-0");
		find(store, "session-99999");
	}

	@Test
	void refusesBoundsThatLeaveNoRoom() {
		InMemorySessionStore.Builder builder = InMemorySessionStore.builder();

		assertThatIllegalArgumentException().isThrownBy(() -> builder.maxSessions(0))
			.withMessageContaining("maxSessions must be at least 1: 0");
		assertThatIllegalArgumentException().isThrownBy(() -> builder.timeToLive(Duration.ZERO))
			.withMessageContaining("timeToLive");
		assertThatIllegalArgumentException().isThrownBy(() -> builder.timeToLive(Duration.ofNanos(5)));
	}

}

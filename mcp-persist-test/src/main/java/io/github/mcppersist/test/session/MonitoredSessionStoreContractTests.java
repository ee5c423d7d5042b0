package io.github.mcppersist.test.session;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.session.MonitoredSessionStore;
import io.github.mcppersist.session.SessionPage;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.StoredSession;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * What every {@link MonitoredSessionStore} must do beside what every session store must.
 */
public abstract class MonitoredSessionStoreContractTests extends SessionStoreContractTests {

	private static final String REQUEST = "{\"capabilities\":{},\"clientInfo\":{\"name\":\"\u20ac\",\"version\":\"1\"}}";

	// Others may be there, of tests that ran before
	private final String tag = UUID.randomUUID().toString().substring(0, 8);

	@Override
	protected abstract MonitoredSessionStore store();

	@Override
	protected abstract MonitoredSessionStore secondNode();

	@Override
	protected abstract MonitoredSessionStore store(Duration timeToLive);

	@Test
	void describesASessionOnAnyNode() {
		String session = create(store(), "a");
		block(store().subscribe(session, "file:///a"));

		StoredSession found = await(secondNode().describeSession(session));

		assertThat(found.sessionName()).isEqualTo(session);
		assertThat(found.initializeRequest()).isEqualTo(REQUEST);
		assertThat(found.protocolVersion()).isEqualTo("2025-11-25");
		assertThat(found.owner()).isEqualTo("alice");
		assertThat(found.server()).isEqualTo("server");
		assertThat(found.age()).isBetween(Duration.ZERO, TIMEOUT);
		assertThat(found.idle()).isBetween(Duration.ZERO, TIMEOUT);
		assertThat(found.toString()).doesNotContain(session, "alice", "clientInfo");
	}

	@Test
	void describesNoSessionThatIsNotStored() {
		String session = create(store(), "a");
		block(store().deleteSession(session));

		assertThat(store().describeSession(session).blockOptional(TIMEOUT)).isEmpty();
		assertThat(store().describeSession(this.tag).blockOptional(TIMEOUT)).isEmpty();
		assertThat(names(store(), 10)).isEmpty();
	}

	@Test
	void saysHowLongASessionIsIdle() {
		MonitoredSessionStore store = store();
		String session = create(store, "a");

		elapse(unit().multipliedBy(3));

		assertThat(await(store.describeSession(session)).idle()).isBetween(unit().multipliedBy(3),
				unit().multipliedBy(4));
		block(store.renewSessions(List.of(session)));
		assertThat(await(store.describeSession(session)).idle()).isLessThan(unit());
		elapse(unit().multipliedBy(2));
		block(store.setLogLevel(session, "debug"));
		assertThat(await(store.describeSession(session)).idle()).isLessThan(unit());
	}

	@Test
	void findsSessionsByTheirLastUseThePageBeforeFirst() {
		List<String> sessions = new ArrayList<>();
		for (String name : List.of("a", "b", "c", "d", "e")) {
			sessions.add(0, create(store(), name));
			elapse(unit());
		}

		assertThat(names(secondNode(), 1)).isEqualTo(sessions);
		assertThat(names(secondNode(), 2)).isEqualTo(sessions);
		assertThat(names(secondNode(), 5)).isEqualTo(sessions);
		assertThat(names(secondNode(), 200)).isEqualTo(sessions);

		block(store().renewSessions(List.of(sessions.get(4))));
		Collections.rotate(sessions, 1);
		assertThat(names(secondNode(), 2)).isEqualTo(sessions);
	}

	@Test
	void findsEachSessionOnceOfThoseThatWereUsedAtTheSameMoment() {
		List<String> sessions = Stream.iterate(0, (i) -> i + 1).limit(45).map((i) -> create(store(), "s" + i)).toList();
		block(store().renewSessions(sessions));

		for (int size : List.of(1, 7, 45)) {
			assertThat(names(store(), size)).containsExactlyInAnyOrderElementsOf(sessions);
		}
	}

	@Test
	void goesOnBehindASessionThatHasGone() {
		List<String> sessions = new ArrayList<>();
		for (int i = 0; i < 6; i++) {
			sessions.add(0, create(store(), "s" + i));
		}
		block(store().renewSessions(sessions));
		SessionPage first = await(store().findSessions(null, 2));
		List<String> seen = new ArrayList<>(names(first));

		first.sessions().forEach((session) -> block(store().deleteSession(session.sessionName())));
		seen.addAll(names(store(), 2, first.next()));

		assertThat(seen).containsExactlyInAnyOrderElementsOf(sessions);
	}

	@Test
	void findsNoSessionThatHasExpired() {
		MonitoredSessionStore store = store(unit().multipliedBy(4));
		String expired = create(store, "a");
		elapse(unit().multipliedBy(3));
		String kept = create(store, "b");
		elapse(unit().multipliedBy(3));

		assertThat(names(store, 10)).containsExactly(kept);
		assertThat(store.describeSession(expired).blockOptional(TIMEOUT)).isEmpty();
	}

	@Test
	void endsWithoutACursor() {
		MonitoredSessionStore store = store();
		create(store, "a");
		String cursor = null;
		int pages = 0;
		do {
			SessionPage page = await(store.findSessions(cursor, MonitoredSessionStore.MAX_PAGE_SIZE));
			assertThat(page.next()).isNotEqualTo((cursor != null) ? cursor : "");
			cursor = page.next();
			pages++;
		}
		while (cursor != null);
		assertThat(pages).isPositive();
	}

	@Test
	void refusesWhatIsNoCursorAndNoSize() {
		for (String cursor : List.of("", "a", "-1", "1.", "1.a b", "1.{a}", "1.2.3\n", "1e3.a", "9".repeat(40),
				"+inf.a")) {
			assertThatIllegalArgumentException().as(cursor).isThrownBy(() -> store().findSessions(cursor, 10));
		}
		for (int size : List.of(-1, 0, MonitoredSessionStore.MAX_PAGE_SIZE + 1)) {
			assertThatIllegalArgumentException().isThrownBy(() -> store().findSessions(null, size));
		}
		assertThatIllegalArgumentException().isThrownBy(() -> store().describeSession("a b"));
	}

	private String create(MonitoredSessionStore store, String name) {
		String session = this.tag + '-' + name;
		block(store.createSession(SessionRecord.initialized(session, REQUEST, "2025-11-25", "alice", "server")));
		return session;
	}

	private List<String> names(MonitoredSessionStore store, int size) {
		return names(store, size, null);
	}

	private List<String> names(MonitoredSessionStore store, int size, @Nullable String from) {
		List<String> names = new ArrayList<>();
		String cursor = from;
		do {
			SessionPage page = await(store.findSessions(cursor, size));
			assertThat(page.sessions()).hasSizeLessThanOrEqualTo(size);
			names.addAll(names(page));
			cursor = page.next();
		}
		while (cursor != null);
		return names;
	}

	private List<String> names(SessionPage page) {
		return page.sessions()
			.stream()
			.map(StoredSession::sessionName)
			.filter((session) -> session.startsWith(this.tag))
			.toList();
	}

	private static <T> T await(Mono<T> call) {
		return Objects.requireNonNull(call.block(TIMEOUT));
	}

}

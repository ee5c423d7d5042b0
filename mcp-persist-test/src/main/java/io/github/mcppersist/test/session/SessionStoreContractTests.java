package io.github.mcppersist.test.session;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.session.AnswerStore;
import io.github.mcppersist.session.SessionAlreadyDeletedException;
import io.github.mcppersist.session.SessionNames;
import io.github.mcppersist.session.SessionNotFoundException;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStore;
import io.github.mcppersist.session.SessionStoreException;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.session.SubscribedUris;
import io.github.mcppersist.session.SubscriptionStore;
import io.github.mcppersist.session.TooManySessionsException;
import io.github.mcppersist.session.TooManySubscribedResourcesException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * What every {@link SessionStore} must do. A store extends this class with its own, and
 * supplies the stores.
 */
@Timeout(600)
public abstract class SessionStoreContractTests {

	/**
	 * How long any one call may take.
	 */
	protected static final Duration TIMEOUT = Duration.ofMinutes(1);

	private static final String INITIALIZE = "{\"capabilities\":{\"sampling\":{}},"
			+ "\"clientInfo\":{\"name\":\"client\",\"version\":\"1\"}}";

	private static final String ODD_TEXT = "\"\\u0000 \u00e9 \u20ac \ud83d\ude80 \ud834\udd1e {}[] \\r\\n \r\n\t"
			+ "\u0000\u0001\u007f\ufeff\u2028 %s %n ${a} #{b} '";

	private static final List<String> NOT_SESSION_NAMES = List.of("", " ", "a b", "a}b", "{a", "a:b", "a*", "a\n",
			"\u0000", "\u00e9", "\ud83d\ude80", "a".repeat(33), UUID.randomUUID().toString());

	private static final List<String> NOT_REQUEST_IDS = List.of("", " ", "a b", "a}b", "{a", "a:b", "a*", "a\n",
			"\u0000", "\u00e9", "\ud83d\ude80", "a".repeat(65));

	private final String session = SessionNames.of(UUID.randomUUID().toString());

	private final String uri = "file:///" + UUID.randomUUID();

	/**
	 * Return the store under test: within one test the same at each call, with a time to
	 * live and bounds that no test reaches.
	 * @return the store
	 */
	protected abstract SessionStore store();

	/**
	 * Return a store over the same sessions as {@link #store()}, as another node would
	 * have it: within one test the same at each call.
	 * @return another store, or the same one if its sessions are its own
	 */
	protected abstract SessionStore secondNode();

	/**
	 * Return a store whose sessions soon expire.
	 * @param timeToLive how long a session is kept
	 * @return a store of its own
	 */
	protected abstract SessionStore store(Duration timeToLive);

	/**
	 * Return an empty store that keeps few sessions.
	 * @param maxSessions how many
	 * @return a store of its own
	 */
	protected abstract SessionStore store(int maxSessions);

	/**
	 * Return the unit of the times to live in the tests of expiry. A store that is asked
	 * half a unit later than it should be fails them. So a store for which
	 * {@link #elapse(Duration)} moves a clock has a long unit, and whoever has to wait a
	 * short one.
	 * @return a positive duration
	 */
	protected Duration unit() {
		return Duration.ofSeconds(1);
	}

	private Duration units(double count) {
		return Duration.ofMillis((long) (count * unit().toMillis()));
	}

	/**
	 * Let time pass for the stores under test.
	 * @param duration how much
	 */
	protected void elapse(Duration duration) {
		Awaitility.await().pollDelay(duration).atMost(duration.plus(TIMEOUT)).until(() -> true);
	}

	// Creating and finding

	@Test
	void findsASessionAsItWasCreated() {
		SessionRecord session = SessionRecord.initialized(this.session, INITIALIZE, "2025-11-25", "alice", "server");

		block(store().createSession(session));

		assertThat(find(store(), this.session)).isEqualTo(session);
		assertThat(find(secondNode(), this.session)).isEqualTo(session);
	}

	@Test
	void findsASessionThatIsNobodys() {
		SessionRecord session = SessionRecord.initialized(this.session, INITIALIZE, "2025-03-26", null, "server");

		block(store().createSession(session));

		assertThat(find(secondNode(), this.session)).isEqualTo(session);
	}

	@Test
	void doesNotTakeAnEmptyNameForNobody() {
		SessionRecord session = SessionRecord.initialized(this.session, INITIALIZE, "2025-11-25", "", "server");

		block(store().createSession(session));

		assertThat(find(secondNode(), this.session)).isEqualTo(session);
	}

	@Test
	void findsASessionThatDoesNotSayOfWhichServerItIs() {
		SessionRecord session = new SessionRecord(this.session, INITIALIZE, "2025-11-25", "alice", null, null, Set.of(),
				null, false, Revision.FIRST);

		block(store().createSession(session));

		assertThat(find(secondNode(), this.session)).isEqualTo(session);
	}

	@Test
	void keepsAllThatAnotherNodeKnewOfASession() {
		SessionRecord session = new SessionRecord(this.session, INITIALIZE, "2025-06-18", "alice", "server", "warning",
				Set.of(this.uri, this.uri + "/2"), EventId.next("aB3", 999_999_999_999_999L), true, new Revision(7));

		block(store().createSession(session));

		assertThat(find(secondNode(), this.session)).isEqualTo(session);
		assertThat(subscribers(secondNode(), this.uri)).containsExactly(this.session);
		assertThat(subscribers(secondNode(), this.uri + "/2")).containsExactly(this.session);
		assertThat(block(secondNode().setLogLevel(this.session, "error"))).isEqualTo(new Revision(8));
	}

	@Test
	void keepsEveryCharacterOfASession() {
		SessionRecord odd = new SessionRecord(this.session, ODD_TEXT, ODD_TEXT, ODD_TEXT, ODD_TEXT, ODD_TEXT,
				Set.of(ODD_TEXT), null, false, Revision.FIRST);
		SessionRecord large = SessionRecord.initialized(SessionNames.of(UUID.randomUUID().toString()),
				"{\"x\":\"" + "\ud83d\ude80".repeat(50_000) + "\"}", "2025-11-25", "\u00e9x".repeat(5_000), "server");

		block(store().createSession(odd));
		block(store().createSession(large));

		assertThat(find(secondNode(), odd.sessionName())).isEqualTo(odd);
		assertThat(find(secondNode(), large.sessionName())).isEqualTo(large);
	}

	@Test
	void takesEverySessionNameOfTheGrammar() {
		String unique = SessionNames.of(UUID.randomUUID().toString());
		for (String sessionName : List.of(unique, "." + unique + "_A", "a".repeat(10) + unique, "-" + unique)) {
			SessionRecord session = SessionRecord.initialized(sessionName, INITIALIZE, "2025-11-25", null, "server");

			block(store().createSession(session));

			assertThat(find(secondNode(), sessionName)).isEqualTo(session);
		}
	}

	@Test
	void findsNothingOfAnUnknownSession() {
		create(store(), SessionNames.of(UUID.randomUUID().toString()));

		assertNotFound(store(), this.session);
	}

	@Test
	void leavesAStoredSessionAsItIs() {
		SessionRecord session = SessionRecord.initialized(this.session, INITIALIZE, "2025-11-25", "alice", "server");
		block(store().createSession(session));
		block(store().setLogLevel(this.session, "debug"));
		block(store().subscribe(this.session, this.uri));
		SessionRecord changed = find(store(), this.session);

		block(store().createSession(session));
		block(secondNode().createSession(new SessionRecord(this.session, "{}", "2025-03-26", "mallory", "server",
				"error", Set.of(this.uri + "/2"), EventId.next("a", 1), true, new Revision(99))));

		assertThat(find(store(), this.session)).isEqualTo(changed);
		assertThat(find(secondNode(), this.session)).isEqualTo(changed);
	}

	@Test
	void doesNothingBeforeSubscription() {
		Mono<Void> creating = store()
			.createSession(SessionRecord.initialized(this.session, INITIALIZE, "1", null, "server"));
		Mono<SessionRecord> finding = store().findSession(this.session);

		assertNotFound(store(), this.session);

		block(creating);
		SessionRecord created = find(store(), this.session);
		assertThat(block(finding)).isEqualTo(created);
		Mono<Revision> changing = store().setLogLevel(this.session, "info");
		Mono<Revision> subscribing = store().subscribe(this.session, this.uri);
		Mono<Set<String>> subscribers = store().findSubscribers(this.uri);
		Mono<SubscribedUris> uris = store().findSubscribedUris(0);
		Mono<Void> moving = store().moveStandaloneCursor(this.session, EventId.next("a", 1), null);
		Mono<Void> answering = store().storeAnswer(this.session, "r", bytes("1"));
		Mono<Void> deleting = store().deleteSession(this.session);

		assertThat(find(store(), this.session)).isEqualTo(created);
		assertThat(subscribers(store(), this.uri)).isEmpty();
		assertThat(take(store(), this.session, "r")).isEmpty();

		block(changing);
		block(subscribing);
		block(moving);
		block(answering);
		Mono<Revision> unsubscribing = store().unsubscribe(this.session, this.uri);
		Mono<Map<String, byte[]>> taking = store().findAnswers(this.session, List.of("r"));
		assertThat(find(store(), this.session).logLevel()).isEqualTo("info");
		assertThat(find(store(), this.session).subscriptions()).containsExactly(this.uri);
		assertThat(find(store(), this.session).standaloneCursor()).isNotNull();
		assertThat(block(subscribers)).containsExactly(this.session);
		assertThat(block(uris)).extracting(SubscribedUris::total).isNotEqualTo(0);
		assertThat(block(taking)).containsOnlyKeys("r");
		block(unsubscribing);
		assertThat(find(store(), this.session).subscriptions()).isEmpty();
		block(deleting);
		assertNotFound(store(), this.session);
	}

	// Changing

	@Test
	void raisesTheRevisionWithEachChange() {
		create(store(), this.session);

		assertThat(block(store().setLogLevel(this.session, "debug"))).isEqualTo(new Revision(2));
		assertThat(block(secondNode().subscribe(this.session, this.uri))).isEqualTo(new Revision(3));
		assertThat(block(store().setLogLevel(this.session, "emergency"))).isEqualTo(new Revision(4));
		assertThat(block(store().unsubscribe(this.session, this.uri))).isEqualTo(new Revision(5));

		SessionRecord session = find(secondNode(), this.session);
		assertThat(session.revision()).isEqualTo(new Revision(5));
		assertThat(session.logLevel()).isEqualTo("emergency");
		assertThat(session.subscriptions()).isEmpty();
	}

	@Test
	void changesNothingElseOfASession() {
		SessionRecord created = create(store(), this.session);
		SessionRecord other = create(store(), SessionNames.of(UUID.randomUUID().toString()));

		block(store().setLogLevel(this.session, "notice"));
		block(store().subscribe(this.session, this.uri));
		block(store().setResuming(this.session));

		assertThat(find(secondNode(), this.session))
			.isEqualTo(new SessionRecord(this.session, created.initializeRequest(), created.protocolVersion(),
					created.owner(), "server", "notice", Set.of(this.uri), null, true, new Revision(4)));
		assertThat(find(secondNode(), other.sessionName())).isEqualTo(other);
	}

	@Test
	void subscribesOnceHoweverOftenTheCallIsRepeated() {
		create(store(), this.session);

		Revision first = block(store().subscribe(this.session, this.uri));
		Revision second = block(secondNode().subscribe(this.session, this.uri));

		SessionRecord session = find(store(), this.session);
		assertThat(first).isEqualTo(new Revision(2));
		assertThat(second).isIn(first, new Revision(3)).isEqualTo(session.revision());
		assertThat(session.subscriptions()).containsExactly(this.uri);
		assertThat(subscribers(store(), this.uri)).containsExactly(this.session);
		block(store().unsubscribe(this.session, this.uri));
		assertThat(find(store(), this.session).subscriptions()).isEmpty();
		assertThat(subscribers(store(), this.uri)).isEmpty();
	}

	@Test
	void endsASubscriptionOnceHoweverOftenTheCallIsRepeated() {
		create(store(), this.session);
		block(store().subscribe(this.session, this.uri));
		block(store().subscribe(this.session, this.uri + "/2"));

		block(store().unsubscribe(this.session, this.uri));
		Revision revision = block(secondNode().unsubscribe(this.session, this.uri));

		SessionRecord session = find(store(), this.session);
		assertThat(session.revision()).isEqualTo(revision);
		assertThat(session.subscriptions()).containsExactly(this.uri + "/2");
		assertThat(subscribers(store(), this.uri)).isEmpty();
		assertThat(subscribers(store(), this.uri + "/2")).containsExactly(this.session);
	}

	@Test
	void changesNothingThatIsNotStored() {
		assertSessionNotFound(store().setLogLevel(this.session, "debug"));
		assertSessionNotFound(store().subscribe(this.session, this.uri));
		assertSessionNotFound(store().unsubscribe(this.session, this.uri));
		assertSessionNotFound(store().setResuming(this.session));

		assertNotFound(store(), this.session);
		assertThat(subscribers(store(), this.uri)).isEmpty();
		block(store().createSession(SessionRecord.initialized(this.session, INITIALIZE, "1", null, "server")));
		assertThat(find(store(), this.session).revision()).isEqualTo(Revision.FIRST);
	}

	@Test
	void notesOnceThatAClientResumes() {
		SessionRecord created = create(store(), this.session);
		assertThat(created.resuming()).isFalse();

		assertThat(block(store().setResuming(this.session))).isEqualTo(new Revision(2));
		assertThat(block(secondNode().setResuming(this.session))).isEqualTo(new Revision(2));
		assertThat(block(store().setLogLevel(this.session, "info"))).isEqualTo(new Revision(3));

		assertThat(find(secondNode(), this.session).resuming()).isTrue();
	}

	@Test
	void notesNothingMoreOfAClientThatWasTrustedFromTheBeginning() {
		block(store().createSession(
				SessionRecord.initialized(this.session, INITIALIZE, "2025-11-25", null, "server").asResuming()));

		assertThat(block(secondNode().setResuming(this.session))).isEqualTo(Revision.FIRST);

		assertThat(find(store(), this.session).resuming()).isTrue();
	}

	// Subscriptions

	@Test
	void findsTheSubscribersOfAResource() {
		String other = SessionNames.of(UUID.randomUUID().toString());
		create(store(), this.session);
		create(secondNode(), other);
		assertThat(subscribers(store(), this.uri)).isEmpty();

		block(store().subscribe(this.session, this.uri));
		block(secondNode().subscribe(other, this.uri));
		block(store().subscribe(other, this.uri + "/2"));

		assertThat(subscribers(store(), this.uri)).containsExactlyInAnyOrder(this.session, other);
		assertThat(subscribers(secondNode(), this.uri + "/2")).containsExactly(other);
		block(store().unsubscribe(other, this.uri));
		assertThat(subscribers(secondNode(), this.uri)).containsExactly(this.session);
	}

	@Test
	void findsTheResourcesThatHaveSubscribers() {
		create(store(), this.session);
		assertThat(subscribedUris(store())).doesNotContain(this.uri);

		block(store().subscribe(this.session, this.uri));
		block(secondNode().subscribe(this.session, this.uri + "/2"));

		assertThat(subscribedUris(store())).contains(this.uri, this.uri + "/2");
		assertThat(subscribedUris(secondNode())).contains(this.uri, this.uri + "/2");
	}

	@Test
	void tellsOfTheResourcesThatCameSince() {
		SessionStore store = store(10);
		create(store, this.session);
		SubscribedUris none = readUris(store, 0);
		assertThat(none).isEqualTo(new SubscribedUris(List.of(), none.after(), false, 0));

		block(store.subscribe(this.session, this.uri));
		block(store.subscribe(this.session, this.uri + "/2"));
		SubscribedUris two = readUris(store, none.after());
		assertThat(two.uris()).containsExactly(this.uri, this.uri + "/2");
		assertThat(two.total()).isEqualTo(2);
		assertThat(readUris(store, two.after())).isEqualTo(new SubscribedUris(List.of(), two.after(), false, 2));

		block(store.subscribe(this.session, this.uri + "/3"));
		block(store.subscribe(this.session, this.uri));
		SubscribedUris third = readUris(store, two.after());
		assertThat(third.uris()).containsExactly(this.uri + "/3");
		assertThat(third.after()).isGreaterThan(two.after());
		assertThat(readUris(store, 0).uris()).containsExactly(this.uri, this.uri + "/2", this.uri + "/3");
	}

	@Test
	void tellsByTheTotalThatAResourceHasLostItsLastSubscriber() {
		SessionStore store = store(10);
		String other = SessionNames.of(UUID.randomUUID().toString());
		create(store, this.session);
		create(store, other);
		block(store.subscribe(this.session, this.uri));
		block(store.subscribe(other, this.uri));
		block(store.subscribe(other, this.uri + "/2"));
		long after = readUris(store, 0).after();

		block(store.unsubscribe(this.session, this.uri));
		assertThat(readUris(store, after)).isEqualTo(new SubscribedUris(List.of(), after, false, 2));

		block(store.deleteSession(other));
		assertThat(readUris(store, after)).isEqualTo(new SubscribedUris(List.of(), after, false, 0));
		assertThat(readUris(store, 0)).isEqualTo(new SubscribedUris(List.of(), after, false, 0));

		block(store.subscribe(this.session, this.uri));
		assertThat(readUris(store, after).uris()).containsExactly(this.uri);
	}

	@Test
	void tellsByTheTotalThatAResourceHasLostItsLastSubscriberByExpiry() {
		SessionStore store = store(units(1));
		create(store, this.session);
		block(store.subscribe(this.session, this.uri));
		SubscribedUris before = readUris(store, 0);
		assertThat(before.uris()).contains(this.uri);

		// A store may keep the subscriptions of a session for longer than the session
		elapse(units(3));

		awaiting().untilAsserted(() -> assertThat(readUris(store, before.after()).total()).isLessThan(before.total()));
		assertThat(subscribedUris(store)).doesNotContain(this.uri);
	}

	@Test
	void readsManyResourcesInPartsOfABoundedSize() {
		SessionStore store = store(10);
		Set<String> uris = new HashSet<>();
		for (int i = 0; i < 5; i++) {
			uris.addAll(createWithUris(store, this.uri + "/" + i + "/", 1000));
		}

		SubscribedUris first = Objects.requireNonNull(block(store.findSubscribedUris(0)), "a part");
		assertThat(first.uris().size()).isBetween(1, 1000);
		assertThat(first.more()).isTrue();
		assertThat(first.total()).isEqualTo(5000);
		SubscribedUris all = readUris(store, 0);
		assertThat(all.uris()).hasSize(5000).containsExactlyInAnyOrderElementsOf(uris);
		assertThat(readUris(store, all.after()).uris()).isEmpty();
	}

	@Test
	void refusesAResourceBeyondTheBoundAndLosesNone() {
		SessionStore store = store(200);
		int perSession = 1000;
		for (int i = 0; i < SubscriptionStore.MAX_SUBSCRIBED_URIS / perSession; i++) {
			createWithUris(store, this.uri + "/" + i + "/", perSession);
		}
		SessionRecord before = create(store, this.session);

		assertThatExceptionOfType(TooManySubscribedResourcesException.class)
			.isThrownBy(() -> block(store.subscribe(this.session, this.uri)));

		assertThat(find(store, this.session).subscriptions()).isEmpty();
		assertThat(find(store, this.session).initializeRequest()).isEqualTo(before.initializeRequest());
		assertThat(subscribers(store, this.uri)).isEmpty();
		block(store.subscribe(this.session, this.uri + "/0/0"));
		assertThat(subscribers(store, this.uri + "/0/0")).contains(this.session).hasSize(2);

		// A session that is carried on is, though it isn't told of updates
		String other = createWithUris(store, this.uri + "/x/", 1).iterator().next();
		assertThat(subscribers(store, other)).isEmpty();
		assertThat(readUris(store, 0).total()).isEqualTo(SubscriptionStore.MAX_SUBSCRIBED_URIS);

		String last = subscribers(store, this.uri + "/1/0").iterator().next();
		block(store.unsubscribe(last, this.uri + "/1/0"));
		block(store.subscribe(this.session, this.uri));
		assertThat(subscribers(store, this.uri)).containsExactly(this.session);
	}

	@Test
	void findsManySubscribersOfOneResource() {
		SessionStore store = store(3000);
		List<String> sessions = Stream.generate(() -> SessionNames.of(UUID.randomUUID().toString()))
			.limit(2500)
			.toList();
		sessions.forEach((sessionName) -> block(store.createSession(new SessionRecord(sessionName, INITIALIZE,
				"2025-11-25", null, "server", null, Set.of(this.uri), null, false, Revision.FIRST))));

		assertThat(subscribers(store, this.uri)).containsExactlyInAnyOrderElementsOf(sessions);
	}

	private static Set<String> createWithUris(SessionStore store, String prefix, int count) {
		Set<String> uris = new HashSet<>();
		IntStream.range(0, count).forEach((n) -> uris.add(prefix + n));
		block(store.createSession(new SessionRecord(SessionNames.of(UUID.randomUUID().toString()), INITIALIZE,
				"2025-11-25", null, "server", null, uris, null, false, Revision.FIRST)));
		return uris;
	}

	@Test
	void takesNoEmptyUri() {
		create(store(), this.session);

		assertIllegal(() -> store().subscribe(this.session, ""));
		assertIllegal(() -> store().unsubscribe(this.session, ""));
	}

	@Test
	void takesEveryUri() {
		create(store(), this.session);
		List<String> uris = Stream
			.of("{braces}", "}{", "a b", " ", "a:b::", "*", "?x=1&y=%20#z", "x".repeat(2048),
					"\u00e9\u20ac\ud83d\ude80", "a\r\nb", "\u0000", ",", ";", "\"'\\", "%s")
			.map((suffix) -> this.uri + "/" + suffix)
			.toList();

		uris.forEach((uri) -> block(store().subscribe(this.session, uri)));

		assertThat(find(secondNode(), this.session).subscriptions()).containsExactlyInAnyOrderElementsOf(uris);
		assertThat(subscribedUris(secondNode())).containsAll(uris);
		for (String uri : uris) {
			assertThat(subscribers(secondNode(), uri)).containsExactly(this.session);
			block(secondNode().unsubscribe(this.session, uri));
			assertThat(subscribers(store(), uri)).isEmpty();
		}
		assertThat(find(store(), this.session).subscriptions()).isEmpty();
	}

	@Test
	void takesAnExpiredSessionOffTheSubscribersOfAResource() {
		SessionStore store = store(units(1));
		create(store, this.session);
		block(store.subscribe(this.session, this.uri));
		elapse(units(1.2));
		awaitNotFound(store, this.session);

		assertSessionNotFound(store.unsubscribe(this.session, this.uri));

		assertThat(subscribers(store, this.uri)).isEmpty();
		assertNotFound(store, this.session);
	}

	// The standalone stream

	@Test
	void notesTheStandaloneCursorWithoutRaisingTheRevision() {
		SessionRecord created = create(store(), this.session);
		EventId first = EventId.next("aB3", 1);
		EventId second = EventId.next("aB3", 999_999_999_999_999L);

		block(store().moveStandaloneCursor(this.session, first, null));
		assertThat(find(secondNode(), this.session).standaloneCursor()).isEqualTo(first);
		block(secondNode().moveStandaloneCursor(this.session, second, null));
		block(store().moveStandaloneCursor(this.session, EventId.next("aB3", 2), null));

		assertThat(find(store(), this.session)).isEqualTo(new SessionRecord(this.session, created.initializeRequest(),
				created.protocolVersion(), created.owner(), "server", null, Set.of(), second, false, Revision.FIRST));
		assertThat(block(store().setLogLevel(this.session, "info"))).isEqualTo(new Revision(2));
		assertThat(find(store(), this.session).standaloneCursor()).isEqualTo(second);
	}

	@Test
	void movesTheStandaloneCursorBackOnlyFromAnEventThatIsGone() {
		create(store(), this.session);
		EventId noted = EventId.next("aB3", 10);
		EventId kept = EventId.next("aB3", 7);
		block(store().moveStandaloneCursor(this.session, noted, null));

		block(secondNode().moveStandaloneCursor(this.session, kept, EventId.next("aB3", 10)));
		assertThat(find(store(), this.session).standaloneCursor()).isEqualTo(noted);
		block(secondNode().moveStandaloneCursor(this.session, kept, noted));

		assertThat(find(store(), this.session).standaloneCursor()).isEqualTo(kept);
	}

	@Test
	void passesOverTheCursorOfAnUnknownSession() {
		block(store().moveStandaloneCursor(this.session, EventId.next("a", 1), null));

		assertNotFound(store(), this.session);
		create(store(), this.session);
		assertThat(find(store(), this.session).standaloneCursor()).isNull();
	}

	// Expiry

	@Test
	void tellsItsTimeToLive() {
		assertThat(store(Duration.ofSeconds(7)).timeToLive()).isEqualTo(Duration.ofSeconds(7));
		assertThat(store().timeToLive()).isPositive();
	}

	@Test
	void keepsASessionForItsTimeToLiveAfterItWasChanged() {
		SessionStore store = store(units(2));
		create(store, this.session);

		for (Supplier<Mono<Revision>> change : List.<Supplier<Mono<Revision>>>of(
				() -> store.setLogLevel(this.session, "error"), () -> store.subscribe(this.session, this.uri),
				() -> store.unsubscribe(this.session, this.uri), () -> store.setResuming(this.session))) {
			elapse(units(1.2));
			block(change.get());
		}
		elapse(units(1.2));
		assertThat(find(store, this.session).revision()).isEqualTo(new Revision(5));

		elapse(units(1.1));
		awaitNotFound(store, this.session);
		assertSessionNotFound(store.setLogLevel(this.session, "debug"));
		assertSessionNotFound(store.subscribe(this.session, this.uri));
		assertNotFound(store, this.session);
	}

	@Test
	void putsOffTheExpiryOfSessions() {
		SessionStore store = store(units(2));
		String other = SessionNames.of(UUID.randomUUID().toString());
		String silent = SessionNames.of(UUID.randomUUID().toString());
		SessionRecord session = create(store, this.session);
		SessionRecord second = create(store, other);
		create(store, silent);

		elapse(units(1.2));
		block(store.renewSessions(List.of(this.session, SessionNames.of(UUID.randomUUID().toString()), other)));
		elapse(units(1.2));

		awaitNotFound(store, silent);
		assertThat(find(store, this.session)).isEqualTo(session);
		assertThat(find(store, other)).isEqualTo(second);
		elapse(units(1.1));
		awaitNotFound(store, this.session);
		awaitNotFound(store, other);
	}

	@Test
	void doesNotPutOffTheExpiryOfASessionThatIsOnlyLookedUp() {
		SessionStore store = store(units(2));
		create(store, this.session);

		elapse(units(1.2));
		find(store, this.session);
		elapse(units(1.1));

		awaitNotFound(store, this.session);
	}

	@Test
	void renewsNothingWhenThereIsNothingToRenew() {
		block(store().renewSessions(List.of()));
		block(store().renewSessions(List.of(this.session)));

		assertNotFound(store(), this.session);
		assertSessionNotFound(store().setLogLevel(this.session, "debug"));
	}

	@Test
	void createsAnExpiredSessionAgain() {
		SessionStore store = store(units(1));
		create(store, this.session);
		block(store.subscribe(this.session, this.uri));
		SessionRecord held = find(store, this.session);
		elapse(units(1.2));
		awaitNotFound(store, this.session);

		block(store.createSession(held));

		assertThat(find(store, this.session)).isEqualTo(held);
		assertThat(subscribers(store, this.uri)).containsExactly(this.session);
	}

	// Bounds

	@Test
	void refusesANewSessionBeyondItsBoundAndLosesNone() {
		SessionStore store = store(3);
		List<String> sessions = Stream.generate(() -> SessionNames.of(UUID.randomUUID().toString())).limit(3).toList();
		sessions.forEach((sessionName) -> create(store, sessionName));
		block(store.setLogLevel(sessions.get(0), "debug"));
		block(store.renewSessions(sessions));

		assertThatExceptionOfType(TooManySessionsException.class).isThrownBy(() -> create(store, this.session));
		assertNotFound(store, this.session);
		create(store, sessions.get(0));
		sessions.forEach((sessionName) -> find(store, sessionName));

		block(store.deleteSession(sessions.get(1)));
		create(store, this.session);
		find(store, this.session);
		assertThatExceptionOfType(TooManySessionsException.class)
			.isThrownBy(() -> create(store, SessionNames.of(UUID.randomUUID().toString())));
	}

	// Answers

	@Test
	void keepsAnAnswerUntilItIsRemoved() {
		create(store(), this.session);
		block(store().storeAnswer(this.session, "r1", bytes("1")));
		block(store().storeAnswer(this.session, "r2", bytes("2")));

		for (SessionStore store : List.of(store(), secondNode(), store())) {
			assertThat(block(store.findAnswers(this.session, List.of("r1", "r2")))).containsOnlyKeys("r1", "r2");
		}
		block(secondNode().removeAnswers(this.session, List.of("r1", "unknown")));

		assertThat(block(store().findAnswers(this.session, List.of("r1", "r2")))).containsOnlyKeys("r2");
		block(store().removeAnswers(this.session, List.of("r1")));
	}

	@Test
	void findsTheAnswersThatAreThereAndNoOthers() {
		create(store(), this.session);
		block(store().storeAnswer(this.session, "r1", bytes("{\"n\":1}")));
		block(secondNode().storeAnswer(this.session, "r2", bytes("{\"n\":2}")));
		block(store().storeAnswer(this.session, "r3", bytes("{\"n\":3}")));

		Map<String, byte[]> taken = take(secondNode(), this.session, "r1", "r2", "unknown");

		assertThat(taken).containsOnlyKeys("r1", "r2");
		assertThat(taken.get("r1")).isEqualTo(bytes("{\"n\":1}"));
		assertThat(taken.get("r2")).isEqualTo(bytes("{\"n\":2}"));
		assertThat(take(store(), this.session, "r1", "r2")).isEmpty();
		assertThat(take(store(), this.session, "r3")).containsOnlyKeys("r3");
		assertThat(take(secondNode(), this.session, "r3")).isEmpty();
	}

	@Test
	void keepsTheFirstOfTwoAnswers() {
		create(store(), this.session);

		block(store().storeAnswer(this.session, "r", bytes("\"first\"")));
		block(secondNode().storeAnswer(this.session, "r", bytes("\"second\"")));

		assertThat(take(store(), this.session, "r").get("r")).isEqualTo(bytes("\"first\""));
		assertThat(take(store(), this.session, "r")).isEmpty();
	}

	@Test
	void keepsTheAnswersOfTwoSessionsApart() {
		String other = SessionNames.of(UUID.randomUUID().toString());
		create(store(), this.session);
		create(store(), other);
		block(store().storeAnswer(this.session, "r", bytes("\"mine\"")));

		assertThat(take(store(), other, "r")).isEmpty();

		block(store().storeAnswer(other, "r", bytes("\"theirs\"")));
		assertThat(take(secondNode(), this.session, "r").get("r")).isEqualTo(bytes("\"mine\""));
		assertThat(take(secondNode(), other, "r").get("r")).isEqualTo(bytes("\"theirs\""));
	}

	@Test
	void returnsEveryByteOfAnAnswer() {
		create(store(), this.session);
		byte[] odd = bytes(ODD_TEXT);
		byte[] large = bytes("\"" + "\ud83d\ude80".repeat(262_144) + "\"");

		block(store().storeAnswer(this.session, "A.b_c-9", odd));
		block(store().storeAnswer(this.session, "a".repeat(64), large));

		Map<String, byte[]> taken = take(secondNode(), this.session, "A.b_c-9", "a".repeat(64));
		assertThat(taken.get("A.b_c-9")).isEqualTo(odd);
		assertThat(taken.get("a".repeat(64))).isEqualTo(large);
	}

	@Test
	void keepsSoManyAnswersOfASessionAtMost() {
		Flux.range(0, AnswerStore.MAX_ANSWERS)
			.flatMap((n) -> store().storeAnswer(this.session, "r" + n, bytes("1")), 16)
			.blockLast(TIMEOUT);

		assertRefused(secondNode().storeAnswer(this.session, "one-more", bytes("1")));
		block(store().storeAnswer(this.session, "r0", bytes("1")));
		block(store().storeAnswer(SessionNames.of(UUID.randomUUID().toString()), "one-more", bytes("1")));

		block(secondNode().removeAnswers(this.session, List.of("r0")));
		block(store().storeAnswer(this.session, "one-more", bytes("1")));
		assertThat(take(store(), this.session, "one-more")).containsOnlyKeys("one-more");
	}

	@Test
	void keepsSoManyBytesOfTheAnswersOfASessionAtMost() {
		byte[] large = new byte[(int) AnswerStore.MAX_ANSWER_BYTES * 2 / 3];
		block(store().storeAnswer(this.session, "r1", large));

		assertRefused(secondNode().storeAnswer(this.session, "r2", large));
		block(store().storeAnswer(this.session, "small", bytes("1")));

		block(store().removeAnswers(this.session, List.of("r1", "unknown")));
		block(secondNode().storeAnswer(this.session, "r2", large));
		assertThat(take(store(), this.session, "r1", "r2")).containsOnlyKeys("r2");
	}

	private static void assertRefused(Mono<Void> storing) {
		assertThatExceptionOfType(SessionStoreUnavailableException.class).isThrownBy(() -> block(storing))
			.withMessageContaining("Too many answers");
	}

	@Test
	void keepsAnAnswerInASessionThatIsNotStored() {
		block(store().storeAnswer(this.session, "r", bytes("1")));

		assertThat(take(secondNode(), this.session, "r")).containsOnlyKeys("r");
		assertNotFound(store(), this.session);
	}

	@Test
	void takesNothingWhenThereIsNothingToTake() {
		create(store(), this.session);
		block(store().storeAnswer(this.session, "r", bytes("1")));

		assertThat(take(store(), this.session)).isEmpty();
		assertThat(take(store(), SessionNames.of(UUID.randomUUID().toString()), "r")).isEmpty();
		assertThat(take(store(), this.session, "r")).containsOnlyKeys("r");
	}

	// Deleting

	@Test
	void refusesEverythingInADeletedSession() {
		SessionRecord session = create(store(), this.session);
		block(store().subscribe(this.session, this.uri));
		block(store().storeAnswer(this.session, "r", bytes("1")));

		block(secondNode().deleteSession(this.session));

		for (SessionStore store : List.of(store(), secondNode())) {
			assertNotFound(store, this.session);
			assertThat(subscribers(store, this.uri)).isEmpty();
			assertThat(take(store, this.session, "r")).isEmpty();
			assertSessionDeleted(store.createSession(session));
			assertSessionDeleted(store.storeAnswer(this.session, "r", bytes("2")));
			assertSessionNotFound(store.setLogLevel(this.session, "debug"));
			assertSessionNotFound(store.subscribe(this.session, this.uri));
			assertSessionNotFound(store.unsubscribe(this.session, this.uri));
			block(store.moveStandaloneCursor(this.session, EventId.next("a", 1), null));
			block(store.renewSessions(List.of(this.session)));

			assertNotFound(store, this.session);
			assertThat(subscribers(store, this.uri)).isEmpty();
			assertThat(take(store, this.session, "r")).isEmpty();
		}
	}

	@Test
	void leavesNoSubscriptionOfADeletedSession() {
		create(store(), this.session);
		List<String> uris = IntStream.range(0, 50).mapToObj((n) -> this.uri + "/" + n).toList();
		uris.forEach((uri) -> block(store().subscribe(this.session, uri)));

		block(secondNode().deleteSession(this.session));

		for (String uri : uris) {
			assertThat(subscribers(store(), uri)).isEmpty();
		}
	}

	@Test
	void deletesASessionThatIsUnknownOrDeleted() {
		block(store().deleteSession(this.session));
		block(secondNode().deleteSession(this.session));

		assertNotFound(store(), this.session);
		assertSessionDeleted(
				store().createSession(SessionRecord.initialized(this.session, INITIALIZE, "1", null, "server")));
		assertSessionDeleted(secondNode().storeAnswer(this.session, "r", bytes("1")));
		assertNotFound(secondNode(), this.session);
	}

	@Test
	void leavesOtherSessionsAlone() {
		String other = SessionNames.of(UUID.randomUUID().toString());
		create(store(), this.session);
		create(store(), other);
		block(store().subscribe(this.session, this.uri));
		block(store().subscribe(other, this.uri));
		block(store().storeAnswer(other, "r", bytes("1")));
		SessionRecord session = find(store(), other);

		block(store().deleteSession(this.session));

		assertThat(find(store(), other)).isEqualTo(session);
		assertThat(subscribers(store(), this.uri)).containsExactly(other);
		assertThat(subscribedUris(store())).contains(this.uri);
		assertThat(take(store(), other, "r")).containsOnlyKeys("r");
		assertThat(block(store().setLogLevel(other, "debug"))).isEqualTo(new Revision(3));
	}

	// Callers' mistakes

	@Test
	void refusesWhatIsNoSessionsName() {
		for (String sessionName : NOT_SESSION_NAMES) {
			assertIllegal(() -> store().findSession(sessionName));
			assertIllegal(() -> store().setLogLevel(sessionName, "debug"));
			assertIllegal(() -> store().subscribe(sessionName, this.uri));
			assertIllegal(() -> store().unsubscribe(sessionName, this.uri));
			assertIllegal(() -> store().moveStandaloneCursor(sessionName, EventId.next("a", 1), null));
			assertIllegal(() -> store().renewSessions(List.of(this.session, sessionName)));
			assertIllegal(() -> store().storeAnswer(sessionName, "r", bytes("1")));
			assertIllegal(() -> store().findAnswers(sessionName, List.of("r")));
			assertIllegal(() -> store().removeAnswers(sessionName, List.of("r")));
			assertIllegal(() -> store().deleteSession(sessionName));
		}

		assertThat(subscribers(store(), this.uri)).isEmpty();
	}

	@Test
	void refusesWhatIsNoRequestId() {
		create(store(), this.session);
		block(store().storeAnswer(this.session, "r", bytes("1")));

		for (String requestId : NOT_REQUEST_IDS) {
			assertIllegal(() -> store().storeAnswer(this.session, requestId, bytes("1")));
			assertIllegal(() -> store().findAnswers(this.session, List.of("r", requestId)));
			assertIllegal(() -> store().removeAnswers(this.session, List.of("r", requestId)));
		}

		assertThat(take(store(), this.session, "r")).containsOnlyKeys("r");
	}

	// Concurrency

	@Test
	void letsOneOfTwoNodesCreateASession() {
		for (int i = 0; i < 50; i++) {
			String sessionName = SessionNames.of(UUID.randomUUID().toString());
			SessionRecord mine = SessionRecord.initialized(sessionName, INITIALIZE, "2025-11-25", "alice", "server");
			SessionRecord theirs = SessionRecord.initialized(sessionName, "{}", "2025-03-26", "bob", "server");

			List<Object> outcomes = race(List.of(store().createSession(mine), secondNode().createSession(theirs)));

			assertThat(outcomes).containsOnly("done");
			SessionRecord session = find(store(), sessionName);
			assertThat(session).isIn(mine, theirs);
			assertThat(find(secondNode(), sessionName)).isEqualTo(session);
		}
	}

	@Test
	void losesNoneOfTheChangesThatTwoNodesMakeAtOnce() {
		create(store(), this.session);
		List<String> uris = IntStream.range(0, 100).mapToObj((n) -> this.uri + "/" + n).toList();

		List<Object> revisions = race(IntStream.range(0, 100)
			.mapToObj((n) -> ((n % 2 == 0) ? store() : secondNode()).subscribe(this.session, uris.get(n)))
			.toList());

		assertThat(revisions).containsExactlyInAnyOrderElementsOf(
				IntStream.rangeClosed(2, 101).<Object>mapToObj(Revision::new).toList());
		SessionRecord session = find(store(), this.session);
		assertThat(session.revision()).isEqualTo(new Revision(101));
		assertThat(session.subscriptions()).containsExactlyInAnyOrderElementsOf(uris);
		for (String uri : uris) {
			assertThat(subscribers(store(), uri)).containsExactly(this.session);
		}
	}

	@Test
	void keepsOneOfTwoAnswersThatComeAtOnce() {
		create(store(), this.session);
		for (int i = 0; i < 50; i++) {
			String requestId = "r-" + i;

			race(List.of(store().storeAnswer(this.session, requestId, bytes("\"mine\"")),
					secondNode().storeAnswer(this.session, requestId, bytes("\"theirs\""))));

			byte[] answer = take(store(), this.session, requestId).get(requestId);
			assertThat(answer).isIn(bytes("\"mine\""), bytes("\"theirs\""));
			assertThat(take(secondNode(), this.session, requestId)).isEmpty();
		}
	}

	@Test
	void leavesNothingOfADeletedSessionHoweverItRaces() {
		for (int i = 0; i < 50; i++) {
			SessionRecord session = SessionRecord.initialized(SessionNames.of(UUID.randomUUID().toString()), INITIALIZE,
					"1", null, "server");
			String sessionName = session.sessionName();
			List<Mono<?>> calls = new ArrayList<>();
			for (SessionStore store : List.of(store(), secondNode())) {
				calls.add(store.createSession(session));
				calls.add(store.setLogLevel(sessionName, "debug"));
				calls.add(store.subscribe(sessionName, this.uri));
				calls.add(store.deleteSession(sessionName));
				calls.add(store.createSession(session));
				calls.add(store.moveStandaloneCursor(sessionName, EventId.next("a", 1), null));
				calls.add(store.storeAnswer(sessionName, "r", bytes("1")));
				calls.add(store.renewSessions(List.of(sessionName)));
				calls.add(store.setLogLevel(sessionName, "info"));
			}

			List<Object> outcomes = race(calls);

			assertThat(outcomes).filteredOn((outcome) -> outcome instanceof Exception)
				.hasOnlyElementsOfTypes(SessionNotFoundException.class, SessionAlreadyDeletedException.class);
			for (SessionStore store : List.of(store(), secondNode())) {
				assertNotFound(store, sessionName);
				assertThat(take(store, sessionName, "r")).isEmpty();
				assertSessionDeleted(store.createSession(session));
				assertSessionNotFound(store.setLogLevel(sessionName, "debug"));
				assertNotFound(store, sessionName);
			}
		}
	}

	// What the tests are written with

	/**
	 * Create a session as a client's {@code initialize} request does.
	 * @param store the store
	 * @param sessionName the name of the session
	 * @return the session
	 */
	protected static SessionRecord create(SessionStore store, String sessionName) {
		SessionRecord session = SessionRecord.initialized(sessionName, INITIALIZE, "2025-11-25", "alice", "server");
		block(store.createSession(session));
		return session;
	}

	protected static <T> @Nullable T block(Mono<T> mono) {
		return mono.block(TIMEOUT);
	}

	protected static SessionRecord find(SessionStore store, String sessionName) {
		return Objects.requireNonNull(block(store.findSession(sessionName)), "no session");
	}

	protected static Set<String> subscribers(SessionStore store, String uri) {
		return Objects.requireNonNull(block(store.findSubscribers(uri)), "a set, also if it is empty");
	}

	protected static Set<String> subscribedUris(SessionStore store) {
		return Set.copyOf(readUris(store, 0).uris());
	}

	/**
	 * Read which resources have subscribers, in as many parts as it takes.
	 * @param store the store
	 * @param after what comes before
	 * @return all of them, and where to go on
	 */
	protected static SubscribedUris readUris(SessionStore store, long after) {
		List<String> uris = new ArrayList<>();
		SubscribedUris part = new SubscribedUris(List.of(), after, true, 0);
		while (part.more()) {
			part = Objects.requireNonNull(block(store.findSubscribedUris(part.after())), "a part, also if it is empty");
			assertThat(part.uris()).hasSizeLessThanOrEqualTo(1000);
			uris.addAll(part.uris());
		}
		return new SubscribedUris(uris, part.after(), false, part.total());
	}

	protected static Map<String, byte[]> take(SessionStore store, String sessionName, String... requestIds) {
		Map<String, byte[]> answers = Objects.requireNonNull(block(store.findAnswers(sessionName, List.of(requestIds))),
				"a map, also if it is empty");
		block(store.removeAnswers(sessionName, List.of(requestIds)));
		return answers;
	}

	protected static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

	protected static ConditionFactory awaiting() {
		return Awaitility.await().atMost(TIMEOUT).pollInterval(Duration.ofMillis(20));
	}

	protected static void assertNotFound(SessionStore store, String sessionName) {
		assertThat(block(store.findSession(sessionName))).isNull();
	}

	protected static void assertSessionNotFound(Mono<?> call) {
		assertThatExceptionOfType(SessionNotFoundException.class).isThrownBy(() -> block(call));
	}

	protected static void assertSessionDeleted(Mono<?> call) {
		assertThatExceptionOfType(SessionAlreadyDeletedException.class).isThrownBy(() -> block(call));
	}

	private void awaitNotFound(SessionStore store, String sessionName) {
		// For a clock that stands still this is what a store may add
		elapse(store.renewalInterval());
		awaiting().untilAsserted(() -> assertNotFound(store, sessionName));
	}

	// A mistake may be reported by the call or by what it returns
	private static void assertIllegal(Supplier<Mono<?>> call) {
		assertThatIllegalArgumentException().isThrownBy(() -> block(call.get()));
	}

	private static List<Object> race(List<? extends Mono<?>> calls) {
		List<Object> outcomes = Flux.fromIterable(calls)
			.flatMapSequential((call) -> call.cast(Object.class)
				.defaultIfEmpty("done")
				.onErrorResume(SessionStoreException.class, Mono::just)
				.subscribeOn(Schedulers.boundedElastic()))
			.collectList()
			.block(TIMEOUT);
		assertThat(outcomes).hasSameSizeAs(calls);
		return Objects.requireNonNull(outcomes, "there are calls");
	}

}

package io.github.mcppersist.transport;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import io.github.mcppersist.event.Revision;
import io.github.mcppersist.session.InMemorySessionStore;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.session.SubscribedUris;
import io.github.mcppersist.session.SubscriptionStore;

import static org.assertj.core.api.Assertions.assertThat;

class SubscribedResourcesTests {

	private static final String SESSION = "session";

	/**
	 * After so many looks what has gone is certainly forgotten.
	 */
	private static final int LOOKS = 10;

	private InMemorySessionStore store = new InMemorySessionStore();

	private final AtomicInteger calls = new AtomicInteger();

	private Mono<Void> before = Mono.empty();

	private final Set<String> told = new HashSet<>();

	private final Set<String> refused = new HashSet<>();

	private final SubscribedResources resources = new SubscribedResources(new Looks(), new Told());

	@BeforeEach
	void create() {
		createSession(SESSION, Set.of());
	}

	/**
	 * Clients without a session may name ever new ones, and go.
	 */
	@Test
	void knowsNoMoreThanMayHaveSubscribers() {
		int most = SubscriptionStore.MAX_SUBSCRIBED_URIS;
		this.resources.add(IntStream.rangeClosed(1, most + 1).mapToObj((number) -> "file:///" + number).toList());

		assertThat(this.told).hasSize(most);
		assertThat(this.refused).containsExactly("file:///" + (most + 1));
		this.resources.add(List.of("file:///1"));
		assertThat(this.resources.contains("file:///1")).isTrue();
	}

	private void createSession(String sessionId, Set<String> uris) {
		this.store
			.createSession(new SessionRecord(sessionId, "{}", "2025-11-25", null, "server", null, uris, null, false,
					Revision.FIRST))
			.block();
	}

	private void subscribe(String uri) {
		this.store.subscribe(SESSION, uri).block();
	}

	private void unsubscribe(String uri) {
		this.store.unsubscribe(SESSION, uri).block();
	}

	private int look() {
		this.calls.set(0);
		this.resources.refresh().block();
		return this.calls.get();
	}

	@Test
	void learnsOfAResourceWithTheNextLook() {
		subscribe("a");
		look();
		assertThat(this.told).containsExactly("a");

		subscribe("b");
		assertThat(look()).isEqualTo(1);

		assertThat(this.told).containsExactlyInAnyOrder("a", "b");
	}

	@Test
	void makesOneCallWhileNothingChangesHoweverManyThereAre() {
		for (int i = 0; i < 20; i++) {
			String prefix = i + "/";
			Set<String> uris = new HashSet<>();
			IntStream.range(0, 1000).forEach((n) -> uris.add(prefix + n));
			createSession("session-" + i, uris);
		}

		assertThat(look()).isBetween(20, 21);
		assertThat(this.told).hasSize(20_000);

		for (int i = 0; i < 3 * LOOKS; i++) {
			assertThat(look()).isEqualTo(1);
		}
	}

	@Test
	void forgetsAResourceThatHasLostItsLastSubscriberAfterAWhile() {
		subscribe("a");
		subscribe("b");
		look();

		unsubscribe("a");
		for (int i = 0; i < LOOKS; i++) {
			look();
		}
		assertThat(this.told).containsExactly("b");

		for (int i = 0; i < 3 * LOOKS; i++) {
			assertThat(look()).isEqualTo(1);
		}
	}

	@Test
	void readsAllOnceMoreNowAndThenOnlyThoughResourcesComeAndGoAllTheTime() {
		int calls = 0;
		for (int i = 0; i < 10 * LOOKS; i++) {
			subscribe("uri-" + i);
			unsubscribe("uri-" + (i - 1));
			calls += look();
			assertThat(this.told).contains("uri-" + i).hasSizeLessThan(LOOKS + 2);
		}

		assertThat(calls).isBetween(10 * LOOKS + 5, 10 * LOOKS + 11);
	}

	@Test
	void aResourceThatIsHeardOfIsThereAtOnceAndForgottenIfItStaysUnknown() {
		this.resources.add(List.of("heard"));
		assertThat(this.told).containsExactly("heard");

		look();
		assertThat(this.told).containsExactly("heard");
		look();

		assertThat(this.told).isEmpty();
	}

	@Test
	void aResourceThatIsHeardOfWhileALookIsUnderWayStays() {
		subscribe("a");
		Sinks.Empty<Void> gate = Sinks.empty();
		this.before = gate.asMono();
		Mono<Void> looking = this.resources.refresh();
		looking.subscribe();

		this.resources.add(List.of("heard"));
		gate.tryEmitEmpty();

		assertThat(this.told).containsExactlyInAnyOrder("a", "heard");
	}

	@Test
	void looksOnceAtATime() {
		Sinks.Empty<Void> gate = Sinks.empty();
		this.before = gate.asMono();
		this.resources.refresh().subscribe();
		this.resources.refresh().block();
		assertThat(this.calls).hasValue(1);

		gate.tryEmitEmpty();

		this.before = Mono.empty();
		assertThat(look()).isEqualTo(1);
	}

	@Test
	void aLookThatFailsIsMadeAgainAndForgetsNothing() {
		subscribe("a");
		look();

		this.before = Mono.error(new SessionStoreUnavailableException("away"));
		for (int i = 0; i < 2 * LOOKS; i++) {
			look();
		}
		assertThat(this.told).containsExactly("a");

		this.before = Mono.empty();
		subscribe("b");
		look();
		assertThat(this.told).containsExactlyInAnyOrder("a", "b");
	}

	@Test
	void readsAllAgainFromAStoreThatHasLostWhatItKnew() {
		IntStream.range(0, 5).forEach((n) -> subscribe("before-" + n));
		look();

		this.store = new InMemorySessionStore();
		create();
		subscribe("after");
		look();

		assertThat(this.told).contains("after");
		for (int i = 0; i < LOOKS; i++) {
			look();
		}
		assertThat(this.told).containsExactly("after");
	}

	@Test
	void readsAllAgainIfItHasMissedSomething() {
		subscribe("a");
		look();

		// As a replica does that lacked some and has had others since
		this.store = new InMemorySessionStore();
		create();
		subscribe("b");
		subscribe("a");
		subscribe("c");
		look();

		assertThat(this.told).containsExactlyInAnyOrder("a", "b", "c");
	}

	/**
	 * Counts the calls, and waits before each.
	 */
	private final class Looks implements SubscriptionStore {

		@Override
		public Mono<SubscribedUris> findSubscribedUris(long after) {
			SubscribedResourcesTests.this.calls.incrementAndGet();
			return SubscribedResourcesTests.this.before
				.then(SubscribedResourcesTests.this.store.findSubscribedUris(after));
		}

		@Override
		public Mono<Revision> subscribe(String sessionId, String uri) {
			throw new UnsupportedOperationException();
		}

		@Override
		public Mono<Revision> unsubscribe(String sessionId, String uri) {
			throw new UnsupportedOperationException();
		}

		@Override
		public Mono<Set<String>> findSubscribers(String uri) {
			throw new UnsupportedOperationException();
		}

	}

	private final class Told implements SubscribedResources.Listener {

		@Override
		public void subscribed(String uri) {
			assertThat(SubscribedResourcesTests.this.told.add(uri)).isTrue();
		}

		@Override
		public void unsubscribed(String uri) {
			assertThat(SubscribedResourcesTests.this.told.remove(uri)).isTrue();
		}

		@Override
		public void refused(String uri) {
			SubscribedResourcesTests.this.refused.add(uri);
		}

	}

}

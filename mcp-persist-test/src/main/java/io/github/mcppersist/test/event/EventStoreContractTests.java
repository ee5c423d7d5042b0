package io.github.mcppersist.test.event;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.SessionDeletedException;
import io.github.mcppersist.event.StreamConflictException;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.event.StreamNotFoundException;
import io.github.mcppersist.session.SessionNames;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * What every {@link EventStore} must do. A store extends this class with its own, and
 * supplies the stores; one that keeps its events outside of the JVM extends
 * {@link SharedEventStoreContractTests}.
 */
@Timeout(600)
public abstract class EventStoreContractTests {

	/**
	 * How long any one call may take.
	 */
	protected static final Duration TIMEOUT = Duration.ofMinutes(1);

	private static final int ANY_SIZE = 1_000_000;

	private static final RequestIds REQUEST_ID = RequestIds.parse("\"request-7\"");

	private final String session = SessionNames.of(UUID.randomUUID().toString());

	private final StreamKey stream = StreamKey.random(this.session);

	/**
	 * Return the store under test: within one test the same at each call, with bounds
	 * that no test reaches.
	 * @return the store
	 */
	protected abstract EventStore store();

	/**
	 * Return a store over the same events as {@link #store()}, as another node would have
	 * it: within one test the same at each call.
	 * @return another store, or the same one if its events are its own
	 */
	protected abstract EventStore secondNode();

	/**
	 * Return a store with narrow bounds.
	 * @param bounds the bounds to set
	 * @return a store of its own
	 */
	protected abstract EventStore store(Bounds bounds);

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

	/**
	 * Wait until a complete stream that was just read has been renewed. A store that does
	 * that with the read has nothing to wait for.
	 * @param stream the stream
	 */
	protected void awaitRenewal(StreamKey stream) {
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

	// Numbering, repeating, completing

	@Test
	void replaysWhatWasStoredInTheOrderInWhichItWasStored() {
		List<Event> events = open(store(), this.stream, 4);

		EventPage page = read(secondNode(), this.stream, events.get(0).id());

		assertThat(page.events()).containsExactlyElementsOf(events.subList(1, 4));
		assertThat(page.lastEventId()).isEqualTo(events.get(3).id());
		assertThat(page.rest()).isEqualTo(EventPage.Rest.RUNNING);
	}

	@Test
	void doesNothingBeforeSubscription() {
		Mono<Revision> open = store().openStream(this.stream, REQUEST_ID, List.of(priming(this.stream, 1)));

		assertNotFound(store(), this.stream, null);

		block(open);
		Event event = event(this.stream, 2);
		Mono<Void> storing = store().storeEvents(this.stream, List.of(event));
		Mono<Void> completing = store().completeStream(this.stream, List.of(event(this.stream, 2)));
		Mono<Void> deleting = store().deleteSession(this.session);

		assertThat(read(store(), this.stream, null).events()).isEmpty();

		block(storing);
		assertThat(read(store(), this.stream, null).events()).containsExactly(event);
		assertConflict(completing, 3, false);
		block(deleting);
		assertNotFound(store(), this.stream, null);
	}

	@Test
	void storesOneEventOnceHoweverOftenTheCallIsRepeated() {
		open(store(), this.stream, 1);
		Event event = event(this.stream, 2);

		block(store().storeEvents(this.stream, List.of(event)));
		block(store().storeEvents(this.stream, List.of(event)));
		block(secondNode().storeEvents(this.stream, List.of(event)));

		assertThat(read(store(), this.stream, null).events()).containsExactly(event);
	}

	@Test
	void storesABatchOnceHoweverOftenTheCallIsRepeated() {
		open(store(), this.stream, 1);
		List<Event> batch = events(this.stream, 2, 6);

		block(store().storeEvents(this.stream, batch));
		block(store().storeEvents(this.stream, batch));

		assertThat(read(store(), this.stream, null).events()).containsExactlyElementsOf(batch);
		block(store().storeEvents(this.stream, List.of(event(this.stream, 7))));
	}

	@Test
	void knowsARepeatedCallAlsoWhenOthersHaveStoredSince() {
		open(store(), this.stream, 1);
		List<Event> batch = events(this.stream, 2, 3);
		block(store().storeEvents(this.stream, batch));
		Event later = event(this.stream, 4);
		block(secondNode().storeEvents(this.stream, List.of(later)));

		block(store().storeEvents(this.stream, batch));

		assertThat(read(store(), this.stream, null).events()).containsExactly(batch.get(0), batch.get(1), later);
	}

	@Test
	void opensAStreamOnceHoweverOftenTheCallIsRepeated() {
		List<Event> first = List.of(priming(this.stream, 1), event(this.stream, 2));

		block(store().openStream(this.stream, REQUEST_ID, first));
		block(store().openStream(this.stream, REQUEST_ID, first));

		assertThat(read(store(), this.stream, first.get(0).id()).events()).containsExactly(first.get(1));
		block(store().storeEvents(this.stream, List.of(event(this.stream, 3))));
	}

	@Test
	void completesAStreamOnceHoweverOftenTheCallIsRepeated() {
		open(store(), this.stream, 1);
		List<Event> last = events(this.stream, 2, 4);

		block(store().completeStream(this.stream, last));
		block(store().completeStream(this.stream, last));
		block(secondNode().completeStream(this.stream, last));

		EventPage page = read(store(), this.stream, null);
		assertThat(page.events()).containsExactlyElementsOf(last);
		assertThat(page.rest()).isEqualTo(EventPage.Rest.NONE);
	}

	@Test
	void refusesAnEventThatIsNotTheNext() {
		open(store(), this.stream, 3);

		assertConflict(store().storeEvents(this.stream, List.of(event(this.stream, 3))), 4, false);
		assertConflict(store().storeEvents(this.stream, List.of(event(this.stream, 5))), 4, false);
		assertConflict(store().completeStream(this.stream, List.of(event(this.stream, 3))), 4, false);
		assertConflict(store().completeStream(this.stream, List.of(event(this.stream, 6))), 4, false);
		assertConflict(store().storeEvents(this.stream, events(this.stream, 2, 5)), 4, false);

		assertThat(read(store(), this.stream, null).events()).hasSize(2);
	}

	@Test
	void storesAtThePlaceThatAConflictNames() {
		open(store(), this.stream, 3);
		Event event = event(this.stream, 2);
		StreamConflictException conflict = conflict(store().storeEvents(this.stream, List.of(event)));

		block(store().storeEvents(this.stream, List.of(event.at(conflict.nextSequence()))));

		assertThat(read(store(), this.stream, null).events()).last().isEqualTo(event.at(4));
	}

	@Test
	void changesACompleteStreamNoMore() {
		List<Event> events = open(store(), this.stream, 1);
		Event last = event(this.stream, 2);
		block(store().completeStream(this.stream, List.of(last)));

		assertConflict(store().storeEvents(this.stream, List.of(event(this.stream, 3))), 3, true);
		assertConflict(store().completeStream(this.stream, List.of(event(this.stream, 3))), 3, true);
		assertConflict(store().completeStream(this.stream, List.of(event(this.stream, 2))), 3, true);
		assertConflict(store().openStream(this.stream, REQUEST_ID, List.of(priming(this.stream, 3))), 3, true);

		EventPage page = read(store(), this.stream, events.get(0).id());
		assertThat(page.events()).containsExactly(last);
		assertThat(page.rest()).isEqualTo(EventPage.Rest.NONE);
	}

	@Test
	void doesNotTakeStoredEventsForACompletedStream() {
		open(store(), this.stream, 1);
		List<Event> events = events(this.stream, 2, 3);
		block(store().storeEvents(this.stream, events));

		assertConflict(store().completeStream(this.stream, events), 4, false);

		assertThat(read(store(), this.stream, null).rest()).isEqualTo(EventPage.Rest.RUNNING);
	}

	@Test
	void storesNothingInAStreamThatWasNeverOpened() {
		assertStreamNotFound(store().storeEvents(this.stream, List.of(event(this.stream, 1))));
		assertStreamNotFound(store().completeStream(this.stream, List.of(event(this.stream, 1))));

		assertNotFound(store(), this.stream, null);
	}

	@Test
	void keepsStreamsOfOneIdInTwoSessionsApart() {
		StreamKey twin = new StreamKey(SessionNames.of(UUID.randomUUID().toString()), this.stream.streamId());
		List<Event> events = open(store(), this.stream, 2);
		List<Event> twins = open(store(), twin, 3);

		assertThat(read(store(), this.stream, null).events()).containsExactly(events.get(1));
		assertThat(read(store(), twin, null).events()).containsExactly(twins.get(1), twins.get(2));
		assertNotFound(store(), this.stream, twins.get(1).id());
	}

	// Opening again

	@Test
	void startsAnewWhenTheSameWriterOpensAStreamAgain() {
		List<Event> dropped = open(store(), this.stream, 3);
		List<Event> kept = List.of(event(this.stream, 5), event(this.stream, 6));

		block(store().openStream(this.stream, RequestIds.parse("8"), kept));

		EventPage page = read(secondNode(), this.stream, null);
		assertThat(page.events()).containsExactlyElementsOf(kept);
		assertThat(page.lastEventId()).isEqualTo(kept.get(1).id());
		assertThat(read(store(), this.stream, kept.get(0).id()).events()).containsExactly(kept.get(1));
		for (Event event : dropped) {
			assertTrimmed(store(), this.stream, event.id(), RequestIds.parse("8"));
		}
		assertTrimmed(store(), this.stream, EventId.next(this.stream.streamId(), 4), RequestIds.parse("8"));
		block(store().storeEvents(this.stream, List.of(event(this.stream, 7))));
	}

	@Test
	void doesNotMistakeADroppedEventForItsSuccessorInTheSamePlace() {
		List<Event> dropped = open(store(), this.stream, 3);

		block(store().openStream(this.stream, REQUEST_ID, events(this.stream, 2, 5)));

		assertTrimmed(store(), this.stream, dropped.get(0).id(), REQUEST_ID);
		assertNotFound(store(), this.stream, dropped.get(1).id());
		assertNotFound(store(), this.stream, dropped.get(2).id());
	}

	@Test
	void opensALostStreamWhereItWas() {
		List<Event> kept = events(this.stream, 41, 42);

		block(store().openStream(this.stream, REQUEST_ID, kept));

		assertThat(read(store(), this.stream, null).events()).containsExactlyElementsOf(kept);
		assertTrimmed(store(), this.stream, EventId.next(this.stream.streamId(), 12), REQUEST_ID);
	}

	@Test
	void reportsAGapWithoutRequestIdInAStreamThatAnswersNoRequest() {
		block(store().openStream(this.stream, null, events(this.stream, 5, 6)));

		assertTrimmed(store(), this.stream, EventId.next(this.stream.streamId(), 2), null);
	}

	// Reading

	@Test
	void readsFromTheOldestEventThatIsKeptWithoutACursor() {
		List<Event> events = open(store(), this.stream, 3);

		EventPage page = read(store(), this.stream, null);

		assertThat(page.events()).containsExactly(events.get(1), events.get(2));
	}

	@Test
	void neverReplaysAPrimingEvent() {
		List<Event> events = List.of(priming(this.stream, 1), event(this.stream, 2), priming(this.stream, 3),
				event(this.stream, 4), priming(this.stream, 5));
		block(store().openStream(this.stream, REQUEST_ID, events));

		EventPage page = read(store(), this.stream, null);

		assertThat(page.events()).containsExactly(events.get(1), events.get(3));
		assertThat(page.lastEventId()).isEqualTo(events.get(4).id());
		assertThat(readAll(store(), this.stream, null, 1)).containsExactly(events.get(1), events.get(3));
	}

	@Test
	void goesOnAfterAPrimingEvent() {
		open(store(), this.stream, 2);
		Event priming = priming(this.stream, 3);
		Event event = event(this.stream, 4);
		block(store().storeEvents(this.stream, List.of(priming, event)));

		assertThat(read(store(), this.stream, priming.id()).events()).containsExactly(event);
	}

	@Test
	void givesTheCursorBackWhenThereIsNothingAfterIt() {
		List<Event> events = open(store(), this.stream, 3);
		EventId last = events.get(2).id();

		EventPage running = read(store(), this.stream, last);
		Event response = event(this.stream, 4);
		block(store().completeStream(this.stream, List.of(response)));
		EventPage complete = read(store(), this.stream, response.id());

		assertThat(running.events()).isEmpty();
		assertThat(running.lastEventId()).isEqualTo(last);
		assertThat(running.rest()).isEqualTo(EventPage.Rest.RUNNING);
		assertThat(complete.events()).isEmpty();
		assertThat(complete.lastEventId()).isEqualTo(response.id());
		assertThat(complete.rest()).isEqualTo(EventPage.Rest.NONE);
	}

	@Test
	void givesThePrimingEventAsCursorWhenThereIsNoOther() {
		List<Event> events = open(store(), this.stream, 1);

		EventPage page = read(store(), this.stream, null);

		assertThat(page.events()).isEmpty();
		assertThat(page.lastEventId()).isEqualTo(events.get(0).id());
		assertThat(page.rest()).isEqualTo(EventPage.Rest.RUNNING);
	}

	@Test
	void pagesByBytes() {
		open(store(), this.stream, 1);
		List<Event> events = LongStream.rangeClosed(2, 101).mapToObj((n) -> event(this.stream, n, 1000)).toList();
		block(store().storeEvents(this.stream, events.subList(0, 60)));
		block(store().completeStream(this.stream, events.subList(60, 100)));

		List<Event> read = new ArrayList<>();
		EventId cursor = null;
		EventPage page;
		do {
			page = read(store(), this.stream, cursor, 10_000);
			assertThat(page.events()).isNotEmpty();
			assertThat(page.events().stream().mapToInt((event) -> event.message().length).sum())
				.isLessThanOrEqualTo(11_000);
			assertThat(page.lastEventId()).isEqualTo(page.events().get(page.events().size() - 1).id());
			read.addAll(page.events());
			cursor = page.lastEventId();
			assertThat(page.rest()).isEqualTo((read.size() < 100) ? EventPage.Rest.STORED : EventPage.Rest.NONE);
		}
		while (page.rest() == EventPage.Rest.STORED);

		assertThat(read).containsExactlyElementsOf(events);
	}

	@Test
	void returnsAtLeastOneEventHoweverLarge() {
		open(store(), this.stream, 1);
		List<Event> events = List.of(event(this.stream, 2, 5000), event(this.stream, 3, 200_000),
				event(this.stream, 4, 10));
		block(store().completeStream(this.stream, events));

		assertThat(read(store(), this.stream, null, 1).events()).startsWith(events.get(0));
		assertThat(readAll(store(), this.stream, null, 1)).containsExactlyElementsOf(events);
	}

	@Test
	void tellsForeignAndUnknownCursorsApartByNothing() {
		List<Event> events = open(store(), this.stream, 3);
		StreamKey sibling = StreamKey.random(this.session);
		StreamKey stranger = StreamKey.random(SessionNames.of(UUID.randomUUID().toString()));
		List<Event> siblings = open(store(), sibling, 3);
		open(store(), stranger, 3);
		String streamId = this.stream.streamId();

		EventId otherTag = new EventId(streamId, 2,
				events.get(1).id().tag().equals("0000000000") ? "0000000001" : "0000000000");
		assertNotFound(store(), this.stream, otherTag);
		assertNotFound(store(), this.stream, EventId.next(streamId, 4));
		assertNotFound(store(), this.stream, EventId.next(streamId, 999_999_999_999_999L));
		assertNotFound(store(), this.stream, siblings.get(1).id());
		assertNotFound(store(), sibling, events.get(1).id());
		assertNotFound(store(), stranger, events.get(1).id());
		assertNotFound(store(), new StreamKey(stranger.sessionName(), streamId), events.get(1).id());
		assertNotFound(store(), StreamKey.random(this.session), null);
	}

	@Test
	void returnsEveryByteOfAMessage() {
		open(store(), this.stream, 1);
		String text = "\"\\u0000 \u00e9 \u20ac \ud83d\ude80 \ud834\udd1e {}[] \\r\\n \u0001\u007f\ufeff\u2028\"";
		Event small = new Event(EventId.next(this.stream.streamId(), 2), text.getBytes(StandardCharsets.UTF_8));
		Event large = new Event(EventId.next(this.stream.streamId(), 3),
				("\"" + "\ud83d\ude80".repeat(262_144) + "\"").getBytes(StandardCharsets.UTF_8));
		block(store().storeEvents(this.stream, List.of(small)));
		block(store().completeStream(this.stream, List.of(large)));

		List<Event> events = readAll(secondNode(), this.stream, null, 100);

		assertThat(large.message()).hasSizeGreaterThan(1024 * 1024);
		assertThat(events).containsExactly(small, large);
		assertThat(new String(events.get(0).message(), StandardCharsets.UTF_8)).isEqualTo(text);
	}

	// Callers' mistakes

	@Test
	void refusesAnEmptyBatch() {
		open(store(), this.stream, 1);

		assertIllegal(store(), (store) -> store.openStream(this.stream, null, List.of()));
		assertIllegal(store(), (store) -> store.storeEvents(this.stream, List.of()));
		assertIllegal(store(), (store) -> store.completeStream(this.stream, List.of()));

		assertThat(read(store(), this.stream, null).rest()).isEqualTo(EventPage.Rest.RUNNING);
	}

	@Test
	void refusesABatchWithAHole() {
		open(store(), this.stream, 1);
		List<Event> hole = List.of(event(this.stream, 2), event(this.stream, 4));
		List<Event> twice = List.of(event(this.stream, 2), event(this.stream, 2));

		for (List<Event> batch : List.of(hole, twice)) {
			assertIllegal(store(), (store) -> store.openStream(this.stream, null, batch));
			assertIllegal(store(), (store) -> store.storeEvents(this.stream, batch));
			assertIllegal(store(), (store) -> store.completeStream(this.stream, batch));
		}

		assertThat(read(store(), this.stream, null).events()).isEmpty();
	}

	@Test
	void refusesAnEventOfAnotherStream() {
		open(store(), this.stream, 1);
		List<Event> foreign = List.of(event(StreamKey.random(this.session), 2));

		assertIllegal(store(), (store) -> store.openStream(this.stream, null, foreign));
		assertIllegal(store(), (store) -> store.storeEvents(this.stream, foreign));
		assertIllegal(store(), (store) -> store.completeStream(this.stream, foreign));

		assertThat(read(store(), this.stream, null).events()).isEmpty();
	}

	@Test
	void refusesAPageWithoutRoom() {
		open(store(), this.stream, 2);

		assertIllegal(store(), (store) -> store.replayEventsAfter(this.stream, null, 0));
		assertIllegal(store(), (store) -> store.replayEventsAfter(this.stream, null, -1));
	}

	// Watching

	@Test
	void emitsAHintAsSoonAsAStreamIsWatched() {
		// Whether a stream that isn't there can be watched is the store's affair
		assertThat(store().watch(this.stream).blockFirst(TIMEOUT)).isIn(Hint.notWatched(), Hint.watched());

		open(store(), this.stream, 2);

		assertThat(store().watch(this.stream).blockFirst(TIMEOUT)).isEqualTo(Hint.watched());
	}

	@Test
	void emitsAHintAfterEachStoreByThisNodeOrAnother() {
		open(store(), this.stream, 1);
		Queue<Hint> hints = new ConcurrentLinkedQueue<>();
		Disposable watch = store().watch(this.stream).subscribe(hints::add);
		try {
			awaitHint(hints);

			block(store().storeEvents(this.stream, List.of(event(this.stream, 2))));
			awaitHint(hints);
			block(secondNode().storeEvents(this.stream, List.of(event(this.stream, 3))));
			awaitHint(hints);
			block(secondNode().completeStream(this.stream, List.of(event(this.stream, 4))));
			awaitHint(hints);
		}
		finally {
			watch.dispose();
		}
	}

	@Test
	void followsAStreamFromAnotherNodeWithoutAHole() {
		open(store(), this.stream, 1);
		AtomicReference<@Nullable EventId> cursor = new AtomicReference<>();
		Mono<List<Event>> reader = secondNode().watch(this.stream)
			.concatMap((hint) -> readOn(secondNode(), this.stream, cursor), 1)
			.takeUntil((page) -> page.rest() == EventPage.Rest.NONE)
			.concatMapIterable(EventPage::events)
			.collectList()
			.cache();
		Disposable subscription = reader.subscribe();
		try {
			List<Event> events = events(this.stream, 2, 201);
			for (Event event : events.subList(0, 199)) {
				block(store().storeEvents(this.stream, List.of(event)));
			}
			block(store().completeStream(this.stream, events.subList(199, 200)));

			assertThat(block(reader)).containsExactlyElementsOf(events);
		}
		finally {
			subscription.dispose();
		}
	}

	@Test
	void dropsHintsThatFindNoDemandButForTheLatest() {
		open(store(), this.stream, 1);
		Queue<Hint> hints = new ConcurrentLinkedQueue<>();
		BaseSubscriber<Hint> slow = new BaseSubscriber<>() {

			@Override
			protected void hookOnSubscribe(Subscription subscription) {
				subscription.request(1);
			}

			@Override
			protected void hookOnNext(Hint hint) {
				hints.add(hint);
			}

		};
		store().watch(this.stream).subscribe(slow);
		try {
			awaitHint(hints);
			for (Event event : events(this.stream, 2, 101)) {
				block(store().storeEvents(this.stream, List.of(event)));
			}
			assertThat(hints).isEmpty();

			slow.request(1000);

			awaiting().until(() -> !hints.isEmpty());
			assertThat(hints).hasSizeLessThan(50);
		}
		finally {
			slow.cancel();
		}
	}

	@Test
	void emitsNoHintToAWatcherThatHasGone() {
		open(store(), this.stream, 1);
		Queue<Hint> gone = new ConcurrentLinkedQueue<>();
		Queue<Hint> hints = new ConcurrentLinkedQueue<>();
		Disposable first = store().watch(this.stream).subscribe(gone::add);
		Disposable second = store().watch(this.stream).subscribe(hints::add);
		try {
			awaitHint(gone);
			awaitHint(hints);

			first.dispose();
			gone.clear();
			block(secondNode().storeEvents(this.stream, List.of(event(this.stream, 2))));

			awaitHint(hints);
			assertThat(gone).isEmpty();
		}
		finally {
			second.dispose();
		}
	}

	@Test
	void saysNoMoreThatAStreamIsNotWatchedOnceItIs() {
		open(store(), this.stream, 1);
		Queue<Hint> hints = new ConcurrentLinkedQueue<>();
		Queue<Hint> late = new ConcurrentLinkedQueue<>();
		Disposable first = store().watch(this.stream).subscribe(hints::add);
		awaiting().until(() -> hints.contains(Hint.watched()));
		hints.clear();
		block(store().deleteSession(this.session));

		// It may not be watched any more, and whoever comes now is told so
		Disposable second = store().watch(this.stream).subscribe(late::add);
		try {
			awaiting().until(() -> !late.isEmpty());
			assertThat(hints).doesNotContain(Hint.watched(), Hint.notWatched());
		}
		finally {
			first.dispose();
			second.dispose();
		}
	}

	// Deleting

	@Test
	void refusesEverythingInADeletedSession() {
		StreamKey complete = StreamKey.random(this.session);
		List<Event> events = open(store(), this.stream, 2);
		open(store(), complete, 1);
		block(store().completeStream(complete, List.of(event(complete, 2))));

		block(secondNode().deleteSession(this.session));

		for (EventStore store : List.of(store(), secondNode())) {
			assertNotFound(store, this.stream, null);
			assertNotFound(store, this.stream, events.get(0).id());
			assertNotFound(store, complete, null);
			assertStreamNotFound(store.storeEvents(this.stream, List.of(event(this.stream, 3))));
			assertStreamNotFound(store.completeStream(this.stream, List.of(event(this.stream, 3))));
			assertSessionDeleted(store.openStream(this.stream, REQUEST_ID, List.of(event(this.stream, 3))));
			assertSessionDeleted(store.openStream(complete, REQUEST_ID, List.of(priming(complete, 1))));
			StreamKey fresh = StreamKey.random(this.session);
			assertSessionDeleted(store.openStream(fresh, null, List.of(priming(fresh, 1))));
			assertNotFound(store, fresh, null);
		}
	}

	@Test
	void deletesASessionThatIsUnknownOrDeleted() {
		block(store().deleteSession(this.session));
		block(secondNode().deleteSession(this.session));

		assertSessionDeleted(store().openStream(this.stream, null, List.of(priming(this.stream, 1))));
	}

	@Test
	void leavesOtherSessionsAlone() {
		StreamKey other = StreamKey.random(SessionNames.of(UUID.randomUUID().toString()));
		open(store(), this.stream, 2);
		List<Event> events = open(store(), other, 2);

		block(store().deleteSession(this.session));

		assertThat(read(store(), other, null).events()).containsExactly(events.get(1));
		block(store().completeStream(other, List.of(event(other, 3))));
	}

	// Bounds and expiry

	@Test
	void dropsTheOldestEventsBeyondTheEventsOfAStream() {
		EventStore store = store(Bounds.none().withMaxEventsPerStream(20));
		List<Event> events = open(store, this.stream, 1);
		for (Event event : events(this.stream, 2, 200)) {
			block(store.storeEvents(this.stream, List.of(event)));
			events.add(event);
		}

		assertOldestAreGone(store, this.stream, events);
	}

	@Test
	void dropsTheOldestEventsBeyondTheBytesOfAStream() {
		EventStore store = store(Bounds.none().withMaxBytesPerStream(100_000));
		List<Event> events = open(store, this.stream, 1);
		for (int i = 2; i <= 100; i++) {
			Event event = event(this.stream, i, 10_000);
			block(store.storeEvents(this.stream, List.of(event)));
			events.add(event);
		}

		assertOldestAreGone(store, this.stream, events);
	}

	@Test
	void dropsTheOldestEventsBeyondTheBytesOfASession() {
		EventStore store = store(Bounds.none().withMaxBytesPerSession(100_000));
		StreamKey other = StreamKey.random(SessionNames.of(UUID.randomUUID().toString()));
		List<Event> others = open(store, other, 2);
		List<StreamKey> streams = IntStream.range(0, 50).mapToObj((n) -> StreamKey.random(this.session)).toList();
		for (StreamKey stream : streams) {
			block(store.openStream(stream, REQUEST_ID, List.of(priming(stream, 1))));
			block(store.completeStream(stream, List.of(event(stream, 2, 10_000))));
		}

		awaiting().untilAsserted(() -> assertThatExceptionOfType(EventStoreException.class)
			.isThrownBy(() -> read(store, streams.get(0), EventId.next(streams.get(0).streamId(), 1))));
		assertThat(read(store, streams.get(49), null).events()).hasSize(1);
		assertThat(read(store, other, null).events()).containsExactly(others.get(1));
	}

	@Test
	void keepsARunningStreamForItsTimeToLiveAfterItWasWritten() {
		EventStore store = store(Bounds.none().withTimeToLive(units(2)));
		assertThat(store.timeToLive()).isEqualTo(units(2));
		List<Event> events = open(store, this.stream, 2);

		elapse(units(1.2));
		block(store.storeEvents(this.stream, List.of(event(this.stream, 3))));
		elapse(units(1.2));
		assertThat(read(store, this.stream, null).events()).hasSize(2);

		elapse(units(1.1));
		awaiting().untilAsserted(() -> assertNotFound(store, this.stream, events.get(0).id()));
		assertStreamNotFound(store.storeEvents(this.stream, List.of(event(this.stream, 4))));
		assertStreamNotFound(store.completeStream(this.stream, List.of(event(this.stream, 4))));
	}

	@Test
	void opensAnExpiredStreamAgain() {
		EventStore store = store(Bounds.none().withTimeToLive(units(1)));
		List<Event> events = open(store, this.stream, 2);
		elapse(units(1.2));
		awaiting().untilAsserted(() -> assertNotFound(store, this.stream, null));

		Event next = event(this.stream, 3);
		block(store.openStream(this.stream, REQUEST_ID, List.of(next)));

		assertThat(read(store, this.stream, null).events()).containsExactly(next);
		assertTrimmed(store, this.stream, events.get(0).id(), REQUEST_ID);
	}

	@Test
	void putsOffTheExpiryOfThoseStreamsOnlyThatAreRenewed() {
		EventStore store = store(Bounds.none().withTimeToLive(units(2)));
		StreamKey other = StreamKey.random(SessionNames.of(UUID.randomUUID().toString()));
		StreamKey silent = StreamKey.random(this.session);
		open(store, this.stream, 2);
		open(store, other, 2);
		open(store, silent, 2);

		elapse(units(1.2));
		block(store.renewStreams(List.of(this.stream, StreamKey.random(this.session), other)));
		elapse(units(1.1));

		awaiting().untilAsserted(() -> assertNotFound(store, silent, null));
		assertThat(read(store, this.stream, null).events()).hasSize(1);
		assertThat(read(store, other, null).events()).hasSize(1);
		elapse(units(1.5));
		awaiting().untilAsserted(() -> assertNotFound(store, this.stream, null));
		assertNotFound(store, this.stream, null);
	}

	@Test
	void dropsACompleteStreamAfterATimeOfItsOwn() {
		EventStore store = store(Bounds.none().withCompletedTimeToLive(units(1)));
		assertThat(store.completedTimeToLive()).isEqualTo(units(1));
		StreamKey running = StreamKey.random(this.session);
		open(store, running, 2);
		Event response = complete(store);

		elapse(units(1.1));

		awaiting().untilAsserted(() -> assertNotFound(store, this.stream, response.id()));
		assertThat(read(store, running, null).events()).hasSize(1);
	}

	@Test
	void keepsACompleteStreamForAsLongAsItIsRead() {
		EventStore store = store(Bounds.none().withCompletedTimeToLive(units(2)));
		Event response = complete(store);

		for (int i = 0; i < 4; i++) {
			elapse(units(1.2));
			assertThat(read(store, this.stream, null).events()).containsExactly(response);
			awaitRenewal(this.stream);
		}

		elapse(units(2.1));
		awaiting().untilAsserted(() -> assertNotFound(store, this.stream, response.id()));
	}

	@Test
	void putsOffTheExpiryOfACompleteStreamThatIsBeingRead() {
		EventStore store = store(Bounds.none().withCompletedTimeToLive(units(2)));
		Event response = complete(store);

		for (int i = 0; i < 4; i++) {
			elapse(units(1.2));
			block(store.renewStreams(List.of(this.stream)));
		}

		assertThat(read(store, this.stream, null).events()).containsExactly(response);
	}

	private Event complete(EventStore store) {
		open(store, this.stream, 1);
		Event response = event(this.stream, 2);
		block(store.completeStream(this.stream, List.of(response)));
		return response;
	}

	@Test
	void renewsNothingWhenThereIsNothingToRenew() {
		block(store().renewStreams(List.of()));
		block(store().renewStreams(List.of(this.stream)));

		assertNotFound(store(), this.stream, null);
		assertThat(store().timeToLive()).isPositive();
	}

	// Concurrency

	@Test
	void keepsTheEventsOfManyStreamsApart() {
		List<StreamKey> streams = IntStream.range(0, 64).mapToObj((n) -> StreamKey.random(this.session)).toList();

		Flux.fromIterable(streams).parallel(8).runOn(Schedulers.boundedElastic()).doOnNext((stream) -> {
			EventStore store = (streams.indexOf(stream) % 2 == 0) ? store() : secondNode();
			block(store.openStream(stream, REQUEST_ID, List.of(priming(stream, 1))));
			for (int sequence = 2; sequence <= 40; sequence += 2) {
				block(store.storeEvents(stream, events(stream, sequence, sequence + 1)));
			}
			block(store.completeStream(stream, List.of(event(stream, 42))));
		}).sequential().then().block(TIMEOUT.multipliedBy(3));

		for (StreamKey stream : streams) {
			assertThat(readAll(store(), stream, null, 500)).extracting((event) -> event.id().sequence())
				.containsExactlyElementsOf(LongStream.rangeClosed(2, 42).boxed().toList());
		}
	}

	@Test
	void letsOneOfTwoWritersHaveASequence() {
		open(store(), this.stream, 1);
		List<Event> winners = new ArrayList<>();
		for (int sequence = 2; sequence <= 201; sequence++) {
			Event mine = event(this.stream, sequence);
			Event theirs = event(this.stream, sequence);

			List<Object> outcomes = race(store().storeEvents(this.stream, List.of(mine)),
					secondNode().storeEvents(this.stream, List.of(theirs)));

			assertOneWon(outcomes, sequence + 1, false);
			winners.add(outcomes.get(0).equals("won") ? mine : theirs);
		}

		assertThat(read(store(), this.stream, null).events()).containsExactlyElementsOf(winners);
	}

	@Test
	void letsOneOfTwoPartiesCompleteAStream() {
		for (int i = 0; i < 500; i++) {
			StreamKey stream = StreamKey.random(this.session);
			open(store(), stream, 1);
			Event mine = event(stream, 2);
			Event theirs = event(stream, 2);

			List<Object> outcomes = race(store().completeStream(stream, List.of(mine)),
					secondNode().completeStream(stream, List.of(theirs)));

			assertOneWon(outcomes, 3, true);
			EventPage page = read(store(), stream, null);
			assertThat(page.events()).containsExactly(outcomes.get(0).equals("won") ? mine : theirs);
			assertThat(page.rest()).isEqualTo(EventPage.Rest.NONE);
		}
	}

	@Test
	void leavesNothingOfADeletedSessionHoweverItRaces() {
		for (int i = 0; i < 100; i++) {
			StreamKey stream = StreamKey.random(SessionNames.of(UUID.randomUUID().toString()));

			race(store().openStream(stream, REQUEST_ID, List.of(priming(stream, 1))),
					secondNode().deleteSession(stream.sessionName()));

			assertNotFound(store(), stream, null);
			assertStreamNotFound(store().storeEvents(stream, List.of(event(stream, 2))));
		}
	}

	// What the tests are written with

	/**
	 * Return an event with a small message.
	 * @param stream the stream
	 * @param sequence the sequence of the event
	 * @return the event
	 */
	protected static Event event(StreamKey stream, long sequence) {
		return new Event(EventId.next(stream.streamId(), sequence),
				("{\"jsonrpc\":\"2.0\",\"n\":" + sequence + "}").getBytes(StandardCharsets.UTF_8));
	}

	/**
	 * Return an event with a message of a given size.
	 * @param stream the stream
	 * @param sequence the sequence of the event
	 * @param size the size of the message in bytes, at least 2
	 * @return the event
	 */
	protected static Event event(StreamKey stream, long sequence, int size) {
		return new Event(EventId.next(stream.streamId(), sequence),
				("\"" + "x".repeat(size - 2) + "\"").getBytes(StandardCharsets.UTF_8));
	}

	/**
	 * Return events without a hole.
	 * @param stream the stream
	 * @param first the first sequence
	 * @param last the last sequence
	 * @return the events
	 */
	protected static List<Event> events(StreamKey stream, long first, long last) {
		return LongStream.rangeClosed(first, last).mapToObj((sequence) -> event(stream, sequence)).toList();
	}

	/**
	 * Return a priming event.
	 * @param stream the stream
	 * @param sequence the sequence of the event
	 * @return the event
	 */
	protected static Event priming(StreamKey stream, long sequence) {
		return Event.priming(EventId.next(stream.streamId(), sequence));
	}

	/**
	 * Open a stream with a priming event and store events in it.
	 * @param store the store
	 * @param stream the stream
	 * @param count how many events in all
	 * @return all events
	 */
	protected static List<Event> open(EventStore store, StreamKey stream, int count) {
		List<Event> events = new ArrayList<>(List.of(priming(stream, 1)));
		block(store.openStream(stream, REQUEST_ID, List.copyOf(events)));
		for (int sequence = 2; sequence <= count; sequence++) {
			Event event = event(stream, sequence);
			block(store.storeEvents(stream, List.of(event)));
			events.add(event);
		}
		return events;
	}

	protected static <T> @Nullable T block(Mono<T> mono) {
		return mono.block(TIMEOUT);
	}

	protected static EventPage read(EventStore store, StreamKey stream, @Nullable EventId lastEventId) {
		return read(store, stream, lastEventId, ANY_SIZE);
	}

	protected static EventPage read(EventStore store, StreamKey stream, @Nullable EventId lastEventId, int maxBytes) {
		return Objects.requireNonNull(block(store.replayEventsAfter(stream, lastEventId, maxBytes)), "no page");
	}

	/**
	 * Read page after page until nothing more is stored.
	 * @param store the store
	 * @param stream the stream
	 * @param lastEventId the cursor to start from
	 * @param maxBytes the size of a page
	 * @return the events of all pages
	 */
	protected static List<Event> readAll(EventStore store, StreamKey stream, @Nullable EventId lastEventId,
			int maxBytes) {
		List<Event> events = new ArrayList<>();
		EventPage page = read(store, stream, lastEventId, maxBytes);
		events.addAll(page.events());
		for (int pages = 0; pages < 10_000 && page.rest() == EventPage.Rest.STORED; pages++) {
			page = read(store, stream, page.lastEventId(), maxBytes);
			events.addAll(page.events());
		}
		assertThat(page.rest()).isNotEqualTo(EventPage.Rest.STORED);
		return events;
	}

	protected static ConditionFactory awaiting() {
		return Awaitility.await().atMost(TIMEOUT).pollInterval(Duration.ofMillis(20));
	}

	protected static void assertNotFound(EventStore store, StreamKey stream, @Nullable EventId lastEventId) {
		assertThatExceptionOfType(EventNotFoundException.class).isThrownBy(() -> read(store, stream, lastEventId));
	}

	protected static void assertTrimmed(EventStore store, StreamKey stream, EventId lastEventId,
			@Nullable RequestIds requestIds) {
		assertThatExceptionOfType(EventsTrimmedException.class).isThrownBy(() -> read(store, stream, lastEventId))
			.satisfies((ex) -> assertThat(ex.requestIds()).isEqualTo(requestIds));
	}

	protected static void assertStreamNotFound(Mono<?> call) {
		assertThatExceptionOfType(StreamNotFoundException.class).isThrownBy(() -> block(call));
	}

	protected static void assertSessionDeleted(Mono<?> call) {
		assertThatExceptionOfType(SessionDeletedException.class).isThrownBy(() -> block(call));
	}

	protected static void assertConflict(Mono<?> call, long nextSequence, boolean complete) {
		StreamConflictException conflict = conflict(call);
		assertThat(conflict.nextSequence()).isEqualTo(nextSequence);
		assertThat(conflict.isComplete()).isEqualTo(complete);
	}

	private static StreamConflictException conflict(Mono<?> call) {
		return assertThatExceptionOfType(StreamConflictException.class).isThrownBy(() -> block(call)).actual();
	}

	// A mistake may be reported by the call or by what it returns
	private static void assertIllegal(EventStore store, Function<EventStore, Mono<?>> call) {
		assertThatIllegalArgumentException().isThrownBy(() -> block(call.apply(store)));
	}

	private static void assertOldestAreGone(EventStore store, StreamKey stream, List<Event> events) {
		Event oldest = events.get(0);
		Event newest = events.get(events.size() - 1);
		awaiting().untilAsserted(() -> assertTrimmed(store, stream, oldest.id(), REQUEST_ID));
		List<Event> kept = readAll(store, stream, null, ANY_SIZE);
		assertThat(kept).isNotEmpty()
			.hasSizeLessThan(events.size() - 1)
			.containsExactlyElementsOf(events.subList(events.size() - kept.size(), events.size()));
		assertThat(read(store, stream, kept.get(0).id()).events())
			.containsExactlyElementsOf(kept.subList(1, kept.size()));
		assertThat(read(store, stream, newest.id()).events()).isEmpty();
		block(store.storeEvents(stream, List.of(event(stream, newest.id().sequence() + 1))));
	}

	private static Flux<EventPage> readOn(EventStore store, StreamKey stream,
			AtomicReference<@Nullable EventId> cursor) {
		return Mono.defer(() -> store.replayEventsAfter(stream, cursor.get(), 500))
			.doOnNext((page) -> cursor.set(page.lastEventId()))
			.repeat(1000)
			.takeUntil((page) -> page.rest() != EventPage.Rest.STORED);
	}

	private static void awaitHint(Queue<Hint> hints) {
		awaiting().until(() -> !hints.isEmpty());
		hints.clear();
	}

	private static List<Object> race(Mono<?> first, Mono<?> second) {
		List<Object> outcomes = Flux.just(first, second)
			.flatMapSequential((call) -> call.<Object>thenReturn("won")
				.onErrorResume(EventStoreException.class, Mono::just)
				.subscribeOn(Schedulers.boundedElastic()))
			.collectList()
			.block(TIMEOUT);
		assertThat(outcomes).hasSize(2);
		return Objects.requireNonNull(outcomes);
	}

	private static void assertOneWon(List<Object> outcomes, long nextSequence, boolean complete) {
		assertThat(outcomes).containsOnlyOnce("won");
		assertThat(outcomes).filteredOn((outcome) -> !outcome.equals("won"))
			.singleElement()
			.isInstanceOfSatisfying(StreamConflictException.class, (conflict) -> {
				assertThat(conflict.nextSequence()).isEqualTo(nextSequence);
				assertThat(conflict.isComplete()).isEqualTo(complete);
			});
	}

	/**
	 * The bounds of a store.
	 *
	 * @param maxEventsPerStream how many events of a stream are kept
	 * @param maxBytesPerStream how many bytes of a stream are kept
	 * @param maxBytesPerSession how many bytes of a session are kept
	 * @param timeToLive how long a running stream is kept
	 * @param completedTimeToLive how long a complete stream is kept
	 */
	protected record Bounds(int maxEventsPerStream, long maxBytesPerStream, long maxBytesPerSession,
			Duration timeToLive, Duration completedTimeToLive) {

		/**
		 * Return bounds that no test reaches.
		 * @return wide bounds
		 */
		public static Bounds none() {
			return new Bounds(1_000_000, 1L << 30, 1L << 30, Duration.ofHours(1), Duration.ofMinutes(5));
		}

		Bounds withMaxEventsPerStream(int max) {
			return new Bounds(max, this.maxBytesPerStream, this.maxBytesPerSession, this.timeToLive,
					this.completedTimeToLive);
		}

		Bounds withMaxBytesPerStream(long max) {
			return new Bounds(this.maxEventsPerStream, max, this.maxBytesPerSession, this.timeToLive,
					this.completedTimeToLive);
		}

		Bounds withMaxBytesPerSession(long max) {
			return new Bounds(this.maxEventsPerStream, this.maxBytesPerStream, max, this.timeToLive,
					this.completedTimeToLive);
		}

		Bounds withTimeToLive(Duration ttl) {
			return new Bounds(this.maxEventsPerStream, this.maxBytesPerStream, this.maxBytesPerSession, ttl,
					this.completedTimeToLive);
		}

		Bounds withCompletedTimeToLive(Duration ttl) {
			return new Bounds(this.maxEventsPerStream, this.maxBytesPerStream, this.maxBytesPerSession, this.timeToLive,
					ttl);
		}

	}

}

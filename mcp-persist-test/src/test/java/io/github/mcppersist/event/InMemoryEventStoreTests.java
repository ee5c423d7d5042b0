package io.github.mcppersist.event;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

import org.junit.jupiter.api.Test;
import reactor.core.Disposable;

import io.github.mcppersist.session.SessionNames;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class InMemoryEventStoreTests extends AbstractInMemoryEventStoreTests {

	private static final RequestIds REQUEST_ID = RequestIds.parse("7");

	@Test
	void countsWhatIsStoredAndForgetsWhatIsDeleted() {
		StreamKey stream = stream();
		block(this.store.openStream(stream, null, List.of(priming(stream, 1), event(stream, 2, 10_000))));
		long opened = this.store.bytes();
		block(this.store.storeEvents(stream, List.of(event(stream, 3, 20_000))));
		long stored = this.store.bytes();
		block(this.store.openStream(stream, null, List.of(event(stream, 4, 500))));
		long openedAgain = this.store.bytes();
		block(this.store.deleteSession(stream.sessionName()));

		assertThat(opened).isBetween(10_000L, 13_000L);
		assertThat(stored).isBetween(30_000L, 33_000L);
		assertThat(openedAgain).isBetween(500L, 3_000L);
		assertThat(this.store.bytes()).isZero();
	}

	@Test
	void keepsExactlyTheNewestEventsOfAStream() {
		InMemoryEventStore store = builder().maxEventsPerStream(100).build();
		StreamKey stream = stream();
		List<Event> events = new ArrayList<>(open(store, stream, 1));
		for (Event event : events(stream, 2, 5_000)) {
			block(store.storeEvents(stream, List.of(event)));
			events.add(event);
			List<Event> kept = events.subList(Math.max(1, events.size() - 100), events.size());
			assertThat(read(store, stream, null).events()).hasSize(kept.size()).startsWith(kept.get(0));
		}

		assertThat(read(store, stream, null).events()).containsExactlyElementsOf(events.subList(4_900, 5_000));
		assertThat(read(store, stream, events.get(4_950).id()).events())
			.containsExactlyElementsOf(events.subList(4_951, 5_000));
		assertThat(read(store, stream, events.get(4_899).id()).events()).hasSize(100);
		assertTrimmed(store, stream, events.get(4_898).id(), RequestIds.parse("\"request-7\""));
	}

	@Test
	void keepsTheEndOfABatchThatIsLargerThanAStreamMayBe() {
		InMemoryEventStore store = builder().maxEventsPerStream(10).build();
		StreamKey stream = stream();
		open(store, stream, 1);
		List<Event> batch = events(stream, 2, 51);

		block(store.completeStream(stream, batch));
		block(store.completeStream(stream, batch));

		assertThat(read(store, stream, null).events()).containsExactlyElementsOf(batch.subList(40, 50));
	}

	@Test
	void reportsAnEventThatIsLargerThanAStreamMayBeAsAGap() {
		InMemoryEventStore store = builder().maxBytesPerStream(10_000).build();
		StreamKey stream = stream();
		List<Event> events = open(store, stream, 2);
		Event large = event(stream, 3, 20_000);

		block(store.storeEvents(stream, List.of(large)));
		block(store.storeEvents(stream, List.of(large)));

		assertTrimmed(store, stream, events.get(1).id(), RequestIds.parse("\"request-7\""));
		assertThat(read(store, stream, large.id()).events()).isEmpty();
		assertThat(store.bytes()).isLessThan(10_000);
		Event next = event(stream, 4);
		block(store.storeEvents(stream, List.of(next)));
		assertThat(read(store, stream, large.id()).events()).containsExactly(next);
	}

	@Test
	void dropsTheStreamThatCompletedFirstBeforeAnythingOfARunningOne() {
		InMemoryEventStore store = builder().maxBytes(100_000).build();
		StreamKey running = stream();
		List<Event> events = open(store, running, 2);
		List<StreamKey> complete = new ArrayList<>();
		for (int i = 0; i < 20; i++) {
			StreamKey stream = stream();
			open(store, stream, 1);
			block(store.completeStream(stream, List.of(event(stream, 2, 10_000))));
			complete.add(stream);
		}

		assertThat(store.bytes()).isBetween(80_000L, 100_000L);
		assertThat(read(store, running, events.get(0).id()).events()).containsExactly(events.get(1));
		assertNotFound(store, complete.get(0), null);
		assertNotFound(store, complete.get(10), null);
		for (StreamKey stream : complete.subList(13, 20)) {
			assertThat(read(store, stream, null).events()).hasSize(1);
		}
	}

	@Test
	void trimsTheRunningStreamThatWasWrittenLeastRecently() {
		InMemoryEventStore store = builder().maxBytes(100_000).build();
		StreamKey silent = stream();
		StreamKey busy = stream();
		List<Event> silents = open(store, silent, 1);
		block(store.storeEvents(silent, List.of(event(silent, 2, 30_000), event(silent, 3, 30_000))));
		List<Event> events = open(store, busy, 1);
		for (int sequence = 2; sequence <= 4; sequence++) {
			block(store.storeEvents(busy, List.of(event(busy, sequence, 20_000))));
			block(store.renewStreams(List.of(silent)));
		}

		assertTrimmed(store, silent, silents.get(0).id(), RequestIds.parse("\"request-7\""));
		assertThat(read(store, silent, null).events()).hasSize(1);
		assertThat(read(store, busy, events.get(0).id()).events()).hasSize(3);
		block(store.completeStream(silent, List.of(event(silent, 4))));
	}

	@Test
	void keepsTheResponseThatWasJustStoredAlsoIfEverythingElseIsStillRunning() {
		InMemoryEventStore store = builder().maxBytes(100_000).build();
		StreamKey large = stream();
		StreamKey stream = stream();
		open(store, large, 1);
		block(store.storeEvents(large, List.of(event(large, 2, 45_000), event(large, 3, 45_000))));
		open(store, stream, 1);
		Event response = event(stream, 2, 20_000);

		block(store.completeStream(stream, List.of(response)));

		assertThat(read(store, stream, null).events()).containsExactly(response);
		assertThat(store.bytes()).isLessThanOrEqualTo(100_000);
	}

	@Test
	void staysWithinItsBytesWhenItHoldsNothingButOpenStreams() {
		InMemoryEventStore store = builder().maxBytes(100_000).build();
		StreamKey first = stream();
		open(store, first, 1);
		StreamKey last = first;
		for (int i = 0; i < 1_000; i++) {
			last = stream();
			open(store, last, 1);
		}

		assertThat(store.bytes()).isLessThanOrEqualTo(100_000);
		assertStreamNotFound(store.storeEvents(first, List.of(event(first, 2))));
		block(store.storeEvents(last, List.of(event(last, 2))));
	}

	@Test
	void freesWhatHasExpiredWithoutBeingAskedForIt() {
		StreamKey complete = stream();
		StreamKey running = stream();
		open(this.store, complete, 10);
		block(this.store.completeStream(complete, List.of(event(complete, 11, 10_000))));
		open(this.store, running, 10);
		block(this.store.storeEvents(running, List.of(event(running, 11, 10_000))));

		this.clock.advance(Duration.ofMinutes(5));
		assertThat(this.store.bytes()).isBetween(10_000L, 20_000L);
		this.clock.advance(Duration.ofMinutes(55));
		assertThat(this.store.bytes()).isZero();
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

		open(this.store, StreamKey.random(first), 1);
		StreamKey refused = StreamKey.random(second);
		assertSessionDeleted(this.store.openStream(refused, REQUEST_ID, List.of(priming(refused, 1))));
	}

	@Test
	void letsAWatcherCallTheStoreFromWithinAHint() {
		StreamKey stream = stream();
		open(this.store, stream, 1);
		List<Integer> sizes = new ArrayList<>();
		Disposable watch = this.store.watch(stream)
			.flatMap((hint) -> this.store.replayEventsAfter(stream, null, 1000))
			.subscribe((page) -> sizes.add(page.events().size()));

		block(this.store.storeEvents(stream, List.of(event(stream, 2))));
		watch.dispose();

		assertThat(sizes).containsExactly(0, 1);
	}

	@Test
	void tellsWatchersThatTheirSessionWasDeleted() {
		StreamKey stream = stream();
		open(this.store, stream, 1);
		List<Hint> hints = new ArrayList<>();
		Disposable watch = this.store.watch(stream).subscribe(hints::add);

		block(this.store.deleteSession(stream.sessionName()));
		watch.dispose();

		assertThat(hints).containsExactly(Hint.watched(), Hint.look());
	}

	@Test
	void hasDefaultBounds() {
		InMemoryEventStore store = new InMemoryEventStore();
		StreamKey stream = stream();
		open(store, stream, 1);
		for (int sequence = 2; sequence < 80; sequence++) {
			block(store.storeEvents(stream, List.of(event(stream, sequence, 1024 * 1024))));
		}

		assertThat(store.timeToLive()).isEqualTo(Duration.ofHours(1));
		assertThat(store.bytes()).isBetween(62L * 1024 * 1024, 64L * 1024 * 1024);
	}

	@Test
	void refusesBoundsThatLeaveNoRoom() {
		InMemoryEventStore.Builder builder = InMemoryEventStore.builder();

		assertThatIllegalArgumentException().isThrownBy(() -> builder.maxBytes(0)).withMessageContaining("maxBytes");
		assertThatIllegalArgumentException().isThrownBy(() -> builder.maxEventsPerStream(-1))
			.withMessageContaining("maxEventsPerStream must be at least 1: -1");
		assertThatIllegalArgumentException().isThrownBy(() -> builder.maxBytesPerStream(0));
		assertThatIllegalArgumentException().isThrownBy(() -> builder.maxBytesPerSession(0));
		assertThatIllegalArgumentException().isThrownBy(() -> builder.timeToLive(Duration.ZERO))
			.withMessageContaining("timeToLive");
		assertThatIllegalArgumentException().isThrownBy(() -> builder.completedTimeToLive(Duration.ofNanos(5)));
		assertThatIllegalArgumentException().isThrownBy(() -> this.store.deleteSession("a}b"))
			.withMessageContaining("a}b");
	}

	private static StreamKey stream() {
		return StreamKey.random(SessionNames.of(UUID.randomUUID().toString()));
	}

}

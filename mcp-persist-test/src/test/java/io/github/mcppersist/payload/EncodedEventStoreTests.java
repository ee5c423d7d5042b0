package io.github.mcppersist.payload;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

import io.github.mcppersist.event.AbstractInMemoryEventStoreTests;
import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventPage.Rest;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreRefusedException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.EventsUnreadableException;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamKey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class EncodedEventStoreTests {

	private static final int ANY_SIZE = 1 << 20;

	private final InMemoryEventStore inner = new InMemoryEventStore();

	private final StreamKey stream = StreamKey.random("session");

	private final List<PayloadPlace> unreadable = new ArrayList<>();

	private EventStore store(PayloadCodec codec) {
		return new EncodedEventStore(this.inner, new Payloads(codec, (place, failure) -> this.unreadable.add(place)));
	}

	private Event event(long sequence, String message) {
		return new Event(EventId.next(this.stream.streamId(), sequence), message.getBytes(StandardCharsets.UTF_8));
	}

	private List<Event> open(EventStore store, @Nullable RequestIds requestIds, String... messages) {
		List<Event> events = new ArrayList<>();
		events.add(Event.priming(EventId.next(this.stream.streamId(), 1)));
		for (String message : messages) {
			events.add(event(events.size() + 1, message));
		}
		store.openStream(this.stream, requestIds, events).block();
		return events;
	}

	private EventPage read(EventStore store, @Nullable EventId after) {
		return read(store, after, ANY_SIZE);
	}

	private EventPage read(EventStore store, @Nullable EventId after, int maxBytes) {
		return Objects.requireNonNull(store.replayEventsAfter(this.stream, after, maxBytes).block());
	}

	private static List<String> messages(EventPage page) {
		return page.events().stream().map((event) -> new String(event.message(), StandardCharsets.UTF_8)).toList();
	}

	@Test
	void tellsTheOtherStoreNeitherMessagesNorRequestIds() {
		open(store(Codecs.aes("a").build()), RequestIds.parse("\"secret\""), "secret");

		EventPage stored = read(this.inner, null);

		assertThat(new String(stored.events().get(0).message(), StandardCharsets.ISO_8859_1)).hasSize(6 + 31)
			.doesNotContain("secret");
		assertThat(String.valueOf(stored.head().requestIds())).startsWith("\"~").doesNotContain("secret");
	}

	@Test
	void readsWhatWasStoredPlainAndWithOtherKeysOfItsRing() {
		List<Event> plain = open(store(PayloadCodec.none()), RequestIds.parse("7"), "plain");
		store(Codecs.aes("old").build()).storeEvents(this.stream, List.of(event(3, "old"))).block();
		store(Codecs.aes("new", "old").build()).storeEvents(this.stream, List.of(event(4, "new"))).block();

		EventPage page = read(store(Codecs.aes("newest", "new", "old").build()), plain.get(0).id());

		assertThat(messages(page)).containsExactly("plain", "old", "new");
		assertThat(page.head().requestIds()).hasToString("7");
		assertThat(this.unreadable).isEmpty();
	}

	@Test
	void keepsRequestIdsOfAnyLength() {
		EventStore store = store(Codecs.aes("a").build());
		RequestIds ids = RequestIds.ofBatch(
				IntStream.range(0, 15).mapToObj((i) -> new RequestId('"' + "\u20ac".repeat(80) + i + '"')).toList());
		open(store, ids, "message");

		assertThat(read(store, null).head().requestIds()).isEqualTo(ids);
	}

	@Test
	void keepsARequestIdThatLooksLikeAnEncodedOne() {
		for (PayloadCodec codec : List.of(PayloadCodec.none(), Codecs.aes("a").build(),
				Codecs.aes("a").encrypting(false).build())) {
			StreamKey stream = StreamKey.random("session");
			RequestIds id = RequestIds.parse("\"~AgAB\"");
			store(codec).openStream(stream, id, List.of(Event.priming(EventId.next(stream.streamId(), 1)))).block();

			EventPage page = store(codec).replayEventsAfter(stream, null, ANY_SIZE).block();

			assertThat(Objects.requireNonNull(page).head().requestIds()).isEqualTo(id);
		}
	}

	@Test
	void isAGapWhereTheKeyIsUnknown() {
		List<Event> events = open(store(PayloadCodec.none()), RequestIds.parse("7"), "plain");
		store(Codecs.aes("b").build()).storeEvents(this.stream, List.of(event(3, "one"), event(4, "two"))).block();
		this.inner.storeEvents(this.stream, List.of(event(5, "plain again"))).block();
		EventStore store = store(Codecs.aes("a").build());

		EventPage before = read(store, events.get(0).id());
		EventsUnreadableException gap = gap(store, before.lastEventId());
		EventPage behind = read(store, gap.lastUnreadable());

		assertThat(messages(before)).containsExactly("plain");
		assertThat(before.rest()).isEqualTo(Rest.STORED);
		assertThat(gap.requestIds()).hasToString("7");
		assertThat(gap.lastUnreadable().sequence()).isEqualTo(4);
		assertThat(messages(behind)).containsExactly("plain again");
		assertThat(this.unreadable).extracting(PayloadPlace::kind).containsOnly(PayloadPlace.Kind.EVENT);
	}

	@Test
	void isAGapWhereTheKeysOfRequestIdsAreUnknown() {
		List<Event> events = open(store(Codecs.aes("b").build()), RequestIds.parse("7"));
		EventStore store = store(Codecs.aes("a").build());

		// Nobody could tell the client that its request has no end
		assertThat(gap(store, events.get(0).id()).requestIds()).isNull();
		assertThat(this.unreadable).extracting(PayloadPlace::kind).containsOnly(PayloadPlace.Kind.REQUEST_IDS);
	}

	@Test
	void isAGapWithoutACodec() {
		List<Event> events = open(store(Codecs.aes("a").build()), null, "secret");

		assertThat(gap(store(PayloadCodec.none()), events.get(0).id()).lastUnreadable()).isEqualTo(events.get(1).id());
	}

	@Test
	void isAGapWhereAMessageWasChanged() {
		List<Event> events = open(store(Codecs.aes("a").build()), null, "secret");
		for (int i = 0; i < 6 + 31; i++) {
			Event stored = read(this.inner, null).events().get(0);
			stored.message()[i] ^= 1;

			assertThat(gap(store(Codecs.aes("a").acceptingPlain(false).build()), events.get(0).id())).isNotNull();
			stored.message()[i] ^= 1;
		}

		assertThat(messages(read(store(Codecs.aes("a").build()), null))).containsExactly("secret");
	}

	@Test
	void isAGapWhereAMessageWasMovedWithinItsStreamOrFromAnother() {
		EventStore store = store(Codecs.aes("a").build());
		open(store, null, "one", "two");
		List<Event> stored = read(this.inner, null).events();
		StreamKey other = StreamKey.random("session");
		StreamKey elsewhere = new StreamKey("other", this.stream.streamId());
		Event priming = Event.priming(EventId.next(other.streamId(), 1));
		this.inner
			.openStream(other, null, List.of(priming,
					new Event(new EventId(other.streamId(), 2, stored.get(0).id().tag()), stored.get(0).message())))
			.block();
		this.inner.openStream(elsewhere, null, List.of(stored.get(0))).block();

		assertThatExceptionOfType(EventsUnreadableException.class)
			.isThrownBy(() -> store.replayEventsAfter(other, priming.id(), ANY_SIZE).block());
		assertThatExceptionOfType(EventsUnreadableException.class)
			.isThrownBy(() -> store.replayEventsAfter(elsewhere, null, ANY_SIZE).block());
		this.inner.openStream(this.stream, null, List.of(stored.get(1).at(2), stored.get(0).at(3))).block();
		assertThat(gap(store, null).lastUnreadable().sequence()).isEqualTo(3);
	}

	@Test
	void bindsAnEventToTheSequenceItIsStoredWithAtLast() {
		EventStore store = store(Codecs.aes("a").build());
		List<Event> events = open(store, null);
		Event late = event(9, "late");
		assertThat(store.storeEvents(this.stream, List.of(late)).onErrorComplete().block()).isNull();

		store.storeEvents(this.stream, List.of(late.at(2))).block();

		assertThat(messages(read(store, events.get(0).id()))).containsExactly("late");
	}

	@Test
	void storesARepeatedCallOnce() {
		EventStore store = store(Codecs.aes("a").build());
		List<Event> events = open(store, null);
		List<Event> batch = List.of(event(2, "two"));

		store.storeEvents(this.stream, batch).block();
		store.storeEvents(this.stream, batch).block();

		assertThat(messages(read(store, events.get(0).id()))).containsExactly("two");
	}

	@Test
	void endsAPageWhereWhatWasCompressedGrowsTooLarge() {
		EventStore store = store(Codecs.all());
		String large = "a".repeat(10_000);
		List<Event> events = open(store, null, large, large, large);

		EventPage first = read(store, events.get(0).id(), 20_000);
		EventPage second = read(store, first.lastEventId(), 20_000);

		assertThat(first.events()).containsExactlyElementsOf(events.subList(1, 3));
		assertThat(first.rest()).isEqualTo(Rest.STORED);
		assertThat(second.events()).containsExactly(events.get(3));
		assertThat(second.rest()).isEqualTo(Rest.RUNNING);
	}

	@Test
	void tellsTheRequestIdsOfATrimmedStream() {
		InMemoryEventStore narrow = InMemoryEventStore.builder().maxEventsPerStream(2).build();
		EventStore store = new EncodedEventStore(narrow, new Payloads(Codecs.all(), Codecs.NEVER));
		List<Event> events = open(store, RequestIds.parse("\"seven\""));
		for (int i = 2; i < 9; i++) {
			store.storeEvents(this.stream, List.of(event(i, "event " + i))).block();
		}

		assertThatExceptionOfType(EventsTrimmedException.class).isThrownBy(() -> read(store, events.get(0).id()))
			.satisfies((ex) -> assertThat(ex.requestIds()).hasToString("\"seven\""));
	}

	@Test
	void refusesWhatACodecFailsOn() {
		PayloadCodec broken = new FailingCodec();

		assertThatExceptionOfType(EventStoreRefusedException.class).isThrownBy(() -> open(store(broken), null, "a"));
	}

	@Test
	void isAGapWhereACodecFails() {
		List<Event> events = open(store(PayloadCodec.none()), null, "a");

		assertThat(gap(store(new FailingCodec()), events.get(0).id()).lastUnreadable()).isEqualTo(events.get(1).id());
	}

	private EventsUnreadableException gap(EventStore store, @Nullable EventId after) {
		EventsUnreadableException[] gap = new EventsUnreadableException[1];
		assertThatExceptionOfType(EventsUnreadableException.class).isThrownBy(() -> read(store, after))
			.satisfies((ex) -> gap[0] = ex);
		return gap[0];
	}

	/**
	 * Fails as code of others may.
	 */
	private static final class FailingCodec implements PayloadCodec {

		@Override
		public byte[] encode(PayloadPlace place, byte[] payload) {
			throw new StackOverflowError("encode");
		}

		@Override
		public byte[] decode(PayloadPlace place, byte[] stored) {
			throw new NoClassDefFoundError("decode");
		}

		@Override
		public List<byte[]> encodeName(byte[] name) {
			throw new IllegalStateException("encodeName");
		}

	}

	@Nested
	class Encrypted extends EncodedContract {

		@Override
		PayloadCodec codec() {
			return Codecs.aes("a").build();
		}

	}

	@Nested
	class CompressedAndEncrypted extends EncodedContract {

		@Override
		PayloadCodec codec() {
			return Codecs.all();
		}

		@Override
		PayloadCodec codecOfBoundedStores() {
			return Codecs.aes("a").build();
		}

	}

	abstract static class EncodedContract extends AbstractInMemoryEventStoreTests {

		abstract PayloadCodec codec();

		// Bounds count what is stored, which is less if it is compressed
		PayloadCodec codecOfBoundedStores() {
			return codec();
		}

		private static EventStore encoded(EventStore inner, PayloadCodec codec) {
			return new EncodedEventStore(inner, new Payloads(codec, Codecs.NEVER));
		}

		@Override
		protected EventStore store() {
			return encoded(super.store(), codec());
		}

		@Override
		protected EventStore secondNode() {
			return encoded(super.secondNode(), codec());
		}

		@Override
		protected EventStore store(Bounds bounds) {
			return encoded(super.store(bounds), codecOfBoundedStores());
		}

	}

}

package io.github.mcppersist.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventStoreException;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link StreamTail}.
 */
class StreamTailTests {

	private static final int OVERHEAD = 64;

	@RegisterExtension
	private final InMailbox inMailbox = new InMailbox();

	private final TestStreams streams = new TestStreams(64 * 1024, 1024);

	private final StreamTail tail = new StreamTail(this.streams.context(), this.inMailbox.mailbox(), "stream", 5);

	private final List<String> told = new ArrayList<>();

	@Test
	void givesEventsTheirPlacesInOrder() {
		add("five");
		this.tail.addPriming(StreamTail.Kind.MESSAGE);
		add("seven");

		assertThat(sequences(events())).containsExactly(5L, 6L, 7L);
		assertThat(this.tail.nextSequence()).isEqualTo(8);
		assertThat(this.tail.holds(4)).isFalse();
		assertThat(this.tail.holds(7)).isTrue();
		assertThat(this.tail.holds(8)).isFalse();
	}

	@Test
	void storesNoMoreThanAMegabyteWithOneCall() {
		add("x".repeat(700_000));
		add("x".repeat(700_000));

		assertThat(sequences(this.tail.nextBatch(true).events())).containsExactly(5L);
	}

	@Test
	void storesAnEventThatIsLargerThanThatOnItsOwn() {
		add("x".repeat(2_000_000));

		assertThat(sequences(this.tail.nextBatch(true).events())).containsExactly(5L);
	}

	@Test
	void storesNoMoreThan512EventsWithOneCall() {
		for (int i = 0; i < 513; i++) {
			add("x");
		}

		assertThat(this.tail.nextBatch(true).events()).hasSize(512);
	}

	@Test
	void completesTheStreamWithItsLastEvent() {
		add("five");
		this.tail.add(TestStreams.bytes("response"), StreamTail.Kind.LAST, null);

		StreamTail.Batch batch = this.tail.nextBatch(true);

		assertThat(sequences(batch.events())).containsExactly(5L, 6L);
		assertThat(batch.complete()).isTrue();
	}

	@Test
	void opensAStreamBeforeItIsCompleted() {
		this.tail.add(TestStreams.bytes("response"), StreamTail.Kind.LAST, null);

		StreamTail.Batch batch = this.tail.nextBatch(false);

		assertThat(sequences(batch.events())).containsExactly(4L);
		assertThat(batch.events().get(0).isPriming()).isTrue();
		assertThat(batch.complete()).isFalse();
	}

	@Test
	void letsSendersGoOnWhoseEventsAreStored() {
		addWithSender("five");
		addWithSender("six");

		this.tail.settle(5);

		assertThat(this.told).containsExactly("five is stored");
		assertThat(this.tail.bytes()).isEqualTo("six".length() + OVERHEAD);
		assertThat(this.streams.context().unstoredBytes()).isEqualTo(this.tail.bytes());
	}

	@Test
	void failsSendersWhoseEventsAreRefusedAndKeepsTheRest() {
		addWithSender("five");
		addWithSender("six");

		this.tail.refuse(this.tail.refused(batch(5)), new EventStoreException("Refused"));

		assertThat(this.told).containsExactly("five fails");
		assertThat(sequences(events())).containsExactly(6L);
	}

	@Test
	void refusesWhatHasNotGoneMeanwhile() {
		addWithSender("five");
		addWithSender("six");
		addWithSender("seven");
		List<StreamTail.Entry> refused = this.tail.refused(batch(6));
		this.tail.settle(5);
		this.told.clear();

		List<StreamTail.Entry> gone = this.tail.refuse(refused, new EventStoreException("Refused"));

		assertThat(gone).extracting((entry) -> entry.event().id().sequence()).containsExactly(6L);
		assertThat(this.told).containsExactly("six fails");
		assertThat(sequences(events())).containsExactly(7L);
	}

	@Test
	void refusesAllIfWhatWasRefusedIsNotAPartOfIt() {
		addWithSender("five");
		addWithSender("six");

		this.tail.refuse(this.tail.refused(batch(4)), new EventStoreException("Refused"));

		assertThat(this.told).containsExactly("five fails", "six fails");
		assertThat(this.tail.isEmpty()).isTrue();
	}

	@Test
	void dropsTheOldestWhileItIsTooLargeAndNeverTheLast() {
		addWithSender("x".repeat(500));
		add("x".repeat(500));
		add("x".repeat(2000));

		List<StreamTail.Entry> dropped = this.tail.trim(1024);

		assertThat(dropped).extracting((entry) -> entry.event().id().sequence()).containsExactly(5L, 6L);
		assertThat(this.told).containsExactly("x".repeat(500) + " fails");
		assertThat(sequences(events())).containsExactly(7L);
	}

	@Test
	void dropsNothingWhileItIsSmallEnough() {
		add("five");
		add("six");

		assertThat(this.tail.trim(1024)).isEmpty();
	}

	@Test
	void takesForStoredWhatWasReadAndWhatCameBefore() {
		add("five");
		StreamTail.Entry six = add("six");
		add("seven");

		EventId last = this.tail.find(Set.of(six.event().id()));

		assertThat(last).isEqualTo(six.event().id());
		assertThat(this.tail.entries()).extracting(StreamTail.Entry::isFound).containsExactly(true, true, false);
	}

	@Test
	void findsNothingIfAnotherEventHasItsPlace() {
		add("five");

		assertThat(this.tail.find(Set.of(EventId.next("stream", 5)))).isNull();
		assertThat(this.tail.entries()).extracting(StreamTail.Entry::isFound).containsExactly(false);
	}

	@Test
	void tellsWhatTheStoreHasLostWhenItGivesOtherPlaces() {
		StreamTail.Entry five = add("five");
		add("six");
		EventId before = five.event().id();
		this.tail.find(Set.of(before));

		List<Event> lost = this.tail.renumber(9);

		assertThat(lost).extracting(Event::id).containsExactly(before);
		assertThat(five.isFound()).isFalse();
		assertThat(five.event().id()).isEqualTo(before.at(9));
		assertThat(sequences(events())).containsExactly(9L, 10L);
	}

	private static StreamTail.Batch batch(long sequence) {
		return new StreamTail.Batch(List.of(Event.priming(EventId.next("stream", sequence))), false);
	}

	private StreamTail.Entry add(String message) {
		return this.tail.add(TestStreams.bytes(message), StreamTail.Kind.MESSAGE, null);
	}

	private void addWithSender(String message) {
		Mono.<Void>create((sink) -> this.tail.add(TestStreams.bytes(message), StreamTail.Kind.MESSAGE, sink))
			.subscribe((nothing) -> {
			}, (ex) -> this.told.add(message + " fails"), () -> this.told.add(message + " is stored"));
	}

	private List<Event> events() {
		return this.tail.entries().stream().map(StreamTail.Entry::event).toList();
	}

	private static List<Long> sequences(List<Event> events) {
		return events.stream().map((event) -> event.id().sequence()).toList();
	}

}

package io.github.mcppersist.stream;

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.StreamKey;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link PageReader}.
 */
class PageReaderTests {

	private static final int MESSAGE_BYTES = 300;

	private final TestStreams streams = new TestStreams(2 * MESSAGE_BYTES, 1024);

	private final StreamKey stream = this.streams.standalone(true).stream();

	private final PageReader reader = new PageReader(this.streams.context(), this.stream, null);

	private final List<PageReader.Result> found = new ArrayList<>();

	private final List<Event> events = new ArrayList<>();

	@BeforeEach
	void store() {
		for (int i = 1; i <= 3; i++) {
			this.events.add(new Event(EventId.next(this.stream.streamId(), i), new byte[MESSAGE_BYTES]));
		}
		this.streams.store().openStream(this.stream, null, this.events).block();
	}

	@Test
	void readsAboutHalfOfWhatMayWait() {
		read(null);

		assertThat(page().events()).containsExactly(this.events.get(0));
		assertThat(page().rest()).isEqualTo(EventPage.Rest.STORED);
	}

	@Test
	void readsStrictlyAfterAnEvent() {
		read(id(2));

		assertThat(page().events()).containsExactly(this.events.get(2));
	}

	@Test
	void tellsAnOutageFromAnEventThatIsNotThere() {
		this.streams.store().reads(GatedEventStore.Gate.AWAY);
		read(id(2));
		this.streams.store().reads(GatedEventStore.Gate.OPEN);
		read(EventId.next(this.stream.streamId(), 2));

		assertThat(this.found.get(0)).isInstanceOf(PageReader.Away.class);
		assertThat(this.found.get(1)).isInstanceOf(PageReader.Unknown.class);
	}

	@Test
	void tellsAGap() {
		Event late = new Event(EventId.next(this.stream.streamId(), 9), new byte[1]);
		this.streams.store().openStream(this.stream, null, List.of(late)).block();

		read(id(2));

		assertThat(this.found.get(0)).isInstanceOf(PageReader.Gap.class);
	}

	@Test
	void beginsWhereTheLastConnectionLeftOff() {
		this.reader.askWhereToBegin(() -> Mono.just(id(2)));

		read(id(1));

		assertThat(page().events()).containsExactly(this.events.get(2));
	}

	@Test
	void neverGoesBackToWhereTheLastConnectionLeftOff() {
		this.reader.askWhereToBegin(() -> Mono.just(id(1)));

		read(id(2));

		assertThat(page().events()).containsExactly(this.events.get(2));
	}

	@Test
	void readsNothingWhileItIsNotKnownWhereToBegin() {
		this.reader.askWhereToBegin(() -> Mono.error(new EventStoreUnavailableException("Away")));

		read(null);

		assertThat(this.found.get(0)).isInstanceOf(PageReader.Away.class);
		assertThat(this.streams.store().readCalls()).isZero();
	}

	@Test
	void asksWhereToBeginUntilTheStoreHasAnswered() {
		List<EventId> asked = new ArrayList<>();
		this.reader.askWhereToBegin(() -> {
			asked.add(id(1));
			return Mono.just(id(1));
		});

		this.streams.store().reads(GatedEventStore.Gate.AWAY);
		read(null);
		this.streams.store().reads(GatedEventStore.Gate.OPEN);
		read(null);
		read(id(2));

		assertThat(asked).hasSize(2);
	}

	private EventId id(int sequence) {
		return this.events.get(sequence - 1).id();
	}

	private void read(EventId after) {
		this.reader.read(after, this.found::add);
	}

	private EventPage page() {
		return ((PageReader.Page) this.found.get(0)).page();
	}

}

package io.github.mcppersist.event;

import java.util.ArrayList;
import java.util.List;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

class EventPageTests {

	private static final StreamHead HEAD = new StreamHead(null, null, null);

	private final Event event = new Event(EventId.parse("a_1_0000000000"), new byte[] { '1' });

	@Test
	void keepsItsEventsWhateverBecomesOfTheList() {
		List<Event> events = new ArrayList<>(List.of(this.event));
		EventPage page = new EventPage(events, this.event.id(), EventPage.Rest.STORED, HEAD);

		events.clear();

		assertThat(page.events()).containsExactly(this.event).isUnmodifiable();
	}

	@Test
	void mayLackACursorAndNothingElse() {
		assertThat(new EventPage(List.of(), null, EventPage.Rest.RUNNING, HEAD).lastEventId()).isNull();

		assertThatNullPointerException().isThrownBy(() -> new EventPage(null, null, EventPage.Rest.NONE, HEAD));
		assertThatNullPointerException().isThrownBy(() -> new EventPage(List.of(), null, null, HEAD));
	}

}

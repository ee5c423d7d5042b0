package io.github.mcppersist.event;

import java.nio.charset.StandardCharsets;
import java.util.List;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

class EventTests {

	private final EventId id = EventId.parse("a_1_0000000000");

	@Test
	void takesAsABatchOnlyWhatFollowsWithoutAHoleInOneStream() {
		StreamKey stream = new StreamKey("session", "stream");
		Event first = Event.priming(EventId.next("stream", 7));
		Event second = Event.priming(EventId.next("stream", 8));

		assertThat(Event.requireBatch(stream, List.of(first, second))).containsExactly(first, second);
		for (List<Event> wrong : List.of(List.<Event>of(), List.of(second, first), List.of(first, first),
				List.of(first, Event.priming(EventId.next("stream", 9))),
				List.of(Event.priming(EventId.next("other", 1))),
				List.of(first, Event.priming(EventId.next("other", 8))))) {
			assertThatIllegalArgumentException().isThrownBy(() -> Event.requireBatch(stream, wrong));
		}
	}

	@Test
	void isPrimingWithoutAMessage() {
		assertThat(Event.priming(this.id).isPriming()).isTrue();
		assertThat(Event.priming(this.id).message()).isEmpty();
		assertThat(new Event(this.id, bytes("{}")).isPriming()).isFalse();
	}

	@Test
	void isEqualByIdAndMessage() {
		Event event = new Event(this.id, bytes("{}"));

		assertThat(event).isEqualTo(new Event(this.id, bytes("{}")))
			.hasSameHashCodeAs(new Event(this.id, bytes("{}")))
			.isNotEqualTo(new Event(this.id, bytes("[]")))
			.isNotEqualTo(new Event(this.id.at(2), bytes("{}")))
			.isNotEqualTo("a_1_0000000000");
	}

	@Test
	void keepsItsMessageAtAnotherPlace() {
		Event event = new Event(this.id, bytes("{}"));

		assertThat(event.at(7)).isEqualTo(new Event(EventId.parse("a_7_0000000000"), bytes("{}")));
		assertThat(event.at(7).message()).isSameAs(event.message());
	}

	@Test
	void neverPrintsItsMessage() {
		assertThat(new Event(this.id, bytes("\"secret\""))).hasToString("a_1_0000000000 (8 bytes)");
	}

	@Test
	void hasAnIdAndAMessage() {
		assertThatNullPointerException().isThrownBy(() -> new Event(null, bytes("{}")));
		assertThatNullPointerException().isThrownBy(() -> new Event(this.id, null));
	}

	private static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

}

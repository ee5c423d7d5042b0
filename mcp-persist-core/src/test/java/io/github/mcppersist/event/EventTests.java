package io.github.mcppersist.event;

import java.nio.charset.StandardCharsets;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

class EventTests {

	private final EventId id = EventId.parse("a_1_000000");

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
			.isNotEqualTo("a_1_000000");
	}

	@Test
	void keepsItsMessageAtAnotherPlace() {
		Event event = new Event(this.id, bytes("{}"));

		assertThat(event.at(7)).isEqualTo(new Event(EventId.parse("a_7_000000"), bytes("{}")));
		assertThat(event.at(7).message()).isSameAs(event.message());
	}

	@Test
	void neverPrintsItsMessage() {
		assertThat(new Event(this.id, bytes("\"secret\""))).hasToString("a_1_000000 (8 bytes)");
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

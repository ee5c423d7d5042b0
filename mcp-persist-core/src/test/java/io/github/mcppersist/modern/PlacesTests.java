package io.github.mcppersist.modern;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.modern.Places.Answer;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Who gets a place.
 */
class PlacesTests {

	private final Places places = new Places(4, 2);

	@Test
	void leavesPlacesToOthers() {
		assertThat(this.places.take("alice")).isEqualTo(Answer.TAKEN);
		assertThat(this.places.take("alice")).isEqualTo(Answer.TAKEN);
		assertThat(this.places.take("alice")).isEqualTo(Answer.ENOUGH);
		assertThat(this.places.taken()).isEqualTo(2);

		assertThat(this.places.take("bob")).isEqualTo(Answer.TAKEN);
		this.places.giveBack("alice");
		assertThat(this.places.take("alice")).isEqualTo(Answer.TAKEN);
	}

	@Test
	void countsNothingThatWasRefused() {
		for (int i = 0; i < 4; i++) {
			assertThat(this.places.take(null)).isEqualTo(Answer.TAKEN);
		}
		for (int i = 0; i < 10; i++) {
			assertThat(this.places.take("alice")).isEqualTo(Answer.FULL);
			assertThat(this.places.take(null)).isEqualTo(Answer.FULL);
		}
		this.places.giveBack(null);
		this.places.giveBack(null);

		assertThat(this.places.take("alice")).isEqualTo(Answer.TAKEN);
		assertThat(this.places.take("alice")).isEqualTo(Answer.TAKEN);
		assertThat(this.places.taken()).isEqualTo(4);
	}

	@Test
	void takesNobodyForTheSamePrincipalThatNobodyKnows() {
		for (int i = 0; i < 4; i++) {
			assertThat(this.places.take(null)).isEqualTo(Answer.TAKEN);
		}
	}

}

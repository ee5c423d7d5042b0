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
	void keepsAQuarterFromThoseWhoAreNotKnownOnceOthersAre() {
		for (int i = 0; i < 4; i++) {
			assertThat(this.places.take(null)).isEqualTo(Answer.TAKEN);
		}
		assertThat(this.places.take("alice")).isEqualTo(Answer.FULL);

		this.places.giveBack(null);

		assertThat(this.places.take(null)).isEqualTo(Answer.FULL);
		assertThat(this.places.take("alice")).isEqualTo(Answer.TAKEN);
		this.places.giveBack(null);
		assertThat(this.places.take(null)).isEqualTo(Answer.TAKEN);
		assertThat(this.places.take("bob")).isEqualTo(Answer.FULL);
		assertThat(this.places.taken()).isEqualTo(4);
	}

	@Test
	void givesSeveralOrNone() {
		assertThat(this.places.take("alice", 2)).isEqualTo(Answer.TAKEN);
		assertThat(this.places.take("bob", 3)).isEqualTo(Answer.ENOUGH);
		assertThat(this.places.take(null, 3)).isEqualTo(Answer.FULL);
		assertThat(this.places.take("bob", 2)).isEqualTo(Answer.TAKEN);
		assertThat(this.places.taken()).isEqualTo(4);
		assertThat(this.places.take("bob", 0)).isEqualTo(Answer.TAKEN);
		assertThat(this.places.take(null, 0)).isEqualTo(Answer.TAKEN);

		assertThat(this.places.giveBack("alice", 1)).isFalse();
		assertThat(this.places.giveBack("alice", 1)).isTrue();
		assertThat(this.places.giveBack("bob", 2)).isTrue();
		assertThat(this.places.taken()).isZero();
		assertThat(this.places.take("alice", 2)).isEqualTo(Answer.TAKEN);
	}

	@Test
	void takesNobodyForTheSamePrincipalThatNobodyKnows() {
		for (int i = 0; i < 4; i++) {
			assertThat(this.places.take(null)).isEqualTo(Answer.TAKEN);
		}
	}

}

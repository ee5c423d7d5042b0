package io.github.mcppersist.event;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class HintTests {

	@Test
	void tellsEventsFromWhatHasNoSequence() {
		assertThat(Hint.stored(3)).isEqualTo(new Hint.Stored(3)).isNotEqualTo(Hint.stored(4));
		assertThat(Hint.look()).isEqualTo(new Hint.Look()).isNotEqualTo(Hint.watched());
		assertThat(Hint.watched()).isEqualTo(new Hint.Watched()).isNotEqualTo(Hint.notWatched());
	}

	@ParameterizedTest
	@ValueSource(longs = { 0, -1, Long.MIN_VALUE })
	void refusesASequenceThatNoEventHas(long sequence) {
		assertThatIllegalArgumentException().isThrownBy(() -> Hint.stored(sequence))
			.withMessage("sequence must be at least 1, but is " + sequence);
	}

}

package io.github.mcppersist.event;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class RevisionTests {

	@Test
	void countsFromOne() {
		assertThat(Revision.FIRST).isEqualTo(new Revision(1)).hasToString("1");
		assertThat(Revision.FIRST.next()).isEqualTo(new Revision(2)).isNotEqualTo(Revision.FIRST);
	}

	@ParameterizedTest
	@ValueSource(longs = { 0, -1, Long.MIN_VALUE })
	void isNothingThatNoRecordHas(long number) {
		assertThatIllegalArgumentException().isThrownBy(() -> new Revision(number))
			.withMessage("revision must be at least 1, but is " + number);
	}

}

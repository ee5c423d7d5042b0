package io.github.mcppersist.modern;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class OutgoingTests {

	private static final int KB = 1024;

	private final Outgoing outgoing = new Outgoing(1000 * KB);

	@Test
	void keepsHalfOfAllForOnePrincipal() {
		assertThat(this.outgoing.answer("alice").keep(300 * KB)).isNull();
		assertThat(this.outgoing.answer("alice").keep(300 * KB)).isNotNull();
		assertThat(this.outgoing.answer("alice").keep(200 * KB)).isNull();
		assertThat(this.outgoing.answer("bob").keep(500 * KB)).isNull();

		ErrorResponse full = this.outgoing.answer("carol").keep(100 * KB);

		assertThat(full).isNotNull();
		assertThat(full.status()).isEqualTo(503);
	}

	@Test
	void keepsOneAnswerHoweverLargeItIs() {
		Outgoing.Answer answer = this.outgoing.answer("alice");

		assertThat(answer.keep(Integer.MAX_VALUE)).isNull();

		assertThat(this.outgoing.answer("alice").keep(100 * KB)).isNotNull();
		answer.left();
		answer.left();
		assertThat(this.outgoing.answer("alice").keep(500 * KB)).isNull();
		assertThat(this.outgoing.answer("alice").keep(100 * KB)).isNotNull();
	}

	@Test
	void doesNotCountWhatIsSmall() {
		Outgoing.Answer answer = this.outgoing.answer(null);
		for (int i = 0; i < 1000; i++) {
			assertThat(answer.keep(RoundResponse.MAX_WHOLE_BYTES)).isNull();
		}

		assertThat(this.outgoing.answer("alice").keep(500 * KB)).isNull();
	}

}

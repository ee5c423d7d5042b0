package io.github.mcppersist.event;

import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class StreamKeyTests {

	@ParameterizedTest
	@ValueSource(strings = { "a", "0", "A.b_c-9", ".", "_", "-" })
	void takesEverySessionNameOfTheGrammar(String sessionName) {
		assertThat(new StreamKey(sessionName, "s").sessionName()).isEqualTo(sessionName);
		assertThat(StreamKey.isSessionName(sessionName)).isTrue();
	}

	@ParameterizedTest
	@ValueSource(strings = { "", " ", "a b", "a}b", "{a", "a:b", "a*", "a/b", "a\n", "\u0000", "\u00e9", "\uff41",
			"\u0661", "a\ud83d\ude80", "a,b", "a'b", "a\"b", "a\\b", "a%20" })
	void refusesEveryOtherSessionName(String sessionName) {
		assertThat(StreamKey.isSessionName(sessionName)).isFalse();
		assertThatIllegalArgumentException().isThrownBy(() -> new StreamKey(sessionName, "s"))
			.withMessageStartingWith("Not the name of a session");
	}

	@ParameterizedTest
	@ValueSource(strings = { "", " ", "a-b", "a_b", "a.b", "a}b", "a:b", "a\n", "\u00e9", "\u0661" })
	void refusesEveryOtherStreamId(String streamId) {
		assertThatIllegalArgumentException().isThrownBy(() -> new StreamKey("s", streamId))
			.withMessageStartingWith("Not a stream ID: '");
	}

	@Test
	void boundsTheLengthOfIds() {
		assertThat(new StreamKey("a".repeat(32), "b".repeat(32)).streamId()).hasSize(32);

		assertThatIllegalArgumentException().isThrownBy(() -> new StreamKey("a".repeat(33), "b"));
		assertThatIllegalArgumentException().isThrownBy(() -> new StreamKey("a", "b".repeat(33)));
	}

	@Test
	void printsNothingOfARefusedIdThatCouldForgeALogLine() {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> new StreamKey("a", "a\r\nWARN \u001b[31m" + "x".repeat(1000)))
			.satisfies((ex) -> assertThat(ex.getMessage()).hasSizeLessThan(200).matches("[ -~]+"));
	}

	@Test
	void drawsAStreamIdOfSixteenCharactersThatNoOtherStreamHas() {
		assertThat(IntStream.range(0, 10_000)
			.mapToObj((n) -> StreamKey.random("s").streamId())
			.collect(Collectors.toSet())).hasSize(10_000).allMatch((id) -> id.matches("[0-9A-Za-z]{16}"));
	}

}

package io.github.mcppersist.event;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class RequestIdTests {

	@ParameterizedTest
	@ValueSource(strings = { "0", "7", "-1", "9223372036854775807", "\"\"", "\"a b\"", "\"[1,2]\"", "\"\\\"\"",
			"\"\\\\\"", "\"\\u00e9\"", "\"\u00e9\"", "\"\ud83d\ude00\"" })
	void isAStringOrAnInteger(String json) {
		assertThat(new RequestId(json)).hasToString(json).isEqualTo(new RequestId(json));
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "-", "1.5", "1e3", "+1", "null", "true", "[1]", "{}", "\"", "\"a", "a\"", "\"a\"b\"",
			"\"\\\"", "\"\n\"", "1,2", "\"a\",\"b\"", " 1" })
	void isNothingElse(String json) {
		assertThatIllegalArgumentException().isThrownBy(() -> new RequestId(json))
			.withMessage("an ID must be a string or an integer");
	}

	@Test
	void hasABoundInBytes() {
		assertThat(new RequestId('"' + "a".repeat(254) + '"').json()).hasSize(256);
		assertThat(new RequestId('"' + "\u20ac".repeat(84) + "ab\"").json()).hasSize(88);
		for (String longer : new String[] { "a".repeat(255), "\u00e9".repeat(128), "\u20ac".repeat(85),
				"\ud83d\ude00".repeat(64) }) {
			assertThatIllegalArgumentException().isThrownBy(() -> new RequestId('"' + longer + '"'))
				.withMessage("an ID may have 256 bytes");
		}
	}

	@Test
	void hasNoHalfOfASurrogatePair() {
		for (String half : new String[] { "\ud83d", "\ude00\ud83d", "\ud83da" }) {
			assertThatIllegalArgumentException().isThrownBy(() -> new RequestId('"' + half + '"'))
				.withMessage("an ID has half of a surrogate pair");
		}
	}

}

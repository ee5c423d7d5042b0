package io.github.mcppersist.modern;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class HeaderValueTests {

	@ParameterizedTest
	@ValueSource(strings = { "us-west1", "", "with space\tand tab", "=?base64?", "=?base64?=", "=?base64?YQ==",
			"=?BASE64?YQ==?=", "YQ==?=" })
	void takesPlainAsciiAsItIs(String value) {
		assertThat(HeaderValue.decode(value)).isEqualTo(value);
	}

	// From the specification
	@ParameterizedTest
	@CsvSource({ "'Hello, 世界', =?base64?SGVsbG8sIOS4lueVjA==?=", "' padded ', =?base64?IHBhZGRlZCA=?=",
			"=?base64?literal?=, =?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=", "'', =?base64??=" })
	void decodesBase64(String decoded, String value) {
		assertThat(HeaderValue.decode(value)).isEqualTo(decoded);
	}

	@Test
	void decodesALineBreak() {
		assertThat(HeaderValue.decode("=?base64?bGluZTEKbGluZTI=?=")).isEqualTo("line1\nline2");
	}

	@ParameterizedTest
	@ValueSource(strings = { "ZÃ¼rich", "世界", "bell\u0007", "=?base64?YQ?=", "=?base64?YR==?=", "=?base64?Y Q==?=",
			"=?base64?_w==?=", "=?base64?/w==?=", "=?base64?*?=" })
	void refusesWhatIsMalformed(String value) {
		assertThat(HeaderValue.decode(value)).isNull();
	}

}

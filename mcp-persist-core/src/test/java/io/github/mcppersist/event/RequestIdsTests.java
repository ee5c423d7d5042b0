package io.github.mcppersist.event;

import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class RequestIdsTests {

	@Test
	void takesWhatIsNoArrayForOneId() {
		for (String id : List.of("7", "\"a\"", "\"[1,2]\"", "\"\"")) {
			RequestIds ids = RequestIds.parse(id);

			assertThat(ids).isEqualTo(RequestIds.of(new RequestId(id))).hasToString(id);
			assertThat(ids.all()).containsExactly(new RequestId(id));
		}
	}

	@Test
	void readsWhatItWrote() {
		List<RequestId> ids = Stream
			.of("7", "-1", "\"a\"", "\"[\"", "\"]\"", "\",\"", "\"\\\"\"", "\"\\\\\"", "\"\\\\\\\",\"", "\"\u00e9\"",
					"\"\"")
			.map(RequestId::new)
			.toList();

		assertThat(RequestIds.parse(RequestIds.ofBatch(ids).toString())).isEqualTo(RequestIds.ofBatch(ids));
		for (RequestId id : ids) {
			RequestIds batch = RequestIds.ofBatch(List.of(id));

			assertThat(batch).hasToString("[" + id + "]").isNotEqualTo(RequestIds.of(id));
			assertThat(RequestIds.parse(batch.toString())).isEqualTo(batch);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "[", "[]", "[1", "[1,", "[1,]", "[,1]", "[1]2", "[1]]", "[[1]]", "[\"a]", "[1, 2]" })
	void refusesWhatItNeverWrites(String json) {
		assertThatIllegalArgumentException().isThrownBy(() -> RequestIds.parse(json));
	}

	@Test
	void answersAtLeastOneRequestAndSeveralInABatchOnly() {
		RequestId id = new RequestId("7");

		assertThatIllegalArgumentException().isThrownBy(() -> RequestIds.ofBatch(List.of()));
		assertThatIllegalArgumentException().isThrownBy(() -> new RequestIds(List.of(id, id), false));
	}

}

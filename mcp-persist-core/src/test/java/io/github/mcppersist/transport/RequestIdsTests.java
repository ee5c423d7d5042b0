package io.github.mcppersist.transport;

import java.util.List;

import org.junit.jupiter.api.Test;

import io.github.mcppersist.stream.RequestIds;

import static org.assertj.core.api.Assertions.assertThat;

class RequestIdsTests {

	@Test
	void takesWhatIsNoArrayForOneId() {
		for (String id : List.of("7", "\"a\"", "\"[1,2]\"", "\"\"")) {
			assertThat(RequestIds.split(id)).containsExactly(id);
		}
	}

	@Test
	void splitsWhatItJoined() {
		List<String> ids = List.of("7", "-1", "\"a\"", "\"[\"", "\"]\"", "\",\"", "\"\\\"\"", "\"\\\\\"",
				"\"\\\\\\\",\"", "\"\u00e9\"", "\"\"");

		assertThat(RequestIds.split(RequestIds.ofBatch(ids))).isEqualTo(ids);
		for (String id : ids) {
			assertThat(RequestIds.split(RequestIds.ofBatch(List.of(id)))).containsExactly(id);
		}
	}

}

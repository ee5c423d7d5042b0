package io.github.mcppersist.node;

import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

class NodeRegistryTests {

	@Test
	void drawsAnIdThatNoOtherNodeHas() {
		assertThat(Stream.generate(NodeRegistry::randomNodeId).limit(1000)).doesNotHaveDuplicates()
			.allMatch((id) -> id.matches("[A-Za-z0-9]{11}"))
			.allMatch(NodeRegistry::isNodeId);
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "", "0rT5aB3xY9", "0rT5aB3xY9z1", "0rT5aB3xY9-", "0rT5aB3xY9 ", "0rT5aB3xY9}", "-----------" })
	void takesNothingElseForAnId(String text) {
		assertThat(NodeRegistry.isNodeId(text)).isFalse();
	}

}

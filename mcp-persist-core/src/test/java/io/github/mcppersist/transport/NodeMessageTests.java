package io.github.mcppersist.transport;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import io.github.mcppersist.node.NodeMessage;

import static org.assertj.core.api.Assertions.assertThat;

class NodeMessageTests {

	private static final String SERVER = "a server with a long name";

	@ParameterizedTest
	@EnumSource(NodeMessage.Kind.class)
	void readsWhatItWrites(NodeMessage.Kind kind) {
		for (String subject : new String[] { "4f1c", "file:///with a space", "" }) {
			for (String detail : new String[] { "", "0", "Ab3:0rT5abcdefg" }) {
				NodeMessage message = new NodeMessage(kind, subject, detail);

				assertThat(NodeMessage.parse(message.toText(SERVER), SERVER)).isEqualTo(message);
				assertThat(NodeMessage.parse(message.toText("another"), SERVER)).isNull();
			}
		}
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "", "x", "x  s", "d", "d ", "dd a b", " a b", "x00000000 a b", "d00000000", "d00000000 a" })
	void passesOverWhatItDoesNotKnow(String text) {
		assertThat(NodeMessage.parse(text, "")).isNull();
	}

	@Test
	void hasALetterOfItsOwnForEachKind() {
		assertThat(NodeMessage.Kind.values()).extracting((kind) -> new NodeMessage(kind, "s", "d").toText(SERVER))
			.doesNotHaveDuplicates();
	}

}

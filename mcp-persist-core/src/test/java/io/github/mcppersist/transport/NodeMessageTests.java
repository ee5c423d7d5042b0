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
	@ValueSource(strings = { "", "x", "x  s", "d", "d ", "dd a b", " a b", "xe3b0c44298fc1c14 a b", "de3b0c44298fc1c14",
			"de3b0c44298fc1c14 a" })
	void passesOverWhatItDoesNotKnow(String text) {
		assertThat(NodeMessage.parse(text, "")).isNull();
	}

	@Test
	void isForOneServerOnly() {
		NodeMessage message = new NodeMessage(NodeMessage.Kind.CALL_FOLLOWED, "name", "");
		String text = message.toText("orders-Aa");

		assertThat(text).isEqualTo("o6be56d37c6aa2273  name");
		// They have the same hash code
		assertThat(NodeMessage.parse(text, "orders-BB")).isNull();
		assertThat(NodeMessage.unwrap(NodeMessage.wrap(text, "orders-Aa"), "orders-BB")).isNull();
		assertThat(NodeMessage.parse(text, "orders-Aa")).isEqualTo(message);
		assertThat(NodeMessage.unwrap(NodeMessage.wrap(text, "orders-Aa"), "orders-Aa")).isEqualTo(text);
	}

	@Test
	void hasALetterOfItsOwnForEachKind() {
		assertThat(NodeMessage.Kind.values()).extracting((kind) -> new NodeMessage(kind, "s", "d").toText(SERVER))
			.doesNotHaveDuplicates();
	}

}

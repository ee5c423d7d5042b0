package io.github.mcppersist.event;

import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class EventIdTests {

	@ParameterizedTest
	@ValueSource(strings = { "a_1_0000000000", "Z_9_vvvvvvvvvv", "0_10_a1b2c3d4e5",
			"0123456789ABCDEFabcdef0123456789_1_000000000v", "S1_999999999999999_v000000000" })
	void readsWhatItWrites(String text) {
		assertThat(EventId.parse(text)).hasToString(text);
	}

	@Test
	void splitsItsWireForm() {
		EventId id = EventId.parse("Ab9_1204_01auvv01uv");

		assertThat(id).isEqualTo(new EventId("Ab9", 1204, "01auvv01uv"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "", " ", "_", "__", "___", "a", "a_", "a_1", "a_1_", "_1_0000000000", "a__0000000000",
			"1_0000000000", "a_0_0000000000", "a_00_0000000000", "a_01_0000000000", "a_-1_0000000000",
			"a_+1_0000000000", "a_1.0_0000000000", "a_1e3_0000000000", "a_0x1_0000000000", "a_ 1_0000000000",
			"a_1 _0000000000", "a_x_0000000000", "a_\u0661_0000000000", "a_\uff11_0000000000",
			"a_1000000000000000_0000000000", "a_9223372036854775808_0000000000", "a_99999999999999999999999_0000000000",
			"a_1_000000000", "a_1_00000000000", "a_1_000000000w", "a_1_000000000z", "a_1_000000000A", "a_1_000000000-",
			"a_1_000000000 ", "a_1_00000000\u00e90", "a_1_0000000000_", "_a_1_0000000000", "a_1_0000000000\n",
			"\na_1_0000000000", " a_1_0000000000", "a_1_0000000000 ", "a-b_1_0000000000", "a.b_1_0000000000",
			"a b_1_0000000000", "a_b_1_0000000000", "a}_1_0000000000", "{a}_1_0000000000", "a:b_1_0000000000",
			"a*_1_0000000000", "\u00e9_1_0000000000", "\ud83d\ude80_1_0000000000", "a\u0000_1_0000000000",
			"a_1_0000000000\u0000", "a/1/0000000000", "a-1-0000000000", "a_1_0000000000,b_2_0000000000",
			"0123456789ABCDEFabcdef01234567890_1_0000000000", "null", "undefined", "../../etc/passwd",
			"5f0c7d8e-1b1a-4f43-9d3e-7e0a3f5c9b11", "5f0c7d8e-1b1a-4f43-9d3e-7e0a3f5c9b11_0" })
	void refusesEverythingElse(String text) {
		assertThatIllegalArgumentException().isThrownBy(() -> EventId.parse(text))
			.satisfies((ex) -> assertThat(ex.getMessage()).startsWith("Not an event ID: '").matches("[ -~]+"));
	}

	@Test
	void refusesALongTextAtOnceAndPrintsLittleOfIt() {
		assertThatIllegalArgumentException().isThrownBy(() -> EventId.parse("1".repeat(10_000_000) + "_1_0000000000"))
			.satisfies((ex) -> assertThat(ex.getMessage()).hasSizeLessThan(100));
	}

	@Test
	void readsBackExactlyOrRefusesWhateverTheText() {
		String alphabet = "aZ09_v_w-1 \n\u0661\u00e9}";
		Random random = new Random(20260101);
		int read = 0;
		for (int i = 0; i < 20_000; i++) {
			StringBuilder text = new StringBuilder(EventId.next("aZ0", 1 + random.nextInt(1000)).toString());
			for (int edits = random.nextInt(4); edits > 0; edits--) {
				int at = random.nextInt(text.length());
				char c = alphabet.charAt(random.nextInt(alphabet.length()));
				switch (random.nextInt(3)) {
					case 0 -> text.setCharAt(at, c);
					case 1 -> text.insert(at, c);
					default -> text.deleteCharAt(at);
				}
			}
			try {
				assertThat(EventId.parse(text.toString()).toString()).isEqualTo(text.toString());
				read++;
			}
			catch (IllegalArgumentException ex) {
				assertThat(text.toString()).doesNotMatch("[0-9A-Za-z]{1,32}_[1-9][0-9]{0,14}_[0-9a-v]{10}");
			}
		}

		assertThat(read).isBetween(5_000, 19_999);
	}

	@Test
	void drawsATagForEveryEvent() {
		int many = 100_000;

		// Of thirty bits, some five would be there twice
		assertThat(IntStream.range(0, many).mapToObj((n) -> EventId.next("a", 1).tag()).collect(Collectors.toSet()))
			.hasSize(many)
			.allMatch((tag) -> tag.matches("[0-9a-v]{10}"));
	}

	@Test
	void keepsItsTagAtAnotherPlace() {
		EventId id = EventId.next("a", 5);

		assertThat(id.at(6)).isEqualTo(new EventId("a", 6, id.tag()));
	}

	@Test
	void validatesItsParts() {
		assertThatIllegalArgumentException().isThrownBy(() -> new EventId("a-b", 1, "0000000000"))
			.withMessage("Not a stream ID: 'a-b'");
		assertThatIllegalArgumentException().isThrownBy(() -> new EventId("a", 0, "0000000000"))
			.withMessage("Not the sequence of an event: 0");
		assertThatIllegalArgumentException().isThrownBy(() -> new EventId("a", 1_000_000_000_000_000L, "0000000000"))
			.withMessage("Not the sequence of an event: 1000000000000000");
		assertThatIllegalArgumentException().isThrownBy(() -> new EventId("a", 1, "000000000w"))
			.withMessage("Not the tag of an event: '000000000w'");
	}

}

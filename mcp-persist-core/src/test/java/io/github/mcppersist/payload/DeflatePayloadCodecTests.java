package io.github.mcppersist.payload;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class DeflatePayloadCodecTests {

	private static final PayloadPlace PLACE = new PayloadPlace(PayloadPlace.Kind.EVENT, "session", "event");

	private final DeflatePayloadCodec codec = new DeflatePayloadCodec(100, 100_000);

	private static byte[] text(int size) {
		return "{\"data\":\"some text\"},".repeat(size).substring(0, size).getBytes(StandardCharsets.UTF_8);
	}

	private static byte[] noise(int size) {
		byte[] noise = new byte[size];
		new Random(1).nextBytes(noise);
		noise[0] = '{';
		return noise;
	}

	@Test
	void compressesFromASizeOn() {
		byte[] small = text(99);
		byte[] large = text(100);

		assertThat(this.codec.encode(PLACE, small)).isSameAs(small);
		assertThat(this.codec.encode(PLACE, large)).hasSizeLessThan(50);
		assertThat(this.codec.decode(PLACE, this.codec.encode(PLACE, large))).isEqualTo(large);
	}

	@Test
	void givesBackWhateverItIsGiven() {
		for (int size : new int[] { 0, 1, 2, 100, 101, 1000, 65_536, 100_000, 100_001 }) {
			for (byte[] payload : new byte[][] { text(size), (size > 0) ? noise(size) : new byte[0],
					"a".repeat(size).getBytes(StandardCharsets.UTF_8) }) {
				byte[] encoded = this.codec.encode(PLACE, payload);
				assertThat(encoded).hasSizeLessThanOrEqualTo(payload.length);
				assertThat(this.codec.decode(PLACE, encoded)).isEqualTo(payload);
			}
		}
	}

	@Test
	void leavesAloneWhatDoesNotGetSmaller() {
		byte[] noise = noise(5000);

		assertThat(this.codec.encode(PLACE, noise)).isSameAs(noise);
	}

	@Test
	void inflatesNoMoreThanItMay() {
		byte[] bomb = new DeflatePayloadCodec(1, 100_000_000).encode(PLACE, new byte[100_000_000]);
		ByteBuffer.wrap(bomb).putInt(1, 50_000);

		assertUnreadable(new DeflatePayloadCodec(1, 100_000_000).encode(PLACE, text(100_001)));
		assertUnreadable(bomb);
	}

	@Test
	void allocatesNothingForWhatASizeOnlyClaims() {
		byte[] encoded = this.codec.encode(PLACE, text(1000));
		for (int claimed : new int[] { -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 100_000, 999, 1001, 0 }) {
			byte[] changed = encoded.clone();
			ByteBuffer.wrap(changed).putInt(1, claimed);
			assertUnreadable(changed);
		}
	}

	@Test
	void readsNothingThatIsCut() {
		byte[] encoded = this.codec.encode(PLACE, text(1000));
		for (int length = 5; length < encoded.length; length++) {
			assertUnreadable(Arrays.copyOf(encoded, length));
		}
	}

	@Test
	void readsWithoutCompressing() {
		DeflatePayloadCodec reading = DeflatePayloadCodec.readingOnly(100_000);
		byte[] large = text(100_000);

		assertThat(reading.encode(PLACE, large)).isSameAs(large);
		assertThat(reading.decode(PLACE, this.codec.encode(PLACE, large))).isEqualTo(large);
	}

	@Test
	void refusesSizesThatMakeNoSense() {
		assertThatIllegalArgumentException().isThrownBy(() -> new DeflatePayloadCodec(0, 1));
		assertThatIllegalArgumentException().isThrownBy(() -> new DeflatePayloadCodec(2, 1));
	}

	private void assertUnreadable(byte[] stored) {
		assertThatExceptionOfType(UnreadablePayloadException.class).isThrownBy(() -> this.codec.decode(PLACE, stored));
	}

}

package io.github.mcppersist.payload;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

class AesGcmPayloadCodecTests {

	private static final PayloadPlace PLACE = new PayloadPlace(PayloadPlace.Kind.EVENT, "session", "Ab3_7_r4uq8b");

	private static final PayloadPlace NAME = new PayloadPlace(PayloadPlace.Kind.SUBSCRIPTION, "", "");

	private static final byte[] PAYLOAD = "{\"secret\":1}".getBytes(StandardCharsets.UTF_8);

	private static final byte[] URI = "file:///secret".getBytes(StandardCharsets.UTF_8);

	private final AesGcmPayloadCodec codec = ring("a").build();

	private static byte[] key(String id) {
		byte[] key = new byte[AesGcmPayloadCodec.KEY_BYTES];
		Arrays.fill(key, (byte) id.hashCode());
		return key;
	}

	private static AesGcmPayloadCodec.Builder ring(String... ids) {
		AesGcmPayloadCodec.Builder builder = AesGcmPayloadCodec.builder();
		for (String id : ids) {
			builder.key(id, key(id));
		}
		return builder;
	}

	@Test
	void givesBackWhateverItIsGiven() {
		for (int size : new int[] { 0, 1, 15, 16, 17, 1000, 1_000_000 }) {
			byte[] payload = new byte[size];
			Arrays.fill(payload, (byte) 'x');
			byte[] encoded = this.codec.encode(PLACE, payload);
			assertThat(encoded).hasSize(size + 31);
			assertThat(this.codec.decode(PLACE, encoded)).isEqualTo(payload);
		}
	}

	/**
	 * Written by the first version that encrypted: what is stored outlives the version
	 * that stored it.
	 */
	@Test
	void readsWhatTheFirstVersionWrote() {
		byte[] stored = HexFormat.of()
			.parseHex("030161ff05d72a98e659ba17b0846c2ce301207e49d5145ff01ad74b12ccc66089b4b7d702b67ed3109e7c");
		byte[] name = HexFormat.of()
			.parseHex("0401615f84b9e7849d625ab256811e94775f0a0470a88bef79b4f86cc6c81e755dcefae66afcf246e19572991d");

		assertThat(this.codec.decode(PLACE, stored)).isEqualTo(PAYLOAD);
		assertThat(this.codec.decode(NAME, name)).isEqualTo(URI);
		assertThat(this.codec.encodeName(URI).get(0)).isEqualTo(name);
	}

	@Test
	void storesNothingThatItWouldNotRead() {
		AesGcmPayloadCodec.Builder builder = ring("a").encrypting(false).acceptingPlain(false);

		assertThatIllegalArgumentException().isThrownBy(builder::build).withMessageContaining("plain");
		assertThat(builder.acceptingPlain(true).build().encode(PLACE, PAYLOAD)).isEqualTo(PAYLOAD);
	}

	@Test
	void encryptsWithTheFirstKeyAndDecryptsWithAll() {
		byte[] old = ring("old").build().encode(PLACE, PAYLOAD);
		AesGcmPayloadCodec rotated = ring("new", "old").build();
		byte[] encoded = rotated.encode(PLACE, PAYLOAD);

		assertThat(rotated.decode(PLACE, old)).isEqualTo(PAYLOAD);
		assertThat(ring("new").build().decode(PLACE, encoded)).isEqualTo(PAYLOAD);
		assertUnreadable(ring("old").build(), PLACE, encoded, "'new'");
	}

	@Test
	void readsNothingWithAnotherKeyOfTheSameId() {
		AesGcmPayloadCodec other = AesGcmPayloadCodec.builder().key("a", key("b")).build();

		assertUnreadable(other, PLACE, this.codec.encode(PLACE, PAYLOAD), "another one");
	}

	@Test
	void readsNothingAtAnotherPlace() {
		byte[] encoded = this.codec.encode(PLACE, PAYLOAD);
		for (PayloadPlace.Kind kind : PayloadPlace.Kind.values()) {
			if (kind != PLACE.kind()) {
				assertUnreadable(this.codec, new PayloadPlace(kind, PLACE.sessionName(), PLACE.part()), encoded, "");
			}
		}
		assertUnreadable(this.codec, new PayloadPlace(PLACE.kind(), "sessio", "nAb3_7_r4uq8b"), encoded, "moved");
		assertUnreadable(this.codec, new PayloadPlace(PLACE.kind(), "session2", PLACE.part()), encoded, "moved");
		assertUnreadable(this.codec, new PayloadPlace(PLACE.kind(), "session", "Ab3_8_r4uq8b"), encoded, "moved");
		assertUnreadable(this.codec, NAME, encoded, "moved");
	}

	@Test
	void readsNothingThatWasChangedOrCut() {
		AesGcmPayloadCodec strict = ring("a").acceptingPlain(false).build();
		byte[] encoded = strict.encode(PLACE, PAYLOAD);
		byte[] name = strict.encodeName(URI).get(0);
		for (int i = 0; i < encoded.length; i++) {
			for (int bit = 0; bit < 8; bit++) {
				byte[] changed = encoded.clone();
				changed[i] ^= (byte) (1 << bit);
				assertUnreadable(strict, PLACE, changed, "");
			}
			assertUnreadable(strict, PLACE, Arrays.copyOf(encoded, i), "");
		}
		for (int i = 0; i < name.length; i++) {
			byte[] changed = name.clone();
			changed[i] ^= 1;
			assertUnreadable(strict, NAME, changed, "");
		}
	}

	@Test
	void usesANonceOnce() {
		Set<String> nonces = new HashSet<>();
		for (int i = 0; i < 10_000; i++) {
			nonces.add(HexFormat.of().formatHex(this.codec.encode(PLACE, PAYLOAD), 3, 15));
		}

		assertThat(nonces).hasSize(10_000);
	}

	@Test
	void encodesANameTheSameEachTimeAndUnderEveryKey() {
		AesGcmPayloadCodec rotated = ring("new", "old").acceptingPlain(false).build();

		List<byte[]> names = rotated.encodeName(URI);

		assertThat(names).hasSize(2);
		assertThat(names.get(0)).isEqualTo(ring("new").build().encodeName(URI).get(0));
		assertThat(names.get(1)).isEqualTo(ring("old").build().encodeName(URI).get(0));
		assertThat(names).allSatisfy((name) -> assertThat(rotated.decode(NAME, name)).isEqualTo(URI));
		assertThat(rotated.encodeName(PAYLOAD).get(0)).isNotEqualTo(names.get(0));
	}

	@Test
	void knowsPlainNamesWhileThereMayBeSome() {
		assertThat(ring("a").build().encodeName(URI)).hasSize(2).last().isEqualTo(URI);
		assertThat(ring("a").encrypting(false).build().encodeName(URI)).hasSize(2).first().isEqualTo(URI);
	}

	@Test
	void readsWithoutEncrypting() {
		AesGcmPayloadCodec reading = ring("a").encrypting(false).build();

		assertThat(reading.encode(PLACE, PAYLOAD)).isSameAs(PAYLOAD);
		assertThat(reading.decode(PLACE, this.codec.encode(PLACE, PAYLOAD))).isEqualTo(PAYLOAD);
	}

	@Test
	void acceptsPlainPayloadsUnlessToldOtherwise() {
		assertThat(this.codec.decode(PLACE, PAYLOAD)).isSameAs(PAYLOAD);
		assertUnreadable(ring("a").acceptingPlain(false).build(), PLACE, PAYLOAD, "isn't encrypted");
	}

	@Test
	void tellsNothingOfAKey() {
		byte[] short31 = new byte[31];

		assertThat(this.codec).hasToString("AES-256-GCM with the keys [a]");
		assertThatIllegalArgumentException().isThrownBy(() -> AesGcmPayloadCodec.builder().key("a", short31))
			.withMessage("The key 'a' must have 32 bytes, and not 31");
		assertThatIllegalArgumentException()
			.isThrownBy(() -> AesGcmPayloadCodec.builder().key("c2VjcmV0IGtleQ==", key("a")))
			.satisfies((ex) -> assertThat(ex.getMessage()).doesNotContain("c2Vj"));
	}

	@Test
	void refusesRingsThatMakeNoSense() {
		assertThatIllegalArgumentException().isThrownBy(() -> AesGcmPayloadCodec.builder().build());
		assertThatIllegalArgumentException().isThrownBy(() -> ring("a", "a"));
		assertThatIllegalArgumentException().isThrownBy(() -> ring(""));
		assertThatIllegalArgumentException().isThrownBy(() -> ring("a".repeat(33)));
	}

	@Test
	void servesManyThreadsAtOnce() {
		assertThat(IntStream.range(0, 2000).parallel().mapToObj((i) -> {
			PayloadPlace place = new PayloadPlace(PayloadPlace.Kind.ANSWER, "session" + i % 7, "" + i);
			byte[] payload = ("payload " + i).getBytes(StandardCharsets.UTF_8);
			return Arrays.equals(payload, this.codec.decode(place, this.codec.encode(place, payload)));
		})).containsOnly(true);
	}

	private static void assertUnreadable(PayloadCodec codec, PayloadPlace place, byte[] stored, String why) {
		assertThatExceptionOfType(UnreadablePayloadException.class).isThrownBy(() -> codec.decode(place, stored))
			.satisfies((ex) -> assertThat(ex.getMessage()).contains(why).doesNotContain("secret"));
	}

}

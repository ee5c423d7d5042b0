package io.github.mcppersist.payload;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

class PayloadsTests {

	private static final PayloadPlace PLACE = new PayloadPlace(PayloadPlace.Kind.EVENT, "session", "event");

	private static final byte[] PAYLOAD = { '{', '}' };

	private static final AesGcmPayloadCodec STRICT = AesGcmPayloadCodec.builder()
		.key("a", new byte[AesGcmPayloadCodec.KEY_BYTES])
		.acceptingPlain(false)
		.build();

	private final List<UnreadablePayloadException> unreadable = new ArrayList<>();

	private Payloads payloads(PayloadCodec codec) {
		return new Payloads(codec, (place, failure) -> this.unreadable.add(failure));
	}

	private static Stream<PayloadCodec> codecsThatMakeNothing() {
		return Stream.of(new Fixed(new byte[0], List.of()), new Fixed(null, null),
				new Fixed(new byte[0], List.of(PAYLOAD, new byte[0])), new Fixed(null, Arrays.asList(PAYLOAD, null)),
				new Fixed(new byte[0], List.of(new byte[0])).andThen(STRICT),
				PayloadCodec.none().andThen(new Fixed(new byte[0], List.of())));
	}

	@ParameterizedTest
	@MethodSource("codecsThatMakeNothing")
	void storesNothingOfWhichACodecHasMadeNothing(PayloadCodec codec) {
		Payloads payloads = payloads(codec);

		assertThatIllegalStateException().isThrownBy(() -> payloads.encode(PLACE, PAYLOAD));
		assertThatIllegalStateException().isThrownBy(() -> payloads.encode(PLACE, "text"));
		assertThatIllegalStateException().isThrownBy(() -> payloads.encode(PLACE, "~text"));
		assertThatIllegalStateException().isThrownBy(() -> payloads.encodeName("name"));
	}

	@ParameterizedTest
	@MethodSource("codecsThatMakeNothing")
	void cannotReadThatOfWhichACodecHasMadeNothing(PayloadCodec codec) {
		Payloads payloads = payloads(codec);
		byte[] stored = STRICT.encode(PLACE, PAYLOAD);

		assertThatExceptionOfType(UnreadablePayloadException.class).isThrownBy(() -> payloads.decode(PLACE, stored));
		assertThatExceptionOfType(UnreadablePayloadException.class).isThrownBy(() -> payloads.decode(PLACE, "~AwFh"));
		assertThat(this.unreadable).hasSize(2);
	}

	@Test
	void cannotReadWhatIsOnlyMarked() {
		assertThatExceptionOfType(UnreadablePayloadException.class)
			.isThrownBy(() -> payloads(PayloadCodec.none()).decode(PLACE, new byte[] { 1 }));
	}

	@Test
	void leavesWhatIsEmptyAsItIs() {
		Payloads payloads = payloads(STRICT);

		assertThat(payloads.encode(PLACE, new byte[0])).isEmpty();
		assertThat(payloads.encode(PLACE, "")).isEmpty();
		assertThat(payloads.decode(PLACE, new byte[0])).isEmpty();
		assertThat(payloads.decode(PLACE, "")).isEmpty();
		assertThat(this.unreadable).isEmpty();
	}

	/**
	 * Returns the same of everything.
	 */
	private static final class Fixed implements PayloadCodec {

		private final byte[] made;

		private final List<byte[]> names;

		Fixed(byte[] made, List<byte[]> names) {
			this.made = made;
			this.names = names;
		}

		@Override
		public byte[] encode(PayloadPlace place, byte[] payload) {
			return this.made;
		}

		@Override
		public byte[] decode(PayloadPlace place, byte[] stored) {
			return this.made;
		}

		@Override
		public List<byte[]> encodeName(byte[] name) {
			return this.names;
		}

	}

}

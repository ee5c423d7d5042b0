package io.github.mcppersist.payload;

import java.util.Arrays;
import java.util.function.BiConsumer;

/**
 * Codecs for tests.
 */
final class Codecs {

	/**
	 * For what must be readable.
	 */
	static final BiConsumer<PayloadPlace, UnreadablePayloadException> NEVER = (place, failure) -> {
		throw new AssertionError("A payload can't be opened: " + place, failure);
	};

	private Codecs() {
	}

	static byte[] key(int number) {
		byte[] key = new byte[AesGcmPayloadCodec.KEY_BYTES];
		Arrays.fill(key, (byte) number);
		return key;
	}

	/**
	 * Return a codec whose keys are derived from their IDs.
	 * @param ids the IDs, the first one of which encrypts
	 * @return the codec
	 */
	static AesGcmPayloadCodec.Builder aes(String... ids) {
		AesGcmPayloadCodec.Builder builder = AesGcmPayloadCodec.builder();
		for (String id : ids) {
			builder.key(id, key(id.hashCode()));
		}
		return builder;
	}

	static PayloadCodec all() {
		return new DeflatePayloadCodec(100, 1 << 24).andThen(aes("a").build());
	}

}

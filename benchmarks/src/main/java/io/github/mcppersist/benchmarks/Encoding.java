package io.github.mcppersist.benchmarks;

import io.github.mcppersist.payload.AesGcmPayloadCodec;
import io.github.mcppersist.payload.DeflatePayloadCodec;
import io.github.mcppersist.payload.PayloadCodec;

/**
 * What of a message is stored.
 */
public enum Encoding {

	/**
	 * The message as it is.
	 */
	PLAIN("plain", PayloadCodec.none()),

	/**
	 * The message encrypted.
	 */
	ENCRYPTED("encrypted", aes()),

	/**
	 * The message compressed, if it is large enough for that by default.
	 */
	COMPRESSED("compressed", deflate()),

	/**
	 * The message compressed, and that encrypted.
	 */
	COMPRESSED_AND_ENCRYPTED("compressed and encrypted", deflate().andThen(aes()));

	private final String title;

	private final PayloadCodec codec;

	Encoding(String title, PayloadCodec codec) {
		this.title = title;
		this.codec = codec;
	}

	private static PayloadCodec aes() {
		return AesGcmPayloadCodec.builder().key("a", new byte[AesGcmPayloadCodec.KEY_BYTES]).build();
	}

	private static PayloadCodec deflate() {
		return new DeflatePayloadCodec(1024, 1 << 26);
	}

	PayloadCodec codec() {
		return this.codec;
	}

	@Override
	public String toString() {
		return this.title;
	}

}

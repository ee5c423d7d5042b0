package io.github.mcppersist.autoconfigure.payload;

import java.util.List;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.payload.PayloadCodec;
import io.github.mcppersist.payload.PayloadPlace;

/**
 * The codec that the properties describe, which says how it encrypts.
 */
public final class ConfiguredPayloadCodec implements PayloadCodec {

	private final PayloadCodec codec;

	private final @Nullable String encryption;

	ConfiguredPayloadCodec(PayloadCodec codec, @Nullable String encryption) {
		this.codec = codec;
		this.encryption = encryption;
	}

	/**
	 * Say whether what is stored is encrypted, and with how many keys, for people.
	 * @return a sentence without its full stop, or {@code null} if there are no keys. It
	 * names the first key by its ID
	 */
	public @Nullable String encryption() {
		return this.encryption;
	}

	@Override
	public byte[] encode(PayloadPlace place, byte[] payload) {
		return this.codec.encode(place, payload);
	}

	@Override
	public byte[] decode(PayloadPlace place, byte[] stored) {
		return this.codec.decode(place, stored);
	}

	@Override
	public List<byte[]> encodeName(byte[] name) {
		return this.codec.encodeName(name);
	}

	@Override
	public String toString() {
		return this.codec.toString();
	}

}

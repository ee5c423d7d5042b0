package io.github.mcppersist.payload;

import java.util.List;

/**
 * Leaves payloads as they are.
 */
enum NoPayloadCodec implements PayloadCodec {

	INSTANCE;

	@Override
	public byte[] encode(PayloadPlace place, byte[] payload) {
		return payload;
	}

	@Override
	public byte[] decode(PayloadPlace place, byte[] stored) {
		return stored;
	}

	@Override
	public List<byte[]> encodeName(byte[] name) {
		return List.of(name);
	}

}

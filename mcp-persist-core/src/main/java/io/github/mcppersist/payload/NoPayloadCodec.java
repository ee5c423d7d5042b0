package io.github.mcppersist.payload;

import java.util.List;

/**
 * Leaves payloads as they are. What a codec has encoded it doesn't take for one: a node
 * that was forgotten when keys were rolled out sends no client what it can't read.
 */
enum NoPayloadCodec implements PayloadCodec {

	INSTANCE;

	@Override
	public byte[] encode(PayloadPlace place, byte[] payload) {
		return payload;
	}

	@Override
	public byte[] decode(PayloadPlace place, byte[] stored) {
		if (Payloads.isEncoded(stored)) {
			throw new UnreadablePayloadException("it is encrypted or compressed, and this node has no codec for it");
		}
		return stored;
	}

	@Override
	public List<byte[]> encodeName(byte[] name) {
		return List.of(name);
	}

}

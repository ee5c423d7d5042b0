package io.github.mcppersist.payload;

import java.util.List;

/**
 * Encodes with one codec after the other, and decodes in the opposite order.
 *
 * @param first the first one to encode
 * @param second the one that encodes what the first one gives
 */
record PayloadCodecChain(PayloadCodec first, PayloadCodec second) implements PayloadCodec {

	@Override
	public byte[] encode(PayloadPlace place, byte[] payload) {
		return this.second.encode(place, Payloads.notEmpty(this.first.encode(place, payload)));
	}

	@Override
	public byte[] decode(PayloadPlace place, byte[] stored) {
		return this.first.decode(place, Payloads.notEmpty(this.second.decode(place, stored)));
	}

	@Override
	public List<byte[]> encodeName(byte[] name) {
		return this.first.encodeName(name)
			.stream()
			.flatMap((each) -> this.second.encodeName(Payloads.notEmpty(each)).stream())
			.toList();
	}

}

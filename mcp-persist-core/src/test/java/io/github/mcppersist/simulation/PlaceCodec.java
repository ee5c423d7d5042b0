package io.github.mcppersist.simulation;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

import io.github.mcppersist.payload.PayloadCodec;
import io.github.mcppersist.payload.PayloadPlace;
import io.github.mcppersist.payload.UnreadablePayloadException;

/**
 * Notes in each payload where it is, in front of it, and reads none that is elsewhere: a
 * payload that was stored for another place than it is read at is a failure.
 */
final class PlaceCodec implements PayloadCodec {

	private final World world;

	PlaceCodec(World world) {
		this.world = world;
	}

	@Override
	public byte[] encode(PayloadPlace place, byte[] payload) {
		return ByteBuffer.allocate(Integer.BYTES + payload.length).putInt(place.hashCode()).put(payload).array();
	}

	@Override
	public byte[] decode(PayloadPlace place, byte[] stored) {
		ByteBuffer buffer = ByteBuffer.wrap(stored);
		if (buffer.getInt() != place.hashCode()) {
			this.world.fail("moved: a payload isn't at its place, which is of the kind " + place.kind());
			throw new UnreadablePayloadException("It isn't at its place");
		}
		byte[] payload = new byte[buffer.remaining()];
		buffer.get(payload);
		return payload;
	}

	@Override
	public List<byte[]> encodeName(byte[] name) {
		return List.of(encode(new PayloadPlace(PayloadPlace.Kind.SUBSCRIPTION, "", ""), name));
	}

	/**
	 * Return a text that was encoded, or one that wasn't, for people.
	 * @param stored what is stored
	 * @return the text
	 */
	static String text(String stored) {
		int mark = stored.startsWith("\"") ? 1 : 0;
		if (!stored.startsWith("~", mark)) {
			return stored;
		}
		byte[] bytes = Base64.getUrlDecoder().decode(stored.substring(mark + 1, stored.length() - mark));
		return new String(bytes, Integer.BYTES, bytes.length - Integer.BYTES, StandardCharsets.UTF_8);
	}

}

package io.github.mcppersist.payload;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * Compresses payloads from a size on, each by itself, with the JDK's Deflate at its
 * fastest. A payload that doesn't get smaller is left as it is.
 * <p>
 * What is stored is the byte 2, the size of the payload as four bytes, and the compressed
 * payload without the header of zlib. The size is checked before anything is inflated, so
 * that a few bytes in the store don't become gigabytes in memory.
 * <p>
 * To be put before encryption, as {@code deflate.andThen(aes)}. Whoever sees how long an
 * encrypted payload is, and can put text into it, may then find out by trying what else
 * is in it: compress only where that is no danger.
 */
public final class DeflatePayloadCodec implements PayloadCodec {

	static final byte MARK = 2;

	private static final int HEAD = 5;

	/**
	 * Deflate makes at most so many bytes of one.
	 */
	private static final int MAX_RATIO = 1032;

	private final boolean compressing;

	private final int minSize;

	private final int maxSize;

	/**
	 * Create a codec.
	 * @param minSize how many bytes a payload has that is compressed, at least 1
	 * @param maxSize how many bytes it has at most, and how many are ever made of one
	 * that is inflated; the same on all nodes
	 */
	public DeflatePayloadCodec(int minSize, int maxSize) {
		this(true, minSize, maxSize);
	}

	private DeflatePayloadCodec(boolean compressing, int minSize, int maxSize) {
		if (minSize < 1 || maxSize < minSize) {
			throw new IllegalArgumentException(
					"minSize must be at least 1 and at most maxSize, and not " + minSize + " beside " + maxSize);
		}
		this.compressing = compressing;
		this.minSize = minSize;
		this.maxSize = maxSize;
	}

	/**
	 * Return a codec that reads what others have compressed, and compresses nothing.
	 * @param maxSize how many bytes are ever made of a payload that is inflated
	 * @return the codec
	 */
	public static DeflatePayloadCodec readingOnly(int maxSize) {
		return new DeflatePayloadCodec(false, maxSize, maxSize);
	}

	@Override
	public byte[] encode(PayloadPlace place, byte[] payload) {
		if (!this.compressing || payload.length < this.minSize || payload.length > this.maxSize) {
			return payload;
		}
		Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
		try {
			deflater.setInput(payload);
			deflater.finish();
			byte[] encoded = new byte[payload.length];
			int length = HEAD;
			while (!deflater.finished() && length < encoded.length) {
				length += deflater.deflate(encoded, length, encoded.length - length);
			}
			if (!deflater.finished()) {
				return payload;
			}
			ByteBuffer.wrap(encoded).put(MARK).putInt(payload.length);
			return Arrays.copyOf(encoded, length);
		}
		finally {
			deflater.end();
		}
	}

	@Override
	public byte[] decode(PayloadPlace place, byte[] stored) {
		if (stored.length < HEAD || stored[0] != MARK) {
			return stored;
		}
		int size = ByteBuffer.wrap(stored, 1, HEAD - 1).getInt();
		if (size < 0 || size > this.maxSize || size > (long) stored.length * MAX_RATIO) {
			throw new UnreadablePayloadException("it is larger than what is inflated, or says so wrongly");
		}
		Inflater inflater = new Inflater(true);
		try {
			inflater.setInput(stored, HEAD, stored.length - HEAD);
			// One more, to find out that there is more than it says
			byte[] payload = new byte[size + 1];
			int length = 0;
			while (!inflater.finished() && length < payload.length) {
				int inflated = inflater.inflate(payload, length, payload.length - length);
				if (inflated == 0 && !inflater.finished()) {
					break;
				}
				length += inflated;
			}
			if (!inflater.finished() || length != size) {
				throw new UnreadablePayloadException("it isn't what was compressed");
			}
			return Arrays.copyOf(payload, size);
		}
		catch (DataFormatException ex) {
			throw new UnreadablePayloadException("it isn't what was compressed", ex);
		}
		finally {
			inflater.end();
		}
	}

	/**
	 * Return the name as it is.
	 */
	@Override
	public List<byte[]> encodeName(byte[] name) {
		return List.of(name);
	}

}

package io.github.mcppersist.payload;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.function.BiConsumer;

import org.jspecify.annotations.Nullable;

/**
 * Payloads as stores take them: bytes, and texts where the SPI of a store has texts. What
 * a codec has made of a text is a tilde and Base64; a text that the codec leaves as it is
 * stays so, unless it could be mistaken for that.
 * <p>
 * What is empty is stored as it is: that of a priming event says that it is one. So a
 * codec that makes something empty has failed.
 * <p>
 * Whatever a codec throws ends here: where it fails to encode as an
 * {@link IllegalStateException}, and where it fails to decode as an
 * {@link UnreadablePayloadException}, of which somebody is told.
 */
public final class Payloads {

	private static final int MAX_MARK = 8;

	/**
	 * Begins a payload that would else look like one that is encoded.
	 */
	private static final byte LITERAL = 1;

	/**
	 * Begins a text that is encoded.
	 */
	static final String TEXT_MARK = "~";

	private final PayloadCodec codec;

	private final BiConsumer<PayloadPlace, UnreadablePayloadException> onUnreadable;

	/**
	 * Encode and decode with a codec.
	 * @param codec the codec
	 * @param onUnreadable is told of each payload that can't be decoded, on the thread
	 * that reads it
	 */
	public Payloads(PayloadCodec codec, BiConsumer<PayloadPlace, UnreadablePayloadException> onUnreadable) {
		this.codec = codec;
		this.onUnreadable = onUnreadable;
	}

	private static boolean isMarked(byte[] payload) {
		return payload.length > 0 && payload[0] > 0 && payload[0] <= MAX_MARK;
	}

	/**
	 * Say whether payloads are stored as they are.
	 * @return whether encoding changes nothing
	 */
	boolean arePlain() {
		return this.codec == PayloadCodec.none();
	}

	/**
	 * Return what a codec has made, if it has made something.
	 * @param made what it has returned
	 * @return the same
	 */
	static byte[] notEmpty(byte @Nullable [] made) {
		if (made == null || made.length == 0) {
			throw new IllegalStateException("The payload codec has made nothing of a payload");
		}
		return made;
	}

	byte[] encode(PayloadPlace place, byte[] payload) {
		return (payload.length == 0) ? payload : encodeUnmarked(place, isMarked(payload) ? literal(payload) : payload);
	}

	private byte[] encodeUnmarked(PayloadPlace place, byte[] payload) {
		try {
			return notEmpty(this.codec.encode(place, payload));
		}
		catch (Throwable ex) {
			throw notEncoded(ex);
		}
	}

	private static byte[] literal(byte[] payload) {
		byte[] literal = new byte[1 + payload.length];
		literal[0] = LITERAL;
		System.arraycopy(payload, 0, literal, 1, payload.length);
		return literal;
	}

	private static IllegalStateException notEncoded(Throwable cause) {
		return new IllegalStateException("The payload codec can't encode", cause);
	}

	byte[] decode(PayloadPlace place, byte[] stored) {
		try {
			return decodeQuietly(place, stored);
		}
		catch (UnreadablePayloadException ex) {
			this.onUnreadable.accept(place, ex);
			throw ex;
		}
	}

	private byte[] decodeQuietly(PayloadPlace place, byte[] stored) {
		if (stored.length == 0) {
			return stored;
		}
		try {
			byte[] payload = notEmpty(this.codec.decode(place, stored));
			if (!isMarked(payload)) {
				return payload;
			}
			if (payload[0] != LITERAL) {
				// A node that was forgotten when keys were rolled out sends nobody this
				throw new UnreadablePayloadException(
						"it is encrypted or compressed, and this node has no codec for that");
			}
			return notEmpty(Arrays.copyOfRange(payload, 1, payload.length));
		}
		catch (UnreadablePayloadException ex) {
			throw ex;
		}
		catch (Throwable ex) {
			throw new UnreadablePayloadException("the payload codec has failed", ex);
		}
	}

	/**
	 * Encode a text.
	 * @param place where it will be
	 * @param text the text
	 * @return a text
	 * @throws IllegalStateException if the codec fails
	 */
	public String encode(PayloadPlace place, String text) {
		byte[] payload = text.getBytes(StandardCharsets.UTF_8);
		if (text.startsWith(TEXT_MARK)) {
			return text(encodeUnmarked(place, literal(payload)));
		}
		byte[] encoded = encode(place, payload);
		return Arrays.equals(encoded, payload) ? text : text(encoded);
	}

	private static String text(byte[] encoded) {
		return TEXT_MARK + Base64.getUrlEncoder().withoutPadding().encodeToString(encoded);
	}

	/**
	 * Decode a text.
	 * @param place where it is
	 * @param stored the text that is there
	 * @return what was encoded
	 * @throws UnreadablePayloadException if it can't be decoded; whom it concerns has
	 * been told
	 */
	public String decode(PayloadPlace place, String stored) {
		return new String(decode(place, bytes(stored)), StandardCharsets.UTF_8);
	}

	String decodeQuietly(PayloadPlace place, String stored) {
		return new String(decodeQuietly(place, bytes(stored)), StandardCharsets.UTF_8);
	}

	private static byte[] bytes(String stored) {
		if (stored.startsWith(TEXT_MARK)) {
			try {
				return Base64.getUrlDecoder().decode(stored.substring(1));
			}
			catch (IllegalArgumentException ex) {
				// Stored before there were codecs
			}
		}
		return stored.getBytes(StandardCharsets.UTF_8);
	}

	/**
	 * Encode what things are found by.
	 * @param name the name
	 * @return what is stored from now on, and then what else may have been
	 */
	List<String> encodeName(String name) {
		byte[] payload = name.getBytes(StandardCharsets.UTF_8);
		boolean marked = isMarked(payload) || name.startsWith(TEXT_MARK);
		byte[] plain = marked ? literal(payload) : payload;
		List<byte[]> encoded;
		try {
			encoded = List.copyOf(this.codec.encodeName(plain));
			encoded.forEach(Payloads::notEmpty);
		}
		catch (Throwable ex) {
			throw notEncoded(ex);
		}
		if (encoded.isEmpty()) {
			throw new IllegalStateException("The payload codec has no name for what things are found by");
		}
		return encoded.stream().map((each) -> (!marked && Arrays.equals(each, plain)) ? name : text(each)).toList();
	}

}

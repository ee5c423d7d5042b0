package io.github.mcppersist.payload;

import java.util.List;

/**
 * Says what of a payload is stored: encrypted, compressed, or as it is. An endpoint
 * applies it to all that it stores of clients, whatever the stores are: the messages of
 * events, the IDs of requests, who a client is and owns a session, clients' answers, and
 * the URIs of subscriptions; and to what it tells other nodes.
 * <p>
 * All nodes that share a store must be able to decode what any of them encodes. What was
 * stored before there was a codec is decoded, too.
 * <p>
 * Called on threads that deliver events, and by many at once: a codec is thread-safe,
 * computes, and waits for nothing. What {@link #encode} throws keeps a payload from being
 * stored; whatever {@link #decode} throws makes a payload unreadable, which a client is
 * told as it is told of events that are gone.
 * <p>
 * Payloads are JSON, names and URIs. None begins with a byte from 1 to 8, by which codecs
 * know what they have encoded; 2 to 4 are those of the codecs that are here.
 */
public interface PayloadCodec {

	/**
	 * Return a codec that stores payloads as they are, and reads no others.
	 * @return the codec
	 */
	static PayloadCodec none() {
		return NoPayloadCodec.INSTANCE;
	}

	/**
	 * Encode a payload.
	 * @param place where it will be
	 * @param payload the payload, at least one byte; nobody may change the array
	 * @return what is stored, at least one byte, which may be the same array; decoded at
	 * the same place, by any node, it gives the payload. Nothing at all counts as a
	 * failure to encode
	 */
	byte[] encode(PayloadPlace place, byte[] payload);

	/**
	 * Decode what was stored.
	 * @param place where it is
	 * @param stored what was stored, at least one byte; nobody may change the array
	 * @return the payload, at least one byte, which may be the same array. Nothing at all
	 * counts as unreadable
	 * @throws UnreadablePayloadException if it can't be decoded, or not at this place
	 */
	byte[] decode(PayloadPlace place, byte[] stored);

	/**
	 * Encode what things are found by ({@link PayloadPlace.Kind#SUBSCRIPTION}). For one
	 * name it is always the same, as long as no keys change; {@link #decode} reads it.
	 * @param name the name, at least one byte
	 * @return what is stored from now on, and then what else may have been, by nodes with
	 * other keys, or before: at least one, each of at least one byte
	 */
	List<byte[]> encodeName(byte[] name);

	/**
	 * Return a codec that encodes with this one first, and what it gives with another
	 * one.
	 * @param next the other one
	 * @return both
	 */
	default PayloadCodec andThen(PayloadCodec next) {
		return new PayloadCodecChain(this, next);
	}

}

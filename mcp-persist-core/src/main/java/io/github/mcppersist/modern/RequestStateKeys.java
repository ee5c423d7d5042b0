package io.github.mcppersist.modern;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

import org.jspecify.annotations.Nullable;

/**
 * Seals request states with AES-256-GCM, so that a client can neither read nor make one,
 * nor use it for anything but the request that it was given for: the first key seals, all
 * open. What is sealed is, in Base64: a version, four bytes of the key's SHA-256, a
 * random nonce, the encrypted state and its tag. Immutable.
 */
final class RequestStateKeys {

	/**
	 * How many bytes a key has.
	 */
	static final int KEY_BYTES = 32;

	/**
	 * More than any state that was sealed here.
	 */
	private static final int MAX_LENGTH = 512;

	private static final byte VERSION = 1;

	private static final int KEY_ID_BYTES = 4;

	private static final int NONCE_BYTES = 12;

	private static final int TAG_BITS = 128;

	private static final int HEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES;

	private static final SecureRandom RANDOM = new SecureRandom();

	private final Map<Integer, SecretKeySpec> keys = new LinkedHashMap<>();

	private final int sealing;

	/**
	 * Create a key ring.
	 * @param keys the keys, the one that seals in front
	 */
	RequestStateKeys(List<byte[]> keys) {
		for (byte[] key : keys) {
			if (key.length != KEY_BYTES) {
				throw new IllegalArgumentException(
						"A key for request states must have " + KEY_BYTES + " bytes, but one has " + key.length);
			}
			if (this.keys.putIfAbsent(id(key), new SecretKeySpec(key, "AES")) != null) {
				throw new IllegalArgumentException("A key for request states is there twice");
			}
		}
		if (this.keys.isEmpty()) {
			throw new IllegalArgumentException("There is no key for request states");
		}
		this.sealing = this.keys.keySet().iterator().next();
	}

	/**
	 * Draw a key.
	 * @return a new key
	 */
	static byte[] randomKey() {
		byte[] key = new byte[KEY_BYTES];
		RANDOM.nextBytes(key);
		return key;
	}

	private static int id(byte[] key) {
		try {
			return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(key)).getInt();
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * Seal a state.
	 * @param state the state
	 * @param boundTo what it is good for
	 * @return a text out of {@code A-Z a-z 0-9 _ -}
	 */
	String seal(RequestState state, byte[] boundTo) {
		byte[] nonce = new byte[NONCE_BYTES];
		RANDOM.nextBytes(nonce);
		byte[] text = state.toString().getBytes(StandardCharsets.US_ASCII);
		ByteBuffer sealed = ByteBuffer.allocate(HEAD_BYTES + text.length + TAG_BITS / Byte.SIZE)
			.put(VERSION)
			.putInt(this.sealing)
			.put(nonce);
		try {
			sealed.put(cipher(Cipher.ENCRYPT_MODE, this.keys.get(this.sealing), sealed, boundTo).doFinal(text));
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException("A request state can't be sealed", ex);
		}
		return Base64.getUrlEncoder().withoutPadding().encodeToString(sealed.array());
	}

	/**
	 * Open what was sealed.
	 * @param text what a client sends
	 * @param boundTo what it is to be good for
	 * @return the state, or {@code null} if it wasn't sealed by one of these keys for
	 * that
	 */
	@Nullable RequestState open(String text, byte[] boundTo) {
		ByteBuffer sealed = decode(text);
		SecretKeySpec key = (sealed != null) ? this.keys.get(sealed.getInt(1)) : null;
		if (sealed == null || key == null) {
			return null;
		}
		try {
			byte[] state = cipher(Cipher.DECRYPT_MODE, key, sealed, boundTo).doFinal(sealed.array(), HEAD_BYTES,
					sealed.capacity() - HEAD_BYTES);
			return RequestState.parse(new String(state, StandardCharsets.US_ASCII));
		}
		catch (GeneralSecurityException ex) {
			return null;
		}
	}

	/**
	 * Say whether a text may have been sealed by a key that isn't known here.
	 * @param text what a client sends
	 * @return whether it has the form, and another key
	 */
	boolean isOfAnotherKey(String text) {
		ByteBuffer sealed = decode(text);
		return sealed != null && !this.keys.containsKey(sealed.getInt(1));
	}

	private static @Nullable ByteBuffer decode(String text) {
		if (text.length() > MAX_LENGTH) {
			return null;
		}
		try {
			byte[] bytes = Base64.getUrlDecoder().decode(text);
			boolean whole = bytes.length > HEAD_BYTES + TAG_BITS / Byte.SIZE;
			return (whole && bytes[0] == VERSION) ? ByteBuffer.wrap(bytes) : null;
		}
		catch (IllegalArgumentException ex) {
			return null;
		}
	}

	// The head is bound as well, but for the nonce, which is by itself
	private static Cipher cipher(int mode, @Nullable SecretKeySpec key, ByteBuffer sealed, byte[] boundTo)
			throws GeneralSecurityException {
		Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
		cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, sealed.array(), 1 + KEY_ID_BYTES, NONCE_BYTES));
		cipher.updateAAD(sealed.array(), 0, 1 + KEY_ID_BYTES);
		cipher.updateAAD(boundTo);
		return cipher;
	}

}

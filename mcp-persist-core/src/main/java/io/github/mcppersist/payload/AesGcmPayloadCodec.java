package io.github.mcppersist.payload;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Encrypts payloads with AES-256-GCM. It has a ring of keys: the first one encrypts, and
 * all of them decrypt. A payload is bound to its {@linkplain PayloadPlace place}, so that
 * one that was moved, or changed, can't be opened.
 * <p>
 * What is stored is the byte 3, the length of the key's ID and the ID, a random nonce of
 * twelve bytes, the encrypted payload, and a tag of sixteen bytes: 30 bytes and the key's
 * ID more than the payload.
 * <p>
 * A nonce must not come twice with one key. By chance it doesn't, at odds of one in
 * 2<sup>32</sup>, as long as a key encrypts no more than 2<sup>32</sup> payloads (NIST SP
 * 800-38D, section 8.3). So no key of the ring encrypts by itself: each session has a key
 * of its own, derived from it by HMAC-SHA256, and the limit is that of a session. What
 * nodes tell each other belongs to no session: the limit there is that of the ring's key.
 * <p>
 * What things are found by must be the same each time: its nonce is an HMAC of the name
 * itself, under a key of its own, and the first byte is a 4. Whoever sees the store sees
 * that two such names are equal, and how long they are.
 */
public final class AesGcmPayloadCodec implements PayloadCodec {

	/**
	 * How many bytes a key has.
	 */
	public static final int KEY_BYTES = 32;

	static final byte MARK = 3;

	static final byte NAME_MARK = 4;

	private static final String ALGORITHM = "AES/GCM/NoPadding";

	private static final int MAX_ID_LENGTH = 32;

	private static final int NONCE_BYTES = 12;

	private static final int TAG_BYTES = 16;

	private static final String UNREADABLE = "it was changed or moved, or the key of that ID is another one here";

	private static final SecureRandom RANDOM = new SecureRandom();

	/**
	 * Making a cipher takes longer than using it.
	 */
	private static final BlockingQueue<Cipher> CIPHERS = new ArrayBlockingQueue<>(64);

	private final Map<String, Key> keys;

	/**
	 * The same, in their order.
	 */
	private final List<Key> ring;

	private final boolean encrypting;

	private final boolean acceptingPlain;

	private AesGcmPayloadCodec(Builder builder) {
		if (builder.keys.isEmpty()) {
			throw new IllegalArgumentException("There must be a key");
		}
		if (!builder.encrypting && !builder.acceptingPlain) {
			throw new IllegalArgumentException(
					"Payloads must be encrypted, or plain ones accepted: else nobody could read what is stored");
		}
		this.keys = Map.copyOf(builder.keys);
		this.ring = List.copyOf(builder.keys.values());
		this.encrypting = builder.encrypting;
		this.acceptingPlain = builder.acceptingPlain;
	}

	/**
	 * Return a builder.
	 * @return a new builder, without keys
	 */
	public static Builder builder() {
		return new Builder();
	}

	@Override
	public byte[] encode(PayloadPlace place, byte[] payload) {
		if (!this.encrypting) {
			return payload;
		}
		byte[] nonce = new byte[NONCE_BYTES];
		RANDOM.nextBytes(nonce);
		Key key = this.ring.get(0);
		return encrypt(key, key.ofSession(place.sessionName()), MARK, place, nonce, payload);
	}

	@Override
	public byte[] decode(PayloadPlace place, byte[] stored) {
		byte mark = (stored.length > 0) ? stored[0] : 0;
		if (mark != MARK && mark != NAME_MARK) {
			if (!this.acceptingPlain) {
				throw new UnreadablePayloadException("it isn't encrypted, and what isn't is not accepted");
			}
			return stored;
		}
		boolean name = mark == NAME_MARK;
		int head = 2 + ((stored.length > 1) ? stored[1] : 0);
		if (name != isName(place) || head < 2 || stored.length < head + NONCE_BYTES + TAG_BYTES) {
			throw new UnreadablePayloadException(UNREADABLE);
		}
		String id = new String(stored, 2, head - 2, StandardCharsets.ISO_8859_1);
		Key key = this.keys.get(id);
		if (key == null) {
			// What is stored may be anybody's
			throw new UnreadablePayloadException(isId(id) ? "this node doesn't have its key '" + id + "'" : UNREADABLE);
		}
		SecretKeySpec secret = name ? key.names : key.ofSession(place.sessionName());
		return decrypt(secret, place, stored, head);
	}

	@Override
	public List<byte[]> encodeName(byte[] name) {
		List<byte[]> encoded = new ArrayList<>();
		if (!this.encrypting) {
			encoded.add(name);
		}
		PayloadPlace place = new PayloadPlace(PayloadPlace.Kind.SUBSCRIPTION, "", "");
		for (Key key : this.ring) {
			byte[] nonce = Arrays.copyOf(hmac(key.nonces, name), NONCE_BYTES);
			encoded.add(encrypt(key, key.names, NAME_MARK, place, nonce, name));
		}
		if (this.encrypting && this.acceptingPlain) {
			encoded.add(name);
		}
		return encoded;
	}

	private static boolean isName(PayloadPlace place) {
		return place.kind() == PayloadPlace.Kind.SUBSCRIPTION;
	}

	private static byte[] encrypt(Key key, SecretKeySpec secret, byte mark, PayloadPlace place, byte[] nonce,
			byte[] payload) {
		byte[] id = key.id;
		int head = 2 + id.length + NONCE_BYTES;
		byte[] encrypted = new byte[head + payload.length + TAG_BYTES];
		encrypted[0] = mark;
		encrypted[1] = (byte) id.length;
		System.arraycopy(id, 0, encrypted, 2, id.length);
		System.arraycopy(nonce, 0, encrypted, 2 + id.length, NONCE_BYTES);
		try {
			// A cipher refuses the nonce that it had before, as that of a name may be
			Cipher cipher = (mark == MARK) ? cipher() : Cipher.getInstance(ALGORITHM);
			cipher.init(Cipher.ENCRYPT_MODE, secret, new GCMParameterSpec(8 * TAG_BYTES, nonce));
			cipher.updateAAD(bytes(place));
			cipher.doFinal(payload, 0, payload.length, encrypted, head);
			if (mark == MARK) {
				CIPHERS.offer(cipher);
			}
			return encrypted;
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException("A payload can't be encrypted", ex);
		}
	}

	private static byte[] decrypt(SecretKeySpec secret, PayloadPlace place, byte[] stored, int head) {
		try {
			Cipher cipher = cipher();
			cipher.init(Cipher.DECRYPT_MODE, secret, new GCMParameterSpec(8 * TAG_BYTES, stored, head, NONCE_BYTES));
			cipher.updateAAD(bytes(place));
			byte[] payload = cipher.doFinal(stored, head + NONCE_BYTES, stored.length - head - NONCE_BYTES);
			CIPHERS.offer(cipher);
			return payload;
		}
		catch (AEADBadTagException ex) {
			throw new UnreadablePayloadException(UNREADABLE);
		}
		catch (GeneralSecurityException ex) {
			throw new UnreadablePayloadException("it can't be decrypted", ex);
		}
	}

	private static Cipher cipher() throws GeneralSecurityException {
		Cipher cipher = CIPHERS.poll();
		return (cipher != null) ? cipher : Cipher.getInstance(ALGORITHM);
	}

	// Session IDs have no byte 0
	private static byte[] bytes(PayloadPlace place) {
		return (place.kind().name() + '\0' + place.sessionName() + '\0' + place.part())
			.getBytes(StandardCharsets.UTF_8);
	}

	private static byte[] hmac(SecretKeySpec key, byte[] text) {
		try {
			Mac mac = Mac.getInstance("HmacSHA256");
			mac.init(key);
			return mac.doFinal(text);
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException("A key can't be derived", ex);
		}
	}

	private static boolean isId(String id) {
		return !id.isEmpty() && id.length() <= MAX_ID_LENGTH
				&& id.chars()
					.allMatch((c) -> (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
							|| c == '-' || c == '_' || c == '.');
	}

	/**
	 * Return the IDs of the keys, and nothing of the keys.
	 */
	@Override
	public String toString() {
		return "AES-256-GCM with the keys " + this.ring.stream().map(Key::toString).toList();
	}

	/**
	 * Builds an {@link AesGcmPayloadCodec}.
	 */
	public static final class Builder {

		private final Map<String, Key> keys = new LinkedHashMap<>();

		private boolean encrypting = true;

		private boolean acceptingPlain = true;

		private Builder() {
		}

		/**
		 * Add a key to the ring. The first one encrypts, all of them decrypt.
		 * @param id by which payloads name it, for as long as they are kept: 1 to 32
		 * characters out of {@code A-Z a-z 0-9 . _ -}, no two keys the same. It is stored
		 * with each payload, and no secret
		 * @param key {@value #KEY_BYTES} random bytes
		 * @return this builder
		 */
		public Builder key(String id, byte[] key) {
			if (!isId(id)) {
				throw new IllegalArgumentException(
						"The ID of a key must be 1 to " + MAX_ID_LENGTH + " characters out of A-Z a-z 0-9 . _ -");
			}
			if (key.length != KEY_BYTES) {
				throw new IllegalArgumentException(
						"The key '" + id + "' must have " + KEY_BYTES + " bytes, and not " + key.length);
			}
			if (this.keys.putIfAbsent(id, new Key(id, key)) != null) {
				throw new IllegalArgumentException("There are two keys with the ID '" + id + "'");
			}
			return this;
		}

		/**
		 * Set whether payloads are encrypted. While they aren't, those that other nodes
		 * have encrypted can be read all the same. Default {@code true}.
		 * @param encrypting whether they are
		 * @return this builder
		 */
		public Builder encrypting(boolean encrypting) {
			this.encrypting = encrypting;
			return this;
		}

		/**
		 * Set whether payloads are read that aren't encrypted. Whoever can write to the
		 * store can then put some there. Default {@code true}. They must be if payloads
		 * aren't encrypted: this codec could not read what it stores.
		 * @param acceptingPlain whether they are
		 * @return this builder
		 */
		public Builder acceptingPlain(boolean acceptingPlain) {
			this.acceptingPlain = acceptingPlain;
			return this;
		}

		/**
		 * Build the codec.
		 * @return a new codec
		 * @throws IllegalArgumentException if there is no key, or payloads are neither
		 * encrypted nor read when they aren't
		 */
		public AesGcmPayloadCodec build() {
			return new AesGcmPayloadCodec(this);
		}

	}

	/**
	 * A key of the ring, of which all keys that encrypt are derived.
	 */
	private static final class Key {

		private final byte[] id;

		private final SecretKeySpec root;

		private final SecretKeySpec names;

		private final SecretKeySpec nonces;

		Key(String id, byte[] key) {
			this.id = id.getBytes(StandardCharsets.ISO_8859_1);
			this.root = new SecretKeySpec(key, "HmacSHA256");
			this.names = derive("names", "", "AES");
			this.nonces = derive("nonces", "", "HmacSHA256");
		}

		SecretKeySpec ofSession(String sessionName) {
			return derive("session", sessionName, "AES");
		}

		private SecretKeySpec derive(String use, String sessionName, String algorithm) {
			byte[] text = ("mcp-persist " + use + '\0' + sessionName).getBytes(StandardCharsets.UTF_8);
			return new SecretKeySpec(hmac(this.root, text), algorithm);
		}

		@Override
		public String toString() {
			return new String(this.id, StandardCharsets.ISO_8859_1);
		}

	}

}

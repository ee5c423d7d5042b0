package io.github.mcppersist.event;

import java.security.SecureRandom;

/**
 * Names one stream of one session. Every operation of an {@link EventStore} takes the
 * session as well as the stream, so that nothing can be read across sessions.
 *
 * @param sessionId the session ID: 1 to 128 characters out of {@code A-Z a-z 0-9 . _ -}
 * @param streamId the stream ID, unique within the session and never reused: 1 to 32
 * characters out of {@code A-Z a-z 0-9}
 */
public record StreamKey(String sessionId, String streamId) {

	private static final int MAX_SESSION_ID_LENGTH = 128;

	private static final int MAX_STREAM_ID_LENGTH = 32;

	private static final int RANDOM_LENGTH = 16;

	/**
	 * Of 64 random numbers two stand for no character.
	 */
	private static final int SPARE_LENGTH = 4;

	private static final char[] ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		.toCharArray();

	private static final SecureRandom RANDOM = new SecureRandom();

	public StreamKey {
		requireSessionId(sessionId);
		if (!isStreamId(streamId)) {
			throw new IllegalArgumentException(
					"Not a stream ID: '" + printable(streamId) + "'. It must be 1 to 32 characters out of A-Z a-z 0-9");
		}
	}

	/**
	 * Return the key of a new stream with a random stream ID of 95 bits.
	 * @param sessionId the session that the stream belongs to
	 * @return a key that no other stream has
	 */
	public static StreamKey random(String sessionId) {
		StringBuilder id = new StringBuilder(RANDOM_LENGTH);
		// Each call of the generator takes a lock, so it is asked for all at once
		byte[] random = new byte[RANDOM_LENGTH + SPARE_LENGTH];
		while (id.length() < RANDOM_LENGTH) {
			RANDOM.nextBytes(random);
			for (int i = 0; i < random.length && id.length() < RANDOM_LENGTH; i++) {
				int index = random[i] & 63;
				if (index < ALPHABET.length) {
					id.append(ALPHABET[index]);
				}
			}
		}
		return new StreamKey(sessionId, id.toString());
	}

	/**
	 * Say whether a text that a client sent can be a session ID at all. What fails here
	 * never comes near a key of the store.
	 * @param text the text to check
	 * @return whether {@code text} fits the grammar of a session ID
	 */
	public static boolean isSessionId(String text) {
		if (text.isEmpty() || text.length() > MAX_SESSION_ID_LENGTH) {
			return false;
		}
		for (int i = 0; i < text.length(); i++) {
			char c = text.charAt(i);
			if (!isAlphanumeric(c) && c != '-' && c != '_' && c != '.') {
				return false;
			}
		}
		return true;
	}

	/**
	 * Refuse what can't be a session ID.
	 * @param sessionId the session ID that a caller has given
	 * @throws IllegalArgumentException if it doesn't fit the grammar
	 */
	public static void requireSessionId(String sessionId) {
		if (!isSessionId(sessionId)) {
			throw new IllegalArgumentException("Not a session ID: '" + printable(sessionId) + "'. It must be 1 to "
					+ MAX_SESSION_ID_LENGTH + " characters out of A-Z a-z 0-9 . _ -");
		}
	}

	/**
	 * Say whether a text can be a stream ID.
	 * @param text the text to check
	 * @return whether {@code text} fits the grammar of a stream ID
	 */
	public static boolean isStreamId(String text) {
		if (text.isEmpty() || text.length() > MAX_STREAM_ID_LENGTH) {
			return false;
		}
		for (int i = 0; i < text.length(); i++) {
			if (!isAlphanumeric(text.charAt(i))) {
				return false;
			}
		}
		return true;
	}

	static String printable(String text) {
		StringBuilder printable = new StringBuilder();
		for (int i = 0; i < text.length() && i < 64; i++) {
			char c = text.charAt(i);
			printable.append((c >= ' ' && c <= '~') ? c : '?');
		}
		return (text.length() > 64) ? printable.append("...").toString() : printable.toString();
	}

	private static boolean isAlphanumeric(char c) {
		return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
	}

}

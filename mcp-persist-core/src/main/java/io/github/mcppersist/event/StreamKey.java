package io.github.mcppersist.event;

import java.security.SecureRandom;

/**
 * Names one stream of one session. Every operation of an {@link EventStore} takes the
 * session as well as the stream, so that nothing can be read across sessions.
 *
 * @param sessionName the name of the session, which isn't the ID that its client sends: 1
 * to 32 characters out of {@code A-Z a-z 0-9 . _ -}
 * @param streamId the stream ID, unique within the session and never reused: 1 to 32
 * characters out of {@code A-Z a-z 0-9}
 */
public record StreamKey(String sessionName, String streamId) {

	/**
	 * Fewer than a session ID of the MCP SDK has: one that gets here by mistake, with
	 * which anybody could use the session, is refused.
	 */
	private static final int MAX_SESSION_NAME_LENGTH = 32;

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
		requireSessionName(sessionName);
		if (!isStreamId(streamId)) {
			throw new IllegalArgumentException(
					"Not a stream ID: '" + printable(streamId) + "'. It must be 1 to 32 characters out of A-Z a-z 0-9");
		}
	}

	/**
	 * Return the key of a new stream with a random stream ID of 95 bits.
	 * @param sessionName the session that the stream belongs to
	 * @return a key that no other stream has
	 */
	public static StreamKey random(String sessionName) {
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
		return new StreamKey(sessionName, id.toString());
	}

	/**
	 * Say whether a text can be the name of a session. What fails here never comes near a
	 * key of the store.
	 * @param text the text to check
	 * @return whether {@code text} fits the grammar of a session's name; not, if it is a
	 * session ID of the MCP SDK
	 */
	public static boolean isSessionName(String text) {
		if (text.isEmpty() || text.length() > MAX_SESSION_NAME_LENGTH) {
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
	 * Refuse what can't be the name of a session.
	 * @param sessionName the name that a caller has given; one that is too long may be a
	 * session ID, and isn't part of what is thrown
	 * @throws IllegalArgumentException if it doesn't fit the grammar
	 */
	public static void requireSessionName(String sessionName) {
		if (!isSessionName(sessionName)) {
			String given = (sessionName.length() <= MAX_SESSION_NAME_LENGTH) ? "'" + printable(sessionName) + "'"
					: sessionName.length() + " characters";
			throw new IllegalArgumentException("Not the name of a session: " + given + ". It must be 1 to "
					+ MAX_SESSION_NAME_LENGTH + " characters out of A-Z a-z 0-9 . _ -, and not the ID that a client "
					+ "sends: see SessionNames");
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

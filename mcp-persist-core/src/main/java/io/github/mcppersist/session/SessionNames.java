package io.github.mcppersist.session;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;

/**
 * Under which names stores and other nodes know sessions. Whoever has the ID of a session
 * can use the session. So an endpoint tells the ID to nobody but the client and its
 * tools: stores and nodes know the session by a hash of it, from which nobody gets back
 * to the ID, and with which nobody is let in. An ID of the MCP SDK is no name: whatever
 * takes a name refuses it.
 */
public final class SessionNames {

	/**
	 * As hard to hit as the IDs are to guess, which are random.
	 */
	private static final int BYTES = 16;

	private SessionNames() {
	}

	/**
	 * Return the name of a session.
	 * @param sessionId the session ID that its client sends
	 * @return the first 128 bits of its SHA-256 in Base64: 22 characters out of
	 * {@code A-Z a-z 0-9 _ -}
	 */
	public static String of(String sessionId) {
		try {
			byte[] hash = MessageDigest.getInstance("SHA-256").digest(sessionId.getBytes(StandardCharsets.UTF_8));
			return Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(hash, BYTES));
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

}

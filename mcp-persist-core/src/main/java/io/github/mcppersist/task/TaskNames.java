package io.github.mcppersist.task;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;

import org.jspecify.annotations.Nullable;

/**
 * Under which names stores and other nodes know tasks. A client that has the ID of a task
 * gets its result. So an endpoint tells the ID to that client alone: what it passes to
 * stores and nodes as a task ID is a hash, from which nobody gets back to the ID.
 * <p>
 * The principal and the server are in the hash as well. So a task of somebody else's, or
 * of another server over the same store, has another name, and is not found whoever looks
 * for it: there is no comparison to forget.
 */
public final class TaskNames {

	/**
	 * As hard to hit as the IDs are to guess.
	 */
	private static final int NAME_BYTES = 16;

	private static final int ID_BYTES = 18;

	private static final SecureRandom RANDOM = new SecureRandom();

	private TaskNames() {
	}

	/**
	 * Draw the ID of a new task.
	 * @return 144 random bits in Base64: 24 characters out of {@code A-Z a-z 0-9 _ -}
	 */
	public static String randomTaskId() {
		byte[] id = new byte[ID_BYTES];
		RANDOM.nextBytes(id);
		return Base64.getUrlEncoder().withoutPadding().encodeToString(id);
	}

	/**
	 * Return the name of a task.
	 * @param taskId the task ID that its client sends, whatever it looks like
	 * @param principal who asks for it, or {@code null} for nobody
	 * @param server the name of the MCP server
	 * @return the first 128 bits of the SHA-256 of all three in Base64: 22 characters out
	 * of {@code A-Z a-z 0-9 _ -}, which are a task ID to stores
	 */
	public static String of(String taskId, @Nullable String principal, String server) {
		return hash(taskId, principal, server);
	}

	/**
	 * Return the name of what an endpoint keeps among the tasks for itself and its other
	 * nodes. No task ID of a client's has it, whatever it looks like.
	 * @param purpose what it is for
	 * @param server the name of the MCP server
	 * @return a name as of a task
	 */
	public static String ofOwn(String purpose, String server) {
		return hash(purpose, server);
	}

	/**
	 * Return under which name stores know a principal.
	 * @param principal the principal
	 * @return the first 128 bits of its SHA-256 in Base64
	 */
	public static String ofPrincipal(String principal) {
		return hash(principal);
	}

	// No text can be taken for a part of its neighbour
	private static String hash(@Nullable String... texts) {
		try {
			MessageDigest digest = MessageDigest.getInstance("SHA-256");
			for (String text : texts) {
				byte[] bytes = (text != null) ? text.getBytes(StandardCharsets.UTF_8) : new byte[0];
				digest.update(ByteBuffer.allocate(Integer.BYTES).putInt((text != null) ? bytes.length : -1).flip());
				digest.update(bytes);
			}
			return Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(digest.digest(), NAME_BYTES));
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

}

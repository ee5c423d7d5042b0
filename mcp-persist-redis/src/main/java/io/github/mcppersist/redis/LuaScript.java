package io.github.mcppersist.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The scripts that Redis runs. Each touches keys of one slot.
 */
enum LuaScript {

	OPEN("open.lua"),

	APPEND("append.lua"),

	COMPLETE("complete.lua"),

	TRIM("trim.lua"),

	MARK_READER("mark-reader.lua"),

	RENEW("renew.lua"),

	DELETE("delete.lua"),

	CREATE_SESSION("create-session.lua"),

	FIND_STREAM("find-stream.lua"),

	LIST_STREAMS("list-streams.lua"),

	DROP_STREAMS("drop-streams.lua"),

	ADD_SESSION("add-session.lua"),

	KEEP_SESSIONS("keep-sessions.lua"),

	FIND_SESSION("find-session.lua"),

	CHANGE_SESSION("change-session.lua"),

	MOVE_CURSOR("move-cursor.lua"),

	RENEW_SESSION("renew-session.lua"),

	DELETE_SESSION("delete-session.lua"),

	STORE_ANSWER("store-answer.lua"),

	FIND_ANSWERS("find-answers.lua"),

	REMOVE_ANSWERS("remove-answers.lua"),

	ADD_SUBSCRIBER("add-subscriber.lua"),

	REMOVE_SUBSCRIBER("remove-subscriber.lua"),

	FIND_SUBSCRIBERS("find-subscribers.lua"),

	BEAT("beat.lua"),

	FIND_NODE("find-node.lua"),

	LEAVE("leave.lua");

	private final byte[] body;

	private final String digest;

	LuaScript(String file) {
		this.body = read(file);
		this.digest = sha1(this.body);
	}

	byte[] body() {
		return this.body;
	}

	/**
	 * Return what {@code EVALSHA} calls the script.
	 * @return 40 hexadecimal digits
	 */
	String digest() {
		return this.digest;
	}

	private static byte[] read(String file) {
		try (InputStream stream = LuaScript.class.getResourceAsStream(file)) {
			if (stream == null) {
				throw new IllegalStateException("The script " + file + " is missing from the class path");
			}
			return stream.readAllBytes();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static String sha1(byte[] body) {
		try {
			return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(body));
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

}

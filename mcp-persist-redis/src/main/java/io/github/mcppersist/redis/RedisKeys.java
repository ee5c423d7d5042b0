package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

import io.github.mcppersist.event.StreamKey;

/**
 * The one place that knows how keys and channels are named. With the prefix {@code mcp},
 * the session {@code 4f1c}, the stream {@code Ab3}, the task {@code 9aT-} and layout
 * version 1 these are
 *
 * <pre>
 * mcp:1:{4f1c}:s:Ab3   list    one stream: its header, then an element for each event
 * mcp:1:{4f1c}:x       zset    stream IDs: every stream of the session, by the time until
 *                              which it may be kept
 * mcp:1:{4f1c}:d       string  the tombstone of a deleted session
 * mcp:1:{4f1c}:i       hash    the record of a session, see {@link SessionFields}
 * mcp:1:{4f1c}:a       hash    clients' answers by the ID of the request, until they are
 *                              taken
 * mcp:1:{9aT-}:t       hash    a task, see {@link TaskFields}
 * mcp:1:s:{s}          zset    the sessions that are stored, by expiry
 * mcp:1:t:{t}          zset    the tasks that are listed, by expiry
 * mcp:1:u:{u}          zset    URIs that sessions have subscribed to, in the order in which
 *                              they came
 * mcp:1:u:{u}:x        zset    the same, by expiry
 * mcp:1:u:{u}:nB8f...  zset    the sessions that have subscribed to one URI, by expiry;
 *                              the name is the URI's SHA-256 in Base64
 * mcp:1:b              zset    nodes by their last beat, and below 0 those that have come or gone
 * mcp:1:{7}:p          any     only within the script that probes a server
 * mcp:1:n:0rT5...      channel what is for one node: hints for the readers that it has
 * mcp:1:n:all          channel what is for all nodes
 * </pre>
 *
 * and these are the commands that read a stream by hand:
 *
 * <pre>
 * LINDEX mcp:1:{4f1c}:s:Ab3 0      its header, see {@link StreamHeader}
 * LRANGE mcp:1:{4f1c}:s:Ab3 1 -1   its events: a tag of ten characters, then the message
 * ZRANGE mcp:1:{4f1c}:x 0 -1       which streams the session has
 * PTTL mcp:1:{4f1c}:s:Ab3          how long it will be kept
 * HGETALL mcp:1:{4f1c}:i           the session's record
 * HGETALL mcp:1:{9aT-}:t           a task
 * ZRANGE mcp:1:t:{t} 0 -1          which tasks there are
 * ZRANGE mcp:1:u:{u} 0 -1          which URIs have subscribers
 * </pre>
 *
 * All keys of a session share a hash slot through <code>{4f1c}</code>, and the indexes of
 * sessions, of tasks and of subscribers are in one slot each through <code>{s}</code>,
 * <code>{t}</code> and <code>{u}</code>; neither session names nor stream IDs can hold a
 * brace. A channel belongs to no slot and no database: of the database 5 they are
 * <code>mcp:1:n:5:0rT5...</code> and so on. Every key expires.
 */
final class RedisKeys {

	private static final String VERSION = "1";

	private final String prefix;

	private final String root;

	private final String sessions;

	private final String tasks;

	private final String uris;

	private final String beats;

	private final String channels;

	RedisKeys(String prefix) {
		this(prefix, 0);
	}

	/**
	 * Name keys and channels.
	 * @param prefix what all begin with
	 * @param database the number of the database. It is part of the names of channels
	 * unless it is 0: keys of another database are others, but channels are the same in
	 * all of them
	 */
	RedisKeys(String prefix, int database) {
		if (prefix.isEmpty() || prefix.length() > 64 || !prefix.matches("[!-z|~]+")) {
			throw new IllegalArgumentException("Not a key prefix: '" + prefix
					+ "'. It must be 1 to 64 printable ASCII characters without spaces and braces");
		}
		this.prefix = prefix;
		String versioned = prefix + ':' + VERSION + ':';
		this.root = versioned + '{';
		this.sessions = versioned + "s:{s}";
		this.tasks = versioned + "t:{t}";
		this.uris = versioned + "u:{u}";
		this.beats = versioned + 'b';
		this.channels = versioned + ((database != 0) ? "n:" + database + ':' : "n:");
	}

	String prefix() {
		return this.prefix;
	}

	String stream(StreamKey stream) {
		return this.root + stream.sessionName() + "}:s:" + stream.streamId();
	}

	String streams(String sessionName) {
		return this.root + sessionName + "}:x";
	}

	String tombstone(String sessionName) {
		return this.root + sessionName + "}:d";
	}

	String record(String sessionName) {
		return this.root + sessionName + "}:i";
	}

	String answers(String sessionName) {
		return this.root + sessionName + "}:a";
	}

	String task(String taskId) {
		return this.root + taskId + "}:t";
	}

	String sessions() {
		return this.sessions;
	}

	String tasks() {
		return this.tasks;
	}

	String uris() {
		return this.uris;
	}

	String uriExpiries() {
		return this.uris + ":x";
	}

	String subscribers(String uri) {
		return this.uris + ':' + sha256(uri);
	}

	String beats() {
		return this.beats;
	}

	/**
	 * Return a key to try things with, in one of many slots.
	 * @param number which of them
	 * @return the key
	 */
	String probe(int number) {
		return this.root + number + "}:p";
	}

	String channel(String node) {
		return this.channels + node;
	}

	String allNodes() {
		return this.channels + "all";
	}

	private static String sha256(String text) {
		try {
			return Base64.getUrlEncoder()
				.withoutPadding()
				.encodeToString(MessageDigest.getInstance("SHA-256").digest(text(text)));
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

	static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.ISO_8859_1);
	}

	static byte[] text(String text) {
		return text.getBytes(StandardCharsets.UTF_8);
	}

}

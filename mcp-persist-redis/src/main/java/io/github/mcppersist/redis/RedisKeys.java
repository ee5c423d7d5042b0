package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;

import io.github.mcppersist.event.StreamKey;

/**
 * The one place that knows how keys and channels are named. With the prefix {@code mcp},
 * the session {@code 4f1c}, the stream {@code Ab3} and layout version 1 these are
 *
 * <pre>
 * mcp:1:{4f1c}:s:Ab3   list    one stream: its header, then an element for each event
 * mcp:1:{4f1c}:r       set     stream IDs: every running stream of the session, and some
 *                              that have just completed
 * mcp:1:{4f1c}:d       string  the tombstone of a deleted session
 * mcp:1:n:0rT5...      channel the node that readers of streams are connected to
 * </pre>
 *
 * and these are the commands that read a stream by hand:
 *
 * <pre>
 * LINDEX mcp:1:{4f1c}:s:Ab3 0      its header, see {@link StreamHeader}
 * LRANGE mcp:1:{4f1c}:s:Ab3 1 -1   its events: a tag of six characters, then the message
 * SMEMBERS mcp:1:{4f1c}:r          which streams the session has
 * PTTL mcp:1:{4f1c}:s:Ab3          how long it will be kept
 * </pre>
 *
 * All keys of a session share a hash slot through <code>{4f1c}</code>; neither session
 * IDs nor stream IDs can hold a brace. A channel belongs to no slot. Every key expires.
 */
final class RedisKeys {

	private static final String VERSION = "1";

	private final String root;

	private final String channels;

	RedisKeys(String prefix) {
		if (prefix.isEmpty() || prefix.length() > 64 || !prefix.matches("[!-z|~]+")) {
			throw new IllegalArgumentException("Not a key prefix: '" + prefix
					+ "'. It must be 1 to 64 printable ASCII characters without spaces and braces");
		}
		this.root = prefix + ':' + VERSION + ":{";
		this.channels = prefix + ':' + VERSION + ":n:";
	}

	String stream(StreamKey stream) {
		return this.root + stream.sessionId() + "}:s:" + stream.streamId();
	}

	String runningStreams(String sessionId) {
		return this.root + sessionId + "}:r";
	}

	String tombstone(String sessionId) {
		return this.root + sessionId + "}:d";
	}

	String channel(String node) {
		return this.channels + node;
	}

	static byte[] bytes(String text) {
		return text.getBytes(StandardCharsets.ISO_8859_1);
	}

}

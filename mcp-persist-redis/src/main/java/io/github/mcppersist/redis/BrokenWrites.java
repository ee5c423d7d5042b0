package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Counts how often the connection broke on the same large write. Redis closes a
 * connection on which somebody sends more than its {@code proto-max-bulk-len}, and a
 * proxy may have a limit of its own; since all sessions share the connection, such a
 * write can't be tried for ever.
 */
final class BrokenWrites {

	/**
	 * Below this no limit is to be expected: Redis' own can't be set below a megabyte.
	 */
	private static final long LARGE = 64 * 1024;

	/**
	 * Once may be chance.
	 */
	private static final int TRIES = 3;

	private static final int MAX_KNOWN = 100;

	private final Map<String, Integer> breaks = new LinkedHashMap<>() {

		@Override
		protected boolean removeEldestEntry(Map.Entry<String, Integer> eldest) {
			return size() > MAX_KNOWN;
		}

	};

	/**
	 * Note that the connection broke on a write.
	 * @param key what was written to
	 * @param bytes how much was written
	 * @return whether it has done so too often
	 */
	synchronized boolean isHopeless(byte[] key, long bytes) {
		if (bytes < LARGE) {
			return false;
		}
		String write = bytes + " " + new String(key, StandardCharsets.ISO_8859_1);
		if (this.breaks.merge(write, 1, Integer::sum) < TRIES) {
			return false;
		}
		this.breaks.remove(write);
		return true;
	}

}

package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Counts how often the connection broke on the same large write, or its time was up,
 * while its server carried out others. Redis closes a connection on which somebody sends
 * more than its {@code proto-max-bulk-len}, and a proxy may have a limit of its own;
 * since all sessions share the connection, such a write can't be tried for ever. Some
 * drivers don't tell that a connection broke, and send the call again by themselves until
 * its time is up.
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

	/**
	 * A write whose time was up may have been slow for another reason.
	 */
	private static final int UNANSWERED_TRIES = 6;

	/**
	 * Below this it is rather for another reason: so small a limit breaks a connection of
	 * a driver that says so, or is nobody's.
	 */
	private static final long LARGE_UNANSWERED = 1024 * 1024;

	/**
	 * What breaks less often is broken by something else.
	 */
	private static final long MEMORY = 30_000_000_000L;

	private static final int MAX_KNOWN = 100;

	private final LongSupplier nanoTime;

	private final Map<String, Breaks> known = new LinkedHashMap<>() {

		@Override
		protected boolean removeEldestEntry(Map.Entry<String, Breaks> eldest) {
			return size() > MAX_KNOWN;
		}

	};

	/**
	 * Mirrors whether any are known: each call that succeeds looks.
	 */
	private volatile boolean any;

	BrokenWrites(LongSupplier nanoTime) {
		this.nanoTime = nanoTime;
	}

	/**
	 * Note that a write got no answer.
	 * @param server where
	 * @param key what was written to
	 * @param bytes how much was written
	 * @param broke whether the connection is known to have broken on it
	 * @return whether that was too often
	 */
	synchronized boolean isHopeless(String server, byte[] key, long bytes, boolean broke) {
		if (bytes < (broke ? LARGE : LARGE_UNANSWERED)) {
			return false;
		}
		String name = name(key);
		long now = this.nanoTime.getAsLong();
		Breaks before = this.known.remove(name);
		int weight = broke ? UNANSWERED_TRIES / TRIES : 1;
		int count = weight;
		if (before != null && before.bytes == bytes && now - before.at < MEMORY) {
			// Where nothing else gets through either, it isn't this write
			boolean counts = before.othersWork && before.server.equals(server);
			count = counts ? before.count + weight : before.count;
		}
		if (count < UNANSWERED_TRIES) {
			this.known.put(name, new Breaks(server, bytes, count, now));
		}
		this.any = !this.known.isEmpty();
		return count >= UNANSWERED_TRIES;
	}

	/**
	 * Note that a call was carried out.
	 * @param server where
	 * @param key its key
	 * @param bytes how much was sent or answered
	 * @param write whether it was a write
	 */
	void succeeded(String server, byte[] key, long bytes, boolean write) {
		if (this.any) {
			noteSuccess(server, key, bytes, write);
		}
	}

	private synchronized void noteSuccess(String server, byte[] key, long bytes, boolean write) {
		Breaks breaks = write ? this.known.get(name(key)) : null;
		// A smaller one says nothing of it
		if (breaks != null && bytes >= breaks.bytes) {
			this.known.remove(name(key));
			this.any = !this.known.isEmpty();
		}
		for (Breaks each : this.known.values()) {
			each.othersWork |= each.server.equals(server);
		}
	}

	private static String name(byte[] key) {
		return new String(key, StandardCharsets.ISO_8859_1);
	}

	private static final class Breaks {

		private final String server;

		private final long bytes;

		private final int count;

		private final long at;

		private boolean othersWork;

		Breaks(String server, long bytes, int count, long at) {
			this.server = server;
			this.bytes = bytes;
			this.count = count;
			this.at = at;
		}

	}

}

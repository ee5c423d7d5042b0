package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes that were answered with an error that nobody knows. A proxy that has lost its
 * Redis words that as it likes, and what it says of all writes is an outage, in which
 * nothing may be given up. Only if the same server has carried out another write since
 * then is it this one that it doesn't take.
 */
final class UnknownWrites {

	private static final int MAX_KNOWN = 100;

	/**
	 * Whether others were carried out on the server since.
	 */
	private final Map<Write, Boolean> known = new LinkedHashMap<>() {

		@Override
		protected boolean removeEldestEntry(Map.Entry<Write, Boolean> eldest) {
			return size() > MAX_KNOWN;
		}

	};

	/**
	 * Mirrors whether any are known: each call that succeeds looks.
	 */
	private volatile boolean any;

	/**
	 * Note that a write met such an error, each time that it was sent.
	 * @param server where
	 * @param key what was written to
	 * @return whether there is no hope for it
	 */
	synchronized boolean isHopeless(String server, byte[] key) {
		Write write = Write.of(server, key);
		boolean hopeless = this.known.getOrDefault(write, false);
		if (hopeless) {
			this.known.remove(write);
		}
		else {
			this.known.put(write, false);
		}
		this.any = !this.known.isEmpty();
		return hopeless;
	}

	/**
	 * Note that a call was carried out.
	 * @param server where
	 * @param key its key
	 * @param operation what it did: a probe is no write that anybody makes
	 */
	void succeeded(String server, byte[] key, Operation operation) {
		if (this.any && operation.writes() && !operation.isProbe()) {
			noteSuccess(server, key);
		}
	}

	private synchronized void noteSuccess(String server, byte[] key) {
		this.known.remove(Write.of(server, key));
		this.any = !this.known.isEmpty();
		this.known.replaceAll((write, others) -> others || write.server().equals(server));
	}

	private record Write(String server, String key) {

		static Write of(String server, byte[] key) {
			return new Write(server, new String(key, StandardCharsets.ISO_8859_1));
		}

	}

}

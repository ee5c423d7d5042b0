package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.stream.Threads;

/**
 * The sessions whose clients listened on a node that has stopped, and are about to come
 * back: nobody stores for them what is broadcast meanwhile. Each is expected for a while
 * only. Thread-safe.
 */
final class ReturningClients {

	/**
	 * How many are expected at once. Of more, those that were told first are forgotten.
	 */
	static final int MAX_EXPECTED = 100_000;

	private final Threads threads;

	private final long patienceNanos;

	/**
	 * When the node of each stopped, the oldest first.
	 */
	private final Map<String, Long> expected = new LinkedHashMap<>();

	/**
	 * Expect nobody yet.
	 * @param threads tell the time
	 * @param patience for how long a client is expected
	 */
	ReturningClients(Threads threads, Duration patience) {
		this.threads = threads;
		this.patienceNanos = patience.toNanos();
	}

	/**
	 * Expect clients, whose node stops just now.
	 * @param sessionNames the names of their sessions
	 */
	synchronized void expect(List<String> sessionNames) {
		long now = this.threads.nanoTime();
		for (String name : sessionNames) {
			// To the end of the row
			this.expected.remove(name);
			this.expected.put(name, now);
		}
		Iterator<Long> oldest = this.expected.values().iterator();
		while (oldest.hasNext() && (now - oldest.next() > this.patienceNanos || this.expected.size() > MAX_EXPECTED)) {
			oldest.remove();
		}
	}

	/**
	 * Expect a client no longer, since it is here.
	 * @param sessionName the name of its session
	 * @return when its node stopped, by {@link Threads#nanoTime()}, or {@code null} if it
	 * wasn't expected
	 */
	synchronized @Nullable Long returned(String sessionName) {
		Long since = this.expected.remove(sessionName);
		return (since != null && this.threads.nanoTime() - since <= this.patienceNanos) ? since : null;
	}

}

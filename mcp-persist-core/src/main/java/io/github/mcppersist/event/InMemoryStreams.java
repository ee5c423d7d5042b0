package io.github.mcppersist.event;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * The streams that share one bound (those of a session, or all of them), in the order in
 * which they expire and give way. It is owned by {@link InMemoryEventStore} and used
 * under its lock only. Each step takes constant time.
 */
final class InMemoryStreams {

	/**
	 * Complete streams, the one that was completed, read or renewed least recently in
	 * front.
	 */
	private final Set<InMemoryStream> complete = new LinkedHashSet<>();

	/**
	 * Running streams, the one that was written or renewed least recently in front.
	 */
	private final Set<InMemoryStream> running = new LinkedHashSet<>();

	/**
	 * Running streams that have events left to give, the one that was written least
	 * recently in front. Without this every search for such a stream would pass over
	 * those that are trimmed to nothing.
	 */
	private final Set<InMemoryStream> trimmable = new LinkedHashSet<>();

	private long bytes;

	long bytes() {
		return this.bytes;
	}

	boolean isEmpty() {
		return this.complete.isEmpty() && this.running.isEmpty();
	}

	@Nullable InMemoryStream firstComplete() {
		return first(this.complete);
	}

	@Nullable InMemoryStream firstRunning() {
		return first(this.running);
	}

	@Nullable InMemoryStream firstTrimmable() {
		return first(this.trimmable);
	}

	List<InMemoryStream> all() {
		List<InMemoryStream> all = new ArrayList<>(this.complete);
		all.addAll(this.running);
		return all;
	}

	void resized(long change) {
		this.bytes += change;
	}

	void written(InMemoryStream log) {
		renewed(log);
		this.trimmable.remove(log);
		this.trimmable.add(log);
	}

	void renewed(InMemoryStream log) {
		this.running.remove(log);
		this.running.add(log);
	}

	void completed(InMemoryStream log) {
		this.running.remove(log);
		this.trimmable.remove(log);
		this.complete.remove(log);
		this.complete.add(log);
	}

	void emptied(InMemoryStream log) {
		this.trimmable.remove(log);
	}

	void removed(InMemoryStream log) {
		this.complete.remove(log);
		this.running.remove(log);
		this.trimmable.remove(log);
		this.bytes -= log.bytes();
	}

	private static @Nullable InMemoryStream first(Set<InMemoryStream> logs) {
		Iterator<InMemoryStream> iterator = logs.iterator();
		return iterator.hasNext() ? iterator.next() : null;
	}

}

package io.github.mcppersist.redis;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

import reactor.core.publisher.FluxSink;

import io.github.mcppersist.event.EventStoreException;
import io.github.mcppersist.event.StreamKey;

/**
 * Who on this node watches which stream.
 */
final class StreamWatches {

	private final Map<String, Watched> watched = new ConcurrentHashMap<>();

	void add(String key, StreamKey stream, FluxSink<StreamKey> watcher) {
		this.watched.compute(key, (unused, present) -> {
			Watched entry = (present != null) ? present : new Watched(stream, ConcurrentHashMap.newKeySet(1));
			entry.watchers().add(watcher);
			return entry;
		});
	}

	void remove(String key, FluxSink<StreamKey> watcher) {
		this.watched.computeIfPresent(key, (unused, entry) -> {
			entry.watchers().remove(watcher);
			return entry.watchers().isEmpty() ? null : entry;
		});
	}

	/**
	 * Hint at one stream.
	 * @param key the key of the stream in Redis
	 * @return whether anybody watches it
	 */
	boolean hint(String key) {
		Watched entry = this.watched.get(key);
		if (entry == null) {
			return false;
		}
		entry.hint();
		return true;
	}

	void hintAll() {
		this.watched.values().forEach(Watched::hint);
	}

	void forEach(Consumer<String> action) {
		this.watched.keySet().forEach(action);
	}

	void fail(EventStoreException cause) {
		this.watched.values().forEach((entry) -> entry.watchers().forEach((watcher) -> watcher.error(cause)));
	}

	private record Watched(StreamKey stream, Set<FluxSink<StreamKey>> watchers) {

		void hint() {
			this.watchers.forEach((watcher) -> watcher.next(this.stream));
		}

	}

}

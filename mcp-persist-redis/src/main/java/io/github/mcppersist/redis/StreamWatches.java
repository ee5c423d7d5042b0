package io.github.mcppersist.redis;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;

import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.StreamKey;

/**
 * Who on this node watches which stream, and the marks in the streams' headers that tell
 * other nodes so.
 */
final class StreamWatches implements RedisNode.Listener {

	private static final byte[] UNMARK = { '0' };

	private static final byte[] TAKE_OVER = { '1' };

	private static final byte[] MARK_AGAIN = { '2' };

	private final RedisNode node;

	private final Map<String, Watched> watched = new ConcurrentHashMap<>();

	/**
	 * The keys of streams whose mark could not be set.
	 */
	private final Set<String> unmarked = ConcurrentHashMap.newKeySet();

	StreamWatches(RedisNode node) {
		this.node = node;
	}

	Flux<Hint> watch(StreamKey stream) {
		return Flux.create((sink) -> watch(stream, sink), FluxSink.OverflowStrategy.LATEST);
	}

	private void watch(StreamKey stream, FluxSink<Hint> sink) {
		String key = this.node.keys().stream(stream);
		Watched entry = this.watched.compute(key, (unused, present) -> {
			Watched added = (present != null) ? present : new Watched(stream);
			added.watchers.put(sink, false);
			return added;
		});
		// Runs at once if it is cancelled by now
		sink.onDispose(() -> remove(key, sink));
		if (this.node.isClosed()) {
			sink.complete();
			return;
		}
		mark(key, entry);
	}

	private void remove(String key, FluxSink<Hint> watcher) {
		this.watched.computeIfPresent(key, (unused, entry) -> {
			entry.watchers.remove(watcher);
			return entry.watchers.isEmpty() ? null : entry;
		});
	}

	// Tell those who write to a stream on other nodes where its reader is. Until that is
	// done, the reader is slower, not wrong: it looks by itself from time to time. A mark
	// that may have been lost is set again, but not over that of a node that has taken
	// over.
	private void mark(String key, Watched entry) {
		mark(key, entry, entry.newcomers());
	}

	private void mark(String key, Watched entry, List<FluxSink<Hint>> newcomers) {
		this.unmarked.add(key);
		markReader(key, newcomers.isEmpty() ? MARK_AGAIN : TAKE_OVER, (marked) -> {
			newcomers.forEach((watcher) -> entry.settled(watcher, marked));
			if (marked) {
				entry.othersLook(newcomers);
			}
			settled(key, entry, marked);
		});
	}

	private void settled(String key, Watched entry, boolean marked) {
		if (!marked) {
			this.unmarked.add(key);
		}
		else if (entry.newcomers().isEmpty()) {
			this.unmarked.remove(key);
		}
	}

	private void markReader(String key, byte[] how, Consumer<Boolean> then) {
		byte[][] keys = { RedisKeys.bytes(key) };
		byte[][] arguments = { this.node.channel(), how };
		this.node.write(LuaScript.MARK_READER, 0, keys, arguments,
				(reply, failure) -> then.accept(reply != null && RedisNode.code(reply) == 1));
	}

	/**
	 * Try again to set those marks that could not be set.
	 */
	void markUnmarked() {
		this.unmarked.forEach(this::markUnmarked);
	}

	private void markUnmarked(String key) {
		Watched entry = this.watched.get(key);
		if (entry != null) {
			mark(key, entry);
		}
		else {
			this.unmarked.remove(key);
		}
	}

	/**
	 * A stream has just been opened: whoever watches it could not be noted before, or was
	 * in a stream that is gone.
	 * @param stream the stream
	 */
	void opened(StreamKey stream) {
		if (!this.watched.isEmpty()) {
			String key = this.node.keys().stream(stream);
			Watched entry = this.watched.get(key);
			if (entry != null) {
				mark(key, entry);
			}
		}
	}

	/**
	 * A stream that was read has no mark. If it is watched here, Redis has lost that.
	 * @param key the key of the stream
	 */
	void unmarked(String key) {
		Watched entry = this.watched.get(key);
		if (entry != null && entry.newcomers().isEmpty()) {
			mark(key, entry, List.of());
		}
	}

	/**
	 * Hint at events that this node has stored.
	 * @param stream the stream
	 * @param sequence the sequence of the newest of them
	 */
	void stored(StreamKey stream, long sequence) {
		if (!this.watched.isEmpty()) {
			hint(this.node.keys().stream(stream), Hint.stored(sequence));
		}
	}

	/**
	 * Let those who watch the streams of a session see that it was deleted.
	 * @param sessionName the session
	 */
	void deleted(String sessionName) {
		this.watched.values()
			.stream()
			.filter((entry) -> entry.stream.sessionName().equals(sessionName))
			.forEach((entry) -> entry.hint(Hint.look()));
	}

	/**
	 * Remember how far a stream goes, if it is watched.
	 * @param key the key of the stream
	 * @param extent how far it goes
	 */
	void learn(String key, StreamHint.Extent extent) {
		Watched entry = this.watched.get(key);
		if (entry != null) {
			entry.extent = extent;
		}
	}

	/**
	 * Return how far a stream goes.
	 * @param key the key of the stream
	 * @return how far it goes, or {@code null} if that isn't known
	 */
	StreamHint.@Nullable Extent extent(String key) {
		Watched entry = this.watched.get(key);
		return (entry != null) ? entry.extent : null;
	}

	private boolean hint(String key, Hint hint) {
		Watched entry = this.watched.get(key);
		if (entry == null) {
			return false;
		}
		entry.hint(hint);
		return true;
	}

	@Override
	public void subscribed() {
		// What was published in between is lost, and so may be the marks. But a node that
		// has taken over meanwhile keeps its mark, unless a reader here is newer and
		// could not say so.
		this.watched.forEach(this::mark);
	}

	@Override
	public void published(char kind, String body) {
		if (kind != RedisNode.HINT) {
			return;
		}
		StreamHint hint = StreamHint.parse(body);
		StreamHint.Extent extent = hint.extent();
		if (extent == null) {
			hint(hint.key(), Hint.look());
			return;
		}
		learn(hint.key(), extent);
		if (!hint(hint.key(), Hint.stored(extent.newest()))) {
			markReader(hint.key(), UNMARK, (unmarked) -> {
				Watched entry = this.watched.get(hint.key());
				if (entry != null) {
					// Since a moment ago, and the mark may have come before this one
					mark(hint.key(), entry, List.of());
				}
			});
		}
	}

	@Override
	public void closed() {
		// Not with an error: whoever stops watching at this moment has nobody to tell it
		// to
		this.watched.values().forEach((entry) -> entry.watchers.keySet().forEach(FluxSink::complete));
	}

	private static final class Watched {

		private final StreamKey stream;

		/**
		 * Who watches, and whether the stream has been marked for it.
		 */
		private final Map<FluxSink<Hint>, Boolean> watchers = new ConcurrentHashMap<>(1);

		private volatile StreamHint.@Nullable Extent extent;

		Watched(StreamKey stream) {
			this.stream = stream;
		}

		List<FluxSink<Hint>> newcomers() {
			return this.watchers.entrySet()
				.stream()
				.filter((entry) -> !entry.getValue())
				.map(Map.Entry::getKey)
				.toList();
		}

		// Several marks may be under way for it: the last that it is told is that it has
		// one
		synchronized void settled(FluxSink<Hint> watcher, boolean marked) {
			if (marked && this.watchers.replace(watcher, false, true)) {
				watcher.next(Hint.watched());
			}
			else if (!marked && Boolean.FALSE.equals(this.watchers.get(watcher))) {
				watcher.next(Hint.notWatched());
			}
		}

		void othersLook(List<FluxSink<Hint>> newcomers) {
			this.watchers.keySet()
				.stream()
				.filter((watcher) -> !newcomers.contains(watcher))
				.forEach((watcher) -> watcher.next(Hint.look()));
		}

		void hint(Hint hint) {
			this.watchers.keySet().forEach((watcher) -> watcher.next(hint));
		}

	}

}

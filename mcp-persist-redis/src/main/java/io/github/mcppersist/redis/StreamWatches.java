package io.github.mcppersist.redis;

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
	 * Streams whose mark could not be set, and how it is to be.
	 */
	private final Map<String, byte[]> unmarked = new ConcurrentHashMap<>();

	StreamWatches(RedisNode node) {
		this.node = node;
	}

	Flux<Hint> watch(StreamKey stream) {
		return Flux.create((sink) -> watch(stream, sink), FluxSink.OverflowStrategy.LATEST);
	}

	private void watch(StreamKey stream, FluxSink<Hint> sink) {
		String key = this.node.keys().stream(stream);
		sink.onDispose(() -> remove(key, sink));
		this.watched.compute(key, (unused, present) -> {
			Watched entry = (present != null) ? present : new Watched(stream);
			entry.watchers.add(sink);
			return entry;
		});
		if (this.node.isClosed()) {
			sink.complete();
			return;
		}
		markReader(key, TAKE_OVER, (marked) -> sink.next(marked ? Hint.look() : Hint.notWatched()));
	}

	private void remove(String key, FluxSink<Hint> watcher) {
		this.watched.computeIfPresent(key, (unused, entry) -> {
			entry.watchers.remove(watcher);
			return entry.watchers.isEmpty() ? null : entry;
		});
	}

	// Tell those who write to a stream on other nodes where its reader is, or that there
	// is none. Until that is done, the reader is slower, not wrong: it looks by itself
	// from time to time.
	private void markReader(String key, byte[] how, Consumer<Boolean> then) {
		if (how != UNMARK) {
			this.unmarked.put(key, how);
		}
		byte[][] keys = { RedisKeys.bytes(key) };
		byte[][] arguments = { this.node.channel(), how };
		this.node.write(LuaScript.MARK_READER, 0, keys, arguments, (reply, failure) -> {
			boolean marked = reply != null && RedisNode.code(reply) == 1;
			if (marked) {
				this.unmarked.remove(key, how);
			}
			then.accept(marked);
		});
	}

	private void markWatched(String key, byte[] how) {
		markReader(key, how, (marked) -> {
			if (marked) {
				hint(key, Hint.look());
			}
		});
	}

	/**
	 * Try again to set those marks that could not be set.
	 */
	void markUnmarked() {
		this.unmarked.forEach((key, how) -> {
			if (this.watched.containsKey(key)) {
				markWatched(key, how);
			}
			else {
				this.unmarked.remove(key, how);
			}
		});
	}

	/**
	 * A stream has just been opened: whoever watches it could not be noted before.
	 * @param stream the stream
	 */
	void opened(StreamKey stream) {
		if (!this.unmarked.isEmpty()) {
			String key = this.node.keys().stream(stream);
			byte[] how = this.unmarked.get(key);
			if (how != null) {
				markWatched(key, how);
			}
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
	 * @param sessionId the session
	 */
	void deleted(String sessionId) {
		this.watched.values()
			.stream()
			.filter((entry) -> entry.stream.sessionId().equals(sessionId))
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
		this.watched.keySet().forEach((key) -> {
			byte[] how = this.unmarked.getOrDefault(key, MARK_AGAIN);
			markReader(key, how, (marked) -> {
				if (marked || how == MARK_AGAIN) {
					hint(key, Hint.look());
				}
			});
		});
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
				if (this.watched.containsKey(hint.key())) {
					// Since a moment ago, and the mark may have come before this one
					markWatched(hint.key(), MARK_AGAIN);
				}
			});
		}
	}

	@Override
	public void closed() {
		// Not with an error: whoever stops watching at this moment has nobody to tell it
		// to
		this.watched.values().forEach((entry) -> entry.watchers.forEach(FluxSink::complete));
	}

	private static final class Watched {

		private final StreamKey stream;

		private final Set<FluxSink<Hint>> watchers = ConcurrentHashMap.newKeySet(1);

		private volatile StreamHint.@Nullable Extent extent;

		Watched(StreamKey stream) {
			this.stream = stream;
		}

		void hint(Hint hint) {
			this.watchers.forEach((watcher) -> watcher.next(hint));
		}

	}

}

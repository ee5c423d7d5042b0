package io.github.mcppersist.redis;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Revision;

/**
 * Who on this node watches which task. The task itself holds which other nodes watch it,
 * and its owner is always told: so an owner watches without a call.
 */
final class TaskWatches implements RedisNode.Listener {

	private static final byte[] WATCH = { '1' };

	private static final byte[] UNWATCH = { '0' };

	/**
	 * How many nodes a task notes. Beyond it those that came first are forgotten: most
	 * likely they have gone, and who is forgotten looks by itself from time to time.
	 */
	private static final byte[] MAX_NODES = RedisNode.number(100);

	/**
	 * How many tasks are marked at once that nobody waits for: there may be thousands,
	 * and calls for which clients wait come behind them.
	 */
	static final int MARKS_UNDER_WAY = 64;

	private final RedisNode node;

	private final byte[] nodeId;

	private final Map<String, Watched> watched = new ConcurrentHashMap<>();

	/**
	 * The keys of the tasks that this node has created and not ended.
	 */
	private final Set<String> owned = ConcurrentHashMap.newKeySet();

	/**
	 * The keys of tasks that are to be marked: they could not be yet, or may have changed
	 * since.
	 */
	private final Set<String> unmarked = ConcurrentHashMap.newKeySet();

	private final AtomicBoolean marking = new AtomicBoolean();

	TaskWatches(RedisNode node) {
		this.node = node;
		this.nodeId = RedisKeys.bytes(node.id());
	}

	/**
	 * This node has created a task.
	 * @param key the key of the task
	 */
	void created(String key) {
		this.owned.add(key);
	}

	/**
	 * A task has ended, or Redis has lost it.
	 * @param key the key of the task
	 */
	void ended(String key) {
		this.owned.remove(key);
	}

	/**
	 * This node has changed a task, or learned that it has changed.
	 * @param key the key of the task
	 * @param revision the revision that it has now
	 */
	void changed(String key, long revision) {
		if (!this.watched.isEmpty()) {
			Watched entry = this.watched.get(key);
			if (entry != null) {
				entry.reached(revision);
			}
		}
	}

	/**
	 * This node may have changed a task: Redis hasn't said so, which may carry it out
	 * later, and tells it to all nodes but this one. So it is asked soon.
	 * @param key the key of the task
	 */
	void mayHaveChanged(String key) {
		if (this.watched.containsKey(key)) {
			this.unmarked.add(key);
		}
	}

	Flux<Revision> watch(String key) {
		// What is emitted is looked up when it is, since a later one may have come by
		// another thread before it
		return Flux.create((FluxSink<Watched> sink) -> watch(key, sink), FluxSink.OverflowStrategy.LATEST)
			.map(Watched::revision);
	}

	private void watch(String key, FluxSink<Watched> sink) {
		Watched entry = this.watched.compute(key, (unused, present) -> {
			Watched added = (present != null) ? present : new Watched();
			added.watchers.add(sink);
			return added;
		});
		// Runs at once if it is cancelled by now
		sink.onDispose(() -> remove(key, sink));
		if (this.node.isClosed()) {
			sink.complete();
		}
		else if (this.owned.contains(key)) {
			entry.reached(Revision.FIRST.number());
		}
		else {
			mark(key, entry, () -> {
			});
		}
	}

	private void remove(String key, FluxSink<Watched> watcher) {
		this.watched.computeIfPresent(key, (unused, entry) -> {
			entry.watchers.remove(watcher);
			return entry.watchers.isEmpty() ? null : entry;
		});
	}

	// Until it is done whoever watches is slower, not wrong: it looks by itself
	private void mark(String key, Watched entry, Runnable over) {
		long before = entry.reached.get();
		noteWatching(key, WATCH, (reply) -> {
			try {
				if (reply == null) {
					this.unmarked.add(key);
				}
				else if (RedisNode.code(reply) == 1) {
					entry.marked(before, (Long) reply.get(1));
				}
				else {
					ended(key);
					entry.complete();
				}
			}
			finally {
				over.run();
			}
		});
	}

	private void noteWatching(String key, byte[] how, Consumer<@Nullable List<Object>> then) {
		byte[][] keys = { RedisKeys.bytes(key) };
		byte[][] arguments = { this.nodeId, how, MAX_NODES };
		this.node.write(LuaScript.WATCH_TASK, 0, keys, arguments, (reply, failure) -> then.accept(reply));
	}

	/**
	 * Try again to watch what could not be watched, and look at what may have changed.
	 */
	void markUnmarked() {
		if (this.marking.compareAndSet(false, true)) {
			// Those that can't be marked are there again behind it
			Flux.fromIterable(List.copyOf(this.unmarked))
				.flatMap(this::markUnmarked, MARKS_UNDER_WAY)
				.doFinally((signal) -> this.marking.set(false))
				.subscribe();
		}
	}

	private Mono<Void> markUnmarked(String key) {
		return Mono.create((sink) -> {
			// Whoever wants it marked from now on gets a mark of its own
			this.unmarked.remove(key);
			Watched entry = this.watched.get(key);
			if (entry != null) {
				mark(key, entry, sink::success);
			}
			else {
				sink.success();
			}
		});
	}

	@Override
	public void subscribed() {
		// What was published in between is lost, and each is to look
		this.unmarked.addAll(this.watched.keySet());
		markUnmarked();
	}

	@Override
	public void published(char kind, String body) {
		int separator = body.lastIndexOf(' ');
		if (kind != RedisNode.TASK || separator < 0) {
			return;
		}
		String key = body.substring(0, separator);
		Watched entry = this.watched.get(key);
		if (entry != null) {
			entry.reached(Long.parseLong(body.substring(separator + 1)));
		}
		else if (!this.owned.contains(key)) {
			noteWatching(key, UNWATCH, (reply) -> {
				Watched since = this.watched.get(key);
				if (reply != null && since != null) {
					// Since a moment ago, and it may have been noted before this
					mark(key, since, () -> {
					});
				}
			});
		}
	}

	@Override
	public void closed() {
		this.watched.values().forEach(Watched::complete);
	}

	private static final class Watched {

		private final Set<FluxSink<Watched>> watchers = ConcurrentHashMap.newKeySet(1);

		private final AtomicLong reached = new AtomicLong(Revision.FIRST.number());

		Revision revision() {
			return new Revision(this.reached.get());
		}

		void reached(long revision) {
			this.reached.accumulateAndGet(revision, Math::max);
			tell();
		}

		/**
		 * Redis has said which revision the task has.
		 * @param before the one that it had reached before Redis was asked: what is less
		 * was lost by a failover
		 * @param revision the revision
		 */
		void marked(long before, long revision) {
			this.reached.updateAndGet((reached) -> (reached == before) ? revision : Math.max(reached, revision));
			tell();
		}

		private void tell() {
			this.watchers.forEach((watcher) -> watcher.next(this));
		}

		void complete() {
			this.watchers.forEach(FluxSink::complete);
		}

	}

}

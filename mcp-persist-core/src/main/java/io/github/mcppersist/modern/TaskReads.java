package io.github.mcppersist.modern;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.task.TaskRecord;

/**
 * Reads tasks for all on this node who want to see them, since each may be large. One
 * read of a task is under way at a time, and whoever asks for it meanwhile shares the
 * next one: so he sees what was there when he asked. Of tasks that clients listen to it
 * is known in which state they were seen last. Thread-safe.
 */
final class TaskReads {

	private final Threads threads;

	private final Function<String, Mono<TaskRecord>> find;

	/**
	 * The reads that are under way, by the names of the tasks. What is in one changes
	 * only while the map computes it.
	 */
	private final Map<String, Read> reads = new ConcurrentHashMap<>();

	private final Map<String, Sight> followed = new ConcurrentHashMap<>();

	/**
	 * Create it; nothing is read yet.
	 * @param threads serve those who ask
	 * @param find reads a task, by its name
	 */
	TaskReads(Threads threads, Function<String, Mono<TaskRecord>> find) {
		this.threads = threads;
		this.find = find;
	}

	/**
	 * Read a task.
	 * @param name the task's name
	 * @return as the store returns it
	 */
	Mono<TaskRecord> find(String name) {
		return Mono.create((sink) -> {
			Read own = new Read(List.of(sink));
			Read present = this.reads.compute(name, (key, underWay) -> {
				if (underWay == null) {
					return own;
				}
				underWay.next.add(sink);
				return underWay;
			});
			if (present == own) {
				begin(name, own);
			}
		});
	}

	private void begin(String name, Read read) {
		Mono.defer(() -> this.find.apply(name))
			.singleOptional()
			.subscribe((task) -> ended(name, read, (asker) -> asker.success(task.orElse(null))),
					(ex) -> ended(name, read, (asker) -> asker.error(ex)));
	}

	private void ended(String name, Read read, Consumer<MonoSink<TaskRecord>> answer) {
		Read next = this.reads.computeIfPresent(name,
				(key, underWay) -> read.next.isEmpty() ? null : new Read(read.next));
		if (next != null) {
			begin(name, next);
		}
		// Each may have much to do with it
		int last = read.askers.size() - 1;
		read.askers.subList(0, last).forEach((asker) -> this.threads.deliverOrRun(() -> answer.accept(asker)));
		answer.accept(read.askers.get(last));
	}

	/**
	 * A client begins to listen to a task.
	 * @param name the task's name
	 */
	void follow(String name) {
		this.followed.merge(name, new Sight(1, null, 0),
				(before, one) -> new Sight(before.followers + 1, before.state, before.nanos));
	}

	/**
	 * It doesn't any more.
	 * @param name the task's name
	 */
	void unfollow(String name) {
		this.followed.computeIfPresent(name, (key, before) -> (before.followers > 1)
				? new Sight(before.followers - 1, before.state, before.nanos) : null);
	}

	/**
	 * A task was seen by one of those who listen to it.
	 * @param name the task's name
	 * @param state the state that it was in
	 * @param nanos when that was asked for
	 */
	void seen(String name, FollowedTask.State state, long nanos) {
		this.followed.computeIfPresent(name, (key, before) -> new Sight(before.followers, state, nanos));
	}

	/**
	 * Return how a task was seen last by those who listen to it.
	 * @param name the task's name
	 * @return in which state and when, or {@code null} if nobody listens
	 */
	@Nullable Sight lastSeen(String name) {
		return this.followed.get(name);
	}

	private static final class Read {

		private final List<MonoSink<TaskRecord>> askers;

		private final List<MonoSink<TaskRecord>> next = new ArrayList<>();

		Read(List<MonoSink<TaskRecord>> askers) {
			this.askers = askers;
		}

	}

	/**
	 * How a task was seen that clients listen to.
	 *
	 * @param followers how many do
	 * @param state in which state it was seen last, or {@code null} if it wasn't yet
	 * @param nanos when that was asked for
	 */
	record Sight(int followers, FollowedTask.@Nullable State state, long nanos) {

	}

}

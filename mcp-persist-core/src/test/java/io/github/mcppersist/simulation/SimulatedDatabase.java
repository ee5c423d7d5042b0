package io.github.mcppersist.simulation;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventStoreException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.session.SessionRecord;

/**
 * What all nodes share, as a Redis is: what is stored, calls that take time and fail, and
 * hints that are late or lost.
 */
final class SimulatedDatabase {

	private static final Duration MARK_RETRY = Duration.ofSeconds(3);

	private final World world;

	private final Place place = new Place("store");

	private final Faults faults = new Faults();

	private final Order order;

	private final Map<StreamKey, StoredLog> logs = new HashMap<>();

	private final Map<String, SessionRecord> sessions = new LinkedHashMap<>();

	private final Map<String, Map<String, byte[]>> answers = new HashMap<>();

	private final Set<String> deleted = new LinkedHashSet<>();

	/**
	 * How to take back what was written, the last in front.
	 */
	private final Deque<Runnable> undos = new ArrayDeque<>();

	private final List<Watch> watches = new ArrayList<>();

	private final Map<String, String> sessionNames = new HashMap<>();

	private final Map<StreamKey, String> streamNames = new HashMap<>();

	private final Interruptions outages;

	private final int maxEventBytes;

	SimulatedDatabase(World world, Order order, int maxEventBytes) {
		this.world = world;
		this.order = order;
		this.maxEventBytes = maxEventBytes;
		this.outages = new Interruptions(world);
	}

	boolean refuses(List<Event> events) {
		return events.stream().anyMatch((event) -> event.message().length > this.maxEventBytes);
	}

	Faults faults() {
		return this.faults;
	}

	// What is stored

	@Nullable StoredLog log(StreamKey stream) {
		return isDeleted(stream.sessionName()) ? null : this.logs.get(stream);
	}

	void put(StreamKey stream, @Nullable StoredLog log) {
		StoredLog before = (log != null) ? this.logs.put(stream, log) : this.logs.remove(stream);
		undo(() -> {
			if (before != null) {
				this.logs.put(stream, before);
			}
			else {
				this.logs.remove(stream);
			}
		});
	}

	Set<StreamKey> streamsOf(String sessionName) {
		Set<StreamKey> streams = new LinkedHashSet<>(this.logs.keySet());
		streams.removeIf((stream) -> !stream.sessionName().equals(sessionName));
		return streams;
	}

	/**
	 * Say whether a message is stored.
	 * @param message its name
	 * @return whether it is in the log of a stream
	 */
	boolean hasStored(String message) {
		return this.logs.values()
			.stream()
			.flatMap((log) -> log.events().stream())
			.anyMatch((event) -> message.equals(Messages.find(new String(event.message(), StandardCharsets.UTF_8))));
	}

	@Nullable SessionRecord session(String sessionName) {
		return isDeleted(sessionName) ? null : this.sessions.get(sessionName);
	}

	void put(String sessionName, @Nullable SessionRecord session) {
		SessionRecord before = (session != null) ? this.sessions.put(sessionName, session)
				: this.sessions.remove(sessionName);
		undo(() -> {
			if (before != null) {
				this.sessions.put(sessionName, before);
			}
			else {
				this.sessions.remove(sessionName);
			}
		});
	}

	List<SessionRecord> sessions() {
		return List.copyOf(this.sessions.values());
	}

	Map<String, byte[]> answers(String sessionName) {
		return this.answers.computeIfAbsent(sessionName, (id) -> new LinkedHashMap<>());
	}

	boolean isDeleted(String sessionName) {
		return this.deleted.contains(sessionName);
	}

	void delete(String sessionName) {
		if (this.deleted.add(sessionName)) {
			undo(() -> this.deleted.remove(sessionName));
		}
	}

	private void undo(Runnable undo) {
		this.undos.push(undo);
	}

	/**
	 * Lose what was written last, as a failover to a replica does.
	 * @param writes how many writes
	 */
	void rollBack(int writes) {
		for (int i = 0; i < writes && !this.undos.isEmpty(); i++) {
			this.undos.pop().run();
		}
		this.undos.clear();
	}

	void empty() {
		this.logs.clear();
		this.sessions.clear();
		this.answers.clear();
		this.deleted.clear();
		this.undos.clear();
	}

	// What things are called, whatever their IDs

	void name(String sessionName, String name) {
		this.sessionNames.put(sessionName, name);
	}

	String nameOf(String sessionName) {
		return this.sessionNames.getOrDefault(sessionName, "?");
	}

	void name(StreamKey stream, String name) {
		this.streamNames.put(stream, name);
	}

	String nameOf(StreamKey stream) {
		return this.nameOf(stream.sessionName()) + "/" + this.streamNames.getOrDefault(stream, stream.streamId());
	}

	// Calls

	/**
	 * Call the store.
	 * @param caller who calls
	 * @param text what is called
	 * @param write whether it is a write
	 * @param operation carries it out; throws what the call fails with
	 * @param <T> the type of its result
	 * @return the result, later
	 */
	<T> Mono<T> call(Place caller, String text, boolean write, Supplier<@Nullable T> operation) {
		return Mono.create((sink) -> {
			if (caller.isDead()) {
				return;
			}
			Call<T> call = new Call<>(caller, caller + " " + text, write, operation, sink);
			if (this.order == Order.AT_ONCE) {
				call.runAtOnce();
			}
			else if (this.order == Order.ANY) {
				this.world.soon(this.place, call.text, call::run);
			}
			else {
				String queue = caller + ((this.order == Order.READS_AND_WRITES && write) ? " writes" : "");
				this.world.inTurn(this.place, queue, call.text, call::run);
			}
		});
	}

	private void traceCall(String text, String outcome) {
		this.world.trace(text, "  store: " + text + " " + outcome);
	}

	// Watching

	void watch(Place node, String nodeId, StreamKey stream, FluxSink<Hint> sink) {
		Watch watch = new Watch(node, nodeId, stream, sink);
		this.watches.add(watch);
		sink.onDispose(() -> this.watches.remove(watch));
		mark(watch);
	}

	private void mark(Watch watch) {
		call(watch.node, "watch " + nameOf(watch.stream), true, () -> markReader(watch)).onErrorReturn(false)
			.subscribe((marked) -> {
				hint(watch, watch.marked ? Hint.look() : marked ? Hint.watched() : Hint.notWatched());
				watch.marked |= marked;
				if (!marked) {
					this.world.later(watch.node, "watches " + nameOf(watch.stream) + " again", MARK_RETRY, () -> {
						if (this.watches.contains(watch)) {
							mark(watch);
						}
					});
				}
			});
	}

	// One that was marked may have been taken over since: it is marked again only if
	// nobody is
	private boolean markReader(Watch watch) {
		StoredLog log = log(watch.stream);
		if (log == null) {
			return false;
		}
		String before = log.reader();
		if (!this.watches.contains(watch) || (watch.marked && before != null)) {
			return true;
		}
		if (!watch.nodeId.equals(before)) {
			put(watch.stream, log.readBy(watch.nodeId));
		}
		if (before != null && !before.equals(watch.nodeId)) {
			publish(watch.stream, before, Hint.look());
		}
		return true;
	}

	/**
	 * A node has read a stream that nobody is marked to read: what it marked is lost.
	 * @param nodeId the node's ID
	 * @param stream the stream
	 */
	void unmarked(String nodeId, StreamKey stream) {
		List.copyOf(this.watches)
			.stream()
			.filter((watch) -> watch.marked && watch.nodeId.equals(nodeId) && watch.stream.equals(stream))
			.forEach(this::mark);
	}

	/**
	 * Tell watchers of what a node has stored: those on the node itself at once, and
	 * those on the reader's node by a message that may be late or lost.
	 * @param stream the stream
	 * @param writer the node's ID
	 * @param sequence the sequence of the newest event
	 */
	void stored(StreamKey stream, @Nullable String writer, long sequence) {
		StoredLog log = log(stream);
		String reader = (log != null) ? log.reader() : null;
		if (reader != null && !reader.equals(writer)) {
			publish(stream, reader, Hint.stored(sequence));
		}
	}

	/**
	 * Hint at what the node itself has stored, now that it knows.
	 * @param stream the stream
	 * @param writer the node's ID
	 * @param sequence the sequence of the newest event
	 */
	void storedHere(StreamKey stream, String writer, long sequence) {
		for (Watch watch : List.copyOf(this.watches)) {
			if (watch.nodeId.equals(writer) && watch.stream.equals(stream)) {
				watch.sink.next(Hint.stored(sequence));
			}
		}
	}

	private void publish(StreamKey stream, String nodeId, Hint hint) {
		if (this.world.chance(this.faults.hintsLost)) {
			traceCall("hint at " + nameOf(stream), "is lost");
			return;
		}
		Duration delay = this.world.chance(20) ? this.world.millis(1, this.faults.slowMillis) : Duration.ZERO;
		this.world.later(this.place, "hint at " + nameOf(stream) + " for " + nodeId, delay, () -> {
			List<Watch> told = this.watches.stream()
				.filter((watch) -> watch.nodeId.equals(nodeId) && watch.stream.equals(stream))
				.toList();
			told.forEach((watch) -> hint(watch, hint));
			StoredLog log = log(stream);
			if (told.isEmpty() && log != null && nodeId.equals(log.reader())) {
				put(stream, log.readBy(null));
			}
		});
	}

	private void hint(Watch watch, Hint hint) {
		this.world.soon(watch.node, "is hinted at " + nameOf(watch.stream) + " " + hint, () -> watch.sink.next(hint));
	}

	/**
	 * Nodes have subscribed to hints again: all that was published meanwhile is lost.
	 */
	void subscribedAgain() {
		List<Watch> all = new ArrayList<>(this.watches);
		all.sort(Comparator.comparing((watch) -> watch.node + nameOf(watch.stream)));
		all.forEach(this::mark);
	}

	int watches(Place node) {
		return (int) this.watches.stream().filter((watch) -> watch.node == node).count();
	}

	void forget(Place node) {
		this.watches.removeIf((watch) -> watch.node == node);
	}

	/**
	 * Return when it was away.
	 * @return its outages
	 */
	Interruptions outages() {
		return this.outages;
	}

	/**
	 * In which order calls are carried out.
	 */
	enum Order {

		/**
		 * On the caller's thread, as in memory.
		 */
		AT_ONCE,

		/**
		 * In that in which each node makes them: one connection.
		 */
		ONE_QUEUE,

		/**
		 * Reads in that of the reads, writes in that of the writes.
		 */
		READS_AND_WRITES,

		/**
		 * In any: a pool of connections.
		 */
		ANY

	}

	/**
	 * What goes wrong at the moment, in percent where it is a number.
	 */
	static final class Faults {

		boolean reads;

		boolean writes;

		int failsBefore;

		int failsAfter;

		int late;

		int hintsLost;

		int slowMillis = 3;

		void end() {
			this.reads = false;
			this.writes = false;
			this.failsBefore = 0;
			this.failsAfter = 0;
			this.late = 0;
			this.hintsLost = 0;
			this.slowMillis = 3;
		}

	}

	private static final class Watch {

		private final Place node;

		private final String nodeId;

		private final StreamKey stream;

		private final FluxSink<Hint> sink;

		/**
		 * Whether its node was marked to be the reader.
		 */
		private boolean marked;

		Watch(Place node, String nodeId, StreamKey stream, FluxSink<Hint> sink) {
			this.node = node;
			this.nodeId = nodeId;
			this.stream = stream;
			this.sink = sink;
		}

	}

	private final class Call<T> {

		private final Place caller;

		private final String text;

		private final boolean write;

		private final Supplier<@Nullable T> operation;

		private final MonoSink<T> sink;

		Call(Place caller, String text, boolean write, Supplier<@Nullable T> operation, MonoSink<T> sink) {
			this.caller = caller;
			this.text = text;
			this.write = write;
			this.operation = operation;
			this.sink = sink;
		}

		void runAtOnce() {
			T result;
			try {
				result = this.operation.get();
			}
			catch (EventStoreException ex) {
				traceCall(this.text, "fails: " + ex.getClass().getSimpleName());
				this.sink.error(ex);
				return;
			}
			traceCall(this.text, "is done");
			this.sink.success(result);
		}

		void run() {
			World world = SimulatedDatabase.this.world;
			Faults faults = SimulatedDatabase.this.faults;
			Duration latency = world.millis(0, faults.slowMillis);
			if (world.chance(faults.late)) {
				latency = world.millis(100, 2500);
			}
			boolean down = this.write ? faults.writes : faults.reads;
			if (down || world.chance(faults.failsBefore)) {
				Duration timeout = world.chance(50) ? Duration.ZERO : world.millis(1, 2000);
				answer(timeout, "is not carried out", () -> this.sink.error(unavailable("before")));
				return;
			}
			T result;
			try {
				result = this.operation.get();
			}
			catch (RuntimeException ex) {
				answer(latency, "fails: " + ex.getClass().getSimpleName(), () -> this.sink.error(ex));
				return;
			}
			if (world.chance(faults.failsAfter)) {
				answer(world.millis(0, 2000), "is done, and said to have failed",
						() -> this.sink.error(unavailable("after")));
			}
			else {
				answer(latency, "is done", () -> this.sink.success(result));
			}
		}

		private void answer(Duration delay, String outcome, Runnable answer) {
			traceCall(this.text, outcome);
			SimulatedDatabase.this.world.later(this.caller, "hears of " + this.text, delay, answer);
		}

		private static EventStoreUnavailableException unavailable(String when) {
			return new EventStoreUnavailableException("Simulated: failed " + when + " it was carried out");
		}

	}

}

package io.github.mcppersist.event;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Mono;

/**
 * Keeps events in the memory of this JVM: for one instance, and until it stops.
 * <p>
 * It is bounded by age and by bytes of heap, counted about as they are with what Java
 * adds to each event and stream. Beyond the bounds of a stream its oldest events go.
 * Beyond those of a session or of the store the complete streams go that were completed
 * or read least recently, then the oldest events of the running streams that were written
 * least recently, and last those streams themselves.
 * <p>
 * The store has no thread: signals come on the thread that subscribes, hints on the one
 * that stores. What has expired is dropped by the next call, whichever it is.
 */
public final class InMemoryEventStore implements EventStore {

	/**
	 * How many deleted sessions are remembered. A writer learns of a deletion within its
	 * next call, so that the oldest have nothing left to forbid.
	 */
	private static final int MAX_DELETED_SESSIONS = 10_000;

	// One lock owns everything but the watchers. Under it nothing waits and no code of
	// others runs, and each call moves the events that it was given or returns, plus
	// those that it drops, each of which was stored by one call: so the lock is held for
	// microseconds, and a lock for each stream would buy little for the nesting that the
	// bounds across streams then need. Watchers are told after the lock is released; they
	// are in a map of their own, whose entry goes with the last watcher's subscription.

	private final ReentrantLock lock = new ReentrantLock();

	private final Map<StreamKey, InMemoryStream> streams = new HashMap<>();

	private final Map<String, InMemoryStreams> sessions = new HashMap<>();

	private final InMemoryStreams queue = new InMemoryStreams();

	private final Set<String> deletedSessions = new LinkedHashSet<>();

	private final Map<StreamKey, List<FluxSink<Hint>>> watchers = new ConcurrentHashMap<>();

	private final long maxBytes;

	private final int maxEventsPerStream;

	private final long maxBytesPerStream;

	private final long maxBytesPerSession;

	private final Duration timeToLive;

	private final Duration completedTimeToLive;

	private final LongSupplier millis;

	/**
	 * Create a store with the default bounds.
	 */
	public InMemoryEventStore() {
		this(builder());
	}

	private InMemoryEventStore(Builder builder) {
		this.maxBytes = builder.maxBytes;
		this.maxEventsPerStream = builder.maxEventsPerStream;
		this.maxBytesPerStream = builder.maxBytesPerStream;
		this.maxBytesPerSession = builder.maxBytesPerSession;
		this.timeToLive = builder.timeToLive;
		this.completedTimeToLive = builder.completedTimeToLive;
		this.millis = builder.millis;
	}

	/**
	 * Return a builder with the default bounds.
	 * @return a new builder
	 */
	public static Builder builder() {
		return new Builder();
	}

	@Override
	public Mono<Revision> openStream(StreamKey stream, @Nullable RequestIds requestIds, List<Event> events) {
		List<Event> batch = Event.requireBatch(stream, events);
		return Mono.fromRunnable(() -> {
			locked(() -> open(stream, requestIds, batch));
			hint(stream, Hint.stored(newest(batch)));
		});
	}

	@Override
	public Mono<Void> storeEvents(StreamKey stream, List<Event> events) {
		List<Event> batch = Event.requireBatch(stream, events);
		return Mono.fromRunnable(() -> {
			locked(() -> store(stream, batch));
			hint(stream, Hint.stored(newest(batch)));
		});
	}

	@Override
	public Mono<Void> completeStream(StreamKey stream, List<Event> events) {
		List<Event> batch = Event.requireBatch(stream, events);
		return Mono.fromRunnable(() -> {
			locked(() -> complete(stream, batch));
			hint(stream, Hint.stored(newest(batch)));
		});
	}

	@Override
	public Mono<EventPage> replayEventsAfter(StreamKey stream, @Nullable EventId lastEventId, int maxBytes) {
		if (maxBytes < 1) {
			throw new IllegalArgumentException("maxBytes must be at least 1: " + maxBytes);
		}
		return Mono.fromSupplier(() -> locked(() -> {
			InMemoryStream log = this.streams.get(stream);
			if (log == null) {
				throw new EventNotFoundException();
			}
			EventPage page = log.read(lastEventId, maxBytes);
			if (log.isComplete()) {
				renewComplete(log);
			}
			return page;
		}));
	}

	@Override
	public Flux<Hint> watch(StreamKey stream) {
		return Flux.create((sink) -> {
			this.watchers.merge(stream, List.of(sink), InMemoryEventStore::concat);
			sink.onDispose(() -> this.watchers.computeIfPresent(stream, (key, sinks) -> without(sinks, sink)));
			sink.next(Hint.watched());
		}, FluxSink.OverflowStrategy.LATEST);
	}

	@Override
	public Mono<Void> renewStreams(Collection<StreamKey> streams) {
		List<StreamKey> keys = List.copyOf(streams);
		return Mono.fromRunnable(() -> locked(() -> {
			keys.forEach(this::renew);
			return keys;
		}));
	}

	@Override
	public Duration timeToLive() {
		return this.timeToLive;
	}

	@Override
	public Duration completedTimeToLive() {
		return this.completedTimeToLive;
	}

	@Override
	public Mono<Void> deleteSession(String sessionName) {
		StreamKey.requireSessionName(sessionName);
		return Mono
			.fromRunnable(() -> locked(() -> delete(sessionName)).forEach((log) -> hint(log.key(), Hint.look())));
	}

	long bytes() {
		return locked(this.queue::bytes);
	}

	private <T> T locked(Supplier<T> action) {
		this.lock.lock();
		try {
			expire();
			return action.get();
		}
		finally {
			this.lock.unlock();
		}
	}

	private InMemoryStream open(StreamKey stream, @Nullable RequestIds requestIds, List<Event> events) {
		if (this.deletedSessions.contains(stream.sessionName())) {
			throw new SessionDeletedException();
		}
		InMemoryStream previous = this.streams.get(stream);
		if (previous != null) {
			if (previous.isComplete()) {
				throw conflict(previous);
			}
			remove(previous);
		}
		InMemoryStream log = new InMemoryStream(stream, requestIds, events);
		this.streams.put(stream, log);
		InMemoryStreams session = this.sessions.computeIfAbsent(stream.sessionName(), (id) -> new InMemoryStreams());
		this.queue.resized(log.bytes());
		session.resized(log.bytes());
		written(log, session);
		keepBounds(log, session);
		return log;
	}

	private InMemoryStream store(StreamKey stream, List<Event> events) {
		InMemoryStream log = existing(stream);
		if (!log.isComplete() && log.nextSequence() == events.get(0).id().sequence()) {
			InMemoryStreams session = append(log, events);
			written(log, session);
			keepBounds(log, session);
		}
		else if (!log.contains(events) || log.wasCompletedBy(events)) {
			throw conflict(log);
		}
		return log;
	}

	private InMemoryStream complete(StreamKey stream, List<Event> events) {
		InMemoryStream log = existing(stream);
		if (!log.isComplete() && log.nextSequence() == events.get(0).id().sequence()) {
			InMemoryStreams session = append(log, events);
			long now = this.millis.getAsLong();
			log.complete(now + this.timeToLive.toMillis());
			log.expireAt(now + this.completedTimeToLive.toMillis());
			this.queue.completed(log);
			session.completed(log);
			keepBounds(log, session);
		}
		else if (!log.wasCompletedBy(events)) {
			throw conflict(log);
		}
		return log;
	}

	private InMemoryStream existing(StreamKey stream) {
		InMemoryStream log = this.streams.get(stream);
		if (log == null) {
			throw new StreamNotFoundException(stream);
		}
		return log;
	}

	private InMemoryStreams session(InMemoryStream log) {
		return Objects.requireNonNull(this.sessions.get(log.key().sessionName()), "a stream has a session");
	}

	private InMemoryStreams append(InMemoryStream log, List<Event> events) {
		InMemoryStreams session = session(log);
		long before = log.bytes();
		log.append(events);
		this.queue.resized(log.bytes() - before);
		session.resized(log.bytes() - before);
		return session;
	}

	private void written(InMemoryStream log, InMemoryStreams session) {
		log.expireAt(this.millis.getAsLong() + this.timeToLive.toMillis());
		this.queue.written(log);
		session.written(log);
	}

	private void renew(StreamKey stream) {
		InMemoryStream log = this.streams.get(stream);
		if (log != null && !log.isComplete()) {
			log.expireAt(this.millis.getAsLong() + this.timeToLive.toMillis());
			this.queue.renewed(log);
			session(log).renewed(log);
		}
		else if (log != null) {
			renewComplete(log);
		}
	}

	private void renewComplete(InMemoryStream log) {
		long expiresAt = this.millis.getAsLong() + this.completedTimeToLive.toMillis();
		if (expiresAt <= log.expiresAtLatest()) {
			log.expireAt(expiresAt);
			this.queue.completed(log);
			session(log).completed(log);
		}
	}

	private List<InMemoryStream> delete(String sessionName) {
		InMemoryStreams session = this.sessions.get(sessionName);
		List<InMemoryStream> logs = (session != null) ? session.all() : List.of();
		logs.forEach(this::remove);
		this.deletedSessions.remove(sessionName);
		this.deletedSessions.add(sessionName);
		if (this.deletedSessions.size() > MAX_DELETED_SESSIONS) {
			Iterator<String> oldest = this.deletedSessions.iterator();
			oldest.next();
			oldest.remove();
		}
		return logs;
	}

	private void remove(InMemoryStream log) {
		InMemoryStreams session = session(log);
		this.streams.remove(log.key());
		this.queue.removed(log);
		session.removed(log);
		if (session.isEmpty()) {
			this.sessions.remove(log.key().sessionName());
		}
	}

	private void dropOldest(InMemoryStream log) {
		InMemoryStreams session = session(log);
		long before = log.bytes();
		log.dropOldest();
		this.queue.resized(log.bytes() - before);
		session.resized(log.bytes() - before);
		if (log.size() == 0) {
			this.queue.emptied(log);
			session.emptied(log);
		}
	}

	private void keepBounds(InMemoryStream log, InMemoryStreams session) {
		while (log.size() > this.maxEventsPerStream || (log.bytes() > this.maxBytesPerStream && log.size() > 0)) {
			dropOldest(log);
		}
		keepBound(session, this.maxBytesPerSession, log);
		keepBound(this.queue, this.maxBytes, log);
	}

	// The stream that was just written comes last, or its reader would miss the response
	// whenever everything else is still running
	private void keepBound(InMemoryStreams queue, long max, InMemoryStream justWritten) {
		while (queue.bytes() > max) {
			InMemoryStream complete = queue.firstComplete();
			InMemoryStream trimmable = queue.firstTrimmable();
			InMemoryStream running = queue.firstRunning();
			if (complete != null && (complete != justWritten || (trimmable == null && running == null))) {
				remove(complete);
			}
			else if (trimmable != null) {
				dropOldest(trimmable);
			}
			else if (running != null) {
				remove(running);
			}
			else {
				return;
			}
		}
	}

	private void expire() {
		long now = this.millis.getAsLong();
		for (InMemoryStream log = this.queue.firstComplete(); log != null
				&& log.expiresAt() <= now; log = this.queue.firstComplete()) {
			remove(log);
		}
		for (InMemoryStream log = this.queue.firstRunning(); log != null
				&& log.expiresAt() <= now; log = this.queue.firstRunning()) {
			remove(log);
		}
	}

	private void hint(StreamKey stream, Hint hint) {
		this.watchers.getOrDefault(stream, List.of()).forEach((sink) -> sink.next(hint));
	}

	private static long newest(List<Event> events) {
		return events.get(events.size() - 1).id().sequence();
	}

	private static StreamConflictException conflict(InMemoryStream log) {
		return new StreamConflictException(log.key(), log.nextSequence(), log.isComplete());
	}

	private static <T> List<T> concat(List<T> some, List<T> others) {
		List<T> all = new ArrayList<>(some);
		all.addAll(others);
		return all;
	}

	private static <T> @Nullable List<T> without(List<T> all, T one) {
		List<T> rest = new ArrayList<>(all);
		rest.remove(one);
		return rest.isEmpty() ? null : rest;
	}

	/**
	 * Sets the bounds of an {@link InMemoryEventStore}.
	 */
	public static final class Builder {

		private static final long MEGABYTE = 1024 * 1024;

		private long maxBytes = 64 * MEGABYTE;

		private int maxEventsPerStream = 100_000;

		private long maxBytesPerStream = 64 * MEGABYTE;

		private long maxBytesPerSession = 256 * MEGABYTE;

		private Duration timeToLive = Duration.ofHours(1);

		private Duration completedTimeToLive = Duration.ofMinutes(5);

		/**
		 * Not the time of day: when that is set, nothing expires for it.
		 */
		private LongSupplier millis = () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime());

		private Builder() {
		}

		/**
		 * Set how many bytes all streams may take together (default 64 MB).
		 * @param maxBytes the bytes, at least 1
		 * @return this builder
		 */
		public Builder maxBytes(long maxBytes) {
			this.maxBytes = positive("maxBytes", maxBytes);
			return this;
		}

		/**
		 * Set how many events of a stream are kept (default 100,000).
		 * @param maxEventsPerStream the number of events, at least 1
		 * @return this builder
		 */
		public Builder maxEventsPerStream(int maxEventsPerStream) {
			this.maxEventsPerStream = (int) positive("maxEventsPerStream", maxEventsPerStream);
			return this;
		}

		/**
		 * Set how many bytes a stream may take (default 64 MB).
		 * @param maxBytesPerStream the bytes, at least 1
		 * @return this builder
		 */
		public Builder maxBytesPerStream(long maxBytesPerStream) {
			this.maxBytesPerStream = positive("maxBytesPerStream", maxBytesPerStream);
			return this;
		}

		/**
		 * Set how many bytes the streams of a session may take together (default 256 MB).
		 * @param maxBytesPerSession the bytes, at least 1
		 * @return this builder
		 */
		public Builder maxBytesPerSession(long maxBytesPerSession) {
			this.maxBytesPerSession = positive("maxBytesPerSession", maxBytesPerSession);
			return this;
		}

		/**
		 * Set how long a running stream is kept after it was last written or renewed
		 * (default 1 hour).
		 * @param timeToLive the time, at least a millisecond
		 * @return this builder
		 */
		public Builder timeToLive(Duration timeToLive) {
			positive("timeToLive in ms", timeToLive.toMillis());
			this.timeToLive = timeToLive;
			return this;
		}

		/**
		 * Set how long a stream is kept after it was completed or last read (default 5
		 * minutes).
		 * @param completedTimeToLive the time, at least a millisecond
		 * @return this builder
		 */
		public Builder completedTimeToLive(Duration completedTimeToLive) {
			positive("completedTimeToLive in ms", completedTimeToLive.toMillis());
			this.completedTimeToLive = completedTimeToLive;
			return this;
		}

		/**
		 * Set the clock that expiry goes by. By default it goes by the time that passes,
		 * whatever the time of day is set to.
		 * @param clock the clock
		 * @return this builder
		 */
		public Builder clock(Clock clock) {
			this.millis = Objects.requireNonNull(clock, "clock must not be null")::millis;
			return this;
		}

		/**
		 * Create a store with these bounds.
		 * @return a new store
		 */
		public InMemoryEventStore build() {
			return new InMemoryEventStore(this);
		}

		private static long positive(String name, long value) {
			if (value < 1) {
				throw new IllegalArgumentException(name + " must be at least 1: " + value);
			}
			return value;
		}

	}

}

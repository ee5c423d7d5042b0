package io.github.mcppersist.session;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.StreamKey;

/**
 * Keeps sessions in the memory of this JVM: for one instance, and until it stops.
 * <p>
 * It is bounded by age, and by the number of sessions and their bytes: beyond these no
 * new one is taken, and those that are there stay. Answers are kept for five minutes, and
 * together take up to 64 MB.
 * <p>
 * The store has no thread: signals come on the thread that subscribes. What has expired
 * is dropped by the next call, whichever it is.
 */
public final class InMemorySessionStore implements MonitoredSessionStore {

	/**
	 * How many deleted sessions are remembered. A node learns of a deletion when it next
	 * opens a stream, so that the oldest have nothing left to forbid.
	 */
	private static final int MAX_DELETED_SESSIONS = 10_000;

	private static final Pattern CURSOR = Pattern.compile("[0-9]{1,18}");

	private static final Duration ANSWER_TIME_TO_LIVE = Duration.ofMinutes(5);

	// One lock owns everything. Under it nothing waits and no code of others runs, and
	// each call touches the session that it names or copies what it returns, plus what it
	// drops, each of which was stored by one call: so the lock is held for microseconds,
	// and sessions, subscribers and the memory of the deleted never disagree.

	private final ReentrantLock lock = new ReentrantLock();

	private final Map<String, InMemorySession> sessions = new HashMap<>();

	/**
	 * The same by their last use: the session that was created, changed or renewed least
	 * recently in front. All live equally long, so this is the order in which they
	 * expire, too.
	 */
	private final NavigableMap<Long, InMemorySession> sessionsByUse = new TreeMap<>();

	private long uses;

	private final InMemorySubscribers subscribers = new InMemorySubscribers();

	private final InMemoryAnswers answers = new InMemoryAnswers();

	/**
	 * About what the sessions take.
	 */
	private long bytes;

	private final Set<String> deletedSessions = new LinkedHashSet<>();

	private final int maxSessions;

	private final long maxBytes;

	private final Duration timeToLive;

	private final LongSupplier millis;

	/**
	 * Create a store with the default bounds.
	 */
	public InMemorySessionStore() {
		this(builder());
	}

	private InMemorySessionStore(Builder builder) {
		this.maxSessions = builder.maxSessions;
		this.maxBytes = builder.maxBytes;
		this.timeToLive = builder.timeToLive;
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
	public Mono<Void> createSession(SessionRecord session) {
		return Mono.fromRunnable(() -> locked(() -> create(session)));
	}

	@Override
	public Mono<SessionRecord> findSession(String sessionName) {
		StreamKey.requireSessionName(sessionName);
		return Mono.defer(() -> Mono.justOrEmpty(locked(() -> find(sessionName))));
	}

	@Override
	public Mono<SessionPage> findSessions(@Nullable String cursor, int size) {
		MonitoredSessionStore.requirePageSize(size);
		long before = (cursor != null) ? use(cursor) : Long.MAX_VALUE;
		return Mono.fromSupplier(() -> locked(() -> page(before, size)));
	}

	@Override
	public Mono<StoredSession> describeSession(String sessionName) {
		StreamKey.requireSessionName(sessionName);
		return Mono.defer(() -> Mono.justOrEmpty(locked(() -> {
			InMemorySession session = this.sessions.get(sessionName);
			return (session != null) ? session.describe(this.millis.getAsLong()) : null;
		})));
	}

	@Override
	public Mono<Revision> setLogLevel(String sessionName, String logLevel) {
		StreamKey.requireSessionName(sessionName);
		return Mono.fromSupplier(() -> locked(() -> change(sessionName, (session) -> session.logLevel(logLevel))));
	}

	@Override
	public Mono<Revision> setResuming(String sessionName) {
		StreamKey.requireSessionName(sessionName);
		return Mono.fromSupplier(() -> locked(() -> change(sessionName, InMemorySession::resuming)));
	}

	@Override
	public Mono<Revision> subscribe(String sessionName, String uri) {
		StreamKey.requireSessionName(sessionName);
		SubscriptionStore.requireUri(uri);
		return Mono.fromSupplier(() -> locked(() -> change(sessionName, (session) -> {
			if (!this.subscribers.add(uri, sessionName)) {
				throw new TooManySubscribedResourcesException();
			}
			session.subscribe(uri);
		})));
	}

	@Override
	public Mono<Revision> unsubscribe(String sessionName, String uri) {
		StreamKey.requireSessionName(sessionName);
		SubscriptionStore.requireUri(uri);
		// A session that isn't stored is among no subscribers: see remove(..)
		return Mono.fromSupplier(() -> locked(() -> change(sessionName, (session) -> {
			session.unsubscribe(uri);
			this.subscribers.remove(uri, sessionName);
		})));
	}

	@Override
	public Mono<Set<String>> findSubscribers(String uri) {
		return Mono.fromSupplier(() -> locked(() -> this.subscribers.of(uri)));
	}

	@Override
	public Mono<SubscribedUris> findSubscribedUris(long after) {
		return Mono.fromSupplier(() -> locked(() -> this.subscribers.uris(after)));
	}

	@Override
	public Mono<Void> moveStandaloneCursor(String sessionName, EventId cursor, @Nullable EventId gone) {
		StreamKey.requireSessionName(sessionName);
		return Mono.fromRunnable(() -> locked(() -> {
			InMemorySession session = this.sessions.get(sessionName);
			if (session != null) {
				session.moveStandaloneCursor(cursor, gone);
			}
			return cursor;
		}));
	}

	@Override
	public Mono<Void> renewSessions(Collection<String> sessionNames) {
		List<String> ids = List.copyOf(sessionNames);
		ids.forEach(StreamKey::requireSessionName);
		return Mono.fromRunnable(() -> locked(() -> {
			for (String id : ids) {
				InMemorySession session = this.sessions.get(id);
				if (session != null) {
					used(session);
				}
			}
			return ids;
		}));
	}

	@Override
	public Mono<Void> storeAnswer(String sessionName, String requestId, byte[] answer) {
		StreamKey.requireSessionName(sessionName);
		AnswerStore.requireRequestId(requestId);
		return Mono.fromRunnable(() -> locked(() -> {
			requireNotDeleted(sessionName);
			this.answers.add(sessionName, requestId, answer, this.millis.getAsLong() + ANSWER_TIME_TO_LIVE.toMillis());
			return answer;
		}));
	}

	@Override
	public Mono<Map<String, byte[]>> findAnswers(String sessionName, Collection<String> requestIds) {
		StreamKey.requireSessionName(sessionName);
		List<String> ids = requireRequestIds(requestIds);
		return Mono.fromSupplier(() -> locked(() -> answers(sessionName, ids)));
	}

	@Override
	public Mono<Void> removeAnswers(String sessionName, Collection<String> requestIds) {
		StreamKey.requireSessionName(sessionName);
		List<String> ids = requireRequestIds(requestIds);
		return Mono.fromRunnable(() -> locked(() -> {
			ids.forEach((requestId) -> this.answers.remove(sessionName, requestId));
			return ids;
		}));
	}

	@Override
	public Mono<Void> deleteSession(String sessionName) {
		StreamKey.requireSessionName(sessionName);
		return Mono.fromRunnable(() -> locked(() -> delete(sessionName)));
	}

	@Override
	public Duration timeToLive() {
		return this.timeToLive;
	}

	private static List<String> requireRequestIds(Collection<String> requestIds) {
		List<String> ids = List.copyOf(requestIds);
		ids.forEach(AnswerStore::requireRequestId);
		return ids;
	}

	private <T extends @Nullable Object> T locked(Supplier<T> action) {
		this.lock.lock();
		try {
			expire();
			return action.get();
		}
		finally {
			this.lock.unlock();
		}
	}

	private SessionRecord create(SessionRecord session) {
		requireNotDeleted(session.sessionName());
		if (!this.sessions.containsKey(session.sessionName())) {
			InMemorySession created = new InMemorySession(session, this.millis.getAsLong());
			if (this.sessions.size() >= this.maxSessions || this.bytes + created.bytes() > this.maxBytes) {
				throw new TooManySessionsException();
			}
			this.bytes += created.bytes();
			used(created);
			session.subscriptions().forEach((uri) -> this.subscribers.add(uri, session.sessionName()));
		}
		return session;
	}

	private @Nullable SessionRecord find(String sessionName) {
		InMemorySession session = this.sessions.get(sessionName);
		return (session != null) ? session.toRecord() : null;
	}

	private static long use(String cursor) {
		if (!CURSOR.matcher(cursor).matches()) {
			throw new IllegalArgumentException("Not a cursor of this store: '" + cursor + "'");
		}
		return Long.parseLong(cursor);
	}

	private SessionPage page(long before, int size) {
		long now = this.millis.getAsLong();
		List<StoredSession> page = new ArrayList<>();
		long last = 0;
		for (InMemorySession session : this.sessionsByUse.headMap(before, false).descendingMap().values()) {
			page.add(session.describe(now));
			last = session.lastUse();
			if (page.size() == size) {
				break;
			}
		}
		boolean more = !page.isEmpty() && this.sessionsByUse.firstKey() < last;
		return new SessionPage(page, more ? Long.toString(last) : null);
	}

	private Revision change(String sessionName, Consumer<InMemorySession> change) {
		InMemorySession session = this.sessions.get(sessionName);
		if (session == null) {
			throw new SessionNotFoundException();
		}
		long before = session.bytes();
		change.accept(session);
		this.bytes += session.bytes() - before;
		used(session);
		return session.revision();
	}

	private void used(InMemorySession session) {
		long now = this.millis.getAsLong();
		this.sessionsByUse.remove(session.lastUse());
		session.used(++this.uses, now, now + this.timeToLive.toMillis());
		this.sessionsByUse.put(session.lastUse(), session);
		this.sessions.put(session.sessionName(), session);
	}

	private Map<String, byte[]> answers(String sessionName, List<String> requestIds) {
		Map<String, byte[]> found = new HashMap<>();
		for (String requestId : requestIds) {
			byte[] answer = this.answers.find(sessionName, requestId);
			if (answer != null) {
				found.put(requestId, answer);
			}
		}
		return found;
	}

	private String delete(String sessionName) {
		InMemorySession session = this.sessions.get(sessionName);
		if (session != null) {
			remove(session);
		}
		this.answers.removeAll(sessionName);
		this.deletedSessions.remove(sessionName);
		this.deletedSessions.add(sessionName);
		if (this.deletedSessions.size() > MAX_DELETED_SESSIONS) {
			Iterator<String> oldest = this.deletedSessions.iterator();
			oldest.next();
			oldest.remove();
		}
		return sessionName;
	}

	private void requireNotDeleted(String sessionName) {
		if (this.deletedSessions.contains(sessionName)) {
			throw new SessionAlreadyDeletedException();
		}
	}

	private void remove(InMemorySession session) {
		this.sessions.remove(session.sessionName());
		this.sessionsByUse.remove(session.lastUse());
		this.bytes -= session.bytes();
		session.subscriptions().forEach((uri) -> this.subscribers.remove(uri, session.sessionName()));
	}

	private InMemorySession leastRecentlyUsed() {
		return this.sessionsByUse.firstEntry().getValue();
	}

	private void expire() {
		long now = this.millis.getAsLong();
		while (!this.sessions.isEmpty() && leastRecentlyUsed().expiresAt() <= now) {
			remove(leastRecentlyUsed());
		}
		this.answers.expire(now);
	}

	/**
	 * Sets the bounds of an {@link InMemorySessionStore}.
	 */
	public static final class Builder {

		private int maxSessions = 100_000;

		private long maxBytes = Runtime.getRuntime().maxMemory() / 8;

		private Duration timeToLive = Duration.ofHours(24);

		/**
		 * Not the time of day: when that is set, nothing expires for it.
		 */
		private LongSupplier millis = () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime());

		private Builder() {
		}

		/**
		 * Set how many sessions are kept (default 100,000).
		 * @param maxSessions the number of sessions, at least 1
		 * @return this builder
		 */
		public Builder maxSessions(int maxSessions) {
			this.maxSessions = (int) positive("maxSessions", maxSessions);
			return this;
		}

		/**
		 * Set about how many bytes of heap all sessions may take together when one begins
		 * (default an eighth of the heap).
		 * @param maxBytes the bytes, at least 1
		 * @return this builder
		 */
		public Builder maxBytes(long maxBytes) {
			this.maxBytes = positive("maxBytes", maxBytes);
			return this;
		}

		/**
		 * Set how long a session is kept after it was created, changed or renewed
		 * (default 24 hours).
		 * @param timeToLive the time, at least a millisecond
		 * @return this builder
		 */
		public Builder timeToLive(Duration timeToLive) {
			positive("timeToLive in ms", timeToLive.toMillis());
			this.timeToLive = timeToLive;
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
		public InMemorySessionStore build() {
			return new InMemorySessionStore(this);
		}

		private static long positive(String name, long value) {
			if (value < 1) {
				throw new IllegalArgumentException(name + " must be at least 1: " + value);
			}
			return value;
		}

	}

}

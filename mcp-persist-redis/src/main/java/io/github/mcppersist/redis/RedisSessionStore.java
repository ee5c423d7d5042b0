package io.github.mcppersist.redis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.session.AnswerStore;
import io.github.mcppersist.session.MonitoredSessionStore;
import io.github.mcppersist.session.SessionAlreadyDeletedException;
import io.github.mcppersist.session.SessionNotFoundException;
import io.github.mcppersist.session.SessionPage;
import io.github.mcppersist.session.SessionRecord;
import io.github.mcppersist.session.SessionStoreException;
import io.github.mcppersist.session.SessionStoreUnavailableException;
import io.github.mcppersist.session.StoredSession;
import io.github.mcppersist.session.SubscribedUris;
import io.github.mcppersist.session.SubscriptionStore;
import io.github.mcppersist.session.TooManySessionsException;
import io.github.mcppersist.session.TooManySubscribedResourcesException;

/**
 * Keeps sessions in Redis, beside the events of a {@link RedisEventStore}: one hash for
 * each session, see {@link RedisKeys}. It shares the event store's connections, time
 * limit and tombstones, and works until that store is closed.
 * <p>
 * The index of subscribers is in a slot of its own. It is written after the session, so a
 * call that fails in between is to be repeated; until then, and for some time after a
 * session has expired, the index may say too little or too much.
 */
public final class RedisSessionStore implements MonitoredSessionStore {

	private static final Logger logger = LoggerFactory.getLogger(RedisSessionStore.class);

	/**
	 * How many URIs one call writes. It makes some ten commands of each, and Redis does
	 * nothing else meanwhile.
	 */
	private static final int URIS_PER_CALL = 100;

	/**
	 * How many URIs one call reads. Each has up to 2,048 characters.
	 */
	private static final int URIS_PER_ANSWER = 250;

	private static final int SUBSCRIBERS_PER_CALL = 1000;

	private static final int SESSIONS_PER_CALL = 1000;

	private static final int DEFAULT_MAX_SESSIONS = 100_000;

	private static final int RENEWALS_UNDER_WAY = 16;

	private static final int DESCRIPTIONS_UNDER_WAY = 16;

	private static final byte[] MAX_ANSWERS = RedisNode.number(AnswerStore.MAX_ANSWERS);

	private static final byte[] MAX_ANSWER_BYTES = RedisNode.number(AnswerStore.MAX_ANSWER_BYTES);

	private static final byte[] MAX_URIS = RedisNode.number(SubscriptionStore.MAX_SUBSCRIBED_URIS);

	private static final byte[] GONE = RedisNode.number(0);

	/**
	 * A session that is there is counted, even if there are too many.
	 */
	private static final byte[] NO_BOUND = RedisNode.number(Integer.MAX_VALUE);

	private static final byte[] NOTHING = {};

	private final RedisNode node;

	private final Duration timeToLive;

	private final byte[] maxSessions;

	private final byte[] ttl;

	private final byte[] answerTtl;

	private final byte[] tombstoneTtl;

	private final byte[] indexTtl;

	private final long kept;

	private final byte[] nodeId;

	private RedisSessionStore(RedisNode node, String nodeId, StreamTtls ttls, Duration timeToLive, int maxSessions) {
		this.nodeId = RedisKeys.bytes(nodeId);
		this.maxSessions = RedisNode.number(maxSessions);
		this.node = node;
		this.timeToLive = timeToLive;
		long millis = timeToLive.toMillis();
		// Longer by as long as a node may wait until it renews a session that is used
		this.kept = millis + renewalInterval().toMillis();
		this.ttl = RedisNode.number(this.kept);
		this.answerTtl = ttls.running();
		this.tombstoneTtl = RedisNode.number(Math.max(this.kept, ttls.tombstone()));
		this.indexTtl = RedisNode.number(2 * millis);
	}

	/**
	 * Return a store that shares the connections of an event store.
	 * @param eventStore the event store
	 * @param timeToLive how long a session is kept without being used, at least one
	 * millisecond
	 * @return a new store
	 */
	public static RedisSessionStore of(RedisEventStore eventStore, Duration timeToLive) {
		return of(eventStore, timeToLive, DEFAULT_MAX_SESSIONS);
	}

	/**
	 * Return a store that shares the connections of an event store.
	 * @param eventStore the event store
	 * @param timeToLive how long a session is kept without being used, at least one
	 * millisecond
	 * @param maxSessions how many sessions are kept in all, whichever node they began on,
	 * at least 1; 100,000 where it isn't said
	 * @return a new store
	 */
	public static RedisSessionStore of(RedisEventStore eventStore, Duration timeToLive, int maxSessions) {
		if (maxSessions < 1) {
			throw new IllegalArgumentException("maxSessions must be at least 1, not " + maxSessions);
		}
		if (timeToLive.toMillis() < 1 || timeToLive.toDays() > 3650) {
			throw new IllegalArgumentException(
					"timeToLive must be at least one millisecond and at most ten years, not " + timeToLive);
		}
		return new RedisSessionStore(eventStore.node(), eventStore.nodeId(), eventStore.ttls(), timeToLive,
				maxSessions);
	}

	@Override
	public Mono<Void> createSession(SessionRecord session) {
		String sessionName = session.sessionName();
		List<byte[]> arguments = new ArrayList<>(List.of(this.ttl, this.nodeId));
		arguments.addAll(SessionFields.of(session));
		long bytes = arguments.stream().mapToLong((argument) -> argument.length).sum();
		Mono<List<Object>> stored = write(LuaScript.CREATE_SESSION, bytes,
				keys(keys().record(sessionName), keys().tombstone(sessionName)), arguments.toArray(byte[][]::new));
		Mono<Void> uncounted = keep(GONE, List.of(sessionName)).onErrorComplete().then();
		return admit(sessionName, this.maxSessions)
			.flatMap((added) -> stored.onErrorResume((ex) -> added ? uncounted.then(Mono.error(ex)) : Mono.error(ex)))
			.flatMap((reply) -> isCode(reply, -1) ? uncounted.then(Mono.error(new SessionAlreadyDeletedException()))
					: indexAgain(sessionName, texts(reply)));
	}

	/**
	 * Count a session. The count is in a slot of its own, whose server may be away while
	 * that of the session works: what can't be counted is let in.
	 * @param sessionName the session
	 * @param most how many there may be
	 * @return whether it wasn't counted before; fails with
	 * {@link TooManySessionsException}
	 */
	private Mono<Boolean> admit(String sessionName, byte[] most) {
		return write(LuaScript.ADD_SESSION, 0, keys(keys().sessions()), this.ttl, most, RedisKeys.bytes(sessionName))
			.flatMap((reply) -> isCode(reply, -1) ? Mono.error(new TooManySessionsException())
					: Mono.just(isCode(reply, 1)))
			.onErrorResume(SessionStoreUnavailableException.class, (ex) -> {
				logger.debug("A session isn't counted", ex);
				return Mono.just(false);
			});
	}

	/**
	 * Put off when sessions aren't counted any more.
	 * @param ttl the time to live, or {@link #GONE}
	 * @param sessionNames the sessions
	 * @return those that were to be kept and aren't counted
	 */
	private Mono<List<String>> keep(byte[] ttl, List<String> sessionNames) {
		List<byte[]> arguments = new ArrayList<>(List.of(ttl));
		sessionNames.forEach((sessionName) -> arguments.add(RedisKeys.bytes(sessionName)));
		return write(LuaScript.KEEP_SESSIONS, 0, keys(keys().sessions()), arguments.toArray(byte[][]::new))
			.map(RedisSessionStore::texts);
	}

	@Override
	public Mono<SessionRecord> findSession(String sessionName) {
		StreamKey.requireSessionName(sessionName);
		return read(LuaScript.FIND_SESSION, keys(keys().record(sessionName), keys().tombstone(sessionName)))
			.filter((fields) -> !fields.isEmpty())
			.map((fields) -> SessionFields.parse(sessionName, fields))
			.onErrorMap(RuntimeException.class, RedisSessionStore::unreadable);
	}

	@Override
	public Mono<SessionPage> findSessions(@Nullable String cursor, int size) {
		return NamePage.read(this.node, keys().sessions(), cursor, MonitoredSessionStore.requirePageSize(size))
			.onErrorMap(EventStoreUnavailableException.class, RedisSessionStore::unavailable)
			.flatMap((page) -> Flux.fromIterable(page.names())
				.flatMapSequential(this::describeSession, DESCRIPTIONS_UNDER_WAY, 1)
				.collectList()
				.map((sessions) -> new SessionPage(sessions, page.next())));
	}

	@Override
	public Mono<StoredSession> describeSession(String sessionName) {
		StreamKey.requireSessionName(sessionName);
		return read(LuaScript.DESCRIBE_SESSION, keys(keys().record(sessionName), keys().tombstone(sessionName)),
				SessionFields.described())
			.filter((reply) -> !reply.isEmpty())
			.map((reply) -> describe(sessionName, reply));
	}

	private StoredSession describe(String sessionName, List<Object> reply) {
		Duration idle = Duration.ofMillis(Math.max(0, this.kept - (Long) reply.get(0)));
		long millis = (Long) reply.get(1);
		Duration age = (millis >= 0) ? Duration.ofMillis(millis) : null;
		String text = SessionFields.text(reply.get(2));
		String node = text.isEmpty() ? null : text;
		try {
			SessionRecord session = SessionFields.parse(sessionName, reply.subList(3, reply.size()));
			return new StoredSession(sessionName, session.initializeRequest(), session.protocolVersion(),
					session.owner(), session.server(), node, age, idle);
		}
		catch (RuntimeException ex) {
			// One that can't be read doesn't hide the others
			logger.debug("The record of a session can't be read", ex);
			return new StoredSession(sessionName, null, null, null, null, node, age, idle);
		}
	}

	private static Throwable unreadable(RuntimeException failure) {
		return (failure instanceof SessionStoreException) ? failure : new SessionStoreUnavailableException(
				"Redis holds something else than a session of this version", failure);
	}

	@Override
	public Mono<Revision> setLogLevel(String sessionName, String logLevel) {
		StreamKey.requireSessionName(sessionName);
		return change(sessionName, this.ttl, SessionFields.logLevel(), RedisKeys.text(logLevel));
	}

	@Override
	public Mono<Revision> setResuming(String sessionName) {
		StreamKey.requireSessionName(sessionName);
		return change(sessionName, this.ttl, SessionFields.resuming(), SessionFields.yes());
	}

	@Override
	public Mono<Revision> subscribe(String sessionName, String uri) {
		StreamKey.requireSessionName(sessionName);
		SubscriptionStore.requireUri(uri);
		Mono<Revision> undone = change(sessionName, this.ttl, SessionFields.subscription(uri))
			.flatMap((revision) -> Mono.error(new TooManySubscribedResourcesException()));
		return change(sessionName, this.ttl, SessionFields.subscription(uri), NOTHING)
			.flatMap((revision) -> index(sessionName, List.of(uri))
				.flatMap((refused) -> (refused == 0) ? Mono.just(revision) : undone));
	}

	@Override
	public Mono<Revision> unsubscribe(String sessionName, String uri) {
		StreamKey.requireSessionName(sessionName);
		SubscriptionStore.requireUri(uri);
		Mono<Void> unindexed = unindex(sessionName, List.of(uri));
		return change(sessionName, this.ttl, SessionFields.subscription(uri))
			.onErrorResume(SessionNotFoundException.class, (ex) -> unindexed.then(Mono.error(ex)))
			.flatMap((revision) -> unindexed.thenReturn(revision));
	}

	private Mono<Revision> change(String sessionName, byte[]... arguments) {
		return write(LuaScript.CHANGE_SESSION, 0, keys(keys().record(sessionName), keys().tombstone(sessionName)),
				arguments)
			.flatMap((reply) -> isCode(reply, 0) ? Mono.error(new SessionNotFoundException())
					: Mono.just(new Revision((Long) reply.get(1))));
	}

	/**
	 * Add a session to the subscribers of resources.
	 * @param sessionName the session
	 * @param uris the resources
	 * @return of how many it isn't a subscriber since there is no room for them
	 */
	private Mono<Long> index(String sessionName, List<String> uris) {
		return Flux.fromIterable(uris).buffer(URIS_PER_CALL).concatMap((batch) -> {
			List<byte[]> arguments = new ArrayList<>(List.of(this.indexTtl, RedisKeys.bytes(sessionName), MAX_URIS));
			batch.forEach((uri) -> arguments.add(RedisKeys.text(uri)));
			return write(LuaScript.ADD_SUBSCRIBER, 0, indexKeys(batch), arguments.toArray(byte[][]::new));
		}).map((reply) -> (Long) reply.get(0)).reduce(0L, Long::sum);
	}

	private Mono<Void> indexAgain(String sessionName, List<String> uris) {
		return index(sessionName, uris).doOnNext((refused) -> {
			if (refused != 0) {
				logger.debug("A session isn't told of updates of {} resources: too many have subscribers", refused);
			}
		}).then();
	}

	private Mono<Void> unindex(String sessionName, List<String> uris) {
		return Flux.fromIterable(uris).buffer(URIS_PER_CALL).concatMap((batch) -> {
			List<byte[]> arguments = new ArrayList<>(List.of(RedisKeys.bytes(sessionName)));
			batch.forEach((uri) -> arguments.add(RedisKeys.text(uri)));
			return write(LuaScript.REMOVE_SUBSCRIBER, 0, indexKeys(batch), arguments.toArray(byte[][]::new));
		}).then();
	}

	private byte[][] indexKeys(List<String> uris) {
		List<String> names = new ArrayList<>(List.of(keys().uris(), keys().uriExpiries()));
		uris.forEach((uri) -> names.add(keys().subscribers(uri)));
		return keys(names.toArray(String[]::new));
	}

	@Override
	public Mono<Set<String>> findSubscribers(String uri) {
		byte[][] keys = keys(keys().subscribers(uri));
		return findSubscribers(keys, RedisNode.number(0))
			.expand((found) -> (found.size() == 2 * SUBSCRIBERS_PER_CALL)
					? findSubscribers(keys, (byte[]) found.get(found.size() - 1)) : Mono.empty())
			.collect(LinkedHashSet::new, (sessionNames, found) -> {
				for (int i = 0; i + 1 < found.size(); i += 2) {
					sessionNames.add(SessionFields.text(found.get(i)));
				}
			});
	}

	private Mono<List<Object>> findSubscribers(byte[][] keys, byte[] after) {
		return read(LuaScript.FIND_SUBSCRIBERS, keys, after, RedisNode.number(SUBSCRIBERS_PER_CALL));
	}

	@Override
	public Mono<SubscribedUris> findSubscribedUris(long after) {
		return read(LuaScript.FIND_URIS, keys(keys().uris(), keys().uriExpiries()), RedisNode.number(after),
				RedisNode.number(URIS_PER_ANSWER))
			.map((reply) -> new SubscribedUris(texts(reply.subList(3, reply.size())), (Long) reply.get(0),
					Long.valueOf(1).equals(reply.get(1)), ((Long) reply.get(2)).intValue()));
	}

	@Override
	public Mono<Void> moveStandaloneCursor(String sessionName, EventId cursor, @Nullable EventId gone) {
		StreamKey.requireSessionName(sessionName);
		return write(LuaScript.MOVE_CURSOR, 0, keys(keys().record(sessionName)), RedisKeys.bytes(cursor.toString()),
				RedisKeys.bytes((gone != null) ? gone.toString() : ""))
			.then();
	}

	@Override
	public Mono<Void> renewSessions(Collection<String> sessionNames) {
		List<String> checked = List.copyOf(sessionNames);
		checked.forEach(StreamKey::requireSessionName);
		return Mono.defer(() -> {
			// One that can't be renewed keeps no other from that
			AtomicReference<@Nullable Throwable> first = new AtomicReference<>();
			Consumer<Throwable> failed = (ex) -> first.compareAndSet(null, ex);
			return Flux.fromIterable(checked)
				.flatMap((sessionName) -> renew(sessionName).doOnError(failed).onErrorComplete(), RENEWALS_UNDER_WAY, 1)
				.buffer(SESSIONS_PER_CALL)
				.concatMap((batch) -> keepCounted(batch).doOnError(failed).onErrorComplete())
				.then(Mono.defer(() -> Mono.justOrEmpty(first.get()).flatMap(Mono::error)));
		});
	}

	/**
	 * Put off the expiry of a session.
	 * @param sessionName the session
	 * @return the session if it is there, even if its subscriptions can't be indexed
	 */
	private Flux<String> renew(String sessionName) {
		return renewRecord(sessionName).flatMapMany((reply) -> Flux.just(sessionName)
			.concatWith(indexAgain(sessionName, texts(reply.subList(1, reply.size()))).then(Mono.empty())));
	}

	private Mono<List<Object>> renewRecord(String sessionName) {
		return write(LuaScript.RENEW_SESSION, 0, keys(keys().record(sessionName)), this.ttl, this.nodeId)
			.filter((reply) -> isCode(reply, 1));
	}

	private Mono<Void> keepCounted(List<String> sessionNames) {
		return keep(this.ttl, sessionNames).flatMapMany(Flux::fromIterable)
			.flatMapDelayError(this::countAgain, RENEWALS_UNDER_WAY, 1)
			.then();
	}

	/**
	 * Count a session that was there just now and isn't counted: the index has lost it,
	 * or it was deleted meanwhile. It is looked at after it is counted, since who deletes
	 * it counts it out last.
	 * @param sessionName the session
	 * @return when that is done
	 */
	private Mono<Void> countAgain(String sessionName) {
		Mono<Void> uncounted = keep(GONE, List.of(sessionName)).then();
		return admit(sessionName, NO_BOUND).filter((added) -> added)
			.flatMap((added) -> renewRecord(sessionName).hasElement()
				.onErrorResume((ex) -> uncounted.then(Mono.error(ex)))
				.flatMap((there) -> there ? Mono.empty() : uncounted));
	}

	@Override
	public Mono<Void> storeAnswer(String sessionName, String requestId, byte[] answer) {
		StreamKey.requireSessionName(sessionName);
		AnswerStore.requireRequestId(requestId);
		return write(LuaScript.STORE_ANSWER, answer.length,
				keys(keys().answers(sessionName), keys().tombstone(sessionName)), this.answerTtl,
				RedisKeys.bytes(requestId), answer, MAX_ANSWERS, MAX_ANSWER_BYTES)
			.flatMap((reply) -> switch (RedisNode.code(reply)) {
				case -1 -> Mono.error(new SessionAlreadyDeletedException());
				case -2 ->
					Mono.error(new SessionStoreUnavailableException("Too many answers of a session wait to be taken"));
				default -> Mono.empty();
			});
	}

	@Override
	public Mono<Map<String, byte[]>> findAnswers(String sessionName, Collection<String> requestIds) {
		StreamKey.requireSessionName(sessionName);
		byte[][] arguments = requestIds(requestIds);
		return read(LuaScript.FIND_ANSWERS, keys(keys().answers(sessionName)), arguments).map((found) -> {
			Map<String, byte[]> answers = new HashMap<>();
			for (int i = 0; i + 1 < found.size(); i += 2) {
				answers.put(SessionFields.text(found.get(i)), (byte[]) found.get(i + 1));
			}
			return answers;
		});
	}

	@Override
	public Mono<Void> removeAnswers(String sessionName, Collection<String> requestIds) {
		StreamKey.requireSessionName(sessionName);
		byte[][] arguments = requestIds(requestIds);
		return write(LuaScript.REMOVE_ANSWERS, 0, keys(keys().answers(sessionName)), arguments).then();
	}

	private static byte[][] requestIds(Collection<String> requestIds) {
		requestIds.forEach(AnswerStore::requireRequestId);
		return requestIds.stream().map(RedisKeys::bytes).toArray(byte[][]::new);
	}

	@Override
	public Mono<Void> deleteSession(String sessionName) {
		StreamKey.requireSessionName(sessionName);
		return write(LuaScript.DELETE_SESSION, 0,
				keys(keys().tombstone(sessionName), keys().record(sessionName), keys().answers(sessionName)),
				this.tombstoneTtl)
			// What is left in the index expires, and goes with the next update that finds
			// it
			.flatMap((uris) -> unindex(sessionName, texts(uris)).onErrorComplete()
				.then(keep(GONE, List.of(sessionName)).onErrorComplete())
				.then());
	}

	@Override
	public Duration timeToLive() {
		return this.timeToLive;
	}

	private Mono<List<Object>> write(LuaScript script, long bytes, byte[][] keys, byte[]... arguments) {
		return this.node.write(script, bytes, keys, arguments)
			.onErrorMap(EventStoreUnavailableException.class, RedisSessionStore::unavailable);
	}

	private Mono<List<Object>> read(LuaScript script, byte[][] keys, byte[]... arguments) {
		return this.node.read(script, keys, arguments)
			.onErrorMap(EventStoreUnavailableException.class, RedisSessionStore::unavailable);
	}

	// The connections are the event store's
	private static SessionStoreUnavailableException unavailable(EventStoreUnavailableException failure) {
		return new SessionStoreUnavailableException(String.valueOf(failure.getMessage()), failure.getCause());
	}

	private RedisKeys keys() {
		return this.node.keys();
	}

	private static byte[][] keys(String... keys) {
		byte[][] bytes = new byte[keys.length][];
		for (int i = 0; i < keys.length; i++) {
			bytes[i] = RedisKeys.bytes(keys[i]);
		}
		return bytes;
	}

	private static boolean isCode(List<Object> reply, long code) {
		return !reply.isEmpty() && reply.get(0).equals(code);
	}

	private static List<String> texts(List<Object> reply) {
		return reply.stream().map(SessionFields::text).collect(Collectors.toList());
	}

}

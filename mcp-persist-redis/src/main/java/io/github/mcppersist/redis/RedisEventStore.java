package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.SessionDeletedException;
import io.github.mcppersist.event.StreamConflictException;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.event.StreamNotFoundException;

/**
 * Keeps events in Redis 6.2 or later, or Valkey: one list for each stream, see
 * {@link RedisKeys} and {@link StreamHeader}.
 * <p>
 * A list's element is the tag of an event's ID and then its message. The tag proves a
 * cursor: it was drawn at random when the event was made, so that after a failover even
 * an equal message at the same place isn't taken for the event that a client has, as it
 * would be with a hash of the message.
 * <p>
 * "Stored" means by the primary. Each call is acknowledged within the store's own
 * {@linkplain Builder#timeout(Duration) time limit}, longer by a second for each 20 MB
 * that are on their way, or fails with {@link EventStoreUnavailableException}. While
 * Redis is out of reach, calls fail at once; that begins and ends with one line in the
 * log. The store recovers by itself, and starts without Redis.
 * <p>
 * With Lettuce the store opens connections of its own from the native client of the
 * application's connection factory. Other drivers are called by a few threads.
 */
public final class RedisEventStore implements EventStore, AutoCloseable {

	private static final Logger logger = LoggerFactory.getLogger(RedisEventStore.class);

	private static final char[] NODE_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		.toCharArray();

	private static final StreamBounds.Written OPENED = new StreamBounds.Written(true, false, true);

	private static final byte[] NO_TTL = { '0' };

	private static final byte[] NOTHING = {};

	private static final long POLL_INTERVAL_MS = 2000;

	private static final long EXPIRY_INTERVAL_MS = 10_000;

	private static final int RENEW_BATCH = 100;

	private static final int RENEWALS_UNDER_WAY = 16;

	private final RedisKeys keys;

	/**
	 * This store object, as the owner of streams and as the node of readers.
	 */
	private final String node = randomNode();

	private final byte[] nodeBytes = RedisKeys.bytes(this.node);

	private final byte[] channel;

	private final Duration timeToLive;

	private final byte[] ttl;

	private final byte[] doubleTtl;

	private final byte[] completedTtl;

	private final byte[] tombstoneTtl;

	private final ScheduledExecutorService scheduler;

	private final RedisLink link;

	private final RedisCalls calls;

	private final StreamBounds bounds;

	private final StreamWatches watches = new StreamWatches();

	private final StreamReader reader;

	private final AtomicBoolean closed = new AtomicBoolean();

	private RedisEventStore(Builder builder) {
		this.keys = new RedisKeys(builder.keyPrefix);
		this.channel = RedisKeys.bytes(this.keys.channel(this.node));
		this.timeToLive = builder.timeToLive;
		long ttlMillis = builder.timeToLive.toMillis();
		// Longer by as long as an append may leave it as it is
		this.ttl = number(ttlMillis + ttlMillis / StreamBounds.RENEWALS);
		// The index outlives a stream that was written to just before its owner died.
		this.doubleTtl = number(2 * ttlMillis);
		this.completedTtl = number(builder.completedTimeToLive.toMillis());
		this.tombstoneTtl = number(2 * ttlMillis + builder.completedTimeToLive.toMillis());
		this.bounds = new StreamBounds(builder.maxEventsPerStream, builder.maxBytesPerStream,
				builder.maxBytesPerSession, builder.timeToLive.toNanos(), builder.completedTimeToLive.toNanos());
		this.scheduler = Executors.newSingleThreadScheduledExecutor(DaemonThreads.named("mcp-persist-redis"));
		this.link = RedisLinks.of(builder.connectionFactory);
		this.calls = new RedisCalls(this.link, this.scheduler, builder.timeout.toNanos());
		this.reader = new StreamReader(this.calls, this.keys);
		this.link.start(this.keys.channel(this.node), new HintSubscriber());
		this.scheduler.scheduleWithFixedDelay(this.watches::hintAll, POLL_INTERVAL_MS, POLL_INTERVAL_MS,
				TimeUnit.MILLISECONDS);
		this.scheduler.scheduleWithFixedDelay(this.bounds::expire, EXPIRY_INTERVAL_MS, EXPIRY_INTERVAL_MS,
				TimeUnit.MILLISECONDS);
	}

	/**
	 * Start to build a store.
	 * @param connectionFactory the application's connections; the store never closes it
	 * @return a builder
	 */
	public static Builder builder(RedisConnectionFactory connectionFactory) {
		return new Builder(connectionFactory);
	}

	@Override
	public Mono<Void> openStream(StreamKey stream, @Nullable String requestId, List<Event> events) {
		List<Event> checked = check(stream, events);
		return Mono.create((sink) -> open(stream, requestId, checked, sink));
	}

	private void open(StreamKey stream, @Nullable String requestId, List<Event> events, MonoSink<Void> sink) {
		List<String> finished = this.bounds.takeFinished(stream.sessionId());
		byte[][] elements = new byte[events.size()][];
		long bytes = toElements(events, elements, 0);
		StreamHeader header = new StreamHeader(false, events.get(0).id().sequence() - 1, this.node,
				StreamHeader.NO_NODE, largest(elements, 0), requestId);
		byte[][] arguments = new byte[5 + finished.size() + elements.length][];
		arguments[0] = this.ttl;
		arguments[1] = this.doubleTtl;
		arguments[2] = header.toBytes();
		arguments[3] = RedisKeys.bytes(stream.streamId());
		arguments[4] = number(finished.size());
		for (int i = 0; i < finished.size(); i++) {
			arguments[5 + i] = RedisKeys.bytes(finished.get(i));
		}
		System.arraycopy(elements, 0, arguments, 5 + finished.size(), elements.length);
		byte[][] keys = { RedisKeys.bytes(this.keys.stream(stream)),
				RedisKeys.bytes(this.keys.tombstone(stream.sessionId())),
				RedisKeys.bytes(this.keys.runningStreams(stream.sessionId())) };
		this.<List<Object>>write(bytes, (link, withBody) -> link.eval(LuaScript.OPEN, withBody, keys, arguments),
				(reply, failure) -> {
					if (reply == null) {
						this.bounds.putBackFinished(stream.sessionId(), finished);
						sink.error(failed(failure));
						return;
					}
					switch (code(reply)) {
						case 1 -> stored(stream, events, OPENED, sink);
						case -1 -> sink.error(new SessionDeletedException());
						default -> sink.error(conflict(stream, reply));
					}
				});
	}

	@Override
	public Mono<Void> storeEvents(StreamKey stream, List<Event> events) {
		List<Event> checked = check(stream, events);
		return Mono.create((sink) -> append(stream, checked, false, sink));
	}

	@Override
	public Mono<Void> completeStream(StreamKey stream, List<Event> events) {
		List<Event> checked = check(stream, events);
		return Mono.create((sink) -> append(stream, checked, true, sink));
	}

	private void append(StreamKey stream, List<Event> events, boolean complete, MonoSink<Void> sink) {
		int first = 4;
		byte[][] arguments = new byte[first + events.size()][];
		long bytes = toElements(events, arguments, first);
		int largest = largest(arguments, first);
		StreamBounds.Upkeep upkeep = this.bounds.upkeep(stream, largest);
		arguments[0] = number(events.get(0).id().sequence());
		arguments[1] = complete ? this.completedTtl : upkeep.renewal() ? this.ttl : NO_TTL;
		arguments[2] = upkeep.growth() ? StreamHeader.elementSize(largest) : NOTHING;
		arguments[3] = this.channel;
		byte[][] keys = { RedisKeys.bytes(this.keys.stream(stream)) };
		LuaScript script = complete ? LuaScript.COMPLETE : LuaScript.APPEND;
		StreamBounds.Written written = new StreamBounds.Written(false, complete, upkeep.renewal());
		this.<List<Object>>write(bytes, (link, withBody) -> link.eval(script, withBody, keys, arguments),
				(reply, failure) -> {
					if (reply == null) {
						sink.error(failed(failure));
						return;
					}
					switch (code(reply)) {
						case 1 -> stored(stream, events, written, sink);
						case 0 -> sink.error(new StreamNotFoundException(stream));
						default -> storedBefore(stream, events, complete, reply, sink);
					}
				});
	}

	// The stream isn't where the events belong. If that is because they are there
	// already, this call is one that was sent twice, and it is done.
	private void storedBefore(StreamKey stream, List<Event> events, boolean complete, List<Object> reply,
			MonoSink<Void> sink) {
		StreamConflictException conflict = conflict(stream, reply);
		long base = (Long) reply.get(3);
		long first = Math.max(events.get(0).id().sequence(), base + 1);
		long last = events.get(events.size() - 1).id().sequence();
		boolean possible = (complete ? conflict.isComplete() && last == conflict.nextSequence() - 1
				: last < conflict.nextSequence()) && first <= last;
		if (!possible) {
			sink.error(conflict);
			return;
		}
		List<Event> expected = events.subList(events.size() - (int) (last - first + 1), events.size());
		this.reader.holds(stream, base, expected, (holds, failure) -> {
			if (holds == null) {
				sink.error(failed(failure));
			}
			else if (holds) {
				stored(stream, events, new StreamBounds.Written(false, complete, false), sink);
			}
			else {
				sink.error(conflict);
			}
		});
	}

	private void stored(StreamKey stream, List<Event> events, StreamBounds.Written written, MonoSink<Void> sink) {
		for (StreamBounds.Excess excess : this.bounds.stored(stream, events, written)) {
			drop(excess);
		}
		this.watches.hint(this.keys.stream(stream));
		sink.success();
	}

	private void drop(StreamBounds.Excess excess) {
		byte[][] keys = { RedisKeys.bytes(this.keys.stream(excess.stream())) };
		if (excess.firstToKeep() == 0) {
			this.<Long>write(0, (link, withBody) -> link.unlink(keys), (reply, failure) -> {
			});
			return;
		}
		byte[][] arguments = { number(excess.firstToKeep()) };
		// If it fails, the next one drops these events as well.
		this.<List<Object>>write(0, (link, withBody) -> link.eval(LuaScript.TRIM, withBody, keys, arguments),
				(reply, failure) -> {
				});
	}

	@Override
	public Mono<EventPage> replayEventsAfter(StreamKey stream, @Nullable EventId lastEventId, int maxBytes) {
		if (maxBytes < 1) {
			throw new IllegalArgumentException("maxBytes must be at least 1, not " + maxBytes);
		}
		if (lastEventId != null && !lastEventId.streamId().equals(stream.streamId())) {
			return Mono.error(EventNotFoundException::new);
		}
		return Mono.create((sink) -> this.reader.read(stream, lastEventId, maxBytes, sink));
	}

	@Override
	public Flux<StreamKey> watch(StreamKey stream) {
		return Flux.create((sink) -> watch(stream, sink), FluxSink.OverflowStrategy.LATEST);
	}

	private void watch(StreamKey stream, FluxSink<StreamKey> sink) {
		String key = this.keys.stream(stream);
		sink.onDispose(() -> this.watches.remove(key, sink));
		this.watches.add(key, stream, sink);
		if (this.closed.get()) {
			sink.error(new EventStoreUnavailableException("The event store is closed"));
			return;
		}
		markReader(key, true, () -> sink.next(stream));
	}

	// Tell those who write to a stream on other nodes where its reader is, or that there
	// is none. If that fails, the reader is slower, not wrong: it is woken from time to
	// time anyway.
	private void markReader(String key, boolean mark, Runnable then) {
		byte[][] keys = { RedisKeys.bytes(key) };
		byte[][] arguments = { this.nodeBytes, number(mark ? 1 : 0) };
		this.<List<Object>>write(0, (link, withBody) -> link.eval(LuaScript.MARK_READER, withBody, keys, arguments),
				(reply, failure) -> then.run());
	}

	@Override
	public Mono<Void> renewStreams(Collection<StreamKey> streams) {
		Map<String, List<StreamKey>> sessions = new HashMap<>();
		for (StreamKey stream : streams) {
			sessions.computeIfAbsent(stream.sessionId(), (id) -> new ArrayList<>()).add(stream);
		}
		List<Mono<Void>> renewals = new ArrayList<>();
		sessions.forEach((sessionId, ofSession) -> {
			for (int i = 0; i < ofSession.size(); i += RENEW_BATCH) {
				List<StreamKey> batch = ofSession.subList(i, Math.min(i + RENEW_BATCH, ofSession.size()));
				renewals.add(Mono.create((sink) -> renew(sessionId, batch, sink)));
			}
		});
		return Flux.fromIterable(renewals).flatMapDelayError((renewal) -> renewal, RENEWALS_UNDER_WAY, 1).then();
	}

	private void renew(String sessionId, List<StreamKey> streams, MonoSink<Void> sink) {
		byte[][] keys = new byte[1 + streams.size()][];
		keys[0] = RedisKeys.bytes(this.keys.runningStreams(sessionId));
		for (int i = 0; i < streams.size(); i++) {
			keys[i + 1] = RedisKeys.bytes(this.keys.stream(streams.get(i)));
		}
		byte[][] arguments = { this.ttl, this.doubleTtl };
		this.<List<Object>>write(0, (link, withBody) -> link.eval(LuaScript.RENEW, withBody, keys, arguments),
				(reply, failure) -> {
					if (reply == null) {
						sink.error(failed(failure));
						return;
					}
					streams.forEach(this.bounds::renewed);
					sink.success();
				});
	}

	@Override
	public Duration timeToLive() {
		return this.timeToLive;
	}

	@Override
	public Mono<Void> deleteSession(String sessionId) {
		if (!StreamKey.isSessionId(sessionId)) {
			throw new IllegalArgumentException("Not a session ID");
		}
		return Mono.create((sink) -> delete(sessionId, sink));
	}

	private void delete(String sessionId, MonoSink<Void> sink) {
		byte[] running = RedisKeys.bytes(this.keys.runningStreams(sessionId));
		byte[][] keys = { RedisKeys.bytes(this.keys.tombstone(sessionId)), running };
		byte[][] arguments = { this.tombstoneTtl };
		this.<List<Object>>write(0, (link, withBody) -> link.eval(LuaScript.DELETE, withBody, keys, arguments),
				(streamIds, failure) -> {
					if (streamIds == null) {
						sink.error(failed(failure));
						return;
					}
					byte[][] unlinked = new byte[streamIds.size() + 1][];
					for (int i = 0; i < streamIds.size(); i++) {
						String streamId = new String((byte[]) streamIds.get(i), StandardCharsets.ISO_8859_1);
						unlinked[i] = RedisKeys.bytes(this.keys.stream(new StreamKey(sessionId, streamId)));
					}
					unlinked[streamIds.size()] = running;
					unlink(sessionId, unlinked, sink);
				});
	}

	private void unlink(String sessionId, byte[][] keys, MonoSink<Void> sink) {
		this.<Long>write(0, (link, withBody) -> link.unlink(keys), (reply, failure) -> {
			if (reply == null) {
				sink.error(failed(failure));
				return;
			}
			this.bounds.deleted(sessionId);
			this.watches.hintAll();
			sink.success();
		});
	}

	/**
	 * Stop the store's threads and close its own connections. Calls under way fail.
	 */
	@Override
	public void close() {
		if (!this.closed.compareAndSet(false, true)) {
			return;
		}
		this.scheduler.shutdownNow();
		this.calls.close();
		this.watches.fail(new EventStoreUnavailableException("The event store is closed"));
		this.link.close();
		logger.debug("Closed");
	}

	private <T> void write(long bytes, RedisCalls.Command<T> command,
			BiConsumer<@Nullable T, @Nullable Throwable> callback) {
		this.calls.write(bytes, command, callback);
	}

	private static List<Event> check(StreamKey stream, List<Event> events) {
		List<Event> copy = List.copyOf(events);
		if (copy.isEmpty()) {
			throw new IllegalArgumentException("There must be at least one event");
		}
		long sequence = copy.get(0).id().sequence();
		for (Event event : copy) {
			if (!event.id().streamId().equals(stream.streamId()) || event.id().sequence() != sequence) {
				throw new IllegalArgumentException(
						"Event " + event.id() + " isn't number " + sequence + " of stream " + stream.streamId());
			}
			sequence++;
		}
		return copy;
	}

	private static long toElements(List<Event> events, byte[][] target, int first) {
		long bytes = 0;
		for (int i = 0; i < events.size(); i++) {
			byte[] element = StreamElement.of(events.get(i));
			target[first + i] = element;
			bytes += element.length;
		}
		return bytes;
	}

	private static int largest(byte[][] elements, int first) {
		int largest = 0;
		for (int i = first; i < elements.length; i++) {
			largest = Math.max(largest, elements[i].length);
		}
		return largest;
	}

	private static int code(List<Object> reply) {
		return ((Long) reply.get(0)).intValue();
	}

	private static StreamConflictException conflict(StreamKey stream, List<Object> reply) {
		return new StreamConflictException(stream, (Long) reply.get(1), (Long) reply.get(2) == 1);
	}

	private static Throwable failed(@Nullable Throwable failure) {
		return (failure != null) ? failure : new EventStoreUnavailableException("Redis gave no answer");
	}

	private static byte[] number(long number) {
		return RedisKeys.bytes(Long.toString(number));
	}

	private static String randomNode() {
		SecureRandom random = new SecureRandom();
		char[] node = new char[StreamHeader.NO_NODE.length()];
		for (int i = 0; i < node.length; i++) {
			node[i] = NODE_ALPHABET[random.nextInt(NODE_ALPHABET.length)];
		}
		return new String(node);
	}

	private final class HintSubscriber implements RedisLink.Subscriber {

		@Override
		public void subscribed() {
			// What was published in between is lost, and so may be the marks.
			StreamWatches watches = RedisEventStore.this.watches;
			watches.forEach((key) -> markReader(key, true, () -> watches.hint(key)));
		}

		@Override
		public void published(String key) {
			if (!RedisEventStore.this.watches.hint(key)) {
				markReader(key, false, () -> {
				});
			}
		}

	}

	/**
	 * Builds a {@link RedisEventStore}.
	 */
	public static final class Builder {

		private final RedisConnectionFactory connectionFactory;

		private String keyPrefix = "mcp";

		private Duration timeToLive = Duration.ofHours(1);

		private Duration completedTimeToLive = Duration.ofMinutes(5);

		private Duration timeout = Duration.ofMillis(500);

		private int maxEventsPerStream = 100_000;

		private long maxBytesPerStream = 64 << 20;

		private long maxBytesPerSession = 256 << 20;

		private Builder(RedisConnectionFactory connectionFactory) {
			this.connectionFactory = connectionFactory;
		}

		/**
		 * Set what all keys begin with. Servers that share a Redis and not their sessions
		 * use different prefixes. Default {@code mcp}.
		 * @param keyPrefix 1 to 64 printable ASCII characters without spaces and braces
		 * @return this builder
		 */
		public Builder keyPrefix(String keyPrefix) {
			this.keyPrefix = keyPrefix;
			return this;
		}

		/**
		 * Set how long a running stream is kept without being written or renewed. Default
		 * one hour.
		 * @param timeToLive at least one second
		 * @return this builder
		 */
		public Builder timeToLive(Duration timeToLive) {
			this.timeToLive = checkTimeToLive("timeToLive", timeToLive);
			return this;
		}

		/**
		 * Set how long a complete stream is kept for clients that come back. Default five
		 * minutes.
		 * @param completedTimeToLive at least one millisecond
		 * @return this builder
		 */
		public Builder completedTimeToLive(Duration completedTimeToLive) {
			this.completedTimeToLive = checkTimeToLive("completedTimeToLive", completedTimeToLive);
			return this;
		}

		/**
		 * Set how long a call may stay unacknowledged, besides the time that its bytes
		 * take. Default 500 milliseconds.
		 * @param timeout a positive duration
		 * @return this builder
		 */
		public Builder timeout(Duration timeout) {
			this.timeout = checkTimeToLive("timeout", timeout);
			return this;
		}

		/**
		 * Set how many events of a stream are kept. Default 100,000.
		 * @param maxEventsPerStream at least 1
		 * @return this builder
		 */
		public Builder maxEventsPerStream(int maxEventsPerStream) {
			this.maxEventsPerStream = (int) checkBound("maxEventsPerStream", maxEventsPerStream);
			return this;
		}

		/**
		 * Set how many bytes of a stream are kept, its newest event in any case. Default
		 * 64 MB.
		 * @param maxBytesPerStream at least 1
		 * @return this builder
		 */
		public Builder maxBytesPerStream(long maxBytesPerStream) {
			this.maxBytesPerStream = checkBound("maxBytesPerStream", maxBytesPerStream);
			return this;
		}

		/**
		 * Set how many bytes are kept of those streams of a session that one node writes,
		 * the newest event of each running stream in any case. Default 256 MB.
		 * @param maxBytesPerSession at least 1
		 * @return this builder
		 */
		public Builder maxBytesPerSession(long maxBytesPerSession) {
			this.maxBytesPerSession = checkBound("maxBytesPerSession", maxBytesPerSession);
			return this;
		}

		/**
		 * Build the store. It begins to connect in the background.
		 * @return a new store, to be closed by the caller
		 */
		public RedisEventStore build() {
			return new RedisEventStore(this);
		}

		private static Duration checkTimeToLive(String name, Duration duration) {
			if (duration.toMillis() < 1 || duration.toDays() > 3650) {
				throw new IllegalArgumentException(
						name + " must be at least one millisecond and at most ten years, not " + duration);
			}
			return duration;
		}

		private static long checkBound(String name, long bound) {
			if (bound < 1) {
				throw new IllegalArgumentException(name + " must be at least 1, not " + bound);
			}
			return bound;
		}

	}

}

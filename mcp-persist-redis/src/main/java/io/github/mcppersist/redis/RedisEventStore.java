package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.MonitoredEventStore;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.StoreOutage;
import io.github.mcppersist.event.StoredStream;
import io.github.mcppersist.event.StreamKey;

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
public final class RedisEventStore implements MonitoredEventStore, AutoCloseable {

	private static final Duration EXPIRY_INTERVAL = Duration.ofSeconds(10);

	private static final int DELETE_BATCH = 1000;

	private static final int FINDS_UNDER_WAY = 16;

	private static final int MAX_FOUND = 1000;

	private final RedisNode node;

	private final Duration timeToLive;

	private final Duration completedTimeToLive;

	private final StreamRenewal renewal;

	private final StreamTtls ttls;

	private final StreamBounds bounds;

	private final StreamWatches watches;

	private final TaskWatches taskWatches;

	private final StreamReader reader;

	private final StreamWriter writer;

	private RedisEventStore(Builder builder) {
		this.timeToLive = builder.timeToLive;
		this.completedTimeToLive = builder.completedTimeToLive;
		this.ttls = StreamTtls.of(builder.timeToLive, builder.completedTimeToLive);
		this.node = new RedisNode(builder.connectionFactory,
				new RedisKeys(builder.keyPrefix, RedisAddress.database(builder.connectionFactory)), builder.timeout,
				builder.echoInterval);
		this.bounds = new StreamBounds(builder.maxEventsPerStream, builder.maxBytesPerStream,
				builder.maxBytesPerSession, builder.timeToLive.toNanos(), builder.completedTimeToLive.toNanos(),
				builder.nanoTime);
		this.watches = new StreamWatches(this.node);
		this.taskWatches = new TaskWatches(this.node);
		this.renewal = new StreamRenewal(this.node, this.bounds, this.ttls);
		this.reader = new StreamReader(this.node, this.watches, this.renewal);
		this.writer = new StreamWriter(this.node, this.bounds, this.reader, this.watches, this.renewal, this.ttls);
		this.node.every(EXPIRY_INTERVAL, this.bounds::expire);
		this.node.every(builder.echoInterval, this.watches::markUnmarked);
		this.node.every(builder.echoInterval, this.taskWatches::markUnmarked);
		this.node.listen(this.watches);
		this.node.listen(this.taskWatches);
		this.node.start();
	}

	/**
	 * Start to build a store.
	 * @param connectionFactory the application's connections; the store never closes it
	 * @return a builder
	 */
	public static Builder builder(RedisConnectionFactory connectionFactory) {
		return new Builder(connectionFactory);
	}

	/**
	 * Return where Redis is, for people: hosts and ports, and never credentials.
	 * @return such as {@code localhost:6379}
	 */
	public String address() {
		return this.node.address();
	}

	/**
	 * Return the first part of every key.
	 * @return the key prefix
	 */
	public String keyPrefix() {
		return this.node.keys().prefix();
	}

	@Override
	public Mono<Revision> openStream(StreamKey stream, @Nullable RequestIds requestIds, List<Event> events) {
		List<Event> batch = Event.requireBatch(stream, events);
		return Mono.create((sink) -> this.writer.open(stream, requestIds, batch, sink));
	}

	@Override
	public Mono<Void> storeEvents(StreamKey stream, List<Event> events) {
		List<Event> batch = Event.requireBatch(stream, events);
		return Mono.create((sink) -> this.writer.append(stream, batch, false, sink));
	}

	@Override
	public Mono<Void> completeStream(StreamKey stream, List<Event> events) {
		List<Event> batch = Event.requireBatch(stream, events);
		return Mono.create((sink) -> this.writer.append(stream, batch, true, sink));
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
	public Flux<Hint> watch(StreamKey stream) {
		return this.watches.watch(stream);
	}

	@Override
	public Mono<Void> renewStreams(Collection<StreamKey> streams) {
		List<StreamKey> all = List.copyOf(streams);
		return Mono.defer(() -> this.renewal.renew(all));
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
		return Mono.create((sink) -> delete(sessionName, List.of(), sink));
	}

	/**
	 * Set the tombstone and unlink streams, as often as there are any. From the first
	 * time on none can be opened, so there is an end to it.
	 * @param sessionName the session
	 * @param unlinked the IDs of streams that have been unlinked, and are to leave the
	 * index
	 * @param sink is told when it is done
	 */
	private void delete(String sessionName, List<Object> unlinked, MonoSink<Void> sink) {
		byte[] index = RedisKeys.bytes(this.node.keys().streams(sessionName));
		byte[][] keys = { RedisKeys.bytes(this.node.keys().tombstone(sessionName)), index };
		byte[][] arguments = new byte[2 + unlinked.size()][];
		arguments[0] = RedisNode.number(this.ttls.tombstone());
		arguments[1] = RedisNode.number(DELETE_BATCH);
		for (int i = 0; i < unlinked.size(); i++) {
			arguments[2 + i] = (byte[]) unlinked.get(i);
		}
		this.node.write(LuaScript.DELETE, 0, keys, arguments, (streamIds, failure) -> {
			if (streamIds == null) {
				sink.error(RedisNode.failed(failure));
				return;
			}
			boolean last = streamIds.size() < DELETE_BATCH;
			byte[][] streams = new byte[streamIds.size() + (last ? 1 : 0)][];
			for (int i = 0; i < streamIds.size(); i++) {
				streams[i] = RedisKeys
					.bytes(this.node.keys().stream(new StreamKey(sessionName, text(streamIds.get(i)))));
			}
			if (last) {
				streams[streamIds.size()] = index;
			}
			unlink(streams, sink, () -> {
				if (last) {
					deleted(sessionName, sink);
				}
				else {
					delete(sessionName, streamIds, sink);
				}
			});
		});
	}

	private void unlink(byte[][] keys, MonoSink<Void> sink, Runnable then) {
		this.node.<Long>call(Operation.UNLINK, keys[0], 0, (link, withBody) -> link.unlink(keys), (reply, failure) -> {
			if (reply == null) {
				sink.error(RedisNode.failed(failure));
			}
			else {
				then.run();
			}
		});
	}

	private void deleted(String sessionName, MonoSink<Void> sink) {
		this.bounds.deleted(sessionName);
		this.watches.deleted(sessionName);
		sink.success();
	}

	private static String text(Object streamId) {
		return new String((byte[]) streamId, StandardCharsets.ISO_8859_1);
	}

	@Override
	public @Nullable StoreOutage outage() {
		return this.node.outage();
	}

	@Override
	public Mono<List<StoredStream>> findStreams(String sessionName) {
		StreamKey.requireSessionName(sessionName);
		byte[][] index = { RedisKeys.bytes(this.node.keys().streams(sessionName)) };
		return this.node.read(LuaScript.LIST_STREAMS, index, RedisNode.number(MAX_FOUND))
			.flatMapIterable((streamIds) -> streamIds)
			.map((streamId) -> new StreamKey(sessionName, text(streamId)))
			.flatMapSequential(this.reader::describe, FINDS_UNDER_WAY)
			// The index hears of a completion with the next stream that is opened
			.collectSortedList(Comparator.comparing(StoredStream::complete));
	}

	/**
	 * Return the ID under which this store opens and watches streams. A
	 * {@link io.github.mcppersist.node.NodeRegistry} beside it must have the same.
	 * @return 11 characters out of {@code A-Z a-z 0-9}
	 */
	public String nodeId() {
		return this.node.id();
	}

	RedisNode node() {
		return this.node;
	}

	TaskWatches taskWatches() {
		return this.taskWatches;
	}

	StreamTtls ttls() {
		return this.ttls;
	}

	/**
	 * Stop the store's threads and close its own connections. Calls under way fail.
	 */
	@Override
	public void close() {
		this.node.close();
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

		private Duration echoInterval = Duration.ofSeconds(3);

		private LongSupplier nanoTime = System::nanoTime;

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
		 * @param timeToLive at least one millisecond
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
		 * Set how often the store checks its subscription.
		 * @param echoInterval the time from one check to the next
		 * @return this builder
		 */
		Builder echoInterval(Duration echoInterval) {
			this.echoInterval = echoInterval;
			return this;
		}

		/**
		 * Set the clock by which the store puts off the expiry of what it writes.
		 * @param nanoTime in the manner of {@link System#nanoTime()}
		 * @return this builder
		 */
		Builder nanoTime(LongSupplier nanoTime) {
			this.nanoTime = nanoTime;
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

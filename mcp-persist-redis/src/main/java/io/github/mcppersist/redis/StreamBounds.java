package io.github.mcppersist.redis;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.StreamKey;

/**
 * Counts what this node wrote, stream by stream and session by session, and says what has
 * to go: the oldest events of a stream that has too many, and for a session its oldest
 * complete streams first. Streams are counted in a few chunks, so that trimming is rare.
 */
final class StreamBounds {

	private static final int CHUNKS = 16;

	private static final long MAX_CHUNK_BYTES = 64 * 1024;

	private static final int MAX_FINISHED = 256;

	/**
	 * How many times within its time to live the expiry of a stream that is written to is
	 * put off: each costs a tenth of an append.
	 */
	static final int RENEWALS = 8;

	private final int maxEventsPerStream;

	private final long maxBytesPerStream;

	private final long maxBytesPerSession;

	private final long runningNanos;

	private final long completeNanos;

	private final Map<String, Session> sessions = new ConcurrentHashMap<>();

	private final LongSupplier nanoTime;

	StreamBounds(int maxEventsPerStream, long maxBytesPerStream, long maxBytesPerSession, long runningNanos,
			long completeNanos, LongSupplier nanoTime) {
		this.nanoTime = nanoTime;
		this.maxEventsPerStream = maxEventsPerStream;
		this.maxBytesPerStream = maxBytesPerStream;
		this.maxBytesPerSession = maxBytesPerSession;
		this.runningNanos = runningNanos;
		this.completeNanos = completeNanos;
	}

	/**
	 * Count events that were stored.
	 * @param stream the stream
	 * @param events the events
	 * @param written how they were stored
	 * @return what has to go
	 */
	List<Excess> stored(StreamKey stream, List<Event> events, Written written) {
		List<Excess> excess = new ArrayList<>(0);
		this.sessions.compute(stream.sessionName(), (id, known) -> {
			Session session = (known != null) ? known : new Session();
			session.store(stream, events, written, excess);
			return session;
		});
		return excess;
	}

	/**
	 * Say what has to be kept up beside storing events. What this node doesn't know is
	 * kept up each time.
	 * @param stream the stream
	 * @param largest the size of the largest element that is about to be stored
	 * @return what the call has to do
	 */
	Upkeep upkeep(StreamKey stream, int largest) {
		Upkeep[] upkeep = { Upkeep.ALL };
		this.sessions.computeIfPresent(stream.sessionName(), (id, session) -> {
			Stream usage = session.find(stream.streamId());
			if (usage != null) {
				upkeep[0] = usage.upkeep(largest);
			}
			return session;
		});
		return upkeep[0];
	}

	/**
	 * Note that a stream is kept for longer.
	 * @param stream the stream
	 * @param complete whether it is complete
	 */
	void renewed(StreamKey stream, boolean complete) {
		this.sessions.computeIfPresent(stream.sessionName(), (id, session) -> {
			Stream usage = complete ? session.completed.remove(stream.streamId())
					: session.running.get(stream.streamId());
			if (usage != null) {
				usage.renew(true);
			}
			if (usage != null && complete) {
				session.completed.put(stream.streamId(), usage);
			}
			return session;
		});
	}

	/**
	 * Return the IDs of streams that have completed since the last call, at most a few.
	 * @param sessionName the session of the streams
	 * @return the stream IDs
	 */
	List<String> takeFinished(String sessionName) {
		List<String> finished = new ArrayList<>(0);
		this.sessions.computeIfPresent(sessionName, (id, session) -> {
			finished.addAll(session.finished);
			session.finished.clear();
			return session;
		});
		return finished;
	}

	void putBackFinished(String sessionName, List<String> finished) {
		this.sessions.computeIfPresent(sessionName, (id, session) -> {
			finished.forEach(session::finish);
			return session;
		});
	}

	void deleted(String sessionName) {
		this.sessions.remove(sessionName);
	}

	/**
	 * Forget streams that have expired.
	 */
	void expire() {
		long now = this.nanoTime.getAsLong();
		for (String sessionName : this.sessions.keySet()) {
			this.sessions.computeIfPresent(sessionName, (id, session) -> session.expire(now) ? null : session);
		}
	}

	/**
	 * What a call does beside storing events.
	 *
	 * @param renewal whether it puts off the stream's expiry
	 * @param growth whether it raises the size of the stream's largest element
	 */
	record Upkeep(boolean renewal, boolean growth) {

		private static final Upkeep ALL = new Upkeep(true, true);

	}

	/**
	 * How events were stored.
	 *
	 * @param opened whether they are the stream's only events
	 * @param complete whether they are the stream's last events
	 * @param renewed whether the stream's expiry was put off
	 */
	record Written(boolean opened, boolean complete, boolean renewed) {
	}

	/**
	 * What has to go.
	 *
	 * @param stream the stream to trim
	 * @param firstToKeep the sequence of its first event to keep, or 0 if the whole
	 * stream has to go
	 */
	record Excess(StreamKey stream, long firstToKeep) {
	}

	private final class Session {

		private final Map<String, Stream> running = new LinkedHashMap<>(4);

		/**
		 * In the order in which they completed, which is that in which they expire: there
		 * may be very many, and looking for the few that have expired must not take long.
		 */
		private final Map<String, Stream> completed = new LinkedHashMap<>(4);

		private final Queue<String> finished = new ArrayDeque<>(2);

		private long bytes;

		void store(StreamKey stream, List<Event> events, Written written, List<Excess> excess) {
			Stream usage = place(stream.streamId(), written);
			for (Event event : events) {
				usage.add(event);
				this.bytes += size(event);
			}
			usage.complete = written.complete();
			usage.renew(written.renewed());
			if (written.complete()) {
				finish(stream.streamId());
			}
			boolean trimmed = false;
			while (usage.isTooLarge() && dropOldest(usage)) {
				trimmed = true;
			}
			if (trimmed) {
				excess.add(new Excess(stream, usage.head().first));
			}
			if (this.bytes > StreamBounds.this.maxBytesPerSession) {
				shrink(stream, excess);
			}
		}

		@Nullable Stream find(String streamId) {
			Stream stream = this.running.get(streamId);
			return (stream != null) ? stream : this.completed.get(streamId);
		}

		private Stream place(String streamId, Written written) {
			Stream known = find(streamId);
			if (known == null || written.opened()) {
				this.bytes -= (known != null) ? known.bytes : 0;
				this.running.remove(streamId);
				known = new Stream();
			}
			this.completed.remove(streamId);
			if (written.complete()) {
				this.running.remove(streamId);
				this.completed.put(streamId, known);
			}
			else {
				this.running.putIfAbsent(streamId, known);
			}
			return known;
		}

		private void finish(String streamId) {
			if (this.finished.size() < MAX_FINISHED) {
				this.finished.add(streamId);
			}
		}

		private void shrink(StreamKey current, List<Excess> excess) {
			Iterator<Map.Entry<String, Stream>> oldest = this.completed.entrySet().iterator();
			while (this.bytes > StreamBounds.this.maxBytesPerSession && oldest.hasNext()) {
				Map.Entry<String, Stream> entry = oldest.next();
				if (!entry.getKey().equals(current.streamId())) {
					this.bytes -= entry.getValue().bytes;
					excess.add(new Excess(new StreamKey(current.sessionName(), entry.getKey()), 0));
					oldest.remove();
				}
			}
			shrink(this.running, current, excess);
			// Of these, none but the current one is left
			shrink(this.completed, current, excess);
		}

		private void shrink(Map<String, Stream> streams, StreamKey current, List<Excess> excess) {
			if (this.bytes <= StreamBounds.this.maxBytesPerSession) {
				return;
			}
			for (Map.Entry<String, Stream> entry : streams.entrySet()) {
				boolean trimmed = false;
				while (this.bytes > StreamBounds.this.maxBytesPerSession && dropOldest(entry.getValue())) {
					trimmed = true;
				}
				if (trimmed) {
					excess.add(new Excess(new StreamKey(current.sessionName(), entry.getKey()),
							entry.getValue().head().first));
				}
			}
		}

		private boolean dropOldest(Stream usage) {
			long dropped = usage.dropOldest();
			this.bytes -= dropped;
			return dropped > 0;
		}

		boolean expire(long now) {
			this.running.values().removeIf((stream) -> expire(stream, now));
			Iterator<Stream> oldest = this.completed.values().iterator();
			while (oldest.hasNext() && expire(oldest.next(), now)) {
				oldest.remove();
			}
			return this.running.isEmpty() && this.completed.isEmpty();
		}

		private boolean expire(Stream stream, long now) {
			boolean expired = now - stream.expiresAt >= 0;
			this.bytes -= expired ? stream.bytes : 0;
			return expired;
		}

		private static int size(Event event) {
			return event.id().tag().length() + event.message().length;
		}

	}

	private final class Stream {

		private @Nullable Chunk head;

		private @Nullable Chunk tail;

		private long bytes;

		private long events;

		private boolean complete;

		private long expiresAt;

		private long renewedAt = StreamBounds.this.nanoTime.getAsLong() - StreamBounds.this.runningNanos;

		private int largest;

		Upkeep upkeep(int largestToCome) {
			boolean due = StreamBounds.this.nanoTime.getAsLong() - this.renewedAt >= StreamBounds.this.runningNanos
					/ RENEWALS;
			return new Upkeep(due, largestToCome > this.largest);
		}

		void renew(boolean inStore) {
			long now = StreamBounds.this.nanoTime.getAsLong();
			this.expiresAt = now + (this.complete ? StreamBounds.this.completeNanos : StreamBounds.this.runningNanos);
			if (inStore) {
				this.renewedAt = now;
			}
		}

		void add(Event event) {
			int size = Session.size(event);
			this.largest = Math.max(this.largest, size);
			Chunk last = this.tail;
			if (last == null || last.events >= Math.max(1, StreamBounds.this.maxEventsPerStream / CHUNKS)
					|| last.bytes + size > Math.min(MAX_CHUNK_BYTES, StreamBounds.this.maxBytesPerStream / CHUNKS)) {
				Chunk next = new Chunk(event.id().sequence());
				if (last == null) {
					this.head = next;
				}
				else {
					last.next = next;
				}
				this.tail = next;
				last = next;
			}
			last.events++;
			last.bytes += size;
			this.events++;
			this.bytes += size;
		}

		boolean isTooLarge() {
			return this.events > StreamBounds.this.maxEventsPerStream
					|| this.bytes > StreamBounds.this.maxBytesPerStream;
		}

		/**
		 * Drop the oldest chunk, but never the one that holds the newest event.
		 * @return how many bytes that were
		 */
		long dropOldest() {
			Chunk oldest = head();
			if (oldest.next == null) {
				return 0;
			}
			this.head = oldest.next;
			this.events -= oldest.events;
			this.bytes -= oldest.bytes;
			return oldest.bytes;
		}

		Chunk head() {
			Chunk head = this.head;
			if (head == null) {
				throw new IllegalStateException("A stream without events");
			}
			return head;
		}

	}

	private static final class Chunk {

		private final long first;

		private int events;

		private long bytes;

		private @Nullable Chunk next;

		Chunk(long first) {
			this.first = first;
		}

	}

}

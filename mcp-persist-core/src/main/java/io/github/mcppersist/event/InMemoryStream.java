package io.github.mcppersist.event;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * The events of one stream in memory. It is owned by {@link InMemoryEventStore} and used
 * under its lock only.
 */
final class InMemoryStream {

	/**
	 * About what a stream takes beside its events: the key, this object, and its places
	 * in the store's indexes.
	 */
	static final int STREAM_OVERHEAD = 1024;

	/**
	 * About what an event takes beside its message.
	 */
	static final int EVENT_OVERHEAD = 128;

	/**
	 * About what the ID of a request takes beside its characters.
	 */
	static final int ID_OVERHEAD = 80;

	/**
	 * Below this many slots of dropped events it isn't worth while to close up.
	 */
	private static final int MIN_DROPPED = 32;

	private final StreamKey key;

	private final @Nullable RequestIds requestIds;

	/**
	 * The slots before {@code head} are those of dropped events, and hold nothing.
	 */
	private final ArrayList<@Nullable Event> slots = new ArrayList<>(2);

	private int head;

	/**
	 * The newest event, which is known even when it was dropped itself, so that a
	 * repeated call is recognised.
	 */
	private EventId last;

	/**
	 * The newest event that was trimmed: nothing after it is gone.
	 */
	private @Nullable EventId trimmed;

	private boolean complete;

	private int lastBatch;

	private long expiresAt;

	private long expiresAtLatest;

	private long bytes;

	InMemoryStream(StreamKey key, @Nullable RequestIds requestIds, List<Event> events) {
		this.key = key;
		this.requestIds = requestIds;
		this.bytes = STREAM_OVERHEAD + bytes(requestIds);
		this.last = events.get(0).id();
		append(events);
	}

	private static long bytes(@Nullable RequestIds requestIds) {
		long bytes = 0;
		for (RequestId id : (requestIds != null) ? requestIds.all() : List.<RequestId>of()) {
			bytes += ID_OVERHEAD + id.json().length();
		}
		return bytes;
	}

	StreamKey key() {
		return this.key;
	}

	long bytes() {
		return this.bytes;
	}

	int size() {
		return this.slots.size() - this.head;
	}

	boolean isComplete() {
		return this.complete;
	}

	long expiresAt() {
		return this.expiresAt;
	}

	void expireAt(long time) {
		this.expiresAt = time;
	}

	long nextSequence() {
		return this.last.sequence() + 1;
	}

	void append(List<Event> events) {
		for (Event event : events) {
			this.slots.add(event);
			this.bytes += EVENT_OVERHEAD + event.message().length;
		}
		this.last = events.get(events.size() - 1).id();
		this.lastBatch = events.size();
	}

	void complete(long expiresAtLatest) {
		this.complete = true;
		this.expiresAtLatest = expiresAtLatest;
	}

	/**
	 * Return until when a complete stream is kept at most, however often it is read.
	 * @return the time
	 */
	long expiresAtLatest() {
		return this.expiresAtLatest;
	}

	boolean contains(List<Event> events) {
		// They were stored in one step, so the newest of them speaks for all
		EventId newest = events.get(events.size() - 1).id();
		return newest.equals(this.last) || newest.equals(idAt(newest.sequence()));
	}

	boolean wasCompletedBy(List<Event> events) {
		return this.complete && this.lastBatch == events.size() && this.last.equals(events.get(events.size() - 1).id());
	}

	void dropOldest() {
		Event oldest = this.slots.set(this.head, null);
		this.head++;
		if (oldest != null) {
			this.trimmed = oldest.id();
			this.bytes -= EVENT_OVERHEAD + oldest.message().length;
		}
		if (this.head == this.slots.size()) {
			this.slots.clear();
			this.slots.trimToSize();
			this.head = 0;
		}
		else if (this.head >= MIN_DROPPED && this.head * 2 > this.slots.size()) {
			// Moves fewer events than were dropped since the last time
			this.slots.subList(0, this.head).clear();
			this.head = 0;
		}
	}

	EventPage read(@Nullable EventId lastEventId, int maxBytes) {
		int index = (lastEventId != null) ? indexAfter(lastEventId) : this.head;
		List<Event> events = new ArrayList<>();
		EventId cursor = lastEventId;
		long size = 0;
		for (; index < this.slots.size(); index++) {
			Event event = this.slots.get(index);
			if (event == null) {
				continue;
			}
			if (!event.isPriming()) {
				if (!events.isEmpty() && size + event.message().length > maxBytes) {
					return new EventPage(events, cursor, EventPage.Rest.STORED, head());
				}
				events.add(event);
				size += event.message().length;
			}
			cursor = event.id();
		}
		return new EventPage(events, cursor, this.complete ? EventPage.Rest.NONE : EventPage.Rest.RUNNING, head());
	}

	private StreamHead head() {
		return new StreamHead(null, null, this.requestIds);
	}

	private int indexAfter(EventId lastEventId) {
		if (lastEventId.equals(this.last)) {
			return this.slots.size();
		}
		if (lastEventId.equals(this.trimmed)) {
			return this.head;
		}
		if (lastEventId.streamId().equals(this.key.streamId()) && lastEventId.sequence() < firstSequence()) {
			throw new EventsTrimmedException(this.key, this.requestIds);
		}
		if (!lastEventId.equals(idAt(lastEventId.sequence()))) {
			throw new EventNotFoundException();
		}
		return Math.toIntExact(lastEventId.sequence() - firstSequence()) + this.head + 1;
	}

	private @Nullable EventId idAt(long sequence) {
		if (sequence < firstSequence() || sequence > this.last.sequence()) {
			return null;
		}
		Event event = this.slots.get(Math.toIntExact(sequence - firstSequence()) + this.head);
		return (event != null) ? event.id() : null;
	}

	private long firstSequence() {
		return nextSequence() - size();
	}

}

package io.github.mcppersist.stream;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventStoreUnavailableException;

/**
 * The end of a stream that the store has not acknowledged: its events in order, with
 * their places in the stream, and their senders where those wait. It belongs to the
 * {@link StreamLog}'s mailbox; only {@link #bytes()} is for any thread.
 */
final class StreamTail {

	/**
	 * What a stream takes beside its events, about.
	 */
	private static final int STREAM_BYTES = 2048;

	private static final int MAX_BATCH_EVENTS = 512;

	private static final int MAX_BATCH_BYTES = 1024 * 1024;

	private final StreamContext context;

	private final Mailbox mailbox;

	private final String streamId;

	private final Deque<Entry> entries = new ArrayDeque<>();

	private final AtomicLong bytes = new AtomicLong();

	private long nextSequence;

	private boolean stranded;

	private long streamBytes;

	/**
	 * The last place of what was refused together, and is stored event by event.
	 */
	private long singlyThrough;

	/**
	 * Create an empty tail.
	 * @param context what all streams share
	 * @param mailbox the owner of its state
	 * @param streamId the stream
	 * @param nextSequence the place of the first event that is added
	 */
	StreamTail(StreamContext context, Mailbox mailbox, String streamId, long nextSequence) {
		this.context = context;
		this.mailbox = mailbox;
		this.streamId = streamId;
		this.nextSequence = nextSequence;
	}

	/**
	 * Return how much waits.
	 * @return the bytes of all events
	 */
	long bytes() {
		return this.bytes.get();
	}

	boolean isEmpty() {
		assert this.mailbox.isInside();
		return this.entries.isEmpty();
	}

	/**
	 * Return the place of the next event that is added.
	 * @return its sequence
	 */
	long nextSequence() {
		assert this.mailbox.isInside();
		return this.nextSequence;
	}

	/**
	 * Return the events that wait.
	 * @return a view of the entries, oldest first
	 */
	Collection<Entry> entries() {
		assert this.mailbox.isInside();
		return Collections.unmodifiableCollection(this.entries);
	}

	/**
	 * Add a priming event at the end.
	 * @param kind what it is
	 * @return the new entry
	 */
	Entry addPriming(Kind kind) {
		return add(Event.priming(nextId()), kind, null);
	}

	/**
	 * Add a message at the end.
	 * @param message the message
	 * @param kind what it is
	 * @param sink who waits for it to be stored, or {@code null}
	 * @return the new entry
	 */
	Entry add(byte[] message, Kind kind, @Nullable MonoSink<Void> sink) {
		return add(new Event(nextId(), message), kind, sink);
	}

	private Entry add(Event event, Kind kind, @Nullable MonoSink<Void> sink) {
		Entry entry = new Entry(event, kind, sink);
		this.entries.add(entry);
		count(entry, 1);
		return entry;
	}

	private EventId nextId() {
		assert this.mailbox.isInside();
		return EventId.next(this.streamId, this.nextSequence++);
	}

	/**
	 * Say whether an event waits.
	 * @param sequence the event's sequence
	 * @return whether it is in the tail
	 */
	boolean holds(long sequence) {
		assert this.mailbox.isInside();
		Entry first = this.entries.peekFirst();
		return first != null && first.sequence() <= sequence && sequence < this.nextSequence;
	}

	/**
	 * Say whether an event waits, and nobody has read it.
	 * @param id the event's ID
	 * @return whether it is in the tail and not known to be stored
	 */
	boolean misses(EventId id) {
		assert this.mailbox.isInside();
		return this.entries.stream().anyMatch((entry) -> !entry.found && entry.event.id().equals(id));
	}

	/**
	 * Return what to store next, with one call. The tail must not be empty.
	 * @param opened whether the stream is open in the store; it is before it is completed
	 * @return the oldest events
	 */
	Batch nextBatch(boolean opened) {
		assert this.mailbox.isInside();
		List<Event> events = new ArrayList<>(Math.min(this.entries.size(), MAX_BATCH_EVENTS));
		int most = (this.entries.element().sequence() <= this.singlyThrough) ? 1 : MAX_BATCH_EVENTS;
		long bytes = 0;
		for (Entry entry : this.entries) {
			boolean full = events.size() >= most || bytes + entry.size() > MAX_BATCH_BYTES;
			if (!events.isEmpty() && (full || (entry.isLast() && !opened))) {
				break;
			}
			if (entry.isLast() && !opened) {
				// The response alone is left: a stream is opened before it is completed
				return new Batch(List.of(Event.priming(entry.event.id().at(entry.sequence() - 1))), false);
			}
			events.add(entry.event);
			bytes += entry.size();
			if (entry.isLast()) {
				return new Batch(List.copyOf(events), true);
			}
		}
		return new Batch(List.copyOf(events), false);
	}

	/**
	 * Store one event with each call for a while.
	 * @param last the ID of the last of them
	 */
	void storeSingly(EventId last) {
		assert this.mailbox.isInside();
		this.singlyThrough = last.sequence();
	}

	/**
	 * Let events go that are stored, or that are of no use any more; their senders go on.
	 * @param throughSequence the sequence of the last of them
	 */
	void settle(long throughSequence) {
		assert this.mailbox.isInside();
		for (Entry entry : removeThrough(throughSequence)) {
			MonoSink<Void> sink = entry.takeSink();
			if (sink != null) {
				this.context.threads().release(sink::success);
			}
		}
	}

	/**
	 * Return what can't be stored, since the store has refused a call. If what it refused
	 * isn't part of the tail, that is all that is in it.
	 * @param batch what was refused
	 * @return the oldest events
	 */
	List<Entry> refused(Batch batch) {
		assert this.mailbox.isInside();
		List<Entry> refused = this.entries.stream().filter((entry) -> entry.isThrough(batch.last())).toList();
		return refused.isEmpty() ? List.copyOf(this.entries) : refused;
	}

	/**
	 * Let events go that the store will never take; their senders fail.
	 * @param refused the oldest events, of which some may have gone already
	 * @param ex why
	 * @return what has gone, oldest first
	 */
	List<Entry> refuse(List<Entry> refused, Throwable ex) {
		assert this.mailbox.isInside();
		List<Entry> gone = new ArrayList<>();
		for (Entry entry : refused) {
			if (entry == this.entries.peek()) {
				gone.add(removeOldest());
				fail(entry, ex);
			}
		}
		this.context.observer().eventsDropped(messagesOf(gone));
		return gone;
	}

	/**
	 * Note whether the store is away, so that what waits may wait for long.
	 * @param stranded whether it is, and the stream hasn't ended
	 * @param alone whether nothing but this tail keeps the stream in memory
	 */
	void setStranded(boolean stranded, boolean alone) {
		assert this.mailbox.isInside();
		if (this.stranded != stranded) {
			this.stranded = stranded;
			this.streamBytes = alone ? STREAM_BYTES : 0;
			long bytes = this.bytes.get() + this.streamBytes;
			this.context.countStranded(stranded ? 1 : -1, stranded ? bytes : -bytes);
			this.context.countUnstored(stranded ? this.streamBytes : -this.streamBytes);
		}
	}

	/**
	 * Drop the oldest events while too many bytes wait, here or in the whole endpoint and
	 * more than an equal share of them here; their senders fail. The last event stays,
	 * and so does the last response.
	 * @param limit how many bytes may wait here
	 * @return what was dropped, oldest first
	 */
	List<Entry> trim(long limit) {
		assert this.mailbox.isInside();
		List<Entry> dropped = new ArrayList<>();
		Iterator<Entry> oldest = this.entries.iterator();
		while (this.entries.size() > 1 && this.bytes.get() > Math.min(limit, this.context.maxStrandedBytes())) {
			Entry entry = oldest.next();
			if (entry.isLast()) {
				break;
			}
			oldest.remove();
			count(entry, -1);
			fail(entry, new EventStoreUnavailableException("The event store is out of reach for too long"));
			dropped.add(entry);
		}
		this.context.observer().eventsDropped(messagesOf(dropped));
		return dropped;
	}

	/**
	 * Let the senders that wait fail. Their events stay.
	 * @param ex why
	 */
	void failSenders(Throwable ex) {
		assert this.mailbox.isInside();
		this.entries.forEach((entry) -> fail(entry, ex));
	}

	/**
	 * Give the events, and those that are added later, other places in the stream. What
	 * was found isn't there any more: the store has lost it.
	 * @param firstSequence the sequence of the first
	 * @return what was found, at the places where it was
	 */
	List<Event> renumber(long firstSequence) {
		assert this.mailbox.isInside();
		List<Event> lost = new ArrayList<>();
		this.nextSequence = firstSequence;
		for (Entry entry : this.entries) {
			if (entry.found) {
				lost.add(entry.event);
			}
			entry.found = false;
			entry.event = entry.event.at(this.nextSequence++);
		}
		return lost;
	}

	/**
	 * Note what was read from the store, and with it what was to be stored before.
	 * @param stored the IDs of events that are stored
	 * @return the last of them that waits, or {@code null} if none does
	 */
	@Nullable EventId find(Set<EventId> stored) {
		assert this.mailbox.isInside();
		EventId last = null;
		for (Entry entry : this.entries) {
			if (stored.contains(entry.event.id())) {
				last = entry.event.id();
			}
		}
		if (last != null) {
			for (Entry entry : this.entries) {
				entry.found |= entry.sequence() <= last.sequence();
			}
		}
		return last;
	}

	/**
	 * Count the messages among events.
	 * @param events the events
	 * @return how many of them aren't priming events
	 */
	static int messages(List<Event> events) {
		int messages = 0;
		for (Event event : events) {
			messages += event.isPriming() ? 0 : 1;
		}
		return messages;
	}

	private static int messagesOf(List<Entry> entries) {
		return messages(entries.stream().map(Entry::event).toList());
	}

	private List<Entry> removeThrough(long sequence) {
		List<Entry> removed = new ArrayList<>();
		while (!this.entries.isEmpty() && this.entries.element().sequence() <= sequence) {
			removed.add(removeOldest());
		}
		return removed;
	}

	private Entry removeOldest() {
		Entry entry = this.entries.remove();
		count(entry, -1);
		return entry;
	}

	private void count(Entry entry, int sign) {
		long change = sign * entry.size();
		this.bytes.addAndGet(change);
		this.context.countUnstored(change);
		if (this.stranded) {
			this.context.countStranded(0, change);
		}
	}

	private void fail(Entry entry, Throwable ex) {
		MonoSink<Void> sink = entry.takeSink();
		if (sink != null) {
			this.context.threads().release(() -> sink.error(ex));
		}
	}

	/**
	 * What is stored with one call.
	 *
	 * @param events the events
	 * @param complete whether the last of them completes the stream
	 */
	record Batch(List<Event> events, boolean complete) {

		EventId last() {
			return this.events.get(this.events.size() - 1).id();
		}

	}

	/**
	 * What an event is to its stream.
	 */
	enum Kind {

		/**
		 * Anything but a response.
		 */
		MESSAGE,

		/**
		 * The response to one of several requests; others are yet to come.
		 */
		RESPONSE,

		/**
		 * The response to the only request, or to the last one, or the priming event in
		 * its place if that was cancelled. It completes the stream.
		 */
		LAST

	}

	/**
	 * An event, and the sender that waits for it to be stored, if any.
	 */
	static final class Entry {

		private Event event;

		private final Kind kind;

		private @Nullable MonoSink<Void> sink;

		private boolean found;

		private Entry(Event event, Kind kind, @Nullable MonoSink<Void> sink) {
			this.event = event;
			this.kind = kind;
			this.sink = sink;
		}

		Event event() {
			return this.event;
		}

		/**
		 * Say whether a connection has read it, so that it is stored, whatever the store
		 * has said.
		 * @return whether nobody needs to be handed it
		 */
		boolean isFound() {
			return this.found;
		}

		boolean isResponse() {
			return this.kind != Kind.MESSAGE;
		}

		/**
		 * Say whether the stream is complete with this event.
		 * @return whether it is the last one
		 */
		boolean isLast() {
			return this.kind == Kind.LAST;
		}

		/**
		 * Say whether it is one of those up to an event.
		 * @param last the ID of the last of them
		 * @return whether its place isn't behind that
		 */
		boolean isThrough(EventId last) {
			return sequence() <= last.sequence();
		}

		private long sequence() {
			return this.event.id().sequence();
		}

		private long size() {
			return this.event.message().length + 64L;
		}

		private @Nullable MonoSink<Void> takeSink() {
			MonoSink<Void> taken = this.sink;
			this.sink = null;
			return taken;
		}

	}

}

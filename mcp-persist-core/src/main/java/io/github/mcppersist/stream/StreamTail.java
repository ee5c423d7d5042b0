package io.github.mcppersist.stream;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventStoreUnavailableException;

/**
 * The end of a stream that the store has not acknowledged: its events in order, and their
 * senders where those wait. It belongs to the {@link StreamLog}'s mailbox; only
 * {@link #bytes()} is for any thread.
 */
final class StreamTail {

	private static final int MAX_BATCH_EVENTS = 512;

	private static final int MAX_BATCH_BYTES = 1024 * 1024;

	private final StreamContext runtime;

	private final Deque<Entry> entries = new ArrayDeque<>();

	private final AtomicLong bytes = new AtomicLong();

	StreamTail(StreamContext runtime) {
		this.runtime = runtime;
	}

	/**
	 * Return how much waits.
	 * @return the bytes of all events
	 */
	long bytes() {
		return this.bytes.get();
	}

	boolean isEmpty() {
		return this.entries.isEmpty();
	}

	/**
	 * Return the events that wait.
	 * @return the entries, oldest first
	 */
	List<Entry> entries() {
		return List.copyOf(this.entries);
	}

	/**
	 * Add an event at the end.
	 * @param event the event
	 * @param kind what it is
	 * @param sink who waits for it to be stored, or {@code null}
	 * @return the new entry
	 */
	Entry add(Event event, Kind kind, @Nullable MonoSink<Void> sink) {
		Entry entry = new Entry(event, kind, sink);
		this.entries.add(entry);
		count(entry, 1);
		return entry;
	}

	/**
	 * Say whether an event, or one after it, waits.
	 * @param sequence the event's sequence
	 * @return whether the last event of the tail is that event or later
	 */
	boolean reaches(long sequence) {
		Entry last = this.entries.peekLast();
		return last != null && sequence <= last.sequence();
	}

	/**
	 * Say whether an event waits.
	 * @param sequence the event's sequence
	 * @return whether it is in the tail
	 */
	boolean holds(long sequence) {
		Entry first = this.entries.peekFirst();
		return first != null && first.sequence() <= sequence && reaches(sequence);
	}

	/**
	 * Return what to store next, with one call. The tail must not be empty.
	 * @param opened whether the stream is open in the store; it is before it is completed
	 * @return the oldest events
	 */
	Batch nextBatch(boolean opened) {
		List<Event> events = new ArrayList<>();
		long bytes = 0;
		for (Entry entry : this.entries) {
			boolean full = events.size() >= MAX_BATCH_EVENTS || bytes + entry.size() > MAX_BATCH_BYTES;
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
	 * Let events go that are stored, or that are of no use any more; their senders go on.
	 * @param throughSequence the sequence of the last of them
	 */
	void settle(long throughSequence) {
		for (Entry entry : removeThrough(throughSequence)) {
			MonoSink<Void> sink = entry.takeSink();
			if (sink != null) {
				this.runtime.threads().resume(sink::success);
			}
		}
	}

	/**
	 * Let events go that the store will never take; their senders fail. If what was
	 * refused isn't part of the tail, all that is in it goes.
	 * @param throughSequence the sequence of the last of them
	 * @param ex why
	 * @return what has gone, oldest first
	 */
	List<Entry> refuse(long throughSequence, Throwable ex) {
		boolean everything = !this.entries.isEmpty() && this.entries.element().sequence() > throughSequence;
		List<Entry> refused = removeThrough(everything ? Long.MAX_VALUE : throughSequence);
		refused.forEach((entry) -> fail(entry, ex));
		this.runtime.observer().eventsDropped(messages(refused.stream().map(Entry::event).toList()));
		return refused;
	}

	/**
	 * Drop the oldest events while too many bytes wait, here or in the whole endpoint;
	 * their senders fail. The last event stays, and so does the last response.
	 * @param limit how many bytes may wait here
	 * @return whether any were dropped
	 */
	boolean trim(long limit) {
		boolean withinEndpoint = this.runtime.countUnstored(0);
		List<Event> dropped = new ArrayList<>();
		Iterator<Entry> oldest = this.entries.iterator();
		while (this.entries.size() > 1 && (this.bytes.get() > limit || !withinEndpoint)) {
			Entry entry = oldest.next();
			if (entry.isLast()) {
				break;
			}
			oldest.remove();
			withinEndpoint = count(entry, -1);
			fail(entry, new EventStoreUnavailableException("The event store is out of reach for too long"));
			dropped.add(entry.event);
		}
		this.runtime.observer().eventsDropped(messages(dropped));
		return !dropped.isEmpty();
	}

	/**
	 * Let the senders that wait fail. Their events stay.
	 * @param ex why
	 */
	void failSenders(Throwable ex) {
		this.entries.forEach((entry) -> fail(entry, ex));
	}

	/**
	 * Give the events other places in the stream.
	 * @param firstSequence the sequence of the first
	 * @return the sequence that follows the last
	 */
	long renumber(long firstSequence) {
		List<Entry> old = entries();
		this.entries.clear();
		long sequence = firstSequence;
		for (Entry entry : old) {
			this.entries.add(new Entry(entry.event.at(sequence++), entry.kind, entry.takeSink()));
		}
		return sequence;
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

	private List<Entry> removeThrough(long sequence) {
		List<Entry> removed = new ArrayList<>();
		while (!this.entries.isEmpty() && this.entries.element().sequence() <= sequence) {
			Entry entry = this.entries.remove();
			count(entry, -1);
			removed.add(entry);
		}
		return removed;
	}

	private boolean count(Entry entry, int sign) {
		long change = sign * entry.size();
		this.bytes.addAndGet(change);
		return this.runtime.countUnstored(change);
	}

	private void fail(Entry entry, Throwable ex) {
		MonoSink<Void> sink = entry.takeSink();
		if (sink != null) {
			this.runtime.threads().resume(() -> sink.error(ex));
		}
	}

	/**
	 * What is stored with one call.
	 *
	 * @param events the events
	 * @param complete whether the last of them completes the stream
	 */
	record Batch(List<Event> events, boolean complete) {
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
		 * The response to the only request, or to the last one. It completes the stream.
		 */
		LAST_RESPONSE

	}

	/**
	 * An event, and the sender that waits for it to be stored, if any.
	 */
	static final class Entry {

		private final Event event;

		private final Kind kind;

		private @Nullable MonoSink<Void> sink;

		private Entry(Event event, Kind kind, @Nullable MonoSink<Void> sink) {
			this.event = event;
			this.kind = kind;
			this.sink = sink;
		}

		Event event() {
			return this.event;
		}

		boolean isResponse() {
			return this.kind != Kind.MESSAGE;
		}

		/**
		 * Say whether the stream is complete with this event.
		 * @return whether it is the last response
		 */
		boolean isLast() {
			return this.kind == Kind.LAST_RESPONSE;
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

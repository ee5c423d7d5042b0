package io.github.mcppersist.simulation;

import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.StreamHead;
import io.github.mcppersist.event.StreamKey;

/**
 * A stream as it is stored. Immutable, so that a write can be taken back.
 *
 * @param head who opened and who reads it
 * @param events its events, the first of any sequence
 * @param complete whether it is complete
 * @param lastBatch how many events the last write had
 */
record StoredLog(StreamHead head, List<Event> events, boolean complete, int lastBatch) {

	@Nullable String reader() {
		return this.head.reader();
	}

	StoredLog readBy(@Nullable String nodeId) {
		return new StoredLog(new StreamHead(this.head.owner(), nodeId, this.head.requestIds()), this.events,
				this.complete, this.lastBatch);
	}

	StoredLog with(List<Event> more, boolean last) {
		List<Event> all = new ArrayList<>(this.events);
		all.addAll(more);
		return new StoredLog(this.head, List.copyOf(all), last, more.size());
	}

	long nextSequence() {
		return this.events.get(this.events.size() - 1).id().sequence() + 1;
	}

	boolean contains(List<Event> some) {
		EventId newest = some.get(some.size() - 1).id();
		return this.events.stream().anyMatch((event) -> event.id().equals(newest));
	}

	boolean wasCompletedBy(List<Event> last) {
		return this.complete && this.lastBatch == last.size()
				&& last.get(last.size() - 1).id().equals(this.events.get(this.events.size() - 1).id());
	}

	EventPage read(StreamKey stream, @Nullable EventId cursor, int maxBytes) {
		int index = (cursor != null) ? indexAfter(stream, cursor) : 0;
		List<Event> page = new ArrayList<>();
		EventId last = cursor;
		long size = 0;
		for (; index < this.events.size(); index++) {
			Event event = this.events.get(index);
			if (!event.isPriming()) {
				if (!page.isEmpty() && size + event.message().length > maxBytes) {
					return new EventPage(page, last, EventPage.Rest.STORED, this.head);
				}
				page.add(event);
				size += event.message().length;
			}
			last = event.id();
		}
		return new EventPage(page, last, this.complete ? EventPage.Rest.NONE : EventPage.Rest.RUNNING, this.head);
	}

	private int indexAfter(StreamKey stream, EventId cursor) {
		long first = this.events.get(0).id().sequence();
		if (cursor.sequence() < first) {
			throw new EventsTrimmedException(stream, this.head.requestIds());
		}
		int index = (int) (cursor.sequence() - first);
		if (index >= this.events.size() || !this.events.get(index).id().equals(cursor)) {
			throw new EventNotFoundException();
		}
		return index + 1;
	}

	@Override
	public String toString() {
		return this.events.get(0).id().sequence() + ".." + (nextSequence() - 1) + (this.complete ? " complete" : "");
	}

}

package io.github.mcppersist.autoconfigure.store;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreException;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamKey;

/**
 * Fills a store in ways that tell its bounds apart: 60 events of 1 KB, spread over some
 * sessions with some streams each.
 */
final class EventStoreWorkload {

	private static final Duration LIMIT = Duration.ofMinutes(1);

	private static final int EVENTS = 60;

	private final EventStore store;

	private final List<StreamKey> streams = new ArrayList<>();

	private final int eventsPerStream;

	EventStoreWorkload(EventStore store, String name, int sessions, int streamsPerSession) {
		this.store = store;
		this.eventsPerStream = EVENTS / sessions / streamsPerSession;
		for (int session = 0; session < sessions; session++) {
			for (int stream = 0; stream < streamsPerSession; stream++) {
				this.streams.add(StreamKey.random(name + session));
			}
		}
		this.streams
			.forEach((stream) -> store.openStream(stream, RequestIds.parse("1"), events(stream, 1, 1)).block(LIMIT));
		for (long sequence = 2; sequence <= this.eventsPerStream; sequence++) {
			for (StreamKey stream : this.streams) {
				store.storeEvents(stream, events(stream, sequence, sequence)).block(LIMIT);
			}
		}
	}

	boolean isKept() {
		return this.streams.stream().allMatch(this::isKept);
	}

	private boolean isKept(StreamKey stream) {
		try {
			EventId first = events(stream, 1, 1).get(0).id();
			return !this.store.replayEventsAfter(stream, first, 1).block(LIMIT).events().isEmpty();
		}
		catch (EventStoreException ex) {
			return false;
		}
	}

	void complete() {
		long next = this.eventsPerStream + 1;
		this.streams.forEach((stream) -> this.store.completeStream(stream, events(stream, next, next)).block(LIMIT));
	}

	private static List<Event> events(StreamKey stream, long first, long last) {
		return LongStream.rangeClosed(first, last)
			.mapToObj((sequence) -> new Event(new EventId(stream.streamId(), sequence, "abcdefabcd"), new byte[1024]))
			.toList();
	}

}

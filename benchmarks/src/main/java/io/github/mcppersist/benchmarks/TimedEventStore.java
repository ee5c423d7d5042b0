package io.github.mcppersist.benchmarks;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.StreamKey;

/**
 * Notes when events were handed to a store.
 */
final class TimedEventStore implements EventStore {

	private final EventStore store;

	private final Map<String, Long> nanos = new ConcurrentHashMap<>();

	TimedEventStore(EventStore store) {
		this.store = store;
	}

	/**
	 * Return when an event was handed to the store to be appended, and forget it.
	 * @param eventId the event's ID as a client has it
	 * @return the time in terms of {@link System#nanoTime()}, or {@code null} for an
	 * event that opened or completed its stream
	 */
	@Nullable Long takeNanos(String eventId) {
		return this.nanos.remove(eventId);
	}

	@Override
	public Mono<Void> storeEvents(StreamKey stream, List<Event> events) {
		return Mono.defer(() -> {
			Long now = System.nanoTime();
			events.forEach((event) -> this.nanos.put(event.id().toString(), now));
			return this.store.storeEvents(stream, events);
		});
	}

	@Override
	public Mono<Revision> openStream(StreamKey stream, @Nullable RequestIds requestIds, List<Event> events) {
		return this.store.openStream(stream, requestIds, events);
	}

	@Override
	public Mono<Void> completeStream(StreamKey stream, List<Event> events) {
		return this.store.completeStream(stream, events);
	}

	@Override
	public Mono<EventPage> replayEventsAfter(StreamKey stream, @Nullable EventId lastEventId, int maxBytes) {
		return this.store.replayEventsAfter(stream, lastEventId, maxBytes);
	}

	@Override
	public Flux<Hint> watch(StreamKey stream) {
		return this.store.watch(stream);
	}

	@Override
	public Mono<Void> renewStreams(Collection<StreamKey> streams) {
		return this.store.renewStreams(streams);
	}

	@Override
	public Duration timeToLive() {
		return this.store.timeToLive();
	}

	@Override
	public Duration completedTimeToLive() {
		return this.store.completedTimeToLive();
	}

	@Override
	public Mono<Void> deleteSession(String sessionName) {
		return this.store.deleteSession(sessionName);
	}

}

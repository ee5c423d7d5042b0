package io.github.mcppersist.transport;

import java.time.Duration;
import java.util.Collection;
import java.util.List;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.StreamKey;

/**
 * An event store whose calls are observed.
 */
final class ObservedEventStore implements EventStore {

	private final EventStore store;

	private final EndpointObserver observer;

	ObservedEventStore(EventStore store, EndpointObserver observer) {
		this.store = store;
		this.observer = observer;
	}

	private <T> Mono<T> timed(StoreOperation operation, Mono<T> call) {
		return new TimedCall<>(this.observer, operation, call);
	}

	@Override
	public Mono<Long> openStream(StreamKey stream, @Nullable String requestId, List<Event> events) {
		return timed(StoreOperation.OPEN_STREAM, this.store.openStream(stream, requestId, events));
	}

	@Override
	public Mono<Void> storeEvents(StreamKey stream, List<Event> events) {
		return timed(StoreOperation.STORE_EVENTS, this.store.storeEvents(stream, events));
	}

	@Override
	public Mono<Void> completeStream(StreamKey stream, List<Event> events) {
		return timed(StoreOperation.COMPLETE_STREAM, this.store.completeStream(stream, events));
	}

	@Override
	public Mono<EventPage> replayEventsAfter(StreamKey stream, @Nullable EventId lastEventId, int maxBytes) {
		return timed(StoreOperation.REPLAY_EVENTS_AFTER, this.store.replayEventsAfter(stream, lastEventId, maxBytes));
	}

	/**
	 * Not timed: it goes on for as long as somebody reads.
	 */
	@Override
	public Flux<Long> watch(StreamKey stream) {
		return this.store.watch(stream);
	}

	@Override
	public Mono<Void> renewStreams(Collection<StreamKey> streams) {
		return timed(StoreOperation.RENEW_STREAMS, this.store.renewStreams(streams));
	}

	@Override
	public Duration timeToLive() {
		return this.store.timeToLive();
	}

	@Override
	public Mono<Void> deleteSession(String sessionId) {
		return timed(StoreOperation.DELETE_EVENTS, this.store.deleteSession(sessionId));
	}

}

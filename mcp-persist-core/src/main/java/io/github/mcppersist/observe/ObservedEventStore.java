package io.github.mcppersist.observe;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.StreamKey;

/**
 * An event store as an endpoint calls it: each call is observed, and its answer arrives
 * on a delivery thread. Whatever the store throws is an answer, too.
 */
public final class ObservedEventStore implements EventStore {

	private final EventStore store;

	private final EndpointObserver observer;

	private final Executor delivery;

	private final StoreErrors errors;

	/**
	 * Wrap a store.
	 * @param store the store
	 * @param observer is told of each call
	 * @param delivery runs what its answers set off
	 */
	public ObservedEventStore(EventStore store, EndpointObserver observer, Executor delivery) {
		this.store = store;
		this.observer = observer;
		this.delivery = delivery;
		this.errors = new StoreErrors(store.getClass(), EventStoreUnavailableException::new);
	}

	private <T> Mono<T> called(StoreOperation operation, Supplier<Mono<T>> call) {
		return new StoreCall<>(this.observer, operation, this.delivery, call, this.errors);
	}

	@Override
	public Mono<Revision> openStream(StreamKey stream, @Nullable RequestIds requestIds, List<Event> events) {
		return called(StoreOperation.OPEN_STREAM, () -> this.store.openStream(stream, requestIds, events));
	}

	@Override
	public Mono<Void> storeEvents(StreamKey stream, List<Event> events) {
		return called(StoreOperation.STORE_EVENTS, () -> this.store.storeEvents(stream, events));
	}

	@Override
	public Mono<Void> completeStream(StreamKey stream, List<Event> events) {
		return called(StoreOperation.COMPLETE_STREAM, () -> this.store.completeStream(stream, events));
	}

	@Override
	public Mono<EventPage> replayEventsAfter(StreamKey stream, @Nullable EventId lastEventId, int maxBytes) {
		return called(StoreOperation.REPLAY_EVENTS_AFTER,
				() -> this.store.replayEventsAfter(stream, lastEventId, maxBytes)
					.switchIfEmpty(Mono.error(() -> new IllegalStateException(
							"An event store must answer a read with a page, and " + this.store + " has none"))));
	}

	/**
	 * Not timed, since it goes on for as long as somebody reads; and the hints come on
	 * the store's threads.
	 */
	@Override
	public Flux<Hint> watch(StreamKey stream) {
		return Flux.create((sink) -> {
			try {
				sink.onDispose(this.store.watch(stream).subscribe(sink::next, sink::error, sink::complete));
			}
			catch (Throwable ex) {
				sink.error(ex);
			}
		}, FluxSink.OverflowStrategy.LATEST);
	}

	@Override
	public Mono<Void> renewStreams(Collection<StreamKey> streams) {
		return called(StoreOperation.RENEW_STREAMS, () -> this.store.renewStreams(streams));
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
		return called(StoreOperation.DELETE_EVENTS, () -> this.store.deleteSession(sessionName));
	}

}

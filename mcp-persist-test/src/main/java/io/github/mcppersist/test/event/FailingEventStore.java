package io.github.mcppersist.test.event;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.StreamKey;

/**
 * A store in memory that fails when it is told to.
 */
public final class FailingEventStore implements EventStore {

	private final EventStore store;

	private final AtomicInteger lost = new AtomicInteger();

	private final AtomicInteger delayed = new AtomicInteger();

	private final AtomicInteger reads = new AtomicInteger();

	private volatile boolean readable = true;

	private volatile boolean writable = true;

	private volatile @Nullable Duration delay;

	private volatile Sinks.@Nullable Empty<Void> held;

	private volatile Sinks.@Nullable Empty<Void> heldReads;

	/**
	 * Create a store over one in memory.
	 */
	public FailingEventStore() {
		this(new InMemoryEventStore());
	}

	/**
	 * Create a store over another.
	 * @param store has the events
	 */
	public FailingEventStore(EventStore store) {
		this.store = store;
	}

	/**
	 * Be out of reach from now on.
	 */
	public void fail() {
		this.readable = false;
		this.writable = false;
	}

	/**
	 * Refuse writes from now on.
	 */
	public void failWrites() {
		this.writable = false;
	}

	/**
	 * Be within reach from now on.
	 */
	public void recover() {
		this.readable = true;
		this.writable = true;
	}

	/**
	 * Carry out the next call that completes a stream, but say that nobody knows.
	 * @param times how often
	 */
	public void loseCompletions(int times) {
		this.lost.set(times);
	}

	/**
	 * Return how many calls are yet to be answered so.
	 * @return the number of calls
	 */
	public int completionsToLose() {
		return this.lost.get();
	}

	/**
	 * Take some time for each write from now on.
	 * @param delay the time
	 */
	public void delayWrites(Duration delay) {
		this.delay = delay;
	}

	/**
	 * Hold back the streams that are to be opened from now on.
	 * @return lets them be opened, and no further ones be held back
	 */
	public Runnable holdStreams() {
		Sinks.Empty<Void> sink = Sinks.empty();
		this.held = sink;
		return () -> {
			this.held = null;
			sink.tryEmitEmpty();
		};
	}

	/**
	 * Hold back what is to be read from now on.
	 * @return lets it be read, and nothing further be held back
	 */
	public Runnable holdReads() {
		Sinks.Empty<Void> sink = Sinks.empty();
		this.heldReads = sink;
		return () -> {
			this.heldReads = null;
			sink.tryEmitEmpty();
		};
	}

	@Override
	public Mono<Revision> openStream(StreamKey stream, @Nullable RequestIds requestIds, List<Event> events) {
		Mono<Revision> opened = write(() -> this.store.openStream(stream, requestIds, events));
		Sinks.Empty<Void> held = this.held;
		return (held != null) ? held.asMono()
			.doOnSubscribe((subscription) -> this.delayed.incrementAndGet())
			.doFinally((signal) -> this.delayed.decrementAndGet())
			.then(opened) : opened;
	}

	@Override
	public Mono<Void> storeEvents(StreamKey stream, List<Event> events) {
		return write(() -> this.store.storeEvents(stream, events));
	}

	@Override
	public Mono<Void> completeStream(StreamKey stream, List<Event> events) {
		return write(() -> {
			Mono<Void> completed = this.store.completeStream(stream, events);
			boolean lose = this.lost.getAndUpdate((left) -> Math.max(0, left - 1)) > 0;
			return lose ? completed.then(Mono.error(unavailable())) : completed;
		});
	}

	@Override
	public Mono<EventPage> replayEventsAfter(StreamKey stream, @Nullable EventId lastEventId, int maxBytes) {
		this.reads.incrementAndGet();
		Mono<EventPage> page = Mono.defer(() -> this.readable
				? this.store.replayEventsAfter(stream, lastEventId, maxBytes) : Mono.error(unavailable()));
		Sinks.Empty<Void> held = this.heldReads;
		return (held != null) ? held.asMono().then(page) : page;
	}

	@Override
	public Flux<Hint> watch(StreamKey stream) {
		return this.store.watch(stream);
	}

	@Override
	public Mono<Void> renewStreams(Collection<StreamKey> streams) {
		return write(() -> this.store.renewStreams(streams));
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
		return write(() -> this.store.deleteSession(sessionName));
	}

	/**
	 * Return how often something was read, or was to be.
	 * @return the number of reads
	 */
	public int reads() {
		return this.reads.get();
	}

	/**
	 * Return how many writes wait for the delay to be over.
	 * @return the number of writes
	 */
	public int writesUnderWay() {
		return this.delayed.get();
	}

	private <T> Mono<T> write(Supplier<Mono<T>> call) {
		Mono<T> result = Mono.defer(() -> this.writable ? call.get() : Mono.error(unavailable()));
		Duration delay = this.delay;
		return (delay != null) ? Mono.delay(delay)
			.doOnSubscribe((subscription) -> this.delayed.incrementAndGet())
			.doFinally((signal) -> this.delayed.decrementAndGet())
			.then(result) : result;
	}

	private static EventStoreUnavailableException unavailable() {
		return new EventStoreUnavailableException("The store was told to fail");
	}

}

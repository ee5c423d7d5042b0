package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.InMemoryEventStore;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.StreamConflictException;
import io.github.mcppersist.event.StreamHead;
import io.github.mcppersist.event.StreamKey;

/**
 * The store in memory behind gates: reads and writes go through, wait, fail as in an
 * outage before or after they were carried out, are refused, or meet an error.
 */
final class GatedEventStore implements EventStore {

	private final InMemoryEventStore store = new InMemoryEventStore();

	private final Deque<Consumer<@Nullable Gate>> waiting = new ArrayDeque<>();

	private Gate reads = Gate.OPEN;

	private Gate writes = Gate.OPEN;

	private @Nullable EventStoreException readFailure;

	private @Nullable Flux<Hint> hints;

	private @Nullable EventStoreException writeFailure;

	private boolean openedElsewhere;

	private @Nullable String reader;

	private int readCalls;

	private int writeCalls;

	private int watches;

	private Predicate<Event> refused = (event) -> false;

	/**
	 * Return the store behind the gates, for other writers and for a look at it.
	 * @return the store in memory
	 */
	EventStore behind() {
		return this.store;
	}

	void reads(Gate reads) {
		this.reads = reads;
	}

	/**
	 * Have the next read fail.
	 * @param failure what the store says
	 */
	void failNextRead(EventStoreException failure) {
		this.readFailure = failure;
	}

	/**
	 * Have the next write fail.
	 * @param failure what the store says
	 */
	void failNextWrite(EventStoreException failure) {
		this.writeFailure = failure;
	}

	void writes(Gate writes) {
		this.writes = writes;
	}

	/**
	 * Have streams be those of another node: they are there, and can't be opened.
	 */
	void openedElsewhere() {
		this.openedElsewhere = true;
	}

	/**
	 * Have streams be read on another node, as far as pages say.
	 * @param nodeId the node
	 */
	void readBy(String nodeId) {
		this.reader = nodeId;
	}

	/**
	 * Give whoever watches these hints, instead of the store's own.
	 * @param hints the hints
	 */
	void hints(Flux<Hint> hints) {
		this.hints = hints;
	}

	/**
	 * Refuse each call with an event that it will never take.
	 * @param refused which events these are
	 */
	void refuse(Predicate<Event> refused) {
		this.refused = refused;
	}

	int writeCalls() {
		return this.writeCalls;
	}

	int readCalls() {
		return this.readCalls;
	}

	/**
	 * Return how often this node has been made the reader of a stream.
	 * @return how many watches there were
	 */
	int watches() {
		return this.watches;
	}

	/**
	 * Let the oldest call through that waits, as the gates are now.
	 */
	void letThrough() {
		this.waiting.remove().accept(null);
	}

	/**
	 * Let the oldest call through that waits. What it sets off meets the gates as they
	 * are.
	 * @param gate the gate for this one
	 */
	void letThrough(Gate gate) {
		this.waiting.remove().accept(gate);
	}

	private <T> Mono<T> read(Mono<T> call) {
		return Mono.defer(() -> {
			this.readCalls++;
			EventStoreException failure = this.readFailure;
			this.readFailure = null;
			return (failure != null) ? Mono.error(failure) : through(true, null, call);
		});
	}

	private <T> Mono<T> write(List<Event> events, Mono<T> call) {
		return Mono.defer(() -> {
			this.writeCalls++;
			EventStoreException failure = this.writeFailure;
			this.writeFailure = null;
			if (failure != null) {
				return Mono.error(failure);
			}
			Mono<T> taken = events.stream().anyMatch(this.refused) ? Mono.error(new EventStoreException("Refused"))
					: call;
			return through(false, null, taken);
		});
	}

	private <T> Mono<T> through(boolean read, @Nullable Gate own, Mono<T> call) {
		return switch ((own != null) ? own : read ? this.reads : this.writes) {
			case OPEN -> call;
			case WAIT -> later(read, call);
			case AWAY -> Mono.error(new EventStoreUnavailableException("Away"));
			case DONE_AND_WAIT -> call.then(later(read, Mono.empty()));
			case DONE_BUT_AWAY -> call.then(Mono.error(new EventStoreUnavailableException("Away, though it was done")));
			case REFUSE -> Mono.error(new EventStoreException("Refused"));
			case NOT_FOUND -> Mono.error(new EventNotFoundException());
			case THROW -> throw new NoClassDefFoundError("Told to be missing");
		};
	}

	private <T> Mono<T> later(boolean read, Mono<T> call) {
		return Mono.create((sink) -> this.waiting
			.add((gate) -> through(read, gate, call).subscribe(sink::success, sink::error, sink::success)));
	}

	@Override
	public Mono<Revision> openStream(StreamKey stream, @Nullable RequestIds requestIds, List<Event> events) {
		return write(events,
				this.openedElsewhere ? conflict(stream) : this.store.openStream(stream, requestIds, events));
	}

	private Mono<Revision> conflict(StreamKey stream) {
		return this.store.replayEventsAfter(stream, null, Integer.MAX_VALUE)
			.flatMap((page) -> Mono.error(new StreamConflictException(stream,
					Objects.requireNonNull(page.lastEventId()).sequence() + 1, false)));
	}

	@Override
	public Mono<Void> storeEvents(StreamKey stream, List<Event> events) {
		return write(events, this.store.storeEvents(stream, events));
	}

	@Override
	public Mono<Void> completeStream(StreamKey stream, List<Event> events) {
		return write(events, this.store.completeStream(stream, events));
	}

	@Override
	public Mono<EventPage> replayEventsAfter(StreamKey stream, @Nullable EventId lastEventId, int maxBytes) {
		return read(this.store.replayEventsAfter(stream, lastEventId, maxBytes).map(this::readElsewhere));
	}

	private EventPage readElsewhere(EventPage page) {
		StreamHead head = page.head();
		return (this.reader == null) ? page : new EventPage(page.events(), page.lastEventId(), page.rest(),
				new StreamHead(head.owner(), this.reader, head.requestIds()));
	}

	@Override
	public Flux<Hint> watch(StreamKey stream) {
		this.watches++;
		return (this.hints != null) ? this.hints : this.store.watch(stream);
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

	/**
	 * What becomes of calls.
	 */
	enum Gate {

		OPEN, WAIT, AWAY, DONE_AND_WAIT, DONE_BUT_AWAY, REFUSE, NOT_FOUND, THROW

	}

}

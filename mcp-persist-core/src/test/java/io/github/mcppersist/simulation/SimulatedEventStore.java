package io.github.mcppersist.simulation;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreException;
import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.SessionDeletedException;
import io.github.mcppersist.event.StreamConflictException;
import io.github.mcppersist.event.StreamHead;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.event.StreamNotFoundException;
import io.github.mcppersist.session.SessionRecord;

/**
 * The event store of one node: what Redis does with a stream, without Redis.
 */
final class SimulatedEventStore implements EventStore {

	private final SimulatedDatabase database;

	private final Place node;

	private final @Nullable String nodeId;

	/**
	 * Create the store of a node.
	 * @param database what it stores in
	 * @param node where it is called
	 * @param nodeId the ID of the node, or {@code null} if the store isn't shared
	 */
	SimulatedEventStore(SimulatedDatabase database, Place node, @Nullable String nodeId) {
		this.database = database;
		this.node = node;
		this.nodeId = nodeId;
	}

	@Override
	public Mono<Revision> openStream(StreamKey stream, @Nullable RequestIds requestIds, List<Event> events) {
		if (requestIds != null) {
			this.database.name(stream, "call " + PlaceCodec.text(requestIds.toString()));
		}
		return write("open", stream, events, () -> {
			if (this.database.isDeleted(stream.sessionName())) {
				throw new SessionDeletedException();
			}
			StoredLog log = this.database.log(stream);
			if (log != null && (log.complete() || !Objects.equals(log.head().owner(), this.nodeId))) {
				throw conflict(stream, log);
			}
			this.database.put(stream, new StoredLog(
					new StreamHead(this.nodeId, (log != null) ? log.reader() : null, requestIds), events, false, 0));
			if (this.nodeId == null) {
				return null;
			}
			SessionRecord session = this.database.session(stream.sessionName());
			return (session != null) ? session.revision() : null;
		});
	}

	@Override
	public Mono<Void> storeEvents(StreamKey stream, List<Event> events) {
		return write("store", stream, events, () -> {
			StoredLog log = existing(stream);
			if (!log.complete() && log.nextSequence() == events.get(0).id().sequence()) {
				this.database.put(stream, log.with(events, false));
			}
			else if (!log.contains(events) || log.wasCompletedBy(events)) {
				throw conflict(stream, log);
			}
			return null;
		});
	}

	@Override
	public Mono<Void> completeStream(StreamKey stream, List<Event> events) {
		return write("complete", stream, events, () -> {
			StoredLog log = existing(stream);
			if (!log.complete() && log.nextSequence() == events.get(0).id().sequence()) {
				this.database.put(stream, log.with(events, true));
			}
			else if (!log.wasCompletedBy(events)) {
				throw conflict(stream, log);
			}
			return null;
		});
	}

	private <T> Mono<T> write(String what, StreamKey stream, List<Event> events,
			java.util.function.Supplier<@Nullable T> operation) {
		long first = events.get(0).id().sequence();
		long last = events.get(events.size() - 1).id().sequence();
		String text = what + " " + this.database.nameOf(stream) + " " + first + ".." + last;
		return this.database.call(this.node, text, true, () -> {
			if (!isWrittenByOthers(stream) && this.database.refuses(events)) {
				throw new EventStoreException("Simulated: larger than the store ever takes");
			}
			T result = operation.get();
			this.database.stored(stream, this.nodeId, last);
			return result;
		}).doOnSuccess((result) -> {
			if (this.nodeId != null) {
				this.database.storedHere(stream, this.nodeId, last);
			}
		});
	}

	// Whose messages, too, would be a part of the gap behind which the stream starts anew
	private boolean isWrittenByOthers(StreamKey stream) {
		return this.nodeId != null && stream.streamId().equals("0");
	}

	private StoredLog existing(StreamKey stream) {
		StoredLog log = this.database.log(stream);
		if (log == null) {
			throw new StreamNotFoundException(stream);
		}
		return log;
	}

	private static StreamConflictException conflict(StreamKey stream, StoredLog log) {
		return new StreamConflictException(stream, log.nextSequence(), log.complete());
	}

	@Override
	public Mono<EventPage> replayEventsAfter(StreamKey stream, @Nullable EventId lastEventId, int maxBytes) {
		String text = "read " + this.database.nameOf(stream) + " after "
				+ ((lastEventId != null) ? lastEventId.sequence() : "nothing");
		return this.database.call(this.node, text, false, () -> {
			StoredLog log = this.database.log(stream);
			if (log == null) {
				throw new EventNotFoundException();
			}
			return log.read(stream, lastEventId, maxBytes);
		}).doOnSuccess((page) -> {
			if (this.nodeId != null && page.head().reader() == null && page.rest() != EventPage.Rest.NONE) {
				this.database.unmarked(this.nodeId, stream);
			}
		});
	}

	@Override
	public Flux<Hint> watch(StreamKey stream) {
		return Flux.create(
				(sink) -> this.database.watch(this.node, (this.nodeId != null) ? this.nodeId : "", stream, sink),
				FluxSink.OverflowStrategy.LATEST);
	}

	@Override
	public Mono<Void> renewStreams(Collection<StreamKey> streams) {
		return this.database.call(this.node, "renew " + streams.size() + " streams", true, () -> null);
	}

	@Override
	public Duration timeToLive() {
		return Duration.ofHours(1);
	}

	@Override
	public Duration completedTimeToLive() {
		return Duration.ofMinutes(5);
	}

	@Override
	public Mono<Void> deleteSession(String sessionName) {
		return this.database.call(this.node, "delete streams of " + this.database.nameOf(sessionName), true, () -> {
			this.database.delete(sessionName);
			this.database.streamsOf(sessionName).forEach((stream) -> this.database.put(stream, null));
			return null;
		});
	}

}

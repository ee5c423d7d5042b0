package io.github.mcppersist.event;

import java.time.Duration;
import java.util.Collection;
import java.util.List;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Keeps the events of running and recently completed streams, so that a client that lost
 * its connection gets what it missed (MCP 2025-11-25, "Resumability and Redelivery").
 * <p>
 * A <em>stream</em> is a log of events in the order in which they were stored. Its
 * <em>writer</em> numbers them: sequence 1, 2, 3 and so on without a hole. Storing is a
 * compare-and-set on that number and is <em>idempotent</em>: a writer that doesn't know
 * whether its last call arrived makes the same call again, and the events are stored once
 * all the same: an event is the same if its ID is, whatever bytes its message is encoded
 * to. A stream is <em>complete</em> once its last event, the JSON-RPC response, is
 * stored; a complete stream never changes.
 * <p>
 * For every store these hold, and {@code EventStoreContractTests} tests them:
 * <ul>
 * <li>Nothing is done before subscription. Every {@link Mono} ends within the store's own
 * time limit, whatever happens to the server behind it.</li>
 * <li>A call that ends in {@link EventStoreUnavailableException} may have been carried
 * out or not. Any other error says that it was not.</li>
 * <li>Signals come on any thread: one of the store's own, or of whoever subscribes or
 * stores. A subscriber neither blocks it nor runs a user's code on it.</li>
 * <li>Events that are none, leave a hole or belong to another stream are an
 * {@link IllegalArgumentException}, thrown at once or by what the call returns.</li>
 * <li>The store is thread-safe, but a writer has one call for a stream under way at a
 * time.</li>
 * <li>Streams expire: a running one {@link #timeToLive()} after it was last written or
 * renewed, a complete one {@link #completedTimeToLive()} after it completed or was last
 * read or renewed, but no later than {@link #timeToLive()} after it completed if that is
 * longer: a client that reads slowly gets the rest. Beyond the store's bounds for a
 * stream or a session the oldest events go first. A reader whose next event is gone is
 * told so, and gets nothing.</li>
 * </ul>
 */
public interface EventStore {

	/**
	 * Open a stream with its first events, usually one priming event. If this writer had
	 * the stream open already, the stream starts anew with these events: what was stored
	 * before is dropped, and a cursor before the first of them is a reported gap.
	 * @param stream the stream
	 * @param requestIds what the stream answers, or {@code null} if it answers nothing
	 * @param events at least one event; the first may have any sequence, the others
	 * follow without a hole
	 * @return completes when the events are stored. If this store knows the session's
	 * record, it emits the revision that it had then; otherwise nothing. Fails with
	 * {@link SessionDeletedException}, with {@link StreamConflictException} if the stream
	 * is complete or somebody else opened it, with {@link EventStoreRefusedException} if
	 * the store won't ever take these events, as they are too large or as it lacks a
	 * right, or with {@link EventStoreUnavailableException}
	 */
	Mono<Revision> openStream(StreamKey stream, @Nullable RequestIds requestIds, List<Event> events);

	/**
	 * Store events at the end of a running stream.
	 * @param stream the stream
	 * @param events at least one event, with sequences that follow what is stored, and
	 * each other, without a hole
	 * @return completes when the events are stored, by this call or by an earlier one
	 * like it; fails with {@link StreamNotFoundException}, with
	 * {@link StreamConflictException} if the stream is complete or isn't where the first
	 * event belongs, with {@link EventStoreRefusedException} as {@link #openStream}, or
	 * with {@link EventStoreUnavailableException}
	 */
	Mono<Void> storeEvents(StreamKey stream, List<Event> events);

	/**
	 * Store the last events of a running stream and complete it, in one step.
	 * @param stream the stream
	 * @param events at least one event, as for {@link #storeEvents}
	 * @return as for {@link #storeEvents}
	 */
	Mono<Void> completeStream(StreamKey stream, List<Event> events);

	/**
	 * Read what comes strictly after an event, in the order in which it was stored.
	 * @param stream the stream
	 * @param lastEventId the last event that the reader has, or {@code null} to read from
	 * the oldest event that is kept
	 * @param maxBytes about how many bytes of messages to return, at least 1: a store
	 * returns at least one event if there is one, and goes over this by no more than the
	 * largest event of the stream
	 * @return the events; fails with {@link EventNotFoundException} if there is no such
	 * stream or it has no such event, with {@link EventsTrimmedException} if events after
	 * it are gone, or may be since it is gone itself, or with
	 * {@link EventStoreUnavailableException}
	 */
	Mono<EventPage> replayEventsAfter(StreamKey stream, @Nullable EventId lastEventId, int maxBytes);

	/**
	 * Watch a stream for events that anybody stores, on this node or another. The hints
	 * carry no events: a reader answers each with {@link #replayEventsAfter}. They may be
	 * spurious, merged, or lost while the store is out of reach, so a reader looks by
	 * itself from time to time.
	 * <p>
	 * Watching makes this node the {@linkplain StreamHead#reader() reader} of the stream.
	 * If another node was, who watches there is told to look, and finds that it has been
	 * replaced. A store that has lost who the reader is notes this node once more when it
	 * reads the stream, unless there is another one by then.
	 * @param stream the stream
	 * @return emits {@link Hint.Watched} once as soon as the stream is watched (a read
	 * from then on misses nothing that isn't hinted at, and finds another reader only if
	 * that one came later), and before that, never after it, {@link Hint.NotWatched} if
	 * it can't be watched yet, because the store is out of reach or the stream isn't
	 * there; {@link Hint.Stored} after events were stored, and {@link Hint.Look} when
	 * there may be something to see that has no sequence, both perhaps before
	 * {@link Hint.Watched}, since another watch on this node may have been there. Ends
	 * when it is cancelled, completes when the store is closed, or fails with an
	 * {@link EventStoreException}. Hints that find no demand are dropped but for the
	 * latest.
	 */
	Flux<Hint> watch(StreamKey stream);

	/**
	 * Put off the expiry of streams. Streams that are gone are passed over.
	 * @param streams the streams, of any sessions
	 * @return completes when it is done; fails with
	 * {@link EventStoreUnavailableException}
	 */
	Mono<Void> renewStreams(Collection<StreamKey> streams);

	/**
	 * Return how long a running stream is kept without being written or renewed. Whoever
	 * runs a stream renews it at a third of this.
	 * @return a positive duration
	 */
	Duration timeToLive();

	/**
	 * Return how long a complete stream is kept without being read or renewed. Whoever is
	 * in the middle of reading a stream renews it at a third of this.
	 * @return a positive duration
	 */
	Duration completedTimeToLive();

	/**
	 * Delete a session with all its streams, running and complete ones. From then on none
	 * can be opened ({@link SessionDeletedException}), written
	 * ({@link StreamNotFoundException}) or read ({@link EventNotFoundException}).
	 * @param sessionName the session
	 * @return completes when the session is deleted, also if it was unknown; fails with
	 * {@link EventStoreUnavailableException}
	 */
	Mono<Void> deleteSession(String sessionName);

}

package io.github.mcppersist.payload;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreRefusedException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.EventsUnreadableException;
import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.MonitoredEventStore;
import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.StoreOutage;
import io.github.mcppersist.event.StoredStream;
import io.github.mcppersist.event.StreamHead;
import io.github.mcppersist.event.StreamKey;

/**
 * An event store that encodes messages and request IDs before another one stores them. To
 * that one they are bytes and IDs like others: an encoded request ID is text in quotes,
 * in pieces as if it were a batch where one is too long.
 * <p>
 * Signals come on the threads of the other store, which also decode. Events that can't be
 * encoded are refused ({@link EventStoreRefusedException}), and ones that can't be
 * decoded are a gap ({@link EventsUnreadableException}). A page ends before one, and
 * before it grows larger than it was to be by being decoded.
 */
public final class EncodedEventStore implements MonitoredEventStore {

	private static final int MAX_PIECE = RequestId.MAX_BYTES - 2;

	private final EventStore store;

	private final @Nullable MonitoredEventStore monitored;

	private final Payloads payloads;

	/**
	 * Wrap a store.
	 * @param store the store
	 * @param payloads encodes and decodes
	 */
	public EncodedEventStore(EventStore store, Payloads payloads) {
		this.store = store;
		this.monitored = (store instanceof MonitoredEventStore known) ? known : null;
		this.payloads = payloads;
	}

	@Override
	public Mono<Revision> openStream(StreamKey stream, @Nullable RequestIds requestIds, List<Event> events) {
		return encoded(() -> this.store.openStream(stream, (requestIds != null) ? encode(stream, requestIds) : null,
				encode(stream, events)));
	}

	@Override
	public Mono<Void> storeEvents(StreamKey stream, List<Event> events) {
		return encoded(() -> this.store.storeEvents(stream, encode(stream, events)));
	}

	@Override
	public Mono<Void> completeStream(StreamKey stream, List<Event> events) {
		return encoded(() -> this.store.completeStream(stream, encode(stream, events)));
	}

	private static <T> Mono<T> encoded(Supplier<Mono<T>> call) {
		try {
			return call.get();
		}
		catch (IllegalStateException ex) {
			return Mono.error(new EventStoreRefusedException("Events can't be encoded", ex));
		}
	}

	private List<Event> encode(StreamKey stream, List<Event> events) {
		if (this.payloads.arePlain()) {
			return events;
		}
		List<Event> encoded = new ArrayList<>(events.size());
		for (Event event : events) {
			encoded.add(event.isPriming() ? event : new Event(event.id(),
					this.payloads.encode(PayloadPlace.event(stream, event.id()), event.message())));
		}
		return encoded;
	}

	private RequestIds encode(StreamKey stream, RequestIds requestIds) {
		boolean ambiguous = isEncoded(requestIds);
		if (this.payloads.arePlain() && !ambiguous) {
			return requestIds;
		}
		String plain = (ambiguous ? Payloads.TEXT_MARK : "") + requestIds;
		String encoded = this.payloads.encode(PayloadPlace.requestIds(stream), plain);
		if (encoded.equals(plain)) {
			return requestIds;
		}
		List<RequestId> pieces = new ArrayList<>();
		for (int i = 0; i < encoded.length(); i += MAX_PIECE) {
			String piece = encoded.substring(i, Math.min(encoded.length(), i + MAX_PIECE));
			pieces.add(new RequestId('"' + piece + '"'));
		}
		return (pieces.size() > 1) ? RequestIds.ofBatch(pieces) : RequestIds.of(pieces.get(0));
	}

	@Override
	public Mono<EventPage> replayEventsAfter(StreamKey stream, @Nullable EventId lastEventId, int maxBytes) {
		return this.store.replayEventsAfter(stream, lastEventId, maxBytes)
			.map((page) -> decode(stream, page, maxBytes))
			.onErrorMap(EventsTrimmedException.class, (ex) -> new EventsTrimmedException(stream,
					(ex.requestIds() != null) ? decodeOrNull(stream, ex.requestIds()) : null));
	}

	private EventPage decode(StreamKey stream, EventPage page, int maxBytes) {
		StreamHead head = page.head();
		RequestIds stored = head.requestIds();
		RequestIds requestIds = (stored != null) ? decodeOrNull(stream, stored) : null;
		EventId last = page.lastEventId();
		if (stored != null && requestIds == null && last != null) {
			// Nobody could be answered: its reader is not to wait
			throw new EventsUnreadableException(stream, null, last);
		}
		List<Event> events = new ArrayList<>(page.events().size());
		long bytes = 0;
		for (Event event : page.events()) {
			byte[] message = decodeOrNull(stream, event);
			if (message == null) {
				if (!events.isEmpty()) {
					break;
				}
				throw new EventsUnreadableException(stream, requestIds, lastUnreadable(stream, page));
			}
			bytes += message.length;
			if (bytes > maxBytes && !events.isEmpty()) {
				break;
			}
			events.add((message != event.message()) ? new Event(event.id(), message) : event);
		}
		StreamHead decoded = new StreamHead(head.owner(), head.reader(), requestIds);
		return (events.size() == page.events().size()) ? new EventPage(events, last, page.rest(), decoded)
				: new EventPage(events, events.get(events.size() - 1).id(), EventPage.Rest.STORED, decoded);
	}

	// Those that follow may be unreadable as well: they are one gap
	private EventId lastUnreadable(StreamKey stream, EventPage page) {
		EventId last = page.events().get(0).id();
		for (Event event : page.events().subList(1, page.events().size())) {
			if (decodeOrNull(stream, event) != null) {
				return last;
			}
			last = event.id();
		}
		return last;
	}

	private byte @Nullable [] decodeOrNull(StreamKey stream, Event event) {
		try {
			return this.payloads.decode(PayloadPlace.event(stream, event.id()), event.message());
		}
		catch (UnreadablePayloadException ex) {
			return null;
		}
	}

	private @Nullable RequestIds decodeOrNull(StreamKey stream, RequestIds stored) {
		boolean encoded = isEncoded(stored);
		String text = encoded ? stored.all()
			.stream()
			.map((piece) -> piece.json().substring(1, piece.json().length() - 1))
			.collect(Collectors.joining()) : stored.toString();
		try {
			String decoded = this.payloads.decode(PayloadPlace.requestIds(stream), text);
			return encoded ? RequestIds.parse(decoded.startsWith(Payloads.TEXT_MARK) ? decoded.substring(1) : decoded)
					: stored;
		}
		catch (UnreadablePayloadException | IllegalArgumentException ex) {
			return null;
		}
	}

	// What a client sends may look so, too, and is encoded in any case then
	private static boolean isEncoded(RequestIds requestIds) {
		return requestIds.all().get(0).json().startsWith('"' + Payloads.TEXT_MARK);
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

	/**
	 * Say whether the other store is out of reach, if it knows.
	 */
	@Override
	public @Nullable StoreOutage outage() {
		return (this.monitored != null) ? this.monitored.outage() : null;
	}

	/**
	 * Find the streams of a session, if the other store shows them. Request IDs that
	 * can't be decoded are left out.
	 */
	@Override
	public Mono<List<StoredStream>> findStreams(String sessionName) {
		return (this.monitored != null)
				? this.monitored.findStreams(sessionName)
					.map((streams) -> streams.stream().map((stream) -> decode(sessionName, stream)).toList())
				: Mono.just(List.of());
	}

	private StoredStream decode(String sessionName, StoredStream stream) {
		StreamHead head = stream.head();
		RequestIds requestIds = (head.requestIds() != null)
				? decodeOrNull(new StreamKey(sessionName, stream.streamId()), head.requestIds()) : null;
		return new StoredStream(stream.streamId(), new StreamHead(head.owner(), head.reader(), requestIds),
				stream.lastSequence(), stream.complete());
	}

}

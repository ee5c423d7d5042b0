package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventStoreException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.SessionDeletedException;
import io.github.mcppersist.event.StreamConflictException;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.event.StreamNotFoundException;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.StreamDescription;

/**
 * The writer of one stream, on the node that runs it. It numbers the messages, stores
 * them in order with one call under way at a time (what comes meanwhile goes as one
 * batch), and hands each to the connection once it is stored.
 * <p>
 * What the store has not acknowledged is the <em>tail</em>. While the store is out of
 * reach the tail keeps its order and its IDs, goes to the connection without them, and is
 * stored when the store is back; if it grows too large its oldest events go, and the
 * stream starts anew behind them, which a later resume reports as a gap.
 * <p>
 * All state belongs to the {@link Mailbox}; senders see only the number of bytes in the
 * tail. It ends when the response is stored, when that is given up, or when the session
 * ends.
 */
public final class StreamLog {

	private static final Logger logger = LoggerFactory.getLogger(StreamLog.class);

	/**
	 * A sender waits while more than this is in the tail and the store answers.
	 */
	private static final int BACKLOG_BYTES = 256 * 1024;

	private static final Duration RETRY = Duration.ofMillis(300);

	private final StreamContext runtime;

	private final Mailbox mailbox = new Mailbox();

	private final StreamKey stream;

	private final @Nullable RequestIds requestIds;

	/**
	 * The requests that have no response yet.
	 */
	private final Set<RequestId> unanswered = new LinkedHashSet<>();

	private final Runnable onEnd;

	private final StreamTail tail;

	private final Deque<MonoSink<Void>> waiting = new ArrayDeque<>();

	private long nextSequence = 1;

	/**
	 * Written in the mailbox, read anywhere.
	 */
	private volatile @Nullable EventId lastStored;

	/**
	 * Written in the mailbox, read anywhere.
	 */
	private volatile @Nullable EventId lastDelivered;

	private boolean calling;

	/**
	 * What the store was asked to store and may have stored: asked again in just the same
	 * way, since only that is idempotent.
	 */
	private StreamTail.@Nullable Batch unacknowledged;

	private boolean opened;

	/**
	 * Whether the last call of the store failed; written in the mailbox, read anywhere.
	 */
	private volatile boolean outage;

	private boolean retryDue;

	/**
	 * When storing the response is given up, in terms of {@link System#nanoTime()}.
	 */
	private long giveUpNanos;

	private State state = State.OPEN;

	/**
	 * Written in the mailbox, read anywhere.
	 */
	private volatile @Nullable SseConnection connection;

	private @Nullable MonoSink<Revision> opening;

	/**
	 * Whether the stream is stored and runs; written in the mailbox, read anywhere.
	 */
	private volatile boolean stored;

	/**
	 * Create a log that is not stored yet.
	 * @param runtime what all streams share
	 * @param stream the stream
	 * @param requestIds what the stream answers; {@code null} for the standalone stream,
	 * which answers nothing and never ends by itself
	 * @param onEnd called once, in the mailbox, when the log has ended
	 */
	public StreamLog(StreamContext runtime, StreamKey stream, @Nullable RequestIds requestIds, Runnable onEnd) {
		this.runtime = runtime;
		this.tail = new StreamTail(runtime);
		this.stream = stream;
		this.requestIds = requestIds;
		if (requestIds != null) {
			this.unanswered.addAll(requestIds.all());
		}
		this.onEnd = onEnd;
		// A standalone stream may be there already, even of this node's making before it
		// let the session go: opening it would drop what is stored
		this.opened = requestIds == null;
	}

	// On any thread

	public StreamKey stream() {
		return this.stream;
	}

	public Mailbox mailbox() {
		return this.mailbox;
	}

	/**
	 * Open the stream with a priming event.
	 * @return completes when it is stored, with the revision of the session if the store
	 * knows it; fails with what the store says
	 */
	public Mono<Revision> open() {
		return Mono.create((sink) -> this.mailbox.execute(() -> {
			if (this.state == State.DISCARDED) {
				sink.error(new SessionDeletedException());
				return;
			}
			this.opening = sink;
			if (this.nextSequence == 1) {
				this.tail.add(Event.priming(nextId()), StreamTail.Kind.MESSAGE, null);
			}
			store();
		}));
	}

	/**
	 * Send a message.
	 * @param requestId the request that it belongs to, or {@code null} on the standalone
	 * stream
	 * @param message the JSON-RPC message as UTF-8 JSON
	 * @param response whether it is the request's response. What belongs to a request
	 * that has one already is dropped, and the stream is complete when all of its
	 * requests have one
	 * @return completes as soon as the message has its place; later if the store is
	 * slower than the sender. Where unstored messages are refused, completes when it is
	 * stored and fails with an {@link EventStoreException} if it may not be
	 */
	public Mono<Void> send(@Nullable RequestId requestId, byte[] message, boolean response) {
		if (this.runtime.settings().unstoredRefused() && !response) {
			return Mono.create((sink) -> this.mailbox.execute(() -> append(requestId, message, false, sink)));
		}
		return Mono.create((sink) -> {
			boolean wait = !response && this.tail.bytes() > BACKLOG_BYTES;
			this.mailbox.execute(() -> {
				append(requestId, message, response, null);
				if (wait && this.state == State.OPEN && !this.outage && !this.tail.isEmpty()) {
					this.waiting.add(sink);
				}
				else if (wait) {
					this.runtime.threads().release(sink::success);
				}
			});
			if (!wait) {
				sink.success();
			}
		});
	}

	/**
	 * Make sure that a request has a response: it was handled.
	 * @param requestId the request
	 * @param message what to say if there is none, as for {@link JsonRpcError#of}
	 */
	public void handled(RequestId requestId, String message) {
		this.mailbox.execute(() -> answer(requestId, message));
	}

	/**
	 * Make sure that all requests have a response: nobody waits for their handlers any
	 * more.
	 * @param message as above
	 */
	public void abandon(String message) {
		this.mailbox.execute(() -> List.copyOf(this.unanswered).forEach((requestId) -> answer(requestId, message)));
	}

	private void answer(RequestId requestId, String message) {
		if (this.unanswered.contains(requestId)) {
			append(requestId, JsonRpcError.of(requestId, JsonRpcError.INTERNAL_ERROR, message), true, null);
		}
	}

	/**
	 * Close the connection that is open now, for the client to come back.
	 * @return whether the client can come back, so that the connection is closed
	 */
	public boolean closeConnection() {
		if (!this.stored || this.outage) {
			return false;
		}
		this.mailbox.execute(() -> {
			if (this.connection != null) {
				this.connection.closeForResume();
			}
		});
		return true;
	}

	/**
	 * Say whether the stream is stored and runs, so that it must be renewed.
	 * @return whether it is stored and not complete
	 */
	public boolean isStored() {
		return this.stored;
	}

	/**
	 * End the log at once, and its connection: the session is gone. Nothing is stored or
	 * delivered from now on.
	 */
	public void discard() {
		this.mailbox.execute(() -> {
			end(State.DISCARDED);
			if (this.connection != null) {
				this.connection.close();
			}
		});
	}

	/**
	 * Close the connection on which the request itself came, if it is still open: its
	 * client has another one on another node. Those that came with a GET find out by
	 * themselves.
	 */
	public void readElsewhere() {
		this.mailbox.execute(() -> {
			if (this.connection != null && !this.connection.isWatching()) {
				this.connection.finish();
			}
		});
	}

	/**
	 * Return what the last connection without a cursor has got, for the standalone
	 * stream.
	 * @return the last event that was sent with its ID, or {@code null}
	 */
	public @Nullable EventId lastDelivered() {
		return this.lastDelivered;
	}

	/**
	 * Say whether nothing is lost if this log goes.
	 * @return whether nothing waits to be stored
	 */
	public boolean isIdle() {
		return this.tail.bytes() == 0;
	}

	/**
	 * Say whether a connection of the stream is open.
	 * @return whether somebody reads
	 */
	public boolean isConnected() {
		return this.connection != null;
	}

	public StreamDescription describe(@Nullable ConnectionKind connection) {
		EventId last = this.lastStored;
		return new StreamDescription(this.stream.streamId(), this.requestIds, true,
				(last != null) ? last.sequence() : 0, connection);
	}

	// In the mailbox

	/**
	 * Make a connection the stream's only one, and begin where the last one left off, on
	 * this node or another.
	 * @param newer the newer connection
	 * @param noted where that was as far as the session store knows, or {@code null}
	 */
	public void begin(SseConnection newer, @Nullable EventId noted) {
		attach(newer);
		if (!isOpen()) {
			return;
		}
		EventId delivered = this.lastDelivered;
		if (delivered == null || (noted != null && noted.sequence() > delivered.sequence())) {
			delivered = noted;
			this.lastDelivered = noted;
		}
		boolean shared = this.runtime.isShared();
		if (shared || isCaughtUp(delivered)) {
			// An ID to resume from that has not expired, whatever was stored before
			this.tail.add(Event.priming(nextId()), StreamTail.Kind.MESSAGE, null);
			store();
		}
		if (shared || this.lastStored == null) {
			newer.beginReading(delivered);
		}
		else {
			newer.begin(delivered, this);
		}
	}

	/**
	 * Make a connection the stream's only one; the older one is closed. If the session
	 * has ended, so does the connection.
	 * @param newer the newer connection
	 */
	public void attach(SseConnection newer) {
		if (this.state == State.DISCARDED) {
			newer.finish();
			return;
		}
		if (newer.isDone()) {
			// One that came later was here first
			return;
		}
		SseConnection older = this.connection;
		this.connection = newer;
		if (older != null) {
			older.finish();
		}
	}

	public void detach(SseConnection gone) {
		if (this.connection == gone) {
			this.connection = null;
		}
	}

	public boolean isOpen() {
		return this.state == State.OPEN;
	}

	public boolean isComplete() {
		return this.state == State.COMPLETE;
	}

	/**
	 * Say whether a position in the stream is one that the store hasn't reached yet.
	 * @param position the position of a connection
	 * @return whether reading has to wait until the tail is stored
	 */
	public boolean isBehind(@Nullable EventId position) {
		return isOpen() && position != null
				&& (this.lastStored == null || position.sequence() > this.lastStored.sequence())
				&& this.tail.reaches(position.sequence());
	}

	/**
	 * Say whether an event is one of this writer's own that it hands over once it is
	 * stored.
	 * @param sequence the event's sequence
	 * @return whether it is in the tail
	 */
	public boolean willHandOver(long sequence) {
		return this.tail.holds(sequence);
	}

	/**
	 * Say whether the last call of the store failed.
	 * @return whether what is sent now is handed over before it is stored
	 */
	public boolean isOutage() {
		return this.outage;
	}

	/**
	 * Note what a connection has read that another writer has stored.
	 * @param read the last event that was read
	 */
	public void saw(EventId read) {
		if (!isOnlyWriter() && isOpen() && !this.calling && this.tail.isEmpty()
				&& read.sequence() >= this.nextSequence) {
			this.opened = true;
			this.stored = true;
			this.lastStored = read;
			this.nextSequence = read.sequence() + 1;
		}
	}

	/**
	 * Say whether nobody else writes to the stream.
	 * @return whether it answers a request
	 */
	public boolean isOnlyWriter() {
		return this.requestIds != null;
	}

	/**
	 * Say whether there is nothing stored after a position.
	 * @param position the position of a connection
	 * @return whether what follows will be handed over
	 */
	public boolean isCaughtUp(@Nullable EventId position) {
		return this.lastStored == null || (position != null && position.sequence() >= this.lastStored.sequence());
	}

	/**
	 * Say whether an event ID is the last one that the store acknowledged to this writer.
	 * @param id the cursor of a client
	 * @return whether it is exactly that event
	 */
	public boolean isLastStored(EventId id) {
		return id.equals(this.lastStored);
	}

	/**
	 * Hand over what the store can't take at the moment to a connection that has caught
	 * up with what is stored.
	 * @param reader the connection
	 */
	public void handOver(SseConnection reader) {
		if (reader == this.connection && this.outage) {
			offerTail();
		}
	}

	/**
	 * Start the stream anew with a priming event: what was stored has expired.
	 */
	public void startAnew() {
		if (this.state == State.OPEN && this.opened && !this.calling) {
			forgetStored();
			if (this.tail.isEmpty()) {
				this.tail.add(Event.priming(nextId()), StreamTail.Kind.MESSAGE, null);
			}
			store();
		}
	}

	/**
	 * Note what the connection was sent; the next one without a cursor begins after it.
	 * @param id the last event that was sent with its ID
	 */
	public void delivered(EventId id) {
		this.lastDelivered = id;
	}

	/**
	 * Say whether all that the stream answers has been answered.
	 * @return whether it answers requests, and each has its response
	 */
	private boolean isAnswered() {
		return this.requestIds != null && this.unanswered.isEmpty();
	}

	private EventId nextId() {
		return EventId.next(this.stream.streamId(), this.nextSequence++);
	}

	private void append(@Nullable RequestId requestId, byte[] message, boolean response,
			@Nullable MonoSink<Void> sink) {
		if (this.state != State.OPEN || (requestId != null && !this.unanswered.contains(requestId))) {
			logger.debug("A message for stream {} came after its end", this.stream.streamId());
			if (sink != null) {
				this.runtime.threads().release(sink::success);
			}
			return;
		}
		if (this.nextSequence == 1) {
			this.tail.add(Event.priming(nextId()), StreamTail.Kind.MESSAGE, null);
		}
		StreamTail.Kind kind = StreamTail.Kind.MESSAGE;
		if (response) {
			this.unanswered.remove(requestId);
			kind = this.unanswered.isEmpty() ? StreamTail.Kind.LAST_RESPONSE : StreamTail.Kind.RESPONSE;
		}
		if (kind == StreamTail.Kind.LAST_RESPONSE) {
			this.giveUpNanos = this.runtime.threads().nanoTime()
					+ StreamContext.nanos(this.runtime.store().timeToLive());
		}
		StreamTail.Entry entry = this.tail.add(new Event(nextId(), message), kind, sink);
		if (this.outage) {
			offer(entry);
			trimTail();
		}
		store();
	}

	private void store() {
		if (this.state != State.OPEN || this.calling || this.tail.isEmpty() || this.retryDue) {
			return;
		}
		StreamTail.Batch batch = (this.unacknowledged != null) ? this.unacknowledged : this.tail.nextBatch(this.opened);
		this.unacknowledged = batch;
		this.calling = true;
		Mono.defer(() -> call(batch))
			.map(Optional::of)
			.defaultIfEmpty(Optional.empty())
			.subscribe(
					(revision) -> this.runtime.threads()
						.deliver(this.mailbox, () -> onStored(batch, revision.orElse(null))),
					(ex) -> this.runtime.threads().deliver(this.mailbox, () -> onFailed(batch, ex)));
	}

	private Mono<Revision> call(StreamTail.Batch batch) {
		if (!this.opened) {
			return this.runtime.store().openStream(this.stream, this.requestIds, batch.events());
		}
		return (batch.complete() ? this.runtime.store().completeStream(this.stream, batch.events())
				: this.runtime.store().storeEvents(this.stream, batch.events()))
			.then(Mono.empty());
	}

	private void onStored(StreamTail.Batch batch, @Nullable Revision revision) {
		this.calling = false;
		this.unacknowledged = null;
		if (this.state != State.OPEN) {
			return;
		}
		List<Event> events = batch.events();
		boolean openedNow = !this.opened;
		this.opened = true;
		this.outage = false;
		this.stored = true;
		this.runtime.observer().eventsStored(StreamTail.messages(events));
		EventId last = events.get(events.size() - 1).id();
		this.lastStored = last;
		if (openedNow && this.lastDelivered == null && events.get(0).isPriming()) {
			this.lastDelivered = events.get(0).id();
		}
		this.tail.settle(last.sequence());
		if (batch.complete()) {
			this.state = State.COMPLETE;
		}
		SseConnection reader = this.connection;
		if (reader != null) {
			events.forEach(reader::offerStored);
			reader.moveCursor(last);
		}
		if (this.opening != null) {
			MonoSink<Revision> sink = this.opening;
			this.opening = null;
			sink.success(revision);
		}
		if (batch.complete()) {
			end(State.COMPLETE);
			if (reader != null) {
				reader.end();
			}
			return;
		}
		releaseSenders();
		store();
	}

	private void onFailed(StreamTail.Batch batch, Throwable ex) {
		this.calling = false;
		if (this.state != State.OPEN) {
			return;
		}
		if (!(ex instanceof EventStoreUnavailableException)) {
			// Any other failure says that it was not stored
			this.unacknowledged = null;
		}
		if (ex instanceof StreamNotFoundException) {
			forgetStored();
			store();
		}
		else if (ex instanceof StreamConflictException conflict) {
			onConflict(conflict);
		}
		else if (ex instanceof SessionDeletedException) {
			failOpening(ex);
			end(State.DISCARDED);
			if (this.connection != null) {
				this.connection.finish();
			}
		}
		else if (ex instanceof EventStoreUnavailableException) {
			onOutage(ex);
		}
		else {
			onRefused(batch, ex);
		}
	}

	/**
	 * What the store will never take is delivered without an ID, and the stream starts
	 * anew behind it.
	 * @param batch what was refused
	 * @param ex why
	 */
	private void onRefused(StreamTail.Batch batch, Throwable ex) {
		logger.warn("The store refused events of stream {}: they can't be replayed", this.stream.streamId(), ex);
		failOpening(ex);
		long last = batch.events().get(batch.events().size() - 1).id().sequence();
		boolean response = false;
		for (StreamTail.Entry entry : this.tail.refuse(last, ex)) {
			offer(entry);
			response |= entry.isLast();
		}
		forgetStored();
		if (response) {
			end(State.DISCARDED);
		}
		else {
			store();
		}
	}

	/**
	 * The standalone stream may have other writers: what is in the tail gets the next
	 * free places. A request's stream has this one writer; if the log isn't where it left
	 * it, the store was rolled back, and the stream starts anew behind the gap.
	 * @param conflict what the store says
	 */
	private void onConflict(StreamConflictException conflict) {
		if (this.requestIds == null && !conflict.isComplete()) {
			this.opened = true;
			renumber(conflict.nextSequence());
			store();
		}
		else if (this.opened && !conflict.isComplete()) {
			forgetStored();
			store();
		}
		else {
			logger.info("Stream {} was ended by another node, which took this one for gone", this.stream.streamId());
			failOpening(conflict);
			SseConnection reader = this.connection;
			end(State.COMPLETE);
			if (reader != null) {
				reader.rewind();
			}
		}
	}

	private void forgetStored() {
		this.unacknowledged = null;
		this.opened = false;
		this.stored = false;
		this.lastDelivered = null;
	}

	private void renumber(long firstSequence) {
		this.nextSequence = this.tail.renumber(firstSequence);
		if (this.connection != null) {
			this.connection.rewind();
		}
	}

	private void onOutage(Throwable ex) {
		this.outage = true;
		if (isAnswered() && this.runtime.threads().nanoTime() - this.giveUpNanos > 0) {
			logger.debug("Giving up on the response of stream {}: it would have expired", this.stream.streamId());
			this.tail.refuse(Long.MAX_VALUE, ex);
			end(State.DISCARDED);
			return;
		}
		if (!this.retryDue) {
			this.retryDue = true;
			this.runtime.threads().deliverLater(RETRY, () -> this.mailbox.execute(() -> {
				this.retryDue = false;
				store();
			}));
		}
		failOpening(ex);
		this.tail.failSenders(ex);
		offerTail();
		trimTail();
		releaseSenders();
	}

	private void offerTail() {
		this.tail.entries().forEach(this::offer);
	}

	private void offer(StreamTail.Entry entry) {
		SseConnection reader = this.connection;
		if (reader == null) {
			return;
		}
		if (entry.isResponse() || !this.runtime.settings().unstoredRefused()) {
			reader.offerUnstored(entry.event());
		}
		if (entry.isLast()) {
			reader.end();
		}
	}

	/**
	 * Drop the oldest events of the tail while it is too large. What is under way stays:
	 * it may be stored already.
	 */
	private void trimTail() {
		if (!this.calling && this.tail.trim(this.runtime.settings().maxUnstoredBytes())) {
			// Anew behind what is gone, so that the gap can't be read over
			forgetStored();
		}
	}

	private void failOpening(Throwable ex) {
		if (this.opening != null) {
			MonoSink<Revision> sink = this.opening;
			this.opening = null;
			sink.error(ex);
		}
	}

	private void releaseSenders() {
		while (!this.waiting.isEmpty()
				&& (this.outage || this.state != State.OPEN || this.tail.bytes() <= BACKLOG_BYTES)) {
			this.runtime.threads().release(this.waiting.remove()::success);
		}
	}

	private void end(State end) {
		if (this.state == State.OPEN || end == State.COMPLETE) {
			this.state = end;
			this.stored = false;
			failOpening(new SessionDeletedException());
			this.tail.settle(Long.MAX_VALUE);
			releaseSenders();
			this.onEnd.run();
		}
	}

	private enum State {

		OPEN, COMPLETE, DISCARDED

	}

}

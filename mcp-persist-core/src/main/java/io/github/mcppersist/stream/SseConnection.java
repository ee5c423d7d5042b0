package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStore;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.ResumeOutcome;

/**
 * One SSE connection: a reader of its stream's log. It reads from the store until it has
 * all that is stored, and is then handed each event as it is stored, by the log's writer
 * on this node, or after a hint if the writer is on another. A client that reads slowly
 * makes it fall back to reading from the store, a page at a time.
 * <p>
 * All state belongs to the {@link Mailbox}, which it shares with the log's writer if that
 * is on this node. It ends when the stream is complete, when a newer connection of the
 * stream takes over, when the server closes it, or when the client is gone.
 */
public final class SseConnection implements SseOutput.Source {

	private static final Logger logger = LoggerFactory.getLogger(SseConnection.class);

	/**
	 * After so many reads that found nothing of what the writer says is stored, the store
	 * has lost it.
	 */
	private static final int MAX_EMPTY_READS = 3;

	private static final Duration READ_RETRY = Duration.ofMillis(250);

	private final StreamContext runtime;

	private final ConnectionKind kind;

	private final Mailbox mailbox;

	private final StreamKey stream;

	private final ReconnectPolicy reconnects;

	private @Nullable StreamLog log;

	private final SseOutput output;

	private Mode mode = Mode.LIVE;

	/**
	 * The last event that was put into {@link #output}, with its ID or without.
	 */
	private @Nullable EventId position;

	/**
	 * The last ID that was put into {@link #output}.
	 */
	private @Nullable EventId cursor;

	/**
	 * Whether a newer connection on another node has taken over; written in the mailbox,
	 * read anywhere.
	 */
	private volatile boolean replacedElsewhere;

	private boolean reading;

	/**
	 * Whether this is a connection without a cursor that hasn't read anything yet.
	 */
	private boolean beginning;

	/**
	 * How many reads in a row found nothing.
	 */
	private int emptyReads;

	private boolean lookDue;

	/**
	 * The resume that this connection began with, as observed, or nothing.
	 */
	private EndpointObserver.@Nullable Resume observed;

	private @Nullable Disposable watch;

	/**
	 * Whether the store has been told that this node reads the stream.
	 */
	private boolean watched;

	/**
	 * Whether it is known whether the store could be told.
	 */
	private boolean openable;

	/**
	 * The response that waits for that, or nothing.
	 */
	private @Nullable Consumer<Publisher<byte[]>> opening;

	/**
	 * The furthest hint that came while a read was under way.
	 */
	private long hinted;

	/**
	 * Whether other nodes may have stored events that were not read, because the store
	 * was out of reach, or empty, when this connection began.
	 */
	private boolean unread;

	private final FollowedRequest followed;

	private final Consumer<SseConnection> onRelease;

	private final long createdNanos;

	/**
	 * Create a connection.
	 * @param runtime what all streams share
	 * @param kind what it was opened for
	 * @param mailbox the owner of its state
	 * @param stream the stream that it reads
	 * @param reconnects what is known of how its client comes back
	 * @param log the writer of the stream, if it is on this node
	 * @param onRelease called once, in the mailbox, when the connection has ended
	 */
	public SseConnection(StreamContext runtime, ConnectionKind kind, Mailbox mailbox, StreamKey stream,
			ReconnectPolicy reconnects, @Nullable StreamLog log, Consumer<SseConnection> onRelease) {
		this.kind = kind;
		this.onRelease = onRelease;
		this.runtime = runtime;
		this.mailbox = mailbox;
		this.output = new SseOutput(mailbox, runtime.threads(), this);
		this.stream = stream;
		this.followed = new FollowedRequest(runtime, stream);
		this.reconnects = reconnects;
		this.log = log;
		this.createdNanos = runtime.threads().nanoTime();
	}

	public ConnectionKind kind() {
		return this.kind;
	}

	public StreamKey stream() {
		return this.stream;
	}

	// From the endpoint's clock, on any thread

	/**
	 * Do what is due: a heartbeat, the end of a connection's age, or of a client that
	 * takes nothing.
	 */
	public void tick() {
		this.mailbox.execute(() -> {
			if (!this.output.isOpen()) {
				return;
			}
			long now = this.runtime.threads().nanoTime();
			Duration maxAge = this.runtime.settings().maxConnectionAge();
			if (this.output.isStalled(now)) {
				logger.debug("Closing a connection of stream {}: its client takes nothing", this.stream.streamId());
				finish();
			}
			else if (maxAge != null && now - this.createdNanos > StreamContext.nanos(maxAge) && closeForResume()) {
				logger.trace("Closed a connection of stream {} for its age", this.stream.streamId());
			}
			else {
				this.output.beat(now, StreamContext.nanos(this.runtime.settings().heartbeatInterval()));
			}
			endIfOrphaned();
		});
	}

	/**
	 * Send a heartbeat now, so that it shows if the client has gone.
	 */
	public void probe() {
		this.mailbox.execute(() -> {
			if (this.output.isOpen()) {
				this.output.beat(this.runtime.threads().nanoTime(), -1);
			}
		});
	}

	/**
	 * Say why this connection has ended.
	 * @return whether a newer connection on another node has taken over
	 */
	public boolean isReplacedElsewhere() {
		return this.replacedElsewhere;
	}

	/**
	 * End now, because a newer connection of the stream is on this node.
	 */
	public void replace() {
		this.mailbox.execute(this::finish);
	}

	/**
	 * End for the client to come back on another node, because this one stops, whether it
	 * is known to or not; unless this node runs the stream's request, whose response is
	 * yet to come on this connection.
	 */
	public void leave() {
		this.mailbox.execute(() -> {
			if ((this.log == null || !this.log.isOnlyWriter()) && !endWithCursor()) {
				finish();
			}
		});
	}

	/**
	 * The node that opened the stream doesn't run it any more.
	 */
	public void disown() {
		this.mailbox.execute(() -> {
			this.followed.disown();
			endIfOrphaned();
		});
	}

	/**
	 * End now, because the session or the endpoint does, unless the end is on its way to
	 * the client.
	 */
	public void close() {
		this.mailbox.execute(() -> {
			if (!this.output.isEnding()) {
				finish();
			}
		});
	}

	/**
	 * End now, whatever is on its way.
	 */
	public void abort() {
		this.mailbox.execute(this::finish);
	}

	/**
	 * Answer a request with this connection.
	 * @param response the response to the request
	 */
	public void open(Consumer<Publisher<byte[]>> response) {
		this.output.open(response);
	}

	/**
	 * Answer a request with this connection, as soon as the node of an older one knows of
	 * it: a client that has seen this one may turn to yet another node, whose connection
	 * is the newer one then.
	 * @param response the response to the request
	 */
	public void openWhenWatched(Consumer<Publisher<byte[]>> response) {
		this.mailbox.execute(() -> {
			this.opening = response;
			if (this.output.isClosed() || this.watch == null || this.openable) {
				openNow();
			}
		});
	}

	/**
	 * Answer a request with this connection, which gets nothing but heartbeats: its
	 * client waits for another one's place.
	 * @param lastEventId the client's cursor, which it is told again so that it keeps it,
	 * or {@code null}
	 * @param response the response to the request
	 */
	public void openWaiting(@Nullable EventId lastEventId, Consumer<Publisher<byte[]>> response) {
		this.mailbox.execute(() -> {
			if (lastEventId != null) {
				this.output.add(SseFrame.cursor(lastEventId, this.reconnects.retry()));
			}
			this.opening = response;
			openNow();
		});
	}

	private void openNow() {
		this.openable = true;
		Consumer<Publisher<byte[]>> response = this.opening;
		if (response != null) {
			this.opening = null;
			this.runtime.threads().deliver(new Mailbox(), () -> open(response));
		}
	}

	// From the owner, in the mailbox

	/**
	 * Begin with what a first read after the client's cursor found.
	 * @param lastEventId the client's cursor
	 * @param page what the read found, or {@code null} if the store was out of reach
	 * @param observed is told how it goes on
	 */
	public void resume(EventId lastEventId, @Nullable EventPage page, EndpointObserver.Resume observed) {
		this.observed = observed;
		if (this.output.isClosed()) {
			resumed(ResumeOutcome.ABANDONED, null);
			return;
		}
		this.mode = Mode.BEHIND;
		this.position = lastEventId;
		this.cursor = lastEventId;
		if (this.runtime.isShared() && (page == null || page.rest() != EventPage.Rest.NONE)) {
			watch();
		}
		if (page == null || page.events().isEmpty()) {
			this.output.add(SseFrame.cursor(lastEventId, this.reconnects.retry()));
		}
		if (page != null) {
			accept(page, false);
		}
		else if (this.log != null && this.log.isLastStored(lastEventId)) {
			caughtUp();
		}
		this.output.drain();
	}

	/**
	 * Begin where the last connection of the stream left off; for the standalone stream.
	 * @param start the last event that a connection was sent, or {@code null} for none
	 * @param log the writer of the stream
	 */
	public void begin(@Nullable EventId start, StreamLog log) {
		this.position = start;
		if (log.isCaughtUp(start)) {
			log.handOver(this);
		}
		else {
			if (start != null) {
				prime(start);
			}
			this.mode = Mode.BEHIND;
			this.beginning = true;
		}
		this.output.drain();
	}

	/**
	 * Begin where the last connection of the stream left off, by reading; for a
	 * standalone stream of which its writer on this node may not know everything.
	 * @param start the last event that a connection was sent, or {@code null} for none
	 */
	public void beginReading(@Nullable EventId start) {
		if (this.output.isClosed()) {
			return;
		}
		this.position = start;
		if (start != null) {
			prime(start);
		}
		this.mode = Mode.BEHIND;
		this.beginning = true;
		if (this.runtime.isShared()) {
			watch();
		}
		this.output.drain();
	}

	/**
	 * Take over an event that was stored just now.
	 * @param event the event
	 */
	public void offerStored(Event event) {
		if (this.unread) {
			this.unread = false;
			rewind();
		}
		if (this.mode != Mode.LIVE || this.output.isEnding()) {
			this.output.drain();
			return;
		}
		if (isBeforePosition(event)) {
			return;
		}
		if (event.isPriming()) {
			this.position = event.id();
			prime(event.id());
		}
		else if (isFull()) {
			this.mode = Mode.BEHIND;
		}
		else {
			this.position = event.id();
			this.cursor = event.id();
			this.output.add(SseFrame.stored(event));
		}
		this.output.drain();
	}

	/**
	 * Take over an event that the store has not acknowledged: it goes out without an ID.
	 * @param event the event
	 */
	public void offerUnstored(Event event) {
		if (this.mode != Mode.LIVE || this.output.isEnding() || isBeforePosition(event)) {
			return;
		}
		if (isFull()) {
			this.mode = Mode.BEHIND;
		}
		else {
			this.position = event.id();
			if (!event.isPriming()) {
				this.output.add(SseFrame.unstored(event));
			}
		}
		this.output.drain();
	}

	/**
	 * Move the client's cursor once all that went out without an ID is stored.
	 * @param lastStored the last event that is stored
	 */
	public void moveCursor(EventId lastStored) {
		boolean allStored = this.position != null && this.position.sequence() <= lastStored.sequence();
		boolean behind = this.cursor == null || this.cursor.sequence() < lastStored.sequence();
		if (this.mode == Mode.LIVE && !this.output.isEnding() && allStored && behind) {
			prime(lastStored);
			this.output.drain();
		}
	}

	/**
	 * Go back to the last event that went out with its ID and read on from the store:
	 * what went out since has other places in the log than its writer thought.
	 */
	public void rewind() {
		if (this.mode == Mode.BEHIND) {
			// What a read under way finds may be from before
			this.hinted = EventStore.LOOK;
		}
		else if (this.mode == Mode.LIVE && !this.output.isEnding()) {
			this.position = this.cursor;
			this.mode = Mode.BEHIND;
			this.output.drain();
		}
	}

	/**
	 * End after what was handed over; there will be no more. A connection that still
	 * reads from the store ends when it has read it all.
	 */
	public void end() {
		if (this.mode == Mode.LIVE) {
			this.output.end();
		}
		this.output.drain();
	}

	/**
	 * End now: a newer connection took over, or the session is gone.
	 */
	public void finish() {
		this.output.finish();
	}

	public boolean isDone() {
		return this.output.isClosed();
	}

	/**
	 * Say whether the store has been, or is being, told that this node reads the stream.
	 * @return whether a newer connection on another node makes itself known to this one
	 */
	public boolean isWatching() {
		return this.watch != null;
	}

	/**
	 * Close the connection for the client to come back, if it can and is known to.
	 * @return whether it is closed
	 */
	public boolean closeForResume() {
		return this.reconnects.comesBack() && endWithCursor();
	}

	private boolean endWithCursor() {
		if (!this.reconnects.isPriming() || this.cursor == null || this.output.isEnding() || this.output.isClosed()
				|| hasUnstored()) {
			return false;
		}
		this.output.add(SseFrame.cursor(this.cursor, this.reconnects.retry()));
		this.output.end();
		if (this.log != null) {
			this.log.detach(this);
		}
		this.output.drain();
		return true;
	}

	private void prime(EventId id) {
		this.cursor = id;
		if (this.reconnects.isPriming()) {
			this.output.add(SseFrame.cursor(id, this.reconnects.retry()));
		}
	}

	private boolean hasUnstored() {
		return this.position != null && this.cursor != null && this.position.sequence() > this.cursor.sequence();
	}

	private boolean isBeforePosition(Event event) {
		return this.position != null && event.id().sequence() <= this.position.sequence();
	}

	private boolean isFull() {
		return this.output.bytes() >= this.runtime.settings().maxConnectionBytes();
	}

	private void read() {
		StreamLog log = this.log;
		if (this.reading || (log != null && log.isBehind(this.position))) {
			return;
		}
		this.reading = true;
		boolean watchedBefore = this.watched;
		int maxBytes = Math.max(1, this.runtime.settings().maxConnectionBytes() / 2);
		Mono.defer(() -> this.runtime.store().replayEventsAfter(this.stream, this.position, maxBytes))
			.subscribe((page) -> this.runtime.threads().deliver(this.mailbox, () -> {
				this.reading = false;
				if (!this.output.isClosed()) {
					accept(page, watchedBefore);
					this.output.drain();
				}
			}), (ex) -> this.runtime.threads().deliver(this.mailbox, () -> onReadFailed(ex)));
	}

	private void accept(EventPage page, boolean watchedBefore) {
		this.beginning = false;
		this.followed.saw(page.head());
		String reader = page.head().reader();
		if (watchedBefore && this.runtime.isShared() && reader != null && !this.runtime.isThisNode(reader)) {
			logger.debug("Closing a connection of stream {}: a newer one is on another node", this.stream.streamId());
			this.replacedElsewhere = true;
			finish();
			return;
		}
		EventId before = this.position;
		if (this.observed != null) {
			this.observed.replayed(page.events().size());
		}
		for (Event event : page.events()) {
			this.position = event.id();
			this.cursor = event.id();
			this.output.add(SseFrame.stored(event));
		}
		EventId last = page.lastEventId();
		if (last != null) {
			this.position = last;
			if (this.log != null) {
				this.log.saw(last);
			}
		}
		this.emptyReads = Objects.equals(before, this.position) ? this.emptyReads + 1 : 0;
		if (page.rest() == EventPage.Rest.NONE) {
			this.output.end();
			resumed(ResumeOutcome.COMPLETE, null);
		}
		else if (page.rest() == EventPage.Rest.RUNNING) {
			if (last != null && (this.cursor == null || this.cursor.sequence() < last.sequence())) {
				prime(last);
			}
			caughtUp();
		}
	}

	private void caughtUp() {
		EventId position = this.position;
		if (this.hinted > ((position != null) ? position.sequence() : 0)) {
			// The hint came after the page was read
			this.hinted = 0;
			return;
		}
		StreamLog log = this.log;
		if (log != null && log.isOpen()) {
			if (log.isCaughtUp(this.position)) {
				this.mode = Mode.LIVE;
				resumed(ResumeOutcome.LIVE, null);
				log.handOver(this);
			}
			else if (this.emptyReads >= MAX_EMPTY_READS) {
				// The store has lost what it acknowledged to the writer
				logger.debug("Closing a connection of stream {}: its log was rolled back", this.stream.streamId());
				this.output.end();
			}
		}
		else if (log != null && log.isComplete() && this.emptyReads < MAX_EMPTY_READS) {
			this.mode = Mode.BEHIND;
		}
		else {
			this.mode = Mode.WATCHING;
			resumed(ResumeOutcome.LIVE, null);
			watch();
		}
	}

	/**
	 * The resume that this connection began with is over, if it began with one and that
	 * isn't over already.
	 * @param outcome how it ended
	 * @param failure what the store said if that is why
	 */
	private void resumed(ResumeOutcome outcome, @Nullable Throwable failure) {
		if (this.observed != null) {
			this.observed.ended(outcome, failure);
			this.observed = null;
		}
	}

	private void watch() {
		if (this.watch == null) {
			this.watch = this.runtime.store()
				.watch(this.stream)
				.subscribe((hint) -> this.runtime.threads().deliver(this.mailbox, () -> onHint(hint)),
						(ex) -> unwatched(ex.getMessage()), () -> unwatched("the store is closed"));
			lookLater();
		}
	}

	private void unwatched(@Nullable String why) {
		logger.debug("Stream {} can't be watched: {}", this.stream.streamId(), why);
		this.mailbox.execute(this::openNow);
	}

	private void onHint(long sequence) {
		if (sequence == EventStore.LOOK) {
			this.watched = true;
		}
		openNow();
		look(sequence);
	}

	/**
	 * Read, if there may be something to read.
	 * @param sequence how far the stream has got, or {@link EventStore#LOOK}
	 */
	private void look(long sequence) {
		EventId position = this.position;
		if (this.output.isClosed() || (position != null && sequence <= position.sequence())) {
			return;
		}
		StreamLog log = this.log;
		if (this.mode == Mode.BEHIND) {
			this.hinted = Math.max(this.hinted, sequence);
		}
		else if (this.mode == Mode.WATCHING || log == null) {
			this.mode = Mode.BEHIND;
		}
		else if (!log.isOutage()
				&& (sequence == EventStore.LOOK || (!log.isOnlyWriter() && !log.willHandOver(sequence)))) {
			this.mode = Mode.BEHIND;
		}
		this.output.drain();
	}

	/**
	 * A hint of another node can be lost without anybody noticing.
	 */
	private void lookLater() {
		if (!this.lookDue) {
			this.lookDue = true;
			this.runtime.threads()
				.deliverLater(this.runtime.settings().lookInterval(), () -> this.mailbox.execute(() -> {
					this.lookDue = false;
					if (!this.output.isClosed()) {
						look(EventStore.LOOK);
						if (!isWrittenHere()) {
							this.followed.askOwner();
						}
						lookLater();
					}
				}));
		}
	}

	private void endIfOrphaned() {
		EventId last = this.position;
		if (!this.output.isClosed() && this.mode == Mode.WATCHING && !isWrittenHere() && last != null) {
			this.followed.endIfOrphaned(last, () -> this.mailbox.execute(() -> {
				this.followed.ended();
				look(EventStore.LOOK);
			}));
		}
	}

	private boolean isWrittenHere() {
		return this.log != null && this.log.isOpen();
	}

	private void onReadFailed(Throwable ex) {
		StreamLog log = this.log;
		boolean unavailable = ex instanceof EventStoreUnavailableException;
		if (this.beginning && log != null && log.isOpen()) {
			this.reading = false;
			noteGap(ex);
			notBegun(log, unavailable);
		}
		else if (unavailable && log != null && log.isOpen() && log.isCaughtUp(this.position)) {
			// Nothing of this node's is missing: served live until the store can be read
			this.reading = false;
			goLive(log);
		}
		else if (unavailable) {
			this.runtime.threads().deliverLater(READ_RETRY, () -> this.mailbox.execute(() -> {
				this.reading = false;
				this.output.drain();
			}));
		}
		else {
			this.reading = false;
			logger.debug("Closing a connection of stream {}: {}", this.stream.streamId(), ex.getMessage());
			boolean gap = noteGap(ex);
			resumed(gap ? ResumeOutcome.GAP : ResumeOutcome.UNKNOWN_EVENT, ex);
			this.output.end();
			this.output.drain();
		}
	}

	private boolean noteGap(Throwable ex) {
		if (ex instanceof EventsTrimmedException) {
			this.runtime.gapFound(this.stream);
			return true;
		}
		return false;
	}

	/**
	 * Begin a connection without a cursor in another way, since the last one's can't be
	 * read from: with the oldest event that is kept, or, if there is none or the store is
	 * out of reach, with what this node hands over.
	 * @param log the writer of the stream
	 * @param unavailable whether the store is out of reach
	 */
	private void notBegun(StreamLog log, boolean unavailable) {
		if (this.output.isClosed()) {
			return;
		}
		if (unavailable) {
			this.beginning = false;
			goLive(log);
		}
		else if (this.position != null) {
			this.position = null;
			this.cursor = null;
		}
		else {
			this.beginning = false;
			// Another node may store something before this one does
			this.unread = this.runtime.isShared();
			this.mode = Mode.LIVE;
			log.startAnew();
		}
		this.output.drain();
	}

	private void goLive(StreamLog log) {
		if (!this.output.isClosed()) {
			this.unread = !log.isOnlyWriter();
			this.mode = Mode.LIVE;
			resumed(ResumeOutcome.LIVE, null);
			log.handOver(this);
			this.output.drain();
		}
	}

	// From the output, in the mailbox

	@Override
	public void opened() {
		this.runtime.connections().add(this);
	}

	@Override
	public void more() {
		if (this.mode == Mode.BEHIND) {
			read();
		}
	}

	@Override
	public void sent(EventId id) {
		if (this.log != null) {
			this.log.delivered(id);
		}
	}

	@Override
	public void closed() {
		resumed(ResumeOutcome.ABANDONED, null);
		this.runtime.connections().remove(this);
		if (this.watch != null) {
			this.watch.dispose();
		}
		if (this.log != null) {
			this.log.detach(this);
		}
		this.onRelease.accept(this);
		// Whoever waits for an answer gets one, though an empty one
		openNow();
	}

	/**
	 * Where events come from.
	 */
	private enum Mode {

		/**
		 * The writer on this node hands them over.
		 */
		LIVE,

		/**
		 * They are stored and have yet to be read.
		 */
		BEHIND,

		/**
		 * All were read; a hint will tell of more.
		 */
		WATCHING

	}

}

package io.github.mcppersist.stream;

import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStoreException;
import io.github.mcppersist.event.EventStoreRefusedException;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.Hint;
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
 * The writer of one stream on this node. It numbers the messages, stores them in order
 * with one call under way at a time (what comes meanwhile goes as one batch), and hands
 * each to the stream's connection once it is stored.
 * <p>
 * What the store has not acknowledged is the <em>tail</em>. While the store is away the
 * tail keeps its order and its IDs, goes to the connection without them, and is stored
 * when the store is back; if it grows too large its oldest events go, and the stream
 * starts anew behind them, which a later resume reports as a gap. So it does behind what
 * the store refuses, once the connection has read what is stored before that and was
 * handed it.
 * <p>
 * All state belongs to the {@link Mailbox}, which the stream's connections on this node
 * share. What any thread may ask is volatile.
 * <table>
 * <caption>What the log is, and what its next call of the store is</caption>
 * <tr>
 * <th>State</th>
 * <th>Next call</th>
 * <th>Becomes</th>
 * </tr>
 * <tr>
 * <td>{@code NEW}: nothing of it can be added to</td>
 * <td>{@code openStream}</td>
 * <td>{@code OPEN} when that is stored</td>
 * </tr>
 * <tr>
 * <td>{@code OPEN}</td>
 * <td>{@code storeEvents}, {@code completeStream}</td>
 * <td>{@code COMPLETE} when the last event is stored, or somebody else has ended the
 * stream; {@code NEW} when the store has lost it, or events that were to be stored</td>
 * </tr>
 * <tr>
 * <td>{@code UNSETTLED}: the last call may have been carried out, and can't be made
 * again</td>
 * <td>{@code replayEventsAfter}</td>
 * <td>{@code OPEN}, or {@code COMPLETE}, if it was carried out; {@code NEW} if it wasn't,
 * or if more was dropped since</td>
 * </tr>
 * <tr>
 * <td>{@code COMPLETE}</td>
 * <td>none</td>
 * <td></td>
 * </tr>
 * <tr>
 * <td>{@code DISCARDED}: nothing is stored or delivered any more</td>
 * <td>none</td>
 * <td></td>
 * </tr>
 * </table>
 */
public abstract class StreamLog {

	private static final Logger logger = LoggerFactory.getLogger(StreamLog.class);

	private final StreamContext context;

	private final Mailbox mailbox = new Mailbox();

	private final StreamKey stream;

	private final StreamTail tail;

	private final Senders senders;

	private volatile State state;

	private final StoreLink link;

	private final Doubt doubt;

	private final AttachedReader reader;

	private volatile @Nullable EventId lastStored;

	/**
	 * Whether the stream begins behind a gap, which readers on other nodes don't know.
	 */
	private boolean lossToTell;

	/**
	 * Create a log.
	 * @param context what all streams share
	 * @param stream the stream
	 * @param state {@code NEW} or {@code OPEN}
	 * @param nextSequence the place of the first event
	 */
	StreamLog(StreamContext context, StreamKey stream, State state, long nextSequence) {
		this.context = context;
		this.stream = stream;
		this.state = state;
		this.tail = new StreamTail(context, this.mailbox, stream.streamId(), nextSequence);
		this.senders = new Senders(this.mailbox, context.threads());
		this.link = new StoreLink(this.mailbox, context.retries());
		this.doubt = new Doubt(context, this.mailbox, stream);
		this.reader = new AttachedReader(this.mailbox, context.settings().unstoredRefused());
	}

	// On any thread

	public StreamKey stream() {
		return this.stream;
	}

	public Mailbox mailbox() {
		return this.mailbox;
	}

	/**
	 * Send a message. What comes after the end of the stream, or belongs to a request
	 * that has its response, is dropped.
	 * @param requestId the request that it belongs to, or {@code null} on the standalone
	 * stream
	 * @param message the JSON-RPC message as UTF-8 JSON
	 * @param response whether it is the request's response
	 * @return completes as soon as the message has its place; later if the store is
	 * slower than the sender. Where unstored messages are refused, completes when it is
	 * stored and fails with an {@link EventStoreException} if it may not be
	 */
	public Mono<Void> send(@Nullable RequestId requestId, byte[] message, boolean response) {
		if (this.context.settings().unstoredRefused() && !response) {
			return Mono.create((sink) -> this.mailbox.execute(() -> append(requestId, message, false, sink)));
		}
		return Mono.create((sink) -> {
			boolean wait = !response && isBacklogged();
			this.mailbox.execute(() -> {
				if (wait) {
					this.senders.add(sink);
				}
				append(requestId, message, response, null);
			});
			if (!wait) {
				sink.success();
			}
		});
	}

	/**
	 * Say whether the stream has ended, so that nothing more is sent on it.
	 * @return whether it is complete, or was discarded
	 */
	public boolean isEnded() {
		return !isRunning();
	}

	private boolean isBacklogged() {
		return this.tail.bytes() > Senders.BACKLOG_BYTES;
	}

	/**
	 * Say whether the stream is stored and runs, so that it must be renewed.
	 * @return whether it is stored and not complete
	 */
	public boolean isStored() {
		return (this.state == State.OPEN || this.state == State.UNSETTLED) && this.lastStored != null;
	}

	/**
	 * End the log at once, and its connection: the session is gone. Nothing is stored or
	 * delivered from now on.
	 */
	public void discard() {
		this.mailbox.execute(() -> {
			end(State.DISCARDED);
			this.reader.close();
		});
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
		return this.reader.isThere();
	}

	/**
	 * Describe the stream, for people.
	 * @param connection what its connection was opened for, or {@code null}
	 * @return the description
	 */
	public StreamDescription describe(@Nullable ConnectionKind connection) {
		EventId last = this.lastStored;
		return new StreamDescription(this.stream.streamId(), requestIds(), true, (last != null) ? last.sequence() : 0,
				connection);
	}

	// What kind of stream it is, in the mailbox

	/**
	 * Return what the stream answers.
	 * @return the requests, or {@code null} for nothing. For any thread
	 */
	abstract @Nullable RequestIds requestIds();

	/**
	 * Say whether nobody else writes to the stream, so that this log knows all of it.
	 * @return whether it answers a request
	 */
	final boolean isOnlyWriter() {
		return requestIds() != null;
	}

	/**
	 * Say whether a message still has a place in the stream.
	 * @param requestId the request that it belongs to, or {@code null}
	 * @return whether it isn't too late for it
	 */
	abstract boolean accepts(@Nullable RequestId requestId);

	/**
	 * Prepare for a message that is about to be added.
	 * @param requestId the request that it belongs to, or {@code null}
	 * @param response whether it is the request's response
	 * @return what it is to the stream
	 */
	abstract StreamTail.Kind adding(@Nullable RequestId requestId, boolean response);

	/**
	 * Somebody else has written to the stream, or ended it, or the store was rolled back.
	 * @param conflict what the store says
	 */
	abstract void onConflict(StreamConflictException conflict);

	/**
	 * The first events of the stream were stored just now, or can't be for now.
	 * @param revision the revision of the session, or {@code null} if the store doesn't
	 * know it
	 * @param failure why not, or {@code null} if they are
	 */
	void opened(@Nullable Revision revision, @Nullable Throwable failure) {
	}

	/**
	 * Say whether storing what is left is given up.
	 * @return whether it would have expired by now, or too much waits in the endpoint
	 */
	abstract boolean isGivenUp();

	/**
	 * The stream's connection has ended, and its client has taken all of it.
	 */
	void taken() {
	}

	/**
	 * The log has ended. Called once.
	 */
	void ended() {
	}

	/**
	 * Say whether this node can't have stored anything that this log doesn't know of.
	 * @return whether the last event that it has stored is the last one of this node's
	 */
	abstract boolean knowsWhatItStored();

	/**
	 * Say whether readers on other nodes may know an event of the stream.
	 * @return whether one was stored before, as far as this log knows
	 */
	abstract boolean mayBeKnownElsewhere();

	/**
	 * A connection was sent an event with its ID, the whole of it. Nothing to note for a
	 * stream whose clients come back with their cursor.
	 * @param id the event's ID
	 */
	void delivered(EventId id) {
	}

	// From connections, in the mailbox

	/**
	 * Make a connection the stream's only one; the older one is closed.
	 * @param newer the newer connection
	 * @return whether it is the stream's; not, if it has ended already, since one that
	 * came later was here first, or if there is nothing to read, since the log was
	 * discarded: it ends then
	 */
	public boolean attach(SseConnection newer) {
		assert this.mailbox.isInside();
		if (this.state == State.DISCARDED) {
			newer.finish();
		}
		return this.reader.attach(newer);
	}

	/**
	 * Let a connection go, if it is the stream's.
	 * @param gone the connection
	 * @param complete whether its client has taken all that it was to be sent
	 */
	void detach(SseConnection gone, boolean complete) {
		if (!this.reader.detach(gone)) {
			return;
		}
		if (complete) {
			taken();
		}
		// Not before whatever has ended it is done
		this.mailbox.execute(this.link::settle);
	}

	boolean isRunning() {
		return this.state != State.COMPLETE && this.state != State.DISCARDED;
	}

	boolean isComplete() {
		return this.state == State.COMPLETE;
	}

	/**
	 * Say whether the last call of the store failed.
	 * @return whether what is sent now is handed over before it is stored
	 */
	boolean isAway() {
		return this.link.isAway();
	}

	/**
	 * Say whether the store has refused what waits for the connection to have read all
	 * that is stored.
	 * @return whether it is lost if the connection ends before
	 */
	boolean isRefused() {
		return this.link.isRefused();
	}

	/**
	 * Say whether a connection that is handed all by this writer should read, since there
	 * has been a hint: somebody else may have stored something, or a newer connection be
	 * on another node.
	 * @param hint the hint
	 * @return whether it isn't just what this writer will hand over
	 */
	boolean mayMiss(Hint hint) {
		assert this.mailbox.isInside();
		if (isRunning() && isOnlyWriter()) {
			return hint instanceof Hint.Look && !isAway();
		}
		return !isRunning() || !(hint instanceof Hint.Stored stored && this.tail.holds(stored.sequence()));
	}

	/**
	 * Take over from a page what is stored, though the store hasn't said so or has said
	 * that it may not be: it is handed over by nobody any more.
	 * @param before what was read after, which is stored too, or {@code null}
	 * @param page what a connection has read
	 */
	void found(@Nullable EventId before, EventPage page) {
		assert this.mailbox.isInside();
		if (this.tail.isEmpty()) {
			return;
		}
		Set<EventId> stored = page.events().stream().map(Event::id).collect(Collectors.toSet());
		if (before != null) {
			stored.add(before);
		}
		if (page.lastEventId() != null) {
			stored.add(page.lastEventId());
		}
		EventId last = this.tail.find(stored);
		if (last != null) {
			this.lastStored = last;
		}
		this.doubt.found(stored);
	}

	/**
	 * Say whether a reader may have passed what this writer doesn't know to be stored.
	 * @param position the position of a connection
	 * @return the last event of a call of which it isn't known whether it was carried
	 * out, if its place is at the position or before it; {@code null} for none
	 */
	@Nullable EventId inDoubt(@Nullable EventId position) {
		assert this.mailbox.isInside();
		EventId last = this.doubt.last();
		if (last == null || position == null || isOnlyWriter() || !isAway()) {
			return null;
		}
		return (last.sequence() <= position.sequence() && this.tail.misses(last)) ? last : null;
	}

	/**
	 * Find out whether what is {@linkplain #inDoubt in doubt} is stored.
	 * @param doubtful the event
	 * @param position the position of the connection that may have passed it
	 * @param then is told, in the mailbox, whether it is known now
	 */
	void decide(EventId doubtful, EventId position, Consumer<Boolean> then) {
		assert this.mailbox.isInside();
		this.doubt.isStored(doubtful).subscribe((there) -> this.mailbox.execute(() -> {
			if (!isRunning()) {
				logger.trace("Of no interest any more");
			}
			else if (doubtful.equals(this.doubt.unsettled())) {
				settle(there);
			}
			else if (there) {
				this.lastStored = Objects.requireNonNullElse(this.tail.find(Set.of(doubtful)), this.lastStored);
			}
			else if (doubtful.equals(inDoubt(position))) {
				// It can't be stored in its place any more: another has that, or has
				// been there and was trimmed
				goOnAt(position.sequence() + 1);
			}
			then.accept(true);
		}), (ex) -> this.mailbox.execute(() -> then.accept(!(ex instanceof EventStoreUnavailableException))));
	}

	/**
	 * Say whether there may be more to read than this writer can hand over.
	 * @param known tells whether a reader has a message, by its ID
	 * @return whether it may have stored a message that the reader lacks, and has dropped
	 * it
	 */
	boolean mayHaveDropped(Predicate<EventId> known) {
		return this.doubt.hasDropped(known);
	}

	/**
	 * Say whether this writer has stored nothing after a position.
	 * @param position the position of a connection
	 * @return whether all that it has stored is before or at it
	 */
	boolean isCaughtUp(@Nullable EventId position) {
		EventId last = this.lastStored;
		return last == null || (position != null && position.sequence() >= last.sequence());
	}

	/**
	 * Hand over what the store can't take at the moment, as far as the connection can
	 * take it and hasn't been handed it.
	 * @param connection one that has all that this writer has stored
	 */
	void handOver(SseConnection connection) {
		if (!this.reader.is(connection)) {
			return;
		}
		this.link.settle();
		if (isAway()) {
			this.tail.entries().forEach(this.reader::offer);
		}
	}

	// For what kind of stream it is

	final StreamContext context() {
		return this.context;
	}

	final StreamTail tail() {
		return this.tail;
	}

	final AttachedReader reader() {
		return this.reader;
	}

	final @Nullable EventId lastStored() {
		return this.lastStored;
	}

	final State state() {
		return this.state;
	}

	/**
	 * Add a message to the stream, and store it as soon as its turn comes.
	 * @param requestId the request that it belongs to, or {@code null}
	 * @param message the message
	 * @param response whether it is the request's response
	 * @param sink is told when it is stored, or dropped
	 */
	final void append(@Nullable RequestId requestId, byte[] message, boolean response, @Nullable MonoSink<Void> sink) {
		assert this.mailbox.isInside();
		if (isRunning() && accepts(requestId)) {
			added(this.tail.add(message, adding(requestId, response), sink));
			return;
		}
		logger.debug("A message for stream {} came after its end", this.stream.streamId());
		if (sink != null) {
			this.context.threads().release(sink::success);
		}
		proceed();
	}

	/**
	 * Add an event without a message: an ID to come back with, or the end.
	 * @param kind what it is to the stream
	 */
	final void addPriming(StreamTail.Kind kind) {
		assert this.mailbox.isInside();
		added(this.tail.addPriming(kind));
	}

	private void added(StreamTail.Entry entry) {
		if (isAway()) {
			this.reader.offer(entry);
			trimTail();
			this.link.settle();
		}
		proceed();
	}

	/**
	 * Let senders go on that needn't wait any more, and store what is next. To be called
	 * whenever anything has changed.
	 */
	final void proceed() {
		assert this.mailbox.isInside();
		if (!isRunning() || isAway() || !isBacklogged()) {
			this.senders.release();
		}
		if (isRunning() && this.link.isIdle() && isCallDue()) {
			call();
		}
	}

	private boolean isCallDue() {
		return this.state == State.UNSETTLED || !this.tail.isEmpty();
	}

	private void retry() {
		if (isRunning() && isCallDue()) {
			call();
		}
		else {
			storeAnswered();
		}
	}

	private void storeAnswered() {
		this.link.answered();
		this.tail.setStranded(false, isOnlyWriter());
	}

	private void call() {
		EventId doubtful = this.doubt.unsettled();
		assert (this.state == State.UNSETTLED) == (doubtful != null) : this.state;
		if (doubtful != null) {
			this.link.call(() -> this.doubt.isStored(doubtful), (there, failure) -> onTold(doubtful, there, failure));
			return;
		}
		StreamTail.Batch batch = this.doubt.batch();
		if (batch == null) {
			batch = this.tail.nextBatch(this.state == State.OPEN);
			this.doubt.begin(batch);
		}
		call(batch);
	}

	private void call(StreamTail.Batch batch) {
		this.link.call(() -> store(batch), (revision, failure) -> {
			if (isRunning() && failure instanceof EventStoreUnavailableException) {
				onAway(failure);
				proceed();
				return;
			}
			boolean again = this.link.isRetrying();
			storeAnswered();
			this.link.handOn();
			if (!isRunning() || batch != this.doubt.batch()) {
				logger.trace("Its events have ended, or gone on to other places, meanwhile");
			}
			else if (failure != null) {
				onFailed(batch, failure, again);
			}
			else {
				onStored(batch, (Revision) revision);
			}
			proceed();
		});
	}

	private Mono<?> store(StreamTail.Batch batch) {
		if (this.state == State.NEW) {
			return this.context.store().openStream(this.stream, requestIds(), batch.events());
		}
		return batch.complete() ? this.context.store().completeStream(this.stream, batch.events())
				: this.context.store().storeEvents(this.stream, batch.events());
	}

	private void onTold(EventId doubtful, @Nullable Boolean there, @Nullable Throwable failure) {
		if (isRunning() && failure instanceof EventStoreUnavailableException) {
			onAway(failure);
			proceed();
			return;
		}
		storeAnswered();
		if (!isRunning()) {
			return;
		}
		if (failure != null) {
			// It will never tell. Better twice than not at all
			logger.debug("What was stored of stream {} can't be found out", this.stream.streamId(), failure);
		}
		if (doubtful.equals(this.doubt.unsettled())) {
			settle(Boolean.TRUE.equals(there));
		}
		proceed();
	}

	/**
	 * Go on from what the store holds: the one place where it is decided what becomes of
	 * events that were sent, and whose fate wasn't known.
	 * @param there whether they are stored
	 */
	private void settle(boolean there) {
		EventId last = Objects.requireNonNull(this.doubt.unsettled());
		boolean anew = this.doubt.isFollowedByGap() || (!there && this.doubt.isBehindGap());
		List<EventId> dropped = this.doubt.settle();
		this.state = anew ? State.NEW : State.OPEN;
		this.lossToTell |= anew;
		if (anew) {
			this.reader.dropped(dropped);
		}
		if (!there) {
			return;
		}
		List<StreamTail.Entry> stored = this.tail.entries().stream().filter((entry) -> entry.isThrough(last)).toList();
		this.context.observer()
			.eventsStored(StreamTail.messages(stored.stream().map(StreamTail.Entry::event).toList()));
		this.lastStored = last;
		this.tail.settle(last.sequence());
		if (stored.stream().anyMatch(StreamTail.Entry::isLast)) {
			end(State.COMPLETE);
		}
		if (!anew) {
			this.reader.look();
		}
	}

	private void onStored(StreamTail.Batch batch, @Nullable Revision revision) {
		this.doubt.forgetBatch();
		List<Event> events = batch.events();
		this.context.observer().eventsStored(StreamTail.messages(events));
		this.state = State.OPEN;
		if (this.lossToTell) {
			this.lossToTell = false;
			this.context.tellOfLoss(this.stream);
		}
		this.lastStored = batch.last();
		this.tail.settle(batch.last().sequence());
		this.reader.stored(events);
		opened(revision, null);
		if (batch.complete()) {
			end(State.COMPLETE);
			this.reader.end();
		}
	}

	private void onFailed(StreamTail.Batch batch, Throwable ex, boolean again) {
		if (ex instanceof StreamNotFoundException) {
			startAnew();
		}
		else if (ex instanceof StreamConflictException conflict) {
			this.doubt.forgetBatch();
			onConflict(conflict);
		}
		else if (ex instanceof SessionDeletedException) {
			opened(null, ex);
			end(State.DISCARDED);
			this.reader.finish();
		}
		else {
			if (!again) {
				// It says of this call alone that it was not carried out
				this.doubt.forgetBatch();
			}
			if (batch.events().size() == 1) {
				onRefused(batch, ex);
			}
			else {
				// One of its events, maybe: the others aren't to go with it
				this.tail.storeSingly(batch.last());
				if (again) {
					unsettle();
				}
			}
		}
	}

	/**
	 * What the store will never take is delivered without an ID.
	 * @param batch what was refused
	 * @param ex why
	 */
	private void onRefused(StreamTail.Batch batch, Throwable ex) {
		if (ex instanceof EventStoreRefusedException) {
			// Such a store says so itself, and not for each stream
			logger.debug("The store refused events of stream {}", this.stream.streamId(), ex);
		}
		else {
			logger.warn("The store refused events of stream {}: they can't be replayed", this.stream.streamId(), ex);
		}
		opened(null, ex);
		this.reader.storeRefuses();
		settleRefusal(this.tail.refused(batch), ex);
	}

	/**
	 * Start the stream anew behind what the store has refused, unless the connection
	 * still reads what is stored before it: that would be lost with it, and so would what
	 * was refused. Then it waits, as in an outage.
	 * @param refused what was refused
	 * @param ex why
	 */
	private void settleRefusal(List<StreamTail.Entry> refused, Throwable ex) {
		if (!isRunning()) {
			return;
		}
		boolean taken = true;
		for (StreamTail.Entry entry : refused) {
			taken &= !this.tail.entries().contains(entry) || this.reader.offer(entry);
		}
		if (!taken) {
			this.link.refused(() -> settleRefusal(refused, ex));
			this.tail.setStranded(true, isOnlyWriter());
			this.tail.failSenders(ex);
			return;
		}
		storeAnswered();
		dropped(this.tail.refuse(refused, ex));
		if (refused.stream().anyMatch(StreamTail.Entry::isLast)) {
			end(State.DISCARDED);
			this.context.tellOfLoss(this.stream);
		}
		proceed();
	}

	private void onAway(Throwable ex) {
		if (this.link.isRetrying() && isGivenUp()) {
			storeAnswered();
			logger.debug("Giving up on the response of stream {}: it would have expired, or too much waits",
					this.stream.streamId());
			this.tail.refuse(List.copyOf(this.tail.entries()), ex);
			end(State.DISCARDED);
			return;
		}
		this.link.away(this::retry);
		this.tail.setStranded(true, isOnlyWriter());
		if (this.state == State.NEW && !isOnlyWriter() && this.doubt.batch() != null) {
			// If the stream is open now, others may have added to it, and to open it once
			// more would drop that
			unsettle();
		}
		opened(null, ex);
		this.tail.failSenders(ex);
		this.reader.storeIsAway();
		this.tail.entries().forEach(this.reader::offer);
		trimTail();
	}

	/**
	 * Drop the oldest events of the tail while it is too large. What is under way stays:
	 * it may be stored already.
	 */
	private void trimTail() {
		if (isAway() && !this.link.isRetrying()) {
			dropped(this.tail.trim(this.context.settings().maxUnstoredBytes()));
		}
	}

	private void dropped(List<StreamTail.Entry> entries) {
		if (entries.isEmpty()) {
			return;
		}
		if (this.doubt.batch() != null) {
			unsettle();
		}
		else if (this.state != State.UNSETTLED) {
			// Anew behind what is gone, so that the gap can't be read over
			startAnew();
		}
		List<EventId> lost = this.doubt.drop(entries.stream()
			.filter((entry) -> !entry.isFound())
			.map(StreamTail.Entry::event)
			.filter((event) -> !event.isPriming())
			.map(Event::id)
			.toList());
		this.reader.dropped(lost);
	}

	/**
	 * Find out with the next call whether a call was carried out that can't be made once
	 * more.
	 */
	private void unsettle() {
		this.doubt.unsettle(this.state == State.NEW);
		this.state = State.UNSETTLED;
	}

	/**
	 * Open the stream with the next call, at the place that its writer has reached.
	 */
	final void startAnew() {
		assert this.mailbox.isInside();
		this.lossToTell |= mayBeKnownElsewhere();
		this.doubt.forgetBatch();
		this.state = State.NEW;
	}

	/**
	 * Go on behind what is stored already, maybe by somebody else.
	 * @param nextSequence the place of the next event
	 */
	final void goOnAt(long nextSequence) {
		assert this.mailbox.isInside();
		this.doubt.forgetBatch();
		this.state = State.OPEN;
		List<Event> lost = this.tail.renumber(nextSequence);
		this.reader.displaced(lost);
		this.reader.look();
	}

	/**
	 * Note where the stream is, since it was read.
	 * @param read the last event that was read
	 */
	final void goOnAfter(EventId read) {
		assert this.mailbox.isInside();
		this.state = State.OPEN;
		this.lastStored = read;
		this.tail.renumber(read.sequence() + 1);
	}

	final boolean isQuiet() {
		return isRunning() && this.link.isIdle() && this.tail.isEmpty();
	}

	final void end(State end) {
		assert this.mailbox.isInside();
		if (isRunning()) {
			this.state = end;
			this.tail.failSenders(new EventStoreException("The stream has ended before the message was stored"));
			this.tail.settle(Long.MAX_VALUE);
			this.tail.setStranded(false, isOnlyWriter());
			this.senders.release();
			ended();
		}
	}

	/**
	 * What the log is.
	 */
	enum State {

		/**
		 * The next call of the store opens the stream.
		 */
		NEW,

		/**
		 * The next call of the store adds to the stream.
		 */
		OPEN,

		/**
		 * The next call of the store asks what became of an earlier one.
		 */
		UNSETTLED,

		/**
		 * The last event is stored.
		 */
		COMPLETE,

		/**
		 * Nothing is stored or delivered any more.
		 */
		DISCARDED

	}

}

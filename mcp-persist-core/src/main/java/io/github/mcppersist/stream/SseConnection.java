package io.github.mcppersist.stream;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.Hint;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.observe.ConnectionKind;
import io.github.mcppersist.observe.ResumeOutcome;

/**
 * One SSE connection: a reader of its stream's log. Its <em>position</em> is the last
 * event of the log that it has passed, in the order of the log and without a hole: it
 * moves forward only, by reading from the store, or by being handed the very next event
 * by the log's writer on this node. So a connection that hasn't read all that is stored
 * can't be handed anything past it. A client that reads slowly makes it fall back to
 * reading from the store, a page at a time.
 * <p>
 * While the store is away it is handed events that have no place in the log yet. They go
 * out without an ID, and their tags are kept: when they turn up in the log, by whichever
 * way, only the cursor is sent.
 * <p>
 * To read changes no state: what was read does.
 * <table>
 * <caption>The states, and what happens in them</caption>
 * <tr>
 * <th>State</th>
 * <th>An event is stored here</th>
 * <th>The store is away</th>
 * <th>A hint, or time to look</th>
 * <th>A page was read</th>
 * </tr>
 * <tr>
 * <td>{@code STARTING}: nothing was read, and the client came without a cursor, or while
 * the store was away. What only waits for another one's place never gets any further</td>
 * <td>reads, from the cursor or where the last one left off</td>
 * <td>reads; if the writer here has stored nothing past that, {@code LIVE} as the only
 * writer, else {@code ADRIFT}; {@code ADRIFT} also if nothing is kept of the stream</td>
 * <td>reads</td>
 * <td>{@code READING}, and at once what follows it; from the oldest event if that place
 * is gone</td>
 * </tr>
 * <tr>
 * <td>{@code READING}: there may be more in the store</td>
 * <td>will be read</td>
 * <td>if the writer here has stored nothing past the position: {@code LIVE} as the only
 * writer, else {@code ADRIFT}. Otherwise, or if too many events have gone out without an
 * ID, reads again later</td>
 * <td>reads once more</td>
 * <td>{@code LIVE} with a writer here, {@code WATCHING} without, if that was all;
 * {@code ENDING} at the end of the stream, or for a gap</td>
 * </tr>
 * <tr>
 * <td>{@code ADRIFT}: other nodes may have stored what can't be read now; the writer here
 * hands over its own without an ID</td>
 * <td>goes out without an ID; reads</td>
 * <td>reads again later</td>
 * <td>reads</td>
 * <td>{@code READING}, and at once what follows it</td>
 * </tr>
 * <tr>
 * <td>{@code LIVE}: the writer here hands over all</td>
 * <td>goes out, if it is the next one; {@code READING} if it isn't, or the client is
 * slow</td>
 * <td>goes out without an ID; {@code READING} if it may have been read already</td>
 * <td>{@code READING}, unless it is of what the writer here has stored itself; in an
 * outage not either if that is the only one</td>
 * <td></td>
 * </tr>
 * <tr>
 * <td>{@code WATCHING}: all was read, and the writer is elsewhere</td>
 * <td></td>
 * <td></td>
 * <td>{@code READING}</td>
 * <td></td>
 * </tr>
 * <tr>
 * <td>{@code ENDING}: ends when the client has taken what was added</td>
 * <td></td>
 * <td></td>
 * <td></td>
 * <td></td>
 * </tr>
 * <tr>
 * <td>{@code CLOSED}: by the server, or since the client has gone</td>
 * <td></td>
 * <td></td>
 * <td></td>
 * <td></td>
 * </tr>
 * </table>
 * <table>
 * <caption>What else happens to it</caption>
 * <tr>
 * <th>What happens</th>
 * <th>In which state</th>
 * <th>It becomes</th>
 * </tr>
 * <tr>
 * <td>It is that of the request itself</td>
 * <td>{@code STARTING}</td>
 * <td>{@code LIVE}</td>
 * </tr>
 * <tr>
 * <td>A read finds that nothing is stored yet of the request whose writer is here</td>
 * <td>{@code READING}</td>
 * <td>as if the store were away</td>
 * </tr>
 * <tr>
 * <td>The store refuses what the writer is to store, and nothing is kept of the
 * stream</td>
 * <td>{@code STARTING}</td>
 * <td>{@code ADRIFT}; reads when it is time to look</td>
 * </tr>
 * <tr>
 * <td>The writer drops events that will never be stored, and the client has nothing to
 * come back with</td>
 * <td>{@code STARTING}, {@code READING}, {@code LIVE}</td>
 * <td>{@code LIVE} behind them</td>
 * </tr>
 * <tr>
 * <td>The last event of the stream was handed over, or read</td>
 * <td>{@code LIVE}, {@code READING}</td>
 * <td>{@code ENDING}; the writer is told if the client has taken all that was handed
 * over</td>
 * </tr>
 * <tr>
 * <td>What follows is gone or can't be read, or the store has lost what the writer has
 * stored</td>
 * <td>{@code STARTING}, {@code READING}, {@code ADRIFT}</td>
 * <td>{@code ENDING}: the client comes back, and is told then</td>
 * </tr>
 * <tr>
 * <td>The same, on a standalone stream whose client has nothing to come back with</td>
 * <td>{@code STARTING}, {@code READING}, {@code ADRIFT}</td>
 * <td>{@code STARTING}, behind what is gone</td>
 * </tr>
 * <tr>
 * <td>It is too old, or a tool closes it, and its client comes back</td>
 * <td>any but {@code ENDING}</td>
 * <td>{@code ENDING}, after the cursor once more</td>
 * </tr>
 * <tr>
 * <td>The endpoint stops, and doesn't run the stream's request</td>
 * <td>any but {@code ENDING}</td>
 * <td>{@code ENDING}, in the same way; {@code CLOSED} if there is no cursor to come back
 * with</td>
 * </tr>
 * <tr>
 * <td>A newer connection of the stream is there, on this node, or on another as a page
 * says</td>
 * <td>any</td>
 * <td>{@code CLOSED}</td>
 * </tr>
 * <tr>
 * <td>The session or the endpoint ends</td>
 * <td>any but {@code ENDING}</td>
 * <td>{@code CLOSED}</td>
 * </tr>
 * <tr>
 * <td>The client has taken nothing for two minutes, or has gone</td>
 * <td>any</td>
 * <td>{@code CLOSED}</td>
 * </tr>
 * </table>
 * All state belongs to the {@link Mailbox}, which it shares with the log's writer if that
 * is on this node.
 */
public final class SseConnection implements SseOutput.Source {

	private static final Logger logger = LoggerFactory.getLogger(SseConnection.class);

	/**
	 * After so many reads that found nothing of what the writer says is stored, the store
	 * has lost it.
	 */
	private static final int MAX_VAIN_READS = 3;

	/**
	 * How many events go out without an ID before the connection waits for the store.
	 */
	static final int MAX_AHEAD = 10_000;

	private final StreamContext context;

	private final ConnectionKind kind;

	private final Mailbox mailbox;

	private final StreamKey stream;

	private final ReconnectPolicy reconnects;

	private final ClientProgress progress;

	private final @Nullable StreamLog log;

	private final Reading reading;

	private final StreamWatch watch;

	private final FollowedRequest followed;

	private final SseOutput output;

	private final Consumer<SseConnection> onRelease;

	private final long createdNanos;

	private State state = State.STARTING;

	/**
	 * Whether a newer connection on another node has taken over; written in the mailbox,
	 * read anywhere.
	 */
	private volatile boolean replacedElsewhere;

	/**
	 * Whether it was handed over all of its stream.
	 */
	private boolean whole;

	/**
	 * How many reads in a row found nothing of what should be there.
	 */
	private int vainReads;

	/**
	 * Create a connection.
	 * @param context what all streams share
	 * @param kind what it was opened for
	 * @param mailbox the owner of its state: that of the log, if there is one
	 * @param reader reads its stream
	 * @param reconnects what is known of how its client comes back
	 * @param log the writer of the stream, if it is on this node
	 * @param onRelease called once, in the mailbox, when the connection has ended
	 */
	public SseConnection(StreamContext context, ConnectionKind kind, Mailbox mailbox, PageReader reader,
			ReconnectPolicy reconnects, @Nullable StreamLog log, Consumer<SseConnection> onRelease) {
		this.context = context;
		this.kind = kind;
		this.mailbox = mailbox;
		this.stream = reader.stream();
		this.reconnects = reconnects;
		this.log = log;
		this.onRelease = onRelease;
		this.output = new SseOutput(mailbox, context.threads(), this);
		this.progress = new ClientProgress(mailbox, this.output, reconnects);
		this.reading = new Reading(context, mailbox, reader, this::isReading, this::look, this::waited);
		this.watch = new StreamWatch(context, this.stream, mailbox, this::hinted, this::timeToLook);
		this.followed = new FollowedRequest(context, mailbox, this.stream);
		this.createdNanos = context.threads().nanoTime();
	}

	public ConnectionKind kind() {
		return this.kind;
	}

	public StreamKey stream() {
		return this.stream;
	}

	// On any thread

	/**
	 * Do what is due: a heartbeat, the end of a connection's age, or of a client that
	 * takes nothing.
	 */
	public void tick() {
		this.mailbox.execute(() -> {
			if (!this.output.isOpen()) {
				return;
			}
			long now = this.context.threads().nanoTime();
			Duration maxAge = this.context.settings().maxConnectionAge();
			if (this.output.isStalled(now)) {
				logger.debug("Closing a connection of stream {}: its client takes nothing", this.stream.streamId());
				finish();
			}
			else if (maxAge != null && now - this.createdNanos > StreamContext.nanos(maxAge) && closeForResume()) {
				logger.trace("Closed a connection of stream {} for its age", this.stream.streamId());
			}
			else {
				this.output.beat(now, StreamContext.nanos(this.context.settings().heartbeatInterval()));
				if (this.state == State.READING || this.state == State.ENDING) {
					this.reading.keep(now);
				}
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
				this.output.beat(this.context.threads().nanoTime(), -1);
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
	 * Finish, whatever is on its way: a newer connection of the stream is on this node,
	 * or the endpoint waits no longer.
	 */
	public void abort() {
		this.mailbox.execute(this::finish);
	}

	/**
	 * Finish, if this is the connection on which the request itself came: its client has
	 * another one on another node. Those that came with a GET find out by themselves.
	 */
	public void readElsewhere() {
		if (this.kind == ConnectionKind.REQUEST) {
			abort();
		}
	}

	/**
	 * Finish, because the session or the endpoint ends, unless the end is on its way to
	 * the client.
	 */
	public void close() {
		this.mailbox.execute(() -> {
			if (this.state != State.ENDING) {
				finish();
			}
		});
	}

	/**
	 * End for the client to come back on another node, because this one stops, whether it
	 * is known to or not; unless this node runs the stream's request, whose response is
	 * yet to come on this connection.
	 */
	public void leave() {
		this.mailbox.execute(() -> {
			if (this.state != State.ENDING && !isOnlyWriterHere() && !endWithCursor()) {
				finish();
			}
		});
	}

	/**
	 * The stream has lost events, as another node says: look. So the store finds out,
	 * too, if it has lost who reads it.
	 */
	public void lookForLoss() {
		this.mailbox.execute(() -> {
			if (this.watch.isStarted()) {
				timeToLook();
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
	 * Answer a request with this connection, as soon as there is a message for it or has
	 * been none for a moment.
	 * @param response the response
	 */
	public void openSoon(SseOutput.Response response) {
		this.mailbox.execute(() -> {
			this.output.openSoon(response);
			this.context.openings().add(this.output);
		});
	}

	/**
	 * Answer a request with this connection, as soon as the node of an older one knows of
	 * it: a client that has seen this one may turn to yet another node, whose connection
	 * is the newer one then. A store that is slow to say so delays it by two seconds at
	 * most.
	 * @param response the response
	 */
	public void openWhenWatched(SseOutput.Response response) {
		this.mailbox.execute(() -> this.watch.whenSettled(() -> this.output.open(response)));
	}

	/**
	 * Answer a request with this connection, which never begins: it gets nothing but
	 * heartbeats, and its client waits for another one's place.
	 * @param lastEventId the client's cursor, which it is told again so that it keeps it,
	 * or {@code null}
	 * @param response the response
	 */
	public void openWaiting(@Nullable EventId lastEventId, SseOutput.Response response) {
		this.mailbox.execute(() -> {
			if (lastEventId != null) {
				this.output.add(SseFrame.cursor(lastEventId, this.reconnects.retry()));
			}
			this.output.open(response);
		});
	}

	// How it begins, in the mailbox

	/**
	 * Begin as the connection on which a request came: its writer hands over all.
	 */
	void beginLive() {
		moveTo(State.LIVE);
	}

	/**
	 * Begin where the last connection of the stream left off; for a standalone stream.
	 * @param start the last event that the client was sent, or {@code null} for none
	 */
	void begin(@Nullable EventId start) {
		if (this.state == State.STARTING) {
			this.progress.beginAfter(start);
			if (this.context.isShared()) {
				this.watch.start();
			}
			read();
		}
	}

	/**
	 * Begin with what a first read after the client's cursor found.
	 * @param lastEventId the client's cursor
	 * @param found what was found
	 */
	public void resume(EventId lastEventId, PageReader.Result found) {
		assert this.mailbox.isInside();
		if (this.state == State.CLOSED) {
			return;
		}
		this.progress.resumeAfter(lastEventId);
		EventPage page = (found instanceof PageReader.Page first) ? first.page() : null;
		if (this.context.isShared() && (page == null || page.rest() != EventPage.Rest.NONE)) {
			this.watch.start();
		}
		if (page == null || page.events().isEmpty()) {
			// Some clients forget their cursor, or fail, if a connection has none
			this.output.add(SseFrame.cursor(lastEventId, this.reconnects.retry()));
		}
		onRead(found, false);
	}

	// From the writer, in the mailbox

	/**
	 * Take over events that were stored just now.
	 * @param events the events
	 */
	void stored(List<Event> events) {
		assert this.mailbox.isInside();
		switch (this.state) {
			case STARTING -> hinted(Hint.look());
			case READING -> {
				events.forEach(this::pass);
				if (this.reading.isWaiting()) {
					readNow();
				}
			}
			case ADRIFT -> {
				events.stream().filter((event) -> !pass(event)).forEach(this::offer);
				readNow();
			}
			case LIVE -> events.forEach(this::takeOver);
			default -> {
				// Ended, or not this writer's any more
			}
		}
		if (this.state == State.LIVE) {
			this.progress.moveCursor();
		}
		this.output.drain();
	}

	private void takeOver(Event event) {
		if (pass(event) || this.state != State.LIVE) {
			return;
		}
		boolean fits = this.progress.hasAhead(event) || !isFull();
		if (isNext(event) && fits) {
			this.progress.take(event);
		}
		else {
			moveTo(State.READING);
		}
	}

	// Pass over an event that was read before its writer knew that it is stored.
	private boolean pass(Event event) {
		boolean passed = this.progress.isPast(event);
		if (passed) {
			this.progress.passed(event);
		}
		return passed;
	}

	/**
	 * Go on without what the store doesn't take.
	 */
	void storeIsAway() {
		assert this.mailbox.isInside();
		if (this.state == State.STARTING) {
			read();
		}
		else if (this.state == State.LIVE && this.log != null && doubtful(this.log) != null) {
			// What the writer doesn't know to be stored may have been read already
			moveTo(State.READING);
			this.output.drain();
		}
	}

	/**
	 * Go on without what the store will never take. If nothing is kept of the stream,
	 * nothing that it could wait for will be there soon.
	 */
	void storeRefuses() {
		assert this.mailbox.isInside();
		if (this.state == State.STARTING && this.reading.isIdle() && this.log != null) {
			this.vainReads = 0;
			this.watch.start();
			goOn(this.log, State.ADRIFT);
		}
	}

	/**
	 * Take over an event that has no place in the store yet: it goes out without an ID,
	 * once.
	 * @param event the event
	 * @return whether it needn't be offered any more; if not, it is taken over when the
	 * writer {@linkplain StreamLog#handOver hands over} what it still has, to this
	 * connection or, if this one ends, to the next
	 */
	boolean offer(Event event) {
		assert this.mailbox.isInside();
		if (this.state != State.LIVE && this.state != State.ADRIFT) {
			return false;
		}
		if (this.progress.hasAhead(event) || event.isPriming() || (isOnlyWriterHere() && this.progress.isPast(event))) {
			return true;
		}
		if (isFull() || this.progress.ahead() >= MAX_AHEAD) {
			moveTo(State.READING);
			return false;
		}
		this.progress.sendAhead(event);
		this.output.drain();
		return true;
	}

	/**
	 * Pass over messages that will never be in the store, which the writer starts anew
	 * behind them. If they haven't gone out, the client misses them.
	 * @param messages their IDs
	 */
	void dropped(List<EventId> messages) {
		assert this.mailbox.isInside();
		boolean sent = this.progress.dropped(messages);
		if (this.state == State.CLOSED || this.state == State.ENDING) {
			return;
		}
		if (!sent) {
			this.context.gapFound(this.stream);
		}
		EventId last = messages.get(messages.size() - 1);
		if (!isOnlyWriterHere() || this.progress.isPast(last)) {
			return;
		}
		boolean canComeBack = this.progress.cursor() != null;
		if (this.state == State.LIVE && (sent || !canComeBack)) {
			this.progress.passGap(last);
		}
		else if (!canComeBack) {
			// The client has nothing to come back with: better the rest than nothing
			this.progress.passGap(last);
			moveTo(State.LIVE);
		}
	}

	/**
	 * The store has lost events that will be stored once more, at other places.
	 * @param events the events, at the places where they were read
	 */
	void displaced(List<Event> events) {
		assert this.mailbox.isInside();
		this.progress.displaced(events);
	}

	/**
	 * Look whether there is something to read: the stream isn't where the writer thought.
	 */
	void look() {
		hinted(Hint.look());
	}

	/**
	 * End after what was handed over; there will be no more. A connection that still
	 * reads from the store ends when it has read it all.
	 */
	void end() {
		assert this.mailbox.isInside();
		if (this.state == State.LIVE) {
			this.whole = true;
			ending();
		}
		this.output.drain();
	}

	/**
	 * End now.
	 */
	void finish() {
		assert this.mailbox.isInside();
		this.output.finish();
	}

	State state() {
		return this.state;
	}

	boolean isDone() {
		return this.state == State.CLOSED;
	}

	/**
	 * Close the connection for the client to come back, if it can and is known to, and
	 * nothing waits for this one alone.
	 * @return whether it is closed
	 */
	boolean closeForResume() {
		boolean awaited = this.log != null && this.log.isRefused();
		return this.reconnects.comesBack() && !awaited && endWithCursor();
	}

	private boolean endWithCursor() {
		boolean ends = this.state == State.ENDING || this.state == State.CLOSED;
		if (ends || !this.progress.repeatCursor()) {
			return false;
		}
		ending();
		if (this.log != null) {
			this.log.detach(this, false);
		}
		this.output.drain();
		return true;
	}

	private void ending() {
		moveTo(State.ENDING);
		this.output.end();
	}

	// Say whether nothing can be between the position and an event.
	private boolean isNext(Event event) {
		return this.progress.isNext(event) || (this.progress.position() == null && isOnlyWriterHere());
	}

	private boolean isFull() {
		return this.output.bytes() >= this.context.settings().maxConnectionBytes();
	}

	private boolean isWrittenHere() {
		return this.log != null && this.log.isRunning();
	}

	private boolean isOnlyWriterHere() {
		return this.log != null && this.log.isOnlyWriter();
	}

	// Reading, in the mailbox

	private boolean isReading() {
		return this.state == State.STARTING || this.state == State.READING || this.state == State.ADRIFT;
	}

	private void read() {
		boolean watchedBefore = this.watch.isWatched();
		EventId after = this.progress.position();
		if (this.progress.isAtGap()) {
			StreamLog log = this.log;
			if (this.state == State.READING && log != null && log.isRunning() && log.isCaughtUp(after)) {
				// There is nothing behind it yet
				goOn(log, State.LIVE);
				return;
			}
			if (log == null || log.isRunning() || !log.isCaughtUp(after)) {
				after = null;
			}
		}
		this.reading.read(after, (found) -> onRead(found, watchedBefore));
	}

	private void readNow() {
		this.reading.breakOff();
		read();
	}

	private void readLater() {
		this.reading.waitForStore();
	}

	private void waited() {
		if (this.state == State.ADRIFT || this.state == State.STARTING) {
			read();
		}
		this.output.drain();
	}

	private void onRead(PageReader.Result found, boolean watchedBefore) {
		if (found instanceof PageReader.Page read) {
			this.reading.answered();
			accept(read.page(), watchedBefore);
		}
		else if (found instanceof PageReader.Away away) {
			onAway(away.failure());
		}
		else {
			onGone((found instanceof PageReader.Gap gap) ? gap.last() : null);
		}
		this.output.drain();
	}

	private void accept(EventPage page, boolean watchedBefore) {
		this.followed.saw(page.head());
		String newest = page.head().reader();
		if (watchedBefore && this.context.isShared() && newest != null && !this.context.isThisNode(newest)) {
			logger.debug("Closing a connection of stream {}: a newer one is on another node", this.stream.streamId());
			this.replacedElsewhere = true;
			finish();
			return;
		}
		boolean fresh = this.state == State.STARTING && page.events().isEmpty();
		if (this.state != State.READING) {
			moveTo(State.READING);
		}
		EventId before = this.progress.position();
		this.progress.read(page);
		if (this.log != null) {
			this.log.found(before, page);
		}
		this.vainReads = Objects.equals(before, this.progress.position()) ? this.vainReads + 1 : 0;
		switch (page.rest()) {
			case NONE -> {
				this.reading.ended(ResumeOutcome.COMPLETE);
				ending();
			}
			case RUNNING -> {
				if (fresh && this.log instanceof StandaloneLog standalone) {
					// An ID to come back with that won't have expired
					standalone.addPriming(StreamTail.Kind.MESSAGE);
				}
				else {
					this.progress.moveCursor();
				}
				caughtUp();
			}
			case STORED -> {
				// There is more to read as soon as the client can take it
			}
		}
	}

	private void caughtUp() {
		StreamLog log = this.log;
		if (log != null && log.isRunning()) {
			EventId position = this.progress.position();
			if (log.isCaughtUp(position)) {
				this.vainReads = 0;
				EventId doubtful = doubtful(log);
				if (doubtful != null && position != null) {
					decide(log, doubtful, position);
				}
				else {
					goOn(log, State.LIVE);
				}
			}
			else if (this.vainReads >= MAX_VAIN_READS) {
				// The store has lost what it acknowledged to the writer
				logger.debug("Closing a connection of stream {}: its log was rolled back", this.stream.streamId());
				ending();
			}
		}
		else if (log == null || !log.isComplete() || this.vainReads >= MAX_VAIN_READS) {
			moveTo(State.WATCHING);
			this.watch.start();
		}
	}

	private @Nullable EventId doubtful(StreamLog log) {
		return log.inDoubt(this.progress.position());
	}

	// What was read already would go out once more if its writer didn't know of it
	private void decide(StreamLog log, EventId doubtful, EventId position) {
		this.reading.<Boolean>ask((answer) -> log.decide(doubtful, position, answer), (known) -> {
			if (!known) {
				readLater();
			}
			else if (log.isRunning() && log.isCaughtUp(this.progress.position())) {
				goOn(log, State.LIVE);
			}
			else {
				// More was stored meanwhile
				read();
			}
			this.output.drain();
		});
	}

	private void goOn(StreamLog log, State next) {
		moveTo(next);
		log.handOver(this);
		if (this.progress.ahead() >= MAX_AHEAD) {
			// It waits for the store, and must not ask it again and again meanwhile
			readLater();
		}
	}

	private void onAway(Throwable ex) {
		StreamLog log = this.log;
		if (this.state == State.ADRIFT || log == null || !log.isRunning() || !hasAllOf(log)) {
			readLater();
		}
		else if (log.isOnlyWriter()) {
			// Nothing is missing: served live until the store can be read
			goOn(log, State.LIVE);
		}
		else {
			logger.debug("The store can't be read, so a connection of stream {} gets what this node sends: {}",
					this.stream.streamId(), ex.getMessage());
			this.progress.moveCursor();
			readLater();
			goOn(log, State.ADRIFT);
		}
	}

	// Say whether nothing that a writer has stored is missing. What a client says of its
	// place counts only if the writer knows that very event.
	private boolean hasAllOf(StreamLog log) {
		EventId cursor = this.progress.cursor();
		boolean unproved = this.state == State.STARTING && cursor != null;
		boolean caughtUp = unproved ? Objects.equals(cursor, log.lastStored())
				: log.knowsWhatItStored() && log.isCaughtUp(this.progress.position()) && doubtful(log) == null;
		return caughtUp && !log.mayHaveDropped(this.progress::has);
	}

	// What follows the position can't be read any more, up to an event if it is still
	// there. A client that has an ID to come back with is told so when it does
	private void onGone(@Nullable EventId unreadable) {
		StreamLog log = this.log;
		if (unreadable == null && log != null && log.isRunning() && log.isOnlyWriter() && log.lastStored() == null) {
			// It isn't gone, but not stored yet
			onAway(new EventNotFoundException());
			return;
		}
		// What was sent ahead can't be followed by what is older
		EventId position = this.progress.position();
		boolean again = (unreadable != null) ? this.progress.isAhead()
				: position != null && this.progress.hasSentAhead();
		boolean canGoBack = this.progress.cursor() == null && !again;
		if (canGoBack && this.log instanceof StandaloneLog standalone && standalone.isRunning()
				&& this.vainReads < MAX_VAIN_READS) {
			if (this.state != State.STARTING) {
				moveTo(State.STARTING);
			}
			if (unreadable != null) {
				// On behind it. What is before it may have been sent already. If it isn't
				// an event that can't be read, there is no end to that
				this.vainReads = Objects.equals(position, unreadable) ? this.vainReads + 1 : 0;
				standalone.delivered(unreadable);
				this.progress.beginAfter(unreadable);
				read();
			}
			else if (position != null) {
				this.progress.beginAfter(standalone.gone(position));
				read();
			}
			else if (standalone.isAway()) {
				readLater();
				if (standalone.isCaughtUp(null) || this.vainReads > 0) {
					// Nothing is stored, so that nothing is missed
					goOn(standalone, State.ADRIFT);
				}
				else {
					// What was stored here may have been stored since this was read
					this.vainReads++;
				}
			}
			else {
				// Nothing is kept, not even what was stored for this connection. If
				// something is on its way to the store, it is read when it is there
				this.vainReads++;
				if (standalone.tail().isEmpty()) {
					standalone.addPriming(StreamTail.Kind.MESSAGE);
				}
			}
			return;
		}
		logger.debug("Closing a connection of stream {}: what follows isn't kept any more", this.stream.streamId());
		ending();
	}

	// Being told, in the mailbox

	/**
	 * Read, if there may be something to read.
	 * @param hint what there may be
	 */
	private void hinted(Hint hint) {
		assert this.mailbox.isInside();
		EventId position = this.progress.position();
		if (position != null && hint instanceof Hint.Stored stored && stored.sequence() <= position.sequence()) {
			return;
		}
		switch (this.state) {
			case STARTING, READING, ADRIFT -> {
				boolean asked = this.reading.hint();
				if (!asked && (this.reading.isWaiting() || this.state != State.READING)) {
					// Whoever hints is not away
					readNow();
				}
			}
			case LIVE -> {
				if (this.log == null || this.log.mayMiss(hint)) {
					moveTo(State.READING);
				}
			}
			case WATCHING -> moveTo(State.READING);
			default -> {
				// Whatever there is, it isn't wanted any more
			}
		}
		this.output.drain();
	}

	private void timeToLook() {
		hinted(Hint.look());
		if (!isWrittenHere()) {
			this.followed.askOwner();
		}
	}

	private void endIfOrphaned() {
		EventId last = this.progress.position();
		if (this.state == State.WATCHING && !isWrittenHere() && last != null) {
			this.followed.endIfOrphaned(last, () -> this.mailbox.execute(() -> {
				this.followed.ended();
				hinted(Hint.look());
			}), (errors) -> this.mailbox.execute(() -> endWith(errors)));
		}
	}

	// Nobody will ever read them, so that only this connection can say it
	private void endWith(List<Event> errors) {
		this.followed.ended();
		if (this.state == State.WATCHING) {
			errors.forEach(this.progress::sendAhead);
			ending();
			this.output.drain();
		}
	}

	// From the output, in the mailbox

	@Override
	public void opened() {
		this.context.connections().add(this);
	}

	@Override
	public void more() {
		if (this.state == State.READING) {
			read();
		}
	}

	@Override
	public void left(EventId id) {
		if (this.log != null) {
			this.log.delivered(id);
		}
	}

	@Override
	public void closed(boolean complete) {
		moveTo(State.CLOSED);
		this.reading.breakOff();
		if (this.log != null) {
			this.log.detach(this, complete && this.whole);
		}
		this.onRelease.accept(this);
		// Whoever counts none finds nothing of it anywhere
		this.context.connections().remove(this);
		// Whoever waits for an answer gets one, though an empty one
		this.watch.stop();
	}

	private void moveTo(State next) {
		assert this.mailbox.isInside();
		assert this.state.next().contains(next) : this.state + " to " + next;
		this.state = next;
		ResumeOutcome outcome = next.outcome();
		if (outcome != null) {
			this.reading.ended(outcome);
		}
	}

	/**
	 * What a connection is; the table above says what that means.
	 */
	enum State {

		STARTING, READING, ADRIFT, LIVE, WATCHING, ENDING, CLOSED;

		/**
		 * Return what it may become.
		 * @return the states that follow this one
		 */
		Set<State> next() {
			return switch (this) {
				case STARTING -> EnumSet.of(READING, ADRIFT, LIVE, ENDING, CLOSED);
				case READING -> EnumSet.of(STARTING, ADRIFT, LIVE, WATCHING, ENDING, CLOSED);
				case ADRIFT -> EnumSet.of(STARTING, READING, ENDING, CLOSED);
				case LIVE -> EnumSet.of(READING, ENDING, CLOSED);
				case WATCHING -> EnumSet.of(READING, ENDING, CLOSED);
				case ENDING -> EnumSet.of(CLOSED);
				case CLOSED -> EnumSet.noneOf(State.class);
			};
		}

		/**
		 * Return how a resume has ended that comes to this state, if it hasn't before.
		 * @return the outcome, or {@code null} if it goes on
		 */
		@Nullable ResumeOutcome outcome() {
			return switch (this) {
				case LIVE, ADRIFT, WATCHING -> ResumeOutcome.LIVE;
				case CLOSED -> ResumeOutcome.ABANDONED;
				case STARTING, READING, ENDING -> null;
			};
		}

	}

}

package io.github.mcppersist.stream;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.event.RequestId;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.SessionDeletedException;
import io.github.mcppersist.event.StreamConflictException;
import io.github.mcppersist.event.StreamKey;

/**
 * The log of the stream of a request, or of a batch. Its writer is the only one. It ends
 * when all requests have their response and these are stored, when storing them is given
 * up, or when the session ends.
 */
public final class RequestLog extends StreamLog {

	private static final Logger logger = LoggerFactory.getLogger(RequestLog.class);

	private final RequestIds requestIds;

	/**
	 * The requests that have no response yet.
	 */
	private final Set<RequestId> unanswered = new LinkedHashSet<>();

	private final Runnable onEnd;

	private @Nullable MonoSink<Revision> opening;

	/**
	 * Whether a client has taken all of it.
	 */
	private boolean taken;

	/**
	 * When storing the response is given up, in terms of {@link Threads#nanoTime()}.
	 */
	private long giveUpNanos;

	/**
	 * Create a log that is not stored yet.
	 * @param context what all streams share
	 * @param stream the stream
	 * @param requestIds what the stream answers
	 * @param onEnd called once, in the mailbox, when the log has ended
	 */
	public RequestLog(StreamContext context, StreamKey stream, RequestIds requestIds, Runnable onEnd) {
		super(context, stream, State.NEW, 1);
		this.requestIds = requestIds;
		this.unanswered.addAll(requestIds.all());
		this.onEnd = onEnd;
	}

	// On any thread

	/**
	 * Open the stream with a priming event.
	 * @return completes when it is stored, with the revision of the session if the store
	 * knows it; fails with what the store says
	 */
	public Mono<Revision> open() {
		return Mono.create((sink) -> mailbox().execute(() -> {
			if (isStored() || isComplete()) {
				// Cancelled before this was asked for
				sink.success();
			}
			else if (isEnded()) {
				sink.error(new SessionDeletedException());
			}
			else {
				this.opening = sink;
				prime();
				proceed();
			}
		}));
	}

	/**
	 * Make sure that a request has a response: it was handled.
	 * @param requestId the request
	 * @param message what to say if there is none, as for {@link JsonRpcError#of}
	 */
	public void handled(RequestId requestId, String message) {
		mailbox().execute(() -> answer(requestId, message));
	}

	/**
	 * End the stream of a request without a response: the client has cancelled it. What
	 * its handler still sends goes nowhere. Of a batch, the others go on.
	 * @param requestId the request
	 */
	public void cancel(RequestId requestId) {
		mailbox().execute(() -> {
			if (isRunning() && this.unanswered.remove(requestId) && this.unanswered.isEmpty()) {
				prime();
				addPriming(last());
			}
		});
	}

	/**
	 * Make sure that all requests have a response: nobody waits for their handlers any
	 * more.
	 * @param message as above
	 */
	public void abandon(String message) {
		mailbox().execute(() -> List.copyOf(this.unanswered).forEach((requestId) -> answer(requestId, message)));
	}

	private void answer(RequestId requestId, String message) {
		if (this.unanswered.contains(requestId)) {
			byte[] error = JsonRpcError.of(requestId, JsonRpcError.INTERNAL_ERROR, message);
			append(requestId, error, true, null);
		}
	}

	/**
	 * Close the connection that is open now, for the client to come back, unless it turns
	 * out that it has no cursor to come back with.
	 * @return whether the connection is about to be closed, as far as is known now
	 */
	public boolean closeConnection() {
		if (!isStored() || isAway()) {
			return false;
		}
		mailbox().execute(reader()::closeForResume);
		return true;
	}

	// In the mailbox

	/**
	 * Make the connection on which the request came the stream's only one.
	 * @param connection the connection
	 */
	public void begin(SseConnection connection) {
		if (attach(connection)) {
			connection.beginLive();
		}
	}

	@Override
	RequestIds requestIds() {
		return this.requestIds;
	}

	@Override
	boolean accepts(@Nullable RequestId requestId) {
		return this.unanswered.contains(requestId);
	}

	@Override
	StreamTail.Kind adding(@Nullable RequestId requestId, boolean response) {
		prime();
		if (!response) {
			return StreamTail.Kind.MESSAGE;
		}
		this.unanswered.remove(requestId);
		return this.unanswered.isEmpty() ? last() : StreamTail.Kind.RESPONSE;
	}

	private StreamTail.Kind last() {
		this.giveUpNanos = context().threads().nanoTime() + StreamContext.nanos(context().store().timeToLive());
		return StreamTail.Kind.LAST;
	}

	private void prime() {
		if (tail().nextSequence() == 1) {
			tail().addPriming(StreamTail.Kind.MESSAGE);
		}
	}

	@Override
	boolean knowsWhatItStored() {
		return true;
	}

	@Override
	boolean mayBeKnownElsewhere() {
		return true;
	}

	/**
	 * If the log isn't where this writer left it, the store was rolled back, and the
	 * stream starts anew behind the gap.
	 */
	@Override
	void onConflict(StreamConflictException conflict) {
		if (state() == State.OPEN && !conflict.isComplete()) {
			startAnew();
			return;
		}
		logger.info("Stream {} was ended by another node, which took this one for gone", stream().streamId());
		opened(null, conflict);
		end(State.COMPLETE);
		reader().look();
	}

	@Override
	void opened(@Nullable Revision revision, @Nullable Throwable failure) {
		MonoSink<Revision> sink = this.opening;
		if (sink == null) {
			return;
		}
		this.opening = null;
		if (failure != null) {
			sink.error(failure);
		}
		else {
			sink.success(revision);
		}
	}

	@Override
	void taken() {
		this.taken = this.unanswered.isEmpty();
	}

	@Override
	boolean isGivenUp() {
		if (!this.unanswered.isEmpty()) {
			return false;
		}
		// First what a client would hardly come back for
		boolean tooMuch = !isConnected()
				&& (this.taken ? context().isStrandedNearlyFull() : context().isStrandedOverfull());
		return tooMuch || context().threads().nanoTime() - this.giveUpNanos > 0;
	}

	@Override
	void ended() {
		if (this.opening != null) {
			opened(null, new SessionDeletedException());
		}
		this.onEnd.run();
	}

}

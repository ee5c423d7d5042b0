package io.github.mcppersist.modern;

import java.util.Map;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.modern.Questions.Asked;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.ParkedCallOutcome;
import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.task.TaskEndedException;
import io.github.mcppersist.task.TaskNotFoundException;
import io.github.mcppersist.task.TaskStatus;
import io.github.mcppersist.task.TaskStoreRefusedException;
import io.github.mcppersist.task.TaskStoreUnavailableException;
import io.github.mcppersist.task.TooManyTasksException;

/**
 * A call from the moment at which its client is to be asked something first: it is kept
 * in the store, and its client's requests, on whichever node, find there what comes of
 * each round. All state belongs to the {@link Mailbox} of the call, where the listener is
 * called, too.
 * <table>
 * <caption>What happens in which state</caption>
 * <tr>
 * <th></th>
 * <th>creating</th>
 * <th>kept</th>
 * <th>writing</th>
 * </tr>
 * <tr>
 * <td>the handler waits for what it has asked</td>
 * <td>is told in the next round</td>
 * <td>writing: the outcome of the round, if a client waits for it</td>
 * <td>afterwards, the same</td>
 * </tr>
 * <tr>
 * <td>the call ends</td>
 * <td>its first request is answered with that, and the call is cancelled once it is
 * kept</td>
 * <td>writing: the end</td>
 * <td>afterwards, the same</td>
 * </tr>
 * <tr>
 * <td>the store has done it</td>
 * <td>kept: the first request is answered with what is asked</td>
 * <td></td>
 * <td>kept, or over if that was the end</td>
 * </tr>
 * <tr>
 * <td>the store will never do it</td>
 * <td>over: the first request is answered with an error</td>
 * <td></td>
 * <td>over; but what is larger than it takes is ended with an error first</td>
 * </tr>
 * <tr>
 * <td>somebody else has ended it</td>
 * <td></td>
 * <td>over</td>
 * <td>over: the store says so</td>
 * </tr>
 * </table>
 */
final class ParkedCall implements StoredCall.Listener {

	private static final Logger logger = LoggerFactory.getLogger(ParkedCall.class);

	private static final ErrorResponse NOT_KEPT = ErrorResponse
		.unavailable("the call needs its client's input, and can't be kept until that comes");

	static final ErrorResponse TOO_LARGE = ErrorResponse
		.internal("Internal error: what the request has come to is larger than can be stored");

	private final Mailbox mailbox;

	private final Parking parking;

	private final EndpointObserver observer;

	private final Questions questions;

	private final Listener listener;

	private final StoredCall stored;

	private State state = State.CREATING;

	private Turn turn = Turn.HANDLER;

	/**
	 * Whether the handler waits for what it has asked, and a client for that.
	 */
	private boolean settled;

	/**
	 * How it ends, as soon as that is known.
	 */
	private @Nullable Ending ending;

	/**
	 * Since when it is the client's turn.
	 */
	private long askedNanos;

	/**
	 * Create it.
	 * @param mailbox the call's
	 * @param parking keeps calls that wait for their clients
	 * @param observer is told of rounds
	 * @param principal whose call it is, or {@code null} if it is nobody's
	 * @param questions what the handler has asked
	 * @param listener is told what becomes of the call
	 */
	ParkedCall(Mailbox mailbox, Parking parking, EndpointObserver observer, @Nullable String principal,
			Questions questions, Listener listener) {
		this.mailbox = mailbox;
		this.parking = parking;
		this.observer = observer;
		this.questions = questions;
		this.listener = listener;
		this.stored = new StoredCall(mailbox, parking, principal, this);
	}

	/**
	 * Return under which name the call is stored.
	 * @return the name
	 */
	String name() {
		return this.stored.name();
	}

	/**
	 * Store the call.
	 * @param request its first request
	 */
	void begin(JSONRPCRequest request) {
		assert this.mailbox.isInside();
		Asked asked = this.questions.asked();
		this.stored.create(request, asked, (inputRequired) -> created(asked, inputRequired), this::notCreated);
	}

	/**
	 * Say whether a client waits for what comes next.
	 * @return {@code false} if it was asked, and may be away
	 */
	boolean isAwaited() {
		assert this.mailbox.isInside();
		return this.turn == Turn.HANDLER;
	}

	/**
	 * The handler waits for what it has asked, and a client for that.
	 */
	void settled() {
		assert this.mailbox.isInside();
		this.settled = true;
		goOn();
	}

	/**
	 * End the call, unless it is about to end.
	 * @param ending how
	 */
	void end(Ending ending) {
		assert this.mailbox.isInside();
		if (this.ending == null) {
			this.ending = ending;
			goOn();
		}
	}

	/**
	 * Say whether the client hasn't come back in time.
	 * @return whether it was asked for longer than it may take
	 */
	boolean isOverdue() {
		assert this.mailbox.isInside();
		return this.state == State.KEPT && this.turn == Turn.CLIENT
				&& now() - this.askedNanos > this.parking.settings().inputTimeout().toNanos();
	}

	/**
	 * Look whether the store has something new.
	 */
	void look() {
		assert this.mailbox.isInside();
		if (this.state == State.KEPT) {
			this.stored.look();
		}
	}

	private long now() {
		return this.parking.threads().nanoTime();
	}

	private void goOn() {
		assert this.mailbox.isInside();
		Ending ending = this.ending;
		if (this.state == State.KEPT && ending != null) {
			this.state = State.WRITING;
			this.stored.end(ending.outcome(), () -> over(ending), this::notWritten);
		}
		else if (this.state == State.KEPT && this.settled) {
			endRound();
		}
	}

	private void created(Asked asked, byte[] inputRequired) {
		assert this.mailbox.isInside();
		this.state = State.KEPT;
		this.questions.stored(asked);
		Ending ending = this.ending;
		if (ending == null) {
			clientsTurn();
			this.listener.answerFirst(Outcome.of(inputRequired));
			this.stored.watch();
		}
		else if (ending.outcome() != null) {
			// It didn't wait for its client, who will never come back
			this.listener.answerFirst(ending.outcome());
			this.ending = new Ending(null, ending.observed());
		}
		goOn();
	}

	private void notCreated(Throwable ex) {
		assert this.mailbox.isInside();
		Ending ending = this.ending;
		if (ex instanceof TaskStoreUnavailableException || ex instanceof TooManyTasksException) {
			logger.debug("A call can't be kept until its client comes back; its client gets an error", ex);
			ending = (ending != null) ? ending : new Ending(Outcome.of(NOT_KEPT), ParkedCallOutcome.UNAVAILABLE);
		}
		else {
			logger.error("A call can't be kept until its client comes back; its client gets an error", ex);
			ErrorResponse error = (ex instanceof TaskStoreRefusedException) ? TOO_LARGE : NOT_KEPT;
			ending = (ending != null) ? ending : new Ending(Outcome.of(error), ParkedCallOutcome.REFUSED);
		}
		if (ending.outcome() != null) {
			this.listener.answerFirst(ending.outcome());
		}
		over(ending);
	}

	private void endRound() {
		this.state = State.WRITING;
		Asked asked = this.questions.asked();
		clientsTurn();
		this.stored.endRound(asked, () -> {
			this.state = State.KEPT;
			this.questions.stored(asked);
			// Nobody could know of it before
			this.askedNanos = now();
			goOn();
		}, this::notWritten);
	}

	// What was asked since is told with the next round
	private void clientsTurn() {
		this.turn = Turn.CLIENT;
		this.settled = false;
		this.askedNanos = now();
		this.observer.inputRequired();
	}

	@Override
	public void answered(Map<String, byte[]> answers) {
		assert this.mailbox.isInside();
		if (this.ending != null || !this.questions.answer(answers)) {
			return;
		}
		if (this.turn == Turn.CLIENT) {
			this.turn = Turn.HANDLER;
			this.observer.inputReceived(now() - this.askedNanos);
		}
		this.listener.answered();
	}

	private void notWritten(Throwable ex) {
		assert this.mailbox.isInside();
		if (ex instanceof TaskStoreRefusedException && !isTooLarge(this.ending)) {
			logger.warn("What a call has come to is larger than can be stored; its client gets an error", ex);
			this.state = State.KEPT;
			this.ending = new Ending(Outcome.of(TOO_LARGE), ParkedCallOutcome.LOST);
			goOn();
		}
		else if (ex instanceof TaskEndedException ended) {
			logger.debug("A call was ended by another node; what comes of it is dropped");
			lost(ended.status());
		}
		else if (ex instanceof TaskNotFoundException) {
			logger.debug("A call has expired, or the store has lost it; what comes of it is dropped");
			lost(null);
		}
		else {
			logger.error("What a call has come to could not be stored; its client gets an error", ex);
			lost(null);
		}
	}

	private static boolean isTooLarge(@Nullable Ending ending) {
		Outcome outcome = (ending != null) ? ending.outcome() : null;
		return outcome != null && outcome.error() == TOO_LARGE;
	}

	@Override
	public void endedElsewhere(@Nullable TaskStatus status) {
		assert this.mailbox.isInside();
		// What is being written tells by itself
		if (this.state == State.KEPT) {
			logger.debug("A call was ended by another node, or has expired; its handler is stopped");
			lost(status);
		}
	}

	// Whoever has ended it wins, and what this node has is worth nothing
	private void lost(@Nullable TaskStatus status) {
		over(new Ending(null, (status == TaskStatus.CANCELLED) ? ParkedCallOutcome.CANCELLED : ParkedCallOutcome.LOST));
	}

	private void over(Ending ending) {
		this.state = State.OVER;
		this.stored.close();
		this.listener.over(ending);
	}

	private enum State {

		/**
		 * The store is to keep it.
		 */
		CREATING,

		/**
		 * The store keeps it.
		 */
		KEPT,

		/**
		 * The store is to keep the outcome of a round, or the end.
		 */
		WRITING,

		/**
		 * Nothing more comes of it.
		 */
		OVER

	}

	/**
	 * Who is to do something.
	 */
	private enum Turn {

		/**
		 * A client waits for what comes next.
		 */
		HANDLER,

		/**
		 * The client was asked, and may be away.
		 */
		CLIENT

	}

	/**
	 * Is told in the mailbox what becomes of a call.
	 */
	interface Listener {

		/**
		 * Answer the first request.
		 * @param outcome what is asked, or why it can't be, or the end if that has come
		 * meanwhile
		 */
		void answerFirst(Outcome outcome);

		/**
		 * The handler was given answers, and a client waits for what comes of them.
		 */
		void answered();

		/**
		 * Nothing more comes of it, and the handler is to be stopped. Called once.
		 * @param ending how it has ended
		 */
		void over(Ending ending);

	}

}

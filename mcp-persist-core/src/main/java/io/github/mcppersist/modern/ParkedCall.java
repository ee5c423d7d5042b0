package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import io.github.mcppersist.modern.Questions.Asked;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.ParkedCallOutcome;
import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.stream.StreamContext;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEndedException;
import io.github.mcppersist.task.TaskExistsException;
import io.github.mcppersist.task.TaskNotFoundException;
import io.github.mcppersist.task.TaskRecord;
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
 * <td>the handler takes too long for a client that waits</td>
 * <td></td>
 * <td>writing: the outcome of the round, which is that the call is a task now</td>
 * <td>afterwards, the same</td>
 * </tr>
 * <tr>
 * <td>a task asks something, says how it goes on, or has taken large answers</td>
 * <td></td>
 * <td>writing: the same</td>
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
 * <td>kept: the first request is answered with what is asked, or the task</td>
 * <td></td>
 * <td>kept, or over if that was the end</td>
 * </tr>
 * <tr>
 * <td>the store will never do it</td>
 * <td>over: the first request is answered with an error, or goes on without a task, which
 * is tried again or abandoned</td>
 * <td></td>
 * <td>writing: the end, which is an error then; over if it won't do that either</td>
 * </tr>
 * <tr>
 * <td>the store has lost what it had done</td>
 * <td></td>
 * <td>writing: the same once more</td>
 * <td>is seen afterwards</td>
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

	private static final ErrorResponse NOT_STORED = ErrorResponse
		.internal("Internal error: what the request has come to could not be stored");

	/**
	 * The client of a task needn't know how it goes on more often.
	 */
	private static final Duration STATUS_PAUSE = Duration.ofSeconds(1);

	private final Mailbox mailbox;

	private final Parking parking;

	private final EndpointObserver observer;

	private final Questions questions;

	private final Listener listener;

	private final StoredCall stored;

	private State state = State.CREATING;

	private Turn turn = Turn.HANDLER;

	/**
	 * What comes of the handler's turn, as soon as that can be stored.
	 */
	private Next next = Next.UNKNOWN;

	/**
	 * What clients are to be told of the state of the task, if that is new.
	 */
	private @Nullable String statusMessage;

	/**
	 * How long the task is to be kept, if that is new.
	 */
	private @Nullable Duration timeToLive;

	/**
	 * Whether the last status message is so new that they are not told yet.
	 */
	private boolean statusIsFresh;

	/**
	 * How it ends, as soon as that is known.
	 */
	private @Nullable Ending ending;

	/**
	 * Whether the store may have carried out a creation of which it hasn't said so.
	 */
	private boolean mayBeStored;

	/**
	 * Whether it ends with an error since the store will never take what it has come to.
	 */
	private boolean refused;

	/**
	 * What its client is asked by the creation of the task, if that was tried.
	 */
	private @Nullable Asked askedFirst;

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
	 * @param tool what operators are told that it runs, if it becomes a task
	 * @param questions what the handler has asked
	 * @param listener is told what becomes of the call
	 */
	ParkedCall(Mailbox mailbox, Parking parking, EndpointObserver observer, @Nullable String principal, String tool,
			Questions questions, Listener listener) {
		this.mailbox = mailbox;
		this.parking = parking;
		this.observer = observer;
		this.questions = questions;
		this.listener = listener;
		this.stored = new StoredCall(mailbox, parking, principal, tool, this);
	}

	/**
	 * Return under which name the call is stored.
	 * @return the name
	 */
	String name() {
		return this.stored.name();
	}

	/**
	 * Store the call, and have its client asked.
	 * @param request its first request
	 */
	void begin(JSONRPCRequest request) {
		assert this.mailbox.isInside();
		Asked asked = this.questions.asked();
		this.stored.create(request, asked, (inputRequired) -> created(asked, inputRequired, this::clientsTurn),
				this::notCreated);
	}

	/**
	 * Store the call as a task; once more, if it isn't known whether it is.
	 * @param statusMessage what its client is told of its state, or {@code null}; it may
	 * be {@linkplain #tell told} again once it is a task
	 */
	void beginTask(@Nullable String statusMessage) {
		assert this.mailbox.isInside();
		Asked asked = (this.askedFirst != null) ? this.askedFirst : this.questions.asked();
		this.askedFirst = asked;
		this.stored.createTask(asked, statusMessage, (task) -> created(asked, task, this::becameTask), this::noTask);
	}

	/**
	 * It was to be stored as a task, which may have been done, and is to be none.
	 */
	void abandon() {
		assert this.mailbox.isInside();
		this.state = State.OVER;
		this.stored.close();
		this.stored.abandon();
	}

	/**
	 * Say whether a client waits for what comes next.
	 * @return {@code false} if it was asked, or is about to be, and may be away
	 */
	boolean isAwaited() {
		assert this.mailbox.isInside();
		return this.state != State.CREATING && this.turn == Turn.HANDLER;
	}

	/**
	 * Say whether its client follows it by its ID.
	 * @return whether it is a task
	 */
	boolean isTask() {
		assert this.mailbox.isInside();
		return this.turn == Turn.NOBODY;
	}

	/**
	 * The handler waits for what it has asked, and a client for that.
	 */
	void settled() {
		assert this.mailbox.isInside();
		if (this.next == Next.UNKNOWN) {
			this.next = Next.QUESTIONS;
		}
		goOn();
	}

	/**
	 * The handler takes longer than a client is to wait: it is to become a task.
	 */
	void becomeTask() {
		assert this.mailbox.isInside();
		this.next = Next.TASK;
		goOn();
	}

	/**
	 * Tell the client of a task what was asked since.
	 */
	void asked() {
		assert this.mailbox.isInside();
		goOn();
	}

	/**
	 * Tell the client of a task how it goes on.
	 * @param change its status message and its time to live, or one of both
	 */
	void tell(TaskChange change) {
		assert this.mailbox.isInside();
		if (change.statusMessage() != null) {
			this.statusMessage = change.statusMessage().equals(this.stored.statusMessage()) ? null
					: change.statusMessage();
		}
		if (change.timeToLive() != null) {
			this.timeToLive = change.timeToLive();
		}
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
		Duration limit = isTask() ? this.stored.lifetime() : this.parking.settings().inputTimeout();
		return this.state == State.KEPT && (this.turn == Turn.CLIENT || (isTask() && !this.questions.isEmpty()))
				&& now() - this.askedNanos > StreamContext.nanos(limit);
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
		if (this.state != State.KEPT) {
			return;
		}
		if (ending != null && this.timeToLive != null) {
			// Its client is to fetch what has come of it for as long as the tool wants
			tellClient();
		}
		else if (ending != null) {
			this.state = State.WRITING;
			this.stored.end(ending, () -> over(ending), this::notWritten);
		}
		else if (isTask()) {
			tellClient();
		}
		else if (isAwaited() && this.next == Next.QUESTIONS) {
			endRound();
		}
		else if (isAwaited() && this.next == Next.TASK) {
			endRounds();
		}
	}

	private void created(Asked asked, byte[] result, Runnable turn) {
		assert this.mailbox.isInside();
		this.state = State.KEPT;
		this.questions.stored(asked);
		Ending ending = this.ending;
		if (ending == null) {
			turn.run();
			// Its client may answer as soon as it knows
			this.stored.watch();
			this.listener.answerFirst(Outcome.of(result));
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
		if (mayHaveStored(ex)) {
			this.stored.abandon();
		}
	}

	// Also one that fails behind what the store has done
	private static boolean mayHaveStored(Throwable ex) {
		return !(ex instanceof TooManyTasksException || ex instanceof TaskStoreRefusedException
				|| ex instanceof TaskExistsException);
	}

	private void noTask(Throwable ex) {
		assert this.mailbox.isInside();
		if (ex instanceof TaskStoreUnavailableException || ex instanceof TooManyTasksException) {
			logger.debug("A call can't become a task", ex);
		}
		else {
			logger.error("A call can't become a task", ex);
		}
		if (!(ex instanceof TaskStoreUnavailableException) && mayHaveStored(ex)) {
			// The same creation would fail in the same way: the next one is another
			this.stored.abandon();
			this.mayBeStored = false;
		}
		else {
			this.mayBeStored |= ex instanceof TaskStoreUnavailableException;
		}
		if (!this.mayBeStored) {
			this.state = State.OVER;
			this.stored.close();
		}
		this.listener.noTask(this.ending, this.mayBeStored);
	}

	private void endRound() {
		Asked asked = this.questions.asked();
		clientsTurn();
		write(asked, (done) -> this.stored.endRound(asked, done, this::notWritten));
	}

	private void endRounds() {
		Asked asked = this.questions.asked();
		write(asked, (done) -> this.stored.becomeTask(asked, done, this::notWritten));
		// Whatever has to be told of it comes with the next write
		becameTask();
	}

	private void tellClient() {
		Asked asked = this.questions.asked();
		Duration timeToLive = this.timeToLive;
		boolean writes = !asked.added().isEmpty() || timeToLive != null || this.questions.isCrowded();
		String message = (this.statusIsFresh && !writes) ? null : this.statusMessage;
		if (message == null && !writes) {
			return;
		}
		this.timeToLive = null;
		if (message != null) {
			this.statusMessage = null;
			this.statusIsFresh = true;
			this.parking.threads().deliverLater(STATUS_PAUSE, () -> this.mailbox.execute(() -> {
				this.statusIsFresh = false;
				goOn();
			}));
		}
		if (!asked.added().isEmpty()) {
			this.observer.inputRequired();
		}
		write(asked, (done) -> this.stored.update(asked, message, timeToLive, done, this::notWritten));
	}

	private void write(Asked asked, Consumer<Runnable> call) {
		assert this.state == State.KEPT : this.state;
		this.state = State.WRITING;
		call.accept(() -> {
			this.state = State.KEPT;
			this.questions.stored(asked);
			if (!asked.added().isEmpty()) {
				// Nobody could know of it before
				this.askedNanos = now();
			}
			goOn();
		});
	}

	// What was asked since is told with the next round
	private void clientsTurn() {
		this.turn = Turn.CLIENT;
		this.next = Next.UNKNOWN;
		this.askedNanos = now();
		this.observer.inputRequired();
	}

	private void becameTask() {
		this.turn = Turn.NOBODY;
		this.askedNanos = now();
		this.listener.becameTask();
	}

	@Override
	public void seen(TaskRecord record) {
		assert this.mailbox.isInside();
		answered(record.answers());
		if (this.state == State.KEPT) {
			Asked lost = this.questions.lost(record, isTask());
			if (lost.isChange() || this.stored.isLost(record)) {
				logger.debug("The store has lost what was stored of a call; it is stored again");
				write(lost, (done) -> this.stored.restore(lost, done, this::notWritten));
			}
		}
		if (isTask()) {
			// What its handler has may leave no room for what it is yet to be answered
			goOn();
		}
	}

	private void answered(Map<String, byte[]> answers) {
		if (this.ending != null || !this.questions.answer(answers)) {
			return;
		}
		if (this.turn != Turn.HANDLER) {
			this.observer.inputReceived(now() - this.askedNanos);
		}
		if (this.turn == Turn.CLIENT) {
			this.turn = Turn.HANDLER;
		}
		this.listener.answered();
	}

	private void notWritten(Throwable ex) {
		assert this.mailbox.isInside();
		if (ex instanceof TaskEndedException ended) {
			logger.debug("A call was ended by another node; what comes of it is dropped");
			lost(ended.status());
		}
		else if (ex instanceof TaskNotFoundException) {
			logger.debug("A call has expired, or the store has lost it; what comes of it is dropped");
			lost(null);
		}
		else if (this.refused || ex instanceof TaskStoreUnavailableException) {
			// Either it can't be ended, or it was tried for as long as it is kept
			logger.error("What a call has come to could not be stored; its client gets an error", ex);
			lost(null);
		}
		else if (ex instanceof TaskStoreRefusedException) {
			logger.warn("What a call has come to is larger than can be stored; its client gets an error", ex);
			endRefused(TOO_LARGE);
		}
		else {
			logger.error("What a call has come to could not be stored; its client gets an error", ex);
			endRefused(NOT_STORED);
		}
	}

	private void endRefused(ErrorResponse error) {
		this.refused = true;
		// Or what was refused would be written once more with it
		this.timeToLive = null;
		this.state = State.KEPT;
		this.ending = new Ending(Outcome.of(error), ParkedCallOutcome.LOST);
		goOn();
	}

	@Override
	public void endedElsewhere(@Nullable TaskStatus status) {
		assert this.mailbox.isInside();
		if (this.state == State.KEPT) {
			logger.debug("A call was ended by another node, or has expired; its handler is stopped");
			lost(status);
		}
		else if (this.state == State.WRITING) {
			// What is being written may have come before that
			this.stored.lookAgain();
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
		CLIENT,

		/**
		 * The call is a task: its client asks for its state, and answers, when it likes.
		 */
		NOBODY

	}

	/**
	 * What comes of the handler's turn.
	 */
	private enum Next {

		/**
		 * That isn't known yet.
		 */
		UNKNOWN,

		/**
		 * The handler waits for what it has asked, and a client for that.
		 */
		QUESTIONS,

		/**
		 * It takes longer than a client is to wait.
		 */
		TASK

	}

	/**
	 * Is told in the mailbox what becomes of a call.
	 */
	interface Listener {

		/**
		 * Answer the first request.
		 * @param outcome what is asked, or why it can't be, or the task, or the end if
		 * that has come meanwhile
		 */
		void answerFirst(Outcome outcome);

		/**
		 * The handler was given answers, and a client waits for what comes of them, if it
		 * is no task.
		 */
		void answered();

		/**
		 * The call is a task now: requests that wait for it will be told so.
		 */
		void becameTask();

		/**
		 * It was to be stored as a task, and can't be. Nothing more comes of this, unless
		 * that is tried again.
		 * @param ending how the call is to end, if that is known
		 * @param mayBeStored whether it may be stored nevertheless: then it is to be
		 * tried again, or abandoned
		 */
		void noTask(@Nullable Ending ending, boolean mayBeStored);

		/**
		 * Nothing more comes of it, and the handler is to be stopped. Called once.
		 * @param ending how it has ended
		 */
		void over(Ending ending);

	}

}

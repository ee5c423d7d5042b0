package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;

import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.NoTask;
import io.github.mcppersist.observe.ParkedCallOutcome;
import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.task.RunningTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskPolicy;

/**
 * A request and what comes of it, on the node that runs its handler: one round, unless
 * the handler asks its client for input. Then the call is parked, its request is answered
 * with what is asked, and its client comes back with the answers, to whichever node (MCP
 * 2026-07-28, "Multi Round-Trip Requests"). Thread-safe: its state belongs to a
 * {@link Mailbox}.
 * <table>
 * <caption>What happens while it runs</caption>
 * <tr>
 * <th></th>
 * <th>connected</th>
 * <th>parked</th>
 * </tr>
 * <tr>
 * <td>the handler has asked, and waits ({@link Settling})</td>
 * <td>parked, if there is a place</td>
 * <td>its {@link ParkedCall} tells a client that waits</td>
 * </tr>
 * <tr>
 * <td>the handler takes longer than its {@link TaskPolicy} has a client wait</td>
 * <td>parked as a task, if there is a place</td>
 * <td>its {@link ParkedCall} becomes a task, if a client waits, and none on this node
 * that can't deal with one</td>
 * </tr>
 * <tr>
 * <td>the handler ends, or is to</td>
 * <td>over: the request is answered</td>
 * <td>ending, and over when its {@link ParkedCall} is</td>
 * </tr>
 * <tr>
 * <td>the client closes the first response before it was answered</td>
 * <td>over: the handler is stopped</td>
 * <td>ending: the handler is stopped</td>
 * </tr>
 * <tr>
 * <td>the client stays away</td>
 * <td></td>
 * <td>ending: the handler is stopped</td>
 * </tr>
 * <tr>
 * <td>somebody else has ended it, or nothing more can be stored</td>
 * <td></td>
 * <td>over: the handler is stopped</td>
 * </tr>
 * </table>
 */
final class Rounds implements Call.Listener, RoundResponse.Listener, ParkedCall.Listener, RunningTask {

	private static final Logger logger = LoggerFactory.getLogger(Rounds.class);

	/**
	 * The name of a tool is what the client says, and the specification has no longer
	 * ones.
	 */
	private static final int MAX_TOOL_LENGTH = 128;

	private static final ErrorResponse FULL = ErrorResponse.unavailable("too many tasks are running");

	private static final ErrorResponse ENOUGH = ErrorResponse
		.unavailable("too many tasks of one principal are running");

	private static final ErrorResponse NOT_STORED = ErrorResponse
		.unavailable("the call must be a task, and can't be stored now; repeat the request");

	private final Mailbox mailbox = new Mailbox();

	private final Parking parking;

	private final EndpointObserver observer;

	private final ModernRequest origin;

	private final JSONRPCRequest request;

	private final Round first;

	private final InputResponses given;

	private final TaskPolicy policy;

	private final Call call;

	private final Questions questions;

	private final Settling settling;

	private final Consumer<Rounds> over;

	/**
	 * Whose client is told what the handler sends, if one is connected.
	 */
	private volatile @Nullable Round current;

	private Phase phase = Phase.RUNNING;

	/**
	 * The call in the store, once it is to be there.
	 */
	private @Nullable ParkedCall parked;

	/**
	 * What may be a task in the store, although that hasn't said so.
	 */
	private @Nullable ParkedCall doubtful;

	/**
	 * Whether the handler has asked for what its client hadn't given before.
	 */
	private boolean asks;

	/**
	 * Whether it has a place among the calls that wait for their clients.
	 */
	private boolean hasPlace;

	/**
	 * Whether it has one among the tasks.
	 */
	private boolean hasTaskPlace;

	private volatile boolean task;

	/**
	 * Why it has not become one so far: what tries again is told of once.
	 */
	private final Set<NoTask> noTask = EnumSet.noneOf(NoTask.class);

	/**
	 * Since when it is a task.
	 */
	private volatile long taskNanos;

	/**
	 * What the client of a task is to be told, if it becomes one.
	 */
	private TaskChange untold = TaskChange.none();

	/**
	 * Has it become a task when its client has waited for long enough.
	 */
	private Disposable limit = Disposables.disposed();

	/**
	 * Begins the handler, while it waits for being a task, and is given what to do when
	 * that is certain to run.
	 */
	private @Nullable Consumer<Runnable> toBegin;

	/**
	 * Whether the handler of a task isn't certain to run yet: until then its client isn't
	 * told of the task.
	 */
	private boolean beginning;

	/**
	 * What tells it then.
	 */
	private @Nullable Outcome untoldTask;

	private boolean handled;

	private boolean closed;

	/**
	 * Create it.
	 * @param parking keeps calls that wait for their clients
	 * @param observer is told what happens
	 * @param origin what the request came with
	 * @param request the request
	 * @param given what the client answers before it is asked
	 * @param metadata what it says of its client
	 * @param policy when it becomes a task
	 * @param reply answers it
	 * @param over is told when all is over, once
	 */
	Rounds(Parking parking, EndpointObserver observer, ModernRequest origin, JSONRPCRequest request,
			InputResponses given, RequestMetadata metadata, TaskPolicy policy, ModernReply reply,
			Consumer<Rounds> over) {
		this.parking = parking;
		this.observer = observer;
		this.origin = origin;
		this.request = request;
		this.given = given;
		this.policy = policy;
		this.over = over;
		this.call = new Call(parking.threads(), this);
		this.questions = new Questions(this.mailbox, given, parking.messages(), this::toHandler);
		this.settling = new Settling(this.mailbox, parking.threads(), this::isAwaited, this.call::isQuiet,
				this::settled);
		this.first = new Round(request.id(), metadata,
				new RoundResponse(parking.threads(), reply, parking.settings(), this), parking.messages());
		this.current = this.first;
	}

	JSONRPCRequest request() {
		return this.request;
	}

	Call call() {
		return this.call;
	}

	/**
	 * Return what the client has answered before it was asked.
	 * @return the answers that its first request has brought
	 */
	InputResponses given() {
		return this.given;
	}

	/**
	 * Return what is known of the client by the first request.
	 * @return what the handler was told of it
	 */
	RequestMetadata metadata() {
		return this.first.metadata();
	}

	/**
	 * Return where notifications go.
	 * @return the round whose client is connected to this node, or {@code null} if none
	 * is
	 */
	@Nullable Round current() {
		return this.current;
	}

	/**
	 * Run the handler: at once, or when the call is a task if that is its policy.
	 * @param handle runs it, and is given what to do, on any thread, when it is certain
	 * to run
	 */
	void begin(Consumer<Runnable> handle) {
		switch (this.policy) {
			case NEVER -> handle.accept(() -> {
			});
			case AFTER -> {
				this.mailbox.execute(this::limitTurn);
				handle.accept(() -> {
				});
			}
			case SUPPORTED, REQUIRED -> this.mailbox.execute(() -> {
				if (this.phase == Phase.RUNNING) {
					this.toBegin = handle;
					becomeTask();
				}
				else {
					handled();
				}
			});
		}
	}

	/**
	 * The handler won't be run.
	 * @param error what the client gets
	 */
	void refuse(ErrorResponse error) {
		this.mailbox.execute(() -> {
			if (this.beginning) {
				this.untoldTask = Outcome.of(error);
				end(new Ending(null, ParkedCallOutcome.UNAVAILABLE));
			}
		});
		this.call.refuse(error);
	}

	@Override
	public boolean isTask() {
		return this.task;
	}

	/**
	 * Say since when it is a task. For metrics: on any thread.
	 * @return the time, as {@link Threads#nanoTime()} gives it, or {@code null} if it is
	 * none
	 */
	@Nullable Long taskSince() {
		return this.task ? (Long) this.taskNanos : null;
	}

	/**
	 * Say whether it is a task whose client is asked something. For metrics: on any
	 * thread.
	 * @return whether it is in the state {@code input_required}
	 */
	boolean isTaskWithInputRequired() {
		return this.task && this.questions.isOutstanding();
	}

	@Override
	public void setStatusMessage(String statusMessage) {
		tell(TaskChange.none().withStatusMessage(StoredCall.shortened(statusMessage, StoredCall.MAX_STATUS_LENGTH)));
	}

	@Override
	public void setTimeToLive(Duration timeToLive) {
		tell(TaskChange.none().withTimeToLive(timeToLive));
	}

	@Override
	public boolean isCancelled() {
		return this.call.isCancelled();
	}

	// What is told before is told when it is a task
	private void tell(TaskChange change) {
		if (this.policy != TaskPolicy.NEVER) {
			this.mailbox.execute(() -> {
				this.untold = with(this.untold, change);
				tellUntold();
			});
		}
	}

	private static TaskChange with(TaskChange untold, TaskChange change) {
		TaskChange both = untold;
		if (change.statusMessage() != null) {
			both = both.withStatusMessage(change.statusMessage());
		}
		return (change.timeToLive() != null) ? both.withTimeToLive(change.timeToLive()) : both;
	}

	private void tellUntold() {
		if (this.parked != null && this.phase == Phase.RUNNING && this.parked.isTask()) {
			TaskChange untold = this.untold;
			this.untold = TaskChange.none();
			this.parked.tell(untold);
		}
	}

	/**
	 * A client that is connected to this node waits for the next outcome.
	 * @param round its request
	 */
	void attach(Round round) {
		this.mailbox.execute(() -> {
			if (this.parked == null || !this.parked.isTask()) {
				this.current = round;
			}
		});
	}

	void detach(Round round) {
		this.mailbox.execute(() -> {
			if (this.current == round) {
				this.current = null;
			}
		});
	}

	/**
	 * Ask the client for something.
	 * @param key what the handler wants the request to be called
	 * @param question the request
	 */
	void ask(String key, Question question) {
		this.mailbox.execute(() -> asked(key, question));
	}

	/**
	 * End the call, since the server is going. Its handler is stopped once that is
	 * stored: thousands that are interrupted would else hold up each other's ends.
	 * @param error what the client gets, whenever it asks
	 */
	void abandon(ErrorResponse error) {
		this.mailbox.execute(() -> end(new Ending(Outcome.of(error), ParkedCallOutcome.SHUT_DOWN)));
	}

	/**
	 * Close the first response, whether all has left or not, and stop the handler.
	 */
	void abort() {
		this.first.response().abort();
		this.call.cancel();
	}

	/**
	 * Let time pass.
	 */
	void tick() {
		this.first.response().tick();
		this.mailbox.execute(() -> {
			if (this.parked != null && this.parked.isOverdue() && this.phase == Phase.RUNNING) {
				logger.debug("A call is cancelled: its client hasn't come back with what it was asked for");
				stop(new Ending(null, ParkedCallOutcome.TIMED_OUT));
			}
		});
	}

	/**
	 * Look whether the store has something new.
	 */
	void look() {
		this.mailbox.execute(() -> {
			if (this.parked != null) {
				this.parked.look();
			}
		});
	}

	@Override
	public void ended(Outcome outcome) {
		this.mailbox
			.execute(() -> end(new Ending(this.task ? outcome.ofTask() : outcome, ParkedCallOutcome.COMPLETED)));
	}

	@Override
	public void handled() {
		this.mailbox.execute(() -> {
			this.handled = true;
			tellIfOver();
		});
	}

	@Override
	public void clientGone() {
		if (this.call.cancel()) {
			logger.debug("A request was cancelled: its client has closed the response");
			this.observer.requestCancelled();
			this.mailbox.execute(() -> end(new Ending(null, ParkedCallOutcome.CANCELLED)));
		}
	}

	@Override
	public void closed() {
		this.mailbox.execute(() -> {
			this.closed = true;
			tellIfOver();
		});
	}

	@Override
	public void carryOn(Runnable task) {
		this.call.carryOn(task);
	}

	private void toHandler(Runnable task) {
		this.parking.threads().release(() -> this.call.carryOn(this.origin.carried(task)));
	}

	// In the mailbox

	private void asked(String key, Question question) {
		assert this.mailbox.isInside();
		if (this.phase != Phase.RUNNING) {
			// Of a thread that goes on beside the handler, or behind its end
			this.questions.reject(question);
			return;
		}
		try {
			if (!this.questions.ask(key, question)) {
				return;
			}
			ParkedCall parked = this.parked;
			if (parked != null && parked.isTask()) {
				parked.asked();
			}
			else if (!this.hasTaskPlace) {
				askByRounds();
			}
			// Else the task asks it that this is about to become
		}
		catch (RefusedException ex) {
			stop(new Ending(Outcome.of(ex.error()), ParkedCallOutcome.REFUSED));
		}
	}

	private void askByRounds() {
		this.asks = true;
		if (!this.hasPlace) {
			this.parking.take(this.origin.principal());
			this.hasPlace = true;
		}
		this.settling.begin();
	}

	private boolean isAwaited() {
		return this.phase == Phase.RUNNING && !this.questions.isEmpty()
				&& (this.parked == null || this.parked.isAwaited());
	}

	private void settled() {
		assert this.mailbox.isInside();
		ParkedCall parked = this.parked;
		if (parked != null) {
			parked.settled();
			return;
		}
		abandonDoubtful();
		keep(newCall()).begin(this.request);
	}

	private ParkedCall newCall() {
		return new ParkedCall(this.mailbox, this.parking, this.observer, this.origin.principal(), tool(),
				this.questions, this);
	}

	private void abandonDoubtful() {
		if (this.doubtful != null) {
			this.doubtful.abandon();
			this.doubtful = null;
		}
	}

	private ParkedCall keep(ParkedCall parked) {
		this.parked = parked;
		this.parking.enter(parked.name(), this);
		return parked;
	}

	private String tool() {
		Object name = (this.request.params() instanceof Map<?, ?> params) ? params.get("name") : null;
		return StoredCall.shortened(String.valueOf(name), MAX_TOOL_LENGTH);
	}

	// Each time that a client waits, it does for so long
	private void limitTurn() {
		if (this.policy == TaskPolicy.AFTER) {
			this.limit.dispose();
			this.limit = this.parking.threads()
				.deliverLater(this.parking.settings().tasks().after(), () -> this.mailbox.execute(() -> {
					if (this.phase == Phase.RUNNING) {
						becomeTask();
					}
				}));
		}
	}

	private void becomeTask() {
		assert this.mailbox.isInside();
		ParkedCall parked = this.parked;
		if (this.hasTaskPlace || (parked != null && !parked.isAwaited())) {
			return;
		}
		Round current = this.current;
		if (current != null && !current.metadata().hasTasks()) {
			// Its client could do so when it began the call, and can't now
			limitTurn();
			return;
		}
		NoTask none = this.parking.takeTask(this.origin.principal());
		if (none != null) {
			stayOrRefuse(none);
			return;
		}
		this.hasTaskPlace = true;
		if (parked != null) {
			parked.becomeTask();
		}
		else {
			ParkedCall again = this.doubtful;
			this.doubtful = null;
			// What it says already isn't told again when it is one
			keep((again != null) ? again : newCall()).beginTask(this.untold.statusMessage());
		}
	}

	@Override
	public void becameTask() {
		assert this.mailbox.isInside();
		this.limit.dispose();
		this.taskNanos = this.parking.threads().nanoTime();
		this.task = true;
		this.current = null;
		giveBack();
		this.observer.taskCreated();
		this.beginning = this.toBegin != null;
		beginHandler();
		tellUntold();
	}

	@Override
	public void noTask(@Nullable Ending ending, boolean mayBeStored) {
		assert this.mailbox.isInside();
		if (this.parked != null) {
			this.parking.leave(this.parked.name());
			this.doubtful = mayBeStored ? this.parked : null;
			this.parked = null;
		}
		giveBackTask();
		if (ending != null) {
			if (ending.outcome() != null) {
				answerFirst(ending.outcome());
			}
			over(ending);
			return;
		}
		stayOrRefuse(NoTask.UNAVAILABLE);
		if (isAwaited()) {
			try {
				askByRounds();
			}
			catch (RefusedException ex) {
				stop(new Ending(Outcome.of(ex.error()), ParkedCallOutcome.REFUSED));
			}
		}
	}

	// What needn't be a task goes on as if it were to be none
	private void stayOrRefuse(NoTask reason) {
		boolean required = this.policy == TaskPolicy.REQUIRED;
		if (this.noTask.add(reason)) {
			this.parking.noTask(reason, tool(), required);
		}
		if (required) {
			stop(new Ending(Outcome.of(refusal(reason)), ParkedCallOutcome.UNAVAILABLE));
			return;
		}
		beginHandler();
		limitTurn();
	}

	private static ErrorResponse refusal(NoTask reason) {
		return switch (reason) {
			case FULL -> FULL;
			case PRINCIPAL_FULL -> ENOUGH;
			case UNAVAILABLE -> NOT_STORED;
		};
	}

	private void beginHandler() {
		Consumer<Runnable> handle = this.toBegin;
		if (handle != null) {
			this.toBegin = null;
			handle.accept(() -> this.mailbox.execute(this::begun));
		}
	}

	private void begun() {
		assert this.mailbox.isInside();
		Outcome task = this.untoldTask;
		this.beginning = false;
		this.untoldTask = null;
		if (task != null) {
			answerFirst(task);
		}
	}

	@Override
	public void answered() {
		assert this.mailbox.isInside();
		limitTurn();
		if (!this.questions.isEmpty()) {
			// What was asked besides, and isn't answered
			this.settling.begin();
		}
	}

	private void stop(Ending ending) {
		this.call.cancel();
		end(ending);
	}

	private void end(Ending ending) {
		assert this.mailbox.isInside();
		if (this.phase != Phase.RUNNING) {
			return;
		}
		begun();
		this.phase = Phase.ENDING;
		if (this.parked != null) {
			this.parked.end(ending);
			return;
		}
		if (ending.outcome() != null) {
			answerFirst(ending.outcome());
		}
		over(ending);
	}

	@Override
	public void answerFirst(Outcome outcome) {
		assert this.mailbox.isInside();
		this.current = null;
		if (this.beginning) {
			this.untoldTask = outcome;
			return;
		}
		this.first.answer(outcome);
	}

	@Override
	public void over(Ending ending) {
		assert this.mailbox.isInside();
		begun();
		this.phase = Phase.OVER;
		this.limit.dispose();
		this.call.cancel();
		this.questions.close();
		abandonDoubtful();
		if (this.parked != null) {
			this.parking.leave(this.parked.name());
		}
		giveBack();
		giveBackTask();
		if (this.asks) {
			this.observer.parkedCallEnded(ending.observed());
		}
		if (this.task) {
			this.observer.taskEnded(ending.taskOutcome(), this.parking.threads().nanoTime() - this.taskNanos);
		}
		if (this.toBegin != null) {
			// It won't be
			this.toBegin = null;
			this.handled = true;
		}
		tellIfOver();
	}

	private void giveBack() {
		if (this.hasPlace) {
			this.hasPlace = false;
			this.parking.giveBack(this.origin.principal());
		}
	}

	private void giveBackTask() {
		if (this.hasTaskPlace) {
			this.hasTaskPlace = false;
			this.parking.giveBackTask(this.origin.principal());
		}
	}

	private void tellIfOver() {
		if (this.phase == Phase.OVER && this.handled && this.closed) {
			this.phase = Phase.TOLD;
			this.over.accept(this);
		}
	}

	private enum Phase {

		/**
		 * It may ask, and whatever is next may come of it.
		 */
		RUNNING,

		/**
		 * It is known how it ends, which is to be stored.
		 */
		ENDING,

		/**
		 * Nothing more comes of it; its handler and its response may take their time.
		 */
		OVER,

		/**
		 * Whoever has it was told to forget it.
		 */
		TOLD

	}

}

package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.RequestStateRejection;
import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskNotFoundException;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskStatus;
import io.github.mcppersist.task.TaskStoreRefusedException;
import io.github.mcppersist.task.TaskStoreUnavailableException;

/**
 * A request by which a client goes on with a call that has asked it for input, on
 * whichever node (MCP 2026-07-28, "Multi Round-Trip Requests"). It gives the answers to
 * the store and waits there for the outcome of its round, which is the same however often
 * and wherever the request is made. Thread-safe: its state belongs to a {@link Mailbox}.
 */
final class Retry implements RoundResponse.Listener {

	private static final Logger logger = LoggerFactory.getLogger(Retry.class);

	/**
	 * One answer to a state that is forged, another's, too old or of a call that is over.
	 */
	static final ErrorResponse UNKNOWN = ErrorResponse.invalidParams("requestState is unknown, or has expired");

	static final ErrorResponse UNAVAILABLE = ErrorResponse
		.unavailable("the call can't be reached now; repeat the request");

	/**
	 * How long a client whose answers are stored waits for a store that is out of reach.
	 */
	private static final Duration OUTAGE_LIMIT = Duration.ofMinutes(1);

	private final Mailbox mailbox = new Mailbox();

	private final Parking parking;

	private final EndpointObserver observer;

	private final RequestState state;

	private final byte[] boundTo;

	private final InputResponses given;

	private final @Nullable String principal;

	private final String name;

	private final Round round;

	private final @Nullable Rounds local;

	private final Consumer<Retry> over;

	private final TaskWatch watch;

	private final Outgoing.Answer kept;

	private Phase phase = Phase.LOOKING;

	/**
	 * Whether the store is being given the answers.
	 */
	private boolean answering;

	/**
	 * Whether there was no room for what it is to be answered: it waits for that, too.
	 */
	private boolean isRefused;

	private @Nullable String owner;

	private long lookedNanos;

	private long seenNanos;

	/**
	 * Create it.
	 * @param parking keeps calls that wait for their clients
	 * @param observer is told what happens
	 * @param opened what the request has brought back
	 * @param given what the client answers
	 * @param requestId the request's ID
	 * @param metadata what it says of its client
	 * @param reply answers it
	 * @param over is told when the response has left, once
	 */
	Retry(Parking parking, EndpointObserver observer, Opened opened, InputResponses given, Object requestId,
			RequestMetadata metadata, ModernReply reply, Consumer<Retry> over) {
		this.parking = parking;
		this.observer = observer;
		this.state = opened.state();
		this.boundTo = opened.boundTo();
		this.given = given;
		this.principal = opened.principal();
		this.name = parking.name(this.state.callId(), this.principal);
		this.local = parking.call(this.name);
		this.over = over;
		this.watch = new TaskWatch(this.mailbox, parking, this.name, this::found, this::failed);
		this.kept = parking.outgoing().answer(this.principal);
		this.lookedNanos = now();
		this.round = new Round(requestId, metadata,
				new RoundResponse(parking.threads(), reply, parking.settings(), this), parking.messages());
	}

	/**
	 * Begin to wait.
	 */
	void begin() {
		this.mailbox.execute(() -> {
			// Of a client that answers quickly the next round comes soon
			ErrorResponse refused = this.parking.poll(this.name + ' ' + this.state.round());
			refused = (refused != null) ? refused : this.parking.arrived(this.name, this.principal);
			if (refused != null) {
				logger.debug("A request may not wait for its call: {}", refused.message());
				this.phase = Phase.DONE;
				this.round.answer(Outcome.of(refused));
				return;
			}
			if (this.local != null) {
				this.local.attach(this.round);
			}
			this.seenNanos = now();
			look();
			this.watch.begin();
		});
	}

	/**
	 * Let time pass.
	 */
	void tick() {
		this.round.response().tick();
		this.mailbox.execute(() -> {
			String owner = this.owner;
			if (now() - this.lookedNanos > this.parking.settings().lookInterval().toNanos()
					|| (owner != null && this.parking.isAbandoned(owner, this.name))
					|| (this.isRefused && this.kept.mayHaveRoom())) {
				look();
			}
		});
	}

	/**
	 * Wait no longer; the call goes on.
	 * @param error what the client gets
	 */
	void abandon(ErrorResponse error) {
		this.mailbox.execute(() -> finish(Outcome.of(error)));
	}

	/**
	 * Close the connection, whether all has left or not.
	 */
	void abort() {
		this.round.response().abort();
	}

	@Override
	public void clientGone() {
		this.mailbox.execute(() -> {
			Phase before = this.phase;
			if (before != Phase.DONE && leave()) {
				wasTask()
					.flatMap((task) -> this.parking.leftCalls()
						.isAbandoned(this.name)
						.filter((abandoned) -> abandoned)
						.flatMap((abandoned) -> this.parking.tasks().findTask(this.name))
						.filter((record) -> isWaitedFor(record, before) || (!task && isTask(record)))
						.flatMap((record) -> cancel()))
					.subscribe((first) -> {
					}, (ex) -> logger.debug("A call could not be cancelled; it waits until its time is over", ex));
			}
		});
	}

	@Override
	public void closed() {
		this.mailbox.execute(this.kept::left);
		this.over.accept(this);
	}

	@Override
	public void carryOn(Runnable task) {
		if (this.local != null) {
			this.local.carryOn(task);
		}
		else {
			task.run();
		}
	}

	// One that the call has become since this client left isn't known to anybody, unless
	// another request was told of it meanwhile
	private Mono<Boolean> wasTask() {
		return this.parking.tasks().findTask(this.name).map(this::isTask).defaultIfEmpty(true).onErrorReturn(true);
	}

	private boolean isTask(TaskRecord record) {
		byte[] outcome = record.rounds().get(this.state.round());
		return outcome != null && this.parking.messages().isTask(outcome) && !record.status().isTerminal();
	}

	// Another request for the same round may have brought what has come of it to the
	// client, which has closed this one for that
	private boolean isWaitedFor(TaskRecord record, Phase before) {
		boolean roundIsOver = record.rounds()
			.entrySet()
			.stream()
			.anyMatch((round) -> round.getKey() >= this.state.round() && !isUntoldTask(round.getValue()));
		boolean askedAgain = before == Phase.LOOKING && nothingIsAnswered(record);
		return !roundIsOver && !askedAgain && !record.status().isTerminal();
	}

	private Mono<Boolean> cancel() {
		logger.debug("A call is cancelled: its client has closed the response");
		this.observer.requestCancelled();
		return this.parking.tasks().endTask(this.name, TaskEnd.cancelled(null));
	}

	private static boolean nothingIsAnswered(TaskRecord record) {
		return record.answers().isEmpty() && record.status() == TaskStatus.INPUT_REQUIRED;
	}

	// In the mailbox

	private long now() {
		return this.parking.threads().nanoTime();
	}

	private void look() {
		this.lookedNanos = now();
		this.watch.look();
	}

	private void found(@Nullable TaskRecord record) {
		assert this.mailbox.isInside();
		this.seenNanos = now();
		try {
			take(record);
		}
		catch (RefusedException ex) {
			finish(Outcome.of(ex.error()));
		}
		catch (RuntimeException ex) {
			finish(Outcome.of(UnreadableTask.error(ex)));
		}
	}

	private void failed(Throwable ex) {
		assert this.mailbox.isInside();
		if (ex instanceof TaskNotFoundException) {
			unknown();
		}
		else if (!(ex instanceof TaskStoreUnavailableException)) {
			finish(Outcome.of(UnreadableTask.error(ex)));
		}
		else if (this.phase == Phase.LOOKING || now() - this.seenNanos > OUTAGE_LIMIT.toNanos()) {
			logger.debug("A client can't go on with its call now", ex);
			finish(Outcome.of(UNAVAILABLE));
		}
		else {
			this.watch.lookLater();
		}
	}

	private void take(@Nullable TaskRecord record) {
		if (record == null) {
			unknown();
			return;
		}
		this.owner = record.owner();
		byte[] outcome = record.rounds().get(this.state.round());
		boolean untoldTask = outcome != null && isUntoldTask(outcome);
		boolean tooOld = record.rounds().keySet().stream().anyMatch((number) -> number > this.state.round());
		if (outcome != null && !untoldTask) {
			if (this.parking.messages().isTask(outcome)) {
				this.parking.leftCalls().toldTask(this.name, this.parking.settings().tasks().timeToLive());
				finish(Outcome.of(this.parking.messages().createdTask(this.state.callId(), record)));
			}
			else {
				ask(outcome, this.state.next());
			}
		}
		else if (tooOld) {
			unknown();
		}
		else if (record.status().isTerminal()) {
			end(record);
		}
		else if (this.parking.isAbandoned(record.owner(), this.name)) {
			endAbandoned(record.owner());
		}
		else {
			this.parking.follows(record.owner(), this.name);
			if (!this.answering && !isBehind(record)) {
				answer(record, untoldTask);
			}
		}
	}

	// A client that hasn't said with this request that it can deal with a task waits on
	// for the end, and what is asked until then is more of the same round to it
	private boolean isUntoldTask(byte[] outcome) {
		return !this.round.metadata().hasTasks() && this.parking.messages().isTask(outcome);
	}

	// The client has got the outcome of the round before, which its owner stores again
	// once it sees that the store has lost it, with what the client answers now
	private boolean isBehind(TaskRecord record) {
		int before = this.state.round() - 1;
		return before > 0 && !record.rounds().containsKey(before);
	}

	private void end(TaskRecord record) {
		byte[] outcome = record.outcome();
		if (outcome == null) {
			unknown();
		}
		else if (record.status() == TaskStatus.COMPLETED) {
			finish(Outcome.of(outcome));
		}
		else {
			finish(Outcome.of(this.parking.messages().readError(outcome)));
		}
	}

	// Once more, if the store has lost the answers before the owner has taken them
	private void answer(TaskRecord record, boolean untoldTask) {
		Map<String, byte[]> answers = this.given.to(record.inputRequests(), this.parking.messages());
		if (!answers.isEmpty()) {
			this.phase = Phase.WAITING;
			this.answering = true;
			this.parking.tasks()
				.answerInput(this.name, answers)
				.subscribe((state) -> this.mailbox.execute(this::answered), (ex) -> this.mailbox.execute(() -> {
					this.answering = false;
					if (this.phase == Phase.WAITING) {
						this.phase = Phase.LOOKING;
						notAnswered(ex);
					}
				}));
		}
		else if (untoldTask ? record.status() == TaskStatus.INPUT_REQUIRED
				: (this.phase == Phase.LOOKING && nothingIsAnswered(record))) {
			ask(this.parking.messages().inputRequests(record.inputRequests()), this.state);
		}
	}

	private void notAnswered(Throwable ex) {
		if (ex instanceof TaskStoreRefusedException) {
			logger.debug("What a client answers is too large", ex);
			finish(Outcome.of(TaskRequests.TOO_LARGE));
		}
		else {
			failed(ex);
		}
	}

	private void answered() {
		this.answering = false;
		look();
	}

	private void ask(byte[] inputRequests, RequestState next) {
		Map<String, ?> missing = MissingCapability.forRequests(this.parking.messages().read(inputRequests).values(),
				this.round.metadata().capabilities());
		if (missing != null) {
			finish(Outcome.of(ErrorResponse.missingCapability(missing)));
			return;
		}
		this.parking.keys()
			.get()
			.subscribe(
					(keys) -> this.mailbox.execute(() -> finish(Outcome
						.of(this.parking.messages().inputRequired(inputRequests, keys.seal(next, this.boundTo))))),
					(ex) -> this.mailbox.execute(() -> finish(Outcome.of(UNAVAILABLE))));
	}

	private void endAbandoned(String owner) {
		this.parking.endAbandoned(owner, this.name).subscribe((nothing) -> {
		}, (ex) -> this.mailbox.execute(() -> failed(ex)), () -> this.mailbox.execute(this::look));
	}

	private void unknown() {
		if (this.phase != Phase.DONE) {
			this.observer.requestStateRejected(RequestStateRejection.EXPIRED);
			finish(Outcome.of(UNKNOWN));
		}
	}

	private boolean leave() {
		this.phase = Phase.DONE;
		this.watch.close();
		if (this.local != null) {
			this.local.detach(this.round);
		}
		return this.parking.departed(this.name, this.principal);
	}

	private void finish(Outcome outcome) {
		assert this.mailbox.isInside();
		if (this.phase == Phase.DONE) {
			return;
		}
		byte[] result = outcome.result();
		ErrorResponse noRoom = (result != null) ? this.kept.keep(result.length) : null;
		this.isRefused = noRoom != null && this.phase == Phase.WAITING;
		if (!this.isRefused) {
			leave();
			this.round.answer((noRoom != null) ? Outcome.of(noRoom) : outcome);
		}
	}

	private enum Phase {

		/**
		 * It isn't known what has come of the call, and the answers aren't stored.
		 */
		LOOKING,

		/**
		 * The answers are stored, or are to be.
		 */
		WAITING,

		/**
		 * The client was answered, or has gone.
		 */
		DONE

	}

	/**
	 * What a request has brought back.
	 *
	 * @param state the state
	 * @param boundTo what it is bound to
	 * @param principal who makes the request, or {@code null} for nobody
	 */
	record Opened(RequestState state, byte[] boundTo, @Nullable String principal) {
	}

}

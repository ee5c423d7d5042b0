package io.github.mcppersist.modern;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.modern.Questions.Asked;
import io.github.mcppersist.observe.ParkedCallOutcome;
import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskEndedException;
import io.github.mcppersist.task.TaskNames;
import io.github.mcppersist.task.TaskNotFoundException;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskStatus;
import io.github.mcppersist.task.TaskUnreadableException;

/**
 * A parked call in the store, for the node that runs its handler: it creates it, tells
 * what comes of each round, reads what clients have answered on whichever node, and ends
 * it. Whoever calls makes one write at a time. One that the store can't take for now is
 * made again, for as long as the store would keep the call. All state belongs to the
 * {@link Mailbox} of the call, where the listener is called, too.
 */
final class StoredCall {

	private static final Logger logger = LoggerFactory.getLogger(StoredCall.class);

	/**
	 * How many characters clients are told of a state.
	 */
	static final int MAX_STATUS_LENGTH = 1000;

	private static final String TIMED_OUT = "The client has not answered in time";

	private final Mailbox mailbox;

	private final Parking parking;

	private final Listener listener;

	private final @Nullable String principal;

	private final String tool;

	private final String callId = TaskNames.randomTaskId();

	private final String name;

	/**
	 * The round whose outcome is stored next.
	 */
	private int round = 1;

	private final TaskWatch watch;

	private final long begunNanos;

	private boolean isTask;

	/**
	 * Creates the task, once however often it is tried.
	 */
	private @Nullable Mono<TaskRecord> creation;

	/**
	 * What clients were told last of its state, which nobody else changes.
	 */
	private @Nullable String statusMessage;

	/**
	 * The outcome of the last round, if the call has gone on since the first.
	 */
	private TaskChange.@Nullable Round lastRound;

	/**
	 * How long the store is to keep it, if it was told so since it was created.
	 */
	private @Nullable Duration timeToLive;

	/**
	 * How long its tool wants it kept, if it has said so.
	 */
	private @Nullable Duration wanted;

	/**
	 * Create it; nothing is stored yet.
	 * @param mailbox the call's
	 * @param parking keeps calls that wait for their clients
	 * @param principal whose call it is, or {@code null} if it is nobody's
	 * @param tool what operators are told that it runs, if it becomes a task
	 * @param listener is told what others do with the call
	 */
	StoredCall(Mailbox mailbox, Parking parking, @Nullable String principal, String tool, Listener listener) {
		this.mailbox = mailbox;
		this.parking = parking;
		this.principal = principal;
		this.tool = tool;
		this.listener = listener;
		this.name = parking.name(this.callId, principal);
		this.watch = new TaskWatch(mailbox, parking, this.name, this::found, this::notFound);
		this.begunNanos = now();
	}

	/**
	 * Return what stores keep of a text: half of a pair of surrogates would come back as
	 * another one.
	 * @param text the text
	 * @param length how many characters are kept at most
	 * @return its beginning
	 */
	static String shortened(String text, int length) {
		String shortened = (text.length() <= length) ? text : text.substring(0, length);
		return new String(shortened.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
	}

	/**
	 * Return under which name the call is stored.
	 * @return the name
	 */
	String name() {
		return this.name;
	}

	/**
	 * Store the call, which ends its first round.
	 * @param request the request, to which its states are bound
	 * @param asked what its client is asked
	 * @param done is given the result that asks it
	 * @param failed is told why not; that isn't tried again, since a client waits
	 */
	void create(JSONRPCRequest request, Asked asked, Consumer<byte[]> done, Consumer<Throwable> failed) {
		assert this.mailbox.isInside();
		create(Mono.defer(() -> {
			RequestState state = new RequestState(this.callId, this.round);
			byte[] boundTo = this.parking.messages().binding(request, this.principal, this.parking.serverName());
			return this.parking.keys()
				.get()
				.flatMap((keys) -> create(null, this.parking.settings().inputTimeout(), asked).map((record) -> {
					Messages messages = this.parking.messages();
					return new Created(record,
							messages.inputRequired(messages.inputRequests(asked.all()), keys.seal(state, boundTo)));
				}));
		}), done, failed);
	}

	/**
	 * Store the call as a task. If the store couldn't say whether it has, this may be
	 * called again, which is the same creation tried again.
	 * @param asked what its client is asked so far, which is the same each time
	 * @param statusMessage what its client is told of its state, or {@code null}; only
	 * that of the first time counts
	 * @param done is given the result that tells its ID
	 * @param failed is told why not; that isn't tried again, since a client waits
	 */
	void createTask(Asked asked, @Nullable String statusMessage, Consumer<byte[]> done, Consumer<Throwable> failed) {
		assert this.mailbox.isInside();
		this.isTask = true;
		if (this.creation == null) {
			this.statusMessage = statusMessage;
		}
		create(Mono.defer(() -> {
			Mono<TaskRecord> creation = this.creation;
			if (creation == null) {
				creation = create(this.tool, this.parking.settings().tasks().timeToLive(), asked);
				this.creation = creation;
			}
			return creation
				.map((record) -> new Created(record, this.parking.messages().createdTask(this.callId, record)));
		}), done, failed);
	}

	/**
	 * End what the store may have created without having said so, and of which no client
	 * was told.
	 */
	void abandon() {
		assert this.mailbox.isInside();
		this.parking.doubtfulTasks().end(this.name);
	}

	private Mono<TaskRecord> create(@Nullable String tool, Duration timeToLive, Asked asked) {
		return this.parking.tasks()
			.createTask(new NewTask(this.name, this.parking.nodeId(),
					(this.principal != null) ? TaskNames.ofPrincipal(this.principal) : null, tool, timeToLive,
					this.statusMessage, asked.all()));
	}

	private void create(Mono<Created> call, Consumer<byte[]> done, Consumer<Throwable> failed) {
		call.single().subscribe((created) -> this.mailbox.execute(() -> {
			this.watch.knows(created.record().revision().number());
			done.accept(created.result());
		}), (ex) -> this.mailbox.execute(() -> failed.accept(ex)));
	}

	/**
	 * Hear from now on what others do with the call.
	 */
	void watch() {
		this.watch.begin();
	}

	/**
	 * Store the outcome of a round.
	 * @param asked what the client is asked
	 * @param done is told when it is stored
	 * @param failed is told why it never will be
	 */
	void endRound(Asked asked, Runnable done, Consumer<Throwable> failed) {
		assert this.mailbox.isInside();
		// Its client has so long again from now on, whatever becomes of this node
		keepFor(elapsed().plus(this.parking.settings().inputTimeout()));
		endRound(asked, () -> this.parking.messages().inputRequests(asked.all()), () -> {
			this.round++;
			done.run();
		}, failed);
	}

	/**
	 * Store that the call has become a task, which is the outcome of its last round.
	 * @param asked what the client is asked so far
	 * @param done is told when it is stored
	 * @param failed is told why it never will be
	 */
	void becomeTask(Asked asked, Runnable done, Consumer<Throwable> failed) {
		assert this.mailbox.isInside();
		this.isTask = true;
		keepFor(elapsed().plus(this.parking.settings().tasks().timeToLive()));
		endRound(asked, this.parking.messages()::becameTask, done, failed);
	}

	private void endRound(Asked asked, Supplier<byte[]> outcome, Runnable done, Consumer<Throwable> failed) {
		change(() -> {
			this.lastRound = new TaskChange.Round(this.round, outcome.get());
			return new TaskChange(null, asked.added(), asked.settled(), this.lastRound, this.timeToLive, toolOfTask());
		}, true, done, failed);
	}

	/**
	 * Store what clients are to know of the task.
	 * @param asked what they are asked
	 * @param statusMessage what they are told of its state, or {@code null} for nothing
	 * new
	 * @param timeToLive how long it is kept, or {@code null} for nothing new
	 * @param done is told when it is stored
	 * @param failed is told why it never will be
	 */
	void update(Asked asked, @Nullable String statusMessage, @Nullable Duration timeToLive, Runnable done,
			Consumer<Throwable> failed) {
		assert this.mailbox.isInside();
		// The store may have kept the task for longer already
		boolean counts = !asked.added().isEmpty()
				|| (statusMessage != null && !statusMessage.equals(this.statusMessage));
		this.statusMessage = (statusMessage != null) ? statusMessage : this.statusMessage;
		if (timeToLive != null) {
			this.wanted = longer(timeToLive, this.wanted);
			keepFor(timeToLive);
		}
		change(() -> new TaskChange(statusMessage, asked.added(), asked.settled(), null, timeToLive, null), counts,
				done, failed);
	}

	/**
	 * Return what clients were told last of its state, or are being told.
	 * @return the status message, or {@code null} if it has none
	 */
	@Nullable String statusMessage() {
		assert this.mailbox.isInside();
		return this.statusMessage;
	}

	/**
	 * Say whether the store has lost what it was told of the call: that a round has
	 * ended, its state, or for how long to keep it.
	 * @param record what it has
	 * @return whether something is to be {@linkplain #restore stored again}
	 */
	boolean isLost(TaskRecord record) {
		assert this.mailbox.isInside();
		boolean round = this.lastRound != null && !record.rounds().containsKey(this.lastRound.number());
		boolean status = this.statusMessage != null && !this.statusMessage.equals(record.statusMessage());
		return round || status
				|| (this.timeToLive != null && record.timeToLive().toMillis() < this.timeToLive.toMillis());
	}

	/**
	 * Store what the store has lost. What it has nevertheless stays as it is.
	 * @param lost what the client was asked and what it has answered
	 * @param done is told when it is stored
	 * @param failed is told why it never will be
	 */
	void restore(Asked lost, Runnable done, Consumer<Throwable> failed) {
		assert this.mailbox.isInside();
		change(() -> new TaskChange(this.statusMessage, lost.added(), lost.settled(), this.lastRound, this.timeToLive,
				toolOfTask()), false, done, failed);
	}

	private @Nullable String toolOfTask() {
		return this.isTask ? this.tool : null;
	}

	private void keepFor(Duration duration) {
		this.timeToLive = longer(duration, this.timeToLive);
	}

	private Duration elapsed() {
		return Duration.ofNanos(now() - this.begunNanos);
	}

	private void change(Supplier<TaskChange> change, boolean counts, Runnable done, Consumer<Throwable> failed) {
		this.watch.changing();
		write(() -> this.parking.tasks().updateTask(this.name, change.get()), (state) -> {
			this.watch.changed(state.revision().number(), counts);
			done.run();
		}, failed);
	}

	/**
	 * Store what has come of the call.
	 * @param ending how it ends
	 * @param done is told when it is stored
	 * @param failed is told why it never will be; also if somebody else has ended the
	 * call
	 */
	void end(Ending ending, Runnable done, Consumer<Throwable> failed) {
		assert this.mailbox.isInside();
		// Nothing comes after it that would have to be seen
		this.watch.changing();
		write(() -> this.parking.tasks().endTask(this.name, taskEnd(ending)), (first) -> {
			if (first) {
				done.run();
			}
			else {
				endedByOthers(failed);
			}
		}, failed);
	}

	private void endedByOthers(Consumer<Throwable> failed) {
		this.parking.tasks()
			.findTask(this.name)
			.<Throwable>map((record) -> new TaskEndedException(record.status()))
			.defaultIfEmpty(new TaskNotFoundException())
			.onErrorReturn(new TaskNotFoundException())
			.subscribe((reason) -> this.mailbox.execute(() -> failed.accept(reason)));
	}

	private TaskEnd taskEnd(Ending ending) {
		Outcome outcome = ending.outcome();
		ErrorResponse error = (outcome != null) ? outcome.error() : null;
		byte[] result = (outcome != null) ? outcome.result() : null;
		if (error != null) {
			return TaskEnd.failed(shortened(error.message(), MAX_STATUS_LENGTH), this.parking.messages().error(error));
		}
		if (result != null) {
			return TaskEnd.completed(result);
		}
		return TaskEnd.cancelled((ending.observed() == ParkedCallOutcome.TIMED_OUT) ? TIMED_OUT : null);
	}

	// The same call however often it is made: the store carries it out once
	private <T> void write(Supplier<Mono<T>> call, Consumer<T> done, Consumer<Throwable> failed) {
		RepeatedCall<T> same;
		try {
			same = new RepeatedCall<>(this.parking.threads(), call.get(), keptFor(),
					(value) -> this.mailbox.execute(() -> done.accept(value)),
					(ex) -> this.mailbox.execute(() -> failed.accept(ex)));
		}
		catch (RuntimeException ex) {
			this.mailbox.execute(() -> failed.accept(ex));
			return;
		}
		same.begin();
	}

	/**
	 * Return how long the call is kept at least, as far as that was said.
	 * @return what the settings say, or longer if the store was told so since
	 */
	Duration lifetime() {
		assert this.mailbox.isInside();
		Duration settings = this.isTask ? this.parking.settings().tasks().timeToLive()
				: this.parking.settings().inputTimeout();
		return longer(settings, this.wanted);
	}

	// The store keeps it for some time without being told so
	private Duration keptFor() {
		return longer(this.parking.tasks().timeToLive(), lifetime());
	}

	private static Duration longer(Duration one, @Nullable Duration other) {
		return (other != null && other.compareTo(one) > 0) ? other : one;
	}

	private long now() {
		return this.parking.threads().nanoTime();
	}

	/**
	 * Look whether somebody has answered or ended the call, once it is this one's turn.
	 */
	void look() {
		this.watch.lookInTurn();
	}

	/**
	 * Look once what is being written now is stored.
	 */
	void lookAgain() {
		this.watch.lookAfterChange();
	}

	private void found(@Nullable TaskRecord record) {
		if (record == null || record.status().isTerminal()) {
			this.listener.endedElsewhere((record != null) ? record.status() : null);
		}
		else {
			this.listener.seen(record);
		}
	}

	private void notFound(Throwable ex) {
		logger.debug("It can't be seen yet what the client of a call has answered", ex);
		if (!(ex instanceof TaskUnreadableException)) {
			this.watch.lookInTurnLater();
		}
	}

	/**
	 * Hear nothing more.
	 */
	void close() {
		this.watch.close();
	}

	private record Created(TaskRecord record, byte[] result) {
	}

	/**
	 * Is told in the mailbox what others do with a call.
	 */
	interface Listener {

		/**
		 * Clients may have answered, or the store may have lost something.
		 * @param record the call, which hasn't ended; it has also answers of which this
		 * was told before
		 */
		void seen(TaskRecord record);

		/**
		 * Somebody else has ended the call, or the store has lost it.
		 * @param status its state, or {@code null} if it isn't stored any more
		 */
		void endedElsewhere(@Nullable TaskStatus status);

	}

}

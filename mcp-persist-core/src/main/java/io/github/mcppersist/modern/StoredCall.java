package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.modern.Questions.Asked;
import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskNames;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskStatus;
import io.github.mcppersist.task.TaskStoreUnavailableException;

/**
 * A parked call in the store, for the node that runs its handler: it creates it, tells
 * what comes of each round, reads what clients have answered on whichever node, and ends
 * it. Whoever calls makes one write at a time. One that the store can't take for now is
 * made again, for as long as the store would keep the call. All state belongs to the
 * {@link Mailbox} of the call, where the listener is called, too.
 */
final class StoredCall {

	private static final Logger logger = LoggerFactory.getLogger(StoredCall.class);

	private static final Duration MIN_BACKOFF = Duration.ofMillis(100);

	private static final Duration MAX_BACKOFF = Duration.ofSeconds(5);

	private final Mailbox mailbox;

	private final Parking parking;

	private final Listener listener;

	private final @Nullable String principal;

	private final String callId = TaskNames.randomTaskId();

	private final String name;

	/**
	 * The round whose outcome is stored next.
	 */
	private int round = 1;

	private final TaskWatch watch;

	/**
	 * Create it; nothing is stored yet.
	 * @param mailbox the call's
	 * @param parking keeps calls that wait for their clients
	 * @param principal whose call it is, or {@code null} if it is nobody's
	 * @param listener is told what others do with the call
	 */
	StoredCall(Mailbox mailbox, Parking parking, @Nullable String principal, Listener listener) {
		this.mailbox = mailbox;
		this.parking = parking;
		this.principal = principal;
		this.listener = listener;
		this.name = parking.name(this.callId, principal);
		this.watch = new TaskWatch(mailbox, parking, this.name, this::found, this::notFound);
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
		Mono.defer(() -> {
			RequestState state = new RequestState(this.callId, this.parking.nodeId(), this.round);
			byte[] boundTo = this.parking.messages().binding(request, this.principal, this.parking.serverName());
			NewTask task = new NewTask(this.name, state.node(),
					(this.principal != null) ? TaskNames.ofPrincipal(this.principal) : null,
					this.parking.settings().inputTimeout(), null, asked.all());
			return this.parking.keys().get().flatMap((keys) -> this.parking.tasks().createTask(task).map((record) -> {
				Messages messages = this.parking.messages();
				return new Created(record,
						messages.inputRequired(messages.inputRequests(asked.all()), keys.seal(state, boundTo)));
			}));
		}).single().subscribe((created) -> this.mailbox.execute(() -> {
			this.watch.knows(created.record().revision().number());
			done.accept(created.inputRequired());
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
		write(() -> this.parking.tasks()
			.updateTask(this.name,
					TaskChange.none()
						.withInputRequests(asked.added())
						.withSettled(asked.settled())
						.withRound(this.round, this.parking.messages().inputRequests(asked.all()))),
				(state) -> {
					this.watch.knows(state.revision().number());
					this.round++;
					done.run();
				}, failed);
	}

	/**
	 * Store what has come of the call.
	 * @param outcome the result or error, or {@code null} if nobody needs it
	 * @param done is told when it is stored, or somebody else has ended the call
	 * @param failed is told why it never will be
	 */
	void end(@Nullable Outcome outcome, Runnable done, Consumer<Throwable> failed) {
		assert this.mailbox.isInside();
		write(() -> this.parking.tasks().endTask(this.name, taskEnd(outcome)), (first) -> done.run(), failed);
	}

	private TaskEnd taskEnd(@Nullable Outcome outcome) {
		ErrorResponse error = (outcome != null) ? outcome.error() : null;
		byte[] result = (outcome != null) ? outcome.result() : null;
		if (error != null) {
			return TaskEnd.failed(error.message(), this.parking.messages().error(error));
		}
		return (result != null) ? TaskEnd.completed(result) : TaskEnd.cancelled(null);
	}

	// The same call however often it is made: the store carries it out once
	private <T> void write(Supplier<Mono<T>> call, Consumer<T> done, Consumer<Throwable> failed) {
		Mono<T> same;
		try {
			same = call.get().single();
		}
		catch (RuntimeException ex) {
			this.mailbox.execute(() -> failed.accept(ex));
			return;
		}
		attempt(new Write<>(same, done, failed, now()), MIN_BACKOFF);
	}

	private <T> void attempt(Write<T> write, Duration backoff) {
		write.call().subscribe((value) -> this.mailbox.execute(() -> write.done().accept(value)), (ex) -> {
			if (ex instanceof TaskStoreUnavailableException
					&& now() - write.sinceNanos() < this.parking.tasks().minTimeToLive().toNanos()) {
				Duration longer = backoff.multipliedBy(2);
				this.parking.threads()
					.deliverLater(backoff,
							() -> attempt(write, (longer.compareTo(MAX_BACKOFF) < 0) ? longer : MAX_BACKOFF));
			}
			else {
				this.mailbox.execute(() -> write.failed().accept(ex));
			}
		});
	}

	private long now() {
		return this.parking.threads().nanoTime();
	}

	/**
	 * Look whether somebody has answered or ended the call.
	 */
	void look() {
		this.watch.look();
	}

	private void found(@Nullable TaskRecord record) {
		if (record == null || record.status().isTerminal()) {
			this.listener.endedElsewhere((record != null) ? record.status() : null);
		}
		else {
			this.listener.answered(record.answers());
		}
	}

	private void notFound(Throwable ex) {
		logger.debug("It can't be seen yet what the client of a call has answered", ex);
		this.watch.lookLater();
	}

	/**
	 * Hear nothing more.
	 */
	void close() {
		this.watch.close();
	}

	private record Created(TaskRecord record, byte[] inputRequired) {
	}

	/**
	 * A write until it succeeds.
	 *
	 * @param call makes it
	 * @param done is given the answer
	 * @param failed is told why there will be none
	 * @param sinceNanos when it was made first
	 * @param <T> what the store answers
	 */
	private record Write<T>(Mono<T> call, Consumer<T> done, Consumer<Throwable> failed, long sinceNanos) {
	}

	/**
	 * Is told in the mailbox what others do with a call.
	 */
	interface Listener {

		/**
		 * Clients have answered.
		 * @param answers all answers that are stored, by key, as JSON; also those of
		 * which this was told before
		 */
		void answered(Map<String, byte[]> answers);

		/**
		 * Somebody else has ended the call, or the store has lost it.
		 * @param status its state, or {@code null} if it isn't stored any more
		 */
		void endedElsewhere(@Nullable TaskStatus status);

	}

}

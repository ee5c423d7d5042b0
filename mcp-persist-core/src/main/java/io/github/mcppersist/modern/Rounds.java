package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse.JSONRPCError;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;

import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.stream.JsonRpcError;
import io.github.mcppersist.stream.Mailbox;
import io.github.mcppersist.task.NewTask;
import io.github.mcppersist.task.TaskChange;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskEndedException;
import io.github.mcppersist.task.TaskNames;
import io.github.mcppersist.task.TaskNotFoundException;
import io.github.mcppersist.task.TaskRecord;
import io.github.mcppersist.task.TaskStore;
import io.github.mcppersist.task.TaskStoreRefusedException;
import io.github.mcppersist.task.TaskStoreUnavailableException;

/**
 * A request and what comes of it, on the node that runs its handler: one round, unless
 * the handler asks its client for input. Then the first round ends with that, the call is
 * stored, and its client comes back with the answers, to whichever node (MCP 2026-07-28,
 * "Multi Round-Trip Requests"). The nodes speak to each other by the store alone.
 * Thread-safe: its state belongs to a {@link Mailbox}, and there is one write to the
 * store at a time.
 * <table>
 * <caption>What happens in which phase</caption>
 * <tr>
 * <th></th>
 * <th>connected</th>
 * <th>parked</th>
 * <th>over</th>
 * </tr>
 * <tr>
 * <td>the handler asks, and waits</td>
 * <td>parked: the call is stored, and the request answered with what is asked</td>
 * <td>if its client waits, the outcome of the round is stored, otherwise it is told with
 * the next one</td>
 * <td></td>
 * </tr>
 * <tr>
 * <td>the handler ends</td>
 * <td>over: the request is answered</td>
 * <td>over: the call is ended in the store</td>
 * <td></td>
 * </tr>
 * <tr>
 * <td>the client closes the first response</td>
 * <td>over: the handler is stopped</td>
 * <td>if it wasn't answered: the call is cancelled in the store</td>
 * <td></td>
 * </tr>
 * <tr>
 * <td>somebody else ends the call in the store</td>
 * <td></td>
 * <td>over: the handler is stopped</td>
 * <td></td>
 * </tr>
 * <tr>
 * <td>the client stays away</td>
 * <td></td>
 * <td>the call is cancelled in the store</td>
 * <td></td>
 * </tr>
 * </table>
 */
final class Rounds implements Call.Listener, RoundResponse.Listener {

	private static final Logger logger = LoggerFactory.getLogger(Rounds.class);

	/**
	 * What a handler asks within that time goes to its client together.
	 */
	private static final Duration SETTLE = Duration.ofMillis(10);

	/**
	 * How often it is looked meanwhile whether the handler waits: it may for a moment,
	 * for a lock.
	 */
	private static final Duration GLANCE = Duration.ofMillis(2);

	/**
	 * A handler that goes on while its client is to be asked isn't waited for longer.
	 */
	private static final Duration MAX_SETTLE = Duration.ofSeconds(1);

	private static final Duration MIN_BACKOFF = Duration.ofMillis(100);

	private static final Duration MAX_BACKOFF = Duration.ofSeconds(5);

	private static final int MAX_QUESTIONS = TaskStore.MAX_INPUT_REQUESTS;

	private static final ErrorResponse FULL = ErrorResponse
		.unavailable("too many calls wait for input of their clients");

	private static final ErrorResponse NOT_KEPT = ErrorResponse
		.unavailable("the call needs its client's input, and can't be kept until that comes");

	private static final ErrorResponse REFUSED = ErrorResponse
		.internal("Internal error: what the request has come to is larger than can be stored");

	private final Mailbox mailbox = new Mailbox();

	private final Parking parking;

	private final EndpointObserver observer;

	private final ModernRequest origin;

	private final JSONRPCRequest request;

	private final InputResponses given;

	private final Round first;

	private final Call call;

	private final Consumer<Rounds> over;

	/**
	 * Whose client is told what the handler sends, if one is connected.
	 */
	private volatile @Nullable Round current;

	private Phase phase = Phase.CONNECTED;

	/**
	 * What the client is to be asked, or was, and hasn't answered; in that order.
	 */
	private final Map<String, Question> questions = new LinkedHashMap<>();

	/**
	 * The keys whose answers the handler has and the store needn't keep any more.
	 */
	private final Set<String> taken = new HashSet<>();

	private int asked;

	/**
	 * All keys that were ever asked.
	 */
	private final Set<String> keys = new HashSet<>();

	/**
	 * The round whose outcome is stored next; of the first one it is answered.
	 */
	private int round = 1;

	/**
	 * Whether a client waits for what comes next, and not the handler for its client.
	 */
	private boolean awaited = true;

	private boolean settling;

	/**
	 * Whether the round is over because the handler waits.
	 */
	private boolean due;

	private long touchedNanos;

	/**
	 * Since when the handler waits, as far as was seen.
	 */
	private long waitsNanos;

	private long answeredNanos;

	private boolean hasPlace;

	private @Nullable Outcome ending;

	/**
	 * Whether nobody needs what comes of it.
	 */
	private boolean cancelled;

	private boolean writing;

	private boolean reading;

	private boolean readAgain;

	private long knownRevision;

	private String name = "";

	private Disposable watch = Disposables.disposed();

	private boolean handled;

	private boolean closed;

	private boolean told;

	/**
	 * Create it.
	 * @param parking keeps calls that wait for their clients
	 * @param observer is told when it is cancelled
	 * @param origin what the request came with
	 * @param request the request
	 * @param given what the client answers before it is asked
	 * @param metadata what it says of its client
	 * @param reply answers it
	 * @param over is told when all is over, once
	 */
	Rounds(Parking parking, EndpointObserver observer, ModernRequest origin, JSONRPCRequest request,
			InputResponses given, RequestMetadata metadata, ModernReply reply, Consumer<Rounds> over) {
		this.parking = parking;
		this.observer = observer;
		this.origin = origin;
		this.request = request;
		this.given = given;
		this.over = over;
		this.call = new Call(parking.threads(), this);
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
	 * A client that is connected to this node waits for the next outcome.
	 * @param round its request
	 */
	void attach(Round round) {
		this.current = round;
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
	 * @param id the SDK's ID of the request
	 * @param key what the handler wants the request to be called
	 * @param json the request without an ID, as JSON
	 * @param answered is given the answer, where code may block
	 */
	void ask(Object id, String key, byte[] json, Consumer<JSONRPCResponse> answered) {
		this.mailbox.execute(() -> asked(new Question(id, json, answered), key));
	}

	/**
	 * Stop the handler, and end with an error.
	 * @param error what the client gets, whenever it asks
	 */
	void abandon(ErrorResponse error) {
		this.mailbox.execute(() -> conclude(error));
	}

	/**
	 * Close the first response, whether all has left or not.
	 */
	void abort() {
		this.first.response().abort();
	}

	/**
	 * Let time pass.
	 */
	void tick() {
		this.first.response().tick();
		this.mailbox.execute(() -> {
			if (this.phase == Phase.PARKED && !this.awaited && !this.cancelled
					&& now() - this.answeredNanos > this.parking.settings().inputTimeout().toNanos()) {
				logger.debug("A call is cancelled: its client hasn't come back with what it was asked for");
				cancel();
			}
		});
	}

	/**
	 * Look whether the store has something new.
	 */
	void look() {
		this.mailbox.execute(this::read);
	}

	@Override
	public void ended(Outcome outcome) {
		this.mailbox.execute(() -> {
			if (this.ending == null && !this.cancelled) {
				this.ending = outcome;
				pump();
			}
		});
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
			this.mailbox.execute(() -> {
				this.cancelled = this.ending == null;
				pump();
			});
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

	// In the mailbox

	private long now() {
		return this.parking.threads().nanoTime();
	}

	private boolean hasEnded() {
		return this.phase == Phase.OVER || this.ending != null || this.cancelled;
	}

	private void asked(Question question, String wanted) {
		if (hasEnded()) {
			reject(question);
			return;
		}
		this.asked++;
		if (this.asked > MAX_QUESTIONS) {
			conclude(REFUSED);
			reject(question);
			return;
		}
		String key = unused(wanted);
		byte[] known;
		try {
			known = this.given.to(Map.of(key, question.json), this.parking.messages()).get(key);
		}
		catch (RefusedException ex) {
			conclude(ex.error());
			reject(question);
			return;
		}
		if (known != null) {
			answer(question, known);
			return;
		}
		this.hasPlace = this.hasPlace || this.parking.take();
		if (!this.hasPlace) {
			logger.warn("A call was refused that needs its client's input: {} calls wait for their clients already",
					this.parking.taken());
			conclude(FULL);
			reject(question);
			return;
		}
		this.questions.put(key, question);
		touch();
	}

	// A key is asked once in a call's life
	private String unused(String wanted) {
		String key = wanted;
		for (int i = 2; !this.keys.add(key); i++) {
			key = wanted + '-' + i;
		}
		return key;
	}

	private void touch() {
		this.touchedNanos = now();
		this.waitsNanos = now();
		settle();
	}

	private void settle() {
		if (!this.settling && this.awaited) {
			this.settling = true;
			this.parking.threads().deliverLater(GLANCE, () -> this.mailbox.execute(this::settled));
		}
	}

	private void settled() {
		this.settling = false;
		if (hasEnded() || !this.awaited || this.questions.isEmpty()) {
			return;
		}
		long now = now();
		if (!this.call.isQuiet()) {
			this.waitsNanos = now;
		}
		if (now - this.waitsNanos >= SETTLE.toNanos() || now - this.touchedNanos >= MAX_SETTLE.toNanos()) {
			this.due = true;
			pump();
		}
		else {
			settle();
		}
	}

	/**
	 * Do what is to be done next, unless something is being written.
	 */
	private void pump() {
		if (this.writing || this.phase == Phase.OVER) {
			return;
		}
		Outcome ending = this.ending;
		if (this.phase == Phase.CONNECTED) {
			if (ending != null) {
				answerFirst(ending);
				finish();
			}
			else if (this.cancelled) {
				finish();
			}
			else if (this.due) {
				park();
			}
		}
		else if (ending != null || this.cancelled) {
			end(ending);
		}
		else if (this.due) {
			tell();
		}
	}

	private void answerFirst(Outcome outcome) {
		this.current = null;
		this.first.answer(outcome);
	}

	private void park() {
		this.due = false;
		String callId = TaskNames.randomTaskId();
		this.name = this.parking.name(callId, this.origin.principal());
		RequestState state = new RequestState(callId, this.parking.nodeId(), this.round);
		byte[] boundTo = this.parking.messages()
			.binding(this.request, this.origin.principal(), this.parking.serverName());
		String principal = (this.origin.principal() != null) ? TaskNames.ofPrincipal(this.origin.principal()) : null;
		Map<String, byte[]> asked = outstanding();
		NewTask task = new NewTask(this.name, state.node(), principal, this.parking.settings().inputTimeout(), null,
				asked);
		this.parking.enter(this.name, this);
		this.writing = true;
		this.parking.keys().get().flatMap((ring) -> this.parking.tasks().createTask(task).map((record) -> {
			String sealed = ring.seal(state, boundTo);
			return new Parked(record,
					this.parking.messages().inputRequired(this.parking.messages().inputRequests(asked), sealed));
		}))
			.subscribe((parked) -> this.mailbox.execute(() -> parked(parked, asked.keySet())),
					(ex) -> this.mailbox.execute(() -> notParked(ex)));
	}

	private void parked(Parked parked, Set<String> asked) {
		this.writing = false;
		this.phase = Phase.PARKED;
		this.knownRevision = parked.record().revision().number();
		asked.forEach(this::stored);
		Outcome ending = this.ending;
		if (ending != null) {
			// It didn't wait for its client, who will never come back
			answerFirst(ending);
			this.ending = null;
			this.cancelled = true;
		}
		else if (!this.cancelled) {
			this.awaited = false;
			this.answeredNanos = now();
			answerFirst(Outcome.of(parked.inputRequired()));
			this.watch = this.parking.tasks()
				.watch(this.name)
				.subscribe((revision) -> this.mailbox.execute(() -> signalled(revision.number())));
		}
		pump();
	}

	private void notParked(Throwable ex) {
		this.writing = false;
		this.parking.leave(this.name);
		if (!(ex instanceof TaskStoreUnavailableException)) {
			logger.error("A call can't be kept until its client comes back; its client gets an error", ex);
		}
		else {
			logger.debug("A call can't be kept until its client comes back; its client gets an error", ex);
		}
		conclude((ex instanceof TaskStoreRefusedException) ? REFUSED : NOT_KEPT);
		// If it had ended by itself
		pump();
	}

	/**
	 * Store what the client is asked in this round.
	 */
	private void tell() {
		this.due = false;
		this.awaited = false;
		this.answeredNanos = now();
		Map<String, byte[]> all = outstanding();
		Map<String, byte[]> added = new HashMap<>(all);
		this.questions.forEach((key, question) -> {
			if (question.stored) {
				added.remove(key);
			}
		});
		Set<String> settled = Set.copyOf(this.taken);
		TaskChange change = TaskChange.none()
			.withInputRequests(added)
			.withSettled(settled)
			.withRound(this.round, this.parking.messages().inputRequests(all));
		write(this.parking.tasks().updateTask(this.name, change), (state) -> {
			this.knownRevision = Math.max(this.knownRevision, state.revision().number());
			this.round++;
			added.keySet().forEach(this::stored);
			this.taken.removeAll(settled);
		});
	}

	private void end(@Nullable Outcome ending) {
		TaskEnd end = TaskEnd.cancelled(null);
		if (ending != null) {
			ErrorResponse error = ending.error();
			byte[] result = ending.result();
			if (error != null) {
				end = TaskEnd.failed(error.message(), this.parking.messages().error(error));
			}
			else if (result != null) {
				end = TaskEnd.completed(result);
			}
		}
		write(this.parking.tasks().endTask(this.name, end), (first) -> finish());
	}

	private Map<String, byte[]> outstanding() {
		Map<String, byte[]> requests = new LinkedHashMap<>();
		this.questions.forEach((key, question) -> requests.put(key, question.json));
		return requests;
	}

	private void stored(String key) {
		Question question = this.questions.get(key);
		if (question != null) {
			question.stored = true;
		}
	}

	private <T> void write(Mono<T> call, Consumer<T> done) {
		this.writing = true;
		attempt(call, done, now(), MIN_BACKOFF);
	}

	private <T> void attempt(Mono<T> call, Consumer<T> done, long sinceNanos, Duration backoff) {
		call.subscribe((value) -> this.mailbox.execute(() -> {
			this.writing = false;
			done.accept(value);
			pump();
		}), (ex) -> this.mailbox.execute(() -> {
			boolean again = ex instanceof TaskStoreUnavailableException
					&& now() - sinceNanos < this.parking.tasks().minTimeToLive().toNanos();
			if (again) {
				Duration longer = backoff.multipliedBy(2);
				this.parking.threads()
					.deliverLater(backoff, () -> attempt(call, done, sinceNanos,
							(longer.compareTo(MAX_BACKOFF) < 0) ? longer : MAX_BACKOFF));
			}
			else {
				this.writing = false;
				notWritten(ex);
			}
		}));
	}

	private void notWritten(Throwable ex) {
		if (ex instanceof TaskStoreRefusedException && !Outcome.of(REFUSED).equals(this.ending)) {
			logger.warn("What a call has come to is larger than can be stored; its client gets an error", ex);
			this.cancelled = false;
			this.ending = Outcome.of(REFUSED);
			this.call.cancel();
			pump();
			return;
		}
		if (ex instanceof TaskEndedException || ex instanceof TaskNotFoundException) {
			logger.debug("A call was ended by another node, or has expired; what comes of it is dropped");
		}
		else {
			logger.error("What a call has come to could not be stored; its client gets an error", ex);
		}
		drop();
	}

	private void drop() {
		this.cancelled = true;
		this.call.cancel();
		finish();
	}

	private void signalled(long revision) {
		if (revision > this.knownRevision) {
			read();
		}
	}

	private void read() {
		if (this.phase != Phase.PARKED || hasEnded()) {
			return;
		}
		this.readAgain = this.reading;
		if (!this.reading) {
			this.reading = true;
			this.parking.tasks()
				.findTask(this.name)
				.singleOptional()
				.subscribe((found) -> this.mailbox.execute(() -> found(found.orElse(null))), (ex) -> {
					logger.debug("It can't be seen yet what the client of a call has answered", ex);
					this.parking.threads().deliverLater(MAX_SETTLE, () -> this.mailbox.execute(() -> {
						this.reading = false;
						read();
					}));
				});
		}
	}

	private void found(@Nullable TaskRecord record) {
		this.reading = false;
		if (this.phase != Phase.PARKED || hasEnded()) {
			return;
		}
		if (record == null || record.status().isTerminal()) {
			logger.debug("A call was ended by another node, or has expired; its handler is stopped");
			drop();
			return;
		}
		this.knownRevision = Math.max(this.knownRevision, record.revision().number());
		record.answers().forEach(this::answered);
		if (this.readAgain) {
			read();
		}
	}

	private void answered(String key, byte[] answer) {
		Question question = this.questions.remove(key);
		if (question == null) {
			return;
		}
		this.taken.add(key);
		this.awaited = true;
		if (!this.questions.isEmpty()) {
			touch();
		}
		answer(question, answer);
	}

	private void answer(Question question, byte[] answer) {
		this.parking.threads()
			.release(() -> this.call
				.carryOn(this.origin.carried(() -> question.answer(answer, this.parking.messages()))));
	}

	// Of a thread that goes on beside the handler, or behind its end
	private void reject(Question question) {
		this.parking.threads().release(() -> this.call.carryOn(question::reject));
	}

	private void cancel() {
		this.cancelled = true;
		this.call.cancel();
		pump();
	}

	private void conclude(ErrorResponse error) {
		if (!hasEnded()) {
			this.ending = Outcome.of(error);
			this.call.cancel();
			pump();
		}
	}

	private void finish() {
		this.phase = Phase.OVER;
		this.questions.values().forEach(this::reject);
		this.questions.clear();
		this.watch.dispose();
		this.parking.leave(this.name);
		if (this.hasPlace) {
			this.hasPlace = false;
			this.parking.giveBack();
		}
		tellIfOver();
	}

	private void tellIfOver() {
		if (this.phase == Phase.OVER && this.handled && this.closed && !this.told) {
			this.told = true;
			this.over.accept(this);
		}
	}

	private enum Phase {

		CONNECTED, PARKED, OVER

	}

	private record Parked(TaskRecord record, byte[] inputRequired) {
	}

	/**
	 * What the client is asked, and hasn't answered.
	 */
	private static final class Question {

		private final Object id;

		private final byte[] json;

		private final Consumer<JSONRPCResponse> answered;

		private boolean stored;

		Question(Object id, byte[] json, Consumer<JSONRPCResponse> answered) {
			this.id = id;
			this.json = json;
			this.answered = answered;
		}

		void answer(byte[] answer, Messages messages) {
			JSONRPCResponse response;
			try {
				response = JSONRPCResponse.result(this.id, messages.read(answer));
			}
			catch (RuntimeException ex) {
				logger.warn("An answer of a client's can't be read; the handler gets an error", ex);
				fail("The client's answer can't be read");
				return;
			}
			this.answered.accept(response);
		}

		void reject() {
			fail("The call is over: its client isn't asked any more");
		}

		private void fail(String message) {
			this.answered
				.accept(JSONRPCResponse.error(this.id, new JSONRPCError(JsonRpcError.INTERNAL_ERROR, message)));
		}

	}

}

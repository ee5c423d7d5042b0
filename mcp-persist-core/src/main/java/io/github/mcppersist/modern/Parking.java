package io.github.mcppersist.modern;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import io.github.mcppersist.node.NodeRegistry;
import io.github.mcppersist.observe.EndpointObserver;
import io.github.mcppersist.observe.Era;
import io.github.mcppersist.observe.NoTask;
import io.github.mcppersist.stream.LogLimit;
import io.github.mcppersist.stream.Threads;
import io.github.mcppersist.task.TaskEnd;
import io.github.mcppersist.task.TaskNames;
import io.github.mcppersist.task.TaskOptions;
import io.github.mcppersist.task.TaskStore;

/**
 * What calls share that wait for their clients: where they are kept, how many there may
 * be, and which of them are this node's. Thread-safe.
 */
final class Parking {

	private static final Logger logger = LoggerFactory.getLogger(Parking.class);

	private static final ErrorResponse FULL = ErrorResponse
		.unavailable("too many calls wait for input of their clients");

	private static final ErrorResponse ENOUGH = ErrorResponse
		.unavailable("too many calls of one principal wait for its input");

	private static final Pattern NOT_PRINTABLE = Pattern.compile("[^ -~]");

	private static final String GONE = "The instance that ran this call has gone; the outcome of the call is unknown";

	private static final String LOST = "What this call has come to has been lost; the outcome of the call is unknown";

	/**
	 * How many requests may wait on this node for one call. A client needs one, and
	 * another if its connection has broken; each reads the whole call.
	 */
	static final int MAX_WAITING_PER_CALL = 8;

	/**
	 * How many may for each call that this node may have: they come for those of other
	 * nodes as well.
	 */
	private static final int MAX_WAITING_PER_PLACE = 4;

	/**
	 * At how many calls of its own this node looks at once that may be as it knows them.
	 */
	static final int MAX_LOOKS = 16;

	/**
	 * How long a node that was taken for gone, and has come back, isn't asked for again.
	 */
	private static final Duration RETURNED = Duration.ofSeconds(5);

	private static final ErrorResponse WAITED_FOR = ErrorResponse
		.unavailable("too many requests wait for what comes of this call");

	private static final ErrorResponse CROWDED = ErrorResponse
		.unavailable("too many requests wait for what comes of calls");

	private static final ErrorResponse CROWDED_BY_ONE = ErrorResponse
		.unavailable("too many requests of one principal wait for what comes of calls");

	private static final ErrorResponse POLLED = ErrorResponse
		.tooMany("ask for what comes of a call about as often as pollIntervalMs says");

	private final Threads threads;

	private final ModernStore modernStore;

	private final ModernSettings settings;

	private final Messages messages;

	private final SharedKeys keys;

	private final Places places;

	private final Places taskPlaces;

	private final EndpointObserver observer;

	private final LogLimit full;

	private final LogLimit fullOfTasks;

	/**
	 * This node's calls, by their names in the store.
	 */
	private final Map<String, Rounds> calls = new ConcurrentHashMap<>();

	/**
	 * Those of requests that wait on this node for calls, by the names of these.
	 */
	private final Places waiting;

	/**
	 * The same by principals: one can have parked as many on each node as it may.
	 */
	private final Places waitingPrincipals;

	/**
	 * Nodes that have come back, though this one hasn't seen it yet, and until when that
	 * is taken for granted.
	 */
	private final Map<String, Long> returned = new ConcurrentHashMap<>();

	private final Turns looks = new Turns(MAX_LOOKS);

	private final TaskReads reads;

	private final Outgoing outgoing;

	private final TaskReads requests;

	private final PollLimit polls;

	private final LeftCalls leftCalls;

	private final LostEnds lostEnds;

	private final DoubtfulTasks doubtfulTasks;

	Parking(Threads threads, EndpointObserver observer, ModernStore modernStore, ModernSettings settings,
			Messages messages) {
		this.threads = threads;
		this.observer = observer;
		this.modernStore = modernStore;
		this.settings = settings;
		this.messages = messages;
		this.places = new Places(settings.maxParkedCalls(), settings.maxParkedCallsPerPrincipal());
		this.taskPlaces = new Places(settings.tasks().maxTasks(), settings.tasks().maxTasksPerPrincipal());
		// Places may be as many as an int can say
		int maxWaiting = (int) Math.min(Integer.MAX_VALUE,
				Math.max(MAX_WAITING_PER_CALL, (long) MAX_WAITING_PER_PLACE * settings.maxParkedCalls()));
		this.waiting = new Places(maxWaiting, MAX_WAITING_PER_CALL);
		this.waitingPrincipals = new Places(maxWaiting, Math.max(MAX_WAITING_PER_CALL, maxWaiting / 2));
		this.reads = new TaskReads(threads, modernStore.tasks()::findTask);
		this.requests = new TaskReads(threads, modernStore.tasks()::findRequests);
		this.outgoing = new Outgoing(settings.maxOutgoingBytes());
		this.polls = new PollLimit(threads::nanoTime, settings.tasks().pollInterval());
		this.leftCalls = new LeftCalls(threads, modernStore.tellNodes(), this.waiting::isTakenBy);
		this.lostEnds = new LostEnds(threads, settings.lookInterval(), modernStore.tellNode(), this::endIfLost);
		this.doubtfulTasks = new DoubtfulTasks(threads, modernStore.tasks());
		this.full = new LogLimit(threads::nanoTime);
		this.fullOfTasks = new LogLimit(threads::nanoTime);
		this.keys = new SharedKeys(modernStore, settings.requestStateKeys(), threads::nanoTime);
		threads.repeat(modernStore.tasks().renewalInterval(), this::renew);
		threads.repeat(settings.lookInterval(), () -> {
			this.calls.values().forEach(Rounds::look);
			return Mono.empty();
		});
	}

	Threads threads() {
		return this.threads;
	}

	ModernSettings settings() {
		return this.settings;
	}

	Messages messages() {
		return this.messages;
	}

	TaskStore tasks() {
		return this.modernStore.tasks();
	}

	TaskReads reads() {
		return this.reads;
	}

	/**
	 * Return what bounds how much of what is read clients are yet to take.
	 * @return the bound
	 */
	Outgoing outgoing() {
		return this.outgoing;
	}

	/**
	 * Return who reads what tasks ask, without what has come of them.
	 * @return the same for all on this node
	 */
	TaskReads requests() {
		return this.requests;
	}

	/**
	 * Count that a client wants to see what has come of a call, which is read for that.
	 * @param name the call's name, or what else tells apart what is asked for
	 * @return why it isn't to be, or {@code null} if it is
	 */
	@Nullable ErrorResponse poll(String name) {
		return this.polls.allows(name) ? null : POLLED;
	}

	/**
	 * Return whose turn it is to look at a call of this node's without a reason.
	 * @return the turns
	 */
	Turns looks() {
		return this.looks;
	}

	LeftCalls leftCalls() {
		return this.leftCalls;
	}

	LostEnds lostEnds() {
		return this.lostEnds;
	}

	DoubtfulTasks doubtfulTasks() {
		return this.doubtfulTasks;
	}

	SharedKeys keys() {
		return this.keys;
	}

	String nodeId() {
		return this.modernStore.nodes().nodeId();
	}

	/**
	 * Return the name of the MCP server.
	 * @return the name, by which its calls are told from those of others
	 */
	String serverName() {
		return this.modernStore.serverName().get();
	}

	/**
	 * Return under which name a call is stored.
	 * @param callId the call's ID
	 * @param principal whose it is, or {@code null} if it is nobody's
	 * @return the name
	 */
	String name(String callId, @Nullable String principal) {
		return TaskNames.of(callId, principal, serverName());
	}

	/**
	 * Say whether nobody carries a call on any more, although the store says that it
	 * hasn't ended.
	 * @param owner the node that runs it
	 * @param name the call's name
	 * @return whether it is certain
	 */
	boolean isAbandoned(String owner, String name) {
		NodeRegistry nodes = this.modernStore.nodes();
		return owner.equals(nodes.nodeId()) ? !this.calls.containsKey(name)
				: nodes.isGone(owner) && !hasReturned(owner);
	}

	private boolean hasReturned(String nodeId) {
		Long until = this.returned.get(nodeId);
		if (until != null && until - this.threads.nanoTime() <= 0) {
			this.returned.remove(nodeId, until);
			return false;
		}
		return until != null;
	}

	/**
	 * End a call with an error that nobody carries on any more, unless the node that runs
	 * it has come back and this one hasn't seen it yet. Of all who do, one succeeds.
	 * @param owner the node that ran it
	 * @param name the call's name
	 * @return completes when it has ended, or its node was found to be there
	 */
	Mono<Void> endAbandoned(String owner, String name) {
		if (owner.equals(nodeId())) {
			// A node that lives has ended it
			return fail(name, LOST);
		}
		// Only who is certainly gone is taken for it
		return this.modernStore.nodes().isPresent(owner).onErrorReturn(true).flatMap((present) -> {
			if (!present) {
				return fail(name, GONE);
			}
			this.returned.put(owner, this.threads.nanoTime() + RETURNED.toNanos());
			return Mono.empty();
		});
	}

	private Mono<Void> fail(String name, String message) {
		byte[] error = this.messages.error(ErrorResponse.internal(message));
		return tasks().endTask(name, TaskEnd.failed(message, error)).doOnNext((first) -> {
			if (first) {
				this.observer.orphanEnded(Era.MODERN);
			}
		}).then();
	}

	/**
	 * A client on this node follows a call that hasn't ended, as the store says: what
	 * runs elsewhere may have ended, and the store have lost that.
	 * @param owner the node that runs it
	 * @param name the call's name
	 */
	void follows(String owner, String name) {
		if (!owner.equals(nodeId())) {
			this.lostEnds.seen(owner, name);
		}
	}

	// Calls are entered before the store knows them, and leave when it knows their ends
	private void endIfLost(String name) {
		if (isAbandoned(nodeId(), name)) {
			endAbandoned(nodeId(), name).subscribe((nothing) -> {
			}, (ex) -> logger.debug("A call whose end the store has lost can't be ended yet", ex));
		}
	}

	/**
	 * Take the place of a call that is to become a task.
	 * @param principal whose it is, or {@code null} if it is nobody's
	 * @return why there is none, or {@code null} if there was one
	 */
	@Nullable NoTask takeTask(@Nullable String principal) {
		return switch (this.taskPlaces.take(principal)) {
			case FULL -> NoTask.FULL;
			case ENOUGH -> NoTask.PRINCIPAL_FULL;
			case TAKEN -> null;
		};
	}

	/**
	 * A call has not become a task that was to: once for each reason, however often it
	 * tries.
	 * @param reason why not
	 * @param tool the tool that it calls, as its client says
	 * @param required whether it is refused for that
	 */
	void noTask(NoTask reason, String tool, boolean required) {
		this.observer.taskNotCreated(reason);
		if (reason == NoTask.UNAVAILABLE) {
			// As the outage is, or what else is wrong with the store
			return;
		}
		TaskOptions tasks = this.settings.tasks();
		this.fullOfTasks.log((before) -> logger.warn(
				"A call of tool '{}' can't become a task, {}: {}. {} more since the last line; logged once a minute",
				NOT_PRINTABLE.matcher(tool).replaceAll("?"),
				required ? "which it must, and is refused" : "and stays on its connection",
				(reason == NoTask.FULL)
						? this.taskPlaces.taken() + " of mcp.persist.tasks.max-tasks=" + tasks.maxTasks() + " run"
						: "its principal has as many as mcp.persist.tasks.max-tasks-per-principal="
								+ tasks.maxTasksPerPrincipal(),
				before));
	}

	void giveBackTask(@Nullable String principal) {
		this.taskPlaces.giveBack(principal);
	}

	/**
	 * Count the tasks that run here.
	 * @return how many places are taken
	 */
	int runningTasks() {
		return this.taskPlaces.taken();
	}

	/**
	 * Count the tasks that run here and whose clients are asked something.
	 * @return how many there are
	 */
	int tasksWithInputRequired() {
		return (int) this.calls.values().stream().filter(Rounds::isTaskWithInputRequired).count();
	}

	/**
	 * Say for how long the oldest of the tasks that run here is one.
	 * @return the time, or zero if there is none
	 */
	Duration ageOfOldestTask() {
		long now = this.threads.nanoTime();
		return Duration.ofNanos(this.calls.values()
			.stream()
			.map(Rounds::taskSince)
			.filter(Objects::nonNull)
			.mapToLong((since) -> now - since)
			.max()
			.orElse(0));
	}

	/**
	 * Take the place of a call that is to wait for its client.
	 * @param principal whose it is, or {@code null} if it is nobody's
	 * @throws RefusedException if there is none
	 */
	void take(@Nullable String principal) {
		switch (this.places.take(principal)) {
			case FULL -> throw refused(FULL);
			case ENOUGH -> throw refused(ENOUGH);
			case TAKEN -> {
			}
		}
	}

	private RefusedException refused(ErrorResponse error) {
		this.full.log((before) -> logger.warn("A call was refused that needs its client's input: {}. {} more since the "
				+ "last line; logged once a minute", error.message(), before));
		return new RefusedException(error);
	}

	void giveBack(@Nullable String principal) {
		this.places.giveBack(principal);
	}

	/**
	 * Count the calls that wait for their clients, or have.
	 * @return how many places are taken
	 */
	int taken() {
		return this.places.taken();
	}

	void enter(String name, Rounds call) {
		this.calls.put(name, call);
	}

	void leave(String name) {
		this.calls.remove(name);
	}

	/**
	 * Return a call of this node's.
	 * @param name its name
	 * @return the call, or {@code null} if it isn't here
	 */
	@Nullable Rounds call(String name) {
		return this.calls.get(name);
	}

	/**
	 * A client is to wait for a call.
	 * @param name the call's name
	 * @param principal whose call it is, or {@code null} if it is nobody's
	 * @return why it may not, or {@code null} if it may
	 */
	@Nullable ErrorResponse arrived(String name, @Nullable String principal) {
		ErrorResponse refused = switch (this.waiting.take(name)) {
			case FULL -> CROWDED;
			case ENOUGH -> WAITED_FOR;
			case TAKEN -> null;
		};
		if (refused != null) {
			return refused;
		}
		refused = switch (this.waitingPrincipals.take(principal)) {
			case FULL -> CROWDED;
			case ENOUGH -> CROWDED_BY_ONE;
			case TAKEN -> null;
		};
		if (refused != null) {
			this.waiting.giveBack(name);
			return refused;
		}
		this.leftCalls.arrived(name);
		return null;
	}

	/**
	 * A client doesn't wait any more.
	 * @param name the call that it waited for
	 * @param principal whose call it is, or {@code null} if it is nobody's
	 * @return whether no other one does on this node
	 */
	boolean departed(String name, @Nullable String principal) {
		this.waitingPrincipals.giveBack(principal);
		return this.waiting.giveBack(name);
	}

	private Mono<Void> renew() {
		List<String> names = List.copyOf(this.calls.keySet());
		Mono<Void> calls = names.isEmpty() ? Mono.empty() : this.modernStore.tasks().renewTasks(names);
		return Mono.whenDelayError(calls, this.keys.renew()).onErrorResume((ex) -> {
			logger.debug("Calls that wait for their clients, or the key of their states, could not be renewed", ex);
			return Mono.empty();
		});
	}

}

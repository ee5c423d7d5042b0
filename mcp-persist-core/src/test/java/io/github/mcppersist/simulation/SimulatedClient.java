package io.github.mcppersist.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.session.SessionNames;

/**
 * A client: it calls tools, listens, loses connections and comes back, and knows what it
 * is owed.
 */
final class SimulatedClient implements SimulatedConnection.Reader {

	static final String NAME_PREFIX = "client-";

	private static final String REVISION_WITH_BATCHES = "2025-03-26";

	/**
	 * Only clients of this one know that a server may close a connection.
	 */
	private static final String REVISION_WITH_CLOSING = "2025-11-25";

	private static final String CANCELLATION = "cancellation";

	/**
	 * One that displaces others more often waits for them, and is open all the same.
	 */
	private static final int MAX_GETS_WITHOUT_WAITING = 5;

	/**
	 * For how long a node tells a client that has left it what is broadcast there.
	 */
	private static final Duration LEFT_BEFORE = Duration.ofSeconds(15);

	private final World world;

	private final Simulation simulation;

	private final Plan plan;

	private final Place place;

	private final String userAgent;

	private final String protocolVersion;

	/**
	 * In percent, how often it listens with its cursor.
	 */
	private final int usesCursor;

	private final boolean listensAtOnce;

	private final int maxCalls;

	private final FollowedStream standalone;

	private final Map<Integer, Call> calls = new LinkedHashMap<>();

	private final Map<SimulatedConnection, Call> callOf = new LinkedHashMap<>();

	private final Map<SimulatedConnection, Answer> answers = new HashMap<>();

	/**
	 * Messages that it is to get on its standalone stream, and hasn't got yet.
	 */
	private final Map<String, Boolean> owed = new LinkedHashMap<>();

	/**
	 * When its answers were accepted, by the question.
	 */
	private final Map<String, Long> answered = new LinkedHashMap<>();

	/**
	 * The questions that it is about to answer, or has answered, or won't.
	 */
	private final Set<String> asked = new HashSet<>();

	/**
	 * Which requests it cancels, by the connection that says so.
	 */
	private final Map<SimulatedConnection, String> cancellations = new HashMap<>();

	/**
	 * When its cancellations were accepted, by the request.
	 */
	private final Map<String, Long> cancelled = new HashMap<>();

	/**
	 * Whether it has come back for a call.
	 */
	private boolean resumed;

	private @Nullable String sessionId;

	private @Nullable SimulatedNode begunAt;

	private boolean initializing;

	private boolean sessionGone;

	private boolean deleting;

	private boolean calm;

	private boolean listeningSoon;

	private boolean leaving;

	private int gets;

	private @Nullable SimulatedNode listenedAt;

	/**
	 * When it last listened at another node than before, in nanoseconds.
	 */
	private long turnedAt = Long.MIN_VALUE;

	private int nextId = 1;

	SimulatedClient(World world, Simulation simulation, Plan plan, int number) {
		this.world = world;
		this.simulation = simulation;
		this.plan = plan;
		this.place = new Place(NAME_PREFIX + number);
		this.standalone = new FollowedStream(world, this.place + " standalone", plan.nodes() > 1);
		this.userAgent = world.pick(List.of("node", "curl/8"));
		this.protocolVersion = world.pick(List.of(REVISION_WITH_CLOSING, REVISION_WITH_CLOSING, REVISION_WITH_CLOSING,
				"2025-06-18", REVISION_WITH_BATCHES));
		this.usesCursor = world.pick(List.of(0, 50, 50, 100));
		this.listensAtOnce = world.chance(60);
		this.maxCalls = world.draw(0, 4);
	}

	@Override
	public Place place() {
		return this.place;
	}

	@Nullable String sessionId() {
		return (this.sessionGone || this.deleting) ? null : this.sessionId;
	}

	/**
	 * Say whether a node may not know the session of this client, and what it is sent
	 * there may go nowhere: it has begun on another node, and isn't stored yet.
	 * @param node the node
	 * @return whether only the node where it began need know it
	 */
	boolean mayBeUnknownAt(SimulatedNode node) {
		return this.begunAt != node && isUnsaved();
	}

	private boolean isUnsaved() {
		return (this.plan.outages() || this.plan.flaky()) && this.sessionId != null
				&& this.simulation.database().session(SessionNames.of(this.sessionId)) == null;
	}

	// What it does

	/**
	 * Do something, and again later.
	 */
	void act() {
		if (this.leaving) {
			return;
		}
		boolean away = !this.calm && this.plan.cuts() && this.world.chance(5);
		this.world.later(this.place, "acts", away ? this.world.millis(1000, 5000) : this.world.millis(20, 600),
				this::act);
		if (away) {
			openConnections().forEach((connection) -> connection.cut(this.world.millis(0, 20)));
			return;
		}
		if (this.sessionGone || this.deleting) {
			return;
		}
		if (this.sessionId == null) {
			initialize();
		}
		else if (this.calm) {
			if (this.standalone.open().isEmpty() && !this.listeningSoon) {
				listen();
			}
		}
		else {
			actInChaos();
		}
	}

	private void actInChaos() {
		int what = this.world.draw(100);
		List<SimulatedConnection> open = openConnections();
		if (what < 25 && this.calls.size() < this.maxCalls) {
			call();
		}
		else if (what < 45 && (this.standalone.open().isEmpty() || what < 28)) {
			listen();
		}
		else if (what < 65 && this.plan.cuts() && !open.isEmpty()) {
			this.world.pick(open)
				.cut(this.world.chance(20) ? this.world.millis(1000, 20_000) : this.world.millis(0, 20));
		}
		else if (what < 80 && !open.isEmpty()) {
			this.world.pick(open).stall(this.world.millis(50, 4000));
		}
		else if (what < 82 && this.plan.deletes()) {
			delete();
		}
		else if (what >= 90 && this.plan.cancels() && !this.calls.isEmpty()) {
			cancel(this.world.pick(List.copyOf(this.calls.values())));
		}
	}

	private List<SimulatedConnection> openConnections() {
		List<SimulatedConnection> open = new ArrayList<>(this.standalone.open());
		this.calls.values().forEach((call) -> open.addAll(call.stream.open()));
		return open;
	}

	private void initialize() {
		SimulatedNode node = this.simulation.anyNode();
		if (node == null || this.initializing) {
			return;
		}
		this.initializing = true;
		connection(this.place + " initialize", node, Set.of()).open(request("POST", null,
				"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\",\"params\":{\"protocolVersion\":\""
						+ this.protocolVersion + "\",\"capabilities\":{\"elicitation\":{}},\"clientInfo\":{\"name\":\""
						+ this.place + "\",\"version\":\"1\"}}}"));
	}

	private void initialized(SimulatedNode begunAt, int status, @Nullable String sessionId) {
		this.initializing = false;
		if (status != 200) {
			unlessUnavailable("initialize", status);
			return;
		}
		this.sessionId = sessionId;
		this.begunAt = begunAt;
		SimulatedNode node = this.simulation.anyNode();
		if (node != null) {
			connection(this.place + " initialized", node, Set.of())
				.open(request("POST", null, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"));
		}
		if (this.listensAtOnce) {
			listen();
		}
	}

	private void listen() {
		SimulatedNode node = this.simulation.anyNode();
		if (node == null) {
			return;
		}
		if (this.listenedAt != null && this.listenedAt != node) {
			this.turnedAt = this.world.nanoTime();
		}
		this.listenedAt = node;
		String cursor = this.world.chance(this.usesCursor) ? this.standalone.cursor() : null;
		Set<String> had = (cursor != null) ? this.standalone.covered() : delivered(node);
		SimulatedConnection connection = connection(this.place + " get " + ++this.gets
				+ ((cursor != null) ? " after " + sequence(cursor) : "") + " at " + node, node, had);
		this.standalone.opened(connection, cursor == null);
		connection.open(request("GET", cursor, ""));
	}

	// A store that was rolled back may not have the event that was delivered last, or the
	// note of it: all that is kept comes again then, rather than too little
	private Set<String> delivered(SimulatedNode node) {
		return this.plan.rollbacks() ? Set.of() : this.standalone.delivered(node, this.simulation.database());
	}

	private static String sequence(String cursor) {
		return cursor.substring(cursor.indexOf('_') + 1, cursor.lastIndexOf('_'));
	}

	private void listenAgain(Duration delay) {
		if (!this.listeningSoon && !this.leaving && !this.sessionGone && !this.deleting) {
			this.listeningSoon = true;
			this.world.later(this.place, "listens again", delay, () -> {
				this.listeningSoon = false;
				if (this.standalone.open().isEmpty() && !this.leaving && !this.sessionGone && !this.deleting) {
					listen();
				}
			});
		}
	}

	private void call() {
		SimulatedNode node = this.simulation.anyNode();
		if (node == null) {
			return;
		}
		int id = this.nextId;
		// Only the first revision has batches
		int requests = (this.protocolVersion.equals(REVISION_WITH_BATCHES) && this.world.chance(60))
				? this.world.draw(1, 3) : 0;
		Call call = new Call(this.place + ((requests > 0) ? " batch " : " call ") + id);
		List<String> bodies = new ArrayList<>();
		for (int i = 0; i < Math.max(1, requests); i++) {
			bodies.add(body(call, call.stream.name() + ((requests > 0) ? " part " + (i + 1) : "")));
		}
		this.calls.put(id, call);
		SimulatedConnection connection = connection(call.stream.name() + " at " + node, node, Set.of());
		this.callOf.put(connection, call);
		call.stream.opened(connection, true);
		connection.open(request("POST", null, (requests > 0) ? bodies.toString() : bodies.get(0)));
	}

	private String body(Call call, String sender) {
		List<Integer> sizes = new ArrayList<>();
		List<Integer> gaps = new ArrayList<>();
		List<Integer> asks = new ArrayList<>();
		List<Integer> closes = new ArrayList<>();
		int pace = this.world.pick(List.of(0, 30, 400));
		int messages = this.world.draw(0, 12);
		for (int i = 0; i < messages; i++) {
			sizes.add(this.world.draw(this.simulation.messageBytes()));
			if (this.plan.asks() && this.world.chance(15)) {
				asks.add(i);
			}
			if (this.plan.closes() && this.world.chance(25)) {
				closes.add(i);
			}
		}
		for (int i = 0; i <= messages; i++) {
			gaps.add((pace == 0) ? 0 : this.world.draw(pace * 2));
		}
		int id = this.nextId++;
		call.parts.put(id, new Part(sender, messages));
		return "{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"method\":\"tools/call\",\"params\":{\"name\":\""
				+ SimulatedNode.TOOL + "\",\"arguments\":{\"call\":\"" + sender + "\",\"sizes\":" + sizes + ",\"gaps\":"
				+ gaps + ",\"asks\":" + asks + ",\"closes\":" + closes + "}}}";
	}

	/**
	 * Cancel a request, which may have its response already.
	 */
	private void cancel(Call call) {
		SimulatedNode node = this.simulation.anyNode();
		if (node == null) {
			return;
		}
		int id = this.world.pick(List.copyOf(call.parts.keySet()));
		call.cancelled.add(id);
		SimulatedConnection connection = connection(
				call.stream.name() + " " + CANCELLATION + " of " + id + " at " + node, node, Set.of());
		if (call.isBegun()) {
			this.cancellations.put(connection, call.parts.get(id).sender());
		}
		connection.open(request("POST", null,
				"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":" + id + "}}"));
	}

	private void cancellationAnswered(SimulatedConnection connection, int status) {
		String sender = this.cancellations.remove(connection);
		if (status != 202) {
			unlessUnavailable(connection.name(), status);
		}
		else if (sender != null) {
			this.cancelled.putIfAbsent(sender, this.world.nanoTime());
		}
	}

	/**
	 * A tool has come to its end. If it was cancelled seconds ago, and nothing was in the
	 * way of that, it should have been stopped.
	 * @param sender the request
	 */
	void checkCompleted(String sender) {
		Long accepted = this.cancelled.get(sender);
		if (accepted != null && this.plan.handsAnswersOn()
				&& this.world.nanoTime() - accepted > Simulation.HANDED_ON_WITHIN.toNanos()) {
			this.world.fail("cancelled: " + sender + " went on all the same");
		}
	}

	/**
	 * A tool closes its connection: only a client that may come back loses it.
	 * @param sender the request
	 */
	void checkCloses(String sender) {
		boolean mine = this.calls.values().stream().anyMatch((call) -> call.has(sender));
		if (mine && !(this.resumed && this.protocolVersion.equals(REVISION_WITH_CLOSING))) {
			this.world.fail("closed: the connection of " + sender + ", whose client doesn't come back");
		}
	}

	private void resumeLater(Call call) {
		if (call.done || this.leaving || this.sessionGone || this.deleting) {
			return;
		}
		if (call.stream.cursor() == null) {
			// It was never told an ID, and can't come back
			call.end("lost");
			return;
		}
		this.world.later(this.place, "resumes " + call.stream.name(), this.world.millis(0, 1500), () -> resume(call));
	}

	private void resume(Call call) {
		SimulatedNode node = this.simulation.anyNode();
		String cursor = call.stream.cursor();
		if (call.done || this.leaving || this.sessionGone || this.deleting || cursor == null) {
			return;
		}
		if (node == null) {
			resumeLater(call);
			return;
		}
		if (!call.stream.open().isEmpty()) {
			return;
		}
		SimulatedConnection connection = connection(
				call.stream.name() + " get " + ++this.gets + " after " + sequence(cursor) + " at " + node, node,
				call.stream.covered());
		this.callOf.put(connection, call);
		this.resumed = true;
		call.stream.opened(connection, false);
		connection.open(request("GET", cursor, ""));
	}

	/**
	 * Answer a question, once or twice or not at all.
	 */
	private void answerLater(String question, String id) {
		if (!this.asked.add(question) || this.world.chance(8)) {
			return;
		}
		this.world.later(this.place, "answers " + question, this.world.millis(0, 3000), () -> answer(question, id));
		if (this.world.chance(10)) {
			this.world.later(this.place, "answers " + question + " again", this.world.millis(0, 3000),
					() -> answer(question, id));
		}
	}

	private void answer(String question, String id) {
		SimulatedNode node = this.simulation.anyNode();
		if (node == null || this.leaving || this.sessionGone || this.deleting) {
			return;
		}
		SimulatedConnection connection = connection(this.place + " answer to " + question + " at " + node, node,
				Set.of());
		this.answers.put(connection, new Answer(question, id));
		connection.open(request("POST", null, "{\"jsonrpc\":\"2.0\",\"id\":" + id
				+ ",\"result\":{\"action\":\"accept\",\"content\":{\"to\":\"" + question + "\"}}}"));
	}

	private void answerAnswered(Answer answer, SimulatedConnection connection, int status) {
		if (status == 202) {
			this.answered.putIfAbsent(answer.question(), this.world.nanoTime());
		}
		else if (status == 409 && this.plan.losesData()) {
			this.world.trace(connection.name(), "  nobody waits for " + connection);
		}
		else {
			answerAgain(answer);
			unlessUnavailable(connection.name(), status);
		}
	}

	private void answerAgain(Answer answer) {
		this.world.later(this.place, "answers " + answer.question() + " after all", this.world.millis(200, 1500),
				() -> answer(answer.question(), answer.id()));
	}

	/**
	 * A tool has waited in vain. If this client was told that its answer was accepted,
	 * that was seconds ago, and nothing was in its way, the answer is lost.
	 * @param question the question
	 */
	void checkUnanswered(String question) {
		Long accepted = this.answered.get(question);
		if (accepted != null && this.plan.handsAnswersOn()
				&& this.world.nanoTime() - accepted > Simulation.HANDED_ON_WITHIN.toNanos()) {
			this.world.fail("lost: the answer to " + question + ", which was accepted");
		}
	}

	/**
	 * Say whether a node has the connection on which this client listens.
	 * @param node the node
	 * @return whether it is the only one and no newer one has displaced it, the node has
	 * answered it, and there were too few for it to wait
	 */
	boolean listensAt(SimulatedNode node) {
		List<SimulatedConnection> open = this.standalone.open();
		return sessionId() != null && this.gets <= MAX_GETS_WITHOUT_WAITING && open.size() == 1
				&& open.get(0) == this.standalone.newest() && open.get(0).node() == node && open.get(0).isAnswered();
	}

	int gets() {
		return this.gets;
	}

	/**
	 * A client that turns to another node while nodes tell each other of a broadcast may
	 * be told by both, and by one that it has left not long ago.
	 */
	@Override
	public boolean mayComeOutOfTurn(String message) {
		return Messages.senderOf(message).startsWith(Messages.TO_ALL)
				&& this.turnedAt > this.simulation.broadcastAt(message) - LEFT_BEFORE.toNanos();
	}

	/**
	 * Owe this client a message from now on, if it has listened all the time.
	 * @param message its name
	 * @param node where it listened
	 * @param getsBefore how many connections it had opened when it did
	 */
	void oweIfListening(String message, SimulatedNode node, int getsBefore) {
		if (this.gets == getsBefore && listensAt(node)) {
			owe(message, false);
		}
	}

	private void delete() {
		SimulatedNode node = this.simulation.anyNode();
		if (node == null) {
			return;
		}
		this.deleting = true;
		connection(this.place + " delete at " + node, node, Set.of()).open(request("DELETE", null, ""));
	}

	private SimulatedConnection connection(String name, SimulatedNode node, Set<String> had) {
		SimulatedConnection connection = new SimulatedConnection(this.world, name, node, this.world.draw(1, 3), had,
				this);
		this.simulation.opened(connection);
		return connection;
	}

	private SimulatedRequest request(String method, @Nullable String cursor, String body) {
		return SimulatedRequest.of(method, this.userAgent, this.sessionId, cursor, body);
	}

	// What it is sent

	/**
	 * Owe this client a message from now on.
	 * @param message its name
	 * @param whateverWasLost whether it is owed even if something was lost that may be
	 */
	void owe(String message, boolean whateverWasLost) {
		if (!this.standalone.has(message)) {
			this.owed.put(message, whateverWasLost);
		}
	}

	@Override
	public void event(SimulatedConnection connection, @Nullable String id, String data) {
		String message = Messages.find(data);
		Call call = this.callOf.get(connection);
		this.world.trace(connection.name(),
				"  " + connection + " brings "
						+ ((message != null) ? message : data.isEmpty() ? "nothing" : abbreviated(data))
						+ ((id != null) ? ", id " + sequence(id) : ""));
		if (message != null) {
			String sender = Messages.senderOf(message);
			boolean foreign = (call != null) ? !call.has(sender)
					: !sender.startsWith(this.place + " from") && !sender.startsWith(Messages.TO_ALL + " from");
			if (foreign) {
				this.world.fail("foreign: " + message + " on " + connection);
				return;
			}
		}
		else if (!data.isEmpty() && call == null) {
			this.world.fail("broken: " + abbreviated(data) + " on " + connection);
			return;
		}
		if (message != null && id == null && this.plan.rejects() && !this.plan.losesData() && sessionId() != null
				&& !this.simulation.database().hasStored(message)) {
			this.world.fail("unstored: " + message + " on " + connection + ", though that is to be refused");
		}
		FollowedStream stream = (call != null) ? call.stream : this.standalone;
		stream.take(connection, id, message);
		if (call == null && message != null) {
			this.owed.remove(message);
		}
		String question = (call != null && message != null) ? Messages.findQuestion(data) : null;
		if (question != null) {
			answerLater(message, question);
		}
		if (call != null && message == null && !data.isEmpty()) {
			call.response(data, connection);
		}
		if (call == null && message != null && !this.calm && this.plan.cuts() && this.world.chance(4)) {
			// As likely in the middle of a page as at its end
			this.world.soon(this.place, "goes away from " + connection, () -> connection.cut(this.world.millis(0, 20)));
		}
	}

	private static String abbreviated(String data) {
		return (data.length() > 160) ? data.substring(0, 160) + "..." : data;
	}

	@Override
	public void answer(SimulatedConnection connection, int status, @Nullable String sessionId) {
		Call call = this.callOf.get(connection);
		Answer answer = this.answers.remove(connection);
		if (connection.name().endsWith(" initialize")) {
			initialized(connection.node(), status, sessionId);
		}
		else if (answer != null && !this.deleting) {
			answerAnswered(answer, connection, status);
		}
		else if (connection.name().contains(CANCELLATION) && !this.deleting) {
			cancellationAnswered(connection, status);
		}
		else if (connection.name().endsWith(" initialized")) {
			if (status != 202) {
				unlessUnavailable(connection.name(), status);
			}
		}
		else if (connection.name().contains(" delete ")) {
			deleted(connection, status);
		}
		else if (this.deleting) {
			this.world.trace(connection.name(), "  " + connection + " doesn't matter any more");
		}
		else if (call != null) {
			callAnswered(call, connection, status);
		}
		else if (status == 503 || status == 409) {
			// Away, or several of its connections wait already
			listenAgain(this.world.millis(300, 1500));
		}
		else if (status == 400 && this.plan.losesData()) {
			this.standalone.forgetCursor();
			listenAgain(this.world.millis(0, 500));
		}
		else {
			unlessUnavailable(connection.name(), status);
		}
	}

	private void callAnswered(Call call, SimulatedConnection connection, int status) {
		boolean first = connection == call.stream.newest() && call.stream.messages() == 0
				&& call.stream.cursor() == null;
		if (call.done) {
			return;
		}
		if (status == 503 && first) {
			call.end("refused");
		}
		else if (status == 503 || (status == 409 && !first)) {
			resumeLater(call);
		}
		else if (status == 204) {
			if (!call.isCancelled()) {
				this.world.fail("lost: " + connection + " got 204 without a response");
			}
			call.end(call.isCancelled() ? "cancelled" : "lost");
		}
		else if (status == 200 || (status == 400 && this.plan.losesData())) {
			call.end("gap");
		}
		else {
			call.end("refused");
			unlessUnavailable(connection.name(), status);
		}
	}

	private void deleted(SimulatedConnection connection, int status) {
		if (status == 503) {
			this.world.later(this.place, "deletes again", this.world.millis(200, 1500), this::delete);
		}
		else {
			if (status != 200 && status != 404) {
				this.world.fail("status: " + status + " for " + connection);
			}
			this.sessionGone = true;
			this.calls.values().forEach((call) -> call.end("deleted"));
			this.owed.clear();
		}
	}

	private void unlessUnavailable(String request, int status) {
		if (status == 503) {
			return;
		}
		if (status == 404) {
			this.sessionGone = true;
			this.calls.values().forEach((call) -> call.end("without a session"));
			this.owed.clear();
			// A node may not know yet that another one has begun sessions that can't be
			// stored
			if (this.deleting || this.plan.losesData() || isUnsaved()) {
				return;
			}
		}
		this.world.fail("status: " + status + " for " + request);
	}

	@Override
	public void ended(SimulatedConnection connection) {
		this.world.trace(connection.name(), "  " + connection + " has ended");
		Call call = this.callOf.get(connection);
		if (connection.name().endsWith(" initialize")) {
			this.initializing = false;
		}
		else if (connection.name().contains(" delete ")) {
			this.world.later(this.place, "deletes again", this.world.millis(200, 1500), this::delete);
		}
		else if (this.answers.containsKey(connection)) {
			answerAgain(this.answers.remove(connection));
		}
		else if (call != null) {
			if (call.stream.cursor() == null && !connection.isCut() && !call.done && !call.isCancelled()
					&& !this.deleting && !this.plan.losesData()) {
				this.world.fail("lost: " + connection + " was closed, and its client had no ID to come back with");
			}
			resumeLater(call);
		}
		else if (connection == this.standalone.newest() && (this.calm || this.world.chance(60))) {
			listenAgain(this.world.millis(0, 2000));
		}
	}

	// How it ends

	/**
	 * Do nothing any more but listen, and wait for what there is.
	 */
	void calmDown() {
		this.calm = true;
	}

	boolean isServed() {
		if (this.sessionGone) {
			return true;
		}
		if (this.deleting || this.calls.values().stream().anyMatch((call) -> !call.done)) {
			return false;
		}
		return missing().isEmpty();
	}

	private List<String> missing() {
		List<String> missing = new ArrayList<>();
		this.owed.forEach((message, whateverWasLost) -> {
			if ((whateverWasLost || !this.plan.losesData()) && !this.standalone.wasLostOnItsWay(message)) {
				missing.add(message);
			}
		});
		return missing;
	}

	/**
	 * Complain about what has not come, and never will.
	 */
	void checkServed() {
		if (this.sessionGone) {
			return;
		}
		for (Call call : this.calls.values()) {
			if (!call.done) {
				this.world.fail("hang: " + call.stream.name() + " has no end, cursor " + call.stream.cursor());
			}
		}
		if (this.deleting) {
			this.world.fail("hang: " + this.place + " could not delete its session");
			return;
		}
		List<String> missing = missing();
		if (!missing.isEmpty()) {
			this.world.fail("lost: " + missing + " on the standalone stream of " + this.place);
		}
	}

	/**
	 * Close all connections, and delete the session.
	 */
	void leave() {
		this.leaving = true;
		openConnections().forEach((connection) -> connection.cut(Duration.ofMillis(5)));
		if (this.sessionId != null && !this.sessionGone && !this.deleting) {
			delete();
		}
	}

	boolean hasLeft() {
		return this.sessionId == null || this.sessionGone;
	}

	/**
	 * An answer that is on its way.
	 *
	 * @param question the name of what it answers
	 * @param id the ID of the request as JSON text
	 */
	private record Answer(String question, String id) {

	}

	/**
	 * A request of a call.
	 *
	 * @param sender who sends its messages
	 * @param messages how many there are to be
	 */
	private record Part(String sender, int messages) {

	}

	/**
	 * A call of a tool, or a batch of such calls.
	 */
	private final class Call {

		private final FollowedStream stream;

		private final Map<Integer, Part> parts = new LinkedHashMap<>();

		private final Set<Integer> responded = new HashSet<>();

		private final Set<Integer> cancelled = new HashSet<>();

		private boolean done;

		Call(String name) {
			this.stream = new FollowedStream(SimulatedClient.this.world, name, false);
		}

		boolean has(String sender) {
			return this.parts.values().stream().anyMatch((part) -> part.sender().equals(sender));
		}

		/**
		 * Say whether the server has the call.
		 * @return whether it has answered it
		 */
		boolean isBegun() {
			return this.stream.isAnswered();
		}

		/**
		 * Say whether there may be no more responses.
		 * @return whether each request has one or was cancelled
		 */
		boolean isCancelled() {
			return this.parts.keySet()
				.stream()
				.allMatch((id) -> this.responded.contains(id) || this.cancelled.contains(id));
		}

		void end(String how) {
			if (!this.done) {
				this.done = true;
				SimulatedClient.this.world.trace(this.stream.name(), "  " + this.stream.name() + " ends: " + how);
			}
		}

		void response(String data, SimulatedConnection connection) {
			World world = SimulatedClient.this.world;
			int id = Messages.findRequest(data);
			Part part = this.parts.get(id);
			if (part == null) {
				world.fail("foreign: " + abbreviated(data) + " on " + connection);
				return;
			}
			int messages = this.stream.messagesOf(part.sender());
			int counted = Messages.findCount(data);
			if (data.contains("\"error\"")) {
				if (!mayBeLost()) {
					world.fail("lost: " + connection + " ended with an error: " + abbreviated(data));
				}
			}
			else if (messages < counted && !mayBeLost()) {
				world.fail("lost: " + connection + " brought the response after " + messages + " of " + counted
						+ " messages");
			}
			else if (counted < part.messages() && !SimulatedClient.this.plan.rejects()) {
				world.fail("refused: " + counted + " of " + part.messages() + " messages of " + part.sender()
						+ " were taken");
			}
			this.responded.add(id);
			if (this.responded.size() == this.parts.size()) {
				end("answered");
			}
		}

		private boolean mayBeLost() {
			Plan plan = SimulatedClient.this.plan;
			boolean comesBack = this.stream.wasCut() || plan.maxConnectionAge() != null || plan.rejects()
					|| plan.closes();
			return comesBack ? plan.losesData() : plan.losesMore();
		}

	}

}

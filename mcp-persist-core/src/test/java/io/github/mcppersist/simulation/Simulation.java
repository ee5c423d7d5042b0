package io.github.mcppersist.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.observe.EndpointStatistics;

/**
 * One run: nodes, clients and a store on one thread, in a time of their own, with faults
 * that the seed decides, and a check of what the guarantees say at the end.
 */
final class Simulation {

	/**
	 * How soon a node can tell the others what it has delivered.
	 */
	static final Duration NOTED_WITHIN = Duration.ofSeconds(4);

	/**
	 * How soon a tool has an answer that another node has accepted, if nothing is in the
	 * way.
	 */
	static final Duration HANDED_ON_WITHIN = Duration.ofSeconds(5);

	/**
	 * How large an event is that a store takes which refuses larger ones.
	 */
	private static final int MAX_EVENT_BYTES = 1024;

	private static final Duration SERVED_WITHIN = Duration.ofSeconds(150);

	private static final Duration LEFT_WITHIN = Duration.ofSeconds(60);

	private static final Duration FORGOTTEN_WITHIN = Duration.ofSeconds(180);

	private final long seed;

	private final World world;

	private final Plan plan;

	private final Place surroundings = new Place("world");

	private final SimulatedDatabase database;

	private final SimulatedNodes registry;

	private final List<SimulatedNode> nodes = new ArrayList<>();

	private final List<SimulatedClient> clients = new ArrayList<>();

	private final List<SimulatedConnection> connections = new ArrayList<>();

	private final Map<String, Integer> sent = new LinkedHashMap<>();

	private final Map<String, Long> broadcastAt = new HashMap<>();

	private boolean calm;

	Simulation(long seed) {
		this.seed = seed;
		this.world = new World(seed);
		this.plan = Plan.draw(this.world, seed);
		this.database = new SimulatedDatabase(this.world, this.plan.order(),
				this.plan.refuses() ? MAX_EVENT_BYTES : Integer.MAX_VALUE);
		this.registry = new SimulatedNodes(this.world, this.database);
	}

	SimulatedDatabase database() {
		return this.database;
	}

	/**
	 * Return a node for a client to turn to; a balancer knows which have died, and not
	 * which stand still.
	 * @return a node, or {@code null} if there is none at the moment
	 */
	@Nullable SimulatedNode anyNode() {
		List<SimulatedNode> alive = this.nodes.stream()
			.filter((node) -> !node.place().isDead() && !node.isStopping())
			.toList();
		return alive.isEmpty() ? null : this.world.pick(alive);
	}

	/**
	 * Return a bound for the size of the next message.
	 * @return bytes, at least 1
	 */
	int messageBytes() {
		return this.world.chance(70) ? 200 : this.plan.maxMessageBytes();
	}

	void opened(SimulatedConnection connection) {
		this.connections.removeIf((known) -> !known.isOpen());
		this.connections.add(connection);
	}

	/**
	 * Run the simulation.
	 * @return what happened
	 */
	Outcome run() {
		try (SimulatedSchedulers schedulers = new SimulatedSchedulers(this.world);
				CapturedLog log = new CapturedLog(this.world)) {
			this.world.trace("", "seed " + this.seed + ": " + this.plan);
			begin();
			this.world.run(this.plan.chaos(), () -> false);
			calmDown();
			boolean served = this.world.run(SERVED_WITHIN,
					() -> this.clients.stream().allMatch(SimulatedClient::isServed));
			if (!served) {
				this.clients.forEach(SimulatedClient::checkServed);
			}
			// What comes too much comes now
			this.world.run(Duration.ofSeconds(5), () -> false);
			leave();
		}
		return new Outcome(this.seed, this.plan, this.world.failures(), this.world.trace(), this.world.steps());
	}

	private void begin() {
		for (int i = 0; i < this.plan.nodes(); i++) {
			start();
		}
		for (int i = 1; i <= this.plan.clients(); i++) {
			SimulatedClient client = new SimulatedClient(this.world, this, this.plan, i);
			this.clients.add(client);
			this.world.soon(client.place(), "acts", client::act);
		}
		this.world.soon(this.surroundings, "application", this::send);
		this.world.soon(this.surroundings, "nodes look", this::look);
		if (this.plan.outages() || this.plan.flaky() || this.plan.hintsLost()) {
			this.world.later(this.surroundings, "weather", this.world.millis(100, 3000), this::weather);
		}
		if (this.plan.rollbacks()) {
			this.world.later(this.surroundings, "store loses data", this.world.millis(500, 10_000), this::loseData);
		}
		if (this.plan.deaths() || this.plan.pauses() || this.plan.stops()) {
			this.world.later(this.surroundings, "fate", this.world.millis(300, 5000), this::strike);
		}
	}

	private void start() {
		this.nodes
			.add(new SimulatedNode(this.world, this, this.plan, this.database, this.registry, this.nodes.size() + 1));
	}

	private void look() {
		this.registry.look();
		this.world.later(this.surroundings, "nodes look", Duration.ofMillis(500), this::look);
	}

	private List<SimulatedNode> running() {
		return this.nodes.stream().filter(SimulatedNode::isRunning).toList();
	}

	/**
	 * Send something on a standalone stream, and again later.
	 */
	private void send() {
		if (this.calm) {
			return;
		}
		// A session that nobody uses for a while is let go
		Duration pause = this.world.chance(12) ? this.world.millis(1000, 6000) : this.world.millis(10, 700);
		this.world.later(this.surroundings, "application", pause, this::send);
		List<SimulatedNode> running = running();
		List<SimulatedClient> clients = this.clients.stream().filter((client) -> client.sessionId() != null).toList();
		if (running.isEmpty() || clients.isEmpty()) {
			return;
		}
		SimulatedNode node = this.world.pick(running);
		if (this.plan.broadcasts() && this.world.chance(20)) {
			broadcast(node);
		}
		SimulatedClient client = this.world.pick(clients);
		for (int i = this.world.pick(List.of(1, 1, 2, 6)); i > 0; i--) {
			send(node, client, false);
		}
	}

	private void broadcast(SimulatedNode node) {
		String sender = Messages.TO_ALL + " from " + node;
		int size = this.world.draw(messageBytes());
		this.world.soon(node.place(), "sends a message for all", () -> {
			String message = Messages.of(sender, this.sent.merge(sender, 1, Integer::sum), size);
			this.broadcastAt.put(Messages.nameOf(message), this.world.nanoTime());
			// It is for those that listen when its turn comes, and still do when it is
			// taken
			List<SimulatedClient> listening = this.clients.stream().filter((client) -> client.listensAt(node)).toList();
			Map<SimulatedClient, Integer> listened = new HashMap<>();
			listening.forEach((client) -> listened.put(client, client.gets()));
			node.broadcast(message, () -> listened
				.forEach((client, gets) -> client.oweIfListening(Messages.nameOf(message), node, gets)));
		});
	}

	/**
	 * Return when something was broadcast first.
	 * @param message its name
	 * @return the time, in nanoseconds
	 */
	long broadcastAt(String message) {
		return this.broadcastAt.getOrDefault(message, Long.MAX_VALUE);
	}

	/**
	 * A tool has waited in vain for the answer to a question.
	 * @param question its name
	 */
	void unanswered(String question) {
		this.clients.forEach((client) -> client.checkUnanswered(question));
	}

	/**
	 * A tool has come to its end.
	 * @param call who has called it, and how often before
	 */
	void completed(String call) {
		this.clients.forEach((client) -> client.checkCompleted(call));
	}

	/**
	 * A tool closes its connection, as it is told.
	 * @param call who has called it, and how often before
	 */
	void closes(String call) {
		this.clients.forEach((client) -> client.checkCloses(call));
	}

	private void send(SimulatedNode node, SimulatedClient client, boolean last) {
		String sessionId = client.sessionId();
		if (sessionId == null) {
			return;
		}
		String sender = client.place() + " from " + node + (last ? " last" : "");
		int drawn = this.world.draw(messageBytes());
		int size = (last && this.plan.refuses()) ? Math.min(drawn, MAX_EVENT_BYTES / 4) : drawn;
		this.world.soon(node.place(), "sends a message for " + sender, () -> {
			String message = Messages.of(sender, this.sent.merge(sender, 1, Integer::sum), size);
			boolean unknown = client.mayBeUnknownAt(node);
			node.send(sessionId, message, () -> {
				if (!unknown) {
					client.owe(Messages.nameOf(message), last);
				}
			});
		});
	}

	private void weather() {
		SimulatedDatabase.Faults faults = this.database.faults();
		if (this.calm) {
			return;
		}
		boolean bad = faults.reads || faults.writes || faults.failsBefore + faults.failsAfter > 0;
		if (bad || this.world.chance(20)) {
			goodWeather();
		}
		else {
			badWeather(faults);
		}
		this.world.later(this.surroundings, "weather", this.world.millis(100, 4000), this::weather);
	}

	private void goodWeather() {
		SimulatedDatabase.Faults faults = this.database.faults();
		boolean away = faults.reads || faults.writes;
		boolean missed = away || faults.hintsLost > 0;
		faults.end();
		this.database.outages().end();
		this.world.trace("", "  the store is well");
		if (missed) {
			this.database.subscribedAgain();
			this.registry.missed();
		}
	}

	private void badWeather(SimulatedDatabase.Faults faults) {
		if (this.plan.outages() && this.world.chance(70)) {
			int which = this.world.draw(4);
			faults.reads = which != 0;
			faults.writes = which != 1;
		}
		if (this.plan.flaky() && this.world.chance(70)) {
			faults.failsBefore = this.world.draw(30);
			faults.failsAfter = this.world.draw(30);
			faults.late = this.world.draw(30);
			faults.slowMillis = this.world.pick(List.of(3, 50, 400));
		}
		if (this.plan.hintsLost()) {
			faults.hintsLost = this.world.pick(List.of(0, 30, 100));
		}
		if (faults.reads || faults.writes || faults.failsBefore + faults.failsAfter + faults.late > 0) {
			this.database.outages().begin();
		}
		this.world.trace("",
				"  the store: reads " + (faults.reads ? "fail" : "work") + ", writes "
						+ (faults.writes ? "fail" : "work") + ", of a hundred calls fail before " + faults.failsBefore
						+ ", after " + faults.failsAfter + ", are late " + faults.late
						+ ", of a hundred hints are lost " + faults.hintsLost);
	}

	private void loseData() {
		if (this.calm) {
			return;
		}
		if (this.world.chance(70)) {
			this.database.rollBack(this.world.draw(1, 6));
			this.world.trace("", "  the store lost its last writes");
		}
		else {
			this.database.empty();
			this.world.trace("", "  the store is empty");
		}
		this.database.subscribedAgain();
		this.registry.missed();
		this.world.later(this.surroundings, "store loses data", this.world.millis(1000, 10_000), this::loseData);
	}

	/**
	 * Let something happen to a node, as long as one is left.
	 */
	private void strike() {
		if (this.calm) {
			return;
		}
		this.world.later(this.surroundings, "fate", this.world.millis(500, 8000), this::strike);
		List<SimulatedNode> running = this.nodes.stream()
			.filter((node) -> node.isRunning() && !node.isStopping())
			.toList();
		if (running.size() < 2) {
			return;
		}
		SimulatedNode node = this.world.pick(running);
		int what = this.world.draw(3);
		if (what == 0 && this.plan.deaths()) {
			die(node);
			this.world.later(this.surroundings, "a node starts", this.world.millis(0, 5000), this::start);
		}
		else if (what == 1 && this.plan.pauses()) {
			node.pause();
			this.world.trace("", "  " + node + " stands still");
			this.world.later(this.surroundings, node + " goes on", this.world.millis(100, 20_000), node::goOn);
		}
		else if (what == 2 && this.plan.stops()) {
			Duration grace = this.world.millis(0, 3000);
			this.world.soon(node.place(), "is stopped", () -> node.stop(grace, () -> die(node)));
			this.world.later(this.surroundings, "a node starts", this.world.millis(0, 5000), this::start);
		}
	}

	private void die(SimulatedNode node) {
		this.world.trace("", "  " + node + " is dead");
		node.die();
		this.database.forget(node.place());
		List.copyOf(this.connections)
			.stream()
			.filter((connection) -> connection.node() == node)
			.forEach((connection) -> connection.cut(Duration.ZERO));
	}

	private void calmDown() {
		this.calm = true;
		this.world.trace("", "  all faults end");
		goodWeather();
		this.nodes.forEach(SimulatedNode::goOn);
		this.clients.forEach(SimulatedClient::calmDown);
		if (this.plan.rollbacks() || this.plan.overflows() || this.plan.refuses()) {
			// A session whose record was lost is stored again by the node that holds it,
			// and a stream of which a node had to drop something, or which the store
			// refused in part, starts anew. What is sent before that may be lost
			this.world.run(Duration.ofSeconds(5), () -> false);
		}
		for (SimulatedNode node : this.nodes) {
			if (!node.place().isDead() && !node.isStopping()) {
				this.clients.forEach((client) -> send(node, client, true));
			}
		}
	}

	/**
	 * Let everybody go, and look what is left behind.
	 */
	private void leave() {
		this.clients.forEach(SimulatedClient::leave);
		if (!this.world.run(LEFT_WITHIN, () -> this.clients.stream().allMatch(SimulatedClient::hasLeft))) {
			this.world.fail("hang: a session could not be deleted");
		}
		this.world.run(FORGOTTEN_WITHIN, () -> this.running().stream().allMatch(this::isIdle));
		for (SimulatedNode node : running()) {
			if (!isIdle(node)) {
				this.world.fail("left behind at " + node + ": " + node.statistics() + ", tools " + node.runningTools()
						+ ", senders " + node.waitingSenders() + ", watches " + this.database.watches(node.place()));
			}
		}
	}

	private boolean isIdle(SimulatedNode node) {
		EndpointStatistics held = node.statistics();
		return held.sessions() == 0 && held.runningRequests() == 0 && held.unstoredBytes() == 0
				&& held.connections().values().stream().allMatch((count) -> count == 0) && node.runningTools() == 0
				&& node.waitingSenders() == 0 && this.database.watches(node.place()) == 0;
	}

	/**
	 * What happened in a run.
	 *
	 * @param seed its seed
	 * @param plan what it was like
	 * @param failures the promises that were broken
	 * @param trace what happened, line by line
	 * @param steps how many steps were taken
	 */
	record Outcome(long seed, Plan plan, List<String> failures, List<String> trace, long steps) {

	}

}

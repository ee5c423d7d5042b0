package io.github.mcppersist.simulation;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

import io.github.mcppersist.transport.EndpointResponse;

/**
 * A request that is under way, with its response and the network in between: an adapter
 * that asks for a chunk when the socket has room, a socket that holds a few, and a client
 * that reads them when it gets to it.
 */
final class SimulatedConnection implements EndpointResponse, Subscriber<byte[]> {

	private static final byte[] END = new byte[0];

	private final World world;

	private final String name;

	private final SimulatedNode node;

	private final Reader reader;

	private final int room;

	/**
	 * What the client must not be sent, since it has it already as far as it told.
	 */
	private final Set<String> had;

	private final Deque<byte[]> inFlight = new ArrayDeque<>();

	private final SseParser sent = new SseParser((id, data) -> handed(data));

	private final SseParser received;

	/**
	 * The messages that the endpoint has handed to the adapter as a whole, and with which
	 * chunk.
	 */
	private final Map<String, Integer> handed = new HashMap<>();

	private final Set<String> seen = new HashSet<>();

	private final Map<String, Integer> lastOfSender = new LinkedHashMap<>();

	private @Nullable Subscription subscription;

	private boolean asking;

	private boolean answered;

	private int chunksHanded;

	private int chunksAsked;

	private int chunksRead;

	private boolean closed;

	private boolean cut;

	private boolean noticed;

	private boolean stalled;

	SimulatedConnection(World world, String name, SimulatedNode node, int room, Set<String> had, Reader reader) {
		this.world = world;
		this.name = name;
		this.node = node;
		this.room = room;
		this.had = had;
		this.reader = reader;
		this.received = new SseParser((id, data) -> reader.event(this, id, data));
	}

	String name() {
		return this.name;
	}

	SimulatedNode node() {
		return this.node;
	}

	boolean isAnswered() {
		return this.answered;
	}

	boolean isCut() {
		return this.cut;
	}

	boolean isOpen() {
		return !this.closed;
	}

	boolean had(String message) {
		return this.had.contains(message);
	}

	/**
	 * Say whether a message has left, as far as the endpoint can know: the adapter has
	 * asked for more since it was given it.
	 * @param message its name
	 * @return whether it was sent, though it may not have come
	 */
	boolean hasSent(String message) {
		Integer chunk = this.handed.get(message);
		return chunk != null && hasAskedAfter(chunk);
	}

	int chunksRead() {
		return this.chunksRead;
	}

	/**
	 * Say whether the adapter has asked for more after a chunk: then the endpoint can
	 * know that it has left.
	 */
	boolean hasAskedAfter(int chunk) {
		return this.chunksAsked > chunk;
	}

	void open(SimulatedRequest request) {
		this.world.soon(this.node.place(), "gets " + this.name, () -> this.node.handle(request, this));
	}

	/**
	 * Check a message against those that came before it on this connection, and those
	 * that the client had before.
	 * @param message its name
	 */
	void check(String message) {
		boolean first = this.seen.add(message);
		if (this.reader.mayComeOutOfTurn(message)) {
			return;
		}
		if (!first) {
			this.world.fail("twice on one connection: " + message + " on " + this.name);
			return;
		}
		if (this.had.contains(message)) {
			this.world.fail("once more: " + message + " on " + this.name + ", though the client had it");
		}
		int number = Messages.numberOf(message);
		Integer before = this.lastOfSender.put(Messages.senderOf(message), number);
		if (before != null && before > number) {
			this.world.fail("order: " + message + " after number " + before + " on " + this.name);
		}
	}

	Set<String> seen() {
		return this.seen;
	}

	// From the endpoint

	@Override
	public void send(int status, Map<String, String> headers, byte[] body) {
		answered();
		this.world.trace(this.name, "  " + this.name + " is answered with " + status);
		String sessionId = headers.get("Mcp-Session-Id");
		this.world.soon(this.reader.place(), "hears of " + this.name + ": " + status, () -> {
			if (!this.closed) {
				this.closed = true;
				this.noticed = true;
				if (status == 200 && headers.getOrDefault("Content-Type", "").startsWith("text/event-stream")) {
					this.received.read(body);
				}
				this.reader.answer(this, status, sessionId);
			}
		});
	}

	@Override
	public void stream(Map<String, String> headers, Publisher<byte[]> chunks) {
		answered();
		this.world.trace(this.name, "  " + this.name + " is answered with a stream");
		chunks.subscribe(this);
	}

	private void answered() {
		if (this.answered) {
			this.world.fail("error: " + this.name + " is answered twice");
		}
		this.answered = true;
	}

	@Override
	public void onSubscribe(Subscription subscription) {
		this.subscription = subscription;
		if (this.noticed) {
			subscription.cancel();
		}
		else {
			ask();
		}
	}

	@Override
	public void onNext(byte[] chunk) {
		this.asking = false;
		this.chunksHanded++;
		if (this.chunksHanded > this.chunksAsked) {
			this.world.fail("error: more is sent on " + this.name + " than was asked for");
		}
		this.sent.read(chunk);
		arrives(chunk);
		ask();
	}

	@Override
	public void onError(Throwable ex) {
		this.world.fail("error: " + this.name + " failed with " + ex);
	}

	@Override
	public void onComplete() {
		this.noticed = true;
		arrives(END);
	}

	private void handed(String data) {
		String message = Messages.find(data);
		if (message != null) {
			this.handed.putIfAbsent(message, this.chunksHanded);
		}
	}

	// The network

	private void ask() {
		if (this.asking || this.noticed || this.inFlight.size() >= this.room) {
			return;
		}
		this.asking = true;
		this.world.soon(this.node.place(), "can send on " + this.name, () -> {
			Subscription subscription = this.subscription;
			if (!this.noticed && subscription != null) {
				this.chunksAsked++;
				subscription.request(1);
			}
		});
	}

	private void arrives(byte[] chunk) {
		if (!this.closed) {
			this.inFlight.add(chunk);
			readLater();
		}
	}

	private void readLater() {
		this.world.soon(this.reader.place(), "reads from " + this.name, this::readOne);
	}

	private void readOne() {
		if (this.closed || this.stalled || this.inFlight.isEmpty()) {
			return;
		}
		byte[] chunk = this.inFlight.remove();
		if (chunk == END) {
			this.closed = true;
			this.reader.ended(this);
			return;
		}
		this.chunksRead++;
		this.received.read(chunk);
		if (!this.closed) {
			ask();
		}
	}

	// From the client

	/**
	 * Read nothing for a while.
	 * @param delay for how long
	 */
	void stall(Duration delay) {
		if (this.closed || this.stalled) {
			return;
		}
		this.stalled = true;
		this.world.later(this.reader.place(), "reads again from " + this.name, delay, this::goOn);
	}

	private void goOn() {
		this.stalled = false;
		this.inFlight.forEach((chunk) -> readLater());
	}

	/**
	 * Break: what is on its way is lost.
	 * @param noticedAfter when the server finds out
	 */
	void cut(Duration noticedAfter) {
		if (this.closed) {
			return;
		}
		this.world.trace(this.name, "  " + this.name + " is cut");
		this.closed = true;
		this.cut = true;
		this.inFlight.clear();
		this.world.later(this.node.place(), "finds that " + this.name + " is cut", noticedAfter, () -> {
			if (this.noticed) {
				return;
			}
			this.noticed = true;
			Subscription subscription = this.subscription;
			if (subscription != null) {
				subscription.cancel();
			}
		});
		this.reader.ended(this);
	}

	@Override
	public String toString() {
		return this.name;
	}

	/**
	 * Gets what comes over a connection.
	 */
	interface Reader {

		/**
		 * Return where it reads.
		 * @return the place of the client
		 */
		Place place();

		/**
		 * Say whether a message may come more than once, and behind later ones, by way of
		 * several nodes.
		 * @param message its name
		 * @return whether that is no fault
		 */
		boolean mayComeOutOfTurn(String message);

		/**
		 * An event has come.
		 * @param connection on which connection
		 * @param id its ID, if it has one
		 * @param data its data, which may be empty
		 */
		void event(SimulatedConnection connection, @Nullable String id, String data);

		/**
		 * The request was answered as a whole, which ends it.
		 * @param connection its connection
		 * @param status the HTTP status
		 * @param sessionId the session ID that came with it, if any
		 */
		void answer(SimulatedConnection connection, int status, @Nullable String sessionId);

		/**
		 * The connection has ended, in order or not.
		 * @param connection the connection
		 */
		void ended(SimulatedConnection connection);

	}

}

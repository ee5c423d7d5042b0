package io.github.mcppersist.simulation;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * A stream as its client knows it: what it has got, and how far its cursor covers that.
 */
final class FollowedStream {

	private final World world;

	private final String name;

	private final Map<String, Receipt> received = new LinkedHashMap<>();

	private final List<SimulatedConnection> connections = new ArrayList<>();

	/**
	 * How many connections there were when the last one without a cursor was opened.
	 */
	private int plainConnections;

	private @Nullable String cursor;

	private final boolean severalWriters;

	/**
	 * Create a stream that nothing has come on yet.
	 * @param world where
	 * @param name what it is called
	 * @param severalWriters whether several nodes write to it: what one of them has sent
	 * without an ID has its place behind IDs of others then, maybe
	 */
	FollowedStream(World world, String name, boolean severalWriters) {
		this.world = world;
		this.name = name;
		this.severalWriters = severalWriters;
	}

	String name() {
		return this.name;
	}

	@Nullable String cursor() {
		return this.cursor;
	}

	/**
	 * The server doesn't know the cursor any more: what it covered may come again.
	 */
	void forgetCursor() {
		this.cursor = null;
		this.received.values().forEach((receipt) -> receipt.covered = false);
	}

	boolean has(String message) {
		return this.received.containsKey(message);
	}

	int messages() {
		return this.received.size();
	}

	/**
	 * Return how many messages of one sender have come.
	 * @param sender the sender
	 * @return how many, each counted once
	 */
	int messagesOf(String sender) {
		return (int) this.received.keySet().stream().filter((name) -> Messages.senderOf(name).equals(sender)).count();
	}

	void opened(SimulatedConnection connection, boolean plain) {
		if (plain) {
			this.plainConnections = this.connections.size();
			// What the server may not know to have been delivered may come again, and the
			// cursor go back
			this.received.forEach((message, receipt) -> receipt.covered &= connection.had(message));
		}
		this.connections.add(connection);
	}

	boolean wasCut() {
		return this.connections.stream().anyMatch(SimulatedConnection::isCut);
	}

	boolean isAnswered() {
		return this.connections.stream().anyMatch(SimulatedConnection::isAnswered);
	}

	@Nullable SimulatedConnection newest() {
		return this.connections.isEmpty() ? null : this.connections.get(this.connections.size() - 1);
	}

	List<SimulatedConnection> open() {
		return this.connections.stream().filter(SimulatedConnection::isOpen).toList();
	}

	/**
	 * Take what has come.
	 * @param connection on which connection
	 * @param id the event's ID, if it has one
	 * @param message its message, if it has one
	 */
	void take(SimulatedConnection connection, @Nullable String id, @Nullable String message) {
		if (message != null) {
			connection.check(message);
			Receipt receipt = this.received.get(message);
			if (receipt == null || (id != null && !receipt.identified)) {
				// Only with its ID can a server know that it was delivered
				this.received.put(message,
						new Receipt(connection, connection.chunksRead() - 1, this.world.nanoTime(), id != null));
			}
		}
		if (id != null && connection == newest()) {
			this.cursor = id;
			for (String seen : connection.seen()) {
				Receipt receipt = this.received.get(seen);
				if (receipt != null && (receipt.identified || !this.severalWriters)) {
					receipt.cover(connection, this.world.nanoTime());
				}
			}
		}
	}

	/**
	 * Return what must not come again if the client resumes with its cursor.
	 * @return the names of the messages
	 */
	Set<String> covered() {
		Set<String> covered = new HashSet<>();
		this.received.forEach((message, receipt) -> {
			if (receipt.covered) {
				covered.add(message);
			}
		});
		return covered;
	}

	/**
	 * Return what must not come again if the client begins without a cursor: what the
	 * server can know to have been delivered, and tell the node that the client turns to.
	 * @param node the node
	 * @param database the store
	 * @return the names of the messages
	 */
	Set<String> delivered(SimulatedNode node, SimulatedDatabase database) {
		Set<String> delivered = new HashSet<>();
		this.received.forEach((message, receipt) -> {
			SimulatedConnection from = receipt.connection;
			boolean known = from.node() == node || database.outages()
				.leave(receipt.nanos, Math.min(this.world.nanoTime(), from.node().goneNanos()), Simulation.NOTED_WITHIN,
						from.node().pauses());
			if (receipt.covered && from.hasAskedAfter(receipt.chunk + 1) && known) {
				delivered.add(message);
			}
		});
		return delivered;
	}

	/**
	 * Say whether a message was lost on its way to a client that then didn't say what it
	 * had got last.
	 * @param message the message
	 * @return whether it isn't the server's fault
	 */
	boolean wasLostOnItsWay(String message) {
		for (int i = 0; i < this.plainConnections; i++) {
			if (this.connections.get(i).hasSent(message)) {
				return true;
			}
		}
		return false;
	}

	/**
	 * How a message came first, or first with its ID; without one, how the ID came that
	 * covers it.
	 */
	private static final class Receipt {

		/**
		 * Whether it came with its ID.
		 */
		private final boolean identified;

		private SimulatedConnection connection;

		private int chunk;

		private long nanos;

		private boolean covered;

		Receipt(SimulatedConnection connection, int chunk, long nanos, boolean identified) {
			this.connection = connection;
			this.chunk = chunk;
			this.nanos = nanos;
			this.identified = identified;
		}

		void cover(SimulatedConnection by, long now) {
			if (!this.covered && !this.identified) {
				// The server knows that it was delivered if it knows that of the ID
				this.connection = by;
				this.chunk = by.chunksRead() - 1;
				this.nanos = now;
			}
			this.covered = true;
		}

	}

}

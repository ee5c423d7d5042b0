package io.github.mcppersist.stream;

import java.util.List;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;

/**
 * The one connection to which the writer of a stream hands over its events, if there is
 * one on this node: what it is told while there is none goes nowhere. It belongs to the
 * {@link StreamLog}'s mailbox; only {@link #isThere()} is for any thread.
 */
final class AttachedReader {

	private final Mailbox mailbox;

	private final boolean unstoredRefused;

	private volatile @Nullable SseConnection connection;

	/**
	 * Create it without a connection.
	 * @param mailbox the owner of its state, which is that of the connection's, too
	 * @param unstoredRefused whether nothing but a response is delivered that isn't
	 * stored
	 */
	AttachedReader(Mailbox mailbox, boolean unstoredRefused) {
		this.mailbox = mailbox;
		this.unstoredRefused = unstoredRefused;
	}

	/**
	 * Say whether there is a connection.
	 * @return whether somebody reads
	 */
	boolean isThere() {
		return this.connection != null;
	}

	/**
	 * Say whether this is the connection.
	 * @param other a connection of the stream
	 * @return whether no newer one has come, and it hasn't ended
	 */
	boolean is(SseConnection other) {
		assert this.mailbox.isInside();
		return this.connection == other;
	}

	/**
	 * Take a newer connection; the older one is closed.
	 * @param newer the newer connection
	 * @return whether it is taken; not, if it has ended already
	 */
	boolean attach(SseConnection newer) {
		assert this.mailbox.isInside();
		if (newer.isDone()) {
			return false;
		}
		SseConnection older = this.connection;
		this.connection = newer;
		if (older != null) {
			older.finish();
		}
		return true;
	}

	/**
	 * Let a connection go, if it is this one.
	 * @param gone the connection
	 * @return whether it was
	 */
	boolean detach(SseConnection gone) {
		boolean mine = is(gone);
		if (mine) {
			this.connection = null;
		}
		return mine;
	}

	/**
	 * Hand over events that were stored just now.
	 * @param events the events
	 */
	void stored(List<Event> events) {
		SseConnection reader = current();
		if (reader != null) {
			reader.stored(events);
		}
	}

	/**
	 * Hand over an event that has no place in the store yet, unless a connection has read
	 * it, or it may not go out unstored.
	 * @param entry the event
	 * @return whether that is done, or there is nobody to hand it over to; if not, the
	 * connection takes it when it has read what is stored
	 */
	boolean offer(StreamTail.Entry entry) {
		SseConnection reader = current();
		if (reader == null || entry.isFound() || (this.unstoredRefused && !entry.isResponse())) {
			return true;
		}
		boolean taken = reader.offer(entry.event());
		if (taken && entry.isLast()) {
			reader.end();
		}
		return taken;
	}

	/**
	 * The store can't be written to.
	 */
	void storeIsAway() {
		SseConnection reader = current();
		if (reader != null) {
			reader.storeIsAway();
		}
	}

	/**
	 * The store will never take what it was given.
	 */
	void storeRefuses() {
		SseConnection reader = current();
		if (reader != null) {
			reader.storeRefuses();
		}
	}

	/**
	 * Messages will never be in the store.
	 * @param messages their IDs, of which there may be none
	 */
	void dropped(List<EventId> messages) {
		SseConnection reader = current();
		if (reader != null && !messages.isEmpty()) {
			reader.dropped(messages);
		}
	}

	/**
	 * The store has lost events that will be stored once more, at other places.
	 * @param events the events, at the places where they were read
	 */
	void displaced(List<Event> events) {
		SseConnection reader = current();
		if (reader != null) {
			reader.displaced(events);
		}
	}

	/**
	 * The stream isn't where its writer thought: there may be something to read.
	 */
	void look() {
		SseConnection reader = current();
		if (reader != null) {
			reader.look();
		}
	}

	/**
	 * The last event was handed over.
	 */
	void end() {
		SseConnection reader = current();
		if (reader != null) {
			reader.end();
		}
	}

	/**
	 * End the connection at once.
	 */
	void finish() {
		SseConnection reader = current();
		if (reader != null) {
			reader.finish();
		}
	}

	/**
	 * End the connection, unless the end is on its way to the client.
	 */
	void close() {
		SseConnection reader = current();
		if (reader != null) {
			reader.close();
		}
	}

	/**
	 * Close the connection for its client to come back, if it can and is known to.
	 */
	void closeForResume() {
		SseConnection reader = current();
		if (reader != null) {
			reader.closeForResume();
		}
	}

	private @Nullable SseConnection current() {
		assert this.mailbox.isInside();
		return this.connection;
	}

}

package io.github.mcppersist.event;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * One event of a stream: its ID and the message that it carries.
 *
 * @param id the event ID
 * @param message one JSON-RPC message as UTF-8 JSON, or no bytes at all for a priming
 * event. The array is shared, not copied: nobody may change it.
 */
public record Event(EventId id, byte[] message) {

	private static final byte[] NO_MESSAGE = new byte[0];

	public Event {
		Objects.requireNonNull(id, "id must not be null");
		Objects.requireNonNull(message, "message must not be null");
	}

	/**
	 * Return a priming event: an ID for the client to resume from, without a message. It
	 * is stored and never replayed.
	 * @param id the event ID
	 * @return the priming event
	 */
	public static Event priming(EventId id) {
		return new Event(id, NO_MESSAGE);
	}

	/**
	 * Refuse what a store can't take as the next events of a stream.
	 * @param stream the stream
	 * @param events the events that a caller has given
	 * @return an unmodifiable list of them
	 * @throws IllegalArgumentException if there are none, or they don't belong to the
	 * stream, or leave a hole
	 */
	public static List<Event> requireBatch(StreamKey stream, List<Event> events) {
		List<Event> batch = List.copyOf(events);
		if (batch.isEmpty()) {
			throw new IllegalArgumentException("events must not be empty");
		}
		long expected = batch.get(0).id().sequence();
		for (Event event : batch) {
			if (!event.id().streamId().equals(stream.streamId())) {
				throw new IllegalArgumentException(
						"Event " + event.id() + " doesn't belong to stream " + stream.streamId());
			}
			if (event.id().sequence() != expected) {
				throw new IllegalArgumentException("Event " + event.id() + " must have sequence " + expected);
			}
			expected++;
		}
		return batch;
	}

	/**
	 * Say whether this is a priming event.
	 * @return whether this event carries no message
	 */
	public boolean isPriming() {
		return this.message.length == 0;
	}

	/**
	 * Return the same event at another place of its stream.
	 * @param sequence the new place
	 * @return an event with the same tag and message
	 */
	public Event at(long sequence) {
		return new Event(this.id.at(sequence), this.message);
	}

	@Override
	public boolean equals(Object other) {
		return other instanceof Event event && this.id.equals(event.id) && Arrays.equals(this.message, event.message);
	}

	@Override
	public int hashCode() {
		return this.id.hashCode();
	}

	/**
	 * Return the ID and the size; the message is the user's and never printed.
	 */
	@Override
	public String toString() {
		return this.id + " (" + this.message.length + " bytes)";
	}

}

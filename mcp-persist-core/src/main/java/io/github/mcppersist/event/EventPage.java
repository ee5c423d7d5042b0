package io.github.mcppersist.event;

import java.util.List;
import java.util.Objects;

import org.jspecify.annotations.Nullable;

/**
 * What one read of a stream found.
 *
 * @param events the events, in the order in which they were stored; priming events are
 * left out
 * @param lastEventId where the next read goes on: the ID of the last event that this read
 * saw, priming events included, or the ID it was given if it saw none; {@code null} only
 * if both are absent
 * @param rest what there is after this page
 * @param head what is known of the stream beside its events
 */
public record EventPage(List<Event> events, @Nullable EventId lastEventId, Rest rest, StreamHead head) {

	public EventPage {
		events = List.copyOf(events);
		Objects.requireNonNull(rest, "rest must not be null");
		Objects.requireNonNull(head, "head must not be null");
	}

	/**
	 * What there is after a page.
	 */
	public enum Rest {

		/**
		 * More events are stored already.
		 */
		STORED,

		/**
		 * Nothing more is stored yet; the stream goes on.
		 */
		RUNNING,

		/**
		 * Nothing more will ever come: the stream is complete.
		 */
		NONE

	}

}

package io.github.mcppersist.stream;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;

/**
 * How far the client of a connection is: what of the log it has been sent, and what
 * besides. Whatever it is sent of the stream goes through here, so that nothing goes out
 * twice. It belongs to the connection, and is used in its {@link Mailbox} only.
 */
final class ClientProgress {

	private final Mailbox mailbox;

	private final SseOutput output;

	private final ReconnectPolicy reconnects;

	/**
	 * The last event of the log that the connection has passed, or {@code null} for
	 * before the first.
	 */
	private @Nullable EventId position;

	/**
	 * The position, if that is an event that will never be in the log, behind which that
	 * starts anew.
	 */
	private @Nullable EventId gap;

	/**
	 * The last ID that was put into the output: the position, or before it.
	 */
	private @Nullable EventId cursor;

	/**
	 * The tags of events that the client was sent, and that may yet turn up behind the
	 * position.
	 */
	private final Set<String> ahead = new HashSet<>();

	private boolean sentAhead;

	/**
	 * Begin before the first event.
	 * @param mailbox the owner of its state
	 * @param output takes what goes out
	 * @param reconnects what is known of how the client comes back
	 */
	ClientProgress(Mailbox mailbox, SseOutput output, ReconnectPolicy reconnects) {
		this.mailbox = mailbox;
		this.output = output;
		this.reconnects = reconnects;
	}

	@Nullable EventId position() {
		return this.position;
	}

	@Nullable EventId cursor() {
		return this.cursor;
	}

	/**
	 * Say whether the client has events that it doesn't know to be in the log.
	 * @return whether it would get them once more if it came back with its cursor
	 */
	boolean isAhead() {
		return !this.ahead.isEmpty();
	}

	/**
	 * Say whether the client was sent events without an ID. They may be in the log by
	 * now, at the position or before it, so that it would get them once more from there.
	 * @return whether it was, since this began
	 */
	boolean hasSentAhead() {
		return this.sentAhead;
	}

	int ahead() {
		return this.ahead.size();
	}

	boolean hasAhead(Event event) {
		return this.ahead.contains(event.id().tag());
	}

	/**
	 * Say whether a message needn't be sent any more.
	 * @param id its ID
	 * @return whether the client has it
	 */
	boolean has(EventId id) {
		return isPast(id) || this.ahead.contains(id.tag());
	}

	boolean isPast(Event event) {
		return isPast(event.id());
	}

	boolean isPast(EventId id) {
		return this.position != null && id.sequence() <= this.position.sequence();
	}

	/**
	 * Say whether an event is the very next one of the log.
	 * @param event the event
	 * @return whether nothing can be between the position and it, as far as it tells
	 */
	boolean isNext(Event event) {
		return event.id().sequence() == ((this.position != null) ? this.position.sequence() + 1 : 1);
	}

	/**
	 * Begin elsewhere, with nothing to come back with.
	 * @param start the last event that counts as sent, or {@code null} for none
	 */
	void beginAfter(@Nullable EventId start) {
		assert this.mailbox.isInside();
		this.position = start;
	}

	/**
	 * Pass what will never be in the log, behind which that starts anew.
	 * @param last the last event of it
	 */
	void passGap(EventId last) {
		assert this.mailbox.isInside();
		this.position = last;
		this.gap = last;
	}

	/**
	 * Say whether the position isn't a place to read after.
	 * @return whether all that will be in the log is behind it
	 */
	boolean isAtGap() {
		return this.gap != null && this.gap.equals(this.position);
	}

	/**
	 * Begin where the client says that it is.
	 * @param lastEventId the client's cursor
	 */
	void resumeAfter(EventId lastEventId) {
		assert this.mailbox.isInside();
		this.position = lastEventId;
		this.cursor = lastEventId;
	}

	/**
	 * Send what was read behind the position, but for what the client has.
	 * @param page the events
	 */
	void read(EventPage page) {
		assert this.mailbox.isInside();
		for (Event event : page.events()) {
			if (!this.ahead.remove(event.id().tag())) {
				send(event);
			}
		}
		EventId last = page.lastEventId();
		if (last != null) {
			this.position = last;
		}
	}

	/**
	 * Send the next event of the log, unless the client has it.
	 * @param event the event
	 */
	void take(Event event) {
		assert this.mailbox.isInside();
		boolean sent = this.ahead.remove(event.id().tag());
		this.position = event.id();
		if (event.isPriming()) {
			moveCursor();
		}
		else if (!sent) {
			send(event);
		}
	}

	private void send(Event event) {
		this.cursor = event.id();
		this.output.add(SseFrame.stored(event));
	}

	/**
	 * Send an event that has no place in the log yet, without an ID.
	 * @param event the event
	 */
	void sendAhead(Event event) {
		assert this.mailbox.isInside();
		this.sentAhead = true;
		this.ahead.add(event.id().tag());
		this.output.add(SseFrame.unstored(event));
	}

	/**
	 * Note that an event is in the log at or before the position.
	 * @param event the event
	 */
	void passed(Event event) {
		assert this.mailbox.isInside();
		this.ahead.remove(event.id().tag());
	}

	/**
	 * Note that events which the client may have will be in the log once more, at other
	 * places.
	 * @param events the events, at the places where they were read
	 */
	void displaced(List<Event> events) {
		assert this.mailbox.isInside();
		events.stream().filter(this::isPast).forEach((event) -> this.ahead.add(event.id().tag()));
	}

	/**
	 * Note that messages will never be in the log.
	 * @param messages their IDs
	 * @return whether the client has all of them
	 */
	boolean dropped(List<EventId> messages) {
		assert this.mailbox.isInside();
		boolean sent = true;
		for (EventId id : messages) {
			sent &= this.ahead.remove(id.tag());
		}
		return sent;
	}

	/**
	 * Tell the client its position, if it isn't its cursor, and if it is one that takes
	 * an ID without a message. Not while it is ahead: if it came back from there it would
	 * get once more what it has.
	 */
	void moveCursor() {
		assert this.mailbox.isInside();
		EventId position = this.position;
		if (position == null || position.equals(this.cursor)) {
			return;
		}
		if (isAhead() || !this.reconnects.isPriming()) {
			return;
		}
		this.cursor = position;
		this.output.add(SseFrame.cursor(position, this.reconnects.retry()));
	}

	/**
	 * Tell the client its cursor once more, to come back with.
	 * @return whether it can come back with it; not, if it has none, or is ahead of it
	 */
	boolean repeatCursor() {
		assert this.mailbox.isInside();
		if (this.cursor == null || !this.reconnects.isPriming() || isAhead()) {
			return false;
		}
		this.output.add(SseFrame.cursor(this.cursor, this.reconnects.retry()));
		return true;
	}

}

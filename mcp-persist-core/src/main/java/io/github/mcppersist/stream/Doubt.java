package io.github.mcppersist.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.EventsUnreadableException;
import io.github.mcppersist.event.StreamKey;

/**
 * The call of the store that may have been carried out, though the store hasn't said so.
 * It is made again in just the same way, since only that is idempotent. If that can't be
 * done, since some of its events were dropped or it would undo what others have stored
 * since, it is <em>unsettled</em>: until the store has been asked, nobody knows whether
 * these events are part of the stream. It belongs to the {@link StreamLog}'s mailbox.
 */
final class Doubt {

	private final StreamContext context;

	private final Mailbox mailbox;

	private final StreamKey stream;

	private StreamTail.@Nullable Batch batch;

	/**
	 * The last event of an unsettled call: it is stored if any of them is.
	 */
	private @Nullable EventId unsettled;

	private final List<EventId> dropped = new ArrayList<>();

	/**
	 * Whether the unsettled call would open the stream.
	 */
	private boolean opening;

	/**
	 * Whether events were dropped since.
	 */
	private boolean holed;

	private boolean followedByGap;

	/**
	 * Begin without a call.
	 * @param context what all streams share
	 * @param mailbox the owner of its state
	 * @param stream the stream
	 */
	Doubt(StreamContext context, Mailbox mailbox, StreamKey stream) {
		this.context = context;
		this.mailbox = mailbox;
		this.stream = stream;
	}

	/**
	 * Doubt that a call is carried out, from before it is made.
	 * @param batch what is to be stored
	 */
	void begin(StreamTail.Batch batch) {
		assert this.mailbox.isInside();
		this.batch = batch;
	}

	/**
	 * Return what to store once more in just the same way.
	 * @return what was to be stored, or {@code null} if that is settled, or can't be
	 * settled in this way
	 */
	StreamTail.@Nullable Batch batch() {
		assert this.mailbox.isInside();
		return this.batch;
	}

	/**
	 * The store has said what became of the call, or it doesn't matter any more.
	 */
	void forgetBatch() {
		assert this.mailbox.isInside();
		this.batch = null;
	}

	/**
	 * The call can't be made again.
	 * @param opening whether it would open the stream
	 */
	void unsettle(boolean opening) {
		assert this.mailbox.isInside();
		this.opening = opening;
		this.unsettled = Objects.requireNonNull(this.batch).last();
		this.batch = null;
	}

	/**
	 * Return the last event of a call that can't be made again.
	 * @return what to {@linkplain #isStored ask} the store for, or {@code null}
	 */
	@Nullable EventId unsettled() {
		assert this.mailbox.isInside();
		return this.unsettled;
	}

	/**
	 * Return what isn't known to be stored.
	 * @return the last event that is in doubt, or {@code null} if none is
	 */
	@Nullable EventId last() {
		assert this.mailbox.isInside();
		return (this.batch != null) ? this.batch.last() : this.unsettled;
	}

	/**
	 * Ask the store for an event.
	 * @param id the event's ID
	 * @return whether it is stored; fails with what the store says if it doesn't tell
	 */
	Mono<Boolean> isStored(EventId id) {
		assert this.mailbox.isInside();
		return this.context.store().replayEventsAfter(this.stream, id, 1).map((page) -> true).onErrorResume((ex) -> {
			if (ex instanceof EventsUnreadableException) {
				// What follows can't be read, but it itself is there
				return Mono.just(true);
			}
			boolean gone = ex instanceof EventNotFoundException || ex instanceof EventsTrimmedException;
			return gone ? Mono.just(false) : Mono.error(ex);
		});
	}

	/**
	 * Note that messages are not kept here any more.
	 * @param messages their IDs, in order
	 * @return those that aren't in doubt, so that they will never be stored
	 */
	List<EventId> drop(List<EventId> messages) {
		assert this.mailbox.isInside();
		EventId last = this.unsettled;
		if (last == null) {
			return messages;
		}
		this.holed = true;
		List<EventId> lost = new ArrayList<>();
		messages.forEach((id) -> ((id.sequence() <= last.sequence()) ? this.dropped : lost).add(id));
		this.followedByGap |= !lost.isEmpty();
		return lost;
	}

	/**
	 * Say whether a message that is in doubt can't be handed over any more, so that only
	 * a read can bring it.
	 * @param known tells whether a message needn't be handed over, by its ID
	 * @return whether there is one that has to be
	 */
	boolean hasDropped(Predicate<EventId> known) {
		assert this.mailbox.isInside();
		return !this.dropped.stream().allMatch(known);
	}

	/**
	 * Say whether what follows the events in doubt was dropped.
	 * @return whether the stream has a gap, even if they are stored
	 */
	boolean isFollowedByGap() {
		assert this.mailbox.isInside();
		return this.followedByGap;
	}

	/**
	 * Say whether the stream has to be opened if the events in doubt aren't stored.
	 * @return whether it isn't open, or some of them were dropped
	 */
	boolean isBehindGap() {
		assert this.mailbox.isInside();
		return this.opening || this.holed;
	}

	/**
	 * Take note of what a connection has read: to that one nothing is lost.
	 * @param stored the IDs of events that are stored
	 */
	void found(Set<EventId> stored) {
		assert this.mailbox.isInside();
		if (this.unsettled != null && stored.contains(this.unsettled)) {
			this.dropped.clear();
		}
	}

	/**
	 * The store has told of an unsettled call.
	 * @return the messages that were in doubt and aren't kept here any more
	 */
	List<EventId> settle() {
		assert this.mailbox.isInside();
		List<EventId> dropped = List.copyOf(this.dropped);
		this.dropped.clear();
		this.followedByGap = false;
		this.holed = false;
		this.unsettled = null;
		return dropped;
	}

}

package io.github.mcppersist.stream;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.EventId;

/**
 * What a call of the store may have stored, if that call can't be made once more: some of
 * its events were dropped, or it would undo what others have stored since. Until the
 * store has been asked, nobody knows whether these events are part of the stream. It
 * belongs to the {@link StreamLog}'s mailbox.
 */
final class Doubt {

	private final List<EventId> dropped = new ArrayList<>();

	private @Nullable EventId last;

	private boolean followedByGap;

	/**
	 * Doubt that a call was carried out.
	 * @param last the last event of the call: it is stored if any of them is
	 */
	void begin(EventId last) {
		this.last = last;
	}

	/**
	 * Return what to ask the store for.
	 * @return the last event that is in doubt, or {@code null} if none is
	 */
	@Nullable EventId last() {
		return this.last;
	}

	/**
	 * Note that messages are not kept here any more.
	 * @param messages their IDs, in order
	 * @return those that aren't in doubt, so that they will never be stored
	 */
	List<EventId> drop(List<EventId> messages) {
		EventId last = this.last;
		if (last == null) {
			return messages;
		}
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
		return !this.dropped.stream().allMatch(known);
	}

	/**
	 * Say whether what follows the events in doubt was dropped.
	 * @return whether the stream has a gap, even if they are stored
	 */
	boolean isFollowedByGap() {
		return this.followedByGap;
	}

	/**
	 * Take note of what a connection has read: to that one nothing is lost.
	 * @param stored the IDs of events that are stored
	 */
	void found(Set<EventId> stored) {
		if (this.last != null && stored.contains(this.last)) {
			this.dropped.clear();
		}
	}

	/**
	 * The store has told.
	 * @return the messages that were in doubt and aren't kept here any more
	 */
	List<EventId> end() {
		List<EventId> dropped = List.copyOf(this.dropped);
		this.dropped.clear();
		this.followedByGap = false;
		this.last = null;
		return dropped;
	}

}

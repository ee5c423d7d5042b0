package io.github.mcppersist.stream;

import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.EventsUnreadableException;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.observe.EndpointObserver.Resume;
import io.github.mcppersist.observe.ResumeOutcome;

/**
 * Reads a stream for one connection, a page at a time, from the first page that answers
 * its request to the last one. It alone says what a read has found, and tells how a
 * resume goes on. The connection has one read under way at a time.
 */
public final class PageReader {

	private final StreamContext context;

	private final StreamKey stream;

	private final @Nullable Resume observed;

	/**
	 * Where to begin, until the store has said what is there.
	 */
	private @Nullable Supplier<Mono<EventId>> start;

	/**
	 * Create a reader.
	 * @param context what all streams share
	 * @param stream the stream
	 * @param observed is told how the resume goes on that the connection is, or
	 * {@code null} if it isn't one
	 */
	public PageReader(StreamContext context, StreamKey stream, @Nullable Resume observed) {
		this.context = context;
		this.stream = stream;
		this.observed = observed;
	}

	/**
	 * Find out where the last connection of the stream left off before anything is read,
	 * since this node may not know. To be called before the first read.
	 * @param start where that is, empty for nowhere; fails with an
	 * {@link EventStoreUnavailableException} while that can't be known
	 */
	public void askWhereToBegin(Supplier<Mono<EventId>> start) {
		this.start = start;
	}

	StreamKey stream() {
		return this.stream;
	}

	/**
	 * Read a page: about half of what may wait for a slow client.
	 * @param after the last event that the client has as far as this node knows, or
	 * {@code null} to read from the oldest one that is kept
	 * @param then is told what was found, on a delivery thread
	 */
	public void read(@Nullable EventId after, Consumer<Result> then) {
		Supplier<Mono<EventId>> start = this.start;
		Mono<EventPage> page = (start != null) ? askedFirst(start, after) : page(after);
		page.subscribe((read) -> then.accept(found(read)), (ex) -> then.accept(notFound(ex)));
	}

	private Mono<EventPage> askedFirst(Supplier<Mono<EventId>> start, @Nullable EventId after) {
		return Mono.defer(start)
			.map((noted) -> page(isBefore(after, noted) ? noted : after))
			.defaultIfEmpty(page(after))
			.flatMap(Function.identity());
	}

	private Mono<EventPage> page(@Nullable EventId after) {
		int maxBytes = Math.max(1, this.context.settings().maxConnectionBytes() / 2);
		return Mono.defer(() -> this.context.store().replayEventsAfter(this.stream, after, maxBytes));
	}

	private static boolean isBefore(@Nullable EventId id, EventId other) {
		return id == null || id.sequence() < other.sequence();
	}

	private Result found(EventPage page) {
		this.start = null;
		if (this.observed != null) {
			this.observed.replayed(page.events().size());
		}
		return new Page(page);
	}

	private Result notFound(Throwable ex) {
		if (ex instanceof EventStoreUnavailableException) {
			return new Away(ex);
		}
		this.start = null;
		if (ex instanceof EventsTrimmedException trimmed) {
			this.context.gapFound(this.stream);
			ended(ResumeOutcome.GAP, ex);
			return new Gap(trimmed.requestIds(), null);
		}
		if (ex instanceof EventsUnreadableException unreadable) {
			this.context.gapFound(this.stream);
			ended(ResumeOutcome.GAP, ex);
			return new Gap(unreadable.requestIds(), unreadable.lastUnreadable());
		}
		ended(ResumeOutcome.UNKNOWN_EVENT, ex);
		return new Unknown(ex);
	}

	/**
	 * The resume is over, if there is one and it isn't over already.
	 * @param outcome how it ended
	 * @param failure what the store said if that is why, or {@code null}
	 */
	void ended(ResumeOutcome outcome, @Nullable Throwable failure) {
		if (this.observed != null) {
			this.observed.ended(outcome, failure);
		}
	}

	/**
	 * What a read has found.
	 */
	public sealed interface Result {

	}

	/**
	 * What there is after the client's event.
	 *
	 * @param page the events
	 */
	public record Page(EventPage page) implements Result {

		/**
		 * Say whether the client has all of a stream that is complete.
		 * @return whether there is nothing, and never will be
		 */
		public boolean isEnd() {
			return this.page.events().isEmpty() && this.page.rest() == EventPage.Rest.NONE;
		}

	}

	/**
	 * The store can't be read for now.
	 *
	 * @param failure what it says
	 */
	public record Away(Throwable failure) implements Result {
	}

	/**
	 * Something after the client's event isn't kept any more, or can't be read.
	 *
	 * @param requestIds what the stream answers, or {@code null} for nothing
	 * @param last the last event that can't be read, or {@code null} if events are gone,
	 * of which nobody knows which was the last
	 */
	public record Gap(@Nullable RequestIds requestIds, @Nullable EventId last) implements Result {
	}

	/**
	 * There is no such stream, or it has no such event.
	 *
	 * @param failure what the store says
	 */
	public record Unknown(Throwable failure) implements Result {
	}

}

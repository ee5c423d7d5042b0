package io.github.mcppersist.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.StreamKey;

/**
 * Reads pages of streams: one round trip for the header and the length, which say how
 * many events a page may have, and one for the events. Between the two the stream may be
 * trimmed; a page therefore begins with the cursor's own element, and its tag proves that
 * the page is where it should be.
 */
final class StreamReader {

	private static final int MAX_ATTEMPTS = 3;

	private static final int MAX_EVENTS = 10_000;

	private final RedisCalls calls;

	private final RedisKeys keys;

	StreamReader(RedisCalls calls, RedisKeys keys) {
		this.calls = calls;
		this.keys = keys;
	}

	void read(StreamKey stream, @Nullable EventId cursor, int maxBytes, MonoSink<EventPage> sink) {
		byte[] key = RedisKeys.bytes(this.keys.stream(stream));
		byte[] tombstone = RedisKeys.bytes(this.keys.tombstone(stream.sessionId()));
		new Read(stream, key, tombstone, cursor, maxBytes, sink).start();
	}

	/**
	 * Find out whether a stream holds events.
	 * @param stream the stream
	 * @param base the stream's base
	 * @param events the events, none of them before the base
	 * @param callback gets the answer, or else why there is none
	 */
	void holds(StreamKey stream, long base, List<Event> events,
			BiConsumer<@Nullable Boolean, @Nullable Throwable> callback) {
		byte[] key = RedisKeys.bytes(this.keys.stream(stream));
		long first = events.get(0).id().sequence() - base;
		long bytes = events.stream().mapToLong((event) -> event.message().length).sum();
		this.calls.<List<byte[]>>read(bytes, (link, withBody) -> link.range(key, first, first + events.size() - 1),
				(elements, failure) -> {
					if (elements == null) {
						callback.accept(null, failure);
						return;
					}
					boolean holds = elements.size() == events.size();
					for (int i = 0; holds && i < events.size(); i++) {
						holds = StreamElement.isOf(events.get(i).id(), elements.get(i));
					}
					callback.accept(holds, null);
				});
	}

	private final class Read {

		private final StreamKey stream;

		private final byte[] key;

		private final byte[] tombstone;

		private @Nullable EventId cursor;

		private final int maxBytes;

		private final MonoSink<EventPage> sink;

		private int attempts;

		Read(StreamKey stream, byte[] key, byte[] tombstone, @Nullable EventId cursor, int maxBytes,
				MonoSink<EventPage> sink) {
			this.stream = stream;
			this.key = key;
			this.tombstone = tombstone;
			this.cursor = cursor;
			this.maxBytes = maxBytes;
			this.sink = sink;
		}

		void start() {
			this.attempts++;
			StreamReader.this.calls.<RedisLink.StreamState>read(0,
					(link, withBody) -> link.state(this.key, this.tombstone), (state, failure) -> {
						if (state == null) {
							fail(failure);
						}
						else {
							this.guard(() -> found(state));
						}
					});
		}

		private void found(RedisLink.StreamState state) {
			byte[] element = state.header();
			if (element == null || state.deleted()) {
				this.sink.error(new EventNotFoundException());
				return;
			}
			StreamHeader header = StreamHeader.parse(element);
			long first = 0;
			EventId cursor = this.cursor;
			if (cursor != null) {
				first = cursor.sequence() - header.base();
				if (first <= 0) {
					this.sink.error(new EventsTrimmedException(this.stream, header.requestId()));
					return;
				}
				if (first >= state.length()) {
					this.sink.error(new EventNotFoundException());
					return;
				}
			}
			int count = Math.max(1, Math.min(MAX_EVENTS, this.maxBytes / Math.max(1, header.largestElement())));
			long from = first;
			StreamReader.this.calls.<List<byte[]>>read((long) count * header.largestElement(),
					(link, withBody) -> link.range(this.key, from, from + count), (elements, failure) -> {
						if (elements == null) {
							fail(failure);
						}
						else {
							this.guard(() -> page(header, state.length(), from, elements));
						}
					});
		}

		private void page(StreamHeader before, long length, long from, List<byte[]> elements) {
			StreamHeader header = before;
			EventId cursor = this.cursor;
			if (elements.isEmpty()) {
				again();
				return;
			}
			if (cursor == null) {
				// This read has the header itself, and so the base that goes with it.
				header = StreamHeader.parse(elements.get(0));
			}
			else if (!StreamElement.isOf(cursor, elements.get(0))) {
				again();
				return;
			}
			List<Event> events = new ArrayList<>(elements.size() - 1);
			EventId last = cursor;
			for (int i = 1; i < elements.size(); i++) {
				Event event = StreamElement.parse(this.stream.streamId(), header.base() + from + i, elements.get(i));
				last = event.id();
				if (!event.isPriming()) {
					events.add(event);
				}
			}
			boolean more = from + elements.size() < length;
			if (events.isEmpty() && more) {
				// Nothing but priming events: there is an event after them.
				this.cursor = last;
				this.attempts = 0;
				start();
				return;
			}
			EventPage.Rest rest = more ? EventPage.Rest.STORED
					: before.complete() ? EventPage.Rest.NONE : EventPage.Rest.RUNNING;
			this.sink.success(new EventPage(events, last, rest));
		}

		// What the second round trip found isn't what the first one promised: the stream
		// was trimmed or started anew in between, or the cursor is of a time before the
		// log was rolled back.
		private void again() {
			if (this.attempts < MAX_ATTEMPTS) {
				start();
			}
			else {
				this.sink.error(new EventNotFoundException());
			}
		}

		private void guard(Runnable step) {
			try {
				step.run();
			}
			catch (RuntimeException ex) {
				this.sink.error(new EventStoreUnavailableException(
						"Redis holds something else than events of this version under " + this.stream.streamId(), ex));
			}
		}

		private void fail(@Nullable Throwable failure) {
			this.sink.error((failure != null) ? failure : new EventStoreUnavailableException("Redis gave no answer"));
		}

	}

}

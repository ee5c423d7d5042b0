package io.github.mcppersist.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;
import io.github.mcppersist.event.EventNotFoundException;
import io.github.mcppersist.event.EventPage;
import io.github.mcppersist.event.EventStoreUnavailableException;
import io.github.mcppersist.event.EventsTrimmedException;
import io.github.mcppersist.event.StoredStream;
import io.github.mcppersist.event.StreamKey;

/**
 * Reads pages of streams: one round trip for the header and the length, which say how
 * many events a page may have, and one for the events. Between the two the stream may be
 * trimmed; a page therefore begins with the cursor's own element, and its tag proves that
 * the page is where it should be. Of a watched stream enough is known to send both at
 * once.
 */
final class StreamReader {

	private static final int MAX_ATTEMPTS = 3;

	private static final int MAX_EVENTS = 10_000;

	private final RedisNode node;

	private final StreamWatches watches;

	private final StreamRenewal renewal;

	StreamReader(RedisNode node, StreamWatches watches, StreamRenewal renewal) {
		this.node = node;
		this.watches = watches;
		this.renewal = renewal;
	}

	void read(StreamKey stream, @Nullable EventId cursor, int maxBytes, MonoSink<EventPage> sink) {
		String key = this.node.keys().stream(stream);
		byte[] tombstone = RedisKeys.bytes(this.node.keys().tombstone(stream.sessionName()));
		Read read = new Read(stream, key, tombstone, cursor, maxBytes, sink);
		StreamHint.Extent extent = this.watches.extent(key);
		if (cursor != null && extent != null && cursor.sequence() > extent.base()
				&& cursor.sequence() < extent.newest()) {
			read.startAtOnce(cursor, extent);
		}
		else {
			read.start();
		}
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
		byte[] key = RedisKeys.bytes(this.node.keys().stream(stream));
		long first = events.get(0).id().sequence() - base;
		long bytes = events.stream().mapToLong((event) -> event.message().length).sum();
		this.node.<List<byte[]>>call(Operation.LRANGE, key, bytes,
				(link, withBody) -> link.range(key, first, first + events.size() - 1), (elements, failure) -> {
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

	/**
	 * Say what there is of a stream besides its events.
	 * @param stream the stream
	 * @return what there is, or nothing if there is no such stream
	 */
	Mono<StoredStream> describe(StreamKey stream) {
		byte[][] keys = { RedisKeys.bytes(this.node.keys().stream(stream)),
				RedisKeys.bytes(this.node.keys().tombstone(stream.sessionName())) };
		return this.node.read(LuaScript.FIND_STREAM, keys).mapNotNull(StreamState::parse).map((state) -> {
			StreamHeader header = state.header();
			return new StoredStream(stream.streamId(), header.head(), header.base() + state.length() - 1,
					header.complete());
		});
	}

	private final class Read {

		private final StreamKey stream;

		private final String name;

		private final byte[] key;

		private final byte[] tombstone;

		private @Nullable EventId cursor;

		private final int maxBytes;

		private final MonoSink<EventPage> sink;

		private int attempts;

		Read(StreamKey stream, String key, byte[] tombstone, @Nullable EventId cursor, int maxBytes,
				MonoSink<EventPage> sink) {
			this.stream = stream;
			this.name = key;
			this.key = RedisKeys.bytes(key);
			this.tombstone = tombstone;
			this.cursor = cursor;
			this.maxBytes = maxBytes;
			this.sink = sink;
		}

		/**
		 * Read what is known to be there, and what is known about the stream with it.
		 * @param cursor the cursor
		 * @param extent how far the stream goes: what came after that may be larger, and
		 * isn't read
		 */
		void startAtOnce(EventId cursor, StreamHint.Extent extent) {
			long first = cursor.sequence() - extent.base();
			long last = Math.min(first + maxCount(extent.largestElement()), extent.newest() - extent.base());
			StreamReader.this.node.<Found>call(Operation.LRANGE, this.key, (last - first) * extent.largestElement(),
					(link, withBody) -> stateAndRange(link, withBody, first, last), (found, failure) -> {
						if (found == null) {
							this.sink.error(RedisNode.failed(failure));
						}
						else {
							this.guard(() -> foundAtOnce(found, cursor, extent.base(), first));
						}
					});
		}

		private void foundAtOnce(Found found, EventId cursor, long base, long first) {
			StreamState state = StreamState.parse(found.state());
			List<byte[]> elements = found.elements();
			if (state != null && state.header().base() == base && !elements.isEmpty()
					&& StreamElement.isOf(cursor, elements.get(0))) {
				page(state, first, elements);
			}
			else {
				found(state);
			}
		}

		private int maxCount(int largestElement) {
			return Math.max(1, Math.min(MAX_EVENTS, this.maxBytes / Math.max(1, largestElement)));
		}

		void start() {
			this.attempts++;
			StreamReader.this.node.<List<Object>>call(LuaScript.FIND_STREAM.operation(), this.key, 0, this::state,
					(reply, failure) -> {
						if (reply == null) {
							this.sink.error(RedisNode.failed(failure));
						}
						else {
							this.guard(() -> found(StreamState.parse(reply)));
						}
					});
		}

		private CompletableFuture<List<Object>> state(RedisLink link, boolean withBody) {
			return link.eval(LuaScript.FIND_STREAM, withBody, new byte[][] { this.key, this.tombstone }, new byte[0][]);
		}

		private CompletableFuture<Found> stateAndRange(RedisLink link, boolean withBody, long first, long last) {
			CompletableFuture<List<Object>> state = state(link, withBody);
			CompletableFuture<List<byte[]>> range = link.range(this.key, first, last);
			return RedisLink.cancelling(state.thenCombine(range, Found::new), state, range);
		}

		private void found(@Nullable StreamState state) {
			if (state == null) {
				this.sink.error(new EventNotFoundException());
				return;
			}
			StreamHeader header = state.header();
			long first = 0;
			EventId cursor = this.cursor;
			if (cursor != null) {
				first = cursor.sequence() - header.base();
				if (first <= 0) {
					this.sink.error(new EventsTrimmedException(this.stream, header.requestIds()));
					return;
				}
				if (first >= state.length()) {
					this.sink.error(new EventNotFoundException());
					return;
				}
			}
			int count = maxCount(header.largestElement());
			long from = first;
			StreamReader.this.node.<List<byte[]>>call(Operation.LRANGE, this.key,
					(long) count * header.largestElement(),
					(link, withBody) -> link.range(this.key, from, from + count), (elements, failure) -> {
						if (elements == null) {
							this.sink.error(RedisNode.failed(failure));
						}
						else {
							this.guard(() -> page(state, from, elements));
						}
					});
		}

		private void page(StreamState state, long from, List<byte[]> elements) {
			StreamHeader before = state.header();
			long length = state.length();
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
			// The stream may have been trimmed since its length was read: the base of
			// then goes with that.
			StreamReader.this.watches.learn(this.name,
					new StreamHint.Extent(header.base(), before.base() + length - 1, header.largestElement()));
			if (before.complete()) {
				StreamReader.this.renewal.readComplete(this.stream, state.keptMillis());
			}
			else if (before.head().reader() == null) {
				StreamReader.this.watches.unmarked(this.name);
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
			// The list may have grown since the header was read, and then that doesn't
			// say whether what came is the end
			long seen = from + elements.size();
			boolean more = seen < length || (seen > length && !before.complete());
			if (events.isEmpty() && more) {
				// Nothing but priming events: there is an event after them.
				this.cursor = last;
				this.attempts = 0;
				start();
				return;
			}
			EventPage.Rest rest = more ? EventPage.Rest.STORED
					: before.complete() ? EventPage.Rest.NONE : EventPage.Rest.RUNNING;
			this.sink.success(new EventPage(events, last, rest, header.head()));
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

	}

	/**
	 * What there is of a stream besides its events.
	 *
	 * @param header the header
	 * @param length the length of the list, the header included
	 * @param keptMillis how long it is kept
	 */
	private record StreamState(StreamHeader header, long length, long keptMillis) {

		static @Nullable StreamState parse(List<Object> reply) {
			return reply.isEmpty() ? null : new StreamState(StreamHeader.parse((byte[]) reply.get(0)),
					(Long) reply.get(1), (Long) reply.get(2));
		}

	}

	private record Found(List<Object> state, List<byte[]> elements) {

	}

}

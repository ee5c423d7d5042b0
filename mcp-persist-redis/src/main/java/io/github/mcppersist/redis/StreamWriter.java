package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;
import java.util.List;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.MonoSink;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.Revision;
import io.github.mcppersist.event.SessionDeletedException;
import io.github.mcppersist.event.StreamConflictException;
import io.github.mcppersist.event.StreamKey;
import io.github.mcppersist.event.StreamNotFoundException;

/**
 * Opens, appends to and completes streams, and drops what goes beyond the bounds.
 */
final class StreamWriter {

	private static final StreamBounds.Written OPENED = new StreamBounds.Written(true, false, true);

	/**
	 * How many streams a session has at most. Beyond it the oldest complete ones go.
	 */
	private static final byte[] MAX_STREAMS = RedisNode.number(100_000);

	private static final byte[] NO_TTL = { '0' };

	private static final byte[] NOTHING = {};

	private final RedisNode node;

	private final StreamBounds bounds;

	private final StreamReader reader;

	private final StreamWatches watches;

	private final StreamRenewal renewal;

	private final StreamTtls ttls;

	StreamWriter(RedisNode node, StreamBounds bounds, StreamReader reader, StreamWatches watches, StreamRenewal renewal,
			StreamTtls ttls) {
		this.node = node;
		this.bounds = bounds;
		this.reader = reader;
		this.watches = watches;
		this.renewal = renewal;
		this.ttls = ttls;
	}

	void open(StreamKey stream, @Nullable RequestIds requestIds, List<Event> events, MonoSink<Revision> sink) {
		List<String> finished = this.bounds.takeFinished(stream.sessionName());
		byte[][] elements = new byte[events.size()][];
		long bytes = toElements(events, elements, 0);
		StreamHeader header = new StreamHeader(false, events.get(0).id().sequence() - 1, this.node.id(),
				StreamHeader.NO_NODE, largest(elements, 0), requestIds);
		byte[][] arguments = new byte[8 + finished.size() + elements.length][];
		arguments[0] = this.ttls.running();
		arguments[1] = this.ttls.index();
		arguments[2] = header.toBytes();
		arguments[3] = RedisKeys.bytes(stream.streamId());
		arguments[4] = this.ttls.runningIndexed();
		arguments[5] = this.ttls.completed();
		arguments[6] = MAX_STREAMS;
		arguments[7] = RedisNode.number(finished.size());
		for (int i = 0; i < finished.size(); i++) {
			arguments[8 + i] = RedisKeys.bytes(finished.get(i));
		}
		System.arraycopy(elements, 0, arguments, 8 + finished.size(), elements.length);
		byte[][] keys = { RedisKeys.bytes(this.node.keys().stream(stream)),
				RedisKeys.bytes(this.node.keys().tombstone(stream.sessionName())),
				RedisKeys.bytes(this.node.keys().streams(stream.sessionName())),
				RedisKeys.bytes(this.node.keys().record(stream.sessionName())) };
		this.node.write(LuaScript.OPEN, bytes, keys, arguments, (reply, failure) -> {
			if (reply == null) {
				this.bounds.putBackFinished(stream.sessionName(), finished);
				sink.error(RedisNode.refused(failure));
				return;
			}
			switch (RedisNode.code(reply)) {
				case 1 -> {
					stored(stream, events, OPENED);
					dropCompleted(stream.sessionName(), reply.subList(2, reply.size()));
					sink.success(revision((Long) reply.get(1)));
				}
				case -1 -> sink.error(new SessionDeletedException());
				default -> sink.error(conflict(stream, reply));
			}
		});
	}

	void append(StreamKey stream, List<Event> events, boolean complete, MonoSink<Void> sink) {
		int first = 4;
		byte[][] arguments = new byte[first + events.size()][];
		long bytes = toElements(events, arguments, first);
		int largest = largest(arguments, first);
		StreamBounds.Upkeep upkeep = this.bounds.upkeep(stream, largest);
		arguments[0] = RedisNode.number(events.get(0).id().sequence());
		arguments[1] = complete ? this.ttls.completed() : upkeep.renewal() ? this.ttls.running() : NO_TTL;
		arguments[2] = upkeep.growth() ? StreamHeader.elementSize(largest) : NOTHING;
		arguments[3] = this.node.channel();
		byte[][] keys = { RedisKeys.bytes(this.node.keys().stream(stream)) };
		LuaScript script = complete ? LuaScript.COMPLETE : LuaScript.APPEND;
		StreamBounds.Written written = new StreamBounds.Written(false, complete, upkeep.renewal());
		this.node.write(script, bytes, keys, arguments, (reply, failure) -> {
			if (reply == null) {
				sink.error(RedisNode.refused(failure));
				return;
			}
			switch (RedisNode.code(reply)) {
				case 1 -> {
					stored(stream, events, written);
					if (!complete && upkeep.renewal()) {
						// The stream itself was renewed with the append, which has one
						// key
						this.renewal.renewInBackground(stream);
					}
					sink.success();
				}
				case 0 -> sink.error(new StreamNotFoundException(stream));
				default -> storedBefore(stream, events, complete, reply, sink);
			}
		});
	}

	// The stream isn't where the events belong. If that is because they are there
	// already, this call is one that was sent twice, and it is done.
	private void storedBefore(StreamKey stream, List<Event> events, boolean complete, List<Object> reply,
			MonoSink<Void> sink) {
		StreamConflictException conflict = conflict(stream, reply);
		long base = (Long) reply.get(3);
		long first = Math.max(events.get(0).id().sequence(), base + 1);
		long last = events.get(events.size() - 1).id().sequence();
		boolean possible = (complete ? conflict.isComplete() && last == conflict.nextSequence() - 1
				: last < conflict.nextSequence()) && first <= last;
		if (!possible) {
			sink.error(conflict);
			return;
		}
		List<Event> expected = events.subList(events.size() - (int) (last - first + 1), events.size());
		this.reader.holds(stream, base, expected, (holds, failure) -> {
			if (holds == null) {
				sink.error(RedisNode.failed(failure));
			}
			else if (holds) {
				stored(stream, events, new StreamBounds.Written(false, complete, false));
				sink.success();
			}
			else {
				sink.error(conflict);
			}
		});
	}

	private void stored(StreamKey stream, List<Event> events, StreamBounds.Written written) {
		for (StreamBounds.Excess excess : this.bounds.stored(stream, events, written)) {
			drop(excess);
		}
		if (written.opened()) {
			this.watches.opened(stream);
		}
		this.watches.stored(stream, events.get(events.size() - 1).id().sequence());
	}

	private static @Nullable Revision revision(long number) {
		return (number > 0) ? new Revision(number) : null;
	}

	// The session has more streams than the index holds: the oldest ones go.
	private void dropCompleted(String sessionName, List<Object> streamIds) {
		if (streamIds.isEmpty()) {
			return;
		}
		byte[][] keys = new byte[1 + streamIds.size()][];
		byte[][] arguments = new byte[streamIds.size()][];
		keys[0] = RedisKeys.bytes(this.node.keys().streams(sessionName));
		for (int i = 0; i < arguments.length; i++) {
			arguments[i] = (byte[]) streamIds.get(i);
			String streamId = new String(arguments[i], StandardCharsets.ISO_8859_1);
			keys[1 + i] = RedisKeys.bytes(this.node.keys().stream(new StreamKey(sessionName, streamId)));
		}
		// If it fails, the next stream that is opened tries again
		this.node.write(LuaScript.DROP_STREAMS, 0, keys, arguments, (reply, failure) -> {
		});
	}

	private void drop(StreamBounds.Excess excess) {
		byte[][] keys = { RedisKeys.bytes(this.node.keys().stream(excess.stream())) };
		if (excess.firstToKeep() == 0) {
			this.node.<Long>call(Operation.UNLINK, keys[0], 0, (link, withBody) -> link.unlink(keys),
					(reply, failure) -> {
					});
			return;
		}
		byte[][] arguments = { RedisNode.number(excess.firstToKeep()) };
		// If it fails, the next one drops these events as well.
		this.node.write(LuaScript.TRIM, 0, keys, arguments, (reply, failure) -> {
		});
	}

	private static long toElements(List<Event> events, byte[][] target, int first) {
		long bytes = 0;
		for (int i = 0; i < events.size(); i++) {
			byte[] element = StreamElement.of(events.get(i));
			target[first + i] = element;
			bytes += element.length;
		}
		return bytes;
	}

	private static int largest(byte[][] elements, int first) {
		int largest = 0;
		for (int i = first; i < elements.length; i++) {
			largest = Math.max(largest, elements[i].length);
		}
		return largest;
	}

	private static StreamConflictException conflict(StreamKey stream, List<Object> reply) {
		return new StreamConflictException(stream, (Long) reply.get(1), (Long) reply.get(2) == 1);
	}

}

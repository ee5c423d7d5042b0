package io.github.mcppersist.stream;

import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.EventId;

/**
 * The frames that a connection has yet to send. Not thread-safe: it belongs to the
 * connection, and is used in its mailbox only.
 */
final class SseBuffer {

	/**
	 * Small frames go out together up to this size, larger ones in pieces of it: a client
	 * on a slow line is seen to take something long before it has taken it all.
	 */
	private static final int CHUNK_BYTES = 16 * 1024;

	private final Deque<SseFrame> frames = new ArrayDeque<>();

	private long bytes;

	/**
	 * A large frame that is going out in pieces.
	 */
	private byte @Nullable [] largeFrame;

	private int largeFrameSent;

	/**
	 * The last event ID in what was taken, some of which may be yet to come.
	 */
	private @Nullable EventId takenId;

	void add(SseFrame frame) {
		this.frames.add(frame);
		this.bytes += frame.size();
	}

	/**
	 * Add a body that isn't a stream of events: it goes out in pieces as a large frame
	 * does. There must be nothing else.
	 * @param body the body
	 */
	void addBody(byte[] body) {
		assert isEmpty();
		this.largeFrame = body;
		this.largeFrameSent = 0;
	}

	boolean isEmpty() {
		return this.largeFrame == null && this.frames.isEmpty();
	}

	/**
	 * Say whether all that there is goes out as one chunk.
	 * @return whether nothing is left after the next chunk
	 */
	boolean isOneChunk() {
		return this.largeFrame == null && !this.frames.isEmpty() && this.bytes <= CHUNK_BYTES;
	}

	/**
	 * Return how much waits, without what is going out.
	 * @return about how many bytes
	 */
	long bytes() {
		return this.bytes;
	}

	void clear() {
		this.frames.clear();
		this.largeFrame = null;
		this.bytes = 0;
	}

	/**
	 * Take what goes out next.
	 * @return some bytes; the buffer must not be empty
	 */
	byte[] nextChunk() {
		byte[] chunk = this.largeFrame;
		if (chunk == null) {
			chunk = nextFrames();
			if (chunk.length <= CHUNK_BYTES) {
				return chunk;
			}
			this.largeFrame = chunk;
			this.largeFrameSent = 0;
		}
		int end = Math.min(this.largeFrameSent + CHUNK_BYTES, chunk.length);
		byte[] piece = Arrays.copyOfRange(chunk, this.largeFrameSent, end);
		this.largeFrameSent = end;
		if (end == chunk.length) {
			this.largeFrame = null;
		}
		return piece;
	}

	/**
	 * Return where the client's cursor is once it has what was taken.
	 * @return the last event ID whose whole frame was taken since the last call, or
	 * {@code null}
	 */
	@Nullable EventId takeId() {
		if (this.largeFrame != null) {
			return null;
		}
		EventId id = this.takenId;
		this.takenId = null;
		return id;
	}

	/**
	 * Take all that waits, however much it is. Nothing may be going out in pieces.
	 * @return the frames, whole
	 */
	byte[] takeAll() {
		assert this.largeFrame == null;
		ByteArrayOutputStream all = new ByteArrayOutputStream((int) this.bytes);
		while (!this.frames.isEmpty()) {
			take(all);
		}
		return all.toByteArray();
	}

	private byte[] nextFrames() {
		ByteArrayOutputStream chunk = new ByteArrayOutputStream(this.frames.element().size());
		do {
			take(chunk);
		}
		while (!this.frames.isEmpty() && chunk.size() + this.frames.element().size() <= CHUNK_BYTES);
		return chunk.toByteArray();
	}

	private void take(ByteArrayOutputStream out) {
		SseFrame frame = this.frames.remove();
		this.bytes -= frame.size();
		frame.writeTo(out);
		if (frame.id() != null) {
			this.takenId = frame.id();
		}
	}

}

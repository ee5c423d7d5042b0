package io.github.mcppersist.stream;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.Event;
import io.github.mcppersist.event.EventId;

/**
 * One thing that goes over a connection: an event with or without an ID, a bare ID that
 * moves the client's cursor, or a comment.
 *
 * @param id the event ID, or {@code null} to send none
 * @param message the JSON-RPC message, or {@code null} for none
 * @param retry the reconnection time, or {@code null} to send none
 */
public record SseFrame(@Nullable EventId id, byte @Nullable [] message, @Nullable Duration retry) {

	/**
	 * A comment: keeps the connection open and changes nothing. It is a line without an
	 * empty one behind it. The Java SDK's clients 1.0.0 to 2.0.1 take 256 empty lines
	 * without an event before them, and no more of the stream after that.
	 */
	static final SseFrame HEARTBEAT = new SseFrame(null, null, null);

	/**
	 * What a frame without its message takes, at most and about.
	 */
	private static final int OVERHEAD = 128;

	private static final byte[] ID = ascii("id: ");

	private static final byte[] RETRY = ascii("retry: ");

	private static final byte[] EVENT = ascii("event: message\n");

	/**
	 * With its space: those clients pass over a field that ends in its colon, and so over
	 * the event that has no other.
	 */
	private static final byte[] DATA = ascii("data: ");

	private static final byte[] COMMENT = ascii(": \n");

	static SseFrame stored(Event event) {
		return new SseFrame(event.id(), event.message(), null);
	}

	static SseFrame unstored(Event event) {
		return new SseFrame(null, event.message(), null);
	}

	static SseFrame cursor(EventId id, @Nullable Duration retry) {
		return new SseFrame(id, null, retry);
	}

	int size() {
		return OVERHEAD + ((this.message != null) ? this.message.length : 0);
	}

	byte[] toBytes() {
		ByteArrayOutputStream out = new ByteArrayOutputStream(size());
		writeTo(out);
		return out.toByteArray();
	}

	/**
	 * Write this frame in the form of the HTML standard, section 9.2.5.
	 * @param out where to write it
	 */
	public void writeTo(ByteArrayOutputStream out) {
		if (this.id == null && this.message == null) {
			out.writeBytes(COMMENT);
			return;
		}
		if (this.id != null) {
			out.writeBytes(ID);
			out.writeBytes(ascii(this.id.toString()));
			out.write('\n');
		}
		if (this.retry != null) {
			out.writeBytes(RETRY);
			out.writeBytes(ascii(Long.toString(this.retry.toMillis())));
			out.write('\n');
		}
		if (this.message != null) {
			out.writeBytes(EVENT);
			writeData(this.message, out);
		}
		else {
			out.writeBytes(DATA);
			out.write('\n');
		}
		out.write('\n');
	}

	/**
	 * A line break ends the field, so a message that was pretty-printed by the user's
	 * mapper goes out as one field a line; the client puts it together again.
	 */
	private static void writeData(byte[] message, ByteArrayOutputStream out) {
		int start = 0;
		for (int i = 0; i <= message.length; i++) {
			if (i == message.length || message[i] == '\n' || message[i] == '\r') {
				out.writeBytes(DATA);
				out.write(message, start, i - start);
				out.write('\n');
				if (i + 1 < message.length && message[i] == '\r' && message[i + 1] == '\n') {
					i++;
				}
				start = i + 1;
			}
		}
	}

	private static byte[] ascii(String text) {
		return text.getBytes(StandardCharsets.US_ASCII);
	}

}

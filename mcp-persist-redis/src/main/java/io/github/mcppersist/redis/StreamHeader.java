package io.github.mcppersist.redis;

import java.nio.charset.StandardCharsets;

import org.jspecify.annotations.Nullable;

import io.github.mcppersist.event.RequestIds;
import io.github.mcppersist.event.StreamHead;
import io.github.mcppersist.node.NodeRegistry;

/**
 * The element at index 0 of a stream's list, in layout version 1. The event at index
 * {@code i} has the sequence {@code base + i}. All but the request IDs has a fixed width,
 * so that scripts cut and replace it by position (counted from 1, as Lua does):
 *
 * <pre>
 *  1      layout version, '1'
 *  2      state, 'r' running or 'c' complete
 *  3..17  base, 15 digits: how many events at the beginning of the stream are gone
 * 18..28  owner, the store object that opened the stream
 * 29..39  node that has a reader of the stream, or eleven '-'
 * 40..48  size of the largest element in bytes, 9 digits
 * 49..58 when the stream completed, in seconds since 1970 by Redis' clock, 10 digits; 0
 *         while it runs
 * 59..    JSON text of the ID of the request that the stream answers, or of the array
 *         of the IDs of a batch; or nothing
 * </pre>
 *
 * @param complete whether the stream is complete
 * @param base how many events at the beginning of the stream are gone
 * @param owner the store object that opened the stream
 * @param node the node that has a reader of the stream, or {@link #NO_NODE}
 * @param largestElement the size of the largest element in bytes
 * @param requestIds what the stream answers, or {@code null} if it answers nothing
 */
record StreamHeader(boolean complete, long base, String owner, String node, int largestElement,
		@Nullable RequestIds requestIds) {

	static final String NO_NODE = "-".repeat(NodeRegistry.ID_LENGTH);

	private static final char VERSION = '1';

	private static final int FIXED_LENGTH = 58;

	static StreamHeader parse(byte[] element) {
		String text = new String(element, StandardCharsets.UTF_8);
		if (text.length() < FIXED_LENGTH || text.charAt(0) != VERSION) {
			throw new IllegalStateException("A stream in Redis has a header that this version doesn't know. "
					+ "Let servers of different versions use different key prefixes");
		}
		return new StreamHeader(text.charAt(1) == 'c', Long.parseLong(text.substring(2, 17)), text.substring(17, 28),
				text.substring(28, 39), Integer.parseInt(text.substring(39, 48)),
				(text.length() > FIXED_LENGTH) ? RequestIds.parse(text.substring(FIXED_LENGTH)) : null);
	}

	StreamHead head() {
		return new StreamHead(this.owner, NO_NODE.equals(this.node) ? null : this.node, this.requestIds);
	}

	byte[] toBytes() {
		StringBuilder text = new StringBuilder(FIXED_LENGTH + 16);
		text.append(VERSION).append(this.complete ? 'c' : 'r');
		appendDigits(text, this.base, 15);
		text.append(this.owner).append(this.node);
		appendDigits(text, this.largestElement, 9);
		appendDigits(text, 0, 10);
		if (this.requestIds != null) {
			text.append(this.requestIds);
		}
		return text.toString().getBytes(StandardCharsets.UTF_8);
	}

	static byte[] elementSize(int bytes) {
		StringBuilder text = new StringBuilder(9);
		appendDigits(text, bytes, 9);
		return RedisKeys.bytes(text.toString());
	}

	private static void appendDigits(StringBuilder text, long number, int width) {
		String digits = Long.toString(number);
		for (int i = digits.length(); i < width; i++) {
			text.append('0');
		}
		text.append(digits);
	}

}

package io.github.mcppersist.event;

import java.util.concurrent.ThreadLocalRandom;

/**
 * The ID of one event, as it goes over the wire and comes back in {@code Last-Event-ID}:
 * {@code <stream ID>_<sequence>_<tag>}. It is unique within its session and opaque to
 * clients.
 * <p>
 * The tag is drawn at random for every event and stored with it. A bare number could not
 * tell that a log was rolled back (by a failover to a replica that lacks the last writes)
 * and grew again past the same number; a tag that isn't found at its sequence is a cursor
 * whose events are gone. It also tells a connection that has sent thousands of events
 * without an ID which of them it meets in the log: so it is long enough for them all to
 * differ.
 *
 * @param streamId the stream that the event belongs to
 * @param sequence the place of the event in its stream, from 1 on without a hole
 * @param tag ten characters out of {@code 0-9 a-v}
 */
public record EventId(String streamId, long sequence, String tag) {

	/**
	 * The length of every tag, in characters.
	 */
	public static final int TAG_LENGTH = 10;

	private static final char SEPARATOR = '_';

	/**
	 * Fifteen digits: as far as a double, and so a script in the store, counts exactly.
	 */
	private static final int MAX_SEQUENCE_DIGITS = 15;

	private static final int MAX_LENGTH = 32 + 1 + MAX_SEQUENCE_DIGITS + 1 + TAG_LENGTH;

	private static final char[] TAG_ALPHABET = "0123456789abcdefghijklmnopqrstuv".toCharArray();

	public EventId {
		if (!StreamKey.isStreamId(streamId)) {
			throw new IllegalArgumentException("Not a stream ID: '" + StreamKey.printable(streamId) + "'");
		}
		if (sequence < 1 || sequence > 999_999_999_999_999L) {
			throw new IllegalArgumentException("Not the sequence of an event: " + sequence);
		}
		if (!isTag(tag)) {
			throw new IllegalArgumentException("Not the tag of an event: '" + StreamKey.printable(tag) + "'");
		}
	}

	/**
	 * Return the ID of a new event, with a tag drawn at random.
	 * @param streamId the stream that the event belongs to
	 * @param sequence the place of the event in its stream
	 * @return the new ID
	 */
	public static EventId next(String streamId, long sequence) {
		long bits = ThreadLocalRandom.current().nextLong();
		char[] tag = new char[TAG_LENGTH];
		for (int i = 0; i < TAG_LENGTH; i++) {
			tag[i] = TAG_ALPHABET[(int) (bits & 31)];
			bits >>>= 5;
		}
		return new EventId(streamId, sequence, new String(tag));
	}

	/**
	 * Read an event ID from its wire form.
	 * @param text the text of a {@code Last-Event-ID} header
	 * @return the event ID
	 * @throws IllegalArgumentException if {@code text} isn't exactly what
	 * {@link #toString()} writes
	 */
	public static EventId parse(String text) {
		int second = text.lastIndexOf(SEPARATOR);
		int first = text.lastIndexOf(SEPARATOR, second - 1);
		if (text.length() > MAX_LENGTH || first < 1 || second - first < 2 || second - first - 1 > MAX_SEQUENCE_DIGITS
				|| text.charAt(first + 1) == '0') {
			throw malformed(text);
		}
		long number = 0;
		for (int i = first + 1; i < second; i++) {
			char c = text.charAt(i);
			if (c < '0' || c > '9') {
				throw malformed(text);
			}
			number = number * 10 + (c - '0');
		}
		String stream = text.substring(0, first);
		String tail = text.substring(second + 1);
		if (!StreamKey.isStreamId(stream) || !isTag(tail)) {
			throw malformed(text);
		}
		return new EventId(stream, number, tail);
	}

	private static IllegalArgumentException malformed(String text) {
		return new IllegalArgumentException("Not an event ID: '" + StreamKey.printable(text) + "'");
	}

	private static boolean isTag(String tag) {
		if (tag.length() != TAG_LENGTH) {
			return false;
		}
		for (int i = 0; i < TAG_LENGTH; i++) {
			char c = tag.charAt(i);
			if ((c < '0' || c > '9') && (c < 'a' || c > 'v')) {
				return false;
			}
		}
		return true;
	}

	/**
	 * Return the same event at another place: for a writer that lost the race for a
	 * sequence to another writer of the same stream.
	 * @param sequence the new place
	 * @return an ID with the same stream and tag
	 */
	public EventId at(long sequence) {
		return new EventId(this.streamId, sequence, this.tag);
	}

	/**
	 * Return the wire form, which {@link #parse} reads.
	 */
	@Override
	public String toString() {
		return this.streamId + SEPARATOR + this.sequence + SEPARATOR + this.tag;
	}

}

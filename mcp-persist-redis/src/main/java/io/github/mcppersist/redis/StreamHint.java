package io.github.mcppersist.redis;

import org.jspecify.annotations.Nullable;

/**
 * What was published about a stream: its key, and how far it goes, separated by spaces.
 *
 * @param key the key of the stream
 * @param extent how far it goes, or {@code null} if it is to be looked at in any case
 */
record StreamHint(String key, @Nullable Extent extent) {

	static StreamHint parse(String text) {
		String[] fields = text.split(" ");
		long newest = Long.parseLong(fields[1]);
		return new StreamHint(fields[0],
				(newest > 0) ? new Extent(Long.parseLong(fields[2]), newest, Integer.parseInt(fields[3])) : null);
	}

	/**
	 * How far a stream goes, as far as that is known.
	 *
	 * @param base how many events at the beginning of the stream are gone
	 * @param newest the sequence of an event that is stored
	 * @param largestElement no element up to that event is larger than this
	 */
	record Extent(long base, long newest, int largestElement) {

	}

}
